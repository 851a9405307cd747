"""A family of rules that uses every lever of a scenario; ``levers`` searches it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nea_env.core.layout import Action
from nea_env.policies.rules import JustInTime, Rule, column, imports, investment_value, unsquashed


@dataclass(frozen=True)
class Parameters:
    """One member of the family; every value is a number the search can move."""

    kappa: float = 1.2  # invest while saving plus residual is this many times capex
    fade: float = 0.0  # how much the hurdle falls over the episode
    offset_below: float = -0.1  # buy offsets while the log ratio lies below
    hold: float = 0.0  # share of a surplus kept while the front is at a discount
    lend: float = 0.0  # share of the borrowing right left uncovered while the front is dear
    early: float = 0.0  # share of an expected gap bought each month before the emissions have ended
    abroad: float = -0.1  # import while the log of the foreign over the home price lies below
    abate: float = 1.0  # operational abatement, times the share whose marginal cost meets the price


DEFAULT = Parameters()
"""The member that a search starts from."""

NAMES = tuple(field.name for field in fields(Parameters))
"""Of the parameters."""

SEARCH: dict[str, tuple[float, ...]] = {
    "kappa": (1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8, 9.0),
    "fade": (0.0, 0.2, 0.5),
    "offset_below": (-9.0, -0.4, -0.25, -0.15, -0.08, 0.0),
    "hold": (0.0, 0.5, 0.6, 0.75, 0.83, 1.0),
    "lend": (0.0, 0.5, 1.0),
    "early": (0.0, 0.05, 0.2),
    "abroad": (-9.0, -0.5, -0.2, -0.1, -0.05, 0.0),
    "abate": (1.0, 0.8, 1.2, 0.0),
}


_SEEN = (
    "progress", "log_offset_ratio", "gap", "even_trade", "front_gap", "borrow_right", "volume_limit", "market_open",
)  # fmt: skip


class LeverRule(Rule):
    """Just in time, with a hurdle for investment, a ceiling for offsets and a taste for the front's discount.

    Args:
        parameters: a member of the family.
        **changes: parameters of it by name, in place of the member's.
    """

    name = "lever_rule"

    def __init__(self, parameters: Parameters = DEFAULT, **changes: Any) -> None:
        self.parameters = replace(parameters, **changes)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32."""
        own = self.parameters
        actions = JustInTime().act(observation)
        seen = {name: column(observation, name).astype(float) for name in _SEEN}
        actions[:, Action.ABATE] *= own.abate

        hurdle = own.kappa - own.fade * seen["progress"] - 1.0
        actions[:, Action.INVEST] = investment_value(observation) >= hurdle
        actions[:, Action.OFFSET] = seen["log_offset_ratio"] < own.offset_below

        actions[:, Action.FOREIGN] = imports(observation, own.abroad)

        gap, even = unsquashed(seen["gap"]) / 10.0, seen["even_trade"]
        surplus, short = np.maximum(-gap, 0.0), np.maximum(gap, 0.0)
        retained = np.where(seen["front_gap"] < 0.0, own.hold * surplus, 0.0)
        lent = np.where(seen["front_gap"] > 0.0, own.lend * np.minimum(seen["borrow_right"], short), 0.0)
        wanted = np.divide(gap + retained - lent, gap, out=np.ones_like(gap), where=np.abs(gap) > 1e-9)
        trade = even * np.clip(wanted, 0.0, 1.0)
        limit = np.maximum(unsquashed(seen["volume_limit"]), 1e-9)
        before = (even == 0.0) & (seen["market_open"] > 0.0) & (gap > 0.0)
        actions[:, Action.TRADE] = np.where(before, np.minimum(own.early * gap / limit, 1.0), trade)
        return actions
