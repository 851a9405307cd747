"""Figures of Tokyo's programme, typed from the metropolitan government's notices and outlines."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from tests.regimes.ranges import range_of

TOKYO = load_scenario("tokyo").regime


def test_four_periods_of_five_fiscal_years():
    assert tuple(TOKYO.calendar) == ("2010", "2015", "2020", "2025")
    assert {name: phase.first for name, phase in TOKYO.phases.items()} == {
        "P1": "2010", "P2": "2015", "P3": "2020", "P4": "2025",
    }  # fmt: skip
    assert {rule.years for rule in TOKYO.calendar.values()} == {5}
    assert TOKYO.year_starts == 4


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        ("2010", (0.08, 0.06, 0.06)),
        ("2015", (0.17, 0.15, 0.15)),
        ("2020", (0.27, 0.25, 0.25)),
        ("2025", (0.50, 0.48, 0.48)),
    ],
)
def test_reduction_factors(period, factors):
    rule = TOKYO.allocation[period]
    assert rule.method == "baseline"
    assert tuple(rule.reduction_factor[name] for name in ("I-1", "I-2", "II")) == factors


def test_deadlines():
    assert [rule.deadline for rule in TOKYO.calendar.values()] == ["2016-09", "2022-01", "2026-09", "2031-09"]


def test_last_report_is_verified_in_the_november_after_the_period():
    assert [rule.verified for rule in TOKYO.calendar.values()] == ["2015-11", "2020-11", "2025-11", "2030-11"]


def test_excess_credits_from_the_second_year_in_november():
    for period, rule in TOKYO.calendar.items():
        year = int(period)
        assert rule.credits_issued == {str(k): f"{year + k}-11" for k in (2, 3, 4, 5)}


def test_no_units_are_given_and_none_booked():
    assert all(rule.allocated is None for rule in TOKYO.calendar.values())


def test_half_of_base_can_become_credits():
    assert {rule.issuance_ceiling for rule in TOKYO.allocation.values()} == {0.5}


@pytest.mark.parametrize(
    ("name", "certificate", "left"),
    [("I-1", "", 0.0), ("II", "", 0.02), ("I-1", "top", 0.25), ("I-1", "near_top", 0.125)],
)
def test_what_the_ceiling_leaves_of_base_in_period_four(name, certificate, left):
    rule = TOKYO.allocation["2025"]
    factor = rule.reduction_factor[name] * rule.certified.get(certificate, 1.0)
    assert rule.issuance_ceiling - factor == pytest.approx(left)


def test_top_level_sites_owe_a_half_and_near_top_three_quarters():
    for rule in TOKYO.allocation.values():
        assert rule.certified == {"top": 0.5, "near_top": 0.75}


def test_factors_were_in_doubt_until_they_were_set():
    months = {2015: "2014-05", 2020: "2019-03", 2025: "2023-09"}
    for year, month in months.items():
        for name in ("I-1", "I-2", "II"):
            known = range_of(TOKYO, f"allocation.{year}.reduction_factor.{name}")
            assert known.announced == month
            assert known.high - known.low >= 0.10
    assert range_of(TOKYO, "allocation.2010.reduction_factor.I-1") is None


def test_official_example_of_interim_credits():
    rule = TOKYO.allocation["2015"]
    base, factor = 10_000, rule.reduction_factor["I-1"]
    reduced = (base - 8_500) + (base - 7_500)
    assert reduced == 4_000
    assert min(reduced, 2 * base * rule.issuance_ceiling) - 2 * base * factor == pytest.approx(600)
    assert base - 8_500 < base * factor  # nothing after the first year


def test_outside_credits_to_a_third_of_the_required_reduction():
    rule = TOKYO.offsets["2015"]["outside_tokyo"]
    assert rule.limit_base == "required_reduction"
    assert int(rule.limit_share * 10_000 * 0.17 * 5) == 2_833


@pytest.mark.parametrize("period", ["2010", "2015", "2020", "2025"])
def test_other_credits_have_no_limit(period):
    rules = TOKYO.offsets[period]
    assert [name for name, rule in rules.items() if rule.limit_base != "none"] == ["outside_tokyo"]
    assert {name: rule.multiplier for name, rule in rules.items()} == {
        "outside_tokyo": 1, "small_midsize": 1, "renewable": 1.5, "renewable_plain": 1, "saitama": 1, "other_gases": 1,
    }  # fmt: skip


def test_banking_to_the_next_period_only_and_no_borrowing():
    assert {rule.limit for rule in TOKYO.banking.values()} == {"next_period_only"}
    assert {rule.limit for rule in TOKYO.borrowing.values()} == {"none"}


def test_make_good_at_1_3_and_a_fine():
    for rule in TOKYO.penalty.values():
        assert (rule.multiple, rule.mean_months, rule.mean_until, rule.lump_sum) == (1.3, 1, None, 500_000)


def test_credits_trade_from_the_second_year():
    assert TOKYO.market_opens == "2011-04"
    market = load_scenario("tokyo").market
    assert (market.price, market.quote_noise) == (10_000, 0.15)


def test_the_tower_is_short_and_the_factory_long():
    tower, factory = load_scenario("tokyo").firm, load_scenario("tokyo_factory").firm
    caps = [10_000 * (1 - cut) for cut in (0.08, 0.17, 0.27)]
    assert tower.base_emissions == 10_000
    assert all(tower.annual_emissions > cap for cap in caps)
    assert factory.annual_emissions < factory.base_emissions * (1 - 0.25)


def test_period_four_is_played_at_the_price_of_2024():
    scenario = load_scenario("tokyo_p4")
    assert (scenario.start, scenario.end, scenario.market.price) == ("2025-04", "2031-09", 600)
    assert scenario.firm.annual_emissions == pytest.approx(0.70 * 10_000)


def test_the_certificate_makes_a_short_tower_long_in_period_three_only():
    scenario = load_scenario("tokyo_top_level")
    emissions, base = scenario.firm.annual_emissions, 10_000
    assert scenario.firm.certified == "top"
    assert base * (1 - 0.27) < emissions < base * (1 - 0.27 / 2)
    assert emissions > base * (1 - 0.50 / 2)
