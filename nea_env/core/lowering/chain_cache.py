"""Solved equilibria in memory and on disk, under the hash of all that they depend on."""

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

IN_MEMORY = 80  # chains: more than the laws that a randomised scenario draws
DISK_BYTES = 1_000_000_000  # for each version of the core

FlatChain = tuple[NDArray[np.float64], NDArray[np.float64]]
"""What places a chain among the parameters, and the chain itself; see ``equilibrium_chain``."""

_CHAINS: dict[str, FlatChain] = {}


def cached(scenario: Scenario, solve: Callable[[], FlatChain]) -> FlatChain:
    """What ``solve`` returns, or returned before for this scenario; callers must not change it."""
    key = fingerprint(scenario)
    if key not in _CHAINS:
        chain = _read(key)
        if chain is None:
            chain = solve()
            _write(key, chain)
        _CHAINS[key] = chain
        while len(_CHAINS) > IN_MEMORY:
            del _CHAINS[next(iter(_CHAINS))]
    return _CHAINS[key]


def fingerprint(scenario: Scenario) -> str:
    """Hash of the law, the markets, the links and the dates; the firm does not count."""
    parts = scenario.model_dump(mode="json", include={"start", "first", "last", "regime", "market", "links"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _read(key: str) -> FlatChain | None:
    path = _path(key)
    data = None if path is None else read_checked(path)
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return file["head"], file["chain"]


def _write(key: str, chain: FlatChain) -> None:
    """Write what was solved and remove the oldest files beyond ``DISK_BYTES``."""
    path = _path(key)
    if path is None:
        return
    data = io.BytesIO()
    np.savez(data, head=chain[0], chain=chain[1])
    write_checked(path, data.getvalue())
    try:
        total = 0
        for file in sorted(path.parent.iterdir(), key=lambda other: other.stat().st_mtime, reverse=True):
            total += file.stat().st_size
            if total > DISK_BYTES:
                discard(file)
    except OSError:  # another process was quicker
        return


def _path(key: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "equilibria" / f"{key}.npz"
