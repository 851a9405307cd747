"""Figures of GX-ETS, typed from reports on the ministry's design of 2025."""

from __future__ import annotations

import math

import pytest

from nea_env.library import load_regime, load_scenario

GX = load_regime("gx_ets")
YEARS = ("2026", "2027", "2028", "2029", "2030")


def test_five_fiscal_years_from_2026():
    assert (tuple(GX.calendar), GX.year_starts) == (YEARS, 4)
    assert {rule.years for rule in GX.calendar.values()} == {1}


def test_units_are_due_in_the_second_january_after_the_year_starts():
    assert [GX.calendar[year].deadline for year in YEARS] == ["2028-01", "2029-01", "2030-01", "2031-01", "2032-01"]


def test_trade_starts_in_autumn_2027_before_the_first_deadline():
    assert GX.market_opens == "2027-10"
    assert GX.calendar["2026"].verified < GX.market_opens < GX.calendar["2026"].deadline


@pytest.mark.parametrize(("year", "cut"), [("2026", 1.7), ("2027", 3.4), ("2028", 5.1), ("2029", 6.8), ("2030", 8.5)])
def test_grandfathering_falls_by_1_7_percent_of_base_a_year(year, cut):
    rule = GX.allocation[year].of_class("")
    assert rule.method == "grandfathering"
    assert rule.correction_factor == pytest.approx(1 - cut / 100)


def test_steel_is_benchmarked_on_base_year_output():
    rules = [GX.allocation[year].of_class("steel") for year in YEARS]
    assert {rule.method for rule in rules} == {"historical_benchmarking"}
    levels = [rule.benchmark["steel"] for rule in rules]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] < load_scenario("gx_ets_steel").firm.emission_intensity


@pytest.mark.parametrize(
    ("year", "ceiling"), [("2026", 4_300), ("2027", 4_429), ("2028", 4_561.87), ("2029", 4_698.73), ("2030", 4_840)]
)
def test_a_missing_tonne_costs_1_1_ceilings(year, ceiling):
    rule = GX.penalty[year]
    assert rule.price == pytest.approx(1.1 * ceiling, rel=1e-4)
    assert (rule.multiple, rule.lump_sum, rule.deducted) == (0, 0, 0)


def test_the_first_penalty_is_4730():
    assert GX.penalty["2026"].price == 4_730


def test_floor_and_ceiling_grow_by_three_percent_in_real_terms():
    market = load_scenario("gx_ets").market
    assert market.law == "collared"
    assert (market.collar.floor, market.collar.ceiling) == (1_700, 4_300)
    growth = math.exp(4 * market.discount_rate)
    assert (round(1_700 * growth), round(4_300 * growth)) == (1_914, 4_840)  # outlook for 2030: 1,913 and 4,840


@pytest.mark.parametrize("credit", ["j_credit", "j_credit_renewable", "j_credit_forest", "jcm"])
def test_credits_up_to_a_tenth_of_emissions(credit):
    for year in YEARS:
        rule = GX.offsets[year][credit]
        assert (rule.limit_share, rule.limit_base, rule.multiplier) == (0.10, "duty", 1)


def test_surplus_is_carried_and_nothing_is_borrowed():
    assert {rule.limit for rule in GX.banking.values()} == {"unlimited"}
    assert {rule.limit for rule in GX.borrowing.values()} == {"none"}


def test_renewable_credits_cost_more_than_the_ceiling_when_trade_starts():
    market = load_scenario("gx_ets").market
    assert market.offset.type == "j_credit_renewable"
    assert market.offset.ratio * market.price == pytest.approx(0.75 * 6_600)


@pytest.mark.parametrize("name", ["gx_ets", "gx_ets_steel"])
def test_firms_emit_ten_times_the_threshold(name):
    scenario = load_scenario(name)
    assert scenario.firm.annual_emissions == 10 * 100_000
    assert (scenario.start, scenario.end) == ("2026-04", "2032-01")
