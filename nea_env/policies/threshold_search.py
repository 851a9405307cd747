"""Find the thresholds of a scenario with the cross-entropy method, on training seeds, costs marked to market.

``python -m nea_env.policies.tune`` does so for every rule with parameters and keeps what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.policies.cross_entropy import Budget, Cloud, narrowed
from nea_env.policies.marking import marked_costs
from nea_env.policies.threshold_rule import DEFAULT, NAMES, ThresholdRule, Thresholds
from nea_env.scenario import Scenario

FIRST_SEED = 900_000
"""Of those that the search plays, one after the other; it ends below the evaluation seeds."""
START: dict[str, tuple[float, float]] = {
    "premium_0": (0.2, 0.2), "premium_1": (0.2, 0.2), "premium_2": (0.2, 0.2), "premium_left": (0.2, 0.3),
    "premium_curve": (0.0, 0.3), "credit": (-0.1, 0.1), "credit_wait": (0.0, 0.15), "hold": (0.5, 0.5),
    "hold_below": (0.0, 0.05), "lend": (0.5, 0.5), "lend_above": (0.0, 0.05), "abroad": (-0.1, 0.1),
    "abate": (1.0, 0.1),
}  # fmt: skip
"""Mean and spread of each threshold where the search begins."""
GENERATIONS, POPULATION, MOST_EPISODES, CHOICE_EPISODES = 40, 64, 500, 1_000


def search(scenario: Scenario, episodes: int, progress: Callable[[], object] = lambda: None) -> Thresholds:
    """The best thresholds found for a scenario; the defaults where nothing better was found.

    Args:
        scenario: what is played.
        episodes: that a rule with a grid would be given; each candidate plays a sixth of them, on seeds of its own
            generation, 8 to ``MOST_EPISODES``.
        progress: called after each generation.
    """
    names = searched(scenario)
    budget = Budget(min(max(episodes // 6, 8), MOST_EPISODES), GENERATIONS, POPULATION)

    def cost(points: NDArray[np.float64], seeds: NDArray[np.int64]) -> NDArray[np.float64]:
        columns: dict[str, Any] = {name: np.repeat(points[:, j], len(seeds)) for j, name in enumerate(names)}
        rows = marked_costs(ThresholdRule(**columns), scenario, np.tile(seeds, len(points)))
        means: NDArray[np.float64] = rows.reshape(len(points), -1).mean(axis=1)
        return means

    mean, spreads = (np.array([START[name][place] for name in names]) for place in (0, 1))
    found = narrowed(cost, Cloud(mean, spreads, FIRST_SEED), budget, np.random.default_rng(0), progress)
    first = FIRST_SEED + budget.generations * budget.episodes
    candidates = [DEFAULT, *(_member(names, point) for point in found)]
    seeds = np.arange(first, first + CHOICE_EPISODES)
    return min(candidates, key=lambda one: float(marked_costs(ThresholdRule(one), scenario, seeds).mean()))


def searched(scenario: Scenario) -> tuple[str, ...]:
    """The thresholds that can matter in a scenario."""
    firm, idle = scenario.firm, set[str]()
    idle.update(f"premium_{k}" for k in range(len(firm.technologies), 3))
    if not firm.technologies:
        idle.update(("premium_left", "premium_curve"))
    if scenario.market.offset is None:
        idle.update(("credit", "credit_wait"))
    if not scenario.links:
        idle.add("abroad")
    return tuple(name for name in NAMES if name not in idle)


def _member(names: Sequence[str], point: NDArray[np.float64]) -> Thresholds:
    values = {name: round(float(value), 4) for name, value in zip(names, point, strict=True)}
    shares = {name: min(max(values[name], 0.0), 1.0) for name in ("hold", "lend")}
    return Thresholds(**values | shares)
