"""Figures of the Korean Target Management System, typed from the ministries' announcements."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario

TMS = load_scenario("tms").regime
YEARS = ("2012", "2013", "2014")


def test_three_years_each_on_its_own():
    assert tuple(TMS.calendar) == YEARS
    assert {rule.years for rule in TMS.calendar.values()} == {1}
    assert {rule.limit for rule in TMS.banking.values()} == {"none"}


def test_nothing_is_traded_borrowed_offset_or_auctioned():
    assert TMS.market_opens is None
    assert (TMS.borrowing, TMS.offsets, TMS.auctions) == ({}, {}, {})


@pytest.mark.parametrize(
    ("year", "expected", "cut"), [("2012", 606, 8.727), ("2013", 600, 18), ("2014", 606, 17)]
)  # Mt: 600 is 18 / 3 %
def test_targets_are_cuts_below_expected_emissions(year, expected, cut):
    rule = TMS.allocation[year]
    assert rule.method == "grandfathering"
    assert rule.correction_factor == pytest.approx(1 - cut / expected, abs=2e-4)


def test_targets_are_notified_in_the_october_before():
    assert [TMS.calendar[year].allocated for year in YEARS] == ["2011-10", "2012-10", "2013-10"]


def test_results_are_reported_by_the_end_of_march():
    assert [TMS.calendar[year].verified for year in YEARS] == ["2013-03", "2014-03", "2015-03"]


def test_the_fine_is_ten_million_won_however_much_is_missing():
    for year in YEARS:
        rule = TMS.penalty[year]
        assert (rule.lump_sum, rule.max_total) == (10_000_000, 10_000_000)
        assert (rule.multiple, rule.price, rule.side_multiple, rule.deducted) == (0, 0, 0, 0)


def test_the_mill_lies_above_the_site_threshold_and_below_the_firm_threshold_of_2012():
    firm = load_scenario("tms").firm
    assert firm.designation == "site"
    assert 20_000 < firm.annual_emissions < 87_500


def test_the_reference_price_spreads_the_fine_over_the_gap_of_2013():
    assert load_scenario("tms").market.price == pytest.approx(10_000_000 / (0.03 * 60_000), abs=1)
