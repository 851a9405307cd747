"""The cross-entropy method over linear policies: a normal cloud of weights moves to where the cost is lowest.

Every generation plays the same draws for all its policies, and the cloud takes on mean and spread of the best quarter
(de Boer, Kroese, Mannor and Rubinstein, Annals of Operations Research 134, 2005). It starts at just in time. Costs are
marked to market, which tells policies apart with few episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import ACTIONS, OBS_INDEX, Action
from nea_env.policies.linear_rule import CONSTANT, JUST_IN_TIME, Weights
from nea_env.policies.marking import marked_costs
from nea_env.policies.play import months
from nea_env.policies.rules import JustInTime, Rule
from nea_env.scenario import Scenario

_TIME = ("progress", "to_deadline")
_PRICES = ("log_price", "front_gap", "log_offset_ratio")
_ABROAD = ("foreign_premium_0", "foreign_premium_1", "foreign_room", "foreign")
FEATURES: dict[str, tuple[str, ...]] = {
    "trade": (
        *_TIME, *_PRICES, *_ABROAD, "strike", "even_trade", "gap", "front", "owed", "carry_right", "borrow_right",
        "net_sales", "offset_room", "auction_premium", "aggregate_bank",
    ),
    "abate": (*_TIME, "log_price", "front_gap", "abate_at_price", "gap", "allocation_rate", "credits_issued"),
    "offset": (*_TIME, *_PRICES, "gap", "offset_room", "offsets"),
    "borrow": ("progress", "front_gap", "log_price", "debt"),
    "bank": ("progress", "front_gap", "log_price"),
    "foreign": (*_TIME, "log_price", "front_gap", *_ABROAD, "gap"),
    "output": ("progress", "log_price", "front_gap", "allocation_rate"),
}  # fmt: skip
"""Columns that each action may depend on; one that never moves in a scenario has no weight there."""
INVESTMENT: dict[str, tuple[str, ...]] = {
    "invest": ("progress", "log_price", "invest_value_0", "invest_value_1", "invest_value_2")
}
"""What is searched besides where investment is."""

FIRST_SEED = 700_000
_LOOK_EPISODES, _CHOICE_EPISODES = 100, 1_000
_FIRST_SPREAD, _OTHER_ACTIONS = 0.7, 1.0
"""Spread of an action at the start, in standard deviations of just in time's; what stands for those of idle actions."""
_LEAST_USUAL = {"trade": 0.01, "abate": 0.5}
"""Least that counts as the standard deviation of just in time's: trades must be exact, abatement need not be."""
_LEAST_SPREAD, _LAST_SPREAD = 0.3, 0.05
"""Least spread at the start and at the end, in first spreads."""
_STEEPNESS = 5.0  # of purchases that begin where a price falls below the home price
BARGAINS = (("offset", "log_offset_ratio"), ("foreign", "foreign_premium_0"), ("foreign", "foreign_premium_1"))
"""Purchases that the search may begin with: of what, while which log ratio to the home price is below zero."""


class Budget(NamedTuple):
    """What a search may use: ``generations`` of ``population`` policies that play ``episodes`` each."""

    episodes: int = 32
    generations: int = 50
    population: int = 48
    seed: int = 0


class Space(NamedTuple):
    """Which weights are searched: one column of one action each, (P,); -1 is the constant.

    A weight counts in standard deviations of its column about its mean, as just in time sees it where the action is
    open.

    Attributes:
        actions, columns: their numbers.
        means, deviations: of the columns.
        spreads: of the weights at the start.
    """

    actions: NDArray[np.int64]
    columns: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    spreads: NDArray[np.float64]


def space(scenario: Scenario, features: Mapping[str, tuple[str, ...]]) -> Space:
    """The weights that can matter: of actions that are ever open, and of columns that ever move while they are."""
    seen: dict[str, list[np.ndarray]] = {action: [] for action in features}
    for month in months(JustInTime(), scenario, np.arange(FIRST_SEED, FIRST_SEED + _LOOK_EPISODES)):
        mask = month.env.action_masks()
        for action, blocks in seen.items():
            blocks.append(month.observation[mask[:, Action.index[action]]])
    found: list[tuple[int, int, float, float, float]] = []
    for action, blocks in seen.items():
        rows: NDArray[np.float64] = np.concatenate(blocks).astype(float)
        if not len(rows):
            continue
        number, own = Action.index[action], JUST_IN_TIME.get(action)
        usual = _OTHER_ACTIONS
        if own:
            usual = float(np.sum([w * rows[:, OBS_INDEX[name]] for name, w in own.items()], axis=0).std())
            usual = max(usual, _LEAST_USUAL[action])
        moving = [name for name in features[action] if rows[:, OBS_INDEX[name]].std() > 1e-4]
        spread = _FIRST_SPREAD * usual / (1 + len(moving)) ** 0.5
        found.append((number, -1, 0.0, 1.0, spread))
        for name in moving:
            values = rows[:, OBS_INDEX[name]]
            found.append((number, OBS_INDEX[name], float(values.mean()), float(values.std()), spread))
    actions, columns, means, deviations, spreads = zip(*found, strict=True) if found else ((),) * 5
    return Space(
        np.array(actions, int), np.array(columns, int), np.array(means, float), np.array(deviations, float),
        np.array(spreads, float),
    )  # fmt: skip


