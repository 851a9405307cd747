"""A rule without one of its levers: what it does with that lever is replaced, all else stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nea_env.core.layout import DEADLINE_SCALE, Action
from nea_env.policies.rules import Rule, column, unsquashed

Change = Callable[[np.ndarray, np.ndarray], None]
"""Takes observations (n, OBS) and actions (n, 8), and changes the actions."""


class Replacement(NamedTuple):
    """What stands in for a lever.

    Attributes:
        by: in words.
        action: that must be open at some time for the lever to exist.
        change: of the actions.
    """

    by: str
    action: int
    change: Change


class Replaced(Rule):
    """Another rule, with one lever replaced."""

    name = "replaced"

    def __init__(self, rule: Rule, change: Change, name: str = name) -> None:
        self._rule, self._change, self.name = rule, change, name

    def act(self, observation: np.ndarray) -> np.ndarray:
        """The other rule's actions as changed, (n, 8)."""
        actions = self._rule.act(observation)
        self._change(observation, actions)
        return actions


def _close_the_gap(observation: np.ndarray, actions: np.ndarray) -> None:
    """Buy what the later months, each at its limit, could not buy; sell no more than the surplus in the last one.

    What may be borrowed need not be bought.
    """
    gap, even = unsquashed(column(observation, "gap")) / 10.0, column(observation, "even_trade").astype(float)
    reach = unsquashed(column(observation, "volume_limit"))
    reach += np.where(gap > 0.0, unsquashed(column(observation, "auction_room")) / 10.0, 0.0)
    per_month = even * reach
    left = np.divide(gap, per_month, out=np.ones_like(gap), where=np.abs(per_month) > 1e-12)
    left = np.minimum(left, 1.0 + DEADLINE_SCALE * column(observation, "to_deadline"))
    short = np.where(gap > 0.0, np.maximum(gap - column(observation, "borrow_right"), 0.0), gap)
    least = short / np.maximum(reach, 1e-12) - (left - 1.0)
    is_open = (column(observation, "market_open") > 0.0) & ((even != 0.0) | (column(observation, "to_deadline") == 0.0))
    trade = actions[:, Action.TRADE]
    actions[:, Action.TRADE] = np.where(is_open, np.clip(np.maximum(trade, least), -1.0, 1.0), trade)
    is_due = (column(observation, "to_deadline") == 0.0) & (column(observation, "borrow_right") > 0.0)
    actions[:, Action.BORROW] = np.where(is_due, 0.0, actions[:, Action.BORROW])


def _fixed(by: str, action: int, value: float) -> Replacement:
    def change(observation: np.ndarray, actions: np.ndarray) -> None:
        actions[:, action] = value

    return Replacement(by, action, change)


def _suggested(by: str, action: int, name: str) -> Replacement:
    def change(observation: np.ndarray, actions: np.ndarray) -> None:
        actions[:, action] = column(observation, name)

    return Replacement(by, action, change)


REPLACEMENTS: dict[str, Replacement] = {
    "trade timing": _suggested("the even trade", Action.TRADE, "even_trade"),
    "offsets": _fixed("none", Action.OFFSET, 0.0),
    "foreign units": _fixed("none", Action.FOREIGN, 0.0),
    "abatement": _suggested("as much as pays at the price due", Action.ABATE, "abate_at_price"),
    "all abatement": _fixed("none", Action.ABATE, 0.0),
    "borrowing less": _fixed("all that is permitted", Action.BORROW, 0.0),
    "all borrowing": _fixed("none", Action.BORROW, -1.0),
    "banking less": _fixed("all that is permitted", Action.BANK, 0.0),
    "output": _fixed("baseline", Action.OUTPUT, 0.0),
    "investment": _fixed("none", Action.INVEST, 0.0),
    "duty unmet": Replacement("the gap closed by the deadline", Action.TRADE, _close_the_gap),
}
"""By name. Just in time does all of these but for the two that take all abatement and all borrowing away."""


def dutiful(rule: Rule) -> Rule:
    """A rule that buys what is missing by the deadline, under its own name.

    What a linear policy leaves unmet it leaves by accident: nowhere in the library does that earn 0.01 % of exposure.
    """
    return Replaced(rule, REPLACEMENTS["duty unmet"].change, rule.name)
