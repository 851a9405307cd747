"""Fines of the newer laws: a fixed price, an upper bound, lost rights, and state aid that is paid back."""

from __future__ import annotations

import pytest

from nea_env.core.layout import OBS_INDEX
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.scenario import BankingRule, PenaltyRule, Technology
from tests.core import scenarios as made
from tests.core.walk import Walk


def missed(penalty: PenaltyRule, missing: float = 50_000.0, **law) -> Walk:
    """One year that ends ``missing`` tonnes short, at a price of 100."""
    return Walk(made.scenario(made.regime(2015, 2015, penalty=penalty, **law), made.firm(base=1e6 - missing))).to_end()


# --- price and bound -------------------------------------------------------------------------------
def test_the_fixed_price_comes_on_top_of_the_capped_multiple():
    assert strike_price(40.0, 3.0, 100.0, 25.0) == 125
    assert strike_price(30.0, 3.0, 100.0, 25.0) == 115
    assert strike_price(30.0, 0.0, 100.0, 25.0) == 25


def test_the_bound_holds_for_the_fine_but_not_for_side_penalties():
    assert penalty_cost(1_000.0, 50.0, 10_000.0, 1e9, 0.0, 100.0) == 60_000
    assert penalty_cost(1_000.0, 50.0, 10_000.0, 55_000.0, 0.0, 100.0) == 55_000
    assert penalty_cost(1_000.0, 50.0, 10_000.0, 55_000.0, 1.1, 100.0) == pytest.approx(165_000)
    assert penalty_cost(0.0, 50.0, 10_000.0, 55_000.0, 1.1, 100.0) == 0


@pytest.mark.parametrize(
    ("penalty", "fine"),
    [
        (PenaltyRule(price=30.0), 30 * 50_000),
        (PenaltyRule(price=30.0, multiple=2.0), 230 * 50_000),
        (PenaltyRule(price=30.0, multiple=2.0, cap=150.0), 180 * 50_000),
        (PenaltyRule(price=30.0, lump_sum=70_000.0), 30 * 50_000 + 70_000),
        (PenaltyRule(price=30.0, lump_sum=70_000.0, max_total=1_000_000.0), 1_000_000),
        (PenaltyRule(price=30.0, lump_sum=70_000.0, max_total=1_600_000.0), 1_570_000),
        (PenaltyRule(multiple=5.0, max_total=100_000.0, side_multiple=1.1), 100_000 + 110 * 50_000),
    ],
)
def test_what_a_miss_of_50_000_tonnes_costs(penalty, fine):
    walk = missed(penalty)
    assert walk.total["penalised"][0] == pytest.approx(50_000)
    assert walk.total["penalty_cost"][0] == pytest.approx(fine)
    assert missed(penalty, 0.0).total["penalty_cost"][0] == 0


def test_a_fixed_price_shows_as_the_strike_from_its_month_on():
    penalty = PenaltyRule(price=30.0, multiple=2.0, mean_until="2015-12")
    walk = Walk(made.scenario(made.regime(2015, 2015, penalty=penalty), made.firm())).through("2015-11")
    assert walk["strike"] == 0
    assert walk.play()["strike"] == pytest.approx(230)


# --- rights that a miss costs ----------------------------------------------------------------------
STRICT = PenaltyRule(multiple=1.0, forfeits_carry=True)
LENIENT = PenaltyRule(multiple=1.0)
AT_RISK = BankingRule(limit="unlimited", lost_if_missed=True)


def later(first: PenaltyRule, banking=AT_RISK, *, missing=50_000.0, path=None) -> Walk:
    """Short in 2015, 100,000 t long in 2016; played through the deadline of 2016."""
    law = made.regime(2015, 2017, penalty={"2015": first, "2016": STRICT, "2017": STRICT}, banking=banking)
    firm = made.firm(base=1e6 - missing, path=path or {"2016": 0.9 - missing / 1e6})
    return Walk(made.scenario(law, firm)).through("2017-06")


def test_a_miss_that_forfeits_costs_the_carry_over():
    walk = later(STRICT)
    assert walk.total["penalised"][0] == pytest.approx(50_000)
    assert walk["missed"] == 1
    assert walk.flows["lapsed"][0] == pytest.approx(100_000)


