"""One month of two markets that may trade: the two prices that clear, and the units that cross."""

from __future__ import annotations

import numpy as np

from nea_env.core.equilibrium.solve import (
    EMISSIONS,
    LAPSING,
    MISSING,
    YEAR_END,
    at,
    bank_before_settlement,
    carried_at_limit,
    carry_limit,
    least_carried,
    place_of,
)
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, SHORT, WITHIN

CLOSE = 1e-13  # relative error of a price within its month
JUMP = 1e-9  # of the highest price: an excess at the solution that is no rounding error
SAME = 1e-10  # relative difference of two prices that trade would even out
SWEEPS = 200  # of the two markets in turn; three or four do, but at the corners of the limits


@jit
def cleared(bank, moved, row, factor, other_row, other_factor, weight, ratio, line, low, step, guess, top):
    """(price, bank carried on, outcome) of a month of one market, or of a pool of two.

    The price less the worth of a unit rises with the price, since the bank does and worth falls with the bank: one
    price clears. Where the excess jumps over zero, the bank rests on a limit and the price lies between two values.

    Args:
        bank: at the start of the month, units.
        moved: units that come in from elsewhere before the settlement.
        row: the month, a row of ``equilibrium.table``.
        factor: of its emissions, the shock.
        other_row: the second system of a pool.
        other_factor: its shock.
        weight: its units in those of the first; 0 for one market alone.
        ratio: its price over that of the first.
        line: (B,) discounted mean of the next price by the bank carried; weakly falling.
        low: first bank of that grid.
        step: from one bank of the grid to the next.
        guess: a price to begin with. Its worth lies on the other side of the solution, so both give a bracket.
        top: a price that is never exceeded.
    """
    nodes = len(line)
    least, most = -np.inf, np.inf
    if row[YEAR_END] > 0.0:
        least, most = least_carried(line, row, low, step), carry_limit(row)
    dearest = min(at(line, place_of(least, low, step, nodes)), row[MISSING])
    emissions, other_emissions = row[EMISSIONS] * factor, other_row[EMISSIONS] * other_factor
    below, above, short, long = 0.0, top, 0.0, 0.0  # bracket, and the excess at either end: 0 before it is known
    price = min(max(guess, 0.0), top)
    raw = excess = 0.0
    wide = top
    for turn in range(150):
        raw = moved + bank_before_settlement(bank, emissions, price, row)
        if weight > 0.0:
            raw += weight * bank_before_settlement(0.0, other_emissions, price * ratio, other_row)
        if raw < least:
            value = row[MISSING]
        elif raw > most:  # a unit that lapses is worth no more than one that is carried
            value = min(row[LAPSING], at(line, place_of(carried_at_limit(raw, row), low, step, nodes)))
        else:
            value = at(line, place_of(raw, low, step, nodes))
        excess = price - value
        if abs(excess) <= CLOSE * price:
            break
        if excess < 0.0:
            below, short = price, excess
        else:
            above, long = price, excess
        if above - below <= CLOSE * above:
            break
        if turn == 0:
            price = min(max(value, below), above)
            continue
        if turn < 12 and short < 0.0 and long > 0.0 and (turn % 3 > 0 or above - below < 0.5 * wide):
            price = (below * long - above * short) / (long - short)
            if price <= below or price >= above:
                price = 0.5 * (below + above)
        else:
            price = 0.5 * (below + above)
        if turn % 3 == 0:
            wide = above - below
    if row[YEAR_END] > 0.0:
        if abs(excess) > JUMP * top:  # between two values: the bank is at a limit
            if abs(raw - least) <= abs(raw - most) and price > dearest:
                return price, least, SHORT
            return price, most, LAPSED
        if raw < least:
            return price, least, SHORT
        if raw > most:
            return price, carried_at_limit(raw, row), LAPSED
    return price, raw, WITHIN


@jit
def mix(values, place, line):
    """Fill ``line`` (B,) with ``values`` (A, B) at a place on the grid of A."""
    below = min(int(place), values.shape[0] - 2)
    share = place - below
    for node in range(len(line)):
        line[node] = (1.0 - share) * values[below, node] + share * values[below + 1, node]


