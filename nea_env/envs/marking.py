"""Rewards marked to market: a month's decisions judged by what they are worth, not by what they cost.

A firm that invests pays now and saves for twenty years; a learner sees the payment at once and must find
the saving in a value estimate that ten years of price moves make noisy. An accountant would book both: with the
position of the firm's books, value = tonnes x price + money (``Batch.position``),

    marked reward = reward + (tonnes' x P + d x money' - tonnes x P - money) / reward scale,

where P is the price of the month just played, d the discount factor and ' the position after it. The
discounted price is a martingale, d E[P'] = P, so the discounted sum over an episode has the same
expectation as before, less the value of the starting position, under every policy: potential-based shaping
(Ng, Harada and Russell, ICML 1999) with the potential's price news, of mean zero, left out. The best
policy and the differences between policies are what they were; the noise of the price on the books is gone.

Where the price pays those who trade on it (``Market.is_martingale``), or moves with the firm's own trades, its news
is not of mean zero, or not the same under every policy. There nothing is left out: tonnes' count d x P'.

What the law does to every firm alike - allocation booked, emissions below a cap forgiven - would show up as
spikes of several years' tonnes that a critic would have to memorise. So the position is taken relative to a
reference firm that trades just in time without shocks, under the law and with the numbers that the episode has
drawn: a fixed number of tonnes a month, worth the same under every policy. Evaluation and every reported return
use the environment's own reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import PARTNERS
from nea_env.core.lowering.tables import DRAWN_KEPT, lowered
from nea_env.core.saving import check_entries, check_rows
from nea_env.envs.suggested import just_in_time
from nea_env.scenario import LawDraws, OutputShock, Scenario

Reward = Literal["cost", "marked"]
REWARDS: tuple[Reward, ...] = ("cost", "marked")

Floats = NDArray[np.float64]


class MarkToMarket:
    """Books of a batch's firms over one month: ``open`` before the step, ``close`` after it.

    Args:
        batch: the firms.
        scenario_of: (n,) the scenario of each, as the batch was given it; default: the first for all.
    """

    def __init__(self, batch: Batch, scenario_of: ArrayLike | None = None) -> None:
        self._batch = batch
        scenarios, chosen = batch.scenarios, np.zeros(batch.n, np.int64)
        if scenario_of is not None:
            chosen[:] = scenario_of
        paths = [reference_position(scenario) for scenario in scenarios]
        self._reference = np.zeros((sum(map(len, paths)), max(path.shape[1] for path in paths)))
        first = np.cumsum([0, *map(len, paths)])
        for place, path in zip(first[:-1], paths, strict=True):
            self._reference[place : place + len(path), : path.shape[1]] = path
        self._first = first[chosen]  # each row's first law in the table
        self._leaves_out = np.array([leaves_news_out(scenario) for scenario in scenarios])[chosen]
        self._leaves_all_out = bool(self._leaves_out.all())
        self._is_linked = any(scenario.links for scenario in scenarios)
        self._price = np.ones(batch.n)
        self._value = np.zeros(batch.n)
        self._shares: list[Floats] = []
        self._late = np.zeros(batch.n)  # tonnes that the month before left to this one
        self._closed = np.zeros(batch.n, np.int64)  # month in which a row stood when its books were closed

    def open(self) -> None:
        """Mark the position before the month is played."""
        self._price = self._batch.memory("price")
        self._shares = foreign_shares(self._batch)
        tonnes, money = self._position()
        if self._is_linked:  # a row may have begun an episode, or played on after an interrupt
            self._late *= self._closed == self._batch.months
            tonnes -= self._late
        self._value = tonnes * self._price + money

    def close(self) -> Floats:
        """What the month added to the position, (n,) in units of reward; 0 in rows that began an episode instead."""
        batch = self._batch
        months, (tonnes, money) = batch.months, self._position()
        if self._is_linked:
            self._late = foreign_news(batch, self._shares) * (self._leaves_out & (months > 0))
            self._closed = months
            tonnes -= self._late
        worth = tonnes * self._price
        if not self._leaves_all_out:
            news = batch.discount * tonnes * batch.memory("price") * ~batch.over
            worth = np.where(self._leaves_out, worth, news)
        added = worth + batch.discount * money - self._value
        return np.where(months > 0, added / batch.reward_scale, 0.0)

    def get_state(self) -> dict[str, Any]:
        """Copies of what the next months depend on beside the batch."""
        return {"late": self._late.copy(), "closed": self._closed.copy()}

    def check_state(self, state: Any) -> None:
        """Raise ValueError unless ``set_state`` can restore ``state``."""
        what = "saved state of the marked rewards"
        check_entries(state, self.get_state(), what)
        check_rows(state["closed"] < 0, "closed", state["closed"], "0 or more", what)

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore a state of ``get_state`` that has passed ``check_state``."""
        self._late, self._closed = state["late"].copy(), state["closed"].copy()

    def _position(self) -> tuple[Floats, Floats]:
        tonnes, money = self._batch.position()
        return tonnes - self._reference[self._first + self._batch.statutes, self._batch.months], money


