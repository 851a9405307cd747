"""Caps on the duty, true-up, and Tokyo's duty and credits, by the worked examples of each law."""

from __future__ import annotations

import pytest

from nea_env.core.rules.allocation import (
    added,
    book,
    cancelled,
    duty_above_baseline,
    duty_under_cap,
    emissions_of,
    excess_credits,
    net_duty,
    own_emissions_allocation,
    true_up,
)


def test_china_deficit_cap_by_year_not_merged():
    years = [duty_under_cap(2.79, allocation, 0.2) for allocation in (2.75, 2.05)]
    assert years == pytest.approx([2.79, 2.608])
    assert sum(years) == pytest.approx(5.398)
    assert duty_under_cap(5.58, 4.80, 0.2) == pytest.approx(5.58)  # wrong by 0.18 Mt


def test_china_gas_units_owe_no_deficit_and_no_cap_is_no_cap():
    assert duty_under_cap(120.0, 100.0, 0.0) == 100
    assert duty_under_cap(120.0, 10.0, -1.0) == 120
    assert duty_under_cap(80.0, 100.0, 0.2) == 80


def test_debt_is_paid_before_anything_is_held():
    assert book(1_000.0, 170.0) == (170, 0)
    assert book(100.0, 170.0) == (100, 70)


def test_true_up_against_the_pre_allocation():
    # 70 % x 0.877 x 3.1 TWh before, 0.877 x verified output after
    pre = 0.70 * 0.877 * 3_100_000
    assert true_up(0.877 * 3_100_000, pre, 0.0) == pytest.approx((815_610, 0, 0))
    assert true_up(1_000.0, 1_400.0, 5_000.0) == (0, 400, 0)
    assert true_up(1_000.0, 1_400.0, 150.0) == (0, 150, 250)


def test_tokyo_period_duty():
    # base 10,000 t, 17 %: cap 41,500 t; 41,800 t emitted, 600 t of credits issued
    assert 10_000 * (1 - 0.17) * 5 == 41_500
    assert duty_above_baseline(41_800.0 + 600.0, 41_500.0) == 900
    assert duty_above_baseline(41_800.0, 41_500.0) == 300
    assert duty_above_baseline(40_000.0, 41_500.0) == 0


def test_tokyo_excess_credits_of_the_official_example():
    # 8,500 t, then 7,500 t: nothing after year one, 600 t after year two
    assert excess_credits(1.0, 10_000.0, 0.17, 0.5, 8_500.0, 0.0) == 0
    assert excess_credits(2.0, 10_000.0, 0.17, 0.5, 16_000.0, 0.0) == pytest.approx(600)
    assert excess_credits(3.0, 10_000.0, 0.17, 0.5, 23_800.0, 600.0) == pytest.approx(500)
    assert excess_credits(4.0, 10_000.0, 0.17, 0.5, 32_400.0, 1_100.0) == 0


@pytest.mark.parametrize(("factor", "share"), [(0.50, 0.0), (0.48, 0.02), (0.25, 0.25)])
def test_tokyo_half_of_base_ceiling(factor, share):
    # a site that emits nothing at all: reductions of the whole base, counted up to a half of it
    assert excess_credits(2.0, 10_000.0, factor, 0.5, 0.0, 0.0) == pytest.approx(share * 20_000)
    assert excess_credits(2.0, 10_000.0, factor, -1.0, 0.0, 0.0) == pytest.approx((1 - factor) * 20_000)


def test_korean_units_are_cancelled_where_operation_falls():
    # Enforcement Decree, Article 29: 1,000 t allocated; 800 units at 1.0 t are 80 % of it, so half of 200 t goes
    assert emissions_of(800.0, 1.0) == 800
    assert emissions_of(1_000.0, 0.87) == 870  # output x benchmark
    assert cancelled(800.0, 1_000.0, 0.85, 0.50) == 100
    assert cancelled(850.0, 1_000.0, 0.85, 0.50) == 75
    assert cancelled(851.0, 1_000.0, 0.85, 0.50) == 0
    assert cancelled(500.0, 1_000.0, 0.50, 1.0) == 500


def test_korean_units_are_added_for_growth_above_what_was_expected():
    assert added(1_150.0, 1_000.0, 1.15, 0.50) == 75
    assert added(1_149.0, 1_000.0, 1.15, 0.50) == 0
    assert added(1_600.0, 1_000.0, 1.50, 1.0) == 600


@pytest.mark.parametrize(("relative", "net"), [(1.0, 0.15), (1.1, 0.18), (0.9, 0.12), (1.3, 0.03), (0.5, -0.03)])
def test_a_band_leaves_as_much_of_a_tonne_as_the_slope_of_its_allocation(relative, net):
    # a band of 20 % and 3 %, balance 2.0: 0.15 x (2 x relative - 1) inside it
    assert net_duty(relative, 0.2, 0.03) == pytest.approx(net)
    emissions, output, step = 1_000_000.0 * relative, 500_000.0, 1.0
    near = [own_emissions_allocation(emissions + more, output, 2.0, 0.2, 0.03) for more in (-step, step)]
    assert 1.0 - (near[1] - near[0]) / (2.0 * step) == pytest.approx(net, abs=1e-6)
