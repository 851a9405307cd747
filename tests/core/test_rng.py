"""The generator meets its published vectors; draws are standard, independent and keyed by nothing but their key."""

from __future__ import annotations

from statistics import NormalDist

import numba
import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.elementary import normal
from nea_env.core.layout import Action
from nea_env.core.rng import DEMAND, GAP, OFFSET_RATIO, PRICE, draw, philox
from nea_env.scenario import OffsetRule, OffsetSeries, OutputShock
from tests.core import scenarios as made

VECTORS = [  # Random123, kat_vectors, philox4x32 with seven rounds: counter, key, words
    ((0, 0, 0, 0), (0, 0), (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A),
    ),
]


@numba.njit
def _grid(seeds, episodes, months):
    """Normals (seeds, episodes, months, 4)."""
    out = np.empty((seeds, episodes, months, 4))
    for s in range(seeds):
        for e in range(episodes):
            for m in range(months):
                words = draw(s, e, m, 0)
                for lane in range(4):
                    out[s, e, m, lane] = normal(words[lane])
    return out


@pytest.fixture(scope="module")
def grid():
    return _grid(4000, 3, 24)


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_known_answers(counter, key, words):
    assert tuple(map(int, philox(*map(np.uint64, (*counter, *key))))) == words


def test_a_draw_is_philox_of_month_episode_and_seed():
    seed, episode, month = 0x299F31D0A4093822, 0x13198A2E85A308D3, 0x243F6A88
    expected = philox(*map(np.uint64, (0x243F6A88, 0x85A308D3, 0x13198A2E, 0, 0xA4093822, 0x299F31D0)))
    assert draw(np.int64(seed), np.int64(episode), np.int64(month), 0) == expected


def test_normal_is_the_quantile():
    words = np.unique(np.concatenate([np.arange(0, 2**32, 999_983), 2 ** np.arange(33)[:-1], [2**32 - 1]]))
    quantile = NormalDist().inv_cdf
    for word in words.tolist():
        q = (word + 0.5) / 2**32
        # from the upper half 1 - q is exact in the tail, q alone would lose digits
        expected = quantile(q) if q < 0.5 else -quantile((2**32 - word - 0.5) / 2**32)
        assert normal(np.uint64(word)) == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_normal_is_odd_and_bounded():
    for word in (0, 1, 77, 2**20, 2**31 - 1):
        assert normal(np.uint64(word)) == pytest.approx(-normal(np.uint64(2**32 - 1 - word)), rel=1e-9)
    assert 6.3 < normal(np.uint64(2**32 - 1)) < 6.34


def test_moments(grid):
    n = grid.size
    assert grid.mean() == pytest.approx(0.0, abs=4 / n**0.5)
    assert grid.var() == pytest.approx(1.0, abs=4 * (2 / n) ** 0.5)
    assert (grid**3).mean() == pytest.approx(0.0, abs=4 * (15 / n) ** 0.5)
    assert (grid**4).mean() == pytest.approx(3.0, abs=4 * (96 / n) ** 0.5)
    for tail, share in ((1.0, 0.158655), (2.0, 0.022750), (3.0, 0.001350)):
        for side in (grid > tail, grid < -tail):
            assert side.mean() == pytest.approx(share, abs=4 * (share / n) ** 0.5)


@pytest.mark.parametrize("axis", [0, 1, 2, 3], ids=["seeds", "episodes", "months", "lanes"])
def test_neighbours_are_independent(grid, axis):
    moved = np.moveaxis(grid, axis, 0)
    first, second = moved[:-1].ravel(), moved[1:].ravel()
    bound = 4 / first.size**0.5
    assert np.mean(first * second) == pytest.approx(0.0, abs=bound)
    assert np.mean((first**2 - 1) * (second**2 - 1)) == pytest.approx(0.0, abs=2 * bound)


def test_no_two_draws_are_alike(grid):
    assert len(np.unique(grid)) > 0.999 * grid.size  # 32-bit words: a few of a million repeat by chance


def test_lanes_are_the_four_sources():
    assert sorted([PRICE, OFFSET_RATIO, GAP, DEMAND]) == [0, 1, 2, 3]


def _noisy():
    return made.scenario(
        made.regime(2015, 2016, offsets={"c": OffsetRule(limit_share=0.1, limit_base="duty")}),
        made.firm(shock=OutputShock(volatility=0.05, persistence=0.5)),
        made.market(
            volatility=0.3, gap={"2015": made.two_sided(0.1)}, offset=OffsetSeries(type="c", ratio=0.9, sd=0.3)
        ),
    )


def _news(batch, rows, rng=None):
    """Prices, ratios and output of the rows over an episode, (months, 4, rows)."""
    seen = []
    for _ in range(int(batch.horizon[0])):
        actions = np.zeros((batch.n, Action.size), np.float32)
        if rng is not None:
            actions = rng.uniform(-1, 1, actions.shape).astype(np.float32)
        batch.step(actions)
        names = ("price", "front_ratio", "log_offset_ratio", "log_output")
        seen.append([batch.memory(name)[rows] for name in names])
    return np.array(seen)


def test_draws_depend_on_neither_actions_nor_place():
    scenario = _noisy()
    few, many = Batch(scenario, 3, threads=1), Batch(scenario, 50, threads=1)
    few.reset([7, 8, 9])
    many.reset(np.r_[np.arange(100, 120), [9, 7, 8], np.arange(200, 227)])
    quiet = _news(few, [0, 1, 2])
    wild = _news(many, [21, 22, 20], np.random.default_rng(0))
    np.testing.assert_array_equal(quiet, wild)
    assert (np.ptp(quiet, axis=2)[-1] > 0).sum() == 3  # three sources differ by seed; x is gone at the end
    assert (np.ptp(quiet, axis=0) > 0).all(), "a source that never moves proves nothing"


def test_episodes_of_a_seed_differ_and_repeat():
    batch = Batch(_noisy(), 2, threads=1)
    batch.reset([5, 6])
    first = _news(batch, [0, 1])
    batch.reset()
    second = _news(batch, [0, 1])
    batch.reset([5, 6])
    np.testing.assert_array_equal(_news(batch, [0, 1]), first)
    assert (first[1:] != second[1:]).any(axis=(0, 2)).all()
