"""What the contract is tested on: every id, every shipped scenario."""

from __future__ import annotations

from functools import cache

import nea_env
from nea_env.core.batch import Batch
from nea_env.envs.registration import ids
from nea_env.scenario import Scenario

IDS = ids()
FORMS = ("nea/KETS-v0", "nea/KETSDiscrete-v0")
"""An id of each action form."""

SCENARIOS = nea_env.scenarios()
MAIN = ("kets", "tps", "tokyo", "linked_kets", "linked_tps", "linked_tokyo")


@cache
def scenario(name: str) -> Scenario:
    """A shipped scenario, loaded once."""
    return nea_env.load_scenario(name)


def batch(name: str, n: int, seed: int = 0, threads: int = 1) -> Batch:
    """A batch of one scenario; row i starts with seed + i."""
    made = Batch(scenario(name), n, threads=threads)
    made.reset(range(seed, seed + n))
    return made
