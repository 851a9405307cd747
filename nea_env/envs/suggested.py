"""The just-in-time action that the observation suggests, and how far from it a correction may lead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import DEADLINE_SCALE, OBS_INDEX, Action

SUGGESTED = {Action.TRADE: OBS_INDEX["even_trade"], Action.ABATE: OBS_INDEX["abate_at_price"]}
"""Action -> column of the observation that holds what the just-in-time rule would do."""

_TO_DEADLINE = OBS_INDEX["to_deadline"]
_ONE_MONTH = 1.0 / DEADLINE_SCALE  # of the observation's to_deadline


def just_in_time(observation: NDArray[np.float32]) -> NDArray[np.float32]:
    """What closes the gap evenly and abates up to the price due, (n, 8), for observations (n, OBSERVATION)."""
    actions = np.zeros((len(observation), Action.size), np.float32)
    for action, column in SUGGESTED.items():
        actions[:, action] = observation[:, column]
    return actions


def freedom(observation: Any) -> Any:
    """Share of a correction of ``trade`` that counts this month, (n,): none in the month of a deadline, else all.

    There the rule meets the duty to the tonne, and a correction would miss it by a little.

    Args:
        observation: (n, OBSERVATION), an array of NumPy or a tensor of torch; the result is the same.
    """
    return (observation[:, _TO_DEADLINE] / _ONE_MONTH).clip(0.0, 1.0)
