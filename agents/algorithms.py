"""Build and load a Stable-Baselines3 model from its part of the configuration.

The names are listed without their classes: importing those takes seconds, and a mistake in the settings should be
reported before that.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

ALGORITHMS = {
    "ppo": ("stable_baselines3", "PPO"),
    "a2c": ("stable_baselines3", "A2C"),
    "sac": ("stable_baselines3", "SAC"),
    "td3": ("stable_baselines3", "TD3"),
    "dqn": ("stable_baselines3", "DQN"),
    "maskable_ppo": ("sb3_contrib", "MaskablePPO"),
    "group_ppo": ("agents.group_ppo", "GroupPPO"),
}
"""Algorithms by their name in a configuration: package and class."""

DISCRETE_ALGORITHMS = ("dqn", "maskable_ppo", "group_ppo")
"""Algorithms that play the discrete twin of an id."""

POLICIES = ("MlpPolicy", "residual")
"""Values of ``policy`` in a configuration."""

WHOLE_EPISODE_ALGORITHMS = ("group_ppo",)
"""Algorithms whose rollouts are whole episodes."""

RESIDUAL_ALGORITHMS = ("ppo", "a2c", "sac")
"""Algorithms that have a policy which corrects the just-in-time rule."""

ACTIVATIONS = {"tanh": "Tanh", "relu": "ReLU", "elu": "ELU"}
"""Values of ``policy_kwargs.activation_fn`` in a configuration, and their classes in ``torch.nn``."""


def algorithm_class(name: str) -> type[BaseAlgorithm]:
    """The class of a key of ``ALGORITHMS``."""
    package, attribute = ALGORITHMS[name]
    chosen: type[BaseAlgorithm] = getattr(import_module(package), attribute)
    return chosen


def policy_class(name: str, policy: str) -> type:
    """The class of an algorithm's policy, one of ``POLICIES``."""
    if policy == "residual" and name == "sac":
        from agents.residual_sac import ResidualSACPolicy

        return ResidualSACPolicy
    if policy == "residual":
        from agents.residual import ResidualPolicy

        return ResidualPolicy
    return algorithm_class(name).policy_aliases[policy]


def make_model(
    name: str,
    env: VecEnv,
    *,
    seed: int,
    gamma: float,
    policy: str = "MlpPolicy",
    policy_kwargs: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
) -> BaseAlgorithm:
    """A new model; gamma comes from the environment.

    Args:
        name: a key of ``ALGORITHMS``.
        env: the environment to learn in.
        seed: of the network, the exploration and the minibatches.
        gamma: monthly discount factor.
        policy: one of ``POLICIES``.
        policy_kwargs: keyword arguments of the policy; ``activation_fn`` is a key of ``ACTIVATIONS``.
        parameters: keyword arguments of the algorithm. Also ``learning_rate_end`` (linear from
            ``learning_rate`` to it), ``action_noise_std`` (Gaussian, off-policy only).
    """
    from stable_baselines3.common.noise import NormalActionNoise
    from stable_baselines3.common.utils import LinearSchedule
    from torch import nn

    settings = dict(parameters or {})
    end = settings.pop("learning_rate_end", None)
    if end is not None:
        settings["learning_rate"] = LinearSchedule(settings["learning_rate"], end, 1.0)
    if isinstance(settings.get("train_freq"), list):
        settings["train_freq"] = tuple(settings["train_freq"])
    noise = settings.pop("action_noise_std", None)
    if noise is not None:
        shape = env.action_space.shape or ()
        settings["action_noise"] = NormalActionNoise(np.zeros(shape), np.full(shape, noise))
    settings.setdefault("stats_window_size", max(100, env.num_envs))
    network = dict(policy_kwargs or {})
    if isinstance(network.get("activation_fn"), str):
        network["activation_fn"] = getattr(nn, ACTIVATIONS[network["activation_fn"]])
    settings |= {"seed": seed, "gamma": gamma, "policy_kwargs": network, "device": "cpu"}
    return algorithm_class(name)(policy_class(name, policy), env, **settings)


def load_model(name: str, path: str | Path, env: VecEnv | None = None) -> BaseAlgorithm:
    """A saved model, with its last observation kept so that it can continue where it stopped."""
    return algorithm_class(name).load(path, env=env, device="cpu", force_reset=False)
