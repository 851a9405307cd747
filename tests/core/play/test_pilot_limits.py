"""Limits that the Chinese pilots and Tokyo's credit types bring: sales, traded units, credits of more than a tonne."""

from __future__ import annotations

import pytest

from nea_env.scenario import BankingRule, OffsetRule, OffsetSeries
from tests.core import scenarios as made
from tests.core.walk import Walk


def test_chongqing_sells_at_most_half_of_a_vintage():
    law = made.regime(2015, 2016, sell_limit_share=0.5)
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.1, "2016": 0.1}))).through("2016-05", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(500_000)  # though the next vintage was booked meanwhile
    walk.through("2017-06", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(1_000_000)


@pytest.mark.parametrize(("counts", "sold"), [("all_sales", 500_000), ("free_units", 500_000 + 300_000)])
def test_a_limit_on_free_units_leaves_bought_ones_outside(counts, sold):
    law = made.regime(2015, 2015, sell_limit_share=0.5, sell_limit_counts=counts)
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.1}))).play(tonnes=300_000).through("2016-05", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(sold, abs=0.5)


@pytest.mark.parametrize(("counts", "sold"), [("all_sales", 500_000), ("free_units", 500_000 + 400_000)])
def test_and_those_carried_over(counts, sold):
    law = made.regime(2015, 2016, sell_limit_share=0.5, sell_limit_counts=counts)
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.6, "2016": 0.1}))).through("2016-06")
    assert walk["front"] == pytest.approx(400_000 + 1_000_000)
    walk.through("2017-05", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(sold, abs=0.5)


@pytest.mark.parametrize("counts", ["all_sales", "free_units"])
def test_two_years_that_settle_together_have_a_limit_each(counts):
    first = made.calendar(2015).model_copy(update={"deadline": "2017-06"})
    years = {"2015": first, "2016": made.calendar(2016, allocated="2016-09")}
    law = made.regime(2015, 2016, calendars=years, sell_limit_share=0.5, sell_limit_counts=counts)
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.1, "2016": 0.1}))).through("2016-09", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(500_000, abs=0.5)
    assert walk.through("2017-05", trade=-1.0).total["sold"][0] == pytest.approx(1_000_000, abs=0.5)


@pytest.mark.parametrize(("advance", "sold"), [(0.7, 0.35), (1.0, 0.5)])
def test_an_advance_is_an_allocation_of_which_half_may_be_sold(advance, sold):
    years = {"2015": made.calendar(2015, allocated="2015-03")}
    rule = made.benchmarked(1.0, pre_share=advance)
    law = made.regime(
        2015, 2015, calendars=years, allocation=rule, sell_limit_share=0.5, sell_limit_counts="free_units"
    )
    walk = Walk(made.scenario(law)).through("2016-04", trade=-1.0)
    assert walk.total["sold"][0] == pytest.approx(sold * 1_000_000, abs=0.5)


def test_hubei_carries_what_was_sold_and_bought_back():
    # a wash trade enlarges the right, by the law's own wording
    law = made.regime(2015, 2016, banking=BankingRule(limit="traded_units"))
    idle = Walk(made.scenario(law, made.firm(path={"2015": 0.95}))).through("2016-06")
    assert idle.flows["lapsed"][0] == pytest.approx(50_000)
    washed = Walk(made.scenario(law, made.firm(path={"2015": 0.95}))).through("2016-04")
    washed.play(tonnes=-30_000).play(tonnes=30_000)
    assert washed.flows["lapsed"][0] == pytest.approx(20_000)


def test_a_renewable_credit_of_one_and_a_half_tonnes():
    rule = OffsetRule(limit_share=0.10, limit_base="duty", multiplier=1.5)
    market = made.market(100.0, offset=OffsetSeries(type="c", ratio=0.9))
    walk = Walk(made.scenario(made.regime(2015, 2015, offsets={"c": rule}), None, market)).through("2016-05")
    walk.play(offset=1.0)  # held in home-usable tonnes: 100,000 t are 66,667 credits at 90
    assert walk.flows["offsets_bought"][0] == pytest.approx(100_000)
    assert walk.flows["offset_cost"][0] == pytest.approx(100_000 / 1.5 * 90.0)
    assert walk.flows["surrendered"][0] == pytest.approx(1_000_000)


@pytest.mark.parametrize(("ratio", "multiplier", "worth"), [(0.9, 1.0, 90.0), (0.9, 1.5, 60.0), (1.2, 1.0, 100.0)])
def test_a_credit_left_at_the_end_is_worth_no_more_than_it_costs(ratio, multiplier, worth):
    rule = OffsetRule(limit_share=0.10, limit_base="duty", multiplier=multiplier)
    market = made.market(100.0, offset=OffsetSeries(type="c", ratio=ratio))
    walk = Walk(made.scenario(made.regime(2015, 2015, offsets={"c": rule}), None, market)).through("2016-05")
    walk.overwrite("offsets", 150_000.0).play()  # a tenth of a million tonnes counts
    assert walk["offsets"] == pytest.approx(50_000)
    assert walk.flows["closing_cost"][0] == pytest.approx(-(50_000 * worth + 100_000 * 100.0))
