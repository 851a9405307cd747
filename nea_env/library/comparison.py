"""What differs between two regimes: by mechanism in words first, then parameter by parameter, long lists folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import BaseModel

from nea_env.library.columns import paragraph, table
from nea_env.library.entries import OTHERS, text
from nea_env.library.reader import Document
from nea_env.library.show import period_of
from nea_env.library.tables import period_ends, span
from nea_env.scenario import BY_PERIOD, Regime
from nea_env.scenario.words import MECHANISMS, NOTHING, Clause, quantity

ABSENT = "-"
ONE_SIDED = "(one has it)"
"""Stands for the parameters of a rule that one side has and the other lacks."""


class Pair(NamedTuple):
    """Two periods that are compared: the years in which they meet, and the first year of each."""

    years: tuple[str, str]  # what the first calls them, and the second
    periods: tuple[str, str]


class _Cell(NamedTuple):
    """One parameter in one pair of periods."""

    rule: str
    parameter: str
    values: tuple[str, str]


def differences(
    files: tuple[Document, Document], laws: tuple[Regime, Regime], year: str, width: int, *, everything: bool = False
) -> list[str]:
    """What differs between two regimes.

    Args:
        files: the two files, for their years.
        laws: the two regimes; what a file leaves out is compared at its default.
        year: compare the periods that contain it; empty: every year that both have, or else by order.
        width: columns of the terminal.
        everything: list every parameter; otherwise long lists are counted, and rules that only one side has.
    """
    pairs, how = _pairs(files, laws, year)
    names = (laws[0].name, laws[1].name)
    lines = [line for words in (_about(files, laws), how) for line in paragraph(words, width)]
    lines += _summary(laws, pairs, names, width)
    cells, agree = _cells(laws, pairs)
    folded = 0
    if not everything:
        cells, folded = _folded(cells, laws, pairs)
    body = _rows(cells, pairs)
    lines += ["", *table(["rule", "parameter", "years", *names], body, width)] if body else []
    lines += ["", f"{agree} values agree"]
    if folded:
        lines += paragraph(f"{folded:,} values that differ are counted, not listed: --all lists them", width)
    return lines + (_left_out(files, laws, pairs) if not year else [])


# --- periods ---------------------------------------------------------------------------------------------


def _pairs(files: Sequence[Document], laws: Sequence[Regime], year: str) -> tuple[list[Pair], str]:
    """The periods to compare, and in words how they were paired."""
    ends = [period_ends(file) for file in files]
    if year:
        first, second = (period_of(file, year) for file in files)
        labels = span(first, ends[0][first]), span(second, ends[1][second])
        return [Pair(labels, (first, second))], f"Compared: the periods that contain {year}."
    common = [one for one in laws[0].years if one in laws[1].years]
    if common:
        pairs = [Pair((one, one), (period_of(files[0], one), period_of(files[1], one))) for one in common]
        return pairs, f"Compared: the years that both have, {_spans(common)}."
    firsts = zip(*(sorted(law.calendar) for law in laws), strict=False)
    pairs = [Pair((span(a, ends[0][a]), span(b, ends[1][b])), (a, b)) for a, b in firsts]
    return pairs, "No year is in both: the first period is compared with the first, the second with the second."


def _spans(years: Sequence[str]) -> str:
    """Years with neighbours joined: ``"2013-2019, 2021"``."""
    numbered = groupby(enumerate(years), lambda pair: int(pair[1]) - pair[0])
    runs = [[year for _, year in group] for _, group in numbered]
    return ", ".join(span(run[0], run[-1]) for run in runs)


def _left_out(files: Sequence[Document], laws: Sequence[Regime], pairs: Sequence[Pair]) -> list[str]:
    """Periods of which no year was compared."""
    lines = []
    for side, (file, law) in enumerate(zip(files, laws, strict=True)):
        compared = {pair.periods[side] for pair in pairs}
        ends = period_ends(file)
        left = [year for year in law.calendar if year not in compared]
        covered = [str(one) for first in left for one in range(int(first), int(ends[first]) + 1)]
        lines += [f"not compared: {law.name} {_spans(covered)}"] if left else []
    return lines


def _label(pairs: Sequence[Pair]) -> str:
    """Years of a run of pairs, of both sides where they differ."""
    first, second = (span(pairs[0].years[side][:4], pairs[-1].years[side][-4:]) for side in (0, 1))
    return first if first == second else f"{first} / {second}"


def _run_labels(items: Sequence[tuple[int, Any]], pairs: Sequence[Pair]) -> list[tuple[str, Any]]:
    """(years, value) of runs of neighbouring pairs with an equal value; items are (number of a pair, value)."""
    steps: list[tuple[Any, int]] = [(value, place - order) for order, (place, value) in enumerate(items)]
    runs = []
    for (value, _), group in groupby(range(len(items)), steps.__getitem__):
        places = [items[order][0] for order in group]
        runs.append((_label(pairs[places[0] : places[-1] + 1]), value))
    return runs


# --- in words --------------------------------------------------------------------------------------------


def _about(files: Sequence[Document], laws: Sequence[Regime]) -> str:
    told = []
    for file, law in zip(files, laws, strict=True):
        ends = period_ends(file)
        starts = "" if law.year_starts == 1 else f", years start in month {law.year_starts}"
        told.append(f"{law.name}: {law.title}, {span(min(ends), max(ends.values()))}, {law.currency}{starts}.")
    return " ".join(told)


def _summary(laws: Sequence[Regime], pairs: Sequence[Pair], names: tuple[str, str], width: int) -> list[str]:
    """Rules that one has and the other lacks; then what the same mechanism says in both."""
    lacking: tuple[list[str], list[str]] = ([], [])
    body, alike = [], []
    for label, said in _mechanisms():
        clauses = [tuple(map(said, laws, pair.periods)) for pair in pairs]
        has = [any(pair[side] != NOTHING for pair in clauses) for side in (0, 1)]
        for side in (0, 1):
            if has[side] and not has[1 - side]:
                runs = _run_labels([(place, str(pair[side])) for place, pair in enumerate(clauses)], pairs)
                told = [words if len(runs) == 1 else f"{words} ({years})" for years, words in runs if words != "none"]
                lacking[side].append(f"{label}: {'; '.join(told)}")
        if has[0] and has[1]:
            differing = [(place, pair) for place, pair in enumerate(clauses) if pair[0] != pair[1]]
            alike += [] if differing else [label]
            for years, pair in _run_labels(differing, pairs):
                body.append([label, years, str(pair[0]), str(pair[1])])
    lines: list[str] = []
    for name, found in zip(names, lacking, strict=True):
        lines += ["", f"only {name} has"] if found else []
        lines += [line for words in found for line in paragraph(words, width, indent=2)]
    lines += ["", *table(["both have", "years", *names], body, width)] if body else []
    return lines + (["", *paragraph(f"alike in words: {', '.join(alike)}", width)] if alike else [])


def _mechanisms() -> list[tuple[str, Callable[[Regime, str], Clause]]]:
    return [*MECHANISMS.values(), ("exempt from auctions", _exempt), ("limit on sales", _sales), ("carbon tax", _tax)]


def _exempt(law: Regime, year: str) -> Clause:
    """How many leakage tests free a firm of the auction share."""
    tests = [len(phase.leakage_tests) for phase in law.phases.values() if phase.first <= year <= phase.last]
    count = sum(tests)
    return (
        Clause("", f"firms that meet {'the' if count == 1 else f'any of {count}'} leakage test{'s' * (count > 1)}")
        if count
        else NOTHING
    )


def _sales(law: Regime, year: str) -> Clause:
    share = law.sell_limit_share
    return NOTHING if share is None else Clause("", f"{quantity(100.0 * share)} % of the free allocation")


def _tax(law: Regime, year: str) -> Clause:
    rates = [rate for month, rate in sorted(law.carbon_tax.items()) if month[:4] <= year]
    return Clause("", f"{quantity(rates[-1])} {law.currency}/t") if rates else NOTHING


# --- parameter by parameter ------------------------------------------------------------------------------


def _cells(laws: Sequence[Regime], pairs: Sequence[Pair]) -> tuple[list[tuple[int, _Cell]], int]:
    """(number of a pair, or -1 for what holds throughout; parameter) where two regimes differ, and how many agree."""
    cells, agree = [], 0
    seen: set[tuple[str, str]] = set()
    for place, periods in [(-1, ("", "")), *((place, pair.periods) for place, pair in enumerate(pairs))]:
        sides = [_flat(law, period) for law, period in zip(laws, periods, strict=True)]
        for rule, parameter in dict.fromkeys([*sides[0], *sides[1]]):
            values = (sides[0].get((rule, parameter), ""), sides[1].get((rule, parameter), ""))
            if values[0] != values[1]:
                cells.append((place, _Cell(rule, parameter, values)))
            elif periods not in seen:
                agree += 1
        seen.add(periods)
    return cells, agree


def _folded(
    cells: Sequence[tuple[int, _Cell]], laws: Sequence[Regime], pairs: Sequence[Pair]
) -> tuple[list[tuple[int, _Cell]], int]:
    """The parameters that both sides have; the others as a count by rule; and how many values are not listed."""
    kept: list[tuple[int, _Cell]] = []
    alone: dict[str, Counter[int]] = {}  # rule -> side -> values that only this side has
    folded = 0
    for place, cell in cells:
        if _is_told(cell, laws, pairs[place] if place >= 0 else None):
            folded += 1
        elif all(cell.values):
            kept.append((place, cell))
        else:
            folded += 1
            alone.setdefault(cell.rule, Counter())[0 if cell.values[0] else 1] += 1
    for rule, counted in alone.items():
        first, second = (f"{counted[side]:,} value{'' if counted[side] == 1 else 's'}" for side in (0, 1))
        kept.append((-1, _Cell(rule, ONE_SIDED, (first if counted[0] else "", second if counted[1] else ""))))
    return kept, folded


def _is_told(cell: _Cell, laws: Sequence[Regime], pair: Pair | None) -> bool:
    """Whether the summary has told a parameter: phases, rules of one side alone, dates of unlike periods."""
    if cell.rule == "phases":
        name = cell.parameter.partition(".")[0]
        return "leakage_tests" in cell.parameter or not all(name in law.phases for law in laws)
    if pair is None:
        return False
    rules = [getattr(law, cell.rule).get(period) for law, period in zip(laws, pair.periods, strict=True)]
    if cell.rule == "calendar":
        starts = [law.year_starts for law in laws]
        return pair.periods[0] != pair.periods[1] or starts[0] != starts[1] or rules[0].years != rules[1].years
    return any(not rule for rule in rules)


def _rows(cells: Sequence[tuple[int, _Cell]], pairs: Sequence[Pair]) -> list[list[str]]:
    """Rule, parameter, years and both values, neighbouring years that agree in one row."""
    by_parameter: dict[tuple[str, str], list[tuple[int, tuple[str, str]]]] = {}
    for place, cell in cells:
        by_parameter.setdefault((cell.rule, cell.parameter), []).append((place, cell.values))
    rows = []
    for rule in ("general", "phases", "calendar", *BY_PERIOD):
        for (mechanism, parameter), items in by_parameter.items():
            if mechanism == rule:
                throughout = [("", values) for place, values in items if place < 0]
                for years, values in throughout or _run_labels(items, pairs):
                    rows.append([rule, parameter, years, *(value or ABSENT for value in values)])
    return rows


def _flat(law: Regime, period: str) -> dict[tuple[str, str], str]:
    """(rule, parameter) -> value in one period of a regime, or throughout."""
    tree = law.model_dump(mode="json", exclude={"name", "title", "gaps", "compliance"})
    if not period:
        tree = {k: v for k, v in tree.items() if k not in (*BY_PERIOD, "calendar", "ranges")}
        general = {("general", key): text(value) for key, value in tree.items() if not isinstance(value, dict)}
        return general | {("phases", path): value for path, value in _leaves(tree["phases"])}
    rules = {rule: tree[rule][period] for rule in ("calendar", *BY_PERIOD) if period in tree[rule]}
    return {(rule, path): value for rule, group in rules.items() for path, value in _leaves(group)}


def _leaves(tree: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(tree, BaseModel):
        tree = tree.model_dump(mode="json")
    if isinstance(tree, dict):
        return [
            leaf
            for key, item in tree.items()
            for leaf in _leaves(item, f"{path}.{key or OTHERS}" if path else key or OTHERS)
        ]
    return [] if tree in ([], None) else [(path, text(tree))]
