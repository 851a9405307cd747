"""Figures of Saitama's programme, typed from the prefecture's pages and ICAP's sheet."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime, load_scenario
from tests.regimes.ranges import range_of

SAITAMA = load_regime("saitama")
PERIODS = ("2011", "2015", "2020", "2025")


def test_a_first_period_of_four_fiscal_years_and_three_of_five():
    assert {year: rule.years for year, rule in SAITAMA.calendar.items()} == {
        "2011": 4, "2015": 5, "2020": 5, "2025": 5,
    }  # fmt: skip
    assert SAITAMA.year_starts == 4


@pytest.mark.parametrize(
    ("period", "office", "factory"),
    [("2011", 0.08, 0.06), ("2015", 0.15, 0.13), ("2020", 0.22, 0.20), ("2025", 0.50, 0.48)],
)
def test_reduction_factors(period, office, factory):
    rule = SAITAMA.allocation[period]
    assert rule.method == "baseline"
    assert rule.reduction_factor == {"office": office, "factory": factory}


def test_deadlines_leave_eighteen_months_but_for_the_pandemic():
    assert [SAITAMA.calendar[year].deadline for year in PERIODS] == ["2016-09", "2022-01", "2026-09", "2031-09"]


def test_credits_trade_from_april_2012():
    assert SAITAMA.market_opens == "2012-04"


def test_first_period_issues_after_its_second_third_and_fourth_year():
    assert SAITAMA.calendar["2011"].credits_issued == {"2": "2013-11", "3": "2014-11", "4": "2015-11"}


def test_credits_serve_the_next_period_only_and_nothing_is_borrowed():
    assert {rule.limit for rule in SAITAMA.banking.values()} == {"next_period_only"}
    assert {rule.limit for rule in SAITAMA.borrowing.values()} == {"none"}


def test_there_is_no_fine():
    for rule in SAITAMA.penalty.values():
        assert (rule.multiple, rule.price, rule.lump_sum, rule.deducted) == (0, 0, 0, 0)
        assert rule.side_multiple == 1.1


@pytest.mark.parametrize("period", PERIODS)
def test_credits_from_tokyo_count_without_limit(period):
    rule = SAITAMA.offsets[period]["tokyo_excess"]
    assert (rule.limit_base, rule.multiplier) == ("none", 1)


def test_outside_credits_to_a_third_for_offices_and_half_for_factories():
    rules = SAITAMA.offsets["2020"]
    assert {rules[name].limit_base for name in ("outside_saitama", "outside_saitama_factory")} == {"required_reduction"}
    required = 20_000 * 0.20 * 5  # the shipped factory, period 3
    assert int(rules["outside_saitama"].limit_share * required) == 6_666
    assert rules["outside_saitama_factory"].limit_share * required == 10_000


def test_forests_in_the_prefecture_count_one_and_a_half_times():
    rules = SAITAMA.offsets["2011"]
    assert (rules["saitama_forest"].multiplier, rules["saitama_forest_plain"].multiplier) == (1.5, 1)


def test_period_four_was_in_doubt_until_november_2024():
    known = range_of(SAITAMA, "allocation.2025.reduction_factor.office")
    assert (known.announced, known.low, known.high) == ("2024-11", 0.30, 0.55)


def test_the_link_goes_both_ways():
    assert "tokyo_excess" in SAITAMA.offsets["2011"]
    assert "saitama" in load_regime("tokyo").offsets["2010"]


def test_the_factory_meets_its_first_target_only():
    scenario = load_scenario("saitama")
    assert (scenario.start, scenario.end) == ("2011-04", "2026-09")
    targets = [20_000 * (1 - cut) for cut in (0.06, 0.13, 0.20)]
    emissions = scenario.firm.annual_emissions
    assert targets[0] > emissions > targets[1] > targets[2]
