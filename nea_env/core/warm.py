"""Compile the kernels once, before workers start: ``python -m nea_env.core.warm``."""

from __future__ import annotations

import argparse

import numpy as np

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.library import load_scenario


def warm() -> None:
    """Call every kernel of a batch."""
    batch = Batch(load_scenario("kets"), 1)
    batch.step(np.zeros((1, Action.size), np.float32))
    batch.market()
    batch.position()


if __name__ == "__main__":
    argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.core.warm", description=__doc__).parse_args()
    warm()
