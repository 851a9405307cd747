"""Figures of the Korean system, phase IV, typed from the plan of November 2025 and the decree."""

from __future__ import annotations

import itertools

import pytest

from nea_env.core.lowering.corrections import free_of_auctions, free_share
from nea_env.library import load_scenario

PLAN = load_scenario("kets_phase4").regime
YEARS = ("2026", "2027", "2028", "2029", "2030")
FREE = (476.26, 451.35, 419.90, 391.38, 365.87)  # Mt, KAU26-30
POWER_SHARE = (0.15, 0.20, 0.30, 0.40, 0.50)
POWER = (188.55, 173.85, 159.15, 144.45, 129.75)  # Mt, a line through 795.75 in all
EMISSIONS = (3048.3 - 147) / 5  # Mt a year


def pre_allocation():
    """Mt a year: free vintages, the power sector's auctions and an even share of what is left of 2,362.98."""
    sold = [share * power for share, power in zip(POWER_SHARE, POWER, strict=True)]
    rest = (2362.98 - sum(FREE) - sum(sold)) / 5
    return [free + auctioned + rest for free, auctioned in zip(FREE, sold, strict=True)]


def test_the_vintages_lie_on_the_linear_path_of_the_plan():
    total = pre_allocation()
    assert sum(POWER) == pytest.approx(795.75)
    falls = [early - late for early, late in itertools.pairwise(total)]
    assert max(falls) - min(falls) < 0.1


def test_calendar_of_phase_four():
    for year in YEARS:
        rule = PLAN.calendar[year]
        assert (rule.announced, rule.allocated) == ("2025-11", "2025-12")
        assert rule.deadline == f"{int(year) + 1}-08"


def test_correction_factors_of_power_and_of_the_rest():
    total = pre_allocation()
    first = total[0] / EMISSIONS
    others = [whole - power for whole, power in zip(total, POWER, strict=True)]
    for year, power, other in zip(YEARS, POWER, others, strict=True):
        rule = PLAN.allocation[year]
        assert rule.correction_factor == pytest.approx(first * other / others[0], abs=1e-4)
        assert rule.classes["power"].correction_factor == pytest.approx(first * power / POWER[0], abs=1e-4)
        assert rule.classes["clinker"].correction_factor == rule.correction_factor


def test_correction_factors_by_the_arithmetic_of_the_law_file():
    # 0.878 x (t - p) / 320.95, and 0.878 x p / 188.55 for power: 0.878 x 317.22 / 320.95 = 0.8678, ...
    pairs = {"2027": (0.8678, 0.8095), "2028": (0.8575, 0.7411), "2029": (0.8471, 0.6726), "2030": (0.8370, 0.6042)}
    for year, (other, power) in pairs.items():
        rule = PLAN.allocation[year]
        assert (rule.correction_factor, rule.classes["power"].correction_factor) == (other, power)


def test_auctioned_shares():
    for year, share in zip(YEARS, POWER_SHARE, strict=True):
        for rule in (PLAN.allocation[year], *PLAN.allocation[year].classes.values()):
            assert rule.auction_share == {"power": share, "": 0.15}


def test_about_a_tenth_is_sold_in_all():
    assert 1 - sum(FREE) / 2362.98 == pytest.approx(0.109, abs=0.001)


def test_the_leakage_test_is_carbon_times_trade_of_a_tenth():
    (test,) = PLAN.phases["IV"].leakage_tests
    assert test.carbon_times_trade == 0.1
    assert (test.cost_times_trade, test.trade_intensity, test.cost_intensity) == (None, None, None)


@pytest.mark.parametrize("year", ["2019", "2022", "2028"])
def test_steel_and_cement_are_all_free_and_power_is_not(year):
    steel, cement = load_scenario("kets_steel"), load_scenario("kets_cement")
    assert free_of_auctions(PLAN, year, steel.firm)
    assert free_share(PLAN, PLAN.allocation[year].of_class("clinker"), year, cement.firm) == 1.0
    sold = {"2019": 0.03, "2022": 0.10, "2028": 0.30}[year]
    generator = load_scenario("kets_phase4").firm
    assert free_share(PLAN, PLAN.allocation[year].of_class("power"), year, generator) == pytest.approx(1 - sold)


def test_benchmarks_tighten_every_year():
    for product in ("clinker", "refining", "aviation"):
        values = [PLAN.allocation[year].classes[product].benchmark[product] for year in ("2025", *YEARS)]
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 6


def test_ex_post_steps_from_2025_on():
    for year in ("2025", *YEARS):
        for rule in (PLAN.allocation[year], *PLAN.allocation[year].classes.values()):
            cancelled = [(tier.ratio, tier.share) for tier in rule.cancellation]
            assert cancelled == [(0.85, 0.50), (0.75, 0.75), (0.50, 1.0)]
            added = [(tier.ratio, tier.share) for tier in rule.addition]
            assert added == [(1.15, 0.50), (1.25, 0.75), (1.50, 1.0)]


def test_the_last_known_carry_over_rule_is_kept():
    for year in YEARS:
        rule = PLAN.banking[year]
        assert (rule.limit, rule.net_sales_multiple, rule.deficit_firm_exempt) == ("net_sales", 5, True)


def test_borrowing_starts_at_15_percent_and_ends_with_the_phase():
    assert [PLAN.borrowing[year].limit for year in YEARS] == ["share_of_duty", *["decaying"] * 3, "none"]
    assert PLAN.borrowing["2026"].share == 0.15


def test_penalty_without_a_cap():
    assert {PLAN.penalty[year].cap for year in YEARS} == {None}
    assert {PLAN.penalty[year].multiple for year in YEARS} == {3}


def test_triggers_last_six_months_from_april_2026():
    for year in YEARS:
        rule = PLAN.stabilisation[year]
        assert (rule.trigger_months, rule.high_multiple, rule.low_multiple) == (6, 3, 0.70)


def test_price_lies_between_the_end_of_2025_and_july_2026():
    assert 10_400 < load_scenario("kets_phase4").market.price < 25_000
