"""Two fully linked markets, or more, as one pool of units: one price, one bank, several ways to abate and several laws.

Units count alike wherever they come from, so a limit of one law binds only where all bind. Where some systems end a
period and others do not, all may be kept in the others' units, and units held against emissions of the others that are
not due yet may be lent; where all end, limits on carrying and borrowing add up. What is missing is paid where that
costs least among those that end, and what lapses is worth the highest of the floors. A unit carried is worth its
price: under which of the limits it would come next is not known, so it passes on no worth of net sales (see
`clearing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.clearing import Onward, Others, cleared
from nea_env.core.equilibrium.grid import at, grid_of, place_of
from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.solve import backward
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED

ROUNDING = 1e-9  # of a year's emissions
FINER = 4  # steps of the pool's grid in one of the banks': it has but one bank


Partner = tuple[Problem, Terms]


def merged(home: Problem, partners: Sequence[Partner]) -> Problem:
    """The pool in home units and home money: the home problem with the limits, the bank and the terminal of all.

    What the partners add and abate stays in rows of their own. A pool has one discount factor, the home market's. Each
    supply response acts on its system's part of the pool's bank, taken in proportion to baseline emissions.
    """
    systems, shares = [home, *(partner for partner, _ in partners)], [1.0, *map(share_of, partners)]
    parities = [np.ones(home.months + 1), *(terms.parities(home, partner) for partner, terms in partners)]
    ends = [np.asarray(system.year_end) > 0 for system in systems]
    some, every = np.any(ends, axis=0), np.all(ends, axis=0)

    def added(of: Callable[[Problem], Any]) -> Any:
        total = of(home)
        for system, share in zip(systems[1:], shares[1:], strict=True):
            total = total + share * of(system)
        return total

    borrowing, missing, lapsing = np.zeros(home.months), np.full(home.months, np.inf), np.zeros(home.months)
    for system, share, parity, ended in zip(systems, shares, parities, ends, strict=True):
        late = parity[:-1] * system.discount**system.wait
        borrowing += share * np.where(ended, system.borrowing, _owed(system.emissions, ended))
        np.minimum(missing, np.where(ended, late * system.shortage_price, np.inf), out=missing)
        np.maximum(lapsing, late * system.lapse_price, out=lapsing)
    banks = np.linspace(
        added(lambda system: system.banks[0]),
        added(lambda system: system.banks[-1]),
        FINER * sum(len(system.banks) - 1 for system in systems) + 1,
    )
    return replace(
        home,
        response=added(lambda system: system.response) / sum(shares),
        year_end=some.astype(float),
        wait=np.zeros_like(home.wait),
        carry_multiple=np.max([system.carry_multiple for system in systems], axis=0),
        carry_base=added(_limit),
        unlimited=(some & ~every | np.any([system.unlimited > 0 for system in systems], axis=0)).astype(float),
        deficit=np.zeros(home.months),
        surplus_share=0.0,
        brokers=0.0,
        borrowing=np.where(some, borrowing, 0.0),
        shortage_price=np.where(some, missing, 0.0),
        lapse_price=np.where(every, lapsing, 0.0),
        shocks=_spread([system.shocks for system in systems], 0),
        chances=_chances(home, partners),
        banks=banks,
        start_bank=added(lambda system: system.start_bank),
        start_shock=_start_shock(systems),
        terminal=_terminal(systems, shares, parities, banks),
    )


def share_of(partner: Partner) -> float:
    """Home units in a unit of the partner's bank."""
    return partner[1].scale / partner[1].units


def _spread(shocks: Sequence[Array], which: int) -> Array:
    """(Z,) one system's shocks at every state of all of theirs, the first's changing last."""
    before, after = (int(np.prod([len(one) for one in part])) for part in (shocks[:which], shocks[which + 1 :]))
    return np.tile(np.repeat(shocks[which], after), before)


def _chances(home: Problem, partners: Sequence[Partner]) -> Array:
    """(Z, Z) transition of all shocks; those of the second partner and on are independent of the others."""
    (first, terms), *others = partners
    chances = terms.chances(home, first)
    for partner, _ in others:
        chances = np.asarray(np.kron(chances, partner.chances), np.float64)
    return chances


def _start_shock(systems: Sequence[Problem]) -> int:
    state = 0
    for system in systems:
        state = state * len(system.shocks) + system.start_shock
    return state


def _terminal(systems: Sequence[Problem], shares: Sequence[float], parities: Sequence[Array], banks: Array) -> Array:
    """(B, Z) price after the last month at which the demands of all for a bank add up to the pool's."""
    pooled, on = systems[0].terminal, systems[0].banks
    for k in range(1, len(systems)):
        system, share = systems[k], shares[k]
        last = k == len(systems) - 1
        both = banks if last else np.linspace(on[0] + share * system.banks[0], on[-1] + share * system.banks[-1], 1201)
        pooled, on = _pooled_terminal((on, pooled), system, both, share, parities[k][-1]), both
    return pooled


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


