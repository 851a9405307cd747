"""Episodes that reach rare prices: seeds are chosen by the price that they lead to.

What a firm should do at ten times today's price is a question of its own: in Korea it should sell all it has and pay
the fine, which has a ceiling. Of episodes drawn as they come, few get there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import Action, Observation
from nea_env.scenario import Scenario

FIRST_SEED = 2**62
"""Training draws its episodes from the seeds from here on, far beyond those that evaluations use."""

CELLS = 16


class RarePrices:
    """Episodes of a scenario, sorted by their price in every month.

    Args:
        scenario: what is played. Prices must not depend on what the firm does.
        seed: of the pool: the same one gives the same episodes.
        size: episodes in it.
    """

    def __init__(self, scenario: Scenario, seed: int, size: int = 16_384) -> None:
        self.seeds = np.random.default_rng(seed).integers(FIRST_SEED, 2**63 - 1, size)
        batch = Batch(scenario, size)
        idle = np.zeros((size, Action.size), np.float32)
        observation = batch.reset(self.seeds)
        self._chances: list[NDArray[np.float64]] = []
        for month in range(int(batch.horizon[0])):
            if month:
                observation, _, _ = batch.step(idle)
            self._chances.append(_evenly(observation[:, Observation.LOG_PRICE].astype(float)))

    def draw(self, months: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(n,) seeds whose log price is drawn evenly from its range in the months (n,), as far as there are any there.

        From such a month on prices move as they always do; before it they are those that lead there, so nothing
        should be learned from the months before.
        """
        spins = rng.random(len(months))
        places = [int(np.searchsorted(self._chances[month], spin)) for month, spin in zip(months, spins, strict=True)]
        return self.seeds[np.minimum(places, len(self.seeds) - 1)]


def _evenly(log_price: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) cumulative chances that draw each cell of the range as often as any other that has episodes."""
    low, high = log_price.min(), log_price.max()
    cell = np.minimum(((log_price - low) / max(high - low, 1e-12) * CELLS).astype(np.int64), CELLS - 1)
    weight = 1.0 / np.bincount(cell, minlength=CELLS)[cell]
    return np.cumsum(weight / weight.sum())
