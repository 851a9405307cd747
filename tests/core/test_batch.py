"""The batch: starting, going on, saving, mixing, threads and memory."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nea_env.core.batch import PARALLEL_FROM, Batch
from nea_env.core.layout import Action, Observation
from nea_env.scenario import BankingRule, BorrowingRule, OffsetRule, OffsetSeries, OutputShock, Technology
from tests.asserts import assert_same
from tests.core import scenarios as made


def korean(last=2017):
    law = made.regime(
        2015, last, banking=BankingRule(limit="net_sales", net_sales_multiple=2.0),
        borrowing={"2015": BorrowingRule(limit="share_of_duty", share=0.15)},
        offsets={"c": OffsetRule(limit_share=0.1, limit_base="duty")},
    )  # fmt: skip
    plant = Technology(name="t", potential_share=0.1, capex=300.0, lead_months=7, life_years=20)
    firm = made.firm(base=950_000.0, technologies=(plant,), shock=OutputShock(volatility=0.02, persistence=0.9))
    gap = {"2015": made.two_sided(0.1)}
    offset = OffsetSeries(type="c", ratio=0.9, sd=0.3)
    return made.scenario(
        law, firm, made.market(rate=0.03, volatility=0.3, gap=gap, offset=offset, spread=0.02, impact=0.02)
    )


def chinese():
    law = made.regime(2015, 2015, allocation=made.benchmarked(0.9, pre_share=0.7, deficit_cap=0.2))
    return made.scenario(
        law, made.firm(shock=OutputShock(volatility=0.05)), made.market(40.0, rate=0.05, volatility=0.2)
    )


def actions_of(n: int, month: int) -> np.ndarray:
    """Actions that depend on the row alone, (n, A)."""
    rows, columns = np.arange(n)[:, None], np.arange(Action.size)
    return np.sin(1.7 * rows + 2.3 * columns + 0.9 * month).astype(np.float32)


def play(batch: Batch, months: int, rows=None, autoreset=False) -> list:
    """Everything a batch shows over some months; ``rows`` chooses whose actions the firms play."""
    shown = []
    for month in range(months):
        actions = actions_of(batch.n, month) if rows is None else actions_of(max(rows) + 1, month)[rows]
        result = batch.step(actions, autoreset=autoreset)
        shown.append(
            [*result, batch.accounts(), batch.flows(), batch.market(), batch.action_mask(), batch.suggestions()]
        )
    return shown


def test_reset_gives_each_row_its_seed_and_the_first_episode():
    batch = Batch(korean(), 4, threads=1)
    observation = batch.reset([3, 1, 4, 1])
    assert batch.seeds.tolist() == [3, 1, 4, 1] and batch.episodes.tolist() == [0] * 4
    assert observation.shape == (4, Observation.size) and observation.dtype == np.float32
    first = play(batch, 20, rows=[0, 0, 0, 0])
    assert (first[-1][0][1] == first[-1][0][3]).all() and (first[-1][0][0] != first[-1][0][2]).any()
    batch.reset([3, 1, 4, 1])
    assert_same(play(batch, 20, rows=[0, 0, 0, 0]), first)


def test_reset_without_seeds_goes_on_to_the_next_episode():
    batch = Batch(korean(), 2, threads=1)
    batch.reset([5, 6])
    first = play(batch, 12)
    batch.reset()
    assert batch.episodes.tolist() == [1, 1] and batch.seeds.tolist() == [5, 6]
    second = play(batch, 12)
    assert (first[-1][0] != second[-1][0]).any()
    fresh = Batch(korean(), 2, threads=1)
    fresh.reset([5, 6])
    fresh.reset()
    assert_same(play(fresh, 12), second)  # an episode does not depend on how the one before was played


def test_a_mask_starts_its_rows_and_leaves_the_others():
    batch, twin = (Batch(korean(), 3, threads=1) for _ in range(2))
    for each in (batch, twin):
        each.reset([7, 8, 9])
        play(each, 5)
    observation = batch.reset([70, 80, 90], np.array([False, True, False]))
    assert batch.seeds.tolist() == [7, 80, 9] and batch.episodes.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(observation[[0, 2]], twin.observe()[[0, 2]])
    assert batch.market()["month"].tolist() == [5, 0, 5]
    batch.reset(mask=np.array([True, False, False]))
    assert batch.episodes.tolist() == [1, 0, 0] and batch.market()["month"].tolist() == [0, 0, 5]
    ours, theirs = batch.step(actions_of(3, 5)), twin.step(actions_of(3, 5))
    np.testing.assert_array_equal(ours[0][2], theirs[0][2])


def test_the_end_and_what_comes_after():
    scenario = korean(2015)
    batch = Batch(scenario, 3, threads=1)
    batch.reset([0, 1, 2])
    shown = play(batch, 18)
    assert batch.horizon.tolist() == [18] * 3
    assert [row[2].tolist() for row in shown] == [[False] * 3] * 17 + [[True] * 3]
    with pytest.raises(RuntimeError, match="row 0 has ended: reset it"):
        batch.step(actions_of(3, 18))
    _, reward, terminated = batch.step(actions_of(3, 18), autoreset=True)
    assert not reward.any() and not terminated.any() and batch.episodes.tolist() == [1] * 3
    assert not any(flow.any() for flow in batch.flows().values())
    begun = play(batch, 18)
    fresh = Batch(scenario, 3, threads=1)
    fresh.reset([0, 1, 2])
    fresh.reset()
    assert_same(play(fresh, 18), begun)


@pytest.mark.parametrize("months", [0, 1, 13, 30])
def test_saved_state_goes_on_bit_for_bit(months):
    batch = Batch(korean(), 5, threads=1)
    batch.reset(range(5))
    play(batch, months)
    saved = batch.get_state()
    copy = {name: values.copy() for name, values in saved.items()}
    ahead = play(batch, 40, autoreset=True)
    assert_same(saved, copy)  # a copy, not a view
    other = Batch(korean(), 5, threads=1)
    other.set_state(saved)
    assert_same(play(other, 40, autoreset=True), ahead)


def test_a_state_of_another_shape_is_refused_and_nothing_changes():
    batch = Batch(korean(), 5, threads=1)
    batch.reset(range(5))
    play(batch, 3)
    before = batch.get_state()
    for state in (Batch(korean(), 4).get_state(), {}, {key: before[key] for key in list(before)[:-1]}):
        with pytest.raises(ValueError, match="saved state"):
            batch.set_state(state)
    assert_same(batch.get_state(), before)


def test_what_a_batch_shows_is_a_copy():
    batch = Batch(korean(), 2, threads=1)
    play(batch, 3)
    expected = batch.get_state()
    for shown in (batch.accounts(), batch.flows(), batch.market()):
        for values in shown.values():
            values[:] = -1
    batch.memory("price")[:] = -1
    batch.suggestions()[:] = -1
    batch.observe()[:] = -1
    assert_same(batch.get_state(), expected)


def test_mixed_scenarios_equal_each_alone_bit_for_bit():
    pick = np.array([0, 1, 0, 2, 1, 2, 2])
    mixed = [korean(), chinese(), korean(2015)]
    batch = Batch(mixed, len(pick), scenario_of=pick, threads=1)
    batch.reset(np.arange(len(pick)))
    together = play(batch, 60, autoreset=True)
    for k, scenario in enumerate(mixed):
        rows = np.flatnonzero(pick == k)
        alone = Batch(scenario, len(rows), threads=1)
        alone.reset(rows)
        for both, single in zip(together, play(alone, 60, rows, autoreset=True), strict=True):
            for a, b in zip(both, single, strict=True):
                chosen = {key: values[rows] for key, values in a.items()} if isinstance(a, dict) else a[rows]
                assert_same(chosen, b)


@pytest.mark.parametrize("scenario_of", [[0, 1], [0, 0, 2], [-1, 0, 0]])
def test_a_wrong_choice_of_scenarios_is_refused(scenario_of):
    with pytest.raises(ValueError, match="scenario_of"):
        Batch([korean(), chinese()], 3, scenario_of=scenario_of)
    with pytest.raises(ValueError, match="at least one"):
        Batch(korean(), 0)


def test_serial_and_parallel_kernels_agree_bit_for_bit():
    n = PARALLEL_FROM + 77  # the last chunk is not full
    shown = []
    for threads in (1, 2):
        batch = Batch(korean(), n, threads=threads)
        batch.reset(np.arange(n))
        shown.append(play(batch, 50, autoreset=True))
    assert_same(*shown)


TWO_THREADS = """
import hashlib, json, numba, numpy as np
from tests.core.test_batch import korean, play
from nea_env.core.batch import Batch
batch = Batch(korean(), 3000)
batch.reset(np.arange(3000))
play(batch, 45, autoreset=True)
saved = batch.get_state()
state = b"".join(saved[name].tobytes() for name in sorted(saved))
print(json.dumps([numba.get_num_threads(), hashlib.sha256(state).hexdigest()]))
"""


def test_one_and_two_threads_agree_bit_for_bit():
    root = Path(__file__).parents[2]
    results = []
    for threads in (1, 2):
        env = os.environ | {"NUMBA_NUM_THREADS": str(threads), "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", TWO_THREADS], cwd=root, env=env, capture_output=True, text=True, check=True
        )
        results.append(json.loads(done.stdout))
    assert [used for used, _ in results] == [1, 2]
    assert results[0][1] == results[1][1]


def test_memory_of_a_firm():
    n = 10_000
    batch = Batch(korean(), n, threads=1)
    arrays = {name: value.nbytes for name, value in vars(batch).items() if isinstance(value, np.ndarray)}
    per_firm = sum(arrays.pop(name) for name in ("_rows", "_books", "_memory", "_mask")) / n
    assert 500 < per_firm < 1000
    assert sum(arrays.values()) < 1_000_000  # tables, shared by all firms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("n", [3, PARALLEL_FROM + 65])
def test_an_action_that_is_no_number_changes_nothing(dtype, value, n):
    batch, actions = Batch(korean(), n, threads=2), np.zeros((n, Action.size), dtype)
    before = batch.get_state()
    actions[-1, 3] = value
    with pytest.raises(ValueError, match=rf"action \({n - 1}, 3\) \(offset\) is {value}"):
        batch.step(actions)
    for name, kept in batch.get_state().items():
        np.testing.assert_array_equal(kept, before[name])


@pytest.mark.parametrize("shape", [(3, 7), (2, 8), (0, 8), (8,)])
def test_actions_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(3, 8\)"):
        Batch(korean(), 3).step(np.zeros(shape, np.float32))


@pytest.mark.parametrize("mask", [np.ones(4, bool), np.array([0, 1, 2])])
def test_a_mask_of_another_kind_is_refused(mask):
    with pytest.raises(ValueError, match="of bool"):
        Batch(korean(), 3).reset(mask=mask)


def test_a_batch_from_buffers_that_are_read_only_plays_on():
    batch, buffers = Batch(korean(), 3), []
    data = pickle.dumps(batch, protocol=5, buffer_callback=buffers.append)
    other = pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])
    actions = np.full((3, Action.size), 0.25, np.float32)
    for mine, theirs in zip(batch.step(actions), other.step(actions), strict=True):
        np.testing.assert_array_equal(mine, theirs)


NO_SEEDS = {
    "negative": [1, -1, 2],
    "too few": [1, 2],
    "beyond int64": np.array([1, 2**63, 2], np.uint64),  # NumPy would make it the least of int64
    "beyond any integer": [1, 2**70, 2],
    "NaN": [1.0, np.nan, 2.0],
    "fraction": [1.5, 0.0, 2.0],
}


@pytest.mark.parametrize("seeds", NO_SEEDS.values(), ids=NO_SEEDS)
def test_what_is_no_seed_is_refused_and_nothing_changes(seeds):
    batch = Batch(korean(), 3)
    before = batch.get_state()
    with pytest.raises(ValueError, match=r"seeds are .*: expected 3 whole numbers, 0 to below 2\*\*63"):
        batch.reset(seeds)
    assert_same(batch.get_state(), before)


def test_a_number_of_threads_that_is_none_is_refused():
    with pytest.raises(ValueError, match="threads is 0"):
        Batch(korean(), 3, threads=0)
