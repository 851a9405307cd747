"""Plays a batch month by month with named actions, and checks the books of every month it plays."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from nea_env.core.batch import Batch
from nea_env.core.layout import ACTIONS, STATE, Action
from nea_env.scenario import Scenario, add_months, months_between
from tests.asserts import assert_identities

COLUMN = {field.name: index for index, field in enumerate(ACTIONS)}
STATE_COLUMN = {field.name: index for index, field in enumerate(STATE)}
SUGGESTED = {"even": 0, "at_price": 1}


class Walk:
    """One scenario, ``n`` firms; an action is a number, an (n,) array, or "even" / "at_price".

    Attributes:
        total: sum of every flow so far, (n,).
        present: discounted cost so far, money, (n,).
        reward: sum of the rewards so far, (n,).
    """

    def __init__(self, scenario: Scenario, n: int = 1, seeds=None) -> None:
        self.batch = Batch(scenario, n, threads=1)
        self.batch.reset(np.arange(n) if seeds is None else np.asarray(seeds))
        self.scenario = scenario
        self.total = defaultdict(lambda: np.zeros(n))
        self.present = np.zeros(n)
        self.reward = np.zeros(n)
        self.flows: dict[str, np.ndarray] = {}
        self.ended = False
        self.month = 0

    @property
    def date(self) -> str:
        """The month about to be played."""
        return add_months(self.scenario.start, self.month)

    def __getitem__(self, name: str) -> float:
        """An account, memory or capacity of the only firm."""
        values = self.column(name)
        assert len(values) == 1, "more than one firm: ask for the column"
        return float(values[0])

    def column(self, name: str) -> np.ndarray:
        """An account or memory of every firm, (n,)."""
        accounts = self.batch.accounts()
        return accounts[name] if name in accounts else self.batch.memory(name)

    def play(self, **actions) -> Walk:
        """Play one month; ``tonnes`` is a net purchase in t instead of a share of what the month holds."""
        if "tonnes" in actions:
            tonnes, market = np.asarray(actions.pop("tonnes")), self.batch.market()
            actions["trade"] = tonnes / (market["volume_limit"] + market["auction_room"] * (tonnes > 0))
        array = np.zeros((self.batch.n, Action.size), np.float32)
        suggested = self.batch.suggestions()
        for name, value in actions.items():
            array[:, COLUMN[name]] = suggested[:, SUGGESTED[value]] if isinstance(value, str) else value
        before = self.batch.accounts()
        _, reward, terminated = self.batch.step(array)
        self.flows = self.batch.flows()
        assert_identities(before, self.batch.accounts(), self.flows)
        for name, value in self.flows.items():
            self.total[name] += value
        self.present += self.batch.discount**self.month * self.flows["cost"]
        self.reward += reward
        self.month += 1
        self.ended = bool(terminated.any())
        return self

    def through(self, last: str, **actions) -> Walk:
        """Play all months up to and including ``last`` (YYYY-MM)."""
        for _ in range(months_between(self.date, last) + 1):
            self.play(**actions)
        return self

    def to_end(self, **actions) -> Walk:
        """Play what is left of the episode."""
        while not self.ended:
            self.play(**actions)
        return self

    def overwrite(self, name: str, value) -> Walk:
        """Set one column of the state: puts the market where a theorem wants it."""
        state = self.batch.get_state()
        state["_state"][:, STATE_COLUMN[name]] = value
        self.batch.set_state(state)
        return self
