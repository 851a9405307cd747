"""Training rewards from the mark to market: a month's decisions judged by what they are worth, not by what they cost.

A firm that invests pays now and saves for twenty years; a learner sees the payment at once and must find
the saving in a value estimate that ten years of price moves make noisy. An accountant would book both: with the
position of the firm's books, value = tonnes x price + money (``Batch.position``),

    training reward = reward + (tonnes' x P + d x money' - tonnes x P - money) / reward scale,

where P is the price of the month just played, d the discount factor and ' the position after it. The
discounted price is a martingale, d E[P'] = P, so the discounted sum over an episode has the same
expectation as before, less the value of the starting position, under every policy: potential-based shaping
(Ng, Harada and Russell, ICML 1999) with the potential's price news, of mean zero, left out. The best
policy and the differences between policies are what they were; the noise of the price on the books is gone.

What the law does to every firm alike - allocation booked, emissions below a cap forgiven - would show up as
spikes of several years' tonnes that a critic would have to memorise. So the position is taken relative to a
reference firm that trades just in time without shocks: a fixed number of tonnes a month, worth the same
under every policy. Evaluation and every reported return use the environment's own reward.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import PARTNERS
from nea_env.policies.rules import JustInTime, Rule
from nea_env.scenario import LawDraws, OutputShock, Scenario


class MarkToMarket:
    """Books of a batch's firms over one month: ``open`` before the step, ``close`` after it.

    Args:
        batch: the firms, all of one scenario.

    Raises:
        ValueError: the batch mixes scenarios.
    """

    def __init__(self, batch: Batch) -> None:
        if len(batch.scenarios) != 1:
            raise ValueError(f"the books are kept for one scenario, not for {len(batch.scenarios)}")
        self._batch = batch
        self._reference = reference_position(batch.scenarios[0])
        self._price = np.ones(batch.n)
        self._value = np.zeros(batch.n)
        self._shares: list[NDArray[np.float64]] = []
        self._late = np.zeros(batch.n)  # tonnes that the month before left to this one

    def open(self) -> None:
        """Mark the position before the month is played."""
        self._price = self._batch.memory("price")
        self._shares = _foreign_shares(self._batch)
        self._late *= self._batch.months > 0
        tonnes, money = self._position()
        self._value = (tonnes - self._late) * self._price + money

    def close(self) -> NDArray[np.float64]:
        """What the month added to the position at the price it was played at, in units of reward, (n,)."""
        tonnes, money = self._position()
        self._late = _foreign_news(self._batch, self._shares)
        added = (tonnes - self._late) * self._price + self._batch.discount * money - self._value
        return added / self._batch.reward_scale

    def _position(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        tonnes, money = self._batch.position()
        return tonnes - self._reference[self._batch.months], money


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
    market, discount, weight, per_cent = scenario.market, batch.discount, 1.0, 100.0 / batch.exposure
    is_marked = market.is_martingale and market.frictions.permanent_impact == 0.0
    tonnes, money = batch.position()
    yield MarkedMonth(batch, observation, -per_cent * is_marked * (tonnes * batch.memory("price") + money))
    while not batch.ended:
        price = batch.memory("price")
        shares = _foreign_shares(batch)
        observation, reward, _ = batch.step(rule.act(observation))
        gain = reward * batch.reward_scale
        if is_marked:
            after, cash = batch.position()
            after -= _foreign_news(batch, shares)
            gain += (after - tonnes) * price + discount * cash - money
            tonnes, money = after, cash
        yield MarkedMonth(batch, observation, -per_cent * weight * gain)
        weight *= discount


def _foreign_shares(batch: Batch) -> list[NDArray[np.float64]]:
    """What a home-usable tonne of each partner counts as in the position, in tonnes at the long price, (n,) each."""
    if not any(scenario.links for scenario in batch.scenarios):
        return []
    price = batch.memory("price")
    return [np.minimum(1.0, batch.memory(f"foreign_price_{k}") / price) for k in range(PARTNERS)]


def _foreign_news(batch: Batch, before: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Tonnes by which the position grew as foreign prices moved against the home price, (n,).

    What they are worth hangs on both prices, so they are booked a month later, at the home price that came with
    them: then no more than the news of the home price is left out, whose mean is zero.
    """
    grown = np.zeros(batch.n)
    for k, (old, new) in enumerate(zip(before, _foreign_shares(batch), strict=True)):
        grown += batch.memory(f"held_{k}") * (new - old) * ~batch.over
    return grown


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


def reference_position(scenario: Scenario) -> NDArray[np.float64]:
    """Tonnes of a just-in-time firm's position that trades did not bring, without shocks, (horizon + 1,)."""
    still = scenario.model_copy(
        update={
            "firm": scenario.firm.model_copy(update={"output_shock": OutputShock(), "ranges": {}}),
            "market": scenario.market.model_copy(
                update={
                    "law": "gbm",
                    "collar": None,
                    "volatility": 0.0,
                    "gap": {},
                    "quote_noise": 0.0,
                    "stale": 0.0,
                    "ranges": {},
                    "frictions": scenario.market.frictions.model_copy(update={"permanent_impact": 0.0}),
                }
            ),
            "links": (),
            "policy": LawDraws(),
        }
    )
    batch = Batch(still, 1, threads=1)
    tonnes, traded = [float(batch.position()[0][0])], 0.0
    observation, rule = batch.observe(), JustInTime()
    for _ in range(int(batch.horizon[0])):
        observation, _, _ = batch.step(rule.act(observation))
        flows = batch.flows()
        traded += float(flows["bought"][0] - flows["sold"][0])
        tonnes.append(float(batch.position()[0][0]) - traded)
    return np.array(tonnes)
