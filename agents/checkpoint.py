"""Save a run so that it goes on bit for bit where it stopped.

A checkpoint is taken when a rollout starts: no transition is half recorded then. It holds the model with
its last observation and episode starts, the replay buffer, the environment's state with its seeds and
episode numbers, and the state of every random generator. It is a folder, written beside its place and
renamed, so that a reader never sees half of one.
"""

from __future__ import annotations

import pickle
import random
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.algorithms import load_model
from agents.sb3 import FirmVecEnv

_NAME = re.compile(r"step_(\d{12})")


class CheckpointError(RuntimeError):
    """A checkpoint that is missing or can't be read."""


def latest(folder: Path) -> Path | None:
    """The newest checkpoint below a folder, or None."""
    if not folder.is_dir():
        return None
    return max((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), default=None)


def save(model: BaseAlgorithm, folder: Path) -> Path:
    """Write a checkpoint of the model and its environment, then remove older ones.

    Args:
        model: at the start of a rollout.
        folder: where checkpoints live; the new one is called by its number of steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step_{model.num_timesteps:012d}"
    if target.exists():
        return target
    beside = folder / f".writing_{target.name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    model.save(beside / "model.zip")
    if isinstance(model, OffPolicyAlgorithm):
        model.save_replay_buffer(beside / "replay_buffer.pkl")
    env = model.get_env()
    assert isinstance(env, FirmVecEnv)
    with (beside / "state.pkl").open("wb") as file:
        pickle.dump({"env": env.get_state(), "random": _random_state(model)}, file)
    beside.rename(target)
    for path in folder.iterdir():
        if path != target and (_NAME.fullmatch(path.name) or path.name.startswith(".writing_")):
            shutil.rmtree(path, ignore_errors=True)
    return target


def load(path: Path, name: str, env: FirmVecEnv) -> BaseAlgorithm:
    """The model of a checkpoint, its environment and all random generators set back to that moment.

    Args:
        path: a checkpoint folder.
        name: the algorithm, a key of ``ALGORITHMS``.
        env: built as for the first run.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    try:
        model = load_model(name, path / "model.zip", env)
        if isinstance(model, OffPolicyAlgorithm):
            model.load_replay_buffer(path / "replay_buffer.pkl")
        with (path / "state.pkl").open("rb") as file:
            state = pickle.load(file)
    except (OSError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: not a readable checkpoint ({error})") from error
    env.set_state(state["env"])
    _set_random_state(model, state["random"])  # last: loading draws random numbers for the first weights
    return model


def _random_state(model: BaseAlgorithm) -> dict[str, Any]:
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),  # noqa: NPY002  Stable-Baselines3 draws from the global generator
        "torch": torch.get_rng_state(),
        "action_space": model.action_space.np_random.bit_generator.state,
    }


def _set_random_state(model: BaseAlgorithm, state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    model.action_space.np_random.bit_generator.state = state["action_space"]


class Checkpoints(BaseCallback):
    """Saves at the first rollout that starts after every ``every`` steps, and at the very first."""

    def __init__(self, folder: Path, every: int) -> None:
        super().__init__()
        self.folder, self.every = folder, every
        self._due = 0

    def _on_training_start(self) -> None:
        if latest(self.folder) is not None:
            self._due = self._after(self.model.num_timesteps)

    def _after(self, steps: int) -> int:
        return (steps // self.every + 1) * self.every

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps >= self._due:
            save(self.model, self.folder)
            self._due = self._after(self.model.num_timesteps)

    def _on_step(self) -> bool:
        return True
