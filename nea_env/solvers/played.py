"""A solution held to the environment: episodes at random, month by month in the places that the solver knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nea_env.core.batch import Batch

if TYPE_CHECKING:
    from nea_env.solvers.exact import Exact

EPISODES, SEED = 64, 0
ALIKE = 1e-9  # units of reward


def disagreement(exact: Exact) -> str:
    """Where the environment and the solver differ, in words; empty where they don't.

    Random joint actions are played in the environment. In every month its observation must be of a place that the
    solver knows, its reward must be the solver's for that place and action, and the place after it the successor.

    Args:
        exact: a solved scenario.
    """
    generator, batch = np.random.default_rng(SEED), Batch(exact.scenario, EPISODES)
    seen = batch.reset(np.arange(EPISODES))
    expected = None
    for month in range(len(exact.values)):
        try:
            tonnes, price = exact.policy.finder.find(month, seen)
        except ValueError as error:
            return f"in month {month} {error}"
        if expected is not None and (tonnes != expected).any():
            return f"in month {month} a firm is not where its last action leads"
        number = generator.integers(0, len(exact.scenario.menu), EPISODES)
        if month % 2:  # what is best leads to other places than chance
            number = np.where(generator.random(EPISODES) < 0.5, exact.best[month][tonnes, price], number)
        reward = exact.rewards_of(month, tonnes, price)[np.arange(EPISODES), number]
        if month + 1 < len(exact.values):
            expected = exact.successors[month][tonnes, number]
        seen, earned, _ = batch.step(exact.asked(month, tonnes, number))
        if (off := np.abs(earned - reward).max()) > ALIKE:
            return f"in month {month} a reward differs by {off:.2g}"
    return ""
