"""From a name, a file or a tree to a validated scenario or link, with overrides on top."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeGuard

from pydantic import ValidationError

from nea_env.library.assembly import Assembly
from nea_env.library.catalogue import ROOT, document, scenarios
from nea_env.library.errors import did_you_mean, first_of, keys_of, reason, shown
from nea_env.library.file_names import PATHS, is_file_name
from nea_env.library.grammar import Overrides
from nea_env.library.overrides import overridden, plain
from nea_env.library.reader import Document, read
from nea_env.scenario import Link, Scenario, ScenarioError

_ONE_EACH = Lock()
"""Of the threads that first ask for a shipped scenario, one loads it."""


def load_scenario(scenario: str | Path | Mapping[str, Any] | Scenario, overrides: Overrides = ()) -> Scenario:
    """The validated scenario of a name, a file or a tree.

    Args:
        scenario: a shipped name; a path, which ends in .yaml, .yml or .json or has a folder in it (``./mine``); a
            mapping laid out as such a file; or a `Scenario`, returned as it is. In a file ``regime``, ``firm`` and
            ``market`` are shipped names, paths (relative to the file) or mappings, ``links`` a list of at most two of
            them, and ``overrides`` is merged over them all. A link names its partner's ``market`` and ``regime`` in
            the same way.
        overrides: changes on top, by dotted path: ``{"regime.banking.2018.net_sales_multiple": 1}``, or strings
            ``"regime.banking.2018.net_sales_multiple=1"`` whose value is read as YAML. ``*`` is every year there is,
            ``2018-2020`` those in that span; a shipped name or a path may stand for ``regime``, ``firm``, ``market``
            and each of ``links``, and ``pilot_beijing.penalty`` for ``regime.penalty`` (docs/overrides.md). The name
            stays the same; ``changes`` of the scenario says what was changed.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    return overridden(_load(scenario), overrides)


def _load(scenario: str | Path | Mapping[str, Any] | Scenario) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    if _is_from_before_reload(scenario):
        scenario = scenario.model_dump(mode="json")
    if isinstance(scenario, Mapping):
        return _compose(Document(Path("scenario"), plain(scenario), {}), Path())
    if not isinstance(scenario, str | Path):
        raise ScenarioError(f"scenario: {shown(scenario)}: expected a name, a path to YAML, a mapping or a Scenario")
    if isinstance(scenario, str) and scenario in scenarios():
        return _shipped_scenario(scenario)
    if is_file_name(scenario):
        return _compose(read(Path(scenario)), Path(scenario).parent)
    hint = did_you_mean(str(scenario)[:60], scenarios())
    raise ScenarioError(f"scenario: {shown(str(scenario))} is neither a shipped scenario nor a path, {PATHS}; {hint}")


def _is_from_before_reload(scenario: object) -> TypeGuard[Scenario]:
    """Whether it is a Scenario of this module from before the module was reloaded, as notebooks do."""
    kind = type(scenario)
    return (kind.__module__, kind.__qualname__) == (Scenario.__module__, Scenario.__qualname__)


def _shipped_scenario(name: str) -> Scenario:
    with _ONE_EACH:
        return _composed(name)


@lru_cache
def _composed(name: str) -> Scenario:
    return _compose(document("scenario", name), ROOT)


def _compose(file: Document, folder: Path) -> Scenario:
    """Puts the parts of a scenario together, merges its overrides and validates the whole."""
    assembly = Assembly(file).scenario(folder)
    try:
        return Scenario.model_validate(assembly.tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, assembly, Scenario)) from None


def load_link(link: str | Path | Mapping[str, Any]) -> Link:
    """One link alone, with the partner's market and law, without a home to check it against.

    Args:
        link: a shipped name, a path such as mine.yaml, or a mapping laid out as such a file.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    if isinstance(link, Mapping):
        file, folder = Document(Path("link"), plain(link), {}), Path()
    else:
        file, folder = document("link", link), Path(link).parent if is_file_name(link) else ROOT
    assembly = Assembly(file).link(folder)
    try:
        return Link.model_validate(assembly.tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, assembly, Link)) from None


def _explain(error: ValidationError, assembly: Assembly, model: type[Link] | type[Scenario]) -> str:
    """The first of pydantic's errors as one line, with the file and line that the value comes from."""
    details = error.errors(include_url=False)
    detail = first_of(details)
    keys = keys_of(detail, assembly.tree)
    return assembly.complaint(keys, reason(detail, model, keys), len(details))
