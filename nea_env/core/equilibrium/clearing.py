"""One month of a market whose trade with another is given, or of a pool: the price that clears it.

A unit has two worths. Whoever buys one pays the running price F. Where carrying over is limited by a multiple m of
net sales, those who carry are firms with a surplus: one unit more lets such a firm sell 1 / (1 + m) and carry the
rest, so it is worth mu = (F + m N) / (1 + m), N the discounted mean of mu a month later. Where no limit binds
F = mu = N. A unit that was bought adds nothing to net sales and is worth F alone. Firms with a surplus abate up to mu,
the others up to F; where output answers, it answers to the same two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.grid import Grid, at, place_of
from nea_env.core.equilibrium.month import (
    MarketMonth,
    bank_before_settlement,
    carried_at_limit,
    carry_limit,
    least_carried,
)
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, SHORT, WITHIN

CLOSE = 1e-15  # of the numbers at its ends: a bracket so narrow is the solution
TURNS = 150
GOES_ON, SCARCE, CARRIED, AT_LIMIT, LAPSING = range(5)  # parts of the path that a market can come to: see `_excess`
BANKS = (GOES_ON, CARRIED, LAPSING)  # where a bank is sought; elsewhere a price


class Others(NamedTuple):
    """The systems of a pool beside the first, P of them, in a month.

    Attributes:
        rows: (P, MarketMonth.size) their month.
        factors: (P,) of their emissions, the shocks.
        weights: (P,) their units in those of the first.
        ratios: (P,) their price over that of the first.
    """

    rows: NDArray[np.float64]
    factors: NDArray[np.float64]
    weights: NDArray[np.float64]
    ratios: NDArray[np.float64]


class Onward(NamedTuple):
    """What a unit carried out of a month is worth, by the bank that is carried.

    Attributes:
        running: (B,) discounted mean of the next running price, money/t; weakly falling.
        worth: (B,) discounted mean of what a unit is worth next month to a firm that carries it, money/t; likewise.
        grid: of both.
    """

    running: NDArray[np.float64]
    worth: NDArray[np.float64]
    grid: Grid


@jit
def cleared(bank, moved, row, factor, others, onward, guess):
    """The price that clears a month of one market, or of a pool.

    All that a period can end with lies on one path, from few units to many: units are missing, all are carried, the
    limit on carrying is reached and the price falls, units lapse. Along it the bank before settlement, less what
    that part of the path needs, changes its sign once.

    Args:
        bank: at the start of the month, units.
        moved: units that come in from elsewhere before the settlement.
        row: (MarketMonth.size,) the month.
        factor: of its emissions, the shock.
        others: the `Others` of a pool; None for one market alone.
        onward: what a unit carried is worth, `Onward`.
        guess: a price to begin with, money/t.

    Returns:
        The running price, money/t; what a unit is worth to a firm that carries units over, money/t; the bank carried,
        units; WITHIN, LAPSED or SHORT.
    """
    month, grid = (bank, moved, row, factor), onward.grid
    if row[MarketMonth.YEAR_END] <= 0.0:
        carried = _solution(GOES_ON, _before(month, others, guess, guess), -np.inf, np.inf, 0.0, month, others, onward)
        place = place_of(carried, grid)
        return at(onward.running, place), at(onward.worth, place), carried, WITHIN
    least, most, missing = least_carried(onward.worth, row, grid), carry_limit(row), row[MarketMonth.MISSING]
    dearest = min(at(onward.worth, place_of(least, grid)), missing)
    enough = _before(month, others, dearest, dearest)
    if enough < least:
        price = missing
        if _before(month, others, missing, missing) > least:
            price = _solution(SCARCE, guess, dearest, missing, least, month, others, onward)
        return price, price, least, SHORT
    if most < np.inf and _excess(CARRIED, most, 0.0, month, others, onward) < 0.0:
        cheapest = min(at(onward.worth, place_of(most, grid)), missing)
        price = min(row[MarketMonth.LAPSING], cheapest)
        if _excess(AT_LIMIT, price, most, month, others, onward) < 0.0:
            price = _solution(AT_LIMIT, guess, price, cheapest, most, month, others, onward)
            return price, _shared(price, most, row, onward), most, LAPSED
        carried = _solution(LAPSING, most, most, carried_at_limit(max(enough, most), row), 0.0, month, others, onward)
        price = min(row[MarketMonth.LAPSING], at(onward.worth, place_of(carried, grid)))
        return price, _shared(price, carried, row, onward), carried, LAPSED
    carried = _solution(
        CARRIED, _before(month, others, guess, guess), least, min(enough, most), 0.0, month, others, onward
    )
    price = at(onward.worth, place_of(carried, grid))
    return price, price, carried, WITHIN


@jit
def settled(closed, running, row, worth, grid):
    """The settlement of a period that ended earlier, and whose units can therefore be no more and no fewer.

    Args:
        closed: bank of the period, units.
        running: bank of the period after it to date, units.
        row: (MarketMonth.size,) the last month of the period, its prices discounted to now.
        worth: (B,) of a unit of the running vintage to a firm that carries, by the bank of both, money/t.
        grid: of that bank.

    Returns:
        The price of the period's units, money/t; what one is worth to a firm that carries units over, money/t; the bank
        carried, units; WITHIN, LAPSED or SHORT.
    """
    beside = Grid(grid.low - running, grid.step, grid.nodes)  # by what is carried of the period
    least = least_carried(worth, row, beside)
    if closed < least:
        return row[MarketMonth.MISSING], row[MarketMonth.MISSING], least, SHORT
    if closed > carry_limit(row):
        carried = carried_at_limit(closed, row)
        price = min(row[MarketMonth.LAPSING], at(worth, place_of(carried, beside)))
        return price, _shared(price, carried, row, Onward(worth, worth, beside)), carried, LAPSED
    price = at(worth, place_of(closed, beside))
    return price, price, closed, WITHIN


@jit
def _before(month, others, price, worth):
    """Bank before settlement, units, at a running price and a worth to those who carry; the rest as in `_excess`."""
    bank, moved, row, factor = month
    units = moved + bank_before_settlement(bank, row[MarketMonth.EMISSIONS] * factor, price, worth, row)
    if others is not None:
        for k in range(len(others.weights)):
            own, ratio = others.rows[k], others.ratios[k]
            emissions = own[MarketMonth.EMISSIONS] * others.factors[k]
            units += others.weights[k] * bank_before_settlement(0.0, emissions, price * ratio, worth * ratio, own)
    return units


@jit
def _shared(price, carried, row, onward):
    """What a unit is worth to a firm that carries the rest of what it sells, at the limit; money/t.

    Args:
        price: of the running vintage, money/t.
        carried: bank that is carried, units.
        row: (MarketMonth.size,) the month.
        onward: as in `cleared`.
    """
    multiple = row[MarketMonth.CARRY_MULTIPLE]
    return (price + multiple * at(onward.worth, place_of(carried, onward.grid))) / (1.0 + multiple)


@jit
def _excess(part, x, limit, month, others, onward):
    """How far x lies beyond the solution on a part of the path; it rises with x.

    Args:
        part: GOES_ON within a period, x the bank carried; at its end CARRIED, x the bank carried; LAPSING, likewise,
            with the rest lapsing; SCARCE, x the price at which as little is carried as may be; AT_LIMIT, x the price
            at which as much is carried as may be.
        x: units, or money/t.
        limit: bank, units, that is carried where x is a price.
        month: bank, moved, row and factor as in `cleared`.
        others: as in `cleared`.
        onward: as in `cleared`.
    """
    row, grid = month[2], onward.grid
    if part == GOES_ON:
        place = place_of(x, grid)
        return x - _before(month, others, at(onward.running, place), at(onward.worth, place))
    if part == CARRIED:
        price = at(onward.worth, place_of(x, grid))
        return x - _before(month, others, price, price)
    if part == LAPSING:
        price = min(row[MarketMonth.LAPSING], at(onward.worth, place_of(x, grid)))
        return x - carried_at_limit(_before(month, others, price, _shared(price, x, row, onward)), row)
    if part == SCARCE:
        return _before(month, others, x, x) - limit
    return _before(month, others, x, _shared(x, limit, row, onward)) - limit


@jit
def _solution(part, guess, low, high, limit, month, others, onward):
    """Where the excess on a part of the path is zero.

    Args:
        part: of the path, see `_excess`.
        guess: where to look first.
        low: not above the solution; -inf where that is not known, of a bank.
        high: not below it; inf likewise.
        limit: see `_excess`.
        month: bank, moved, row and factor as in `cleared`.
        others: as in `cleared`.
        onward: as in `cleared`.
    """
    point = min(max(guess, low), high)
    under = over = 0.0  # excess at either end: 0 before it is known
    wide = np.inf
    for turn in range(TURNS):
        excess = _excess(part, point, limit, month, others, onward)
        if excess == 0.0:
            return point
        if excess < 0.0:
            low, under = point, excess
        else:
            high, over = point, excess
        if turn == 0 and part in BANKS:  # what is left falls with the bank carried: the solution lies on the way to it
            other = point - excess
            low, high = (low, min(other, high)) if excess < 0.0 else (max(other, low), high)
            point = high if excess < 0.0 else low
            continue
        if high - low <= CLOSE * (abs(low) + abs(high)):
            break
        known = under < 0.0 and over > 0.0
        point = inside(low, high, under, over, known and (turn % 3 > 0 or high - low < 0.5 * wide))
        if turn % 3 == 0:
            wide = high - low
    return point


@jit
def inside(low, high, at_low, at_high, secant):
    """A point inside a bracket of a root: on the ``secant`` through its ends if that is so, else the middle.

    Args:
        low: one end of the bracket.
        high: the other.
        at_low: the function there, of one sign.
        at_high: the function there, of the other.
        secant: whether to try the secant.
    """
    if secant:
        point = (low * at_high - high * at_low) / (at_high - at_low)
        if low < point < high:
            return point
    return 0.5 * (low + high)
