"""The loop in which a policy plays: rules, models of Stable-Baselines3, anything that has ``predict``.

Costs are discounted month by month and stated in per cent of exposure, the discounted value of baseline
emissions at the reference price. The same seeds give every policy the same prices, output and announcements.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from nea_env.core.layout import TECHS
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.envs.spaces import ActionForm
from nea_env.policies.bank import Bank
from nea_env.policies.outcome import CURVES, QUANTILES, Outcome
from nea_env.policies.rules import column
from nea_env.scenario import Scenario


class Month(NamedTuple):
    """A month that has been played in every row, or what there is before the first.

    Attributes:
        env: as the month has left it.
        observation: (n, OBS) float32 that it has left: the policy's next.
        reward: (n,); zero before the first month.
        weight: discount factor of the month, 1 in the first.
        cost_pct: (n,) discounted cost of the month, % of exposure.
    """

    env: FirmVectorEnv
    observation: np.ndarray
    reward: np.ndarray
    weight: float
    cost_pct: np.ndarray


def plays_menu(policy: Any) -> bool:
    """Whether a policy chooses from the menu of the discrete ids."""
    return isinstance(getattr(policy, "action_space", None), spaces.Discrete)


def takes_masks(policy: Any) -> bool:
    """Whether a policy's ``predict`` wants to know which actions can matter, as sb3-contrib's MaskablePPO does."""
    try:
        return "action_masks" in inspect.signature(policy.predict).parameters
    except (TypeError, ValueError):  # compiled code may have no signature
        return False


def months(policy: Any, scenario: Scenario, seeds: np.ndarray) -> Iterator[Month]:
    """Play one episode per seed, all in one batch: the state before the first month, then every month.

    Args:
        policy: has ``predict``; chooses from the menu where its ``action_space`` is Discrete.
        scenario: what is played.
        seeds: (n,) int; rows may share seeds.

    Yields:
        The months, until every episode has ended.
    """
    n = len(seeds)
    form: ActionForm = "discrete" if plays_menu(policy) else "box"
    env = FirmVectorEnv(n, scenario, form, autoreset_mode=AutoresetMode.DISABLED)
    try:
        observation, _ = env.reset(seed=[int(seed) for seed in seeds])
        batch, masked = env.batch, takes_masks(policy)
        per_cent, scale = 100.0 / batch.exposure, batch.reward_scale
        yield Month(env, observation, np.zeros(n), 1.0, np.zeros(n))
        state, start, weight, ended = None, np.ones(n, bool), 1.0, False
        while not ended:
            masks = {"action_masks": env.action_masks()} if masked else {}
            actions, state = policy.predict(observation, state=state, episode_start=start, deterministic=True, **masks)
            observation, reward, terminated, _, _ = env.step(actions)
            yield Month(env, observation, reward, weight, -(weight * per_cent * scale * reward))
            start, weight, ended = np.zeros(n, bool), weight * env.discount, bool(terminated.all())
    finally:
        env.close()


def costs(policy: Any, scenario: Scenario, seeds: np.ndarray) -> np.ndarray:
    """Discounted cost of each seed's episode, (n,) in % of exposure: as from ``play``, but faster; see ``months``."""
    total = np.zeros(len(seeds))
    for month in months(policy, scenario, seeds):
        total += month.cost_pct
    return total


def play(policy: Any, scenario: Scenario, seeds: np.ndarray, *, curves: bool = False) -> Outcome:
    """All that a policy does in one episode per seed; see ``months``.

    Args:
        policy: has ``predict``.
        scenario: what is played.
        seeds: (n,) int.
        curves: also keep quantiles and means of price, bank, abatement and cumulative cost by month.
    """
    played = months(policy, scenario, seeds)
    last = next(played)
    outcome, bank = Outcome.zero(len(seeds), TECHS), Bank(scenario, last.env.accounts())
    rows: dict[str, list[np.ndarray]] = {name: [] for name in CURVES if name != "bank"}
    means: dict[str, list[float]] = {name: [] for name in rows}
    price = last.env.market()["long_price"]
    for month in played:
        flows = month.env.flows()
        _add(outcome, month, flows)
        bank.note(flows, month.env.accounts())
        if curves:
            abated = flows["abated"] + flows["saved"]
            for name, values in zip(rows, (price, abated, outcome.cost_pct), strict=True):
                rows[name].append(np.quantile(values, QUANTILES))
                means[name].append(float(values.mean()))
            price = month.env.market()["long_price"]
    tonnes = bank.tonnes()
    outcome.bank_t, outcome.carried_t = tonnes.mean(axis=0), bank.carried_t
    outcome.years, outcome.yearly = bank.years, bank.yearly
    if curves:
        found = {name: np.array(values).T for name, values in rows.items()}
        found["bank"] = np.quantile(tonnes, QUANTILES, axis=1)
        outcome.curves = {name: found[name] for name in CURVES}
        outcome.means = {name: np.array(values) for name, values in means.items()} | {"bank": tonnes.mean(axis=1)}
    return outcome


def _add(outcome: Outcome, month: Month, flows: dict[str, np.ndarray]) -> None:
    """Add a month's costs, quantities and construction."""
    outcome.cost_pct += month.cost_pct
    outcome.reward += month.reward
    for name, total in outcome.totals.items():
        total += flows[name]
    per_cent = 100.0 / month.env.batch.exposure
    for name, part in outcome.parts_pct.items():
        part += month.weight * per_cent * flows[name]
    for k in range(TECHS):
        built = column(month.observation, f"capacity_{k}") + column(month.observation, f"building_{k}")
        outcome.built_share[:, k] = np.maximum(outcome.built_share[:, k], built)
