"""A run tried out on a small scale before it begins, to see what the simulator, Stable-Baselines3 or torch refuse."""

from __future__ import annotations

import re
import warnings
from typing import Any

from agents.algorithms import WHOLE_EPISODE_ALGORITHMS, make_model
from agents.checkpoint import random_state, set_random_state
from agents.hyperparameters import ON_POLICY
from agents.refusal import SettingsError
from agents.sb3 import make_vec_env
from agents.settings import Settings
from nea_env.core.batch import Batch

_SMALL = {
    "n_steps": 4, "batch_size": 8, "n_epochs": 1, "buffer_size": 64, "learning_starts": 2, "gradient_steps": 1,
    "stats_window_size": 100,
}  # fmt: skip
"""Sizes are reduced to these; everything else is the run's own."""


def rehearse(settings: Settings) -> None:
    """Lower the scenario, build the model on at most two firms, and let it learn once.

    Global random generators are left as they were.

    Raises:
        SettingsError: one line that names what was refused and why.
    """
    try:
        Batch(settings.scenario, 1)
    except ValueError as error:
        reason = _first(error).removeprefix(f"scenario {settings.scenario.name}: ")
        raise SettingsError(f"scenario.{reason}") from None
    before = random_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about minibatches that do not divide the few steps played here
            _learn_once(settings)
    except Exception as error:  # whatever it is, the run would fail with it
        raise SettingsError(_blame(settings, error)) from None
    finally:
        set_random_state(before)


def _learn_once(settings: Settings) -> None:
    algo = settings.algo
    env = make_vec_env(
        settings.id, min(2, algo.num_envs), settings.seed, reward=algo.reward, scenario=settings.scenario
    )
    small = {key: min(value, _SMALL[key]) for key, value in algo.parameters.items() if key in _SMALL}
    if algo.name in ON_POLICY:
        small["n_steps"] = small.get("n_steps", 4)
    elif algo.name in WHOLE_EPISODE_ALGORITHMS:
        small["group_size"] = min(2, algo.num_envs)
    else:
        small["train_freq"] = 4
    model = make_model(
        algo.name, env, seed=settings.seed, gamma=float(env.get_attr("discount")[0]), policy=algo.policy,
        policy_kwargs=dict(algo.policy_kwargs), parameters={**algo.parameters, **small},
    )  # fmt: skip
    model.learn(8)
    env.close()


def _blame(settings: Settings, error: Exception) -> str:
    """The refusal with the setting that it names, or else with the algorithm."""
    text, algo = _first(error), settings.algo
    groups: tuple[tuple[str, dict[str, Any]], ...] = (
        ("algo.parameters", algo.parameters), ("algo.policy_kwargs", algo.policy_kwargs),
    )  # fmt: skip
    for path, values in groups:
        for key, value in values.items():
            if re.search(rf"\b{re.escape(key)}\b", text):
                return f"{path}.{key}: {value}, refused by {algo.name}: {text}"
    return f"algo: {algo.name} refuses these settings: {text}"


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
