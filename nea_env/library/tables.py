"""Entries put together: years that agree in one run, figures counted by status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from nea_env.library.entries import YEAR, Entry, entries
from nea_env.library.reader import Document

STATUSES = ("sourced", "derived", "assumed")


class Row(NamedTuple):
    """One parameter over the periods that share its provenance: ``values`` are (label of the years, value)."""

    rule: str
    parameter: str
    values: tuple[tuple[str, str], ...]
    status: str
    cited: tuple[str, ...]
    note: str
    figure: bool


def rows(file: Document) -> list[Row]:
    """All parameters of one file, years with the same provenance in one row and equal neighbours in one run."""
    ends = period_ends(file)
    joined = []
    for (rule, parameter), group in gathered(entries(file)).items():
        by_origin: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
        for entry in group:
            by_origin.setdefault(entry[4:], []).append((entry.period, entry.value))
        for origin, pairs in by_origin.items():
            joined.append(Row(rule, parameter, tuple(runs(pairs, ends)), *origin))
    order = list(dict.fromkeys(row.rule for row in joined))
    return sorted(joined, key=lambda row: order.index(row.rule))


def gathered(listed: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Entries by (rule, parameter), in the order of their first appearance."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in listed:
        groups.setdefault((entry.rule, entry.parameter), []).append(entry)
    return groups


def runs(pairs: Sequence[tuple[str, Any]], ends: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """(label of the years, value) of each run of neighbouring periods with an equal value.

    Args:
        pairs: (first year of a period, value); the year is empty for what holds throughout.
        ends: first year -> last year of every period there is, in order.
    """
    order = {year: index for index, year in enumerate(ends)}
    placed = sorted(pairs, key=lambda pair: order.get(pair[0], -1))
    steps = [(value, order.get(year, 0) - index) for index, (year, value) in enumerate(placed)]
    for (value, _), group in groupby(range(len(placed)), steps.__getitem__):
        years = [placed[index][0] for index in group]
        yield span(years[0], ends.get(years[-1], years[-1])), value


def period_ends(file: Document) -> dict[str, str]:
    """First year -> last year of each period of a regime; in other files each year is a period."""
    calendar = file.values.get("calendar")
    years = calendar if isinstance(calendar, dict) else {entry.period: {} for entry in entries(file)}
    return {
        year: str(int(year) + int((rule.get("years") or 1) if isinstance(rule, dict) else 1) - 1)
        for year, rule in sorted(years.items())
        if YEAR.fullmatch(year)
    }


def span(first: str, last: str) -> str:
    """A run of years as text."""
    return first if first == last else f"{first}-{last}"


def counts(file: Document) -> Counter[str]:
    """How many figures of one file are sourced, derived, assumed or without a source.

    A figure is a number, date or boolean, or a list of them in one cell. The same figure in neighbouring years, or
    for classes of units under one rule, counts once.
    """
    by_status: Counter[str] = Counter()
    for row in rows(file):
        if row.figure:
            by_status[row.status] += len(row.values)
    return by_status


def shares(by_status: Counter[str]) -> str:
    """Counts as "70 / 20 / 10 %": sourced, derived, assumed, in whole per cent, rounded so that their sum is right."""
    total = sum(by_status.values())
    if not total:
        return "no figures"
    exact = [100.0 * by_status[status] / total for status in STATUSES]
    whole = [int(share) for share in exact]
    left = round(sum(exact)) - sum(whole)
    for index in sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])[:left]:
        whole[index] += 1
    return " / ".join(map(str, whole)) + " %"


def title_of(file: Document) -> str:
    """The file's title, or its name."""
    return str(file.values.get("title") or file.values.get("name") or file.path.stem)