@jit
def pair(banks, moved, given, rows, factors, values_1, values_2, lines, grids, guess, tops):
    """Clear both markets for a given trade: each in turn, at the bank to which the other leads.

    A market's price hangs on the other's bank next month alone, and by less than on its own, so turns converge.

    Args:
        banks: (home, partner) at the start of the month.
        moved: home units that come in.
        given: partner units that go out.
        rows: (2, COLUMNS) the month of both.
        factors: of their emissions.
        values_1: (B2, B1) discounted mean of the next home price.
        values_2: (B1, B2) of the partner's.
        lines: two arrays (B1,), (B2,) to work on.
        grids: (first bank, step) of home, then of the partner.
        guess: two prices, and the place of the partner's bank after the month, to begin with.
        tops: prices that are never exceeded.

    Returns:
        The two prices, the places of the two banks after the month, the two outcomes.
    """
    low_1, step_1, low_2, step_2 = grids
    line_1, line_2 = lines
    p_1, p_2, y = guess
    x = 0.0
    how_1 = how_2 = WITHIN
    for sweep in range(SWEEPS):
        mix(values_1, y, line_1)
        p_1, carried, how_1 = cleared(
            banks[0], moved, rows[0], factors[0], rows[0], 1.0, 0.0, 1.0, line_1, low_1, step_1, p_1, tops[0]
        )
        x = place_of(carried, low_1, step_1, len(line_1))
        mix(values_2, x, line_2)
        p_2, carried, how_2 = cleared(
            banks[1], -given, rows[1], factors[1], rows[1], 1.0, 0.0, 1.0, line_2, low_2, step_2, p_2, tops[1]
        )
        new = place_of(carried, low_2, step_2, len(line_2))
        gone = abs(new - y)
        y = new if sweep < 20 else 0.5 * (y + new)
        if gone <= CLOSE * len(line_2):
            break
    if how_1 == WITHIN:
        mix(values_1, y, line_1)
        p_1 = at(line_1, x)
    if how_2 == WITHIN:
        p_2 = at(line_2, y)
    return p_1, p_2, x, y, how_1, how_2


@jit
def traded(banks, most, exports, parity, fee, share, rows, factors, values_1, values_2, lines, grids, guess, tops):
    """Clear both markets and the trade between them: no unit crosses unless that pays, and none is left that would pay.

    ``most`` home units may come in; ``parity`` x partner price is what the units for one home tonne cost, the fee on
    a purchase comes on top; ``share`` x a home unit is what the partner gives for it. The home price falls and
    the partner's rises with what crosses, so the gain from one more unit changes sign once.

    Returns:
        Home units that came in, and what ``pair`` returns.
    """
    best = pair(banks, 0.0, 0.0, rows, factors, values_1, values_2, lines, grids, guess, tops)
    gain = best[0] * (1.0 - fee) - parity * best[1]
    sign = 1.0
    if gain < 0.0:
        sign, gain = -1.0, parity * best[1] - best[0] * (1.0 + fee)
    even = SAME * (best[0] + parity * best[1])
    if gain <= even or (sign < 0.0 and not exports) or (sign > 0.0 and most <= 0.0):
        return 0.0, best
    far = _room(banks, sign, share, rows, factors, grids, len(lines[0]), len(lines[1]))
    if sign > 0.0:
        far = min(far, most)
    net = 1.0 - sign * fee  # of the home price
    near, near_gain, near_best = 0.0, gain, best
    guess = best[0], best[1], best[3]
    far_best = pair(banks, sign * far, sign * far * share, rows, factors, values_1, values_2, lines, grids, guess, tops)
    far_gain = sign * (far_best[0] * net - parity * far_best[1])
    if far_gain >= -SAME * (far_best[0] + parity * far_best[1]):
        return sign * far, far_best
    wide = far
    best = far_best
    amount = far
    for turn in range(120):
        if turn < 16 and (turn % 3 > 0 or far - near < 0.5 * wide):
            amount = (near * -far_gain + far * near_gain) / (near_gain - far_gain)
            if amount <= near or amount >= far:
                amount = 0.5 * (near + far)
        else:
            amount = 0.5 * (near + far)
        if turn % 3 == 0:
            wide = far - near
        guess = best[0], best[1], best[3]
        best = pair(
            banks, sign * amount, sign * amount * share, rows, factors, values_1, values_2, lines, grids, guess, tops
        )
        gain = sign * (best[0] * net - parity * best[1])
        if abs(gain) <= SAME * (best[0] + parity * best[1]):
            return sign * amount, best
        if gain > 0.0:
            near, near_gain, near_best = amount, gain, best
        else:
            far, far_gain, far_best = amount, gain, best
        if far - near <= CLOSE * far:
            break
    return sign * amount, _evened(near_best, far_best, net, parity)


@jit
def _room(banks, sign, share, rows, factors, grids, nodes_1, nodes_2):
    """Home units that can cross before a bank leaves its grid; at a period's end units can also be missing or lapse."""
    low_1, step_1, low_2, step_2 = grids
    span_1, span_2 = (nodes_1 - 1) * step_1, (nodes_2 - 1) * step_2 / share
    above, below = banks[0] - low_1, (banks[1] - low_2) / share  # what each could give, in home units
    room_1, room_2 = (span_1 - above, below) if sign > 0.0 else (above, span_2 - below)
    if rows[0, YEAR_END] > 0.0:
        room_1 += span_1 + span_2
    if rows[1, YEAR_END] > 0.0:
        room_2 += span_1 + span_2
    return min(room_1, room_2) + rows[0, EMISSIONS] * factors[0] + rows[1, EMISSIONS] * factors[1] / share


@jit
def _evened(near, far, net, parity):
    """The state between two that differ by a jump of a price at a limit: that price is set so that no trade pays."""
    p_1, p_2, x, y, how_1, how_2 = far
    if max(how_1, how_2, near[4], near[5]) == WITHIN:  # rounding, no jump
        return far
    if abs(near[0] - p_1) >= parity * abs(near[1] - p_2):
        return parity * p_2 / net, p_2, x, y, max(how_1, near[4]), how_2
    return p_1, net * p_1 / parity, x, y, how_1, max(how_2, near[5])
