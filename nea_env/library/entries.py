"""One file cell by cell: rule, parameter, period, value, status, source, note. Every table is made from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nea_env.library.reader import Document, Keys, leaves, needs_source
from nea_env.scenario import add_months

GENERAL = "general"
"""Rule of the values at the top level of a file."""

MISSING = "no source"
"""Status of a number that does not say where it comes from."""

OTHERS = "(others)"
"""How an empty key is shown: all sectors that are not named."""

NEWS = "announcements"
"""Key of what a market hears: a year below it is part of the path that a law changes, no period of the file."""

YEAR = re.compile(r"[0-9]{4}")
_YEAR_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_WORDS = ("name", "title", "gaps")  # shown in the heading and in a list of their own


class Entry(NamedTuple):
    """One parameter in one period.

    Attributes:
        rule: the mechanism, such as ``banking``; `GENERAL` at the top level of the file.
        parameter: dotted path below the rule, without the period.
        period: first year of the period, empty for what holds throughout.
        value: as text.
        status: ``sourced``, ``derived``, ``assumed``, `MISSING`, or empty for text that needs no source.
        cited: short keys of its citations.
        note: why it is assumed, how it was derived, what is uncertain.
        figure: whether it is, or holds, a number, a date or a switch.
    """

    rule: str
    parameter: str
    period: str
    value: str
    status: str
    cited: tuple[str, ...]
    note: str
    figure: bool


class _Cell(NamedTuple):
    keys: Keys  # of the tree
    labels: tuple[str, ...]  # the same for readers: names of list items, classes with the same rule together
    value: Any


def entries(file: Document) -> list[Entry]:
    """All parameters of one file in its own order, except its name, title and gaps."""
    listed = []
    for cell in _cells(file.values, (), (), file):
        if cell.keys[0] in _WORDS or (cell.keys[-1] == "name" and isinstance(cell.keys[-2], int)):
            continue  # shown in the heading, or in the label of every parameter of the item
        if cell.keys[0] == "ranges":
            listed.append(_range(cell, file))
            continue
        told = cell.keys.index(NEWS) if NEWS in cell.keys else len(cell.keys)
        year = next((label for label in cell.labels[:told] if YEAR.fullmatch(label)), "")
        rest = [label for label in cell.labels if label != year]
        rule, parameter = (rest[0], ".".join(rest[1:])) if len(cell.labels) > 1 else (GENERAL, rest[0])
        listed.append(Entry(rule, parameter or rule, year, text(cell.value), *_origin(cell, file)))
    return listed


def text(value: Any) -> str:
    """A value for a table: large numbers with thousands separators, booleans as yes and no, lists on one line."""
    if isinstance(value, list):
        return "; ".join(map(text, value)) if value and isinstance(value[0], dict) else _listed(value)
    if isinstance(value, dict):
        return " ".join(f"{key} {text(item)}" for key, item in value.items())
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        whole = float(value).is_integer() and abs(value) < 1e15
        return f"{value:,.0f}" if whole and abs(value) >= 10_000 else f"{value:.6g}"
    return str(value)


def _listed(values: list[Any]) -> str:
    """Scalars on one line; consecutive months as "2019-01 to 2019-12"."""
    parts: list[list[Any]] = []
    for value in values:
        if parts and _is_month(value) and _is_month(parts[-1][-1]) and value == add_months(parts[-1][-1], 1):
            parts[-1].append(value)
        else:
            parts.append([value])
    return ", ".join(f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(map(text, part)) for part in parts)


def _is_month(value: Any) -> bool:
    return isinstance(value, str) and bool(_YEAR_MONTH.fullmatch(value))


def _cells(value: Any, keys: Keys, labels: tuple[str, ...], file: Document) -> Iterator[_Cell]:
    """Scalars, and lists that fit in one cell: of scalars or nameless mappings, all with the same provenance."""
    if keys[:1] == ("ranges",) and len(keys) > 1 and (isinstance(value, list) or isinstance(keys[1], int)):
        yield _Cell(keys, labels, value)
    elif isinstance(value, dict):
        for label, key in _labelled(value, keys, file):
            yield from _cells(value[key], (*keys, key), (*labels, label), file)
    elif isinstance(value, list) and not _fits_a_cell(value, keys, file):
        for index, item in enumerate(value):
            name = str(item["name"]) if isinstance(item, dict) and "name" in item else str(index)
            yield from _cells(item, (*keys, index), (*labels, name), file)
    else:
        yield _Cell(keys, labels, value)


def _labelled(tree: dict[str, Any], keys: Keys, file: Document) -> Iterator[tuple[str, str]]:
    """(label, key) of each entry of a mapping; classes of units with the same rule share a label."""
    if keys[-1:] != ("classes",):
        yield from ((key or OTHERS, key) for key in tree)
        return
    alike: dict[str, list[str]] = {}
    known = {key: (rule, _known(rule, (*keys, key), file)) for key, rule in tree.items()}
    for key in tree:
        first = next((other for other in alike if known[other] == known[key]), key)
        alike.setdefault(first, []).append(key)
    yield from ((", ".join(group), first) for first, group in alike.items())


def _known(value: Any, keys: Keys, file: Document) -> list[Any]:
    """Provenance of every value below these keys; an empty group has none."""
    below = leaves(value, ".".join(map(str, keys)))
    return [file.provenance.get(path) for path, part in below if not isinstance(part, dict | list)]


def _fits_a_cell(items: list[Any], keys: Keys, file: Document) -> bool:
    if keys == ("ranges",):
        return False
    for item in items:
        if isinstance(item, list) or (isinstance(item, dict) and "name" in item):
            return False
        if isinstance(item, dict) and any(isinstance(part, dict | list) for part in item.values()):
            return False
    known = _known(items, keys, file)
    return all(origin == known[0] for origin in known)


def _range(cell: _Cell, file: Document) -> Entry:
    """What was known of one number of a regime before it was announced; what is drawn of a firm's or a market's."""
    if isinstance(cell.value, list):
        bounds = " to ".join(map(text, cell.value))
        return Entry("ranges", ".".join(cell.labels[1:]), "", f"{bounds}, drawn each episode", *_origin(cell, file))
    parts = str(cell.value.get("path", "?")).split(".")
    year = next((part for part in parts if YEAR.fullmatch(part)), "")
    low, high, month = (text(cell.value.get(key)) for key in ("low", "high", "announced"))
    parameter = ".".join(part for part in parts if part != year)
    return Entry("ranges", parameter, year, f"{low} to {high} until {month}", *_origin(cell, file))


def _origin(cell: _Cell, file: Document) -> tuple[str, tuple[str, ...], str, bool]:
    """(status, short keys, note, whether it is a figure) of one cell."""
    figure = any(needs_source(value) for _, value in leaves(cell.value, "x"))
    origin = next((known for known in _known(cell.value, cell.keys, file) if known is not None), None)
    if origin is None:
        return MISSING if figure else "", (), "", figure
    return origin.status, origin.cited, origin.note, figure
