"""Bounds from above on the exact track: the best that a firm could do if it knew the prices to come.

With a penalty on what it gains from knowing them this bounds the optimum on every path, and with the penalty that the
optimum itself defines it *is* the optimum on every path: Brown, Smith and Sun, "Information relaxations and duality in
stochastic dynamic programs", Operations Research 58 (2010). Without a penalty it is perfect foresight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nea_env.solvers.exact import Exact

Floats = NDArray[np.float64]


def drawn_prices(exact: Exact, n: int, seed: int) -> NDArray[np.int64]:
    """(n, T) prices of n paths, as numbers of each month's prices.

    Args:
        exact: a solved scenario.
        n: paths.
        seed: of the generator that draws them.
    """
    generator, places = np.random.default_rng(seed), [np.zeros(n, np.int64)]
    for moves in exact.moves:
        upper = moves.cumsum(axis=1)
        u = generator.random(n) * upper[places[-1], -1]
        places.append((upper[places[-1]] <= u[:, None]).sum(axis=1))
    return np.stack(places, axis=1)


def relaxed(exact: Exact, prices: NDArray[np.int64], *, penalty: bool = True) -> Floats:
    """What is best on each path if its prices are known, (n,) in units of return.

    Args:
        exact: a solved scenario.
        prices: (n, T) as `drawn_prices` gives them.
        penalty: charge for what the solved values say that the knowledge of next month's price is worth; without it
            this is perfect foresight.
    """
    n, horizon = prices.shape
    after: Floats | None = None  # (n, N') values on each path
    for month in reversed(range(horizon)):
        visited, which = np.unique(prices[:, month], return_inverse=True)
        rewards = exact.rewards(month, visited)  # (N, V, K)
        if after is None:
            worth = rewards.max(axis=2).T[which]
        else:
            if penalty:
                expected = exact.values[month + 1] @ exact.moves[month].T  # (N', P)
                after = after - exact.values[month + 1][:, prices[:, month + 1]].T + expected[:, prices[:, month]].T
            following = exact.successors[month]  # (N, K)
            worth = np.empty((n, len(following)))
            for path in range(n):
                worth[path] = (rewards[:, which[path]] + exact.discount * after[path][following]).max(axis=1)
        after = worth
    assert after is not None
    return after[:, 0]
