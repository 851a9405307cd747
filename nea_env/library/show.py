"""One file as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nea_env.library.columns import COLUMN_GAP, paragraph, table
from nea_env.library.entries import MISSING, Entry, entries
from nea_env.library.reader import Document
from nea_env.library.tables import (
    counts,
    gathered,
    period_ends,
    runs,
    shares,
    span,
    title_of,
)
from nea_env.scenario import ScenarioError

MARKS = {"derived": "~", "assumed": "?", MISSING: "!"}
CELL = 26  # widest cell of a table with a column for every run of years


def shown_in(file: Document, year: str, width: int) -> list[str]:
    """What holds in one year: rule, parameter, value, status; then the notes and citations by their marks."""
    period = period_of(file, year)
    held = [entry for entry in entries(file) if entry.period in ("", period)]
    label = span(period, period_ends(file).get(period, period))
    notes = {note: f"({i})" for i, note in enumerate(dict.fromkeys(e.note for e in held if e.note), start=1)}
    body = [[e.rule, e.parameter, e.value, e.status, ", ".join(e.cited), notes.get(e.note, "")] for e in held]
    lines = [*heading(file, width, label), ""]
    lines += table(["rule", "parameter", "value", "status", "source", "note"], body, width)
    lines += ["", *table(["note", ""], [[mark, note] for note, mark in notes.items()], width)] if notes else []
    return lines + citations(file, dict.fromkeys(key for entry in held for key in entry.cited), width)


def shown_throughout(file: Document, width: int) -> list[str]:
    """Every parameter by year, one table per rule, neighbouring years that agree in one column."""
    ends = period_ends(file)
    listed = entries(file)
    lines = heading(file, width)
    lines += paragraph("unmarked: sourced   ~ derived   ? assumed   ! no source", width)
    for rule in dict.fromkeys(entry.rule for entry in listed):
        lines += ["", rule, *_matrix([entry for entry in listed if entry.rule == rule], ends, width)]
        cited = dict.fromkeys(key for entry in listed if entry.rule == rule for key in entry.cited)
        lines += paragraph(f"source: {', '.join(cited)}", width, indent=2) if cited else []
    for gap in file.values.get("gaps") or []:
        lines += ["", *paragraph(f"gap: {gap}", width)]
    cited = dict.fromkeys(key for entry in listed for key in entry.cited)
    return [*lines, *citations(file, cited, width)]


def heading(file: Document, width: int, period: str = "") -> list[str]:
    """Name and title, how many numbers there are and their status."""
    by_status = counts(file)
    name = str(file.values.get("name", file.path.stem))
    lines = paragraph(f"{name}: {title_of(file)}" + (f" [{period}]" if period else ""), width)
    lines += paragraph(f"{sum(by_status.values())} figures, {shares(by_status)} sourced / derived / assumed", width)
    if by_status[MISSING]:
        lines += paragraph(f"{by_status[MISSING]} figures have neither a source nor a status", width)
    return lines


def citations(file: Document, keys: Mapping[str, Any] | Sequence[str], width: int) -> list[str]:
    """The full citations behind the short keys."""
    body = [[key, " ".join(file.sources[key].split())] for key in keys]
    return ["", *table(["source", "citation"], body, width)] if body else []


def period_of(file: Document, year: str) -> str:
    """First year of the period that contains a year; the year itself in a file that is not a regime."""
    ends = period_ends(file)
    if "calendar" not in file.values:
        return year
    for first, last in ends.items():
        if first <= year <= last:
            return first
    known = ", ".join(span(first, last) for first, last in ends.items()) or "none"
    raise ScenarioError(f"year {year}: {title_of(file)} has no such year; allowed: {known}")


def _matrix(listed: list[Entry], ends: dict[str, str], width: int) -> list[str]:
    """Parameters down, runs of years across, folded where they do not fit."""
    cells = {
        key[1]: {e.period: f"{e.value}{MARKS.get(e.status, '')}" for e in group}
        for key, group in gathered(listed).items()
    }
    periods = [year for year in ends if any(year in row for row in cells.values())]
    throughout = any("" in row for row in cells.values())
    columns = list(runs([(year, tuple(row.get(year, "") for row in cells.values())) for year in periods], ends))
    if throughout:
        columns.insert(0, ("value", tuple(row.get("", "") for row in cells.values())))
    first = min(max(len(parameter) for parameter in cells), width // 3)
    lines: list[str] = []
    while columns:
        room, taken = width - 2 - first, 0
        for head, column in columns:
            room -= COLUMN_GAP + min(CELL, max(len(head), *(len(cell) for cell in column)))
            if room < 0 and taken:
                break
            taken += 1
        block, columns = columns[:taken], columns[taken:]
        body = [[parameter, *(column[i] for _, column in block)] for i, parameter in enumerate(cells)]
        filled = [row for row in body if any(row[1:])]
        lines += [*([""] if lines else []), *table(["", *(head for head, _ in block)], filled, width, indent=2)]
    return lines
