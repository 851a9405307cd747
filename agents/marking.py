"""Training rewards from the mark to market: a month's decisions judged by what they are worth, not by what they cost.

A firm that invests pays now and saves for twenty years; a learner sees the payment at once and must find
the saving in a value estimate that the price of a decade shakes. An accountant would book both: with the
position of the firm's books, value = tonnes x price + money (``Batch.position``),

    training reward = reward + (tonnes' x P + d x money' - tonnes x P - money) / reward scale,

where P is the price of the month just played, d the discount factor and ' the position after it. The
discounted price is a martingale, d E[P'] = P, so the discounted sum over an episode has the same
expectation as before, less the value of the starting position, under every policy: potential-based shaping
(Ng, Harada and Russell, ICML 1999) with the potential's price news, of mean zero, left out. The best
policy and the differences between policies are what they were; the noise of the price on the books is gone.
Evaluation and every reported return use the environment's own reward.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch


class MarkToMarket:
    """Books of a batch's firms over one month: ``open`` before the step, ``close`` after it.

    Args:
        batch: the firms.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._price = np.ones(batch.n)
        self._value = np.zeros(batch.n)

    def open(self) -> None:
        """Mark the position before the month is played."""
        tonnes, money = self._batch.position()
        self._price = self._batch.market()["long_price"]
        self._value = tonnes * self._price + money

    def close(self) -> NDArray[np.float64]:
        """What the month added to the position at the price it was played at, in units of reward, (n,)."""
        tonnes, money = self._batch.position()
        added = tonnes * self._price + self._batch.discount * money - self._value
        return added / self._batch.reward_scale
