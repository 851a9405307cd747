"""One month of two markets that may trade: the two prices that clear, and the units that cross."""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import NDArray

from nea_env.core.equilibrium.clearing import Onward, cleared, inside
from nea_env.core.equilibrium.grid import Grid, at, mix, place_of
from nea_env.core.equilibrium.month import MarketMonth
from nea_env.core.jit import jit
from nea_env.core.parameters import WITHIN

SAME = 1e-10  # relative difference of two prices that trade would even out
CLOSE = 1e-13  # of a grid: a bank that moves by no more has settled
SWEEPS = 200  # of the two markets in turn; three or four do, but at the corners of the limits

Arrays = tuple[NDArray, NDArray]


class Pair(NamedTuple):
    """Two markets in a month at a pair of shocks: home first, then the partner, each in its own units and money.

    Attributes:
        rows: (2, MarketMonth.size) the month of both.
        factors: of their emissions, the shocks.
        values: (B2, B1) discounted mean of the next home price and (B1, B2) that of the partner's, money/t, by the
            other's bank and the own bank carried.
        worths: the same of what a unit is worth to a firm that carries.
        lines: `Onward` of home and of the partner, to work on.
        grids: of the two banks.
    """

    rows: NDArray
    factors: tuple[float, float]
    values: Arrays
    worths: Arrays
    lines: tuple[Onward, Onward]
    grids: tuple[Grid, Grid]


class Trade(NamedTuple):
    """On what terms units may cross in a month.

    Attributes:
        open: whether any may.
        limit: most home units that may come in.
        exports: whether home units can be sold to the partner.
        parity: times the partner's price is what the units for one home tonne cost, home money per t.
        fee: on a purchase, share of the home price.
        share: partner units that are given for a home unit.
    """

    open: bool
    limit: float
    exports: bool
    parity: float
    fee: float
    share: float


@jit
def pair(banks, moved, given, markets, guess):
    """Clear both markets for a given trade: each in turn, at the bank to which the other leads.

    A market's price hangs on the other's bank next month alone, and by less than on its own, so turns converge.

    Args:
        banks: two, at the start of the month, units of each market.
        moved: home units that come in.
        given: partner units that go out.
        markets: the `Pair`.
        guess: two prices, money/t, and the place of the partner's bank after the month, to begin with.

    Returns:
        The two prices, money/t; the places of the two banks carried on their grids; the two outcomes, WITHIN, LAPSED
        or SHORT; what a unit of each is worth to a firm that carries, money/t.
    """
    rows, factors, grids = markets.rows, markets.factors, markets.grids
    line_1, line_2 = markets.lines
    p_1, p_2, y = guess
    w_1 = w_2 = x = 0.0
    how_1 = how_2 = WITHIN
    for sweep in range(SWEEPS):
        mix(markets.values[0], y, line_1.running)
        mix(markets.worths[0], y, line_1.worth)
        p_1, w_1, carried, how_1 = cleared(banks[0], moved, rows[0], factors[0], None, line_1, p_1)
        x = place_of(carried, grids[0])
        mix(markets.values[1], x, line_2.running)
        mix(markets.worths[1], x, line_2.worth)
        p_2, w_2, carried, how_2 = cleared(banks[1], -given, rows[1], factors[1], None, line_2, p_2)
        new = place_of(carried, grids[1])
        gone = abs(new - y)
        y = new if sweep < 20 else 0.5 * (y + new)
        if gone <= CLOSE * line_2.grid.nodes:
            break
    if how_1 == WITHIN:
        ends = rows[0, MarketMonth.YEAR_END] > 0.0
        mix(markets.worths[0], y, line_1.worth)
        mix(markets.worths[0] if ends else markets.values[0], y, line_1.running)
        p_1, w_1 = at(line_1.running, x), at(line_1.worth, x)
    return p_1, p_2, x, y, how_1, how_2, w_1, w_2


