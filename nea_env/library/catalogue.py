"""The files that ship, by kind and name; and one file, read, validated and asked for its sources."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar, get_args

from pydantic import ValidationError

from nea_env.library.errors import did_you_mean, first_of, keys_of, reason, shown
from nea_env.library.file_names import is_file_name
from nea_env.library.reader import Document, Provenance, line_of, read
from nea_env.library.reader import unsourced as _unsourced
from nea_env.scenario import Model, Regime, ScenarioError

Kind = Literal["regime", "firm", "market", "scenario", "credit", "link"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ROOT = Path(__file__).parent
Part = TypeVar("Part", bound=Model)


@lru_cache
def names(kind: Kind) -> tuple[str, ...]:
    """Names of the shipped files of one kind, sorted."""
    if kind not in KINDS:
        raise ScenarioError(f"{kind!r} is not a kind of file; {did_you_mean(str(kind), KINDS)}")
    return tuple(sorted(path.stem for path in (ROOT / f"{kind}s").glob("*.yaml")))


def scenarios() -> tuple[str, ...]:
    """Names of the scenarios that ship with the package, sorted."""
    return names("scenario")


def document(kind: Kind, name: str | Path) -> Document:
    """One file, by its shipped name or its path. Callers must not change what it holds."""
    if is_file_name(name):
        return read(Path(name))
    if name not in names(kind):
        raise ScenarioError(f"{kind}: {str(name)!r} does not ship; {did_you_mean(str(name), names(kind))}")
    return _shipped(kind, str(name))


@lru_cache
def _shipped(kind: Kind, name: str) -> Document:
    return read(ROOT / f"{kind}s" / f"{name}.yaml")


def provenance(kind: Kind, name: str | Path) -> dict[str, Provenance]:
    """Where the numbers of one file come from: dotted path -> `Provenance`.

    Args:
        kind: ``regime``, ``firm``, ``market``, ``scenario``, ``credit`` or ``link``.
        name: a shipped name of that kind, or a path such as mine.yaml.
    """
    return dict(document(kind, name).provenance)


def unsourced(kind: Kind, name: str | Path) -> list[str]:
    """Numbers, dates and switches of one file that neither a source nor a stated assumption covers."""
    return _unsourced(document(kind, name))


def load_regime(name: str | Path) -> Regime:
    """One system's law alone, without a firm or a market.

    Args:
        name: a shipped name, or a path such as mine.yaml.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    return validated(Regime, document("regime", name))


def validated(model: type[Part], file: Document) -> Part:
    """The model that one whole file holds."""
    try:
        return model.model_validate(file.values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        detail = first_of(details)
        keys = keys_of(detail, file.values)
        raise ScenarioError(complaint(place(file, keys), keys, reason(detail, model, keys), len(details))) from None


def complaint(where: str, keys: Iterable[str | int], why: str, count: int = 1) -> str:
    """One line: place, key, what is wrong, and how many more errors there are."""
    path = dotted(keys)
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{where}: {path}: {why}{more}" if path else f"{where}: {why}{more}"


def place(file: Document, keys: tuple[str | int, ...]) -> str:
    """File and, where it is known, the line of the value under these keys."""
    line = line_of(file.path, keys) if keys else None
    path = file.path.relative_to(ROOT) if file.path.is_relative_to(ROOT) else file.path
    return f"{path} line {line}" if line else str(path)


def dotted(keys: Iterable[str | int]) -> str:
    """Keys as one dotted path."""
    return ".".join(map(str, keys))


def expected_name(what: str, value: object) -> ScenarioError:
    """The refusal of a value that is neither a name, nor a path, nor a mapping."""
    return ScenarioError(f"{what}: {shown(value)}: expected a name, a path such as mine.yaml, or a mapping")
