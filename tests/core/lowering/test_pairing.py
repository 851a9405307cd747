"""Numbers in doubt that are told together: nearly independent, however few values stand for each."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.lowering.law_tree import announcements
from nea_env.core.lowering.pairing import NODES, RULES, UNCOUNTED, UNITS, paired, values_each, weight_of
from nea_env.library import load_scenario

SEEDS = range(8)


def correlations(places):
    taken = np.array(NODES[places.shape[1]])[places]
    return np.corrcoef(taken)


@pytest.mark.parametrize("values", [4, 5])
@pytest.mark.parametrize("seed", SEEDS)
def test_two_numbers_of_units_are_uncorrelated_whatever_is_told_with_them(values, seed):
    places = paired(values, [UNITS, UNITS, RULES, RULES, UNCOUNTED], np.random.default_rng(seed))
    assert abs(correlations(places)[0, 1]) < 1e-9


@pytest.mark.parametrize("values", [1, 2, 3, 4, 5])
def test_every_number_takes_each_value_once(values):
    places = paired(values, [UNITS] * 3, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(places, axis=1), np.tile(np.arange(values), (3, 1)))


@pytest.mark.parametrize("seed", SEEDS)
def test_with_two_values_the_sum_of_three_varies_as_little_apart_from_independent_as_can_be(seed):
    places = paired(2, [UNITS] * 3, np.random.default_rng(seed))
    signs = 2 * places[:, 1] - 1
    assert abs(signs.sum()) == 1  # its variance 1, or 9 if they moved together; 3 if independent


@pytest.mark.parametrize("seed", SEEDS)
def test_three_values_move_together_or_against_each_other_so_that_no_sum_is_lopsided(seed):
    places = paired(3, [UNITS, UNITS, RULES], np.random.default_rng(seed))
    assert correlations(places)[0, 1] == pytest.approx(1.0)  # of two, together
    sums = np.array(NODES[3])[places].sum(axis=0)
    assert (sums**3).sum() == pytest.approx(0.0, abs=1e-12)


def test_the_same_seed_gives_the_same_pairing():
    one, other = (paired(4, [UNITS] * 5, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("path", "unit_class", "weight"),
    [
        ("allocation.2021.benchmark.I", "I", UNITS),
        ("allocation.2021.benchmark.II", "I", UNCOUNTED),
        ("allocation.2026.classes.power.correction_factor", "", UNCOUNTED),
        ("allocation.2026.classes.power.correction_factor", "power", UNITS),
        ("allocation.2018.correction_factor", "", UNITS),
        ("banking.2024.net_sales_multiple", "I", RULES),
        ("penalty.2023.multiple", "I", RULES),
    ],
)
def test_units_count_before_rules_and_both_before_what_the_market_is_not_counted_by(path, unit_class, weight):
    assert weight_of(path, unit_class) == weight


@pytest.mark.parametrize(
    ("counted", "most", "values"),
    [
        ([2, 4, 1, 1], 64, [4, 4, 2, 2]),
        ([2, 4, 1, 1], 32, [2, 4, 2, 2]),  # the one with most numbers first
        ([1] * 8, 64, [2] * 8),  # at least two, though that is 256 laws
        ([1], 64, [5]),
        ([2, 1], 16, [4, 4]),
        ([1, 1], 10, [3, 3]),
    ],
)
def test_values_by_default(counted, most, values):
    assert values_each(counted, most) == values


def test_the_benchmarks_of_one_plan_are_announced_as_if_independent():
    news = announcements(load_scenario("tps_randomised", {"market.law": "equilibrium"}))
    assert [len(each.branches) for each in news] == [4, 4, 2, 2]
    for each, years in zip(news, ((2021, 2022), (2023, 2024)), strict=False):
        one, other = ([b.numbers[f"allocation.{year}.benchmark.I"] for b in each.branches] for year in years)
        assert abs(np.corrcoef(one, other)[0, 1]) < 1e-9
