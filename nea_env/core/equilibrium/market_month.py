"""One month of one market at every bank and shock."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.clearing import Onward, cleared
from nea_env.core.equilibrium.grid import at, grid_of, place_of
from nea_env.core.equilibrium.month import MarketMonth
from nea_env.core.equilibrium.problem import Array
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED


class MonthTables(NamedTuple):
    """A month of one market at every bank (B) and shock (Z), as a `Chain` has it.

    Attributes:
        running: (B, Z) price of the running vintage, money/t.
        worth: (B, Z) of a unit to a firm that carries units over, money/t.
        after: (B, Z) price of the vintage after it, money/t.
        landing: (B, Z) place of the bank carried on its grid.
        outcome: (B, Z) WITHIN, LAPSED or SHORT.
        lapse: (B, Z) probability that the limit on carrying binds at the period's end.
    """

    running: Array
    worth: Array
    after: Array
    landing: Array
    outcome: NDArray[np.int8]
    lapse: Array


@jit
def solve_month(row, banks, factors, running, worth, after, chances, now):
    """Fill one month's tables: how the market clears at every bank and shock.

    Args:
        row: (MarketMonth.size,) the month.
        banks: (B,) grid of the bank, units.
        factors: (Z,) of emissions, the shocks.
        running: (Z, B) discounted mean of the next running price by today's shock and the bank carried, money/t.
        worth: (Z, B) the same of what a unit is worth to a firm that carries.
        after: (Z, B) the same of the price of the vintage after.
        chances: (B, Z) mean probability, one month on, that the limit on carrying binds at the period's end.
        now: out, the `MonthTables`.
    """
    grid = grid_of(banks)
    ends = row[MarketMonth.YEAR_END] > 0.0
    for state in range(len(factors)):
        onward = Onward(running[state], worth[state], grid)
        for node in range(grid.nodes):
            guess = running[state, node]
            price, own, carried, how = cleared(banks[node], 0.0, row, factors[state], None, onward, guess)
            place = place_of(carried, grid)
            now.running[node, state], now.worth[node, state] = price, own
            now.landing[node, state], now.outcome[node, state] = place, how
            if ends:
                now.after[node, state] = at(running[state], place)
                now.lapse[node, state] = 1.0 if how == LAPSED else 0.0
            else:
                now.after[node, state] = at(after[state], place)
                now.lapse[node, state] = at(chances[:, state], place)
