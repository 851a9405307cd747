"""Penalties as the simulator charges them: which price, fixed when, on how many tonnes."""

from __future__ import annotations

import math

import pytest

from nea_env.scenario import PenaltyRule
from tests.core import scenarios as made
from tests.core.walk import Walk

RATE = 0.12
TURNOVER = (1.0, 2.0, 0.0, 1.0, 3.0, 5.0, 1.0, 1.0, 0.5, 1.0, 1.0, 2.0)
KOREA = {"multiple": 3.0, "mean_months": 12, "mean_until": "2015-12", "volume_weighted": True}


def short(penalty: PenaltyRule, *, missing=50_000.0, years=1, **market) -> Walk:
    """A firm that lacks ``missing`` tonnes; the price grows by one per cent a month from 100."""
    law = made.regime(2015, 2014 + years, penalty=penalty)
    firm = made.firm(base=1e6 - missing)
    return Walk(made.scenario(law, firm, made.market(100.0, **({"rate": RATE, "turnover": TURNOVER} | market))))


def price(month: int) -> float:
    return 100.0 * math.exp(RATE * month / 12)


def test_strike_is_the_volume_weighted_mean_of_the_obligation_year():
    mean = sum(w * price(t) for t, w in enumerate(TURNOVER)) / sum(TURNOVER)
    walk = short(PenaltyRule(**KOREA)).through("2015-11")
    assert walk["strike"] == 0  # not known yet
    walk.play()
    assert walk["strike"] == pytest.approx(3 * mean, rel=1e-6)
    walk.through("2016-05")
    assert walk["strike"] == pytest.approx(3 * mean, rel=1e-6)  # five months of dearer units change nothing
    walk.play()
    assert walk.flows["penalised"][0] == pytest.approx(50_000)
    assert walk.flows["penalty_cost"][0] == pytest.approx(3 * mean * 50_000, rel=1e-6)
    assert walk["owed"] == walk["strike"] == 0


def test_plain_mean_where_the_law_does_not_weigh():
    mean = sum(price(t) for t in range(12)) / 12
    walk = short(PenaltyRule(**(KOREA | {"volume_weighted": False}))).through("2015-12")
    assert walk["strike"] == pytest.approx(3 * mean, rel=1e-6)


def test_cap():
    assert short(PenaltyRule(**KOREA, cap=280.0)).through("2015-12")["strike"] == 280.0


def test_month_before_the_deadline():
    # China from 2023: five times the mean of the month before the deadline
    walk = short(PenaltyRule(multiple=5.0, mean_months=1, mean_until="2016-05")).to_end()
    assert walk.total["penalty_cost"][0] == pytest.approx(5 * price(16) * 50_000, rel=1e-6)


def test_the_deadlines_own_front_price():
    # Tokyo: 1.3 x what the missing credits cost, and the fine
    walk = short(PenaltyRule(multiple=1.3, lump_sum=500_000.0)).through("2016-05").overwrite("front_ratio", 0.8).play()
    assert walk.flows["penalty_cost"][0] == pytest.approx(1.3 * 0.8 * price(17) * 50_000 + 500_000, rel=1e-6)


def test_a_lump_sum_is_charged_once_and_only_for_a_miss():
    rule = PenaltyRule(lump_sum=30_000.0)
    assert short(rule).to_end().total["penalty_cost"][0] == 30_000
    assert short(rule, missing=0.0).to_end().total["penalty_cost"][0] == 0
    walk = short(rule).through("2016-05").play(tonnes=50_001)
    assert walk.flows["penalty_cost"][0] == walk.flows["penalised"][0] == 0


def test_side_penalties_follow_the_front_price():
    walk = short(PenaltyRule(side_multiple=1.1)).to_end()
    assert walk.total["penalty_cost"][0] == pytest.approx(1.1 * price(17) * 50_000, rel=1e-6)


def test_double_deduction_comes_off_the_next_allocation():
    # Guangdong, Fujian, Hubei: twice the shortfall from the next year's
    walk = short(PenaltyRule(deducted=2.0), years=3).through("2016-06")
    assert walk.flows["deducted"][0] == pytest.approx(100_000)
    assert (walk["front"], walk["debt"]) == (pytest.approx(850_000), 0)
    assert walk.flows["penalty_cost"][0] == 0


def test_deduction_becomes_debt_where_the_next_allocation_is_not_booked():
    calendars = {"2015": made.calendar(2015), "2016": made.calendar(2016, allocated="2016-09")}
    law = made.regime(2015, 2016, penalty=PenaltyRule(deducted=2.0), calendars=calendars)
    walk = Walk(made.scenario(law, made.firm(base=950_000.0))).through("2016-06")
    assert (walk["debt"], walk["front"], walk.flows["deducted"][0]) == (pytest.approx(100_000), 0, 0)
    walk.through("2016-09")
    assert (walk["debt"], walk["front"]) == (0, pytest.approx(850_000))
    assert walk.flows["issued"][0] == 950_000
    assert walk.flows["deducted"][0] == pytest.approx(100_000)


def test_a_missing_tonne_is_paid_and_done():
    walk = short(PenaltyRule(multiple=3.0), years=2).through("2016-06")
    assert walk["owed"] == walk["debt"] == 0
    walk.through("2017-05")
    assert walk["owed"] == pytest.approx(1e6)


def test_a_gram_is_no_miss():
    """Actions are float32: a duty is met to one part in a million of a year's emissions."""
    walk = short(PenaltyRule(multiple=3.0, lump_sum=30_000.0)).through("2016-05").play(tonnes=49_999.5)
    assert walk.flows["penalty_cost"][0] == walk.flows["penalised"][0] == 0
    assert walk.total["forgiven"][0] == pytest.approx(0.5, abs=0.01)
    walk = short(PenaltyRule(multiple=3.0, lump_sum=30_000.0)).through("2016-05").play(tonnes=49_998)
    assert walk.flows["penalised"][0] == pytest.approx(2, abs=0.01)
