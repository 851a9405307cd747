"""Markdown tables made from field tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from nea_env.library.pages import cell

FROM_TABLES = (
    "<!-- Written by `python -m nea_env.envs.reference`: change the field tables, or the text in"
    " nea_env/envs/reference/, then run it again. -->"
)

Field = Any
"""A column of a field table, with its ``name``, ``unit``, ``meaning``, ``low`` and ``high``."""


class Row(NamedTuple):
    """One row of a table: a column, or columns of a kind such as ``capacity_0``, ``capacity_1``, ``capacity_2``."""

    columns: range
    name: str  # capacity_k for columns of a kind
    field: Field  # the first column's

    @property
    def numbers(self) -> str:
        """``"5"``, or ``"31–33"`` for columns of a kind."""
        return span(self.columns.start, self.columns.stop - 1)


def span(first: int, last: int) -> str:
    """``"5"`` or ``"31–33"``."""
    return f"{first}" if first == last else f"{first}–{last}"


def rows(table: Sequence[Field]) -> list[Row]:
    """The columns of a table in order; neighbours that differ only in a final ``_0``, ``_1``, … share a row."""
    joined: list[Row] = []
    for _, group in groupby(enumerate(table), key=_kind):
        members = list(group)
        start, first = members[0]
        name = first.name if len(members) == 1 else f"{_stem(first.name)}_k"
        joined.append(Row(range(start, start + len(members)), name, first))
    return joined


def _stem(name: str) -> str:
    stem, _, number = name.rpartition("_")
    return stem if number.isdigit() else name


def _kind(place: tuple[int, Field]) -> tuple[object, ...]:
    field = place[1]
    return _stem(field.name), field.unit, field.meaning, field.low, field.high


def interval(field: Field) -> str:
    """The range of a column: ``[0, 1]``, ``[0, ∞)``, ``(-∞, ∞)``."""
    low = "(-∞" if field.low == -math.inf else f"[{field.low:g}"
    high = "∞)" if field.high == math.inf else f"{field.high:g}]"
    return f"{low}, {high}"


def field_table(lines: Sequence[Row]) -> list[str]:
    """Number, name, unit, range and meaning of each row."""
    return table(
        ("Num", "Name", "Unit", "Range", "Meaning"),
        ((row.numbers, f"`{row.name}`", cell(row.field.unit), interval(row.field), sentence(row)) for row in lines),
    )


def sentence(row: Row) -> str:
    """The meaning of a row, with a capital, as the text of a cell."""
    return cell(row.field.meaning[:1].upper() + row.field.meaning[1:])


def table(head: Sequence[str], lines: Iterator[Sequence[str]]) -> list[str]:
    """A Markdown table; its cells are Markdown already."""
    bars = "|".join("---" for _ in head)
    return [f"| {' | '.join(head)} |", f"|{bars}|", *(f"| {' | '.join(cells)} |" for cells in lines)]
