"""Two fully linked markets as one pool of units: one price, one bank, two ways to abate and two laws.

Units count alike wherever they come from, so a limit of one law binds only where both bind. Where one system
alone ends a period, all may be kept in the other's units, and units held against emissions of the other that are not
due yet may be lent; where both end, limits on carrying and borrowing add up, what is missing is paid where that
costs less, and what lapses is worth the higher of the two floors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.pair import cleared
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.solve import RESPONSE, YEAR_END, at, backward, place_of, table
from nea_env.core.equilibrium.terms import LinkedChain, Terms
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, WITHIN

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


def solve_pool(
    home: Problem, partner: Problem, terms: Terms, progress: Callable[[float], None] | None = None
) -> LinkedChain:
    """The price law of a pool, backward from its last month; B2 is 1.

    Raises:
        ValueError: the link does not make one price, or is not open all along.
    """
    if not (terms.one_price and bool(np.all(terms.open))):
        raise ValueError(f"a link of type {terms.type} is a pool only if it is full and open from the first month on")
    pool = merged(home, partner, terms)
    months, shape = home.months, (len(pool.banks), len(pool.shocks))
    price, lapse, other_lapse, after, other_after = (np.zeros((months + 1, *shape)) for _ in range(5))
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    price[months] = after[months] = other_after[months] = pool.terminal
    rows, other_rows = table(pool), table(partner)
    other_rows[:, RESPONSE] = 0.0  # it is part of the pool's
    ends, other_ends = table(home)[:, YEAR_END], other_rows[:, YEAR_END].copy()
    factors = np.exp(pool.shocks), np.exp(np.tile(partner.shocks, len(home.shocks)))
    parity, share = terms.parities(home, partner), terms.scale / terms.units
    onward = pool.chances.T
    top = float(max(pool.terminal.max(), pool.shortage_price.max(), pool.lapse_price.max()))
    for month in backward(months, progress):
        now = price[month], after[month], other_after[month], lapse[month], other_lapse[month]
        ahead = [pool.discount * (prices[month + 1] @ onward).T for prices in (price, after, other_after)]
        ahead += [(chance[month + 1] @ onward).T for chance in (lapse, other_lapse)]
        _solve_month(
            rows[month], other_rows[month], ends[month], other_ends[month], pool.banks, *factors,
            share, 1.0 / parity[month], np.ascontiguousarray(np.stack(ahead)), top,
            *now, landing[month], outcome[month],
        )  # fmt: skip
    abroad = 1.0 / parity[:, None, None, None]
    price, after, other_after, landing, lapse, other_lapse = (
        each[:, :, None, :] for each in (price, after, other_after, landing, lapse, other_lapse)
    )
    how = outcome[:, :, None, :]
    return LinkedChain(
        home, partner, terms, pool.banks, np.zeros(1), pool.chances,
        price, abroad * price, after, abroad * other_after, landing, np.zeros_like(landing),
        how, how, lapse, other_lapse, np.zeros_like(landing),
    )  # fmt: skip


@jit
def _solve_month(
    row, other_row, ends, other_ends, banks, factors, other_factors, weight, ratio, ahead, top,
    price, after, other_after, lapse, other_lapse, landing, outcome,
):  # fmt: skip
    """Fill one month's (B, Z) tables.

    ``ahead`` (5, Z, B): next month's price, both prices of the vintage after, and both chances that a limit binds.
    """
    nodes = len(banks)
    low, step = banks[0], (banks[-1] - banks[0]) / (nodes - 1.0)
    for state in range(len(factors)):
        line = ahead[0, state]
        for node in range(nodes):
            paid, carried, how = cleared(
                banks[node], 0.0, row, factors[state], other_row, other_factors[state],
                weight, ratio, line, low, step, line[node], top,
            )  # fmt: skip
            place = place_of(carried, low, step, nodes)
            price[node, state] = at(line, place) if how == WITHIN else paid
            landing[node, state], outcome[node, state] = place, how
            after[node, state] = at(line if ends > 0.0 else ahead[1, state], place)
            other_after[node, state] = at(line if other_ends > 0.0 else ahead[2, state], place)
            binds = 1.0 if how == LAPSED else 0.0
            lapse[node, state] = binds if ends > 0.0 else at(ahead[3, state], place)
            other_lapse[node, state] = binds if other_ends > 0.0 else at(ahead[4, state], place)
