"""Borrowing limits and the gap test, by the worked examples of each law."""

from __future__ import annotations

import pytest

from nea_env.core.parameters import BORROW_DECAYING, BORROW_GAP_TEST, BORROW_NONE, BORROW_SHARE, NEVER
from nea_env.core.rules.borrowing import borrow_limit, borrowed, gap_permit, next_limit_share


def test_korean_limit_decays_by_half_of_what_was_borrowed():
    # Enforcement Decree, Article 45: limit_n = limit_{n-1} - 0.5 x ratio_{n-1}
    assert next_limit_share(0.15, 0.5, 0.15) == pytest.approx(0.075)
    assert next_limit_share(0.075, 0.5, 0.075) == pytest.approx(0.0375)
    assert next_limit_share(0.15, 0.5, 0.0) == 0.15
    assert next_limit_share(0.01, 0.5, 0.15) == 0


def test_korean_firm_borrows_what_it_lacks_up_to_the_limit():
    assert 0.15 * 1_250_000 == 187_500
    assert borrowed(210_000.0, 187_500.0, 1.0) == 187_500
    assert borrowed(100_000.0, 187_500.0, 1.0) == 100_000
    assert borrowed(210_000.0, 187_500.0, 0.5) == 93_750
    assert borrowed(210_000.0, -1.0, 1.0) == 0


def test_china_2021_22_gap_is_tested_year_by_year():
    # a deficit of at least 10 % of the obligation gives the right to half of it; 2.79 Mt in each year
    assert gap_permit(2_790_000.0, 2_790_000.0 * (1 - 0.068), 0.10, 0.50) == 0
    assert gap_permit(2_790_000.0, 2_790_000.0 * (1 - 0.122), 0.10, 0.50) == pytest.approx(170_190)
    merged = 2 * 2_790_000.0
    assert gap_permit(merged, merged * (1 - 0.095), 0.10, 0.50) == 0
    assert gap_permit(100.0, 90.0, 0.10, 0.50) == pytest.approx(5.0)  # at the threshold itself
    assert gap_permit(100.0, 50.0, 0.0, 0.0) == 0  # a law without the test


@pytest.mark.parametrize(
    ("rule", "limit"),
    [(BORROW_SHARE, 187_500), (BORROW_DECAYING, 93_750), (BORROW_GAP_TEST, 40_000), (BORROW_NONE, 0)],
)
def test_a_loan_comes_out_of_what_is_held_of_the_vintage_after(rule, limit):
    # 15 %, and 7.5 % after a loan of 15 %, of 1.25 Mt; a gap test that permits 40,000 t
    terms = (rule, 0.15, 0.075, 40_000.0, 1_250_000.0)
    assert borrow_limit(*terms, NEVER) == limit
    assert borrow_limit(*terms, 30_000.0) == min(limit, 30_000)
