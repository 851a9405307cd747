"""Two fully linked markets as one pool of units: one price, one bank, two ways to abate and two laws.

Units count alike wherever they come from, so a limit of one law binds only where both bind. Where one system
alone ends a period, all may be kept in the other's units, and units held against emissions of the other that are not
due yet may be lent; where both end, limits on carrying and borrowing add up, what is missing is paid where that
costs less, and what lapses is worth the higher of the two floors. A unit carried is worth its price: under
which of the two limits it would come next is not known, so it passes on no worth of net sales (see `clearing`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.clearing import Onward, Second, cleared
from nea_env.core.equilibrium.grid import at, grid_of, place_of
from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.solve import backward
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED

ROUNDING = 1e-9  # of a year's emissions
FINER = 4  # steps of the pool's grid in one of the banks': it has but one bank


def merged(home: Problem, partner: Problem, terms: Terms) -> Problem:
    """The pool in home units and home money: the home problem with the limits, the bank and the terminal of both.

    What the partner adds and abates stays in its own rows. A pool has one discount factor, the home market's. Each
    supply response acts on its system's part of the pool's bank, taken in proportion to baseline emissions.
    """
    share = terms.scale / terms.units  # home units in a unit of the partner's bank
    parity = terms.parities(home, partner)
    ends, other_ends = np.asarray(home.year_end) > 0, np.asarray(partner.year_end) > 0
    alone, other_alone, both = ends & ~other_ends, other_ends & ~ends, ends & other_ends
    missing = home.discount**home.wait * home.shortage_price
    other_missing = parity[:-1] * partner.discount**partner.wait * partner.shortage_price
    lapsing = home.discount**home.wait * home.lapse_price
    other_lapsing = parity[:-1] * partner.discount**partner.wait * partner.lapse_price
    borrowing = np.select(
        [both, alone, other_alone],
        [
            home.borrowing + share * partner.borrowing,
            home.borrowing + share * _owed(partner.emissions, other_ends),
            share * partner.borrowing + _owed(home.emissions, ends),
        ],
        0.0,
    )
    low = home.banks[0] + share * partner.banks[0]
    high = home.banks[-1] + share * partner.banks[-1]
    banks = np.linspace(low, high, FINER * (len(home.banks) + len(partner.banks) - 2) + 1)
    return replace(
        home,
        response=(home.response + share * partner.response) / (1.0 + share),
        year_end=(ends | other_ends).astype(float),
        wait=np.zeros_like(home.wait),
        carry_multiple=np.maximum(home.carry_multiple, partner.carry_multiple),
        carry_base=_limit(home) + share * _limit(partner),
        unlimited=(alone | other_alone | (home.unlimited > 0) | (partner.unlimited > 0)).astype(float),
        deficit=np.zeros(home.months),
        surplus_share=0.0,
        brokers=0.0,
        borrowing=borrowing,
        shortage_price=np.select(
            [both, alone, other_alone], [np.minimum(missing, other_missing), missing, other_missing], 0.0
        ),
        lapse_price=np.where(both, np.maximum(lapsing, other_lapsing), 0.0),
        shocks=np.repeat(home.shocks, len(partner.shocks)),
        chances=terms.chances(home, partner),
        banks=banks,
        start_bank=home.start_bank + share * partner.start_bank,
        start_shock=home.start_shock * len(partner.shocks) + partner.start_shock,
        terminal=_pooled_terminal(home, partner, banks, share, parity[-1]),
    )


def _owed(emissions: Array, ends: NDArray[np.bool_]) -> Array:
    """(T,) baseline emissions since the period began, at the end of the month: what is not due yet."""
    total = np.cumsum(emissions)
    settled = np.where(ends, total, 0.0)
    return total - np.maximum.accumulate(np.concatenate([[0.0], settled[:-1]]))


def _limit(problem: Problem) -> Array:
    """(T,) units that may be carried over where there is a limit."""
    return (
        problem.carry_multiple * problem.deficit + (1.0 + problem.carry_multiple) * problem.brokers + problem.carry_base
    )


def _pooled_terminal(home: Problem, partner: Problem, banks: Array, share: float, parity: float) -> Array:
    """(B, Z1 x Z2): the price at which the two terminal demands for a bank add up to the pool's; home money per t."""
    low = np.maximum(home.banks[0], banks - share * partner.banks[-1])
    high = np.minimum(home.banks[-1], banks - share * partner.banks[0])
    columns = []
    for own in home.terminal.T:
        for other in parity * partner.terminal.T:
            a, c = low.copy(), high.copy()
            for _ in range(100):  # the split of the bank at which both are worth the same
                split = 0.5 * (a + c)
                dearer = np.interp(split, home.banks, own) > np.interp((banks - split) / share, partner.banks, other)
                a, c = np.where(dearer, split, a), np.where(dearer, c, split)
            split = 0.5 * (a + c)
            there = np.interp((banks - split) / share, partner.banks, other)
            here = np.interp(split, home.banks, own)
            full = split >= home.banks[-1] - ROUNDING  # no room left: the other market sets the price
            filled = (banks - split) / share >= partner.banks[-1] - ROUNDING
            columns.append(np.where(full & ~filled, there, np.where(filled & ~full, here, np.maximum(here, there))))
    return np.stack(columns, axis=1)


