"""The cost of a rule, marked to market month by month: its mean without the noise of the price on the books.

``nea_env.envs.marking`` explains how a month is marked. Here nothing is taken relative to a reference firm, since
rules are compared with each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.envs.marking import foreign_news, foreign_shares, leaves_news_out
from nea_env.policies.rules import Rule
from nea_env.scenario import Scenario


class MarkedMonth(NamedTuple):
    """A month that has been played in every row, or what there is before the first.

    Attributes:
        batch: as the month has left it.
        observation: (n, OBS) float32 that it has left.
        cost_pct: (n,) discounted cost of the month marked to market, % of exposure; before the first, less what the
            books are worth at the start.
    """

    batch: Batch
    observation: NDArray[np.float32]
    cost_pct: NDArray[np.float64]


def marked_months(rule: Rule, scenario: Scenario, seeds: NDArray[np.int64]) -> Iterator[MarkedMonth]:
    """Play one episode per seed and mark every month to market; see ``marked_costs``."""
    batch = Batch(scenario, len(seeds))
    observation = batch.reset(seeds)
    discount, weight, per_cent = batch.discount, 1.0, 100.0 / batch.exposure
    is_marked = leaves_news_out(scenario)
    tonnes, money = batch.position()
    yield MarkedMonth(batch, observation, -per_cent * is_marked * (tonnes * batch.memory("price") + money))
    while not batch.ended:
        price = batch.memory("price")
        shares = foreign_shares(batch)
        observation, reward, _ = batch.step(rule.act(observation))
        gain = reward * batch.reward_scale
        if is_marked:
            after, cash = batch.position()
            after -= foreign_news(batch, shares)
            gain += (after - tonnes) * price + discount * cash - money
            tonnes, money = after, cash
        yield MarkedMonth(batch, observation, -per_cent * weight * gain)
        weight *= discount


def marked_costs(rule: Rule, scenario: Scenario, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Discounted cost of each seed's episode, marked to market, (n,) in % of exposure.

    What the price did to the firm's books is left out: its mean is zero. So the mean is that of
    ``nea_env.policies.play.costs`` under every rule, and the difference between two rules needs far fewer episodes.
    Where the price does pay those who trade, or moves with the firm's own trades, nothing is left out.

    Args:
        rule: plays the Box actions.
        scenario: what is played.
        seeds: (n,); rows may share seeds.
    """
    total = np.zeros(len(seeds))
    for month in marked_months(rule, scenario, seeds):
        total += month.cost_pct
    return total
