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

from nea_env.core.equilibrium.problem import Array, Chain, Problem, abated_share, check, offered
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, SHORT, WITHIN

COLUMNS = (
    "emissions supply auctioned reserve_price offsets offset_price released release_price response year_end "
    "carry_multiple carry_base unlimited deficit brokers borrowing missing lapsing scale steepness max_share"
).split()
(
    EMISSIONS, SUPPLY, AUCTIONED, RESERVE_PRICE, OFFSETS, OFFSET_PRICE, RELEASED, RELEASE_PRICE, RESPONSE,
    YEAR_END, CARRY_MULTIPLE, CARRY_BASE, UNLIMITED, DEFICIT, BROKERS, BORROWING, MISSING, LAPSING, SCALE,
    STEEPNESS, MAX_SHARE,
) = range(len(COLUMNS))  # fmt: skip
FINEST = 1e-15  # of the bracket: where bisection ends
REPORTS_A_SECOND = 20


def table(problem: Problem) -> Array:
    """(T, COLUMNS) the problem by month, as the kernels read it; prices of the deadline are discounted to the month."""
    late = problem.discount ** np.asarray(problem.wait, float)
    known = {"missing": late * problem.shortage_price, "lapsing": late * problem.lapse_price}
    full = np.empty((problem.months, len(COLUMNS)))
    for column, name in enumerate(COLUMNS):
        full[:, column] = known[name] if name in known else getattr(problem, name)
    return full


@jit
def place_of(bank, lowest, step, nodes):
    """Place of a bank on its grid, 0 to nodes - 1; a bank off the grid stands at its end."""
    return min(max((bank - lowest) / step, 0.0), nodes - 1.0)


@jit
def at(values, place):
    """Mean of the two values about a place: what a lottery between the two nodes is worth."""
    below = min(int(place), len(values) - 2)
    share = place - below
    return (1.0 - share) * values[below] + share * values[below + 1]


@jit
def bank_before_settlement(bank, emissions, price, month):
    """Bank after the month's supply and emissions, units; ``emissions`` before abatement, shock included."""
    supply = month[SUPPLY] - month[RESPONSE] * bank
    supply += offered(price, month[RESERVE_PRICE], month[AUCTIONED])
    supply += offered(price, month[OFFSET_PRICE], month[OFFSETS])
    supply += offered(price, month[RELEASE_PRICE], month[RELEASED])
    share = abated_share(price, month[SCALE], month[STEEPNESS], month[MAX_SHARE])
    return bank + supply - emissions * (1.0 - share)


@jit
def carry_limit(month):
    """Largest bank that can be carried in full: brokers hold theirs, firms a multiple of the net sales that leaves."""
    if month[UNLIMITED] > 0.0:
        return np.inf
    return month[CARRY_MULTIPLE] * month[DEFICIT] + (1.0 + month[CARRY_MULTIPLE]) * month[BROKERS] + month[CARRY_BASE]


@jit
def carried_at_limit(bank, month):
    """Bank carried out of one above the limit: sales end where what is left is just what they allow to carry."""
    multiple = month[CARRY_MULTIPLE]
    return min((multiple * (bank + month[DEFICIT]) + month[CARRY_BASE]) / (1.0 + multiple) + month[BROKERS], bank)


@jit
def least_carried(values, month, lowest, step):
    """Smallest bank carried: all that may be borrowed, or more where paying for a missing unit is cheaper than that.

    Where the next vintage is dearer than what a missing unit costs, firms pay and keep units until it no longer is.
    """
    least = -month[BORROWING]
    nodes = len(values)
    missing = month[MISSING]
    if at(values, place_of(least, lowest, step, nodes)) <= missing:
        return least
    above = nodes - 1
    for node in range(nodes):
        if values[node] <= missing:
            above = node
            break
    bank = lowest + step * above
    if above > 0 and values[above] < missing:
        bank -= step * (missing - values[above]) / (values[above - 1] - values[above])
    return min(max(bank, least), carry_limit(month))


