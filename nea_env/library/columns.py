"""Plain text tables of a fixed width: cells wrap, and columns share the room there is."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

COLUMN_GAP = 2  # blanks between columns
WORD = 24  # words longer than this are broken first
NARROW_WIDTH, NARROWEST_WIDTH = 6, 2  # columns keep the first width if they can, the second in any case
PIPED = 120  # width without a terminal


def width_of_terminal() -> int:
    """Columns of the terminal (or of the COLUMNS variable), at least 40."""
    return max(40, shutil.get_terminal_size((PIPED, 24)).columns)


def table(head: Sequence[str], body: Sequence[Sequence[str]], width: int, indent: int = 0) -> list[str]:
    """Lines of a table with a rule under its head; a cell that repeats the one above in the first column is blank."""
    widths = fitted([head, *body], width - indent)
    lines = [*_wrapped(head, widths), "  ".join("-" * size for size in widths)]
    above = ""
    for row in body:
        first = row[0] if row[0] != above else ""
        above = row[0]
        lines += _wrapped([first, *row[1:]], widths)
    return [(" " * indent + line).rstrip() for line in lines]


def fitted(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Widths of the columns: as wide as their longest cell while they fit, the widest squeezed first."""
    widths = [max(1, *(len(cell) for cell in column)) for column in zip(*rows, strict=True)]
    words = [
        max((len(word) for cell in column for word in cell.split()), default=1) for column in zip(*rows, strict=True)
    ]
    room = width - COLUMN_GAP * (len(widths) - 1)
    for floors in ([min(WORD, word) for word in words], [NARROW_WIDTH] * len(words), [NARROWEST_WIDTH] * len(words)):
        while sum(widths) > room:
            squeezable = [index for index, size in enumerate(widths) if size > floors[index]]
            if not squeezable:
                break
            widths[max(squeezable, key=widths.__getitem__)] -= 1
    return widths


def paragraph(words: str, width: int, indent: int = 0) -> list[str]:
    """Lines of running text."""
    return textwrap.wrap(
        words, width, initial_indent=" " * indent, subsequent_indent=" " * indent, break_on_hyphens=False
    )


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [
        [line for part in cell.split("\n") for line in textwrap.wrap(part, size, break_on_hyphens=False) or [""]]
        for cell, size in zip(cells, widths, strict=True)
    ]
    height = max(map(len, columns))
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [
        (" " * COLUMN_GAP).join(part.ljust(size) for part, size in zip(line, widths, strict=True)).rstrip()
        for line in zip(*padded, strict=True)
    ]
