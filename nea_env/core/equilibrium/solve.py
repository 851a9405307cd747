"""The equilibrium price of one market under its own law: a month of it, and all months solved backward.

In a month firms abate up to the price, credits and reserve units come above their thresholds, and the price is
the discounted mean of the next one, unless a period ends and its limits bind. Both sides of that equation move
against each other in the price, so bisection finds the one price that clears the month (plain iteration need not
converge). Rubin 1996 and Schennach 2000 have the banking rule, Hitzemann & Uhrig-Homburg 2018 the settlement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.grid import at, grid_of, place_of
from nea_env.core.equilibrium.month import (
    MarketMonth,
    bank_before_settlement,
    carried_at_limit,
    carry_limit,
    least_carried,
    table,
)
from nea_env.core.equilibrium.problem import Problem, check
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, SHORT, WITHIN

FINEST = 1e-15  # of the bracket: where bisection ends
REPORTS_A_SECOND = 20


def solve(problem: Problem, progress: Callable[[float], None] | None = None) -> Chain:
    """The price process of a market, backward from its last month.

    A bank off the grid counts as its nearest end, so the grid must hold all banks that matter.

    Args:
        problem: the market.
        progress: called with the share that is done, at most twenty times a second and once at the end.

    Returns:
        Prices, landings and outcomes at every node.

    Raises:
        ValueError: the problem is not well formed, or it starts off the grid.
    """
    check(problem)
    months, shape = problem.months, (len(problem.banks), len(problem.shocks))
    running, after, lapse = (np.zeros((months + 1, *shape)) for _ in range(3))
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    running[months] = after[months] = problem.terminal
    rows, factors, onward = table(problem), np.exp(problem.shocks), problem.chances.T
    for month in backward(months, progress):
        _solve_month(
            rows[month], problem.banks, factors,
            problem.discount * (running[month + 1] @ onward), problem.discount * (after[month + 1] @ onward),
            lapse[month + 1] @ onward,
            running[month], after[month], landing[month], outcome[month], lapse[month],
        )  # fmt: skip
    return Chain(problem, running, after, landing, outcome, lapse)


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


@jit
def _solve_month(row, banks, factors, values, values_after, chances, running, after, landing, outcome, lapse):
    """Fill one month's tables, (B, Z) each: how the market clears at every bank and shock.

    Args:
        row: (MarketMonth.size,) the month.
        banks: (B,) grid of the bank, units.
        factors: (Z,) of emissions, the shocks.
        values: (B, Z) discounted mean of the next running price by the bank carried and today's shock, money/t.
        values_after: (B, Z) the same of the vintage after it.
        chances: (B, Z) mean probability, one month on, that the limit on carrying binds at the period's end.
        running: out, price of the running vintage, money/t.
        after: out, price of the vintage after it, money/t.
        landing: out, place of the bank carried on its grid.
        outcome: out, WITHIN, LAPSED or SHORT.
        lapse: out, probability that the limit on carrying binds at the period's end.
    """
    grid = grid_of(banks)
    for state in range(len(factors)):
        emissions = row[MarketMonth.EMISSIONS] * factors[state]
        for node in range(grid.nodes):
            price, carried, how = settle_month(banks[node], emissions, row, values[:, state], grid)
            place = place_of(carried, grid)
            running[node, state] = price
            landing[node, state] = place
            outcome[node, state] = how
            if row[MarketMonth.YEAR_END] > 0.0:
                after[node, state] = at(values[:, state], place)
                lapse[node, state] = 1.0 if how == LAPSED else 0.0
            else:
                after[node, state] = at(values_after[:, state], place)
                lapse[node, state] = at(chances[:, state], place)


@jit
def settle_month(bank, emissions, row, values, grid):
    """Price of the running vintage, the bank that is carried out of the month, and how the month ends.

    Args:
        bank: at the start of the month, units.
        emissions: of the month before abatement, shock included, units.
        row: (MarketMonth.size,) the month.
        values: (B,) discounted mean of the next running price by the bank carried, money/t; weakly falling.
        grid: of ``values``.

    Returns:
        The price, money/t; the bank carried, units; WITHIN where the price is the value of the bank carried,
        SHORT or LAPSED where a limit binds (then it lies above, or below, that value).
    """
    least, most = -np.inf, np.inf
    if row[MarketMonth.YEAR_END] > 0.0:
        least, most = least_carried(values, row, grid), carry_limit(row)
    dearest, cheapest = at(values, place_of(least, grid)), at(values, place_of(most, grid))
    if row[MarketMonth.YEAR_END] > 0.0:
        dearest, cheapest = min(dearest, row[MarketMonth.MISSING]), min(cheapest, row[MarketMonth.MISSING])
    outcome, low, high = WITHIN, cheapest, dearest
    if bank_before_settlement(bank, emissions, dearest, row) < least:
        outcome, low, high = SHORT, dearest, row[MarketMonth.MISSING]
        if bank_before_settlement(bank, emissions, high, row) <= least:
            return high, least, SHORT
    elif bank_before_settlement(bank, emissions, cheapest, row) > most:
        outcome, low, high = LAPSED, 0.0, cheapest
        price = min(row[MarketMonth.LAPSING], cheapest)
        left = bank_before_settlement(bank, emissions, price, row)
        carried = carried_at_limit(left, row)
        if left >= most and at(values, place_of(carried, grid)) >= price:
            return price, carried, LAPSED
    finest = FINEST * high
    while high - low > finest:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        left = bank_before_settlement(bank, emissions, middle, row)
        if outcome == WITHIN:
            too_high = middle > at(values, place_of(left, grid))
        elif outcome == SHORT:
            too_high = left > least
        elif left > most:  # a unit that lapses is worth no more than one that is carried
            worth = at(values, place_of(carried_at_limit(left, row), grid))
            too_high = middle > min(row[MarketMonth.LAPSING], worth)
        else:
            too_high = False
        if too_high:
            high = middle
        else:
            low = middle
    price = 0.5 * (low + high)
    if outcome == SHORT:
        return price, least, SHORT
    left = bank_before_settlement(bank, emissions, price, row)
    if outcome == LAPSED:
        return price, carried_at_limit(max(left, most), row), LAPSED
    return at(values, place_of(left, grid)), left, WITHIN
