"""A rule of thresholds that move with the time left: when to build, buy credits, keep, lend and import.

Each threshold has the same few numbers in every scenario; ``threshold_search`` finds them. What a plant must bring
before it is built falls as the end comes nearer, since waiting is worth less then (Dixit and Pindyck, Investment under
Uncertainty, 1994, chapter 5); what a credit may cost rises towards the deadline, since its price may still fall.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from nea_env.core.layout import DEADLINE_SCALE, TECHS, Action
from nea_env.policies.rules import FULL, JustInTime, Rule, column, imports, unsquashed

YEAR = 12.0


@dataclass(frozen=True)
class Thresholds:
    """One member of the family; every value is a number, or (n,) one for each row.

    Premiums are shares of capex by which what a plant saves and leaves must exceed its cost. Discounts and premiums of
    the front are over the long price, as in the observation. Shares are cut off at 0 and 1.
    """

    premium_0: Any = 0.2  # of the first technology at the end of the episode
    premium_1: Any = 0.2  # of the second
    premium_2: Any = 0.2  # of the third
    premium_left: Any = 0.2  # what a whole episode left adds
    premium_curve: Any = 0.0  # what the square of the share left adds
    credit: Any = -0.1  # buy credits while the log of their price over the front's lies below, at the deadline
    credit_wait: Any = 0.0  # how far it lies below that a year before
    hold: Any = 0.0  # share that is kept of the surplus that may be carried over
    hold_below: Any = 0.0  # while the front's premium is no more than this
    lend: Any = 0.0  # share of the borrowing right left uncovered
    lend_above: Any = 0.0  # while the front's premium is more than this
    abroad: Any = -0.1  # import while the log of the foreign over the home price lies below
    abate: Any = 1.0  # operational abatement, times the share whose marginal cost meets the price


DEFAULT = Thresholds()
"""The member that a search starts from."""

NAMES = tuple(field.name for field in fields(Thresholds))
"""Of the thresholds."""


class ThresholdRule(Rule):
    """Just in time, but for what the thresholds say.

    Args:
        thresholds: a member of the family.
        **changes: thresholds by name, in place of the member's; numbers, or (n,) one for each row played.

    Raises:
        TypeError: no threshold has that name.
    """

    name = "threshold_rule"

    def __init__(self, thresholds: Thresholds = DEFAULT, **changes: Any) -> None:
        self.thresholds = replace(thresholds, **changes)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32 for observations (n, OBS)."""
        own = self.thresholds
        actions = JustInTime().act(observation)
        actions[:, Action.ABATE] *= own.abate
        actions[:, Action.INVEST] = self.excess(observation) >= 0.0
        actions[:, Action.OFFSET] = self.discount(observation) > 0.0
        actions[:, Action.FOREIGN] = imports(observation, own.abroad)
        actions[:, Action.TRADE] = self.trades(observation)
        return np.clip(actions, -1.0, 1.0)

    def excess(self, observation: np.ndarray) -> np.ndarray:
        """What the first technology that has potential left brings beyond its premium, (n,); -inf where none has."""
        own, left = self.thresholds, 1.0 - column(observation, "progress").astype(float)
        waiting = own.premium_left * left + own.premium_curve * left**2
        excess = np.full(len(observation), -np.inf)
        for k in reversed(range(TECHS)):
            is_left = column(observation, f"capacity_{k}") + column(observation, f"building_{k}") < FULL
            value = column(observation, f"invest_value_{k}") - (getattr(own, f"premium_{k}") + waiting)
            excess = np.where(is_left, value, excess)
        return excess

    def discount(self, observation: np.ndarray) -> np.ndarray:
        """How far the log of the credits' price over the front's lies below what it may be, (n,)."""
        own, years = self.thresholds, column(observation, "to_deadline").astype(float) * (DEADLINE_SCALE / YEAR)
        front = np.log1p(np.maximum(column(observation, "front_gap").astype(float), -0.99))
        below = own.credit - own.credit_wait * np.minimum(years, 2.0)
        return below - (column(observation, "log_offset_ratio") - front)

    def trades(self, observation: np.ndarray) -> np.ndarray:
        """The even trade, less what is kept or left to be borrowed, (n,)."""
        own = self.thresholds
        seen = {name: column(observation, name).astype(float) for name in _SEEN}
        even, premium, target = seen["even_trade"], seen["front_gap"], seen["target_trade"]
        gap, limit = unsquashed(seen["gap"]) / 10.0, np.maximum(unsquashed(seen["volume_limit"]), 1e-9)
        reach = limit + np.where(gap > 0.0, unsquashed(seen["auction_room"]) / 10.0, 0.0)
        months = DEADLINE_SCALE * seen["to_deadline"] + 1.0
        spread = np.divide(gap, even * reach, out=months.copy(), where=(np.abs(even) > 1e-6) & (np.abs(even) < 1.0))

        surplus = np.maximum(-gap, 1e-12)
        sold = np.minimum(np.maximum(-target, 0.0) * limit / surplus, 1.0)
        kept = np.where(premium <= own.hold_below, np.clip(own.hold, 0.0, 1.0), 0.0) * (1.0 - sold)
        trade = np.where(gap < 0.0, even * (1.0 - kept), even)

        left_open = np.clip(own.lend, 0.0, 1.0) * seen["borrow_right"]
        lent = np.clip((gap - left_open) / (np.maximum(spread, 1.0) * reach), -1.0, 1.0)
        is_trading = seen["market_open"] * ((even != 0.0) | (premium != 0.0)) > 0.0
        lends = is_trading & (premium > own.lend_above) & (left_open > 0.0)
        return np.clip(np.where(lends, lent, trade), -1.0, 1.0)


_SEEN = (
    "even_trade", "front_gap", "target_trade", "gap", "volume_limit", "auction_room", "to_deadline", "borrow_right",
    "market_open",
)  # fmt: skip


def as_numbers(thresholds: Thresholds) -> dict[str, float]:
    """The thresholds by name."""
    return {name: float(value) for name, value in asdict(thresholds).items()}