def leaves_news_out(scenario: Scenario) -> bool:
    """Whether the news of the price has the same mean, zero, whatever a firm does."""
    market = scenario.market
    moves = market.frictions.permanent_impact > 0.0 or any("permanent_impact" in path for path in market.ranges)
    return market.is_martingale and not moves


def foreign_shares(batch: Batch) -> list[Floats]:
    """What a home-usable tonne of each partner counts as in the position, in tonnes at the long price, (n,) each."""
    if not any(scenario.links for scenario in batch.scenarios):
        return []
    price = batch.memory("price")
    return [np.minimum(1.0, batch.memory(f"foreign_price_{k}") / price) for k in range(PARTNERS)]


def foreign_news(batch: Batch, before: list[Floats]) -> Floats:
    """Tonnes by which the position grew as foreign prices moved against the home price, (n,).

    What they are worth hangs on both prices, so they are booked a month later, at the home price that came with
    them: then no more than the news of the home price is left out, whose mean is zero.
    """
    grown = np.zeros(batch.n)
    for k, (old, new) in enumerate(zip(before, foreign_shares(batch), strict=True)):
        grown += batch.memory(f"held_{k}") * (new - old) * ~batch.over
    return grown


def reference_position(scenario: Scenario) -> Floats:
    """Tonnes of a just-in-time firm's position that trades did not bring, without shocks, (laws, horizon + 1).

    One row for each law, firm and market that an episode may draw (``Batch.statutes``); most scenarios have one.
    Callers must not change it.
    """
    laws = lowered(scenario).laws
    if len(laws) == 1:
        return _reference(laws)
    key = scenario.model_dump_json()
    if key not in _DRAWN:
        _DRAWN[key] = _reference(laws)
        while len(_DRAWN) > DRAWN_KEPT:
            del _DRAWN[next(iter(_DRAWN))]
    return _DRAWN[key]


_DRAWN: dict[str, Floats] = {}
"""References of scenarios with draws: dozens of laws take seconds, and every environment of one needs the same."""


def _reference(laws: Sequence[Scenario]) -> Floats:
    drawn = [_still(law) for law in laws]
    batch = Batch(drawn, len(drawn), scenario_of=np.arange(len(drawn)), threads=1)
    tonnes, traded = [batch.position()[0]], np.zeros(batch.n)
    observation = batch.observe()
    for _ in range(int(batch.horizon[0])):
        observation, _, _ = batch.step(just_in_time(observation))
        flows = batch.flows()
        traded += flows["bought"] - flows["sold"]
        tonnes.append(batch.position()[0] - traded)
    return np.stack(tonnes, axis=1)


def _still(scenario: Scenario) -> Scenario:
    """The scenario without anything random, and without links."""
    return scenario.model_copy(
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