class PoolMonth(NamedTuple):
    """A month of a pool at every bank (B) and shock (Z); of two vintages and two chances, home's come first.

    Attributes:
        running: (B, Z) price of the running vintage, home money/t.
        after: (2, B, Z) prices of the vintages after it, home money/t.
        lapse: (2, B, Z) probabilities that the limit on carrying binds at the period's end.
    """

    running: Array
    after: Array
    lapse: Array


def solve_pool(
    home: Problem, partner: Problem, terms: Terms, progress: Callable[[float], None] | None = None
) -> LinkedChain:
    """The price processes of a pool, backward from its last month; B2 is 1.

    Raises:
        ValueError: the link does not make one price, or is not open all along.
    """
    if not terms.is_pool:
        raise ValueError(f"a link of type {terms.type} is a pool only if full, and open all along for certain")
    pool = merged(home, partner, terms)
    months, shape = home.months, (len(pool.banks), len(pool.shocks))
    running, after, lapse = (np.zeros((months + 1, *count, *shape)) for count in ((), (2,), (2,)))
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    running[months] = after[months] = pool.terminal
    rows = np.stack([table(pool), table(partner)], axis=1)
    rows[:, 1, MarketMonth.RESPONSE] = 0.0  # it is part of the pool's
    ends = np.stack([home.year_end, partner.year_end], axis=1)
    factors = np.exp(pool.shocks), np.exp(np.tile(partner.shocks, len(home.shocks)))
    parity, share = terms.parities(home, partner), terms.scale / terms.units
    onward = pool.chances.T

    def expected(values: Array) -> Array:
        """(Z, B) mean one month on, by today's shock, of values (B, Z)."""
        return np.ascontiguousarray((values @ onward).T)

    for month in backward(months, progress):
        ahead = PoolMonth(
            pool.discount * expected(running[month + 1]),
            pool.discount * np.stack([expected(values) for values in after[month + 1]]),
            np.stack([expected(values) for values in lapse[month + 1]]),
        )
        now = PoolMonth(running[month], after[month], lapse[month])
        _solve_month(
            rows[month], ends[month], pool.banks, factors, share, 1.0 / parity[month],
            ahead, now, landing[month], outcome[month],
        )  # fmt: skip
    abroad = 1.0 / parity[:, None, None, None]
    price, place, how = running[:, :, None, :], landing[:, :, None, :], outcome[:, :, None, :]
    after, lapse = after[:, :, :, None, :], lapse[:, :, :, None, :]
    return LinkedChain(
        home, partner, terms, pool.banks, np.zeros(1), pool.chances,
        price, abroad * price, price, abroad * price, after[:, 0], abroad * after[:, 1], place, np.zeros_like(place),
        how, how, lapse[:, 0], lapse[:, 1], np.zeros_like(place),
    )  # fmt: skip


@jit
def _solve_month(rows, ends, banks, factors, weight, ratio, ahead, now, landing, outcome):
    """Fill one month's tables: how the pool clears at every bank and shock.

    Args:
        rows: (2, MarketMonth.size) the month of the pool, and of the partner's emissions and supply.
        ends: (2,) positive where the period of home, or of the partner, ends.
        banks: (B,) grid of the pool's bank, units.
        factors: two (Z,), of the emissions of home and of the partner, the shocks.
        weight: partner units in those of home.
        ratio: partner's price over that of home.
        ahead: a `PoolMonth` (Z, B): discounted means one month on, by today's shock and the bank carried.
        now: out, the `PoolMonth`.
        landing: (B, Z) out, place of the bank carried on its grid.
        outcome: (B, Z) out, WITHIN, LAPSED or SHORT.
    """
    grid = grid_of(banks)
    for state in range(len(factors[0])):
        line = ahead.running[state]
        onward = Onward(line, line, grid)
        second = Second(rows[1], factors[1][state], weight, ratio)
        for node in range(grid.nodes):
            price, _, carried, how = cleared(banks[node], 0.0, rows[0], factors[0][state], second, onward, line[node])
            place = place_of(carried, grid)
            now.running[node, state] = price
            landing[node, state], outcome[node, state] = place, how
            for side in range(2):
                ended = ends[side] > 0.0
                binds = 1.0 if how == LAPSED else 0.0
                now.after[side, node, state] = at(line if ended else ahead.after[side, state], place)
                now.lapse[side, node, state] = binds if ended else at(ahead.lapse[side, state], place)
