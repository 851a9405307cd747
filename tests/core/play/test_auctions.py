"""Auctions: who sells first, at what price, how much one bidder can win, and what the units are good for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.scenario import AuctionRule, AuctionTerms, BankingRule, OffsetRule, OffsetSeries
from tests.core import scenarios as made
from tests.core.walk import Walk

VOLUME = 100_000.0


def auction(*months: str, volume: float = VOLUME, **terms) -> dict[str, AuctionRule]:
    """Auctions of the vintage 2015."""
    return {"2015": AuctionRule(months=months or ("2015-02",), volume=volume, **terms)}


def bidder(rule: dict[str, AuctionRule], *, base=1e6, years=1, banking=made.UNLIMITED, market=None, **firm) -> Walk:
    """A firm whose vintage is auctioned; played to the end of January 2015."""
    law = made.regime(2015, 2014 + years, auctions=rule, banking=banking)
    return Walk(made.scenario(law, made.firm(base=base, **firm), market or made.market(100.0))).through("2015-01")


# --- price and place -------------------------------------------------------------------------------
def test_at_the_markets_price_the_auction_comes_first_and_has_no_spread():
    walk = bidder(auction(), market=made.market(100.0, spread=0.10)).play(tonnes=60_000)
    assert walk.flows["auctioned"][0] == pytest.approx(60_000)
    assert walk.flows["bought"][0] == pytest.approx(60_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(6_000_000)
    assert walk.flows["trading_cost"][0] == 0


def test_what_the_auction_does_not_hold_is_bought_on_the_market():
    walk = bidder(auction(), market=made.market(100.0, spread=0.10)).play(tonnes=150_000)
    assert walk.flows["auctioned"][0] == pytest.approx(100_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(15_000_000)
    assert walk.flows["trading_cost"][0] == pytest.approx(50_000 * 5.0)
    assert walk["front"] == pytest.approx(1_150_000)


def test_an_auction_is_held_in_its_months_only():
    walk = bidder(auction("2015-02", "2015-04"))
    rooms = []
    for _ in range(4):
        rooms.append(walk.batch.market()["auction_room"][0])
        walk.play()
    assert rooms == [VOLUME, 0, VOLUME, 0]


@pytest.mark.parametrize(("spread", "auctioned"), [(0.10, 100_000), (0.02, 20_000)])
def test_a_fee_counts_in_the_comparison_with_the_ask(spread, auctioned):
    # at 102 with the fee; the market asks 105 or 101 and holds 100,000 t
    walk = bidder(auction(fee=0.02), market=made.market(100.0, spread=spread, volume_share=0.1))
    assert walk.batch.market()["auction_price"][0] == pytest.approx(102)
    walk.play(tonnes=120_000)
    assert walk.flows["auctioned"][0] == pytest.approx(auctioned)
    spent = auctioned * 102 + (120_000 - auctioned) * 100
    assert walk.flows["allowance_cost"][0] == pytest.approx(spent)


@pytest.mark.parametrize(("tonnes", "auctioned"), [(100_000, 100_000), (20_000, 0)])
def test_so_does_what_a_purchase_would_move_the_market(tonnes, auctioned):
    # 101 with the fee; the market would ask 102 for all it holds and 100.4 for a fifth of it
    walk = bidder(auction(fee=0.01), market=made.market(100.0, impact=0.02, volume_share=0.1)).play(tonnes=tonnes)
    assert walk.flows["auctioned"][0] == pytest.approx(auctioned)


def test_a_reserve_above_the_ask_leaves_the_auction_what_the_market_cannot_hold():
    rule, market = auction(reserve_price=110.0), made.market(100.0, spread=0.10, volume_share=0.1)
    small = bidder(rule, market=market).play(tonnes=50_000)
    assert small.flows["auctioned"][0] == 0
    assert small.flows["allowance_cost"][0] == pytest.approx(5_000_000)
    large = bidder(rule, market=market).play(tonnes=130_000)
    assert large.flows["auctioned"][0] == pytest.approx(30_000)
    assert large.flows["allowance_cost"][0] == pytest.approx(100_000 * 100 + 30_000 * 110)


def test_a_reserve_below_the_price_changes_nothing():
    walk = bidder(auction(reserve_price=90.0))
    assert walk.batch.market()["auction_price"][0] == pytest.approx(100)


def test_the_observation_tells_room_and_premium():
    walk = bidder(auction(reserve_price=110.0))
    seen = walk.batch.observe()[0]
    assert seen[OBS_INDEX["auction_room"]] == pytest.approx(1.0 / 2.0)  # a tenth of a year, squashed
    assert seen[OBS_INDEX["auction_premium"]] == pytest.approx(0.10)
    seen = walk.play().batch.observe()[0]
    assert seen[OBS_INDEX["auction_room"]] == seen[OBS_INDEX["auction_premium"]] == 0


MEAN = 100.0 * (math.exp(0.02) + math.exp(0.03) + math.exp(0.04)) / 3


@pytest.mark.parametrize(("cap", "reserve"), [(None, 1.2 * MEAN), (125.0, 1.2 * MEAN), (110.0, 110.0)])
def test_a_reserve_follows_the_mean_of_the_months_before_up_to_its_cap(cap, reserve):
    # the price grows by one per cent a month from 100; June looks at March, April and May
    rule = auction("2015-06", reserve_multiple=1.2, reserve_months=3, reserve_cap=cap)
    walk = bidder(rule, market=made.market(100.0, rate=0.12)).through("2015-05")
    assert walk.batch.market()["auction_price"][0] == pytest.approx(reserve, rel=1e-6)


def test_the_first_month_has_no_mean_and_keeps_the_fixed_reserve():
    law = made.regime(2015, 2015, auctions=auction("2015-01", reserve_multiple=3.0, reserve_price=104.0))
    walk = Walk(made.scenario(law))
    assert walk.batch.market()["auction_price"][0] == pytest.approx(104)


# --- how much --------------------------------------------------------------------------------------
def test_one_bidder_wins_its_share_of_the_volume_as_far_as_bids_are_filled():
    walk = bidder(auction(volume=1_000_000.0, bid_share=0.15, filled_share=0.4))
    assert walk.batch.market()["auction_room"][0] == pytest.approx(60_000)
    walk.play(trade=1.0)
    assert walk.flows["auctioned"][0] == pytest.approx(60_000)


@pytest.mark.parametrize(
    ("terms", "room"), [({}, 20_000), ({"filled_share": 0.5}, 10_000), ({"bid_share": 0.1}, 10_000)]
)
def test_one_bidder_may_be_held_to_a_share_of_its_emissions(terms, room):
    walk = bidder(auction(emission_share=0.02, **terms))  # of 1,000,000 t
    assert walk.batch.market()["auction_room"][0] == pytest.approx(room)
    own = {"2015-02": AuctionTerms(emission_share=0.03)}
    walk = bidder(auction("2015-02", "2015-03", terms=own))
    assert walk.batch.market()["auction_room"][0] == pytest.approx(30_000)
    assert walk.play().batch.market()["auction_room"][0] == VOLUME


def test_no_bid_share_is_no_auction():
    walk = bidder(auction(bid_share=0.0, reserve_price=500.0))
    seen = walk.batch.observe()[0]
    assert walk.batch.market()["auction_room"][0] == seen[OBS_INDEX["auction_premium"]] == 0


@pytest.mark.parametrize("terms", [{}, {"own_use": True}])
def test_a_discount_without_rationing_is_refused(terms):
    with pytest.raises(ValidationError, match="discount needs rationing"):
        auction(discount=0.05, **terms)


@pytest.mark.parametrize(("terms", "room"), [({"filled_share": 0.5}, 50_000), ({"short_only": True}, 30_000)])
def test_a_discount_with_rationing_is_a_lower_price(terms, room):
    walk = bidder(auction(discount=0.05, **terms), base=970_000.0)
    assert walk.batch.market()["auction_price"][0] == pytest.approx(95)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(room)


def test_where_only_the_short_may_bid_the_room_is_the_gap_that_is_left():
    walk = bidder(auction("2015-02", "2015-03", short_only=True), base=950_000.0)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(50_000)
    walk.play(tonnes=20_000)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(30_000, rel=1e-6)
    long = bidder(auction(short_only=True), base=1_050_000.0)
    assert long.batch.market()["auction_room"][0] == 0
    assert long.play(tonnes=10_000).flows["auctioned"][0] == 0  # the market still sells to it


def test_a_share_of_the_shortfall_is_all_that_a_short_firm_may_bid_for():
    walk = bidder(auction("2015-02", "2015-03", short_only=True, short_share=0.15), base=950_000.0)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(0.15 * 50_000)
    walk.play(tonnes=20_000)
    assert walk.flows["auctioned"][0] == pytest.approx(7_500)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(0.15 * 30_000, rel=1e-6)
    with pytest.raises(ValidationError, match="short_share: a share of the shortfall needs short_only"):
        auction(short_share=0.15)


def test_one_auction_may_have_a_volume_and_a_reserve_of_its_own():
    own = {"2015-03": AuctionTerms(volume=30_000, reserve_price=130.0), "2015-04": AuctionTerms(reserve_price=140.0)}
    walk = bidder(auction("2015-02", "2015-03", "2015-04", volume=10_000, reserve_price=120.0, terms=own))
    seen = []
    for _ in range(3):
        market = walk.batch.market()
        seen.append((market["auction_room"][0], market["auction_price"][0]))
        walk.play()
    assert seen == [(10_000, 120.0), (30_000, 130.0), (10_000, 140.0)]
    rule = auction("2015-02", "2015-03", "2015-04", volume=10_000, reserve_price=120.0, terms=own)["2015"]
    assert rule.offered == 50_000
    assert rule.mean_reserve_price == pytest.approx((120.0 + 3 * 130.0 + 140.0) / 5)
    with pytest.raises(ValidationError, match="terms: 2015-03 is not a month of these auctions"):
        auction("2015-02", terms=own)


def test_one_auction_may_have_a_bidder_limit_a_multiple_and_a_purpose_of_its_own():
    own = {"2015-03": AuctionTerms(bid_share=0.5, reserve_multiple=1.2, reserve_months=1, short_only=True)}
    short = auction("2015-02", "2015-03", "2015-04", volume=10_000, reserve_multiple=1.0, terms=own)
    walk = bidder(short, base=900_000.0)
    seen = []
    for _ in range(3):
        market = walk.batch.market()
        seen.append((market["auction_room"][0], market["auction_price"][0]))
        walk.play()
    assert np.array(seen) == pytest.approx(np.array([(10_000, 100.0), (5_000, 120.0), (10_000, 100.0)]))
    rule = auction("2015-02", "2015-03", volume=10_000, reserve_multiple=1.0, terms=own)["2015"]
    assert rule.mean_reserve_multiple == pytest.approx(1.1)
    assert (rule.in_month("2015-02"), rule.in_month("2015-03").short_only) == (rule, True)
    assert not rule.short_only


# --- what the units are good for -------------------------------------------------------------------
def test_units_for_own_use_go_straight_against_the_verified_duty():
    walk = bidder(auction("2015-02", "2016-06", own_use=True), base=950_000.0)
    assert walk.batch.market()["auction_room"][0] == 0  # nothing is verified in February
    walk.through("2016-05")
    assert walk["owed"] == pytest.approx(1_000_000)
    assert walk.batch.market()["auction_room"][0] == pytest.approx(50_000)
    walk.play(tonnes=30_000)
    assert walk.flows["bought"][0] == walk.flows["auctioned"][0] == pytest.approx(30_000)
    assert walk.flows["surrendered"][0] == pytest.approx(980_000)  # 30,000 at once and 950,000 at the deadline
    assert walk.flows["penalised"][0] == pytest.approx(20_000, rel=1e-6)


def test_units_for_own_use_are_never_held():
    calendars = {"2015": made.calendar(2015, verified=4)}
    law = made.regime(2015, 2015, calendars=calendars, auctions=auction("2016-05", own_use=True))
    walk = Walk(made.scenario(law, made.firm(base=950_000.0))).through("2016-04").play(trade=0.001)
    bought = walk.flows["auctioned"][0]
    assert 0 < bought < 50_000
    assert walk["front"] == 950_000
    assert walk["owed"] == pytest.approx(1_000_000 - bought)
    assert walk.flows["surrendered"][0] == bought


def test_own_use_leaves_room_for_what_credits_cover():
    offset = {"c": OffsetRule(limit_share=0.10, limit_base="duty")}
    law = made.regime(2015, 2015, offsets=offset, auctions=auction("2016-06", own_use=True))
    market = made.market(100.0, offset=OffsetSeries(type="c", ratio=0.9))
    walk = Walk(made.scenario(law, made.firm(base=950_000.0), market)).through("2016-05").overwrite("offsets", 20_000.0)
    walk.batch.observe()
    assert walk.batch.market()["auction_room"][0] == pytest.approx(30_000)


def test_where_auctioned_units_cannot_be_banked_only_the_markets_carry():
    # Hubei's wording: only units traded on the market are carried
    banking = BankingRule(limit="traded_units", auctioned_bankable=False)
    walk = bidder(auction(volume=30_000.0), years=2, banking=banking).play(tonnes=50_000).through("2016-06")
    assert walk.flows["lapsed"][0] == pytest.approx(30_000)
    assert walk["front"] == pytest.approx(1_020_000)
    free = BankingRule(limit="traded_units", auctioned_bankable=True)
    walk = bidder(auction(volume=30_000.0), years=2, banking=free).play(tonnes=50_000).through("2016-06")
    assert (walk.flows["lapsed"][0], walk["front"]) == (0, pytest.approx(1_050_000))


def test_auctioned_units_lapse_though_the_rest_is_carried_without_limit():
    banking = BankingRule(limit="unlimited", auctioned_bankable=False)
    walk = bidder(auction(volume=30_000.0), years=2, banking=banking, path={"2015": 0.1}).play(tonnes=30_000)
    walk.overwrite("auctioned", 130_000.0).through("2016-06")  # as if 130,000 t of what is held came from auctions
    assert walk.flows["surrendered"][0] == pytest.approx(100_000)
    assert walk.flows["lapsed"][0] == pytest.approx(30_000)


def test_auctioned_units_are_surrendered_first():
    banking = BankingRule(limit="unlimited", auctioned_bankable=False)
    walk = bidder(auction(), base=970_000.0, years=2, banking=banking).play(tonnes=50_000)
    assert walk["auctioned"] == pytest.approx(50_000)
    walk.through("2016-06")
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == pytest.approx(20_000 + 970_000)


def test_a_clawback_takes_auctioned_units_too():
    # 500,000 t too many were booked in advance and sold; of 100,000 t bought at auction nothing is left to lapse
    calendars = {"2015": made.calendar(2015, allocated="2015-02"), "2016": made.calendar(2016, allocated="2016-07")}
    law = made.regime(
        2015,
        2016,
        allocation=made.benchmarked(1.0, pre_share=1.0),
        banking=BankingRule(limit="unlimited", auctioned_bankable=False),
        calendars=calendars,
        auctions=auction("2016-04"),
    )
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.5}))).through("2016-03", trade=-1.0)
    walk.play(tonnes=100_000).through("2016-06")
    assert walk["front"] == 0
    assert walk.flows["lapsed"][0] == 0


def test_the_carry_right_shown_is_the_one_that_holds():
    banking = BankingRule(limit="unlimited", auctioned_bankable=False)
    walk = bidder(auction(), years=2, banking=banking).through("2016-05")
    walk.overwrite("front", 1_100_000.0).overwrite("auctioned", 1_100_000.0)  # 100,000 t more than are owed
    seen = walk.batch.observe()[0, OBS_INDEX["carry_right"]]
    walk.play()
    assert walk.flows["lapsed"][0] == pytest.approx(100_000)
    assert seen == 0


def test_purchases_at_auction_count_in_net_sales():
    banking = BankingRule(limit="net_sales", net_sales_multiple=2.0)
    walk = bidder(auction(), years=2, banking=banking, path={"2015": 0.8})
    walk.play(tonnes=40_000).play(tonnes=-60_000)
    assert walk["net_sales"] == pytest.approx(20_000, rel=1e-6)
    walk.through("2016-06")
    assert walk.flows["lapsed"][0] == pytest.approx(200_000 - 20_000 - 40_000, rel=1e-6)


# --- refused ---------------------------------------------------------------------------------------
def test_an_auction_of_another_vintage_than_the_front_is_refused_in_one_line():
    law = made.regime(2015, 2016, auctions=auction("2015-03", "2016-08"))
    with pytest.raises(ValueError, match="front vintage") as caught:
        Batch(made.scenario(law), 1)
    assert str(caught.value) == (
        "scenario s: regime.auctions.2015.months: the front vintage of 2016-08 is 2016: list the month there"
    )


def test_two_auctions_in_one_month_are_refused():
    law = made.regime(2015, 2016, auctions=auction("2015-03", "2015-03"))
    with pytest.raises(ValueError, match="2015-03 is listed twice"):
        Batch(made.scenario(law), 1)


# --- no free money ---------------------------------------------------------------------------------
PATHS = 20_000


def profits(rule: dict[str, AuctionRule], spread: float) -> np.ndarray:
    """Buy all that an auction holds, sell it the month after at the bid; discounted, in lots at 100."""
    law = made.regime(2015, 2015, auctions=rule, banking=made.LAPSES)
    firm = made.firm(base=1e-6, path={"2015": 1e-9})
    market = made.market(100.0, rate=0.03, volatility=0.30, spread=spread)
    batch = Batch(made.scenario(law, firm, market), PATHS, threads=1)
    batch.reset(np.arange(PATHS))
    earned, actions = np.zeros(PATHS), np.zeros((PATHS, Action.size), np.float32)
    for month in range(int(batch.horizon[0])):
        told = batch.market()
        cheap = told["auction_price"] <= told["front_price"] * (1 + spread / 2)
        buys = told["auction_room"] / (told["auction_room"] + told["volume_limit"])
        actions[:, Action.TRADE] = np.where((told["auction_room"] > 0) & cheap, buys, -1.0)
        batch.step(actions)
        earned -= batch.discount**month * batch.flows()["cost"] / (VOLUME * 100.0)
    return earned


MONTHS = tuple(f"2015-{month:02d}" for month in (1, 3, 5, 7, 9, 11))


def test_buying_at_auction_to_sell_on_the_market_earns_nothing():
    free = profits(auction(*MONTHS), 0.0)
    error = free.std() / PATHS**0.5
    assert error > 1e-4, "nothing was at stake"
    assert abs(free.mean()) < 4 * error


@pytest.mark.parametrize("terms", [{}, {"reserve_multiple": 1.0}, {"fee": 0.005}])
def test_with_a_spread_it_costs(terms):
    costly = profits(auction(*MONTHS, **terms), 0.02)
    assert costly.mean() < -4 * costly.std() / PATHS**0.5


def test_a_discount_would_be_found():
    gained = profits(auction(*MONTHS, discount=0.01, filled_share=0.5), 0.0)
    assert gained.mean() > 4 * gained.std() / PATHS**0.5