@jit
def traded(banks, trade, markets, guess):
    """Clear both markets and the trade between them: no unit crosses unless that pays, and none is left that would pay.

    The home price falls and the partner's rises with what crosses, so the gain from one more unit changes sign once.

    Args:
        banks: two, at the start of the month, units of each market.
        trade: the terms of `Trade`.
        markets: the `Pair`.
        guess: as that of ``pair``.

    Returns:
        Home units that came in, negative where they went out, and what ``pair`` returns.
    """
    parity, fee, share = trade.parity, trade.fee, trade.share
    best = pair(banks, 0.0, 0.0, markets, guess)
    gain = best[0] * (1.0 - fee) - parity * best[1]
    sign = 1.0
    if gain < 0.0:
        sign, gain = -1.0, parity * best[1] - best[0] * (1.0 + fee)
    even = SAME * (best[0] + parity * best[1])
    if gain <= even or (sign < 0.0 and not trade.exports) or (sign > 0.0 and trade.limit <= 0.0):
        return 0.0, best
    far = _room(banks, sign, share, markets)
    if sign > 0.0:
        far = min(far, trade.limit)
    net = 1.0 - sign * fee  # of the home price
    near, near_gain, near_best = 0.0, gain, best
    far_best = pair(banks, sign * far, sign * far * share, markets, (best[0], best[1], best[3]))
    far_gain = sign * (far_best[0] * net - parity * far_best[1])
    if far_gain >= -SAME * (far_best[0] + parity * far_best[1]):
        return sign * far, far_best
    amount, best, kept = far, far_best, 0.0
    for turn in range(120):
        amount = inside(near, far, near_gain, far_gain, turn < 60)
        best = pair(banks, sign * amount, sign * amount * share, markets, (best[0], best[1], best[3]))
        gain = sign * (best[0] * net - parity * best[1])
        if abs(gain) <= SAME * (best[0] + parity * best[1]):
            return sign * amount, best
        if gain > 0.0:
            near, near_gain, near_best = amount, gain, best
            far_gain *= 0.5 if kept > 0.0 else 1.0  # an end that stays is given less weight: Dowell & Jarratt 1971
            kept = 1.0
        else:
            far, far_gain, far_best = amount, gain, best
            near_gain *= 0.5 if kept < 0.0 else 1.0
            kept = -1.0
        if far - near <= CLOSE * far:
            break
    return sign * amount, _evened(near_best, far_best, net, parity)


@jit
def _room(banks, sign, share, markets):
    """Home units that can cross before a bank leaves its grid; at a period's end units can also be missing or lapse.

    Args:
        banks: two, at the start of the month, units of each market.
        sign: 1 for imports, -1 for exports.
        share: partner units that are given for a home unit.
        markets: the `Pair`.
    """
    (low_1, step_1, nodes_1), (low_2, step_2, nodes_2) = markets.grids
    rows, factors = markets.rows, markets.factors
    span_1, span_2 = (nodes_1 - 1) * step_1, (nodes_2 - 1) * step_2 / share
    above, below = banks[0] - low_1, (banks[1] - low_2) / share  # what each could give, in home units
    room_1, room_2 = (span_1 - above, below) if sign > 0.0 else (above, span_2 - below)
    if rows[0, MarketMonth.YEAR_END] > 0.0:
        room_1 += span_1 + span_2
    if rows[1, MarketMonth.YEAR_END] > 0.0:
        room_2 += span_1 + span_2
    emitted_1, emitted_2 = rows[0, MarketMonth.EMISSIONS] * factors[0], rows[1, MarketMonth.EMISSIONS] * factors[1]
    return min(room_1, room_2) + emitted_1 + emitted_2 / share


@jit
def _evened(near, far, net, parity):
    """The state between two that differ by a jump of a price at a limit: that price is set so that no trade pays.

    Args:
        near: what ``pair`` returns where one more unit pays.
        far: what it returns where it does not.
        net: what a buyer keeps of the home price after the fee, share.
        parity: as in `Trade`.
    """
    p_1, p_2, x, y, how_1, how_2, w_1, w_2 = far
    if max(how_1, how_2, near[4], near[5]) == WITHIN:  # rounding, no jump
        return far
    if abs(near[0] - p_1) >= parity * abs(near[1] - p_2):
        even = parity * p_2 / net
        return even, p_2, x, y, max(how_1, near[4]), how_2, _between(even, near[0], p_1, near[6], w_1), w_2
    even = net * p_1 / parity
    return p_1, even, x, y, how_1, max(how_2, near[5]), w_1, _between(even, near[1], p_2, near[7], w_2)


@jit
def _between(price, near, far, near_worth, far_worth):
    """What a unit is worth to a firm that carries, at a price between two; at a limit it is linear in the price."""
    return far_worth if near == far else near_worth + (far_worth - near_worth) * (price - near) / (far - near)
