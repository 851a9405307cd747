"""From a name or a file to a validated scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from nea_env.library.errors import ScenarioError, did_you_mean, keys_of, reason, shown
from nea_env.library.reader import Document, Provenance, line_of, read
from nea_env.library.reader import unsourced as _unsourced
from nea_env.scenario import Scenario

Kind = Literal["regime", "firm", "market", "scenario"]
PARTS = ("regime", "firm", "market")
_ROOT = Path(__file__).parent
_SUFFIXES = (".yaml", ".yml")


def scenarios() -> tuple[str, ...]:
    """Names of the scenarios that ship with the package, sorted."""
    return names("scenario")


@lru_cache
def names(kind: Kind) -> tuple[str, ...]:
    """Names of the shipped files of one kind, sorted."""
    if kind not in (*PARTS, "scenario"):
        raise ScenarioError(f"{kind!r} is no kind of file; {did_you_mean(str(kind), (*PARTS, 'scenario'))}")
    return tuple(sorted(path.stem for path in (_ROOT / f"{kind}s").glob("*.yaml")))


def load_scenario(scenario: str | Path | Mapping[str, Any] | Scenario) -> Scenario:
    """The validated scenario of a name, a file or a tree.

    Args:
        scenario: a shipped name; a path to YAML; a mapping laid out as such a file; or a `Scenario`, returned
            as it is. In a file ``regime``, ``firm`` and ``market`` are shipped names, paths ending in .yaml
            (relative to the file) or mappings, and ``overrides`` is merged over the three.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return _compose(Document(Path("scenario"), _plain(scenario), {}), Path())
    if not isinstance(scenario, str | Path):
        raise ScenarioError(f"scenario: {shown(scenario)}: expected a name, a path to YAML, a mapping or a Scenario")
    if isinstance(scenario, str) and scenario in scenarios():
        return _shipped_scenario(scenario)
    path = Path(scenario)
    if path.suffix in _SUFFIXES or len(path.parts) > 1 or path.exists():
        return _compose(read(path), path.parent)
    hint = did_you_mean(str(scenario), scenarios())
    raise ScenarioError(f"scenario: {str(scenario)!r} neither ships nor is a file; {hint}")


def provenance(kind: Kind, name: str) -> dict[str, Provenance]:
    """Where the numbers of one shipped file come from: dotted path -> `Provenance`.

    Args:
        kind: ``regime``, ``firm``, ``market`` or ``scenario``.
        name: a shipped name of that kind.
    """
    return dict(document(kind, name).provenance)


def unsourced(kind: Kind, name: str) -> list[str]:
    """Numbers, dates and switches of one shipped file that neither a source nor a stated assumption covers."""
    return _unsourced(document(kind, name))


@lru_cache
def document(kind: Kind, name: str) -> Document:
    """One shipped file, read once. Callers must not change what it holds."""
    if name not in names(kind):
        raise ScenarioError(f"{kind}: {name!r} does not ship; {did_you_mean(name, names(kind))}")
    return read(_ROOT / f"{kind}s" / f"{name}.yaml")


@lru_cache
def _shipped_scenario(name: str) -> Scenario:
    return _compose(document("scenario", name), _ROOT)


def _compose(file: Document, folder: Path) -> Scenario:
    """Puts the parts of a scenario together, merges its overrides and validates the whole."""
    allowed = (*Scenario.model_fields, "overrides")
    for key in file.values:
        if key not in allowed:
            raise ScenarioError(f"{_place(file, (key,))}: {key}: unknown key; {did_you_mean(key, allowed)}")
    tree = {key: value for key, value in file.values.items() if key != "overrides"}
    parts = {part: _part(part, tree[part], file, folder) for part in PARTS if part in tree}
    overrides = file.values.get("overrides") or {}
    if not isinstance(overrides, dict) or any(part not in PARTS for part in overrides):
        wrong = next((part for part in overrides if part not in PARTS), "") if isinstance(overrides, dict) else ""
        what = f"overrides.{wrong}: unknown key" if wrong else f"overrides: {shown(overrides)}"
        raise ScenarioError(f"{_place(file, ('overrides', wrong))}: {what}; {did_you_mean(wrong, PARTS)}")
    for part, document_ in parts.items():
        tree[part] = _merge(document_.values, overrides.get(part, {}), file, ("overrides", part))
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, tree, file, parts, overrides)) from None


def _part(part: Any, value: object, file: Document, folder: Path) -> Document:
    if isinstance(value, dict):
        return Document(file.path, value, {})
    if isinstance(value, str) and value.endswith(_SUFFIXES):
        return read(folder / value)
    if isinstance(value, str) and value in names(part):
        return document(part, value)
    where = _place(file, (part,))
    if isinstance(value, str):
        raise ScenarioError(f"{where}: {part}: {value!r} does not ship; {did_you_mean(value, names(part))}")
    raise ScenarioError(f"{where}: {part}: {shown(value)}: expected a name, a path ending in .yaml or a mapping")


def _merge(base: Any, over: Any, file: Document, keys: tuple[str | int, ...]) -> Any:
    """The base tree with the override's leaves in place of its own; a list takes a mapping of indices."""
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = _merge(base.get(key), value, file, (*keys, key))
        return merged
    if isinstance(base, list | tuple) and isinstance(over, dict):
        items = list(base)
        for key, value in over.items():
            if not key.isdecimal() or int(key) >= len(items):
                raise ScenarioError(
                    f"{_place(file, (*keys, key))}: {_dotted((*keys, key))}: the list has items 0 to {len(items) - 1}"
                )
            items[int(key)] = _merge(items[int(key)], value, file, (*keys, key))
        return items
    return over


def _explain(
    error: ValidationError, tree: dict[str, Any], file: Document, parts: dict[str, Document], overrides: dict[str, Any]
) -> str:
    """The first of pydantic's complaints as one line, with the file and line the value was written in."""
    details = error.errors(include_url=False)
    detail = details[0]
    keys = keys_of(detail, tree)
    why = reason(detail, Scenario, keys)
    source = parts.get(str(keys[0])) if keys else None
    if keys and _holds(overrides, keys):
        where, keys = _place(file, ("overrides", *keys)), ("overrides", *keys)
    elif source is not None and source.path != file.path:
        where = _place(source, keys[1:])
    else:
        where = _place(file, keys)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{where}: {_dotted(keys)}: {why}{more}" if keys else f"{where}: {why}{more}"


def _holds(tree: Any, keys: Iterable[str | int]) -> bool:
    for key in keys:
        if not isinstance(tree, dict) or str(key) not in tree:
            return False
        tree = tree[str(key)]
    return True


def _place(file: Document, keys: tuple[str | int, ...]) -> str:
    line = line_of(file.path, keys) if keys else None
    path = file.path.relative_to(_ROOT) if file.path.is_relative_to(_ROOT) else file.path
    return f"{path} line {line}" if line else str(path)


def _dotted(keys: Iterable[str | int]) -> str:
    return ".".join(map(str, keys))


def _plain(value: Any) -> Any:
    """A tree of dicts with text keys: what a file would have given."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
