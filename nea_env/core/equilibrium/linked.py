"""The equilibrium prices of two linked markets, each under its own law, and the wedge that a limited link leaves.

Without limits the two are one pool of units (``equilibrium_pool``). Otherwise both banks are states: imports are
settled with the home period, and complementarity says how many there are: 0 <= wedge, perpendicular to
(quota - imports) >= 0. A link that opens or breaks later is foreseen: the months before are solved apart,
towards the values of the months after. Quemin & de Perthuis 2019 (Environmental and Resource Economics,
doi:10.1007/s10640-018-00307-6) compare the kinds of limit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nea_env.core.equilibrium.pair import mix, pair, traded
from nea_env.core.equilibrium.pool import solve_pool
from nea_env.core.equilibrium.problem import Array, Problem, check
from nea_env.core.equilibrium.solve import YEAR_END, at, backward, table
from nea_env.core.equilibrium.terms import LinkedChain, Terms
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED

HOME, PARTNER = 0, 1


def solve_linked(
    home: Problem, partner: Problem, terms: Terms, progress: Callable[[float], None] | None = None
) -> LinkedChain:
    """The price law of two linked markets, backward from their last month.

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
    if terms.one_price and bool(np.all(terms.open)):
        return solve_pool(home, partner, terms, progress)
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
    running, after, lapse = (np.zeros((2, months + 1, *shape)) for _ in range(3))
    landing, outcome = np.zeros((2, months, *shape)), np.zeros((2, months, *shape), np.int8)
    imports = np.zeros((months, *shape))
    running[HOME, months] = np.repeat(home.terminal, len(partner.shocks), axis=1)[:, None, :]
    running[PARTNER, months] = np.tile(partner.terminal, (1, len(home.shocks)))[None, :, :]
    after[:, months] = running[:, months]
    rows = np.stack([table(home), table(partner)], axis=1)
    factors = np.exp(
        np.stack([np.repeat(home.shocks, len(partner.shocks)), np.tile(partner.shocks, len(home.shocks))], axis=1)
    )
    trades, limits = terms.trades(home), terms.limits()
    parities = terms.parities(home, partner)
    discounts = home.discount, partner.discount
    highest = max(_dearest(home), parities.max() * _dearest(partner) / (1.0 - terms.fee))
    tops = highest, highest / parities.min()
    for month in backward(months, progress):
        ahead = [_ahead(running[side, month + 1], chances, discounts[side], side) for side in (HOME, PARTNER)]
        later = [_ahead(after[side, month + 1], chances, discounts[side], side) for side in (HOME, PARTNER)]
        binding = [_ahead(lapse[side, month + 1], chances, 1.0, side) for side in (HOME, PARTNER)]
        _solve_month(
            rows[month], home.banks, partner.banks, factors,
            bool(trades[month]), limits[month], terms.exports, parities[month], terms.fee, terms.units / terms.scale,
            ahead[HOME], ahead[PARTNER], later[HOME], later[PARTNER], binding[HOME], binding[PARTNER], tops,
            running[:, month], after[:, month], landing[:, month], outcome[:, month], lapse[:, month], imports[month],
        )  # fmt: skip
    return LinkedChain(
        home, partner, terms, home.banks, partner.banks, chances,
        running[HOME], running[PARTNER], after[HOME], after[PARTNER], landing[HOME], landing[PARTNER],
        outcome[HOME], outcome[PARTNER], lapse[HOME], lapse[PARTNER], imports,
    )  # fmt: skip


def _dearest(problem: Problem) -> float:
    """A price that the market never exceeds."""
    shortage = problem.shortage_price[np.asarray(problem.year_end) > 0]
    return float(max(problem.terminal.max(), shortage.max(initial=0.0), problem.lapse_price.max(initial=0.0)))


def _ahead(table_next: Array, chances: Array, discount: float, side: int) -> Array:
    """(Z, other banks, own banks): discounted expectation of (B1, B2, Z) by today's shocks, own bank last."""
    expected = discount * (table_next @ chances.T)
    return np.ascontiguousarray(expected.transpose(2, 1, 0) if side == HOME else expected.transpose(2, 0, 1))


@jit
def _solve_month(
    rows, banks_1, banks_2, factors, trades, limit, exports, parity, fee, share,
    ahead_1, ahead_2, later_1, later_2, binding_1, binding_2, tops,
    running, after, landing, outcome, lapse, imports,
):  # fmt: skip
    """Fill one month's tables, (2, B1, B2, Z); ``ahead``, ``later``, ``binding`` are next month's, (Z, other, own)."""
    count_1, count_2 = len(banks_1), len(banks_2)
    step_1, step_2 = (banks_1[-1] - banks_1[0]) / (count_1 - 1.0), (banks_2[-1] - banks_2[0]) / (count_2 - 1.0)
    grids = banks_1[0], step_1, banks_2[0], step_2
    lines = np.empty(count_1), np.empty(count_2)
    for state in range(len(factors)):
        shocks = factors[state, 0], factors[state, 1]
        values_1, values_2 = ahead_1[state], ahead_2[state]
        for i in range(count_1):
            for j in range(count_2):
                banks = banks_1[i], banks_2[j]
                guess = values_1[j, i], values_2[i, j], float(j)
                crossed = 0.0
                if trades:
                    crossed, found = traded(
                        banks, limit, exports, parity, fee, share,
                        rows, shocks, values_1, values_2, lines, grids, guess, tops,
                    )  # fmt: skip
                else:
                    found = pair(banks, 0.0, 0.0, rows, shocks, values_1, values_2, lines, grids, guess, tops)
                p_1, p_2, x, y, how_1, how_2 = found
                imports[i, j, state] = crossed
                running[0, i, j, state], running[1, i, j, state] = p_1, p_2
                landing[0, i, j, state], landing[1, i, j, state] = x, y
                outcome[0, i, j, state], outcome[1, i, j, state] = how_1, how_2
                ends_1, ends_2 = rows[0, YEAR_END] > 0.0, rows[1, YEAR_END] > 0.0
                mix(values_1 if ends_1 else later_1[state], y, lines[0])
                after[0, i, j, state] = at(lines[0], x)
                mix(values_2 if ends_2 else later_2[state], x, lines[1])
                after[1, i, j, state] = at(lines[1], y)
                mix(binding_1[state], y, lines[0])
                mix(binding_2[state], x, lines[1])
                lapse[0, i, j, state] = (1.0 if how_1 == LAPSED else 0.0) if ends_1 else at(lines[0], x)
                lapse[1, i, j, state] = (1.0 if how_2 == LAPSED else 0.0) if ends_2 else at(lines[1], y)
