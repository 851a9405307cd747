"""What a missed tonne costs, by the worked examples of each law."""

from __future__ import annotations

import pytest

from nea_env.core.parameters import NEVER
from nea_env.core.rules.penalty import penalty_cost, strike_price


@pytest.mark.parametrize(("mean", "strike"), [(28_500.0, 85_500), (33_333.0, 99_999), (40_000.0, 100_000)])
def test_korean_strike_is_three_means_up_to_the_cap(mean, strike):
    assert strike_price(mean, 3.0, 100_000.0, 0.0) == strike


def test_tokyo_make_good_and_fine():
    # 900 t at 1.3 x 1,500 JPY and up to JPY 500,000; at 1,500 t the fine is 333 JPY/t
    assert penalty_cost(900.0, 1.3 * 1_500, 500_000.0, NEVER, 0.0, 1_500.0) == pytest.approx(900 * 1_950 + 500_000)
    assert penalty_cost(1_500.0, 0.0, 500_000.0, NEVER, 0.0, 0.0) / 1_500 == pytest.approx(333.3, abs=0.1)
    assert penalty_cost(0.0, 1_950.0, 500_000.0, NEVER, 1.1, 1_500.0) == 0


def test_china_trial_measures():
    # CNY 30,000 whatever the gap, and 1.1 x the price of the missing tonnes in lost subsidies
    assert penalty_cost(10_000.0, 0.0, 30_000.0, NEVER, 1.1, 48.0) == pytest.approx(10_000 * 52.8 + 30_000)
