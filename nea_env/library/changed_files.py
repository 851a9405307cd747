"""A file with overrides on top, for ``show`` and ``diff``: what is changed says that it is, instead of its source."""

from __future__ import annotations

from collections.abc import Sequence

from nea_env.library.catalogue import Kind, document, validated
from nea_env.library.grammar import Change, changes_of, label
from nea_env.library.overrides import applied
from nea_env.library.reader import Document, Provenance, leaves
from nea_env.scenario import Firm, Market, Model, Regime, ScenarioError

PARTS: dict[str, type[Model]] = {"regime": Regime, "firm": Firm, "market": Market}
_MARKS = {"calendar": "regime", "output": "firm"}


def changed(file: Document, overrides: Sequence[str]) -> Document:
    """A regime, a firm or a market with the changes; of a scenario, the part that they change.

    Raises:
        ScenarioError: one line: the file has no such value, or it is refused there.
    """
    if not overrides:
        return file
    changes = changes_of(overrides)
    part = changes[0].keys[0]
    other = next((change for change in changes if change.keys[0] != part), None)
    if "regime" in file.values and "firm" in file.values and part in PARTS:
        file = _part_of(file, part)
    own = next((kind for mark, kind in _MARKS.items() if mark in file.values), "market")
    if other is not None or part != own:
        wrong = other or changes[0]
        raise ScenarioError(f"{wrong.where} not a part of {file.values.get('name')}, a {own}; allowed: {own}.KEY=VALUE")
    tree, made = applied({part: file.values}, changes)
    told = f"changed: {label('', overrides).removeprefix(', ')}"
    provenance = dict(file.provenance)
    for change in made:
        provenance |= _said(change, tree, told)
    title = f"{file.values.get('title', '')}, {told}"
    after = file._replace(values={**tree[part], "title": title}, provenance=provenance)
    validated(PARTS[part], after)
    return after


def _part_of(file: Document, part: str) -> Document:
    name = file.values[part]
    kinds: dict[str, Kind] = {"regime": "regime", "firm": "firm", "market": "market"}
    return document(kinds[part], name) if isinstance(name, str) else Document(file.path, name, {})


def _said(change: Change, tree: object, note: str) -> dict[str, Provenance]:
    """An assumption for each value at and below a changed path."""
    value = tree
    for key in change.keys:
        value = value[key] if isinstance(value, dict) else value[int(key)]  # type: ignore[index]
    below = leaves(value, ".".join(change.keys[1:]))
    return {path: Provenance("", "assumed", note) for path, _ in below}
