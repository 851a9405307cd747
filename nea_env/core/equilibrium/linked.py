"""The equilibrium prices of two linked markets, each under its own law, and the wedge that a limited link leaves.

Without limits the two are one pool of units (``pool``). Otherwise both banks are states: imports are
settled with the home period, and complementarity says how many there are: 0 <= wedge, perpendicular to
(quota - imports) >= 0. A link that opens or breaks later is foreseen: the months before are solved apart,
towards the values of the months after.

A link that may be cut in a month that nobody knows has both banks as states whatever its type: while it is whole, both
prices are discounted means over going on linked and going on alone. Units that crossed count where they are, so no
bank has to be split. In a full link firms hold of either kind what makes both worth the same: a pool split by a
rule, say in proportion to emissions, would let one price stand for two units that a cut makes worth different sums,
and whoever bought the better one would gain. Assumed: units cross as without a chance of a cut, under a quota at the
home period's end, so a cut before leaves that period without imports.

Quemin & de Perthuis 2019 (Environmental and Resource Economics, doi:10.1007/s10640-018-00307-6) compare the kinds of
limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.core.equilibrium.clearing import Onward
from nea_env.core.equilibrium.grid import at, grid_of, mix
from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.pair import Arrays, Pair, Trade, pair, traded
from nea_env.core.equilibrium.pool import solve_pool
from nea_env.core.equilibrium.problem import Array, Problem, check
from nea_env.core.equilibrium.solve import backward, solve
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED

HOME, PARTNER = 0, 1


class Ahead(NamedTuple):
    """What both markets expect of the month after: of home (Z, B2, B1), of the partner (Z, B1, B2), own bank last.

    Attributes:
        running: discounted mean of the next running price by the banks carried and today's shocks, money/t.
        worth: the same of what a unit is worth to a firm that carries.
        after: the same of the vintage after it.
        lapse: mean probability that the limit on carrying binds at the period's end.
    """

    running: Arrays
    worth: Arrays
    after: Arrays
    lapse: Arrays


class PairMonth(NamedTuple):
    """A month of both markets at every pair of banks and of shocks, home first.

    Attributes:
        running: (2, B1, B2, Z) price of the running vintage, money/t.
        worth: (2, B1, B2, Z) of a unit to a firm that carries, money/t.
        after: (2, B1, B2, Z) price of the vintage after it, money/t.
        lapse: (2, B1, B2, Z) probability that the limit on carrying binds at the period's end.
        landing: (2, B1, B2, Z) place of the bank carried on its grid.
        outcome: (2, B1, B2, Z) WITHIN, LAPSED or SHORT.
        imports: (B1, B2, Z) home units that came in.
    """

    running: Array
    worth: Array
    after: Array
    lapse: Array
    landing: Array
    outcome: NDArray[np.int8]
    imports: Array


def solve_linked(
    home: Problem, partner: Problem, terms: Terms, progress: Callable[[float], None] | None = None
) -> LinkedChain:
    """The price processes of two linked markets, backward from their last month.

    Banks off the grids count as their nearest ends, so the grids must hold all banks that matter: with units that
    cross in any month, also what one market holds for the other. Between its deadlines a market may give units
    that it owes later, down to the lowest bank of its grid. What a bank does between two nodes adds noise of
    f (1 - f) step^2 a month, f its place between them: near a penalty prices err by the order of the step.

    Args:
        home: the market to which imports come.
        partner: the other; the same months.
        terms: of the link.
        progress: called with the share that is done, at most twenty times a second and once at the end.

    Returns:
        Prices, landings, outcomes and imports at every node.

    Raises:
        ValueError: months differ, or a problem is not well formed.
    """
    _check(home, partner, terms)
    if terms.is_pool:
        return solve_pool(home, [(partner, terms)], progress)
    return _solve_joint(home, partner, terms, progress)


def _check(home: Problem, partner: Problem, terms: Terms) -> None:
    check(home)
    check(partner)
    if not home.months == partner.months == len(terms.open):
        raise ValueError(f"months: home {home.months}, partner {partner.months}, link {len(terms.open)}")


def _solve_joint(
    home: Problem, partner: Problem, terms: Terms, progress: Callable[[float], None] | None
) -> LinkedChain:
    months, chances = home.months, terms.chances(home, partner)
    shape = len(home.banks), len(partner.banks), len(chances)
    running, worth, after, lapse = (np.zeros((2, months + 1, *shape)) for _ in range(4))
    landing, outcome = np.zeros((2, months, *shape)), np.zeros((2, months, *shape), np.int8)
    imports = np.zeros((months, *shape))
    running[:, months] = on_both(home.terminal, partner.terminal)
    worth[:, months] = after[:, months] = running[:, months]
    rows = np.stack([table(home), table(partner)], axis=1)
    factors = np.exp(
        np.stack([np.repeat(home.shocks, len(partner.shocks)), np.tile(partner.shocks, len(home.shocks))], axis=1)
    )
    trades, limits = terms.trades(home), terms.limits()
    parities = terms.parities(home, partner)
    discounts = home.discount, partner.discount
    lines = tuple(
        Onward(np.empty(len(each)), np.empty(len(each)), grid_of(each)) for each in (home.banks, partner.banks)
    )
    alone = (solve(home), solve(partner)) if terms.may_end else None
    cuts = np.append(terms.chances_of_a_cut(), 0.0)
    for month in backward(months, progress):
        trade = Trade(
            bool(trades[month]), limits[month], terms.exports, parities[month], terms.fee, terms.units / terms.scale
        )
        prices = running[:, month + 1], worth[:, month + 1], after[:, month + 1], lapse[:, month + 1]
        price, value, later, binds = _or_cut(prices, alone, month + 1, cuts[month + 1])
        ahead = Ahead(
            _expected(price, chances, discounts),
            _expected(value, chances, discounts),
            _expected(later, chances, discounts),
            _expected(binds, chances, (1.0, 1.0)),
        )
        now = PairMonth(
            running[:, month],
            worth[:, month],
            after[:, month],
            lapse[:, month],
            landing[:, month],
            outcome[:, month],
            imports[month],
        )
        _solve_month(rows[month], (home.banks, partner.banks), factors, trade, ahead, lines, now)
    return LinkedChain(
        home, partner, terms, home.banks, partner.banks, chances,
        running[HOME], running[PARTNER], worth[HOME], worth[PARTNER], after[HOME], after[PARTNER],
        landing[HOME], landing[PARTNER],
        outcome[HOME], outcome[PARTNER], lapse[HOME], lapse[PARTNER], imports, alone,
    )  # fmt: skip


def _or_cut(
    linked: tuple[Array, ...], alone: tuple[Chain, Chain] | None, month: int, chance: float
) -> tuple[Array, ...]:
    """Means of running, worth, after and lapse (2, B1, B2, Z) over a link that is still whole and one just cut."""
    if alone is None or chance == 0.0:
        return linked
    tables = [[getattr(chain, name)[month] for chain in alone] for name in ("running", "worth", "after", "lapse")]
    return tuple(
        (1.0 - chance) * values + chance * on_both(home, partner)
        for values, (home, partner) in zip(linked, tables, strict=True)
    )


def on_both(home: Array, partner: Array) -> Array:
    """(2, B1, B2, Z) what each market has alone, (B1, Z1) and (B2, Z2), at every pair of banks and shocks."""
    own = np.repeat(home, partner.shape[1], axis=1)[:, None, :]
    other = np.tile(partner, (1, home.shape[1]))[None, :, :]
    return np.stack(np.broadcast_arrays(own, other))


def _expected(values: Array, chances: Array, discounts: tuple[float, float]) -> Arrays:
    """Discounted means of values (2, B1, B2, Z) by today's shocks: home's (Z, B2, B1), the partner's (Z, B1, B2)."""
    home, partner = (discount * (each @ chances.T) for each, discount in zip(values, discounts, strict=True))
    return np.ascontiguousarray(home.transpose(2, 1, 0)), np.ascontiguousarray(partner.transpose(2, 0, 1))


