"""Foreign units: what they cost, how many may be bought, what they count for, and what becomes of the rest.

A firm of 1 Mt a year, due in June 2016 for 2015; the home price is 100 and nothing moves unless a test says so.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.layout import Action, World
from nea_env.scenario import Scenario
from tests.core import scenarios as made
from tests.core.partners import link
from tests.core.walk import Walk

CHEAP = {"rate": 2.0, "quota": 0.1}  # with a price of 30: 60 in home money for a unit that counts for a tonne


def home(*links, share: float = 0.9, market=None, banking=made.UNLIMITED, years: int = 1, **law) -> Scenario:
    """Free units for nine tenths of emissions; a twentieth of a year's emissions can be traded a month."""
    where = market or made.market(volume_share=0.05)
    regime = made.regime(2015, 2014 + years, allocation=made.grandfathered(share), banking=banking, **law)
    return made.scenario(regime, made.firm(), where, links=links)


def held(walk: Walk, column: int = World.HELD) -> np.ndarray:
    """(2,) tonnes of either partner held, or another pair of columns."""
    return walk.batch.get_state()["_world"][0, column : column + 2]


def put(walk: Walk, tonnes: float, column: int = World.HELD) -> Walk:
    """Give the firm so many of the first partner's units."""
    state = walk.batch.get_state()
    state["_world"][:, column] = tonnes
    walk.batch.set_state(state)
    return walk if column != World.HELD else walk.overwrite("foreign", tonnes)


# --- what they cost ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "price"),
    [
        ({}, 60.0),  # 30 x 2
        ({"exchange_rate": 1.25}, 75.0),  # 30 x 2 x 1.25 units a tonne
        ({"discount": 0.2}, 75.0),  # 30 x 2 / 0.8
        ({"discount": 0.2, "exchange_rate": 0.8}, 60.0),  # 30 x 2 x 0.8 / 0.8
    ],
    ids=str,
)
def test_the_price_of_a_home_usable_tonne(terms, price):
    walk = Walk(home(link("one_way", 30.0, **CHEAP, **terms))).through("2015-06")
    market = walk.batch.market()
    assert market["foreign_price_0"][0] == pytest.approx(price, rel=1e-12)
    assert market["local_price_0"][0] == pytest.approx(30.0, rel=1e-12)
    assert market["fx_0"][0] == pytest.approx(2.0, rel=1e-12)
    walk.play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(50_000)  # home-usable tonnes
    assert walk.flows["foreign_cost"][0] == pytest.approx(50_000 * price)
    assert walk["foreign"] == pytest.approx(50_000)


def test_fee_spread_and_impact():
    """Half a month's volume at 60, with a fee of 5 % of 100, half of a 4 % spread, and 2 % x 1/2 of impact."""
    partner = link("one_way", 30.0, **CHEAP, fee=0.05, spread=0.04)
    walk = Walk(home(partner, market=made.market(volume_share=0.05, impact=0.02, spread=0.3))).through("2015-06")
    walk.play(foreign=0.5)
    assert walk.flows["foreign_cost"][0] == pytest.approx(25_000 * 65.0)
    assert walk.flows["trading_cost"][0] == pytest.approx(25_000 * 60.0 * 0.03)
    assert walk.flows["cost"][0] == pytest.approx(25_000 * 66.8)


def test_a_sale_brings_the_price_without_the_fee():
    partner = link("border_fee", 100.0, fee=0.1, spread=0.04, two_way=True)
    walk = Walk(home(partner)).play(foreign=0.4)
    price = walk.batch.market()["foreign_price_0"][0]
    walk.play(foreign=-1.0)
    assert walk.flows["foreign_sold"][0] == pytest.approx(20_000)
    assert walk.flows["foreign_cost"][0] == pytest.approx(-20_000 * price)
    assert walk.flows["trading_cost"][0] == pytest.approx(20_000 * price * 0.02)


# --- how many ---------------------------------------------------------------------------------------
def test_only_what_is_held_is_sold_and_only_where_the_partner_takes_it_back():
    both = Walk(home(link("full", 100.0, two_way=True))).play(foreign=-1.0)
    assert both.flows["foreign_sold"][0] == 0.0
    both.play(foreign=0.6).play(foreign=-1.0)
    assert both.flows["foreign_sold"][0] == pytest.approx(30_000)
    assert both["foreign"] == pytest.approx(0.0, abs=1e-6)
    one = Walk(home(link("full", 100.0))).through("2015-06").play(foreign=0.6).play(foreign=-1.0)
    assert one.flows["foreign_sold"][0] == 0.0
    assert one["foreign"] == pytest.approx(30_000)


def test_the_quota_grows_with_what_falls_due():
    """A tenth of the emissions so far, less what is held."""
    walk = Walk(home(link("one_way", 30.0, **CHEAP), market=made.market(volume_share=0.2)))
    walk.play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == 0.0  # nothing is due yet
    walk.through("2015-06").play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(50_000)
    walk.play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(1e6 / 120)  # a tenth of a month
    walk.through("2015-12").play(foreign=1.0)
    assert walk["foreign"] == pytest.approx(100_000)
    walk.play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == 0.0