@pytest.mark.parametrize(
    ("first", "banking", "missing"),
    [(LENIENT, AT_RISK, 50_000.0), (STRICT, made.UNLIMITED, 50_000.0), (STRICT, AT_RISK, 0.0)],
    ids=["this miss does not forfeit", "this right cannot be lost", "no miss"],
)
def test_otherwise_it_is_kept(first, banking, missing):
    walk = later(first, banking, missing=missing)
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == pytest.approx(100_000 + 1e6 - missing)


def test_the_right_is_lost_at_every_later_deadline_that_says_so():
    law = made.regime(2015, 2017, penalty=STRICT, banking=AT_RISK)
    firm = made.firm(base=950_000.0, path={"2016": 0.85, "2017": 0.85})
    walk = Walk(made.scenario(law, firm)).to_end()
    assert walk.total["lapsed"][0] == pytest.approx(200_000)


# --- state aid -------------------------------------------------------------------------------------
SAVED_MONTHS = 39  # started in February 2015 it works from October 2015 to December 2018
PLANT = Technology(name="t", potential_share=0.2, capex=300.0, lead_months=6, life_years=20.0)


def aided(share: float, penalty: PenaltyRule = LENIENT, *, base=950_000.0, years=2) -> Walk:
    """Builds for a month, then is short at every deadline where its base is below a million."""
    law = made.regime(2015, 2014 + years, penalty=penalty, subsidy_share=share)
    who = made.firm(base=base, technologies=(PLANT,), invest_rate=0.1)
    return Walk(made.scenario(law, who)).play(invest=1.0)


def test_the_state_pays_its_share_of_new_capacity():
    # a tenth of a fifth of a million tonnes a year at 300
    gross = 0.1 * 0.2 * 1e6 * 300.0
    assert aided(0.0).flows["investment_cost"][0] == pytest.approx(gross)
    walk = aided(0.4)
    assert walk.flows["investment_cost"][0] == pytest.approx(0.6 * gross)
    assert walk["subsidy"] == pytest.approx(0.4 * gross)
    assert walk.flows["invested"][0] == pytest.approx(aided(0.0).flows["invested"][0])
    walk.play(invest=1.0)  # a tenth of the 90 % that are left
    assert walk["subsidy"] == pytest.approx(0.4 * 1.9 * gross)


def test_aid_counts_in_what_an_investment_seems_worth():
    place = OBS_INDEX["invest_value_0"]
    alone, with_aid = (aided(share, years=4).batch.observe()[0, place] for share in (0.0, 0.5))
    # saving over capex doubles with half the capex; what is left at the end stays a share of it
    assert with_aid - alone == pytest.approx(SAVED_MONTHS * 100.0 / (12 * 300.0), rel=1e-4)


def test_a_miss_pays_drawn_aid_back_once():
    aid = 0.4 * 0.1 * 0.2 * 1e6 * 300.0
    walk = aided(0.4, PenaltyRule(multiple=1.0, subsidy_repaid=True)).through("2016-06")
    missing = walk.flows["penalised"][0]
    assert missing > 30_000
    assert walk.flows["penalty_cost"][0] == pytest.approx(aid + missing * 100)
    assert walk["subsidy"] == 0
    walk.through("2017-06")
    missing = walk.flows["penalised"][0]
    assert missing > 20_000
    assert walk.flows["penalty_cost"][0] == pytest.approx(missing * 100)


def test_the_bound_of_a_fine_does_not_bound_what_is_paid_back():
    aid = 0.4 * 0.1 * 0.2 * 1e6 * 300.0
    walk = aided(0.4, PenaltyRule(multiple=1.0, max_total=10_000.0, subsidy_repaid=True)).through("2016-06")
    assert walk.flows["penalty_cost"][0] == pytest.approx(aid + 10_000)


@pytest.mark.parametrize(
    ("share", "penalty", "base"),
    [
        (0.4, LENIENT, 950_000.0),
        (0.0, PenaltyRule(multiple=1.0, subsidy_repaid=True), 950_000.0),
        (0.4, PenaltyRule(multiple=1.0, subsidy_repaid=True), 1_000_000.0),
    ],
    ids=["the law does not ask for it", "none was drawn", "no miss"],
)
def test_otherwise_nothing_is_paid_back(share, penalty, base):
    walk = aided(share, penalty, base=base).through("2016-06")
    assert walk.flows["penalty_cost"][0] == pytest.approx(walk.flows["penalised"][0] * 100, abs=1e-6)
