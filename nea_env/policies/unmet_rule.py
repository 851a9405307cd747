"""A rule that complies with part of its duty: what is left unmet at each deadline is its choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nea_env.core.layout import DEADLINE_SCALE, Action
from nea_env.core.lowering.periods import deadlines, periods_of
from nea_env.policies.rules import JustInTime, column, unsquashed
from nea_env.scenario import Scenario, months_between

YEAR = 12


class LeaveUnmet(JustInTime):
    """Just in time, but for a share of the duty that it neither buys nor keeps units for; it sells these instead.

    It abates at what a tonne is worth to it: on the share that it leaves the side penalty, where that is below the
    price.

    Args:
        shares: of the duty left unmet, by deadline, 0 to 1.
        scenario: whose deadlines they are.
        multiple: side penalty of a missing tonne over the price.

    Raises:
        ValueError: not one share for each deadline.
    """

    name = "leave_unmet"

    def __init__(self, shares: Sequence[float], scenario: Scenario, multiple: float) -> None:
        self.shares, self.ends = np.asarray(shares, float), np.asarray(deadlines(periods_of(scenario)))
        if len(self.shares) != len(self.ends):
            raise ValueError(f"shares: {len(self.shares)} given for {len(self.ends)} deadlines")
        self.horizon, self.multiple = months_between(scenario.start, scenario.end) + 1, multiple
        self.reach = scenario.firm.abatement.steepness * scenario.firm.abatement.max_share

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32 for observations (n, OBS)."""
        actions = super().act(observation)
        month = np.round(self.horizon * column(observation, "progress").astype(float))
        share = self.shares[np.minimum(np.searchsorted(self.ends, month), len(self.ends) - 1)]
        actions[:, Action.ABATE] = self._abated(actions[:, Action.ABATE], 1.0 - share * max(1.0 - self.multiple, 0.0))

        gap, limit = unsquashed(column(observation, "gap")) / 10.0, unsquashed(column(observation, "volume_limit"))
        even, limit = column(observation, "even_trade").astype(float), np.maximum(limit, 1e-9)
        duty = np.maximum(gap + unsquashed(column(observation, "front")), 0.0)
        left = DEADLINE_SCALE * column(observation, "to_deadline").astype(float) + 1.0
        spread = np.divide(gap, even * limit, out=left.copy(), where=(np.abs(even) > 1e-6) & (np.abs(even) < 1.0))
        wanted = np.clip((gap - share * duty) / (np.maximum(spread, 1.0) * limit), -1.0, 1.0)
        leaves = (share > 0.0) & ((even != 0.0) | (left <= YEAR))
        actions[:, Action.TRADE] = np.where(leaves, wanted, even)
        return actions

    def _abated(self, at_price: np.ndarray, worth: np.ndarray) -> np.ndarray:
        """Abatement at ``worth`` times the price, (n,), given that at the price: marginal cost is exponential in it."""
        if self.reach == 0.0:
            return at_price
        at_worth = np.log1p(worth * np.expm1(self.reach * at_price.astype(float))) / self.reach
        return np.where(worth < 1.0, at_worth, at_price)
