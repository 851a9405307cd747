"""One batch of every shipped scenario: each row is the row of a batch of its own, bit for bit, in whatever company."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import PARALLEL_FROM, Batch
from nea_env.library import load_scenario
from tests.asserts import assert_same
from tests.contract.scope import SCENARIOS

EACH = 30  # rows of every scenario; in all enough for the parallel kernel
MONTHS = 45  # the shortest episodes end and start anew
N = EACH * len(SCENARIOS)
WHICH = np.random.default_rng(1).permutation(np.repeat(np.arange(len(SCENARIOS)), EACH))
SEEDS = 7_000 + np.arange(N)
LAWS = {"policy.draws": 8}  # of a scenario that draws its law: enough for thirty rows


@pytest.fixture(scope="module")
def actions() -> np.ndarray:
    """Random actions (months, N, 8), every fourth of them nothing."""
    random = np.random.default_rng(2)
    drawn = random.uniform(-1, 1, (MONTHS, N, 8))
    return (drawn * (random.random(drawn.shape) > 0.25)).astype(np.float32)


def played(batch: Batch, seeds: np.ndarray, actions: np.ndarray) -> dict[str, np.ndarray]:
    """Everything that comes out of a batch, month by month: (months, n, ...)."""
    out: dict[str, list] = {"first": [batch.reset(seeds)]}
    for month in actions:
        observation, reward, over = batch.step(month, autoreset=True)
        found = {"observation": observation, "reward": reward, "over": over, "mask": batch.action_mask()}
        found |= {"suggestions": batch.suggestions()} | batch.flows() | batch.accounts() | batch.market()
        for name, values in found.items():
            out.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in out.items()}


@pytest.fixture(scope="module")
def alone(actions) -> list[dict[str, np.ndarray]]:
    found = []
    for k, name in enumerate(SCENARIOS):
        rows = WHICH == k
        found.append(played(Batch(load_scenario(name, LAWS), EACH, threads=1), SEEDS[rows], actions[:, rows]))
    return found


@pytest.fixture(scope="module")
def mixed() -> Batch:
    return Batch([load_scenario(name, LAWS) for name in SCENARIOS], N, scenario_of=WHICH, threads=1)


@pytest.mark.parametrize("threads", [1, 2], ids=["serial", "parallel"])
def test_a_row_is_the_same_among_all_scenarios_as_among_its_own(alone, mixed, actions, threads):
    mixed.threads = threads
    assert N >= PARALLEL_FROM
    together = played(mixed, SEEDS, actions)
    assert together["over"].any(axis=0).sum() >= 6 * EACH, "no episode ended"
    for k, name in enumerate(SCENARIOS):
        rows = WHICH == k
        for what, values in alone[k].items():
            assert_same(together[what][:, rows], values, f"{name}: {what}")


def test_the_scenarios_do_differ(alone):
    costs = {float(found["cost"][:30].sum()) for found in alone}
    assert len(costs) == len(SCENARIOS)
    drawn = alone[SCENARIOS.index("kets_randomised")]["observation"]
    assert np.unique(drawn[0], axis=0).shape[0] > 1
