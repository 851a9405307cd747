"""Solved equilibria in memory and on disk, under the hash of all that they depend on."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.cache import cache_folder, discard, read_checked, write_checked
from nea_env.scenario import Scenario

IN_MEMORY = 80  # chains
DISK_BYTES = 1_000_000_000  # for each version of the core


class FlatChain(NamedTuple):
    """A solved market as the kernels read it, see ``equilibrium_chain``.

    Attributes:
        head: the columns of `Static` that place the chain.
        chain: (G,) chances of the shocks, then the records of each month.
        months: (laws, horizon + 1, 6) the columns of `Month` that say what a month reads, for each law that is played.
    """

    head: NDArray[np.float64]
    chain: NDArray[np.float64]
    months: NDArray[np.float64]


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
    """Hash of the law and its draws, the markets, the links and the dates; the firm does not count."""
    counts = {"start", "first", "last", "regime", "market", "links"}
    if scenario.policy.mode == "randomised":
        counts.add("policy")
    parts = scenario.model_dump(mode="json", include=counts)
    for market in (parts["market"], *(link["market"] for link in parts["links"])):
        del market["ranges"]  # of numbers that no equilibrium depends on
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _read(key: str) -> FlatChain | None:
    path = _path(key)
    data = None if path is None else read_checked(path)
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return FlatChain(file["head"], file["chain"], file["months"])


def _write(key: str, chain: FlatChain) -> None:
    """Write what was solved and remove the oldest files beyond ``DISK_BYTES``."""
    path = _path(key)
    if path is None:
        return
    data = io.BytesIO()
    np.savez(data, **chain._asdict())
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
