"""Firms put at any place of an episode: what a solver asks of the month that every environment plays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from nea_env.core.blocks import LANES, blocks_of, rows_of, set_rows
from nea_env.core.layout import (
    HISTORY,
    HISTORY_FROM,
    WORLD_FROM,
    Action,
    Observation,
    Row,
    State,
    World,
)
from nea_env.core.lowering.menu import menu_of
from nea_env.core.lowering.stacked import stack
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import MENU_EVEN, MENU_TARGET, MenuRow, Static
from nea_env.core.play.at_prices import entries_of, rewards_at
from nea_env.core.play.step import advance, start_rows
from nea_env.core.pool import share
from nea_env.scenario import Scenario

Floats = NDArray[np.float64]
COLUMNS = WORLD_FROM + World.size
REMEMBERED = HISTORY_FROM + HISTORY
PRICED = (State.LOG_PRICE, State.PRICE, State.NEWS, State.FRONT_RATIO)
"""Columns of the state that a quote replaces; with the node on the lattice they are all that it is."""


class Rows(NamedTuple):
    """Where ``n`` firms stand in one month.

    Attributes:
        books: (n, State, Flow and World columns).
        memory: (n, capacity under construction, then the history of prices), float32.
    """

    books: Floats
    memory: NDArray[np.float32]

    def take(self, places: NDArray[np.integer]) -> Rows:
        """The rows at some places, a copy."""
        return Rows(self.books[places], self.memory[places])

    def quotes(self) -> Floats:
        """(n, Quote.size): the prices that the rows stand at."""
        return self.books[:, [*PRICED, WORLD_FROM + World.NODE]]

    def at(self, quotes: Floats) -> Rows:
        """The same rows at other prices, a copy: ``quotes`` (n, Quote.size)."""
        books = self.books.copy()
        books[:, [*PRICED, WORLD_FROM + World.NODE]] = quotes
        return Rows(books, self.memory.copy())


class Month(NamedTuple):
    """What came of a month: rows after it, reward (n,), observation (n, O) float32 and mask (n, A) of the next."""

    rows: Rows
    reward: Floats
    observation: NDArray[np.float32]
    mask: NDArray[np.bool_]


class Placed:
    """Firms of one law at places of a caller's choosing.

    Args:
        scenario: one that draws no laws.
        threads: share the rows among so many; results do not depend on it.

    Raises:
        ValueError: it draws laws.
        ScenarioError: its calendar cannot be settled, or its numbers overflow.

    Attributes:
        scenario: as given.
        static: (Static.size,) its numbers, as the kernels read them.
        monthly, events: (months + 1, ...), (events, ...) its tables.
        horizon: months of an episode.
        discount: monthly factor.
        scale: money that a reward of 1 stands for.
        exposure: money, the base of percentages.
    """

    def __init__(self, scenario: Scenario, threads: int | None = None) -> None:
        self._threads = numba.config.NUMBA_NUM_THREADS if threads is None else threads
        stacked = stack([lowered(scenario)])
        if len(stacked.laws) > 1:
            raise ValueError(f"scenario {scenario.name}: it draws {len(stacked.laws)} laws; allowed: one")
        self.scenario = scenario
        self._tables = stacked.arrays
        self.static, self.monthly, self.events = (table[0] for table in stacked.arrays[:3])
        self.horizon = int(self.static[Static.HORIZON])
        self.discount = float(self.static[Static.DISCOUNT])
        self.scale = float(self.static[Static.REWARD_SCALE])
        self.exposure = float(stacked.exposure[0])

    def start(self) -> Month:
        """One firm at the start of an episode, looked at."""
        rows, books, memory = self._arrays(1, np.zeros(1, np.int64), 0)
        start_rows(np.ones(1, np.bool_), 0, rows, books, memory, *self._tables)
        return self._advanced(rows, books, memory, np.empty((0, Action.size), np.float32))

    def step(self, month: int, rows: Rows, actions: NDArray[np.float32], seeds: NDArray[np.int64]) -> Month:
        """Play a month and bring the news of the next.

        Args:
            month: 0 to horizon - 1.
            rows: n firms in it.
            actions: (n, A) float32.
            seeds: (n,) what the news is keyed by, as episode 0 of these seeds would draw it.
        """
        return self._advanced(*self._placed(month, rows, seeds), np.ascontiguousarray(actions, np.float32))

    def look(self, month: int, rows: Rows) -> Month:
        """What n firms see in a month; the rows come back with what `plan` keeps of it, reward is 0."""
        placed = self._placed(month, rows, np.zeros(len(rows.books), np.int64))
        return self._advanced(*placed, np.empty((0, Action.size), np.float32))

    def menu(self, rows: Rows) -> NDArray[np.float32]:
        """(n, K, A) the scenario's menu as Box actions of each firm, its suggestions put in."""
        table = menu_of(self.scenario).reshape(-1, MenuRow.size)
        actions = np.tile(table[:, : Action.size].astype(np.float32), (len(rows.books), 1, 1))
        for kind, suggestion in ((MENU_EVEN, State.EVEN_TRADE), (MENU_TARGET, State.TARGET_TRADE)):
            entries = np.flatnonzero(table[:, MenuRow.TRADE_KIND] == kind)
            actions[:, entries, Action.TRADE] = rows.books[:, suggestion, None]
        return actions

    def entries(self, month: int, rows: Rows, actions: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) numbers of the menu's entries that Box actions (n, A) float32 become; rows as a look returns them."""
        chosen = np.empty(len(rows.books), np.int64)
        entries_of(month, *self._placed(month, rows, np.zeros(len(chosen), np.int64)), actions, *self._tables, chosen)
        return chosen

    def rewards(self, month: int, rows: Rows, quotes: Floats, actions: NDArray[np.float32]) -> Floats:
        """(n, P, K) rewards of a month at each of P quotes and for each of K actions, (n, K, A) float32."""
        reward = np.empty((len(rows.books), len(quotes), actions.shape[1]))

        def play(span: tuple[int, int]) -> int:
            given = month, rows.books, rows.memory, quotes, actions, *self._tables
            rewards_at(span, *given, _scratch(), reward)
            return 0

        share(play, len(rows.books), 1, self._threads)
        return reward

    def _placed(self, month: int, rows: Rows, seeds: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats, NDArray]:
        where, books, memory = self._arrays(len(rows.books), seeds, month)
        set_rows(books, rows.books)
        set_rows(memory, rows.memory)
        return where, books, memory

    def _arrays(self, n: int, seeds: NDArray[np.int64], month: int) -> tuple[NDArray[np.int64], Floats, NDArray]:
        where = np.zeros((Row.size, n), np.int64)
        where[Row.SEED], where[Row.MONTH] = seeds, month
        return where, blocks_of(n, COLUMNS), blocks_of(n, REMEMBERED, np.float32)

    def _advanced(
        self, where: NDArray[np.int64], books: Floats, memory: NDArray, actions: NDArray[np.float32]
    ) -> Month:
        n = where.shape[1]
        reward, mask = np.zeros(n), np.zeros((n, Action.size), np.bool_)
        observation = np.empty((n, Observation.size), np.float32)
        if advance((0, n), where, books, memory, *self._tables, actions, reward, observation, mask) < 0:
            raise ValueError("an action is NaN or infinite")
        return Month(Rows(rows_of(books, n), rows_of(memory, n)), reward, observation, mask)


def _scratch() -> tuple[NDArray[Any], ...]:
    """Arrays for one block of `rewards_at`."""
    return (
        np.zeros((Row.size, LANES), np.int64), np.zeros((1, COLUMNS, LANES)),
        np.zeros((1, REMEMBERED, LANES), np.float32), np.zeros((LANES, Action.size), np.float32), np.zeros(LANES),
    )  # fmt: skip
