"""Build and load a Stable-Baselines3 model from its part of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sb3_contrib import MaskablePPO
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from agents.residual import ResidualPolicy

ALGORITHMS: dict[str, type[BaseAlgorithm]] = {
    "ppo": PPO, "a2c": A2C, "sac": SAC, "td3": TD3, "dqn": DQN, "maskable_ppo": MaskablePPO,
}  # fmt: skip
DISCRETE = ("dqn", "maskable_ppo")
"""Algorithms that play the discrete twin of an id."""

POLICIES: dict[str, Any] = {"MlpPolicy": "MlpPolicy", "residual": ResidualPolicy}
"""Policies by their name in a configuration."""

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}
"""Values of ``policy_kwargs.activation_fn`` in a configuration."""


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
        env: where it learns.
        seed: of the network, the exploration and the minibatches.
        gamma: monthly discount factor.
        policy: a key of ``POLICIES``.
        policy_kwargs: keyword arguments of the policy; ``activation_fn`` is a key of ``ACTIVATIONS``.
        parameters: keyword arguments of the algorithm. Also ``learning_rate_end`` (linear from
            ``learning_rate`` to it), ``action_noise_std`` (Gaussian, off-policy only).
    """
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
        network["activation_fn"] = ACTIVATIONS[network["activation_fn"]]
    settings |= {"seed": seed, "gamma": gamma, "policy_kwargs": network, "device": "cpu"}
    return ALGORITHMS[name](POLICIES[policy], env, **settings)


def load_model(name: str, path: str | Path, env: VecEnv | None = None) -> BaseAlgorithm:
    """A saved model, with its last observation kept so that it can go on where it stopped."""
    return ALGORITHMS[name].load(path, env=env, device="cpu", force_reset=False)
