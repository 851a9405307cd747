"""Blocks that take turns, and the lines of the one table."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import NamedTuple

ID = "nea/KETS-v0"
CARTPOLE = "CartPole-v1"

Block = Callable[[], int]  # plays for a while, returns steps or frames


class Line(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    target: str = ""


def rates(blocks: dict[str, Block], rounds: int) -> dict[str, float]:
    """Best rate a second of each block, taking turns."""
    best = dict.fromkeys(blocks, 0.0)
    for _ in range(rounds):
        for name, block in blocks.items():
            gc.collect()
            start = time.perf_counter()
            done = block()
            best[name] = max(best[name], done / (time.perf_counter() - start))
    return best


def compared(what: str, ours: float, theirs: float, target: str = "") -> Line:
    """Our rate and its ratio to CartPole's."""
    return Line(what, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}", target)


def relative(what: str, rate: float, base: float, target: str = "") -> Line:
    """A rate of ours and its ratio to another of ours."""
    return Line(what, f"{rate:,.0f}", "", f"{rate / base:.2f}", target)


def table(lines: list[Line]) -> str:
    """The lines in columns."""
    rows = [Line("what", "ours", "CartPole", "ratio", "target"), *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
