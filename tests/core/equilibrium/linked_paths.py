"""Paths drawn from the prices of two linked markets, and the wedge between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.problem import Array


@dataclass(frozen=True)
class LinkedPaths:
    """Paths of two linked markets; quantities in shares of each market's baseline emissions a year.

    Attributes:
        home_running, partner_running: (n, M + 1) price of the vintage whose emissions accrue, each in its own money/t.
        home_after, partner_after: (n, M + 1) price of the vintage after it.
        home_lapse, partner_lapse: (n, M + 1) probability that the limit on carrying binds at the period's end.
        home_bank, partner_bank: (n, M + 1) bank at the start of the month; of a pool, all of it at home.
        shock: (n, M + 1) index of the pair of shocks.
        home_outcome, partner_outcome: (n, M) how the month ended: WITHIN, LAPSED or SHORT.
        imports: (n, M) home units that imports stood for.
    """

    home_running: Array
    partner_running: Array
    home_after: Array
    partner_after: Array
    home_lapse: Array
    partner_lapse: Array
    home_bank: Array
    partner_bank: Array
    shock: NDArray[np.int64]
    home_outcome: NDArray[np.int8]
    partner_outcome: NDArray[np.int8]
    imports: Array


def wedge(chain: LinkedChain) -> Array:
    """(T + 1, B1, B2, Z) home price less what the partner's units for one home tonne cost, home money per t."""
    parity = chain.terms.parities(chain.home, chain.partner)
    return chain.home_running - parity[:, None, None, None] * chain.partner_running


def simulate_linked(chain: LinkedChain, n: int, seed: int, months: int | None = None) -> LinkedPaths:
    """Draw paths of two linked markets.

    Args:
        chain: the solved markets.
        n: number of paths.
        seed: of the draws.
        months: M, how many months; all of them by default.

    Returns:
        The paths.

    Raises:
        ValueError: fewer than one path, or more months than the markets have.
    """
    months = chain.home.months if months is None else months
    if n < 1 or not 0 <= months <= chain.home.months:
        raise ValueError(f"simulate: n = {n} and months = {months}, of {chain.home.months}")
    draws = np.random.default_rng(seed)
    first, second, state = (np.empty((n, months + 1), np.int64) for _ in range(3))
    x, y, state[:, 0] = chain.start
    first[:, 0], second[:, 0] = _landed(np.full(n, x), draws), _landed(np.full(n, y), draws)
    upto = np.cumsum(chain.chances, axis=1)[:, :-1]
    for month in range(months):
        here = month, first[:, month], second[:, month], state[:, month]
        first[:, month + 1] = _landed(chain.home_landing[here], draws)
        second[:, month + 1] = _landed(chain.partner_landing[here], draws)
        state[:, month + 1] = (draws.random(n)[:, None] >= upto[state[:, month]]).sum(axis=1)
    at = np.arange(months + 1), first, second, state
    flows = tuple(index[..., :-1] for index in at)
    return LinkedPaths(
        home_running=chain.home_running[at],
        partner_running=chain.partner_running[at],
        home_after=chain.home_after[at],
        partner_after=chain.partner_after[at],
        home_lapse=chain.home_lapse[at],
        partner_lapse=chain.partner_lapse[at],
        home_bank=chain.home_banks[first],
        partner_bank=chain.partner_banks[second],
        shock=state,
        home_outcome=chain.home_outcome[flows],
        partner_outcome=chain.partner_outcome[flows],
        imports=chain.imports[flows],
    )


def _landed(places: Array, draws: np.random.Generator) -> NDArray[np.int64]:
    """(n,) nodes of a grid that keep the mean of places between them."""
    below = places.astype(np.int64)
    return below + (draws.random(len(places)) < places - below)
