"""Linear policies: every action is a weighted sum of a few columns of the observation, cut off at -1 and 1.

Weights are kept by the names of the actions and the columns. A column that the table gains later has no weight, so a
stored policy stays what it was. The just-in-time rule is one of them, since the observation shows both its suggestions;
``search`` starts there and looks for better ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from nea_env.core.layout import OBS_INDEX, Action
from nea_env.library.errors import did_you_mean, shown
from nea_env.policies.rules import Rule

Weights = Mapping[str, Mapping[str, float]]
"""By the name of the action, then by the name of the column; actions and columns left out have none."""

CONSTANT = "constant"
"""Stands for a column that is always one."""

JUST_IN_TIME: Weights = {"trade": {"even_trade": 1.0}, "abate": {"abate_at_price": 1.0}}
"""The just-in-time rule as a linear policy."""


class LinearRule(Rule):
    """A linear policy; without weights of its own it is just in time.

    Args:
        weights: by action and column; see ``Weights``.

    Raises:
        ValueError: no action or column has that name, or a weight is not a finite number.
    """

    name = "searched_rule"

    def __init__(self, weights: Weights = JUST_IN_TIME) -> None:
        check(weights)
        used = sorted({name for row in weights.values() for name in row} - {CONSTANT})
        self._columns = [OBS_INDEX[name] for name in used]
        self._matrix = np.zeros((len(used), Action.size))
        self._constant = np.zeros(Action.size)
        for action, row in weights.items():
            for name, weight in row.items():
                if name == CONSTANT:
                    self._constant[Action.index[action]] = weight
                else:
                    self._matrix[used.index(name), Action.index[action]] = weight

    def act(self, observation: np.ndarray) -> np.ndarray:
        """The weighted sums, (n, 8)."""
        wanted = observation[:, self._columns].astype(float) @ self._matrix + self._constant
        return np.clip(wanted, -1.0, 1.0).astype(np.float32)


def check(weights: object) -> None:
    """Raise a ValueError that names the first thing in ``weights`` that no linear policy can have."""
    if not isinstance(weights, Mapping):
        raise ValueError(f"weights: {shown(weights)}: expected a group of weights for each action")
    for action, row in weights.items():
        if action not in Action.index:
            raise ValueError(f"weights: no action is called {shown(action)}; {did_you_mean(str(action), Action.index)}")
        if not isinstance(row, Mapping):
            raise ValueError(f"weights: {action}: {shown(row)}: expected a weight for each column")
        for name, weight in row.items():
            if name != CONSTANT and name not in OBS_INDEX:
                why = did_you_mean(str(name), [CONSTANT, *OBS_INDEX])
                raise ValueError(f"weights: {action}: the observation has no column {shown(name)}; {why}")
            if type(weight) not in (int, float) or not isfinite(weight):
                raise ValueError(f"weights: {action}.{name}: {shown(weight)}: expected a finite number")
