"""Each rule alone, by the worked example of the law it comes from."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from nea_env.core.elementary import normal_cdf
from nea_env.core.parameters import NEVER
from nea_env.core.rules import banking, offsets
from nea_env.core.rules.allocation import book, duty_above_baseline, duty_under_cap, excess_credits, true_up
from nea_env.core.rules.banking import carry_limit, deduction
from nea_env.core.rules.borrowing import borrowed, gap_permit, next_limit_share
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.core.rules.prices import front_ratio, next_log_output, next_log_price
from nea_env.core.rules.trading import feasible_trade, trading_cost


def carry(
    rule, left, *, old=0.0, base=0.0, multiple=0.0, net_sales=0.0, small=0.0, exempt=False, forfeited=False, traded=0.0
):
    return carry_limit(rule, left, old, base, multiple, net_sales, small, exempt, forfeited, traded)


def net_sales(left, multiple, sold, **more):
    return carry(banking.NET_SALES, left, multiple=multiple, net_sales=sold, **more)


# --- banking ---------------------------------------------------------------------------------------
def test_kau17_carries_all_and_deducts_what_exceeds_the_base():
    # April 2017 package: allowed 10 % of the mean annual phase I allocation + 20,000 t; mean 1,000,000, carry 200,000
    base = 0.10 * 1_000_000 + 20_000
    assert base == 120_000
    assert carry(banking.DEDUCTED_ABOVE_BASE, 200_000.0, base=base) == 200_000
    assert deduction(banking.DEDUCTED_ABOVE_BASE, 200_000.0, base) == 80_000
    assert deduction(banking.DEDUCTED_ABOVE_BASE, 120_000.0, base) == 0


def test_kau15_and_16_carry_without_limit_or_deduction():
    assert carry(banking.UNLIMITED, 15_500_000.0) == 15_500_000
    assert deduction(banking.UNLIMITED, 15_500_000.0, 0.0) == 0


def test_kau18_small_holder_is_a_cliff_not_a_base():
    # June 2019: three times net sales; below 75,000 t (firm) or 15,000 t (site) everything
    assert net_sales(40_000.0, 3.0, 0.0, small=75_000.0) == 40_000
    assert net_sales(74_999.0, 3.0, 0.0, small=75_000.0) == 74_999
    assert net_sales(75_000.0, 3.0, 0.0, small=75_000.0) == 0
    assert net_sales(40_000.0, 3.0, 0.0, small=15_000.0) == 0
    assert net_sales(14_999.0, 3.0, 0.0, small=15_000.0) == 14_999


@pytest.mark.parametrize(("multiple", "carried"), [(3.0, 90_000), (2.0, 60_000), (5.0, 150_000), (1.0, 30_000)])
def test_kau18_19_24_multiples_of_net_sales(multiple, carried):
    assert net_sales(400_000.0, multiple, 30_000.0) == carried


def test_kau22_example_of_the_broker_note():
    # hold 4, sell 1, carry 2, the rest void (July 2023)
    assert net_sales(3.0, 2.0, 1.0) == 2.0


def test_a_net_buyer_sold_nothing():
    assert net_sales(100_000.0, 5.0, -20_000.0) == 0
    assert net_sales(100_000.0, 1.5, -20_000.0, base=10_000.0) == 10_000


def test_kau23_and_24_deficit_firm_carries_all_it_overbought():
    assert net_sales(100_000.0, 3.0, -100_000.0, exempt=True) == 100_000
    assert net_sales(100_000.0, 3.0, -100_000.0, exempt=False) == 0


def test_china_carry_over_of_31_december_2025():
    # min(10,000 t + 1.5 x net sales since 1 January 2024, holdings): 300 kt left, 80 kt sold net
    assert net_sales(300_000.0, 1.5, 80_000.0, base=10_000.0) == 130_000  # 170,000 t lapse
    more = (300_000 - 10_000 - 120_000) / 2.5
    assert more == 68_000
    assert net_sales(300_000.0 - more, 1.5, 80_000.0 + more, base=10_000.0) == 232_000  # all that is left
    assert net_sales(5_000.0, 1.5, 0.0, base=10_000.0) == 5_000


def test_china_missed_deadline_forfeits_the_right():
    assert net_sales(300_000.0, 1.5, 80_000.0, base=10_000.0, forfeited=True) == 0
    assert carry(banking.UNLIMITED, 300_000.0, forfeited=True) == 0


def test_hubei_carries_only_units_traded_once():
    assert carry(banking.TRADED_UNITS, 50_000.0, traded=0.0) == 0
    assert carry(banking.TRADED_UNITS, 50_000.0, traded=30_000.0) == 30_000
    assert carry(banking.TRADED_UNITS, 50_000.0, traded=90_000.0) == 50_000


def test_tokyo_carries_once():
    assert carry(banking.NEXT_PERIOD_ONLY, 900.0, old=0.0) == 900
    assert carry(banking.NEXT_PERIOD_ONLY, 900.0, old=300.0) == 600
    assert carry(banking.NEXT_PERIOD_ONLY, 900.0, old=900.0) == 0


def test_no_banking():
    assert carry(banking.NONE, 900.0) == 0


# --- borrowing -------------------------------------------------------------------------------------
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


# --- allocation ------------------------------------------------------------------------------------
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


# --- penalty ---------------------------------------------------------------------------------------
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


# --- offsets ---------------------------------------------------------------------------------------
def test_room_by_the_base_of_the_limit():
    # CCER 5 % of the duty, Beijing 5 % of the allowance, Tokyo a third of the required reduction
    assert offsets.room(offsets.LIMIT_DUTY, 0.05, 2_790_000.0, 2_500_000.0, 0.0) == pytest.approx(139_500)
    assert offsets.room(offsets.LIMIT_ALLOCATION, 0.05, 2_790_000.0, 2_500_000.0, 0.0) == pytest.approx(125_000)
    assert int(offsets.room(offsets.LIMIT_REDUCTION, 1 / 3, 900.0, 0.0, 10_000 * 0.17 * 5)) == 2_833
    assert offsets.room(offsets.LIMIT_NONE, 0.0, 900.0, 0.0, 0.0) >= 1e30
    assert offsets.room(offsets.LIMIT_CLOSED, 0.3, 900.0, 900.0, 900.0) == 0


def test_credits_used_and_still_to_buy():
    assert offsets.used(50.0, 30.0, 100.0) == 30
    assert offsets.used(50.0, 80.0, 40.0) == 40
    assert offsets.used(20.0, 80.0, 40.0) == 20
    assert offsets.buyable(30.0, 100.0, 10.0) == 20
    assert offsets.buyable(30.0, 5.0, 10.0) == 0


# --- trading and prices ----------------------------------------------------------------------------
def test_a_trade_sells_what_is_held_and_may_be_sold():
    assert feasible_trade(0.5, 1_000.0, 0.0, 1e30) == 500
    assert feasible_trade(-0.5, 1_000.0, 300.0, 1e30) == -300
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 1e30) == -500
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 120.0) == -120  # Chongqing: half of the free allocation
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, -5.0) == 0


def test_trading_cost_is_half_the_spread_and_the_impact():
    assert trading_cost(500.0, 10.0, 0.001, 0.02, 0.03) == pytest.approx(500 * 10 * (0.01 + 0.015))
    assert trading_cost(-500.0, 10.0, 0.001, 0.02, 0.03) == trading_cost(500.0, 10.0, 0.001, 0.02, 0.03)
    assert trading_cost(0.0, 10.0, 0.0, 0.02, 0.03) == 0


def test_front_ratio_starts_at_one_and_stays_in_bounds():
    down, up = 0.21, 0.124
    offset = NormalDist().inv_cdf(down / (down + up))  # the mean of x is zero
    assert front_ratio(0.0, offset, 1.0, down, up) == pytest.approx(1.0)
    assert front_ratio(-50.0, offset, 1.0, down, up) == pytest.approx(0.79)
    assert front_ratio(50.0, offset, 1.0, down, up) == pytest.approx(1.124)


def test_price_and_output_laws():
    assert next_log_price(math.log(100.0), 0.01, 0.2, -1.0) == pytest.approx(math.log(100.0) - 0.19)
    assert next_log_output(0.1, 0.9, 0.02, 2.0) == pytest.approx(0.13)
    assert normal_cdf(1.959964) == pytest.approx(0.975, abs=1e-6)
    assert normal_cdf(-8.0) == pytest.approx(6.22e-16, rel=1e-2)
