"""The front price's ratio to the long price, and a month's change of price and output."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from nea_env.core.rules.prices import front_ratio, next_log_output


def test_front_ratio_starts_at_one_and_stays_in_bounds():
    down, up = 0.21, 0.124
    offset = NormalDist().inv_cdf(down / (down + up))  # the mean of x is zero
    assert front_ratio(0.0, offset, 1.0, down, up) == pytest.approx(1.0)
    assert front_ratio(-50.0, offset, 1.0, down, up) == pytest.approx(0.79)
    assert front_ratio(50.0, offset, 1.0, down, up) == pytest.approx(1.124)


def test_a_months_news_moves_the_log_of_output():
    assert next_log_output(0.1, 0.9, 0.02, 2.0) == pytest.approx(0.13)
