"""What any rule can save over just in time without investing: a bound for tests, by the law's own limits.

It is no optimum, and no rule comes close to it everywhere. It adds up, on the paths that just in time plays:

* offset credits: at each deadline as many as the law lets count there, each bought in whichever month since the
  deadline before its price was lowest relative to that of a unit bought on the market, spread and impact included.
  That takes foresight that no rule has. The saving is taken at the price of the deadline: since the discounted price
  is a martingale, that is on average what it was worth when it was made.
* foreign units: the same, with the quota of the link.
* the fine: between two deadlines, what a firm saves, marked to market, that never buys, or neither buys nor abates,
  and leaves duty unmet; wherever that is anything.
* ``SLACK`` for all else: the timing of trades, abatement, borrowing and banking, which prices without a free lunch
  leave little to earn with.

A rule that saves more has found something that no law meant to give, unless the price itself pays whoever trades
(``Market.is_martingale``): of that the bound knows nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import PARTNERS, Action
from nea_env.policies.marking import marked_months
from nea_env.policies.rules import JustInTime, column
from nea_env.scenario import Scenario

SLACK = 0.5
"""What is allowed for all that has no limit in the law, % of exposure."""

FIRST_SEED, EPISODES = 900_000, 1_000


class Bound(NamedTuple):
    """What the law lets a rule save at most, by where it comes from, % of exposure."""

    offsets: float
    foreign: float
    fine: float

    @property
    def total(self) -> float:
        """With the slack."""
        return self.offsets + self.foreign + self.fine + SLACK


class PaysTheFine(JustInTime):
    """Just in time, but it buys no units: where a fine is cheaper than the duty, it is the cheaper rule.

    Args:
        abates: at the price due, as before; without it, not at all.
    """

    name = "pays_the_fine"

    def __init__(self, abates: bool) -> None:
        self._abates = abates

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Just in time without purchases, (n, 8)."""
        actions = super().act(observation)
        actions[:, Action.TRADE] = np.minimum(actions[:, Action.TRADE], 0.0)
        actions[:, Action.ABATE] *= self._abates
        return actions


class _Credits:
    """Units other than those of the front, since the last deadline: the most that count, and the best bargain."""

    def __init__(self, rows: int) -> None:
        self.most, self.best, self.saved = np.zeros(rows), np.zeros(rows), np.zeros(rows)

    def offer(self, tonnes: NDArray[np.float64], bargain: NDArray[np.float64]) -> None:
        """A month in which so many could be bought, each saving such a share of the price, (n,)."""
        self.most = np.maximum(self.most, tonnes)
        self.best = np.maximum(self.best, np.where(tonnes > 0.0, bargain, 0.0))

    def settle(self, due: NDArray[np.bool_], price: NDArray[np.float64]) -> None:
        """A deadline in the rows ``due``, at a discounted price (n,): what they save at most is saved."""
        self.saved += np.where(due, self.most * self.best * price, 0.0)
        self.most, self.best = np.where(due, 0.0, self.most), np.where(due, 0.0, self.best)


def most_a_rule_can_save(scenario: Scenario, episodes: int = EPISODES) -> Bound:
    """An upper bound on what a rule without investment saves over just in time; see the module.

    Args:
        scenario: what is played.
        episodes: that the mean is taken over.
    """
    seeds = np.arange(FIRST_SEED, FIRST_SEED + episodes)
    offsets, foreign, fines = _Credits(episodes), _Credits(episodes), np.zeros(episodes)
    played = marked_months(JustInTime(), scenario, seeds)
    others = [marked_months(PaysTheFine(abates), scenario, seeds) for abates in (True, False)]
    month, weight = next(played), 1.0
    rivals = [next(other) for other in others]
    pays = month.cost_pct - np.array([rival.cost_pct for rival in rivals])  # (2, n) since the last deadline
    while not month.batch.ended:
        due = column(month.observation, "to_deadline") == 0.0
        price = month.batch.memory("price")
        _offer(month.batch, scenario, offsets, foreign)
        for credits in (offsets, foreign):
            credits.settle(due, weight * price)
        month = next(played)
        rivals = [next(other) for other in others]
        pays += month.cost_pct - np.array([rival.cost_pct for rival in rivals])
        if due.any():
            unmet = np.array([rival.batch.flows()["penalised"] > 0.0 for rival in rivals])
            fines += np.where(due, np.maximum(np.where(unmet, pays, 0.0).max(axis=0), 0.0), 0.0)
            pays[:, due] = 0.0
        weight *= month.batch.discount
    per_cent = 100.0 / month.batch.exposure
    return Bound(
        float((per_cent * offsets.saved).mean()), float((per_cent * foreign.saved).mean()), float(fines.mean())
    )


def _offer(batch: Batch, scenario: Scenario, offsets: _Credits, foreign: _Credits) -> None:
    """What the coming month offers besides units of the front."""
    frictions, price = scenario.market.frictions, batch.memory("price")
    unit = batch.memory("front_ratio") * (1.0 + frictions.spread / 2.0 + frictions.impact)
    offsets.offer(batch.memory("offset_buyable"), unit - np.exp(batch.memory("log_offset_ratio")))
    if scenario.links:
        uncovered, tonnes, best = batch.memory("uncovered"), np.zeros(batch.n), np.zeros(batch.n)
        for k in range(PARTNERS):
            room = np.minimum(batch.memory(f"buyable_{k}"), uncovered)
            tonnes += room
            best = np.maximum(best, np.where(room > 0.0, unit - batch.memory(f"foreign_price_{k}") / price, 0.0))
        foreign.offer(np.minimum(tonnes, uncovered), best)
