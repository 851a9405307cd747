"""Certainty-equivalent planning: the best plan at expected prices, of which the next months are played.

The firm plans as if prices and output would go as they are expected to. So it abates, trades, banks, borrows and buys
credits as well as a plan can, but it invests as soon as that pays at expected prices: a plan knows no worth of waiting.

A plan takes 20 to 100 ms: with one every three months, 200 episodes of tps take two minutes, of kets nine, of tokyo
twenty.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import OBS_INDEX, Action, State
from nea_env.core.lowering.tables import lowered
from nea_env.library import load_scenario
from nea_env.policies.plan.books import Books, expected_path
from nea_env.policies.plan.linear import highs
from nea_env.policies.plan.programme import Plan, Programme
from nea_env.policies.plan.replay import NEEDED, asked
from nea_env.policies.plan.seen import Seen
from nea_env.policies.rules import Rule
from nea_env.scenario import Scenario

TOLERANCE, ROUNDS = 1e-5, 2  # of the tangents: what a month's plan is worth is known far less well


class PlanAhead(Rule):
    """Plans the remaining months at expected prices, plays some of them, and plans again.

    It tells its books from its observations, and remembers what it saw of output, prices and construction since each
    row's episode began, so rows must be given in the same order every month.

    Args:
        scenario: what is played, a shipped one's name or a path to YAML: of one law, without links, output as a
            choice, permanent impact or a menu.
        every: months of a plan that are played before the next is made, at least 1.

    Raises:
        ValueError: a plan cannot hold the scenario.
        ImportError: HiGHS is missing.
    """

    name = "plan_ahead"

    def __init__(self, scenario: Scenario | str | Path, every: int = 3) -> None:
        highs()
        scenario = load_scenario(scenario)
        tables = lowered(scenario).tables
        if len(tables) > 1:
            raise ValueError(f"scenario {scenario.name} draws {len(tables)} laws: plans are made for one")
        if every < 1:
            raise ValueError(f"every is {every}: expected at least 1 month")
        self._tables, self._every = tables[0], every
        self._seen: list[Seen] = []
        self._plans: list[Plan | None] = []
        books = Seen(self._tables).books(0, np.zeros(len(OBS_INDEX)))
        Programme(self._tables, books, expected_path(self._tables, books))  # says what it cannot hold

    def act(self, observation: np.ndarray) -> np.ndarray:
        """The planned month of each row, (n, 8)."""
        n = len(observation)
        found: dict[bytes, Plan] = {}
        months = np.rint(observation[:, OBS_INDEX["progress"]].astype(float) * self._tables.horizon).astype(int)
        if len(self._seen) != n:
            self._seen, self._plans = [Seen(self._tables) for _ in range(n)], [None] * n
        actions = np.zeros((n, Action.size), np.float32)
        for i, t in enumerate(months):
            if t >= self._tables.horizon:
                continue
            if t == 0:
                self._seen[i], self._plans[i] = Seen(self._tables), None
            books = self._seen[i].books(t, observation[i].astype(float))
            plan = self._plans[i]
            if plan is None or t % self._every == 0:
                key = observation[i].tobytes()
                if key not in found:
                    found[key] = self._plan(books)
                plan = self._plans[i] = found[key]
            actions[i] = self._asked(plan, int(t), books)
            self._seen[i].long_sales -= float(plan.trade[t])
        return actions

    def _plan(self, books: Books) -> Plan:
        programme = Programme(self._tables, books, expected_path(self._tables, books), whole=False)
        return programme.solve("rounded", tolerance=TOLERANCE, rounds=ROUNDS)

    def _asked(self, plan: Plan, t: int, books: Books) -> NDArray[np.float32]:
        state = {name: float(books.state[State.index[name]]) for name in NEEDED}
        return asked(plan, t, state, self._tables)
