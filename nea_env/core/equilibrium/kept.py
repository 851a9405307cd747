"""Solved equilibria, kept in memory and on disk under the hash of all that they depend on."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nea_env.core.cache import cache_folder, discard, read_checked, write_checked
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
    path = _path(key)
    data = None if path is None else read_checked(path)
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return file["head"], file["chain"]


def _write(key: str, found: Flat) -> None:
    """Keep what was solved, and the newest files only."""
    path = _path(key)
    if path is None:
        return
    data = io.BytesIO()
    np.savez(data, head=found[0], chain=found[1])
    write_checked(path, data.getvalue())
    try:
        total = 0
        for kept_ in sorted(path.parent.iterdir(), key=lambda other: other.stat().st_mtime, reverse=True):
            total += kept_.stat().st_size
            if total > DISK_BYTES:
                discard(kept_)
    except OSError:  # another process was quicker
        return


def _path(key: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "equilibria" / f"{key}.npz"
