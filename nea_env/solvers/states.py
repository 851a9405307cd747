"""The tonnes that a firm can hold and owe, month by month: played forward by the core, merged where alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import HISTORY_FROM, STATE, Action, State
from nea_env.core.lowering.unread import unread
from nea_env.core.placed import PRICED, Placed, Rows

TONNES, REST = 1e-3, 1e-9
"""Accounts that agree to so many t, and shares, flags and money that agree to so much, are one state."""
CHUNK = 65_536  # rows played at once


@dataclass(frozen=True)
class States:
    """States of every month and where each action leads.

    Attributes:
        rows: for each month, N firms on one path of prices: what they hold and owe depends on no other.
        successors: for each month but the last (N, K) places among the rows of the next.
        kept: columns of the state that tell states apart.
    """

    rows: tuple[Rows, ...]
    successors: tuple[NDArray[np.int32], ...]
    kept: tuple[int, ...] = field(repr=False)


def states(placed: Placed, most: int) -> States:
    """Every state that the scenario's menu leads to.

    Args:
        placed: the scenario.
        most: states of one month beyond which the scenario is refused.

    Raises:
        ValueError: there are more, or two states that differ were taken for one.
    """
    gone = {*unread(placed.static, placed.monthly, placed.events), *PRICED, State.STRIKE}
    kept = tuple(column for column in range(State.size) if column not in gone)
    rows, successors = [placed.start().rows], []
    for month in range(placed.horizon - 1):
        found, places = _following(placed, month, rows[-1], kept)
        if len(found.books) > most:
            raise ValueError(f"{len(found.books):,} states in month {month + 1}; allowed: {most:,}")
        rows.append(found)
        successors.append(places)
    return States(tuple(rows), tuple(successors), kept)


def _following(placed: Placed, month: int, rows: Rows, kept: tuple[int, ...]) -> tuple[Rows, NDArray[np.int32]]:
    """The distinct rows of the next month, and the place of each (row, action) among them."""
    n, entries = len(rows.books), len(placed.scenario.menu)
    parts = []
    for first in range(0, n, max(1, CHUNK // entries)):
        chosen = np.arange(first, min(n, first + max(1, CHUNK // entries)))
        some = rows.take(chosen)
        asked = placed.menu(some).reshape(-1, Action.size)
        many = some.take(np.arange(len(chosen)).repeat(entries))
        parts.append(placed.step(month, many, asked, np.zeros(len(many.books), np.int64)).rows)
    books, memory = np.concatenate([part.books for part in parts]), np.concatenate([part.memory for part in parts])
    units = [TONNES if STATE[column].unit.startswith("t") else REST for column in kept] + [TONNES] * HISTORY_FROM
    cells = np.rint(np.concatenate([books[:, kept], memory[:, :HISTORY_FROM]], axis=1) / units).astype(np.int64)
    _, places, inverse = _unique_rows(cells)
    if not (cells == cells[places][inverse]).all():
        raise ValueError(f"month {month + 1}: two states have one hash")
    return Rows(books[places], memory[places]), inverse.reshape(n, entries).astype(np.int32)


def _unique_rows(cells: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.intp], NDArray[np.intp]]:
    """As ``np.unique`` of rows, by a hash: (hashes, first places, inverse)."""
    weights = np.random.default_rng(0).integers(1, 2**63, cells.shape[1], dtype=np.uint64) | np.uint64(1)
    hashes = (cells.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
    found, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return found, first, inverse.ravel()


def names(columns: tuple[int, ...]) -> list[str]:
    """Names of columns of the state."""
    return [STATE[column].name for column in columns]
