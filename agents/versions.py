"""What a result depends on besides its settings: versions of packages, and the code of this project."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nea_env

PACKAGES = (
    "nea-env", "gymnasium", "numpy", "numba", "pydantic", "stable-baselines3", "sb3-contrib", "torch", "hydra-core",
)  # fmt: skip

_CHECKOUT = Path(__file__).resolve().parent.parent
_FOUND = ("nea_env/policies/tuned.yaml", "nea_env/policies/searched.yaml")
"""What training does not read: tuning a rule or searching one does not prevent a resume."""
_NOTED = ("git", "resumes")  # of versions.json: reported, but no reason to refuse a resume


def versions() -> dict[str, str | None]:
    """Versions of Python and the packages, a hash of the code, and the commit of this checkout."""
    used: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            used[package] = version(package)
        except PackageNotFoundError:
            used[package] = None
    used["code"] = code_hash()
    used["git"] = _commit()
    return used


def code_hash() -> str:
    """SHA-256 over the sources that training runs through: ``nea_env`` with its YAML, ``agents``, ``train.py``."""
    package = Path(nea_env.__file__).parent
    sources = [(package.parent, path) for suffix in ("py", "yaml") for path in package.rglob(f"*.{suffix}")]
    sources += [(_CHECKOUT, path) for path in (_CHECKOUT / "agents").rglob("*.py")]
    sources += [(_CHECKOUT, _CHECKOUT / "train.py")]
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for root, path in sources):
        if name in _FOUND:
            continue
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two results of ``versions``: name -> (before, now); except the commit."""
    names = dict.fromkeys([*before, *now])
    return {
        name: (before.get(name), now.get(name))
        for name in names
        if name not in _NOTED and before.get(name) != now.get(name)
    }


def _commit() -> str | None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(_CHECKOUT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None
