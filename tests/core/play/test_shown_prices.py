"""What `market()` shows of a price is the number that was traded at, whatever the processor can do."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

ROOT = Path(__file__).parents[3]
IDLE = np.zeros((200, Action.size), np.float32)
SHOWN = """
import hashlib, sys, numpy as np
from nea_env import load_scenario
from nea_env.core.batch import Batch
changes = tuple(round(0.01 * k * k - 0.2, 4) for k in range(9))
for name, overrides in (
    ("kets", {}),
    ("kets_phase2", {"market.stale": 0.3}),
    ("tokyo_p2", {}),
    ("linked_tokyo", {}),
    ("tps", {"market.law": "bootstrap", "market.bootstrap": {"changes": list(changes)}}),
):
    batch, digest = Batch(load_scenario(name, overrides), 200, threads=1), hashlib.sha256()
    batch.reset(range(200))
    for _ in range(24):
        for series in sorted(batch.market()):
            digest.update(batch.market()[series].tobytes())
        batch.step(np.zeros((200, 8), np.float32))
    print(name, digest.hexdigest())
"""


def shown(**environment: str) -> list[str]:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SHOWN],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.splitlines()


@pytest.mark.slow  # another set of instructions is another folder of kernels
def test_prices_are_the_same_whatever_instructions_numpy_uses():
    from numpy._core import _multiarray_umath as built

    used = [name for name in built.__cpu_dispatch__ if built.__cpu_features__.get(name)]
    if not used:
        pytest.skip("NumPy has no instructions to leave out on this processor")
    plain = shown(NPY_DISABLE_CPU_FEATURES=" ".join(used))
    assert len(plain) == 5
    assert shown(NPY_DISABLE_CPU_FEATURES="") == plain


@pytest.mark.parametrize(
    ("name", "overrides"),
    [("kets", {}), ("tokyo", {"market.quote_noise": 0.0}), ("kets_phase2", {"market.stale": 0.3}), ("gx_ets", {})],
)
def test_a_price_that_is_disclosed_is_quoted_to_the_bit(name, overrides):
    batch = Batch(load_scenario(name, overrides), 200, threads=1)
    batch.reset(range(200))
    for _ in range(30):
        told = batch.market()
        np.testing.assert_array_equal(told["quote"], told["long_price"])
        batch.step(IDLE)
