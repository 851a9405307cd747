"""Figures of China's national system for steel, cement and aluminium, typed from the plan, answers and reports."""

from __future__ import annotations

import pytest

from nea_env.core.rules.allocation import beyond_emissions
from nea_env.library import load_scenario
from tests.regimes.ranges import range_of

LAW = load_scenario("tps_steel").regime
MARKET = load_scenario("tps_steel").market
INDUSTRIES = ("steel", "cement", "aluminium")


def test_two_years_under_one_plan():
    assert tuple(LAW.calendar) == ("2024", "2025")
    assert [rule.announced for rule in LAW.calendar.values()] == ["2025-03", "2025-11"]


def test_cleared_at_the_end_of_2025_and_of_2026():
    assert [rule.deadline for rule in LAW.calendar.values()] == ["2025-12", "2026-12"]


def test_2024_gives_what_was_emitted():
    rule = LAW.allocation["2024"]
    assert (rule.method, rule.pre_share, LAW.calendar["2024"].allocated) == ("verified_emissions", 0, None)


def test_2024_units_come_once_the_plan_is_out():
    assert LAW.calendar["2024"].verified == "2025-11"


def test_70_percent_of_the_emissions_before_come_first_in_2025():
    assert LAW.allocation["2025"].pre_share == 0.7
    assert "2026-01" <= LAW.calendar["2025"].allocated <= "2026-06"


def test_band_of_20_percent_moves_three_percent_of_emissions():
    rule = LAW.allocation["2025"]
    assert (rule.method, rule.band, rule.band_share) == ("benchmark_band", 0.20, 0.03)
    assert rule.band_share / rule.band == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("intensity", "surplus"), [(1.8, 0.015), (2.0, 0.0), (2.2, -0.015), (1.5, 0.03), (2.6, -0.03), (1.6, 0.03)]
)
def test_surplus_of_a_steel_mill_by_its_intensity(intensity, surplus):
    rule = LAW.allocation["2025"]
    found = beyond_emissions(intensity, 1.0, rule.balance["steel"], rule.band, rule.band_share)
    assert found == pytest.approx(surplus)


def test_balance_values_by_industry():
    assert LAW.allocation["2025"].balance == {"steel": 2.0, "cement": 0.8534, "aluminium": 1.569}
    assert LAW.allocation["2025"].balance["aluminium"] == pytest.approx(1.424 + 0.1454, abs=5e-4)


def test_balance_values_are_in_doubt_until_the_year_is_verified():
    for name in INDUSTRIES:
        value = {"steel": 2.0, "cement": 0.8534, "aluminium": 1.569}[name]
        known = range_of(LAW, f"allocation.2025.balance.{name}")
        assert (known.low, known.high) == (pytest.approx(0.95 * value, abs=1e-3), pytest.approx(1.05 * value, abs=1e-3))
        assert known.announced == LAW.calendar["2025"].verified


def test_base_of_100_000_tonnes_beside_net_sales():
    rule = LAW.banking["2024"]
    assert (rule.limit, rule.base_tonnes, rule.net_sales_multiple) == ("net_sales", 100_000, 1.5)
    assert (rule.net_sales_since, rule.announced, rule.lost_if_missed) == ("2024-01", "2025-11", True)
    # ten times the base of power firms
    assert rule.base_tonnes == 10 * load_scenario("tps").regime.banking["2024"].base_tonnes
    assert (LAW.banking["2025"].limit, LAW.banking["2025"].base_tonnes) == ("net_sales", 100_000)


def test_nothing_can_be_borrowed():
    assert [rule.limit for rule in LAW.borrowing.values()] == ["none", "none"]


def test_ccer_to_five_percent_of_the_duty():
    for year in ("2024", "2025"):
        rule = LAW.offsets[year]["ccer"]
        assert (rule.limit_share, rule.limit_base) == (0.05, "duty")


def test_fine_of_five_times_the_last_month():
    for year in ("2024", "2025"):
        rule = LAW.penalty[year]
        assert (rule.multiple, rule.mean_months, rule.mean_until, rule.deducted) == (5, 1, None, 1)
        known = range_of(LAW, f"penalty.{year}.multiple")
        assert (known.low, known.high) == (5, 10)


def test_industry_trades_after_it_was_brought_in():
    assert LAW.market_opens == "2025-04"


def test_market_of_2025():
    assert MARKET.price == 62.36
    assert MARKET.offset.ratio == pytest.approx(70.76 / 62.36, abs=5e-4)
    assert MARKET.offset.ratio > 1
    changes = (0.26, 0.21, 0.34, -0.43)
    assert MARKET.volatility == pytest.approx((sum(x * x for x in changes) / 4) ** 0.5, abs=0.005)


def test_firms_by_industry_and_side_of_the_balance():
    balance = {"steel": 2.0, "cement": 0.8534, "aluminium": 1.569}
    sides = {"tps_steel": 0.10, "tps_steel_efficient": -0.10, "tps_cement": -0.027, "tps_aluminium": 0.033}
    for name, side in sides.items():
        firm = load_scenario(name).firm
        assert firm.unit_class == firm.sector
        assert firm.emission_intensity / balance[firm.unit_class] - 1 == pytest.approx(side, abs=1e-3)


def test_the_efficient_mills_surplus_exceeds_the_base():
    firm = load_scenario("tps_steel_efficient").firm
    assert 0.015 * firm.annual_emissions == pytest.approx(135_000)
