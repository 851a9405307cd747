"""What may be carried over, by the worked examples of each law."""

from __future__ import annotations

import pytest

from nea_env.core.rules import banking
from nea_env.core.rules.banking import carry_limit, deduction, sale_to_carry


def carry(
    rule,
    left,
    *,
    old=0.0,
    base=0.0,
    multiple=0.0,
    net_sales=0.0,
    small=0.0,
    floor=0.0,
    exempt=False,
    forfeited=False,
    traded=0.0,
):
    return carry_limit(rule, left, old, base, multiple, net_sales, small, floor, exempt, forfeited, traded)


def net_sales(left, multiple, sold, **more):
    return carry(banking.NET_SALES, left, multiple=multiple, net_sales=sold, **more)


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


def test_by_the_other_reading_the_small_holder_level_is_a_floor_for_all():
    # KAU19: net sales x 2 or 50,000 t, whichever is more
    assert net_sales(200_000.0, 2.0, 10_000.0, small=50_000.0, floor=50_000.0) == 50_000
    assert net_sales(200_000.0, 2.0, 40_000.0, small=50_000.0, floor=50_000.0) == 80_000
    assert net_sales(49_000.0, 2.0, 0.0, small=50_000.0, floor=50_000.0) == 49_000


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


# --- the least sale after which the rest may be carried ------------------------------------------------------


def sale(rule, surplus, carried, *, base=0.0, multiple=0.0, sold=0.0, years=1.0, small=0.0, floor=0.0, unit=1.0):
    return sale_to_carry(rule, surplus, carried, base, multiple, sold, years, small, floor, unit)


@pytest.mark.parametrize(
    ("surplus", "sold", "wanted"),
    [
        (100_000.0, 0.0, 25_000.0),  # KAU18: three times what is sold; 25,000 sold lets 75,000 be carried
        (100_000.0, 10_000.0, 17_500.0),  # 27,500 sold in all, 82,500 carried
        (100_000.0, 40_000.0, 0.0),  # 120,000 may be carried
        (100_000.0, -4_000.0, 28_000.0),  # 24,000 net, 72,000 carried
    ],
)
def test_sales_that_let_the_rest_be_carried_over_three_times_net_sales(surplus, sold, wanted):
    found = sale(banking.NET_SALES, surplus, min(surplus, max(0.0, 3 * sold)), multiple=3.0, sold=sold)
    assert found == pytest.approx(wanted)
    assert net_sales(surplus - found, 3.0, sold + found) == pytest.approx(surplus - found)


def test_china_carries_a_base_and_one_and_a_half_times_what_it_sells():
    found = sale(banking.NET_SALES, 60_000.0, 10_000.0, base=10_000.0, multiple=1.5)
    assert found == 20_000  # 10,000 + 1.5 x 20,000 = 40,000


def test_a_small_holder_sells_to_just_below_the_level_if_that_is_less():
    # KAU18: whoever holds less than 75,000 t carries all
    assert sale(banking.NET_SALES, 80_000.0, 0.0, multiple=3.0, small=75_000.0) == 5_001
    assert sale(banking.NET_SALES, 200_000.0, 0.0, multiple=3.0, small=75_000.0) == 50_000


def test_what_lapses_anyway_is_sold_and_what_is_free_to_carry_is_not():
    assert sale(banking.NONE, 500.0, 0.0) == 500
    assert sale(banking.UNLIMITED, 500.0, 500.0) == 0
