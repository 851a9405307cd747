"""A tree's chain as the kernels read it: what holds at its places, and the means over where a month may lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nea_env.core.equilibrium.month import table
from nea_env.core.equilibrium.solve import Stretch
from nea_env.core.lowering.aggregate.announced import stretches
from nea_env.core.lowering.equilibrium_chain import chain_of
from nea_env.core.lowering.law_tree import law_tree
from nea_env.core.parameters import PARTS, Record
from nea_env.scenario import Scenario

CHAIN, SECONDS, SETTLES, WAITS, SECOND_LOW, SECOND_STEP = range(6)  # columns of `FlatChain.months`


class Leaf(NamedTuple):
    """A month under one state of the law.

    Attributes:
        month: its number.
        laws: (laws,) those played that share it.
        now: (B, M, Z, Record.size) its records.
        state: of the law, the `Stretch` that holds.
        closes: whether a period ends with it and waits.
        waits: whether one that ended earlier does.
    """

    month: int
    laws: np.ndarray
    now: np.ndarray
    state: Stretch
    closes: bool
    waits: bool


class LawTable:
    """The table of a scenario with a tree of laws."""

    def __init__(self, scenario: Scenario):
        tree = law_tree(scenario)
        self.states = stretches(scenario, tree)
        self.paths = [law.states for law in tree.laws]
        flat = chain_of(scenario, tree)
        self.chain, self.months = flat.chain, flat.months
        self.banks, self.seconds, self.shocks = (int(value) for value in flat.head[:3])
        self.low, self.step = flat.head[3:5]
        size = self.shocks**2
        self.chances = np.diff(self.chain[:size].reshape(self.shocks, self.shocks), axis=1, prepend=0.0)
        self.discount = self.states[0].problem.discount
        self.frequency = np.array([law.frequency for law in tree.laws])

    def leaves(self) -> Iterator[Leaf]:
        """Every month but the last under every state of the law."""
        for month in range(self.months.shape[1] - 1):
            for at in np.unique(self.months[:, month, CHAIN]):
                laws = self.months[:, month, CHAIN] == at
                row, onward = self.months[laws][0, month], self.months[laws][0, month + 1]
                waits = bool(row[WAITS] > 0)
                closes = not waits and bool(onward[WAITS] > 0 or onward[SETTLES] > 0)
                yield Leaf(month, laws, self._month(row), self._state(laws, month), closes, waits)

    def settlements(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, Stretch]]:
        """(month, (PARTS, B, M, Z, Record.size) records of a settlement, those of the month after it, the state)."""
        for month in range(self.months.shape[1]):
            for at in np.unique(self.months[:, month, SETTLES][self.months[:, month, SETTLES] > 0]):
                laws = self.months[:, month, SETTLES] == at
                row = self.months[laws][0, month]
                yield month, self._settlement(row), self._month(row), self._state(laws, month)

    def is_told(self, leaf: Leaf) -> bool:
        """Whether the law may become one of several with the next month."""
        return len(np.unique(self.months[leaf.laws, leaf.month + 1, CHAIN])) > 1

    def row(self, leaf: Leaf) -> np.ndarray:
        """(MarketMonth.size,) the month as the solver had it."""
        return table(leaf.state.problem)[leaf.month]

    def onward(self, leaf: Leaf, column: int) -> np.ndarray:
        """(B, M, Z) discounted mean of a column a month on, over the shock, the banks and the law."""
        values = self.discount * self._ahead(leaf, column) @ self.chances.T
        node, second = leaf.now[..., Record.LANDING], leaf.now[..., Record.PARTNER_LANDING]
        shock = np.arange(self.shocks)[None, None, :]
        mean = np.zeros(node.shape)
        for one in (np.floor, np.ceil):
            for other in (np.floor, np.ceil):
                weight = _weight(node, one) * _weight(second, other)
                mean += weight * values[one(node).astype(int), other(second).astype(int), shock]
        return mean

    def _ahead(self, leaf: Leaf, column: int) -> np.ndarray:
        """Mean over the laws of a column at the start of the month after."""
        mean = 0.0
        for place in np.unique(self.months[leaf.laws, leaf.month + 1, CHAIN]):
            which = leaf.laws & (self.months[:, leaf.month + 1, CHAIN] == place)
            share = self.frequency[which].sum() / self.frequency[leaf.laws].sum()
            mean = mean + share * self._at_start(self.months[which][0, leaf.month + 1], column)
        return np.asarray(mean)

    def _at_start(self, row: np.ndarray, column: int) -> np.ndarray:
        """Of a month, before a period that waited is settled, by both banks and the shock."""
        now = self._month(row)[..., column]
        if row[SETTLES] <= 0:
            return now
        settled = self._settlement(row)
        if column == Record.FRONT:
            return settled[..., column].mean(axis=0)
        return between(now, settled[..., Record.LANDING]).mean(axis=0)

    def _state(self, laws: np.ndarray, month: int) -> Stretch:
        path = self.paths[int(np.flatnonzero(laws)[0])]
        return next(self.states[s] for s in path if self.states[s].first <= month < self.states[s].last)

    def _month(self, row: np.ndarray) -> np.ndarray:
        return self._records(row[CHAIN], self.banks, int(row[SECONDS]))

    def _settlement(self, row: np.ndarray) -> np.ndarray:
        return self._records(row[SETTLES], PARTS, self.banks, self.seconds)

    def _records(self, at: float, *shape: int) -> np.ndarray:
        shape = (*shape, self.shocks, Record.size)
        return self.chain[int(at) : int(at) + int(np.prod(shape))].reshape(shape)


def between(values: np.ndarray, landing: np.ndarray) -> np.ndarray:
    """``values`` (B, 1, Z) at places (PARTS, B, M, Z) on the grid of banks."""
    shock = np.arange(values.shape[-1])
    low, high = (values[side(landing).astype(int), 0, shock] for side in (np.floor, np.ceil))
    return low + (landing - np.floor(landing)) * (high - low)


def _weight(place: np.ndarray, side: np.ufunc) -> np.ndarray:
    share = place - np.floor(place)
    return np.where(side is np.floor, 1.0 - share, share)
