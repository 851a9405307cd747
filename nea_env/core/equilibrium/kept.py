"""Solved equilibria, kept in memory and on disk under the hash of all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nea_env.core.jit import cache_folder
from nea_env.scenario import Scenario

KEPT = 80  # in memory: more than the laws that a randomised scenario draws
DISK_BYTES = 1_000_000_000  # for each version of the core

Flat = tuple[NDArray[np.float64], NDArray[np.float64]]
"""What places the chain among the parameters, and the chain itself; see ``tables``."""

_IN_MEMORY: dict[str, Flat] = {}


def kept(scenario: Scenario, solving: Callable[[], Flat]) -> Flat:
    """What ``solving`` returns, or returned before for this scenario; callers must not change it."""
    key = fingerprint(scenario)
    if key not in _IN_MEMORY:
        found = _read(key)
        if found is None:
            found = solving()
            _write(key, found)
        _IN_MEMORY[key] = found
        while len(_IN_MEMORY) > KEPT:
            del _IN_MEMORY[next(iter(_IN_MEMORY))]
    return _IN_MEMORY[key]


def fingerprint(scenario: Scenario) -> str:
    """Hash of the law, the markets, the links and the dates; the firm does not count."""
    parts = scenario.model_dump(mode="json", include={"start", "first", "last", "regime", "market", "links"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _read(key: str) -> Flat | None:
    try:
        with np.load(_folder() / f"{key}.npz") as file:
            return file["head"], file["chain"]
    except (OSError, KeyError, ValueError, EOFError, BadZipFile):  # not there, or cut short: solve again
        return None


def _write(key: str, found: Flat) -> None:
    """Save atomically, and keep the newest files only; a full or read-only disk is no error."""
    try:
        folder = _folder()
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, head=found[0], chain=found[1])
        Path(name).replace(folder / f"{key}.npz")
        total = 0
        for path in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True):
            total += path.stat().st_size
            if total > DISK_BYTES:
                path.unlink(missing_ok=True)
    except OSError:
        return


def _folder() -> Path:
    folder = Path(cache_folder()) / "equilibria"
    folder.mkdir(exist_ok=True)
    return folder
