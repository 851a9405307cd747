"""A period that has ended and waits for news of its own law: its bank beside that of the period after it.

A period whose law is known settles as soon as it ends, since what it holds changes no more. If its benchmark, its limit
on carrying over or its penalty is announced between its end and its deadline, it is settled with the last such
announcement: in between a market is at two banks, the closed one and the running one, and its front price is the mean
over what the news may bring. The closed bank keeps its node; the running one is on a grid of its own, whose range
follows what can have come in since.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.clearing import Onward, cleared, settled
from nea_env.core.equilibrium.grid import Grid, at, grid_of, place_of
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.jit import jit
from nea_env.core.parameters import LAPSED, PARTS


class Beside(NamedTuple):
    """The grid of the running bank beside a closed one, by month.

    Attributes:
        low: (T + 1,) its first node, units.
        step: (T + 1,) from one node to the next, units.
        nodes: how many, M; the middle one is at nothing in the first month of a wait.
    """

    low: Array
    step: Array
    nodes: int

    def grid(self, month: int) -> Grid:
        """Of one month."""
        return Grid(float(self.low[month]), float(self.step[month]), self.nodes)


class Settlement(NamedTuple):
    """The settlement of a closed period with an announcement.

    Attributes:
        row: (MarketMonth.size,) the period's last month under the law as it is known now, prices discounted to now.
        added: units that the announcement adds to the closed bank: a true-up.
    """

    row: Array
    added: float


class Opening(NamedTuple):
    """What holds at the start of a month at every bank and shock, before what is announced in it has any effect.

    Shapes are (B, Z), or (B, M, Z) where a closed period waits beside the running one; then the last three are given.

    Attributes:
        running: price of the running vintage, money/t.
        worth: of a unit of it to a firm that carries units over, money/t.
        after: price of the vintage after it, money/t.
        lapse: probability that the limit on carrying binds at the end of the running period.
        front: price of the closed vintage, money/t.
        front_worth: of a unit of it to a firm that carries units over, money/t.
        front_lapse: probability that the limit on carrying binds for it.
    """

    running: Array
    worth: Array
    after: Array
    lapse: Array
    front: Array | None = None
    front_worth: Array | None = None
    front_lapse: Array | None = None

    @property
    def waits(self) -> bool:
        """Whether a closed period waits."""
        return self.front is not None

    @property
    def at_start_of_wait(self) -> Opening:
        """(B, Z) the same by the closed bank, before the first month of a wait: its units are the running vintage."""
        assert self.front is not None and self.front_worth is not None and self.front_lapse is not None
        middle = self.front.shape[1] // 2
        return Opening(*(each[:, middle] for each in (self.front, self.front_worth, self.running, self.front_lapse)))


def mean_of(openings: list[tuple[Opening, float]]) -> Opening:
    """The mean of what several laws bring, each with its chance."""
    return Opening(
        **{
            name: sum(chance * getattr(opening, name) for opening, chance in openings)
            for name, table in openings[0][0]._asdict().items()
            if table is not None
        }
    )


class WaitingMonth(NamedTuple):
    """A month in which a closed period waits.

    Attributes:
        opening: (B, M, Z) prices.
        landing: (B, M, Z) place of the running bank on its grid a month later.
        second: (M,) the running banks, units.
    """

    opening: Opening
    landing: Array
    second: Array


class SettledMonth(NamedTuple):
    """The settlement of a closed period at the start of a month.

    A node of the closed bank stands for the banks about it, half a step each way: it is settled at one of `PARTS` of
    them, each as likely. So the price does not hang on where a limit lies between two nodes.

    Attributes:
        opening: (B, M, Z) prices before it is known.
        front: (PARTS, B, M, Z) price of the closed vintage, money/t.
        landing: (PARTS, B, M, Z) place on the grid of banks of the running bank and what is carried.
        outcome: (PARTS, B, M, Z) WITHIN, LAPSED or SHORT.
    """

    opening: Opening
    front: Array
    landing: Array
    outcome: NDArray[np.int8]


def waiting_month(
    row: Array, beside: Beside, month: int, factors: Array, problem: Problem, ahead: Opening
) -> WaitingMonth:
    """Solve a month in which a closed period waits.

    Args:
        row: (MarketMonth.size,) the month.
        beside: grid of the running bank.
        month: its number.
        factors: (Z,) of emissions, the shocks.
        problem: the market.
        ahead: (B, M, Z) the start of the month after it.
    """
    shape = ahead.running.shape
    now = Opening(*(np.empty(shape) for _ in range(7)))
    landing = np.empty(shape)

    def expected(values: Array, discount: float) -> Array:
        """(Z, B, M) mean a month on by today's shock."""
        return np.ascontiguousarray((discount * (values @ problem.chances.T)).transpose(2, 0, 1))

    discounts = (problem.discount,) * 3 + (1.0,) + (problem.discount,) * 2 + (1.0,)
    given = (values for values in ahead if values is not None)
    onward = tuple(expected(values, discount) for values, discount in zip(given, discounts, strict=True))
    _wait(row, beside.grid(month), beside.grid(month + 1), factors, onward, tuple(now), landing)
    return WaitingMonth(now, landing, beside.low[month] + beside.step[month] * np.arange(beside.nodes))