@jit
def settle_month(bank, emissions, month, values, lowest, step):
    """Price of the running vintage, the bank that is carried out of the month, and how the month ends.

    Args:
        bank: at the start of the month, units.
        emissions: of the month before abatement, shock included, units.
        month: a row of ``table``.
        values: (B,) discounted mean of the next running price, by the bank carried; weakly falling.
        lowest: first bank of the grid of ``values``.
        step: from one bank of the grid to the next.

    Returns:
        The price, money/t; the bank carried, units; WITHIN where the price is the value of the bank carried,
        SHORT or LAPSED where a limit binds (then it lies above, or below, that value).
    """
    nodes = len(values)
    least, most = -np.inf, np.inf
    if month[YEAR_END] > 0.0:
        least, most = least_carried(values, month, lowest, step), carry_limit(month)
    dearest, cheapest = (
        at(values, place_of(least, lowest, step, nodes)),
        at(values, place_of(most, lowest, step, nodes)),
    )
    if month[YEAR_END] > 0.0:
        dearest, cheapest = min(dearest, month[MISSING]), min(cheapest, month[MISSING])
    outcome, low, high = WITHIN, cheapest, dearest
    if bank_before_settlement(bank, emissions, dearest, month) < least:
        outcome, low, high = SHORT, dearest, month[MISSING]
        if bank_before_settlement(bank, emissions, high, month) <= least:
            return high, least, SHORT
    elif bank_before_settlement(bank, emissions, cheapest, month) > most:
        outcome, low, high = LAPSED, 0.0, cheapest
        price = min(month[LAPSING], cheapest)
        left = bank_before_settlement(bank, emissions, price, month)
        carried = carried_at_limit(left, month)
        if left >= most and at(values, place_of(carried, lowest, step, nodes)) >= price:
            return price, carried, LAPSED
    finest = FINEST * high
    while high - low > finest:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        left = bank_before_settlement(bank, emissions, middle, month)
        if outcome == WITHIN:
            too_high = middle > at(values, place_of(left, lowest, step, nodes))
        elif outcome == SHORT:
            too_high = left > least
        elif left > most:  # a unit that lapses is worth no more than one that is carried
            worth = at(values, place_of(carried_at_limit(left, month), lowest, step, nodes))
            too_high = middle > min(month[LAPSING], worth)
        else:
            too_high = False
        if too_high:
            high = middle
        else:
            low = middle
    price = 0.5 * (low + high)
    if outcome == SHORT:
        return price, least, SHORT
    left = bank_before_settlement(bank, emissions, price, month)
    if outcome == LAPSED:
        return price, carried_at_limit(max(left, most), month), LAPSED
    return at(values, place_of(left, lowest, step, nodes)), left, WITHIN


@jit
def _solve_month(month, banks, factors, values, values_after, chance, running, after, landing, outcome, lapse):
    """Fill one month's (B, Z) tables; ``values``, ``values_after`` and ``chance`` are the next month's, (B, Z)."""
    nodes = len(banks)
    lowest = banks[0]
    step = (banks[-1] - lowest) / (nodes - 1.0)
    for state in range(len(factors)):
        emissions = month[EMISSIONS] * factors[state]
        for node in range(nodes):
            price, carried, how = settle_month(banks[node], emissions, month, values[:, state], lowest, step)
            place = place_of(carried, lowest, step, nodes)
            running[node, state] = price
            landing[node, state] = place
            outcome[node, state] = how
            if month[YEAR_END] > 0.0:
                after[node, state] = at(values[:, state], place)
                lapse[node, state] = 1.0 if how == LAPSED else 0.0
            else:
                after[node, state] = at(values_after[:, state], place)
                lapse[node, state] = at(chance[:, state], place)


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


def solve(problem: Problem, progress: Callable[[float], None] | None = None) -> Chain:
    """The price law of a market, backward from its last month.

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
