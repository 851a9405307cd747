"""What a solved market does: paths drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.problem import Array


@dataclass(frozen=True)
class Paths:
    """Paths of a market; quantities in shares of baseline emissions a year.

    Attributes:
        running: (n, M + 1) money/t, price of the vintage of the period whose emissions accrue.
        after: (n, M + 1) money/t, price of the vintage after it.
        lapse: (n, M + 1) probability that the limit on carrying binds at the end of the running period.
        bank: (n, M + 1) aggregate bank at the start of the month.
        shock: (n, M + 1) index of the shock.
        outcome: (n, M) how the month ended: WITHIN, LAPSED or SHORT.
    """

    running: Array
    after: Array
    lapse: Array
    bank: Array
    shock: NDArray[np.int64]
    outcome: NDArray[np.int8]


def simulate(chain: Chain, n: int, seed: int, months: int | None = None) -> Paths:
    """Draw paths of the chain.

    Args:
        chain: the solved market.
        n: number of paths.
        seed: of the draws.
        months: M, how many months; all of them by default.

    Returns:
        The paths.

    Raises:
        ValueError: fewer than one path, or more months than the market has.
    """
    problem = chain.problem
    months = problem.months if months is None else months
    if n < 1 or not 0 <= months <= problem.months:
        raise ValueError(f"simulate: n = {n} and months = {months}, of {problem.months}")
    draws = np.random.default_rng(seed)
    node, state = np.empty((n, months + 1), np.int64), np.empty((n, months + 1), np.int64)
    outcome = np.empty((n, months), np.int8)
    node[:, 0] = np.searchsorted(np.cumsum(chain.start_chances)[:-1], draws.random(n), side="right")
    state[:, 0] = problem.start_shock
    upto = np.cumsum(problem.chances, axis=1)[:, :-1]
    for month in range(months):
        place = chain.landing[month, node[:, month], state[:, month]]
        outcome[:, month] = chain.outcome[month, node[:, month], state[:, month]]
        below = np.minimum(place.astype(np.int64), len(problem.banks) - 2)
        node[:, month + 1] = below + (draws.random(n) < place - below)
        state[:, month + 1] = (draws.random(n)[:, None] >= upto[state[:, month]]).sum(axis=1)
    when = np.arange(months + 1)
    return Paths(
        running=chain.running[when, node, state],
        after=chain.after[when, node, state],
        lapse=chain.lapse[when, node, state],
        bank=problem.banks[node],
        shock=state,
        outcome=outcome,
    )
