"""Settings of every test process, made before anything imports Numba; and what is left out where torch is missing."""

from __future__ import annotations

import ast
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

# Workers share two cores: a thread pool each would fight. Tests that need two threads start their own process.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

MISSING = [name for name in ("torch", "stable_baselines3", "sb3_contrib", "hydra") if find_spec(name) is None]
NEEDS_THEM = {"agents", "train", "torch", "stable_baselines3", "sb3_contrib", "hydra"}


def imported_at_once(path: Path) -> set[str]:
    """Top-level packages that a test module imports as it is read."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


class LeftOut(pytest.Module):
    """A test module that needs the [train] extra where that is not installed."""

    def collect(self):
        pytest.skip(f"needs the [train] extra: no {', '.join(MISSING)}", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if MISSING and imported_at_once(module_path) & NEEDS_THEM:
        return LeftOut.from_parent(parent, path=module_path)
    return None
