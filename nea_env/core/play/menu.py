"""A scenario's menu: what each firm asks for becomes the nearest joint action on it."""

from __future__ import annotations

import numpy as np

from nea_env.core.jit import jit
from nea_env.core.layout import Action, State
from nea_env.core.parameters import MENU_EVEN, MENU_TARGET, MenuRow, Static
from nea_env.core.play.plan import open_actions

ROW = MenuRow.size


@jit(inline=True)
def keep_to_menu(firms, rules, t):
    """Replace the actions of each firm by the nearest entry, as far as actions can matter in month ``t``."""
    open_actions(firms, rules, t)
    for i in range(firms.width):
        place = int(rules.own[Static.MENU_FIRST]) + nearest_entry(i, firms, rules) * ROW
        for a in range(Action.size):
            firms.actions[a, i] = np.float32(_offered(i, a, place, firms, rules.grids))


@jit(inline=True)
def nearest_entry(i, firms, rules):
    """Number of the entry at the least distance from what a firm asks for; of several the first.

    ``firms.open`` tells which actions can matter this month: the others, asked for or offered, count for nothing.
    Distance is between what the actions do: abatement, investment and credits are none at 0 and below, borrowing and
    carry-over all that is permitted at 0 and above.
    """
    actions, own, grids = firms.actions, rules.own, rules.grids
    first, nearest, least = int(own[Static.MENU_FIRST]), 0, np.inf
    for entry in range(int(own[Static.MENU_SIZE])):
        place, distance = first + entry * ROW, 0.0
        for a in range(Action.size):
            if not firms.open[i] >> a & 1:
                continue
            asked = float(actions[a, i])
            if a == Action.ABATE or a == Action.INVEST or a == Action.OFFSET:
                asked = max(asked, 0.0)
            elif a == Action.BORROW or a == Action.BANK:
                asked = min(asked, 0.0)
            distance += (asked - _offered(i, a, place, firms, grids)) ** 2
        if distance < least:
            nearest, least = entry, distance
    return nearest


@jit(inline=True)
def _offered(i, a, place, firms, grids):
    """The value of one action in an entry: a number, or for trade one of the suggestions."""
    if a == Action.TRADE:
        kind = grids[place + MenuRow.TRADE_KIND]
        if kind == MENU_EVEN:
            return firms.state[State.EVEN_TRADE, i]
        if kind == MENU_TARGET:
            return firms.state[State.TARGET_TRADE, i]
    return grids[place + MenuRow.ACTION + a]
