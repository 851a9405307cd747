"""What a solver asks of the month: the reward of the same books at many prices, and what actions come to."""

from __future__ import annotations

import numpy as np

from nea_env.core.blocks import LANES, Rules
from nea_env.core.jit import jit
from nea_env.core.layout import WORLD_FROM, State, World
from nea_env.core.parameters import Quote
from nea_env.core.play.menu import nearest_entry
from nea_env.core.play.plan import open_actions
from nea_env.core.play.step import firms_of, play


@jit(nogil=True)
def rewards_at(span, t, books, memory, quotes, actions, static, monthly, events, grids, scratch, reward):
    """Play month ``t`` from the rows ``span`` = (low, high) at every quote and with every action.

    ``books`` (n, State, Flow and World columns) and ``memory`` (n, ...) are rows and stay as they are; ``quotes``
    (P, Quote.size) replace their prices, ``actions`` (n, K, A) are float32. ``static``, ``monthly``, ``events`` and
    ``grids`` are the tables of one law. ``scratch`` are arrays for one block: rows, books, memory, actions, rewards.
    ``reward`` (n, P, K) is written. Nothing is drawn: the month's news comes after it.
    """
    rows, block, remembered, asked, earned = scratch
    rules, entries = Rules(static[0], monthly[0], events[0], grids), actions.shape[1]
    pairs = quotes.shape[0] * entries
    for row in range(span[0], span[1]):
        for start in range(0, pairs, LANES):
            width = min(LANES, pairs - start)
            for c in range(books.shape[1]):
                value = books[row, c]
                for i in range(width):
                    block[0, c, i] = value
            for c in range(memory.shape[1]):
                remains = memory[row, c]
                for i in range(width):
                    remembered[0, c, i] = remains
            for i in range(width):
                place = (start + i) // entries
                block[0, State.LOG_PRICE, i] = quotes[place, Quote.LOG_PRICE]
                block[0, State.PRICE, i] = quotes[place, Quote.PRICE]
                block[0, State.NEWS, i] = quotes[place, Quote.NEWS]
                block[0, State.FRONT_RATIO, i] = quotes[place, Quote.FRONT_RATIO]
                block[0, WORLD_FROM + World.NODE, i] = quotes[place, Quote.NODE]
                for a in range(actions.shape[2]):
                    asked[i, a] = actions[row, (start + i) % entries, a]
            firms = firms_of(0, width, rows, block, remembered)
            play(firms, rules, t, asked[:width], earned[:width])
            for i in range(width):
                reward[row, (start + i) // entries, (start + i) % entries] = earned[i]


@jit
def entries_of(t, rows, books, memory, actions, static, monthly, events, grids, chosen):
    """Write the number of the menu's entry, (n,), that each firm's actions, (n, A) float32, become in month ``t``."""
    rules = Rules(static[0], monthly[0], events[0], grids)
    for row in range(chosen.shape[0]):
        firms = firms_of(row, 1, rows, books, memory)
        for a in range(actions.shape[1]):
            firms.actions[a, 0] = min(max(actions[row, a], np.float32(-1.0)), np.float32(1.0))
        open_actions(firms, rules, t)
        chosen[row] = nearest_entry(0, firms, rules)
