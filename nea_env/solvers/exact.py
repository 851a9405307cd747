"""The best that a firm can do, without error: backward induction over the month that every environment plays.

A scenario on the exact track has a menu of joint actions and prices on a lattice, so a firm can be in finitely many
places: a price (`solvers.chain`) and what it holds and owes (`solvers.states`). Both are found by playing the core's
own month forward; the reward of each place and action is the core's own too. No rule of the law is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nea_env.core.placed import Month, Placed
from nea_env.scenario import Scenario
from nea_env.solvers.chain import Chain, chain
from nea_env.solvers.states import States, states

Floats = NDArray[np.float64]
Chooser = Callable[[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]], NDArray[np.integer]]
"""(month, tonnes (n,), price (n,), observation (n, O)) -> (n,) numbers of the menu."""
MOST_STATES = 200_000
CELLS = 2**22  # rewards computed at once
TIE = 1e-12  # actions that are worth as much as the best to this are as good: the first of them is taken


class Exact:
    """A solved scenario.

    Values are in units of return: the discounted sum of rewards from a month on.

    Args:
        scenario: one of the exact track.
        progress: show a bar.

    Raises:
        ValueError: it draws laws, has no menu, or more than ``MOST_STATES`` states in a month.

    Attributes:
        scenario: what is solved.
        values: for each month (N, P): the value of N states of tonnes at P prices.
        best: for each month (N, P): the number of the best joint action.
    """

    def __init__(self, scenario: Scenario, *, progress: bool = True) -> None:
        self.scenario = scenario
        self._placed = Placed(scenario)
        self._chain: Chain = chain(self._placed)
        self._states: States = states(self._placed, MOST_STATES)
        self.values, self.best = self._solve(progress)

    @property
    def value(self) -> float:
        """Of the best policy at reset."""
        return float(self.values[0][0, 0])

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(N, P) of every month."""
        return [
            (len(rows.books), len(quotes)) for rows, quotes in zip(self._states.rows, self._chain.quotes, strict=True)
        ]

    def percent(self, value: float) -> float:
        """A return in per cent of exposure; costs are negative."""
        return 100.0 * value * self._placed.scale / self._placed.exposure

    def q(self, month: int) -> Floats:
        """(N, P, K) values of every joint action in a month."""
        return self._q(month, self.values[month + 1] if month + 1 < self._placed.horizon else None)

    def _q(self, month: int, after: Floats | None, places: slice = slice(None)) -> Floats:
        rows = self._states.rows[month]
        rows = rows.take(np.arange(len(rows.books))[places])
        worth = self._placed.rewards(month, rows, self._chain.quotes[month], self._placed.menu(rows))
        if after is not None:
            expected = self._placed.discount * (after @ self._chain.moves[month].T)  # (N', P)
            worth += expected[self._states.successors[month][places]].transpose(0, 2, 1)
        return worth

    def _solve(self, progress: bool) -> tuple[list[Floats], list[NDArray[np.int8]]]:
        horizon, entries = self._placed.horizon, len(self.scenario.menu)
        values: list[Any] = [None] * horizon
        best: list[Any] = [None] * horizon
        after = None
        for month in tqdm(reversed(range(horizon)), "months solved", horizon, disable=not progress, delay=2.0):
            n, prices = len(self._states.rows[month].books), len(self._chain.quotes[month])
            values[month], best[month] = np.empty((n, prices)), np.empty((n, prices), np.int8)
            chunk = max(1, CELLS // (prices * entries))
            for first in range(0, n, chunk):
                places = slice(first, first + chunk)
                worth = self._q(month, after, places)
                values[month][places] = worth.max(axis=2)
                best[month][places] = (worth >= worth.max(axis=2, keepdims=True) - TIE).argmax(axis=2)
            after = values[month]
        return values, best

    def optimal(self, month: int, tonnes: NDArray[np.int64], price: NDArray[np.int64], seen: Any) -> NDArray[np.int8]:
        """The best action of each state: a chooser."""
        return self.best[month][tonnes, price]

    def evaluate(self, choose: Chooser) -> tuple[float, float]:
        """(return of a policy, what it loses against the best), both without sampling error.

        The policy's own distribution over states is pushed forward; the loss is the discounted sum of what each
        action loses (the performance-difference identity), so value less return.
        """
        weight, total, lost = np.ones((1, 1)), 0.0, 0.0
        for month in range(self._placed.horizon):
            tonnes, price = np.nonzero(weight)
            chance = weight[tonnes, price] * self._placed.discount**month
            seen = self.observe(month, tonnes, price)
            action = np.asarray(choose(month, tonnes, price, seen.observation), np.int64)
            asked = self._placed.menu(seen.rows)[np.arange(len(tonnes)), action]
            played = self._placed.step(month, seen.rows, asked, np.zeros(len(tonnes), np.int64))
            total += float(chance @ played.reward)
            worth = played.reward.copy()
            if month + 1 < self._placed.horizon:
                following = self._states.successors[month][tonnes, action]
                moves = self._chain.moves[month]
                expected = (self.values[month + 1][following] * moves[price]).sum(axis=1)
                worth += self._placed.discount * expected
                after = np.zeros((len(self._states.rows[month + 1].books), len(moves)))
                np.add.at(after, (following, price), weight[tonnes, price])
                weight = after @ moves
            lost += float(chance @ (self.values[month][tonnes, price] - worth))
        return total, lost

    def asked(self, month: int, tonnes: NDArray[np.int64], entries: NDArray[np.integer]) -> NDArray[np.float32]:
        """(n, 8) Box actions of joint actions (n,) at states (n,) of a month."""
        rows = self._states.rows[month].take(tonnes)
        return self._placed.menu(rows)[np.arange(len(tonnes)), entries]

    def observe(self, month: int, tonnes: NDArray[np.int64], price: NDArray[np.int64]) -> Month:
        """What a firm sees at states (n,) of a month, and its rows there."""
        rows = self._states.rows[month].take(tonnes).at(self._chain.quotes[month][price])
        return self._placed.look(month, rows)
