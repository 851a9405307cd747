"""The front price's ratio to the long price, and a month's change of price and output."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from nea_env.core.rules.prices import front_ratio, front_ratio_of_state, next_gap_state, next_log_output


def test_front_ratio_starts_at_one_and_stays_in_bounds():
    down, up = 0.21, 0.124
    offset = NormalDist().inv_cdf(down / (down + up))  # the mean of x is zero
    assert front_ratio(0.0, offset, 1.0, down, up) == pytest.approx(1.0)
    assert front_ratio(-50.0, offset, 1.0, down, up) == pytest.approx(0.79)
    assert front_ratio(50.0, offset, 1.0, down, up) == pytest.approx(1.124)


def test_a_months_news_moves_the_log_of_output():
    assert next_log_output(0.1, 0.9, 0.02, 2.0) == pytest.approx(0.13)


# --- three states of the front's discount on a lattice -------------------------------------------------------


def test_an_open_gap_is_decided_with_its_chance_at_odds_of_mean_zero():
    down, up, chance = 0.08, 0.224, 0.3
    u = (np.arange(100_000) + 0.5) / 100_000
    states = np.array([next_gap_state(0.0, chance, down, up, one) for one in u])
    assert (states == 0).mean() == pytest.approx(0.7, abs=1e-5)
    assert (states < 0).mean() == pytest.approx(0.3 * 0.224 / 0.304, abs=1e-5)
    ratios = {-1.0: 0.92, 0.0: 1.0, 1.0: 1.224}
    assert {state: front_ratio_of_state(state, down, up) for state in ratios} == ratios
    assert sum(front_ratio_of_state(one, down, up) for one in states) / len(states) == pytest.approx(1.0, abs=1e-6)


def test_a_decided_gap_stays():
    assert [next_gap_state(state, 1.0, 0.1, 0.1, 0.0) for state in (-1.0, 1.0)] == [-1.0, 1.0]
