"""Play a policy and note every month: what it saw, what it did, what came of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import ACTIONS, OBSERVATION, Action
from nea_env.core.lowering.periods import deadlines, periods_of
from nea_env.envs.actions import read_boxes, read_choices
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.envs.menu import menu_of
from nea_env.policies.bank import Bank
from nea_env.policies.play import months, plays_menu
from nea_env.scenario import Scenario

Columns = dict[str, NDArray[Any]]


class Log(NamedTuple):
    """Episodes as they were played, n of them over T months.

    Attributes:
        columns: (n, T) by full name, such as ``flow.bought``.
        opening: (n,) accounts before the first month, by name.
        exposure: (n,) base of the percentages, money.
    """

    columns: Columns
    opening: Columns
    exposure: NDArray[np.float64]


class _Watched:
    """A policy whose observations and actions are noted, and what would lapse if nothing were carried over.

    The law limits what is carried over and the books do not say how much it was. It is what lapses less in the
    month that was played than in the same month with a ``bank`` action of -1, which is played on a copy.
    """

    def __init__(self, policy: Any, scenario: Scenario) -> None:
        self._policy, self._scenario = policy, scenario
        self.action_space = getattr(policy, "action_space", None)
        self._menu = plays_menu(policy)
        self._due = set(deadlines(periods_of(scenario)))
        self._copy: Batch | None = None
        self.env: FirmVectorEnv | None = None  # known once the first state has been shown
        self.observations: list[NDArray[np.float32]] = []
        self.actions: list[NDArray[np.float32]] = []
        self.markets: list[Columns] = []
        self.at_risk: list[NDArray[np.float64] | None] = []

        @functools.wraps(policy.predict)  # what asks for masks goes on asking for them
        def predict(observation: NDArray[np.float32], **arguments: Any) -> tuple[Any, Any]:
            return self._predict(observation, **arguments)

        self.predict = predict

    def _predict(self, observation: NDArray[np.float32], **arguments: Any) -> tuple[Any, Any]:
        assert self.env is not None
        actions, state = self._policy.predict(observation, **arguments)
        batch = self.env.batch
        if self._menu:
            menu = menu_of(self._scenario)
            played = menu.decode(read_choices(actions, batch.n, len(menu)), batch)
        else:
            played = np.clip(read_boxes(actions, batch.n), -1.0, 1.0)
        self.observations.append(observation.copy())
        self.actions.append(played)
        self.markets.append(self.env.market())
        self.at_risk.append(self._lapsing(batch, played) if len(self.actions) - 1 in self._due else None)
        return actions, state

    def _lapsing(self, batch: Batch, played: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) t that would lapse this month if nothing were carried over."""
        if self._copy is None:
            self._copy = Batch(self._scenario, batch.n)
        self._copy.set_state(batch.get_state())
        nothing = played.copy()
        nothing[:, Action.BANK] = -1.0
        self._copy.step(nothing)
        return self._copy.flows()["lapsed"]


def log(policy: Any, scenario: Scenario, seeds: NDArray[np.int64]) -> Log:
    """Play one episode per seed to its end.

    Args:
        policy: has ``predict``; chooses from the menu where its ``action_space`` is Discrete.
        scenario: what is played.
        seeds: (n,) int.
    """
    watched = _Watched(policy, scenario)
    played = months(watched, scenario, seeds)
    first = next(played)
    watched.env = first.env
    opening, exposure = first.env.accounts(), first.env.batch.exposure
    accounts: list[Columns] = []
    flows: list[Columns] = []
    rewards, costs = [], []
    bank = Bank(scenario, opening)
    for month in played:
        accounts.append(month.env.accounts())
        flows.append(month.env.flows())
        bank.note(flows[-1], accounts[-1])
        rewards.append(month.reward)
        costs.append(month.cost_pct)
    choice = scenario.firm.output_choice
    acted = _split("action", [field.name for field in ACTIONS], watched.actions)
    moved = _joined("flow", flows)
    columns = {
        **_split("observation", [field.name for field in OBSERVATION], watched.observations),
        **acted,
        **_effects(acted | moved, watched.at_risk, 0.0 if choice is None else choice.flexibility),
        **_joined("market", [{k: v for k, v in one.items() if k != "month"} for one in watched.markets]),
        **moved,
        **_joined("account", accounts),
        "allocation": np.ascontiguousarray(bank.allocation().T),
        "bank": np.ascontiguousarray(bank.tonnes().T),
        "reward": np.stack(rewards, axis=1),
        "cost_pct": np.stack(costs, axis=1),
    }
    return Log(columns, opening, exposure)


def _split(group: str, names: list[str], tables: list[NDArray[Any]]) -> Columns:
    """(n, T) columns of T arrays (n, names)."""
    whole = np.stack(tables, axis=1)
    return {f"{group}.{name}": np.ascontiguousarray(whole[:, :, k]) for k, name in enumerate(names)}


def _joined(group: str, tables: list[Columns]) -> Columns:
    """(n, T) columns of T mappings to arrays (n,)."""
    return {f"{group}.{name}": np.stack([table[name] for table in tables], axis=1) for name in tables[0]}


def _effects(columns: Mapping[str, NDArray[Any]], at_risk: list[Any], flexibility: float) -> Columns:
    """What each action became, by its name: see ``rollout.EFFECTS``."""
    flow = {name.removeprefix("flow."): values for name, values in columns.items() if name.startswith("flow.")}
    carried = np.zeros_like(flow["lapsed"])
    for month, lapsing in enumerate(at_risk):
        if lapsing is not None:
            carried[:, month] = np.maximum(lapsing - flow["lapsed"][:, month], 0.0)
    change = flexibility * columns["action.output"].astype(np.float64)
    return {
        "effect.trade": flow["bought"] - flow["sold"],
        "effect.abate": flow["abated"],
        "effect.invest": flow["invested"],
        "effect.offset": flow["offsets_bought"],
        "effect.borrow": flow["borrowed"],
        "effect.bank": carried,
        "effect.foreign": flow["foreign_bought"] - flow["foreign_sold"],
        "effect.output": flow["output"] * change / (1.0 + change),
    }
