"""One month of a market whose trade with another is given, or of a pool of two: the price that clears it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.grid import at, place_of
from nea_env.core.equilibrium.month import (
    MarketMonth,
    bank_before_settlement,
    carried_at_limit,
    carry_limit,
    least_carried,
)
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, SHORT, WITHIN

CLOSE = 1e-13  # relative error of a price within its month
JUMP = 1e-9  # of the highest price: an excess at the solution that is no rounding error


class Second(NamedTuple):
    """The second system of a pool in a month.

    Attributes:
        row: (MarketMonth.size,) its month.
        factor: of its emissions, the shock.
        weight: its units in those of the first.
        ratio: its price over that of the first.
    """

    row: NDArray[np.float64]
    factor: float
    weight: float
    ratio: float


@jit
def cleared(bank, moved, row, factor, second, line, grid, guess, top):
    """The price that clears a month of one market, or of a pool of two.

    The price less the worth of a unit rises with the price, since the bank does and worth falls with the bank: one
    price clears. Where the excess jumps over zero, the bank rests on a limit and the price lies between two values.

    Args:
        bank: at the start of the month, units.
        moved: units that come in from elsewhere before the settlement.
        row: (MarketMonth.size,) the month.
        factor: of its emissions, the shock.
        second: the `Second` system of a pool; None for one market alone.
        line: (B,) discounted mean of the next price by the bank carried, money/t; weakly falling.
        grid: of ``line``.
        guess: a price to begin with, money/t. Its worth lies on the other side of the solution: both give a bracket.
        top: a price that is never exceeded, money/t.

    Returns:
        The price, money/t; the bank carried, units; WITHIN, LAPSED or SHORT.
    """
    ends = row[MarketMonth.YEAR_END] > 0.0
    least, most = -np.inf, np.inf
    if ends:
        least, most = least_carried(line, row, grid), carry_limit(row)
    below, above, short, long = 0.0, top, 0.0, 0.0  # bracket, and the excess at either end: 0 before it is known
    price = min(max(guess, 0.0), top)
    raw = excess = 0.0
    wide = top
    for turn in range(150):
        raw = moved + _carried_at(price, bank, row, factor, second)
        worth = _worth(raw, least, most, row, line, grid)
        excess = price - worth
        if abs(excess) <= CLOSE * price:
            break
        if excess < 0.0:
            below, short = price, excess
        else:
            above, long = price, excess
        if above - below <= CLOSE * above:
            break
        if turn == 0:
            price = min(max(worth, below), above)
            continue
        known = short < 0.0 and long > 0.0
        price = inside(below, above, short, long, turn < 12 and known and (turn % 3 > 0 or above - below < 0.5 * wide))
        if turn % 3 == 0:
            wide = above - below
    if ends and abs(excess) > JUMP * top:  # between two values: the bank is at a limit
        dearest = min(at(line, place_of(least, grid)), row[MarketMonth.MISSING])
        if abs(raw - least) <= abs(raw - most) and price > dearest:
            return price, least, SHORT
        return price, most, LAPSED
    if raw < least:
        return price, least, SHORT
    if raw > most:
        return price, carried_at_limit(raw, row), LAPSED
    return price, raw, WITHIN


@jit
def _carried_at(price, bank, row, factor, second):
    """Bank before settlement at a price, units; arguments as those of ``cleared``."""
    raw = bank_before_settlement(bank, row[MarketMonth.EMISSIONS] * factor, price, row)
    if second is not None:
        emissions = second.row[MarketMonth.EMISSIONS] * second.factor
        raw += second.weight * bank_before_settlement(0.0, emissions, price * second.ratio, second.row)
    return raw


@jit
def _worth(raw, least, most, row, line, grid):
    """What a unit is worth, money/t, where the bank before settlement is ``raw`` and the limits ``least``, ``most``."""
    if raw < least:
        return row[MarketMonth.MISSING]
    if raw > most:  # a unit that lapses is worth no more than one that is carried
        return min(row[MarketMonth.LAPSING], at(line, place_of(carried_at_limit(raw, row), grid)))
    return at(line, place_of(raw, grid))


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