class Population(Rule):
    """Several linear policies at once: each plays an equal share of the rows, one after the other.

    Args:
        where: what is searched.
        points: (K, P) standardised weights, on top of just in time's.
    """

    name = "population"

    def __init__(self, where: Space, points: NDArray[np.float64]) -> None:
        start = [(Action.index[a], OBS_INDEX[name], w) for a, row in JUST_IN_TIME.items() for name, w in row.items()]
        self.columns = sorted({*where.columns[where.columns >= 0].tolist(), *(column for _, column, _ in start)})
        self.weights = np.zeros((len(points), len(self.columns) + 1, Action.size), np.float32)  # the constant is last
        for action, column, weight in start:
            self.weights[:, self.columns.index(column), action] = weight
        for j, (action, column, mean, deviation, _) in enumerate(zip(*where, strict=True)):
            if column < 0:
                self.weights[:, -1, action] += points[:, j]
            else:
                self.weights[:, self.columns.index(column), action] += points[:, j] / deviation
                self.weights[:, -1, action] -= points[:, j] * (mean / deviation)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8); n is a multiple of the number of policies."""
        seen = observation[:, self.columns].reshape(len(self.weights), -1, len(self.columns))
        wanted = seen @ self.weights[:, :-1] + self.weights[:, -1:]
        return np.clip(wanted, -1.0, 1.0).reshape(-1, Action.size)

    def named(self, number: int) -> dict[str, dict[str, float]]:
        """One policy's weights by name, in five digits."""
        known, names = list(OBS_INDEX), [field.name for field in ACTIONS]
        rows: dict[str, dict[str, float]] = {}
        for place, column in enumerate([*self.columns, -1]):
            for action in range(Action.size):
                weight = float(f"{self.weights[number, place, action]:.5g}")
                if weight != 0.0:
                    rows.setdefault(names[action], {})[CONSTANT if column < 0 else known[column]] = weight
        return rows


def search(
    scenario: Scenario, budget: Budget, features: Mapping[str, tuple[str, ...]], progress: Callable[[], object]
) -> Weights:
    """The best linear policy found for a scenario.

    Args:
        scenario: what is played.
        budget: of the search.
        features: columns by action.
        progress: called after each generation.

    Returns:
        Its weights; those of just in time where nothing better was found.
    """
    where, random = space(scenario, features), np.random.default_rng(budget.seed)
    first = FIRST_SEED + _LOOK_EPISODES
    start = _start(where, scenario, np.arange(first, first + _CHOICE_EPISODES))

    def cost(points: NDArray[np.float64], seeds: NDArray[np.int64]) -> NDArray[np.float64]:
        return _mean_costs(Population(where, points), scenario, seeds)

    first += _CHOICE_EPISODES
    found = narrowed(cost, Cloud(start, where.spreads, first), budget, random, progress)
    last = Population(where, np.array([np.zeros(len(where.actions)), *found]))
    first += budget.generations * budget.episodes
    means = _mean_costs(last, scenario, np.arange(first, first + _CHOICE_EPISODES))
    number = int(means.argmin())
    return last.named(number)


class Cloud(NamedTuple):
    """Where a search begins.

    Attributes:
        mean, spreads: (P,) of the points.
        first_seed: of those that are played, one after the other.
    """

    mean: NDArray[np.float64]
    spreads: NDArray[np.float64]
    first_seed: int


def narrowed(
    cost: Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]],
    start: Cloud,
    budget: Budget,
    random: np.random.Generator,
    progress: Callable[[], object],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a cloud of points ends that moves to where the cost is lowest.

    Args:
        cost: mean cost (K,) of points (K, P) on seeds (n,).
        start: the cloud.
        budget: of the search.
        random: the points are drawn from it.
        progress: called after each generation.

    Returns:
        (P,) the last mean, and the mean over the second half of the generations.
    """
    kept = max(2, budget.population // 4)
    rank = np.log(kept + 1.0) - np.log(np.arange(1.0, kept + 1.0))
    rank /= rank.sum()
    mean, spread, later, first = start.mean, start.spreads, [], start.first_seed
    for generation in range(budget.generations):
        points = mean + spread * random.standard_normal((budget.population, len(mean)))
        points[0] = mean
        means = cost(points, np.arange(first, first + budget.episodes))
        best = points[np.argsort(means, kind="stable")[:kept]]
        mean = rank @ best
        least = _LEAST_SPREAD * (1.0 - generation / budget.generations) + _LAST_SPREAD
        spread = np.maximum(0.5 * (spread + np.sqrt(rank @ (best - mean) ** 2)), least * start.spreads)
        if generation >= budget.generations // 2:
            later.append(mean)
        first += budget.episodes
        progress()
    return mean, np.mean(later, axis=0)


def _start(where: Space, scenario: Scenario, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Just in time, with the bargains that make it cheaper, (P,)."""
    chosen = np.zeros(len(where.actions))
    moves = [chosen]
    for action, name in BARGAINS:
        own = where.actions == Action.index[action]
        steep = own & (where.columns == OBS_INDEX[name])
        if steep.any():
            moves.append(np.where(steep, -_STEEPNESS * where.deviations, 0.0))
            moves[-1][own & (where.columns < 0)] = -_STEEPNESS * where.means[steep]
    lowest = np.inf
    for move in moves:
        cost = float(_mean_costs(Population(where, (chosen + move)[None]), scenario, seeds)[0])
        if cost < lowest:
            chosen, lowest = chosen + move, cost
    return chosen


def _mean_costs(population: Population, scenario: Scenario, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean cost of each policy on the same seeds, (K,)."""
    count = len(population.weights)
    return marked_costs(population, scenario, np.tile(seeds, count)).reshape(count, -1).mean(axis=1)
