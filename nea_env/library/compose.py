"""From a name, a file or a tree to a validated scenario, with overrides on top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nea_env.library.catalogue import (
    ROOT,
    SUFFIXES,
    complaint,
    document,
    dotted,
    expected_name,
    is_file_name,
    names,
    place,
    scenarios,
)
from nea_env.library.errors import ScenarioError, did_you_mean, first_of, keys_of, reason, shown
from nea_env.library.overrides import Overrides, overridden, plain
from nea_env.library.reader import Document, read
from nea_env.scenario import Scenario

PARTS = ("regime", "firm", "market")


def load_scenario(scenario: str | Path | Mapping[str, Any] | Scenario, overrides: Overrides = ()) -> Scenario:
    """The validated scenario of a name, a file or a tree.

    Args:
        scenario: a shipped name; a path to YAML; a mapping laid out as such a file; or a `Scenario`, returned
            as it is. In a file ``regime``, ``firm`` and ``market`` are shipped names, paths ending in .yaml
            (relative to the file) or mappings, and ``overrides`` is merged over the three.
        overrides: changes on top, by dotted path: ``{"regime.banking.2018.net_sales_multiple": 1}``, or texts
            ``"regime.banking.2018.net_sales_multiple=1"`` whose value is read as YAML. The name stays.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    found = _load(scenario)
    return overridden(found, overrides) if overrides else found


def _load(scenario: str | Path | Mapping[str, Any] | Scenario) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return _compose(Document(Path("scenario"), plain(scenario), {}), Path())
    if not isinstance(scenario, str | Path):
        raise ScenarioError(f"scenario: {shown(scenario)}: expected a name, a path to YAML, a mapping or a Scenario")
    if isinstance(scenario, str) and scenario in scenarios():
        return _shipped_scenario(scenario)
    path = Path(scenario)
    if path.suffix in SUFFIXES or len(path.parts) > 1 or path.exists():
        return _compose(read(path), path.parent)
    hint = did_you_mean(str(scenario), scenarios())
    raise ScenarioError(f"scenario: {str(scenario)!r} neither ships nor is a file; {hint}")


@lru_cache
def _shipped_scenario(name: str) -> Scenario:
    return _compose(document("scenario", name), ROOT)


def _compose(file: Document, folder: Path) -> Scenario:
    """Puts the parts of a scenario together, merges its overrides and validates the whole."""
    allowed = (*Scenario.model_fields, "overrides")
    for key in file.values:
        if key not in allowed:
            raise ScenarioError(f"{place(file, (key,))}: {key}: unknown key; {did_you_mean(key, allowed)}")
    tree = {key: value for key, value in file.values.items() if key != "overrides"}
    parts = {part: _part(part, tree[part], file, folder) for part in PARTS if part in tree}
    overrides = file.values.get("overrides") or {}
    if not isinstance(overrides, dict) or any(part not in PARTS for part in overrides):
        wrong = next((part for part in overrides if part not in PARTS), "") if isinstance(overrides, dict) else ""
        what = f"overrides.{wrong}: unknown key" if wrong else f"overrides: {shown(overrides)}"
        raise ScenarioError(f"{place(file, ('overrides', wrong))}: {what}; {did_you_mean(wrong, PARTS)}")
    for part, document_ in parts.items():
        tree[part] = _merge(document_.values, overrides.get(part, {}), file, ("overrides", part))
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, tree, file, parts, overrides)) from None


def _part(part: Any, value: object, file: Document, folder: Path) -> Document:
    if isinstance(value, dict):
        return Document(file.path, value, {})
    if isinstance(value, str) and is_file_name(value):
        return read(folder / value)
    if isinstance(value, str) and value in names(part):
        return document(part, value)
    where = place(file, (part,))
    if isinstance(value, str):
        raise ScenarioError(f"{where}: {part}: {value!r} does not ship; {did_you_mean(value, names(part))}")
    raise expected_name(f"{where}: {part}", value)


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
                    f"{place(file, (*keys, key))}: {dotted((*keys, key))}: the list has items 0 to {len(items) - 1}"
                )
            items[int(key)] = _merge(items[int(key)], value, file, (*keys, key))
        return items
    return over


def _explain(
    error: ValidationError, tree: dict[str, Any], file: Document, parts: dict[str, Document], overrides: dict[str, Any]
) -> str:
    """The first of pydantic's complaints as one line, with the file and line the value was written in."""
    details = error.errors(include_url=False)
    detail = first_of(details)
    keys = keys_of(detail, tree)
    why = reason(detail, Scenario, keys)
    source = parts.get(str(keys[0])) if keys else None
    if keys and _holds(overrides, keys):
        where, keys = place(file, ("overrides", *keys)), ("overrides", *keys)
    elif source is not None and source.path != file.path:
        where = place(source, keys[1:])
    else:
        where = place(file, keys)
    return complaint(where, keys, why, len(details))


def _holds(tree: Any, keys: Iterable[str | int]) -> bool:
    for key in keys:
        if not isinstance(tree, dict) or str(key) not in tree:
            return False
        tree = tree[str(key)]
    return True
