"""One law as numbers, and one that changes in the course of an episode: months of each law, joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nea_env.core.parameters import Event, Month, Static

ROWS = (Month.DEADLINE_EVENT, Month.AUCTION_EVENT, Month.TRIGGER_EVENT, Month.FIRST_EVENT, Month.LAST_EVENT)
"""Columns of `Month` that name a row of the events; -1: none."""


@dataclass(frozen=True)
class Tables:
    """One scenario as numbers.

    Attributes:
        static: (Static.size,).
        monthly: (horizon + 1, Month.size).
        events: (e, Event.size); the calendar's, in the order of settlement, then those that a month names.
        grid: (g,) table of the price process; empty where it has none.
        menu: (m,) joint actions, one `MenuRow` after the other; empty where actions are free.
        horizon: months of an episode.
        exposure: discounted baseline emissions x reference price, money.
    """

    static: np.ndarray
    monthly: np.ndarray
    events: np.ndarray
    grid: np.ndarray
    menu: np.ndarray
    horizon: int
    exposure: float

    def are_those_of(self, other: Tables) -> bool:
        """Whether episodes by the other tables go the same way."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("static", "monthly", "events", "grid")
        )


def spliced(before: Sequence[tuple[int, Tables]], last: Tables) -> Tables:
    """The tables of a law that announcements change: up to each the months of the law that was known.

    Args:
        before: the month of each announcement, in order, and the law before it.
        last: the law after the last one.

    Raises:
        ValueError: a law changes what an episode starts from or keeps throughout, or how long it is.
    """
    if not before:
        return last
    parts, months = [table for _, table in before] + [last], [month for month, _ in before]
    for table in parts[1:]:
        _check_constant(parts[0], table)
    for (month, early), late in zip(before, parts[1:], strict=True):
        if _steps(early, month) != _steps(late, month):
            raise ValueError(
                "market.beliefs: a step of the calendar that comes before its announcement under one law comes after it"
                f" under another (month {month} from the start); allowed: dates that are announced before they come"
            )
    monthly, offset = [], 0
    for table, start, end in zip(parts, [0, *months], [*months, last.horizon + 1], strict=True):
        rows = table.monthly[start:end].copy()
        rows[:, ROWS] += np.where(rows[:, ROWS] >= 0.0, offset, 0.0)
        monthly.append(rows)
        offset += len(table.events)
    return replace(parts[0], monthly=np.concatenate(monthly), events=np.concatenate([table.events for table in parts]))


def _steps(table: Tables, month: int) -> list[tuple[int, float]]:
    """Months and kinds of the events that are settled before a month."""
    first, last = (table.monthly[:month, column].astype(int) for column in (Month.FIRST_EVENT, Month.LAST_EVENT))
    return [
        (at, float(table.events[row, Event.KIND]))
        for at, (begin, end) in enumerate(zip(first, last, strict=True))
        for row in range(begin, end)
    ]


def _check_constant(first: Tables, later: Tables) -> None:
    if first.horizon != later.horizon:
        raise ValueError(
            f"market.beliefs: under one law an episode has {first.horizon} months, under another {later.horizon};"
            " allowed: laws with one last deadline"
        )
    for name, column in Static.index.items():
        if first.static[column] != later.static[column]:
            raise ValueError(
                f"market.beliefs: {name} is {first.static[column]:g} under one law and {later.static[column]:g} under"
                " another; allowed: announcements that leave what an episode starts from as it is"
            )