@jit
def _wait(row, grid, next_grid, factors, onward, now, landing):
    """Fill a month's tables; ``onward`` and ``now`` are the fields of `Opening`, (Z, B, M) and (B, M, Z)."""
    running, worth, after, lapse, front, front_worth, front_lapse = onward
    for state in range(len(factors)):
        for node in range(running.shape[1]):
            line = Onward(running[state, node], worth[state, node], next_grid)
            for place in range(grid.nodes):
                bank = grid.low + grid.step * place
                price, own, carried, _ = cleared(
                    bank, 0.0, row, factors[state], None, line, running[state, node, place]
                )
                to = place_of(carried, next_grid)
                landing[node, place, state] = to
                now[0][node, place, state], now[1][node, place, state] = price, own
                now[2][node, place, state] = at(after[state, node], to)
                now[3][node, place, state] = at(lapse[state, node], to)
                now[4][node, place, state] = at(front[state, node], to)
                now[5][node, place, state] = at(front_worth[state, node], to)
                now[6][node, place, state] = at(front_lapse[state, node], to)


def settled_month(settlement: Settlement, beside: Beside, month: int, problem: Problem, after: Opening) -> SettledMonth:
    """Settle a closed period at the start of a month.

    Args:
        settlement: its terms.
        beside: grid of the running bank.
        month: its number.
        problem: the market.
        after: (B, Z) the month as it is once the period is settled.
    """
    shape = len(problem.banks), beside.nodes, len(problem.shocks)
    opening = Opening(*(np.zeros(shape) for _ in range(7)))
    month_of_it = SettledMonth(
        opening, np.empty((PARTS, *shape)), np.empty((PARTS, *shape)), np.empty((PARTS, *shape), np.int8)
    )
    lines = tuple(np.ascontiguousarray(each.T) for each in after[:4])
    _settle(
        settlement.row, settlement.added, problem.banks, beside.grid(month), lines, tuple(opening), *month_of_it[1:]
    )
    return month_of_it


@jit
def _settle(row, added, banks, running_grid, lines, opening, front, landing, outcome):
    """Fill a settlement's tables; ``lines`` are the first four fields of `Opening` (Z, B)."""
    grid = grid_of(banks)
    for part in range(PARTS):
        moved = added + grid.step * ((part + 0.5) / PARTS - 0.5)
        for state in range(lines[0].shape[0]):
            for node in range(grid.nodes):
                for place in range(running_grid.nodes):
                    bank = running_grid.low + running_grid.step * place
                    price, own, carried, how = settled(banks[node] + moved, bank, row, lines[1][state], grid)
                    to = place_of(bank + carried, grid)
                    front[part, node, place, state] = price
                    landing[part, node, place, state], outcome[part, node, place, state] = to, how
                    for field in range(4):
                        opening[field][node, place, state] += at(lines[field][state], to) / PARTS
                    opening[4][node, place, state] += price / PARTS
                    opening[5][node, place, state] += own / PARTS
                    opening[6][node, place, state] += (1.0 if how == LAPSED else 0.0) / PARTS