def _pooled_terminal(home: tuple[Array, Array], partner: Problem, banks: Array, share: float, parity: float) -> Array:
    """(B, Z1 x Z2): the price at which two terminal demands for a bank add up to the pool's; home money per t.

    Args:
        home: (B1,) banks and (B1, Z1) prices of home, or of a pool.
        partner: to be joined to it.
        banks: (B,) of the two.
        share: home units in a unit of the partner's bank.
        parity: home money per unit of the partner's money and units.
    """
    held, prices = home
    low = np.maximum(held[0], banks - share * partner.banks[-1])
    high = np.minimum(held[-1], banks - share * partner.banks[0])
    columns = []
    for own in prices.T:
        for other in parity * partner.terminal.T:
            a, c = low.copy(), high.copy()
            for _ in range(100):  # the split of the bank at which both are worth the same
                split = 0.5 * (a + c)
                dearer = np.interp(split, held, own) > np.interp((banks - split) / share, partner.banks, other)
                a, c = np.where(dearer, split, a), np.where(dearer, c, split)
            split = 0.5 * (a + c)
            there = np.interp((banks - split) / share, partner.banks, other)
            here = np.interp(split, held, own)
            full = split >= held[-1] - ROUNDING  # no room left: the other market sets the price
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
    home: Problem, partners: Sequence[Partner], progress: Callable[[float], None] | None = None
) -> LinkedChain:
    """The price processes of a pool, backward from its last month; those of the first partner, and B2 is 1.

    Args:
        home: whose units and money count.
        partners: one or more, with the terms of their links.
        progress: as ``solve_linked`` has it.

    Raises:
        ValueError: a link does not make one price, or is not open all along, or months differ.
    """
    for partner, terms in partners:
        if not terms.is_pool:
            raise ValueError(f"a link of type {terms.type} is a pool only if full, and open all along for certain")
        if not home.months == partner.months == len(terms.open):
            raise ValueError(f"months: home {home.months}, partner {partner.months}, link {len(terms.open)}")
    pool, systems = merged(home, partners), [partner for partner, _ in partners]
    months, shape = home.months, (len(pool.banks), len(pool.shocks))
    running, after, lapse = (np.zeros((months + 1, *count, *shape)) for count in ((), (2,), (2,)))
    landing, outcome = np.zeros((months, *shape)), np.zeros((months, *shape), np.int8)
    running[months] = after[months] = pool.terminal
    rows = np.stack([table(pool), *map(table, systems)], axis=1)
    rows[:, 1:, MarketMonth.RESPONSE] = 0.0  # it is part of the pool's
    ends = np.stack([home.year_end, systems[0].year_end], axis=1)
    shocks = [home.shocks, *(system.shocks for system in systems)]
    factors = np.exp(np.stack([_spread(shocks, k) for k in range(len(shocks))], axis=1))
    parities = np.stack([terms.parities(home, partner) for partner, terms in partners], axis=1)
    parity, weights = parities[:, 0], np.array([share_of(partner) for partner in partners])
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
            rows[month], ends[month], pool.banks, factors, weights, 1.0 / parities[month],
            ahead, now, landing[month], outcome[month],
        )  # fmt: skip
    abroad = 1.0 / parity[:, None, None, None]
    price, place, how = running[:, :, None, :], landing[:, :, None, :], outcome[:, :, None, :]
    after, lapse = after[:, :, :, None, :], lapse[:, :, :, None, :]
    return LinkedChain(
        home, *partners[0], pool.banks, np.zeros(1), pool.chances,
        price, abroad * price, price, abroad * price, after[:, 0], abroad * after[:, 1], place, np.zeros_like(place),
        how, how, lapse[:, 0], lapse[:, 1], np.zeros_like(place), None, tuple(partners[1:]),
    )  # fmt: skip


@jit
def _solve_month(rows, ends, banks, factors, weights, ratios, ahead, now, landing, outcome):
    """Fill one month's tables: how the pool clears at every bank and shock.

    Args:
        rows: (1 + P, MarketMonth.size) the month of the pool, and of the P partners' emissions and supply.
        ends: (2,) positive where the period of home, or of the first partner, ends.
        banks: (B,) grid of the pool's bank, units.
        factors: (Z, 1 + P) of the emissions of home and of the partners, the shocks.
        weights: (P,) units of the partners in those of home.
        ratios: (P,) prices of the partners over that of home.
        ahead: a `PoolMonth` (Z, B): discounted means one month on, by today's shock and the bank carried.
        now: out, the `PoolMonth`.
        landing: (B, Z) out, place of the bank carried on its grid.
        outcome: (B, Z) out, WITHIN, LAPSED or SHORT.
    """
    grid = grid_of(banks)
    for state in range(len(factors)):
        line = ahead.running[state]
        onward = Onward(line, line, grid)
        others = Others(rows[1:], factors[state, 1:], weights, ratios)
        for node in range(grid.nodes):
            price, _, carried, how = cleared(banks[node], 0.0, rows[0], factors[state, 0], others, onward, line[node])
            place = place_of(carried, grid)
            now.running[node, state] = price
            landing[node, state], outcome[node, state] = place, how
            for side in range(2):
                ended = ends[side] > 0.0
                binds = 1.0 if how == LAPSED else 0.0
                now.after[side, node, state] = at(line if ended else ahead.after[side, state], place)
                now.lapse[side, node, state] = binds if ended else at(ahead.lapse[side, state], place)