@jit
def _solve_month(rows, banks, factors, trade, ahead, lines, now):
    """Fill one month's tables: how both markets and the trade between them clear at every pair of banks and shocks.

    Args:
        rows: (2, MarketMonth.size) the month of both.
        banks: grids (B1,) and (B2,) of the banks, units.
        factors: (Z, 2) of the emissions of both, the shocks.
        trade: the terms of `Trade`.
        ahead: what both expect, `Ahead`.
        lines: `Onward` of both, to work in.
        now: out, the `PairMonth`.
    """
    grids = grid_of(banks[0]), grid_of(banks[1])
    home_ends, partner_ends = rows[0, MarketMonth.YEAR_END] > 0.0, rows[1, MarketMonth.YEAR_END] > 0.0
    for state in range(len(factors)):
        values = ahead.running[0][state], ahead.running[1][state]
        worths = ahead.worth[0][state], ahead.worth[1][state]
        markets = Pair(rows, (factors[state, 0], factors[state, 1]), values, worths, lines, grids)
        for i in range(grids[0].nodes):
            for j in range(grids[1].nodes):
                start = banks[0][i], banks[1][j]
                guess = values[0][j, i], values[1][i, j], float(j)
                crossed = 0.0
                if trade.open:
                    crossed, cleared_both = traded(start, trade, markets, guess)
                else:
                    cleared_both = pair(start, 0.0, 0.0, markets, guess)
                p_1, p_2, x, y, how_1, how_2, w_1, w_2 = cleared_both
                now.imports[i, j, state] = crossed
                now.running[0, i, j, state], now.running[1, i, j, state] = p_1, p_2
                now.worth[0, i, j, state], now.worth[1, i, j, state] = w_1, w_2
                now.landing[0, i, j, state], now.landing[1, i, j, state] = x, y
                now.outcome[0, i, j, state], now.outcome[1, i, j, state] = how_1, how_2
                mix(values[0] if home_ends else ahead.after[0][state], y, lines[0].running)
                now.after[0, i, j, state] = at(lines[0].running, x)
                mix(values[1] if partner_ends else ahead.after[1][state], x, lines[1].running)
                now.after[1, i, j, state] = at(lines[1].running, y)
                mix(ahead.lapse[0][state], y, lines[0].running)
                mix(ahead.lapse[1][state], x, lines[1].running)
                now.lapse[0, i, j, state] = (1.0 if how_1 == LAPSED else 0.0) if home_ends else at(lines[0].running, x)
                now.lapse[1, i, j, state] = (
                    (1.0 if how_2 == LAPSED else 0.0) if partner_ends else at(lines[1].running, y)
                )
