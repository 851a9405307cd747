"""Training steps per second of PPO: as ``make train`` runs it, raw, and as Stable-Baselines3 brings it.

Raw PPO has the settings of ``configs/algo/ppo.yaml`` and nothing around it: rewards as the environment gives them,
every row in the same month, no callback. Torch has one thread on every side: these networks are too small for two.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.timing import CARTPOLE, Block, Line, compared, rates, relative

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

NET_64 = (
    "algo.num_envs=256", "algo.policy_kwargs.net_arch=[64,64]", "algo.parameters.n_steps=64",
    "algo.parameters.batch_size=4096", "algo.parameters.n_epochs=4",
)  # fmt: skip
"""Settings of the comparison with networks of the size that Stable-Baselines3 takes by default."""

ROLLOUTS = 8
"""In a block of raw PPO: long enough that a lucky one does not pass for the rate of a whole run."""


def lines(rounds: int) -> list[Line]:
    """Every line about training; ``rounds`` blocks of each side."""
    raw, wide, default = raw_block(), raw_block(NET_64), default_block()
    best = rates({"train": train_block(), "raw": raw, "wide": wide, "default": default}, rounds)
    return [
        compared("raw PPO", best["raw"], best["default"], ">= 50"),
        Line("  its time in the environment", f"{raw.share:.1%}"),
        compared("raw PPO, net [64, 64], minibatch 4,096, 4 epochs", best["wide"], best["default"]),
        Line("  its time in the environment", f"{wide.share:.1%}"),
        relative("PPO of make train, over raw PPO", best["train"], best["raw"], ">= 0.7"),
    ]


class Learning:
    """A block of whole rollouts with their updates.

    Args:
        model: learns on from block to block.
        rollouts: in a block.
    """

    def __init__(self, model: BaseAlgorithm, rollouts: int) -> None:
        env: Any = model.env
        self._model, self._steps = model, rollouts * model.n_steps * env.num_envs
        self._step, self._in_env, self._in_all = env.step, 0.0, 0.0
        env.step = self._timed_step

    @property
    def share(self) -> float:
        """Of the time of all blocks, the part spent in the environment's ``step``, resets included."""
        return self._in_env / self._in_all

    def __call__(self) -> int:
        """Learn, and return the steps that were played."""
        start = time.perf_counter()
        self._model.learn(self._steps, reset_num_timesteps=False)
        self._in_all += time.perf_counter() - start
        return self._steps

    def _timed_step(self, actions: Any) -> Any:
        start = time.perf_counter()
        result = self._step(actions)
        self._in_env += time.perf_counter() - start
        return result


def train_block() -> Block:
    """Training as ``python train.py`` runs it, in a new folder, to the first checkpoint after the one at its start."""
    from agents.command_line import compose_settings
    from agents.run_folder import RunFolder
    from agents.training import learn

    every = compose_settings([]).checkpoint.every
    settings = compose_settings([f"total_steps={every}", "progress=off"])

    def block() -> int:
        with TemporaryDirectory() as folder:
            return learn(settings, RunFolder(Path(folder))).num_timesteps

    return block


def raw_block(overrides: Sequence[str] = ()) -> Learning:
    """PPO as ``python train.py`` with these overrides builds it, on firms that start together."""
    from agents.command_line import compose_settings
    from agents.sb3 import make_vec_env
    from agents.training import build

    settings = compose_settings(overrides)
    env = make_vec_env(settings.id, settings.algo.num_envs, settings.seed, scenario=settings.scenario)
    return Learning(build(settings, env), ROLLOUTS)


def default_block() -> Learning:
    """Stable-Baselines3's PPO as it comes, on a DummyVecEnv of 8 CartPoles; its rollout is as long as one of ours."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    return Learning(PPO("MlpPolicy", make_vec_env(CARTPOLE, n_envs=8, seed=0), seed=0, device="cpu"), 1)
