"""The equilibrium price of one market under its own law: a month of it, and all months solved backward.

In a month firms abate up to what a unit is worth to them, credits and reserve units come above their thresholds, and
the price is the discounted mean of the next one, unless a period ends and its limits bind (`clearing`). Rubin 1996
and Schennach 2000 have the banking rule, Hitzemann & Uhrig-Homburg 2018 the settlement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.clearing import Onward, cleared
from nea_env.core.equilibrium.grid import at, grid_of, place_of
from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.problem import Array, Problem, check
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED

REPORTS_A_SECOND = 20


class Stretch(NamedTuple):
    """Months in which one law is known, of a tree of laws.

    Attributes:
        problem: the market as that law has it, over all months.
        first: the month from whose start on the law holds.
        last: the month in which it becomes another; the number of months where none comes after it.
        branches: that other's places among the stretches, all of them later than its own, and the chance of each;
            none where the law holds to the end.
    """

    problem: Problem
    first: int
    last: int
    branches: tuple[tuple[int, float], ...] = ()


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
    count = sum(stretch.last - stretch.first for stretch in stretches)
    steps = backward(count, progress)
    for place in reversed(range(len(stretches))):
        done[place] = _solve_stretch(stretches[place], done, steps)
    for _ in steps:
        pass
    return tuple(done[place] for place in range(len(stretches)))


def check_tree(stretches: Sequence[Stretch]) -> None:
    """Whether a tree of laws is well formed.

    Raises:
        ValueError: see `solve_tree`.
    """
    shared = stretches[0].problem
    for place, (problem, first, last, branches) in enumerate(stretches):
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


def _solve_stretch(stretch: Stretch, done: dict[int, Chain], steps: Iterator[int]) -> Chain:
    """One stretch of a tree, backward; of ``steps`` one is taken for each month."""
    problem, first, last, branches = stretch
    months, shape = last - first, (len(problem.banks), len(problem.shocks))
    running, worth, after, lapse = (np.zeros((months + 1, *shape)) for _ in range(4))
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    if branches:
        for name, table_of_it in (("running", running), ("worth", worth), ("after", after), ("lapse", lapse)):
            for place, chance in branches:
                table_of_it[months] += chance * getattr(done[place], name)[0]
    else:
        running[months] = worth[months] = after[months] = problem.terminal
    rows, factors, onward = table(problem), np.exp(problem.shocks), problem.chances.T

    def expected(values: Array) -> Array:
        """(Z, B) discounted mean one month on, by today's shock, of values (B, Z)."""
        return np.ascontiguousarray((problem.discount * (values @ onward)).T)

    for month in reversed(range(months)):
        next(steps)
        _solve_month(
            rows[first + month], problem.banks, factors,
            expected(running[month + 1]), expected(worth[month + 1]), expected(after[month + 1]),
            lapse[month + 1] @ onward,
            MonthTables(running[month], worth[month], after[month], landing[month], outcome[month], lapse[month]),
        )  # fmt: skip
    return Chain(problem, running, worth, after, landing, outcome, lapse, first)


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


class MonthTables(NamedTuple):
    """A month of one market at every bank (B) and shock (Z), as a `Chain` has it.

    Attributes:
        running: (B, Z) price of the running vintage, money/t.
        worth: (B, Z) of a unit to a firm that carries units over, money/t.
        after: (B, Z) price of the vintage after it, money/t.
        landing: (B, Z) place of the bank carried on its grid.
        outcome: (B, Z) WITHIN, LAPSED or SHORT.
        lapse: (B, Z) probability that the limit on carrying binds at the period's end.
    """

    running: Array
    worth: Array
    after: Array
    landing: Array
    outcome: NDArray[np.int8]
    lapse: Array


@jit
def _solve_month(row, banks, factors, running, worth, after, chances, now):
    """Fill one month's tables: how the market clears at every bank and shock.

    Args:
        row: (MarketMonth.size,) the month.
        banks: (B,) grid of the bank, units.
        factors: (Z,) of emissions, the shocks.
        running: (Z, B) discounted mean of the next running price by today's shock and the bank carried, money/t.
        worth: (Z, B) the same of what a unit is worth to a firm that carries.
        after: (Z, B) the same of the price of the vintage after.
        chances: (B, Z) mean probability, one month on, that the limit on carrying binds at the period's end.
        now: out, the `MonthTables`.
    """
    grid = grid_of(banks)
    ends = row[MarketMonth.YEAR_END] > 0.0
    for state in range(len(factors)):
        onward = Onward(running[state], worth[state], grid)
        for node in range(grid.nodes):
            guess = running[state, node]
            price, own, carried, how = cleared(banks[node], 0.0, row, factors[state], None, onward, guess)
            place = place_of(carried, grid)
            now.running[node, state], now.worth[node, state] = price, own
            now.landing[node, state], now.outcome[node, state] = place, how
            if ends:
                now.after[node, state] = at(running[state], place)
                now.lapse[node, state] = 1.0 if how == LAPSED else 0.0
            else:
                now.after[node, state] = at(after[state], place)
                now.lapse[node, state] = at(chances[:, state], place)
