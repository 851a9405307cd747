"""The equilibrium price of one market: all months solved backward, under a law that is known or a tree of laws.

In a month firms abate up to what a unit is worth to them, credits and reserve units come above their thresholds, and
the price is the discounted mean of the next one, unless a period ends and its limits bind (`clearing`). Rubin 1996
and Schennach 2000 have the banking rule, Hitzemann & Uhrig-Homburg 2018 the settlement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.market_month import MonthTables, solve_month
from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.problem import Array, Problem, check
from nea_env.core.equilibrium.waiting import (
    Beside,
    Opening,
    SettledMonth,
    Settlement,
    WaitingMonth,
    mean_of,
    settled_month,
    waiting_month,
)

REPORTS_A_SECOND = 20


class Stretch(NamedTuple):
    """Months in which one law is known, of a tree of laws.

    Attributes:
        problem: the market as that law has it, over all months.
        first: the month from whose start on the law holds.
        last: the month in which it becomes another; the number of months where none comes after it.
        branches: that other's places among the stretches, all of them later than its own, and the chance of each;
            none where the law holds to the end.
        waits: months at whose start, before what is announced in them, a period that has ended is not settled.
        settlement: of that period in the first month; None: it waits on, or none does.
        beside: the grid of the running bank in those months; None: there are none.
    """

    problem: Problem
    first: int
    last: int
    branches: tuple[tuple[int, float], ...] = ()
    waits: frozenset[int] = frozenset()
    settlement: Settlement | None = None
    beside: Beside | None = None

    def waits_in(self, month: int) -> bool:
        """Whether a period waits in a month, once what is announced in it is known."""
        return month in self.waits and not (month == self.first and self.settlement is not None)


def solve(problem: Problem, progress: Callable[[float], None] | None = None) -> Chain:
    """The price process of a market whose law is known, backward from its last month.

    A bank off the grid counts as its nearest end, so the grid must hold all banks that matter.

    Args:
        problem: the market.
        progress: called with the share that is done, at most twenty times a second and once at the end.

    Returns:
        Prices, landings and outcomes at every node.

    Raises:
        ValueError: the problem is not well formed, or it starts off the grid.
    """
    return solve_tree((Stretch(problem, 0, problem.months),), progress)[0]


def solve_tree(stretches: Sequence[Stretch], progress: Callable[[float], None] | None = None) -> tuple[Chain, ...]:
    """The price process under each law of a tree, before and after each announcement.

    In the month of an announcement every market stands at the bank and the shock that it came to: before it, what a
    unit will be worth is the mean over the laws that may come. So prices are martingales through the announcement.

    Args:
        stretches: the tree; markets with the same months, grid of banks, shocks and discounting.
        progress: as for `solve`.

    Returns:
        A chain for each stretch, of its own months and the mean over its branches after them.

    Raises:
        ValueError: a problem is not well formed, the markets differ in what they share, or the stretches do not follow
            one another; or their chances do not sum to one.
    """
    check_tree(stretches)
    done: dict[int, Chain] = {}
    openings: dict[int, Opening] = {}
    count = sum(stretch.last - stretch.first for stretch in stretches)
    steps = backward(count, progress)
    for place in reversed(range(len(stretches))):
        stretch = stretches[place]
        ends = Opening(*(stretch.problem.terminal,) * 3, np.zeros_like(stretch.problem.terminal))
        following = [(openings[after], chance) for after, chance in stretch.branches]
        done[place], openings[place] = _solve_stretch(stretch, mean_of(following) if following else ends, steps)
    for _ in steps:
        pass
    return tuple(done[place] for place in range(len(stretches)))


def check_tree(stretches: Sequence[Stretch]) -> None:
    """Whether a tree of laws is well formed.

    Raises:
        ValueError: see `solve_tree`.
    """
    shared = stretches[0].problem
    for place, (problem, first, last, branches, waits, *_) in enumerate(stretches):
        check(problem)
        for name in ("months", "discount", "banks", "shocks", "chances"):
            if not np.array_equal(getattr(problem, name), getattr(shared, name)):
                raise ValueError(f"laws 0 and {place}: {name} differ; allowed: one for all laws of a tree")
        if not 0 <= first <= last <= problem.months:
            raise ValueError(f"law {place}: holds from month {first} to {last}; allowed: within 0 to {problem.months}")
        if not branches:
            if last != problem.months:
                raise ValueError(
                    f"law {place}: none follows it in month {last}, in which a bank would be left that nothing prices;"
                    f" allowed: a law that follows, or one that holds to the last month, {problem.months}"
                )
            continue
        if last == problem.months:
            raise ValueError(f"law {place}: another would follow after the last month; allowed: none")
        chances = [chance for _, chance in branches]
        if min(chances) < 0.0 or abs(sum(chances) - 1.0) > 1e-9:
            raise ValueError(f"law {place}: the chances of the laws after it sum to {sum(chances):g}; allowed: 1")
        for after, _ in branches:
            if not (place < after < len(stretches) and stretches[after].first == last):
                raise ValueError(f"law {place}: law {after} does not begin in month {last}, in which it should follow")
            if (last in stretches[after].waits) != (last in waits):
                raise ValueError(
                    f"law {place}: a period that waits for law {after} does not wait under it, or the other way round"
                )


def _solve_stretch(stretch: Stretch, ahead: Opening, steps: Iterator[int]) -> tuple[Chain, Opening]:
    """One stretch of a tree, backward.

    Args:
        stretch: of the tree.
        ahead: what holds at the start of the month after it: the mean over what follows.
        steps: of which one is taken for each month.

    Returns:
        The chain, and what holds at the start of the first month before it is known that this law has come.
    """
    problem, first, last, beside = stretch.problem, stretch.first, stretch.last, stretch.beside
    months, shape, ends = last - first, (len(problem.banks), len(problem.shocks)), ahead
    prices = {name: np.zeros((months + 1, *shape)) for name in ("running", "worth", "after", "lapse")}
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    waiting: dict[int, WaitingMonth] = {}
    if not ahead.waits:
        for name, values in prices.items():
            values[months] = getattr(ahead, name)
    rows, factors = table(problem), np.exp(problem.shocks)
    for month in reversed(range(first, last)):
        next(steps)
        row, here = rows[month], month - first
        if stretch.waits_in(month):
            assert beside is not None
            waiting[month] = waiting_month(row, beside, month, factors, problem, ahead)
            ahead = waiting[month].opening
            continue
        if ahead.waits:  # the period that ends is settled later: until then nothing of it lapses or is missing
            row, ahead = row.copy(), ahead.at_start_of_wait
            row[MarketMonth.YEAR_END] = 0.0
        now = MonthTables(
            prices["running"][here], prices["worth"][here], prices["after"][here],
            landing[here], outcome[here], prices["lapse"][here],
        )  # fmt: skip
        solve_month(row, problem.banks, factors, *_expected(ahead, problem), now)
        ahead = Opening(now.running, now.worth, now.after, now.lapse)
    settled: SettledMonth | None = None
    if stretch.settlement is not None:
        assert beside is not None
        settled = settled_month(stretch.settlement, beside, first, problem, ahead)
        ahead = settled.opening
    chain = Chain(
        problem, prices["running"], prices["worth"], prices["after"], landing, outcome, prices["lapse"],
        first, waiting, settled, stretch.waits, beside.nodes if beside else 1, ends,
    )  # fmt: skip
    return chain, ahead


def _expected(ahead: Opening, problem: Problem) -> tuple[Array, Array, Array, Array]:
    """Means one month on by today's shock: of three prices, discounted (Z, B), and of the probability (B, Z)."""
    onward = problem.chances.T
    running, worth, after = (
        np.ascontiguousarray((problem.discount * (values @ onward)).T)
        for values in (ahead.running, ahead.worth, ahead.after)
    )
    return running, worth, after, ahead.lapse @ onward


def backward(months: int, progress: Callable[[float], None] | None) -> Iterator[int]:
    """The months from the last to the first; the share that is done is reported as ``solve`` says."""
    reported = time.monotonic()
    for month in reversed(range(months)):
        yield month
        if progress is not None and time.monotonic() - reported > 1.0 / REPORTS_A_SECOND:
            reported = time.monotonic()
            progress(1.0 - month / months)
    if progress is not None:
        progress(1.0)