def test_without_a_quota_imports_alone_are_bought_up_to_the_duty():
    walk = Walk(home(link("full", 100.0), market=made.market(volume_share=2.0))).through("2015-06").play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(500_000)


def test_both_ways_without_a_quota_the_month_s_volume_is_the_limit():
    walk = Walk(home(link("full", 100.0, two_way=True))).play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(50_000)


def test_the_cheapest_partner_comes_first():
    """80,000 t: 50,000 t from the one at 60, the rest from the one at 80; a fee of 25 turns the order."""
    for fee, cost in ((0.0, 50_000 * 60 + 30_000 * 80), (0.25, 50_000 * 80 + 30_000 * 85)):
        first = link("one_way", 30.0, rate=2.0, quota=0.1, fee=fee)
        second = link("one_way", 80.0, quota=0.1, name="q")
        walk = Walk(home(first, second, market=made.market(volume_share=0.1))).through("2015-06").play(foreign=0.8)
        assert walk.flows["foreign_cost"][0] == pytest.approx(cost)
        assert held(walk) == pytest.approx([50_000, 30_000] if fee == 0.0 else [30_000, 50_000])
        assert walk["foreign"] == pytest.approx(80_000)


def test_two_partners_together_sell_no_more_than_the_duty():
    """Half a year's emissions are due; either partner alone could sell as much."""
    both = link("full", 100.0), link("full", 100.0, name="q")
    walk = Walk(home(*both, market=made.market(volume_share=2.0))).through("2015-06").play(foreign=1.0)
    assert walk.flows["foreign_bought"][0] == pytest.approx(500_000)


def test_the_dearest_partner_is_sold_to_first():
    first = link("quota", 60.0, quota=0.1, low=0.2, two_way=True)
    second = link("quota", 80.0, quota=0.1, low=0.2, two_way=True, name="q")
    walk = Walk(home(first, second, market=made.market(volume_share=0.1))).through("2015-06").play(foreign=1.0)
    assert held(walk) == pytest.approx([50_000, 50_000])
    price = [walk.batch.market()[f"foreign_price_{k}"][0] for k in range(2)]
    walk.play(foreign=-0.7)
    dear = int(price[1] > price[0])
    assert held(walk)[dear] == 0.0
    assert held(walk)[1 - dear] == pytest.approx(30_000)
    assert walk.flows["foreign_cost"][0] == pytest.approx(-50_000 * price[dear] - 20_000 * price[1 - dear])


# --- what they count for ----------------------------------------------------------------------------
def test_they_are_surrendered_before_home_units_up_to_the_quota_of_the_verified_duty():
    walk = Walk(home(link("one_way", 30.0, **CHEAP), market=made.market(volume_share=0.1), years=2))
    walk.through("2016-04", foreign=1.0)
    assert held(walk)[0] == pytest.approx(100_000)  # of what this deadline asks for: not of the running year
    put(walk, 150_000).play()
    assert held(walk, World.ROOM)[0] == pytest.approx(100_000)  # verified in May: a tenth of 1 Mt
    front = walk["front"]
    walk.play()
    assert walk.flows["surrendered"][0] == pytest.approx(1_000_000)
    assert walk["front"] == pytest.approx(front - 900_000 + 900_000)  # 900,000 t used, and the next vintage rolls in
    assert walk.flows["lapsed"][0] == pytest.approx(50_000)
    assert walk["foreign"] == 0.0


@pytest.mark.parametrize(("bankable", "kept", "lapsed"), [(True, 200_000, 0), (False, 0, 200_000)])
def test_what_is_left_is_kept_or_lapses(bankable, kept, lapsed):
    partner = link("full", 100.0, two_way=True, bankable=bankable)
    walk = Walk(home(partner, years=2)).through("2016-05")
    put(walk, 1_200_000).play()
    assert walk.flows["surrendered"][0] == pytest.approx(1_000_000)
    assert walk.flows["lapsed"][0] == pytest.approx(lapsed)
    assert walk["foreign"] == pytest.approx(kept)


def test_what_was_kept_counts_the_year_after():
    partner = link("one_way", 30.0, **CHEAP, bankable=True)
    walk = put(Walk(home(partner, share=1.0, years=2)).through("2016-05"), 150_000).play()
    assert walk["foreign"] == pytest.approx(50_000)
    walk.through("2017-05").play()
    assert walk.flows["surrendered"][0] == pytest.approx(1_000_000)
    assert walk["foreign"] == 0.0


# --- what they leave alone --------------------------------------------------------------------------
def test_net_sales_of_home_units_do_not_count_foreign_ones():
    walk = Walk(home(link("full", 100.0, two_way=True), share=1.2)).play(trade=-0.4)
    sold = walk["net_sales"]
    assert sold == pytest.approx(20_000)
    walk.play(foreign=1.0).play(foreign=-0.5)
    assert walk["net_sales"] == sold
    assert walk["front"] == pytest.approx(1_180_000)


def test_before_the_market_opens_nobody_trades_abroad():
    scenario = home(link("full", 100.0, two_way=True), market_opens="2015-04")
    walk = Walk(scenario).play(foreign=1.0)
    assert walk["foreign"] == 0.0
    assert not walk.batch.action_mask()[0, Action.FOREIGN]
    assert walk.through("2015-03").batch.action_mask()[0, Action.FOREIGN]
