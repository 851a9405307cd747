"""Figures of Japan's voluntary scheme, typed from the ministry's releases and the policy databases."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime, load_scenario

JVETS = load_regime("jvets")
YEARS = ("2006", "2007", "2008", "2009", "2010", "2011", "2012")


def test_seven_fiscal_years_of_targets():
    assert (tuple(JVETS.calendar), JVETS.year_starts) == (YEARS, 4)


def test_allowances_come_in_april_and_the_first_can_be_traded_at_once():
    assert [JVETS.calendar[year].allocated for year in YEARS] == [f"{year}-04" for year in YEARS]
    assert JVETS.market_opens == "2006-04"


def test_trade_ends_in_august_and_from_the_fourth_phase_in_september():
    deadlines = [JVETS.calendar[year].deadline for year in YEARS]
    assert deadlines == ["2007-08", "2008-08", "2009-08", "2010-09", "2011-09", "2012-09", "2013-09"]


@pytest.mark.parametrize(
    ("year", "factor"),
    [("2006", 1 - 0.21), ("2007", 1 - 217_167 / 1_122_593), ("2012", 1 - 100_538 / 669_401)],
)
def test_pledges(year, factor):
    rule = JVETS.allocation[year].of_class("")
    assert rule.method == "grandfathering"
    assert rule.correction_factor == pytest.approx(factor, abs=1e-4)


def test_a_pledge_per_output_brings_units_only_after_the_fact():
    for year in YEARS:
        rule = JVETS.allocation[year].of_class("intensity")
        assert (rule.method, rule.pre_share) == ("benchmarking", 0)


@pytest.mark.parametrize(("year", "level"), [("2006", 0.79 * 0.5), ("2010", 0.8065 * 0.5), ("2012", 0.8498 * 0.5)])
def test_both_kinds_of_pledge_give_the_shipped_factory_as_much(year, level):
    assert JVETS.allocation[year].of_class("intensity").benchmark["intensity"] == pytest.approx(level, abs=1e-4)
    base, output = 20_000, 40_000
    assert level * output == pytest.approx(base * JVETS.allocation[year].correction_factor, abs=1)


def test_a_third_of_the_equipment_is_paid_and_goes_back_on_a_miss():
    assert JVETS.subsidy_share == pytest.approx(1 / 3)
    assert all(rule.subsidy_repaid for rule in JVETS.penalty.values())


def test_there_is_no_fine():
    for rule in JVETS.penalty.values():
        assert (rule.multiple, rule.price, rule.lump_sum, rule.deducted) == (0, 0, 0, 0)
        assert rule.side_multiple == 1.1


def test_units_are_carried_and_never_borrowed():
    assert {rule.limit for rule in JVETS.banking.values()} == {"unlimited"}
    assert {rule.limit for rule in JVETS.borrowing.values()} == {"none"}


def test_cers_count_without_limit():
    for year in YEARS:
        assert JVETS.offsets[year]["jcer"].limit_base == "duty"


def test_price_starts_at_the_second_phases_mean():
    assert load_scenario("jvets").market.price == 1_250


def test_last_years_start_at_two_dollars_sixty():
    scenario = load_scenario("jvets_intensity")
    assert scenario.market.price == round(2.60 * 87.8)
    assert (scenario.start, scenario.end) == ("2010-04", "2013-09")


def test_the_factory_is_of_the_mean_participants_size():
    firm = load_scenario("jvets").firm
    assert 1_122_593 / 61 < firm.base_emissions < 1_661_251 / 61
    assert firm.annual_emissions > firm.base_emissions * 0.79
