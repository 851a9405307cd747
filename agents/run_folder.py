"""What a run leaves behind: configuration, versions, model, metrics, evaluation, figures.

Every file is written beside its place and renamed, so a reader never sees half of one.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from agents.settings import Settings, SettingsError, check

PACKAGES = (
    "nea-env", "gymnasium", "numpy", "numba", "pydantic", "stable-baselines3", "sb3-contrib", "torch", "hydra-core",
)  # fmt: skip


class RunFolder:
    """Paths of a run.

    Args:
        path: the folder; made if missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.versions = self.path / "versions.json"
        self.model = self.path / "model.zip"
        self.metrics = self.path / "metrics.csv"
        self.evaluation = self.path / "evaluation.json"
        self.figures = self.path / "figures"
        self.checkpoints = self.path / "checkpoints"
        self.tensorboard = self.path / "tensorboard"

    def start(self, config: DictConfig) -> None:
        """Write the resolved configuration and the versions in use."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.config, OmegaConf.to_yaml(config, resolve=True))
        write_text(self.versions, json.dumps(versions(), indent=2) + "\n")

    def save_model(self, model: Any) -> None:
        """Write ``model.zip``; a run that has it has finished learning."""
        beside = self.path / ".writing_model.zip"
        model.save(beside)
        os.replace(beside, self.model)


def reopen(path: str | Path) -> tuple[RunFolder, Settings]:
    """A run to go on with, and its settings.

    Raises:
        SettingsError: no such folder, no ``config.yaml`` in it, or one that isn't valid.
    """
    folder = RunFolder(path)
    if not folder.path.is_dir():
        raise SettingsError(f"resume: {path}, no such folder")
    if not folder.config.is_file():
        raise SettingsError(f"resume: {path} is no run folder, it holds no config.yaml")
    try:
        tree = OmegaConf.to_container(OmegaConf.load(folder.config))
    except Exception as error:
        raise SettingsError(f"resume: {folder.config} is not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(tree, dict):
        raise SettingsError(f"resume: {folder.config} holds no configuration")
    try:
        return folder, check({str(key): value for key, value in tree.items()})
    except SettingsError as error:
        raise SettingsError(f"resume: {folder.config}: {error}") from None


def versions() -> dict[str, str | None]:
    """Versions of Python and the packages a result depends on, and the commit of this checkout."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["git"] = _commit()
    return found


def _commit() -> str | None:
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".writing_{path.name}")
    beside.write_text(text)
    os.replace(beside, path)
