"""Save a run so that it continues bit for bit where it stopped.

A checkpoint is taken when a rollout starts and when training ends, when no transition is half recorded. It
holds the model with its last observation and episode starts, the replay buffer, the environment's state with
its seeds and episode numbers, every random generator, and what has been measured but not yet logged. It is a
folder, written under another name and then renamed, so that a reader never sees half of one; ``manifest.json``
records what the run was and the SHA-256 of each file, so that a damaged one is never unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.algorithms import load_model
from agents.refusal import CheckpointError
from agents.sb3 import FirmVecEnv
from nea_env.atomic import WRITING, remove, replacing, write_bytes, write_text

MODEL_FILE, BUFFER_FILE, STATE_FILE, MANIFEST_FILE = "model.zip", "replay_buffer.pkl", "state.pkl", "manifest.json"
_NAME = re.compile(r"step_([0-9]{12})")
_NOISE = ("exploration_mat", "exploration_matrices")


class Restored(NamedTuple):
    """A checkpoint's model, and what can only be set once its training has begun.

    Attributes:
        model: with its environment and all random generators set back.
        pending: measured but not yet logged: the logger's values, counts and exclusions.
        noise: matrices of state-dependent exploration, drawn before the checkpoint was taken.
        random: state of the random generators after that draw.
    """

    model: BaseAlgorithm
    pending: tuple[dict[str, Any], ...]
    noise: dict[str, torch.Tensor]
    random: dict[str, Any]

    def begin(self) -> None:
        """Hand the logger its pending values; call it when training starts."""
        for name, values in zip(_pending_names(), self.pending, strict=True):
            getattr(self.model.logger, name).update(values)

    def enter_rollout(self) -> None:
        """Undo the draw with which the first rollout began; call it when that rollout starts."""
        if self.noise:
            vars(_exploration(self.model)).update(self.noise)
            set_random_state(self.random, self.model)


def latest(folder: Path) -> Path | None:
    """The newest checkpoint below a folder, or None."""
    if not folder.is_dir():
        return None
    return max((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), default=None)


def steps(path: Path) -> int:
    """Training steps done when a checkpoint was saved."""
    return int(path.name.removeprefix("step_"))


def archive(path: Path) -> bytes:
    """The ``model.zip`` of a checkpoint.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    manifest(path)
    return (path / MODEL_FILE).read_bytes()


def save(model: BaseAlgorithm, folder: Path, about: Mapping[str, Any], *, in_rollout: bool = True) -> Path:
    """Write a checkpoint of the model and its environment, then remove older ones.

    Args:
        model: at the start of a rollout, or at the end of training.
        folder: that of the checkpoints; the new one is named after its number of steps.
        about: plain values for the manifest.
        in_rollout: whether a rollout has just started.

    Raises:
        OSError: it could not be written; the previous one is still there.
    """
    target = folder / f"step_{model.num_timesteps:012d}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    env = model.get_env()
    assert isinstance(env, FirmVecEnv)
    state = {
        "env": env.get_state(),
        "random": random_state(model),
        "pending": tuple(dict(getattr(model.logger, name)) for name in _pending_names()),
        "noise": _noise(model) if in_rollout else {},
    }
    archive = io.BytesIO()  # torch hides the cause of an error when it writes to a file itself
    model.save(archive)
    with replacing(target) as draft:
        draft.mkdir()
        write_bytes(draft / MODEL_FILE, archive.getvalue())
        write_bytes(draft / STATE_FILE, pickle.dumps(state))
        if isinstance(model, OffPolicyAlgorithm):
            with replacing(draft / BUFFER_FILE) as place:
                model.save_replay_buffer(place)
        files = {path.name: file_hash(path) for path in sorted(draft.iterdir())}
        manifest = {"steps": model.num_timesteps, **about, "files": files}
        write_text(draft / MANIFEST_FILE, json.dumps(manifest, indent=2) + "\n")
    for path in folder.iterdir():
        if path != target and (_NAME.fullmatch(path.name) or path.name.startswith(WRITING)):
            remove(path)
    return target


def manifest(path: Path) -> dict[str, Any]:
    """What a checkpoint records about itself: ``steps``, ``settings``, ``versions``, ``metrics``, ``files``.

    Raises:
        CheckpointError: it can't be read, lacks one of them, or a file of the checkpoint is missing or damaged.
    """
    file = path / MANIFEST_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file}: can't be read ({error})") from None
    kinds = {"steps": int, "settings": dict, "versions": dict, "metrics": dict, "files": dict}
    for key, kind in kinds.items():
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise CheckpointError(f"{file}: {key} is missing or damaged")
    if content["steps"] != steps(path) or not {MODEL_FILE, STATE_FILE} <= set(content["files"]):
        raise CheckpointError(f"{file}: is another checkpoint's")
    for name, expected in content["files"].items():
        try:
            actual = file_hash(path / name)
        except OSError as error:
            raise CheckpointError(f"{path / name}: can't be read ({error.strerror})") from None
        if actual != expected:
            raise CheckpointError(f"{path / name}: is damaged, its content is not what was saved")
    return content


def load(path: Path, name: str, env: FirmVecEnv) -> Restored:
    """The model of a checkpoint, its environment and all random generators set back to that moment.

    Args:
        path: a checkpoint folder.
        name: the algorithm, a key of ``ALGORITHMS``.
        env: built as for the first run.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    manifest(path)
    model = load_policy(path / MODEL_FILE, name, env)
    try:
        if isinstance(model, OffPolicyAlgorithm):
            model.load_replay_buffer(path / BUFFER_FILE)
        state = pickle.loads((path / STATE_FILE).read_bytes())
        env.set_state(state["env"])
        set_random_state(state["random"], model)  # last: loading draws random numbers for the first weights
        return Restored(model, state["pending"], state["noise"], state["random"])
    except Exception as error:  # unpickling can raise anything
        raise CheckpointError(f"{path}: does not fit this run ({type(error).__name__}: {error})") from error


def load_policy(path: Path, name: str, env: FirmVecEnv | None = None) -> BaseAlgorithm:
    """The model of a ``model.zip``.

    Raises:
        CheckpointError: it is missing, damaged, or another algorithm's.
    """
    try:
        return load_model(name, path, env)
    except Exception as error:  # a zip of pickles and tensors can fail in any way
        text = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: is not a readable {name} model ({type(error).__name__}: {text})") from error


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def random_state(model: BaseAlgorithm | None = None) -> dict[str, Any]:
    """State of every global random generator, and of the model's action space."""
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),  # noqa: NPY002  Stable-Baselines3 draws from the global generator
        "torch": torch.get_rng_state(),
        "action_space": None if model is None else model.action_space.np_random.bit_generator.state,
    }


def set_random_state(state: Mapping[str, Any], model: BaseAlgorithm | None = None) -> None:
    """Go back to a state that ``random_state`` returned."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if model is not None:
        model.action_space.np_random.bit_generator.state = state["action_space"]


def _pending_names() -> tuple[str, ...]:
    return ("name_to_value", "name_to_count", "name_to_excluded")


def _exploration(model: BaseAlgorithm) -> Any:
    """The distribution that explores, if its noise lasts longer than a step."""
    distribution = getattr(getattr(model, "actor", None) or model.policy, "action_dist", None)
    return distribution if isinstance(distribution, StateDependentNoiseDistribution) else None


def _noise(model: BaseAlgorithm) -> dict[str, torch.Tensor]:
    distribution = _exploration(model)
    return {} if distribution is None else {name: getattr(distribution, name).detach() for name in _NOISE}
