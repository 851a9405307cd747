"""A scenario's menu as numbers."""

from __future__ import annotations

import numpy as np

from nea_env.core.layout import ACTIONS, Action
from nea_env.core.parameters import MENU_EVEN, MENU_NUMBER, MENU_TARGET, MenuRow
from nea_env.scenario import Scenario

KINDS = {"even": MENU_EVEN, "target": MENU_TARGET}


def menu_uses(scenario: Scenario) -> int:
    """A bit for each action that some entry sets: no other can matter. All bits without a menu."""
    if not scenario.menu:
        return 2**Action.size - 1
    return sum(
        1 << action
        for action, field in enumerate(ACTIONS)
        if any(getattr(entry, field.name) != 0.0 for entry in scenario.menu)
    )


def menu_of(scenario: Scenario) -> np.ndarray:
    """(entries x MenuRow.size,), one entry after the other."""
    table = np.zeros((len(scenario.menu), MenuRow.size))
    for row, entry in zip(table, scenario.menu, strict=True):
        for action, field in enumerate(ACTIONS):
            value = getattr(entry, field.name)
            row[MenuRow.ACTION + action] = 0.0 if isinstance(value, str) else value
        trade = entry.trade
        row[MenuRow.TRADE_KIND] = KINDS[trade] if isinstance(trade, str) else MENU_NUMBER
    assert Action.size == len(ACTIONS)
    return table.ravel()
