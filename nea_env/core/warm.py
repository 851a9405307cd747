"""Compile both kernels once, before workers start: ``python -m nea_env.core.warm``."""

from __future__ import annotations

import numpy as np

from nea_env.core.batch import PARALLEL_FROM, Batch
from nea_env.core.layout import Action
from nea_env.library import load_scenario


def warm() -> None:
    """Run one month on the serial and one on the parallel kernel."""
    scenario = load_scenario("kets")
    for n, threads in ((1, 1), (PARALLEL_FROM, 2)):
        Batch(scenario, n, threads=threads).step(np.zeros((n, Action.size), np.float32))


if __name__ == "__main__":
    warm()
