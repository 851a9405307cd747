"""Models from files: zips of Stable-Baselines3 and sb3-contrib, run folders of train.py, TorchScript.

Such files are pickles, which run code when they are read: load only what you trust.
"""

from __future__ import annotations

import importlib
import json
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

STATISTICS = ("vecnormalize.pkl", "vec_normalize.pkl", "{stem}_vecnormalize.pkl", "{stem}.pkl")
"""Names under which statistics of VecNormalize are found beside a model."""

_BY_MODULE = {  # part of the module of the saved policy's class -> package and algorithm
    "maskable": ("sb3_contrib", "MaskablePPO"),
    "recurrent": ("sb3_contrib", "RecurrentPPO"),
    "tqc": ("sb3_contrib", "TQC"),
    "qrdqn": ("sb3_contrib", "QRDQN"),
    "crossq": ("sb3_contrib", "CrossQ"),
    "sb3_contrib.ars": ("sb3_contrib", "ARS"),
    "stable_baselines3.sac": ("stable_baselines3", "SAC"),
    "stable_baselines3.td3": ("stable_baselines3", "TD3"),
    "stable_baselines3.dqn": ("stable_baselines3", "DQN"),
}
_BY_KEY = {  # what only one algorithm keeps, of those that share a policy
    "cg_max_steps": ("sb3_contrib", "TRPO"),
    "clip_range": ("stable_baselines3", "PPO"),
    "policy_delay": ("stable_baselines3", "TD3"),
    "exploration_fraction": ("stable_baselines3", "DQN"),
    "target_entropy": ("stable_baselines3", "SAC"),
}


def is_model_file(path: Path) -> bool:
    """Whether the path is that of a model: a zip, a TorchScript file, or a run folder of train.py."""
    return path.suffix in (".zip", ".pt", ".ts", ".pth") or (path / "model.zip").is_file()


def load(path: Path) -> Any:
    """The model of a file or a run folder.

    Raises:
        ValueError: it is missing, damaged or no such model, or a package is missing that it needs.
    """
    path = path / "model.zip" if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    try:
        return _saved_model(path) if zipfile.is_zipfile(path) and _is_sb3(path) else _script(path)
    except ImportError as error:
        needs = f"it needs {error.name or error}, pip install 'nea-env[train]' brings it"
        raise ValueError(f"{path}: can't be loaded: {needs}") from None
    except ValueError:
        raise
    except Exception as error:  # pickles and tensors can fail in any way
        text = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path}: is no readable model ({type(error).__name__}: {text}); expected a zip that a model of"
            " Stable-Baselines3 or sb3-contrib saved, or a TorchScript file"
        ) from None


def _is_sb3(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return {"data", "policy.pth"} <= set(archive.namelist())


def _script(path: Path) -> Any:
    torch = importlib.import_module("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather have another format
        return torch.jit.load(str(path), map_location="cpu").eval()


def algorithm_of(data: dict[str, Any]) -> tuple[str, str]:
    """Package and class of the algorithm that saved a model, by its ``data``: the zip does not name it."""
    module = str(data.get("policy_class", {}).get("__module__", ""))
    for part, algorithm in _BY_MODULE.items():
        if part in module:
            return algorithm
    return next((algorithm for key, algorithm in _BY_KEY.items() if key in data), ("stable_baselines3", "A2C"))


def _saved_model(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        package, name = algorithm_of(json.loads(archive.read("data")))
    model = getattr(importlib.import_module(package), name).load(path, device="cpu")
    for candidate in STATISTICS:
        file = path.with_name(candidate.format(stem=path.stem))
        if file.is_file():
            return Normalised(model, pickle.loads(file.read_bytes()))
    return model


class Normalised:
    """A model behind the statistics of the VecNormalize that it was trained with."""

    def __init__(self, model: Any, statistics: Any) -> None:
        self._model, self._statistics = model, statistics
        self.action_space, self.observation_space = model.action_space, model.observation_space
        takes_masks = type(model).__name__ == "MaskablePPO"
        self.predict: Any = self._predict_masked if takes_masks else self._predict

    def _predict(
        self, observation: np.ndarray, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> Any:
        seen = self._statistics.normalize_obs(observation)
        return self._model.predict(seen, state=state, episode_start=episode_start, deterministic=deterministic)

    def _predict_masked(
        self, observation: np.ndarray, state: Any = None, episode_start: Any = None, deterministic: bool = True,
        action_masks: Any = None,
    ) -> Any:  # fmt: skip
        seen, told = self._statistics.normalize_obs(observation), {"action_masks": action_masks}
        return self._model.predict(seen, state=state, episode_start=episode_start, deterministic=deterministic, **told)
