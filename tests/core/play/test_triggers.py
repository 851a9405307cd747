"""Price triggers and the committee behind them: what counts, who acts how often, and that nobody can earn from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.core.rules.prices import intervention, trigger_run
from nea_env.scenario import AuctionRule, Firm, Market, Regime, StabilisationRule
from tests.core import scenarios as made
from tests.core.walk import Walk

ROWS = 20_000
ERRORS = 4.0


def watched(years: int = 2, law: dict | None = None, **rule) -> Regime:
    """A regime with the same triggers in every year."""
    stabilisation = {str(2015 + k): StabilisationRule(**rule) for k in range(years)}
    return made.regime(2015, 2014 + years, stabilisation=stabilisation, **(law or {}))


def walk(law: Regime, market: Market, who: Firm | None = None, n: int = 1) -> Walk:
    return Walk(made.scenario(law, who, market), n)


def growing() -> Market:
    """One per cent a month from 100, for certain."""
    return made.market(100.0, rate=0.12)


# --- the rules alone -------------------------------------------------------------------------------
def test_months_in_a_row_are_counted_and_start_again():
    prices, runs, run = [121, 120, 119, 125, 80, 70, 60, 90, 130], [], 0.0
    for price in prices:
        run = trigger_run(run, float(price), 120.0, 80.0)
        runs.append(run)
    assert runs == [1, 2, 0, 1, -1, -2, -3, 0, 1]


@pytest.mark.parametrize("run", [3.0, -3.0])
@pytest.mark.parametrize(("acts", "move"), [(0.1, 0.5), (0.3, 0.1), (0.5, 0.25), (0.9, 0.1), (0.6, 0.0)])
def test_the_expectation_of_an_intervention_is_no_change(run, acts, move):
    did, yes = intervention(run, acts, move, 0.999 * acts)
    nothing, no = intervention(run, acts, move, 1.001 * acts)
    assert (did, nothing) == (math.copysign(1, run), 0)
    assert acts * yes + (1 - acts) * no == pytest.approx(1.0, abs=1e-15)
    assert yes == 1.0 - math.copysign(move, run)  # down from high prices, up from low ones


@pytest.mark.parametrize(("acts", "move"), [(0.9, 0.3), (0.8, 0.25), (0.95, 0.5)])
def test_a_price_that_not_acting_would_make_negative_is_refused(acts, move):
    # not acting against a low price costs move x acts / (1 - acts) of it: 270 %, 100 %, 950 %
    with pytest.raises(ValidationError, match="price_move"):
        StabilisationRule(low_multiple=0.85, acts=acts, price_move=move)
    assert StabilisationRule(low_multiple=0.85, acts=acts, price_move=0.9 * (1 - acts) / acts).acts == acts


# --- what counts: the months that have ended -------------------------------------------------------
def test_a_fixed_level_counts_from_the_month_it_is_reached():
    # 100, 101.0, 102.0, 103.0, 104.1, 105.1: 105 is passed in the sixth month
    found = walk(watched(high_price=105.0, trigger_months=12, acts=0.5), growing())
    runs = []
    for _ in range(9):
        runs.append(found["trigger_run"])
        found.play()
    assert runs == [0, 0, 0, 0, 0, 0, 1, 2, 3]


@pytest.mark.parametrize(("multiple", "first"), [(1.05, 1), (1.06, 0)])
def test_a_multiple_waits_for_its_reference_months(multiple, first):
    # one per cent a month: December stands 5.6 % above the mean of the year
    assert math.exp(0.11) / np.exp(0.01 * np.arange(12)).mean() == pytest.approx(1.056, abs=5e-4)
    rule = {"high_multiple": multiple, "reference_months": 12, "trigger_months": 24, "acts": 0.5}
    found = walk(watched(**rule), growing()).through("2015-11")
    assert found["trigger_run"] == 0
    for month in range(1, 4):
        assert found.play()["trigger_run"] == first * month


@pytest.mark.parametrize(("months", "price"), [(3, 135.0), (12, 124.0), (24, 122.0)])
def test_the_reference_forgets_what_is_older(months, price):
    # eleven months at 200 lie outside it: 1.2 x (100 + 100 + 135) / 3 = 134, and 148 one month later
    rule = {"high_multiple": 1.2, "reference_months": months, "trigger_months": 24, "acts": 0.5}
    found = walk(watched(years=4, **rule), made.market(200.0)).through("2015-10")
    found.overwrite("log_price", math.log(100.0))
    for _ in range(months):
        found.play()
    found.overwrite("log_price", math.log(price)).play()
    assert found.batch.market()["long_price"][0] == pytest.approx(price) and found["trigger_run"] == 0
    assert 1.2 * (100 * (months - 1) + price) / months < price < 1.2 * (100 * (months - 2) + 2 * price) / months
    assert found.play()["trigger_run"] == 1
    assert found.play()["trigger_run"] == 0


def test_low_prices_count_downwards_and_are_moved_up():
    law = watched(low_price=70.0, trigger_months=2, acts=0.5, price_move=0.2)
    found = walk(law, made.market(100.0), n=200).overwrite("log_price", math.log(60.0)).play().play()
    assert (found.column("trigger_run") == -1).all()
    assert np.allclose(found.batch.market()["long_price"], 60.0)
    found.play()
    acted = found.column("intervened") == -1
    assert 0 < acted.sum() < 200 and (found.column("intervened")[~acted] == 0).all()
    assert np.allclose(found.batch.market()["long_price"], np.where(acted, 60 * 1.2, 60 * 0.8))


@pytest.mark.parametrize(("level", "price"), [("high_price", 1e-3), ("low_price", 1e6)])
def test_a_trigger_without_a_level_is_off(level, price):
    found = walk(watched(trigger_months=24, acts=0.5, **{level: 100.0}), made.market(100.0))
    found.overwrite("log_price", math.log(price)).play().play().play()
    assert found.batch.market()["long_price"][0] == pytest.approx(price)
    assert found["trigger_run"] == 0


def test_a_trigger_watches_the_front_price():
    # the long price stands still; only the front's discount or premium moves
    gap = {"2015": made.two_sided(0.4), "2016": made.two_sided(0.4)}
    law = watched(high_price=100.0, trigger_months=24, acts=0.5)
    found = walk(law, made.market(100.0, gap=gap), n=500)
    while not found.ended:
        above = found.batch.market()["front_price"] >= 100.0
        found.play()
        if not found.ended:
            assert ((found.column("trigger_run") > 0) == above).all(), found.date


def test_the_observation_tells_the_count_and_what_the_committee_did():
    law = watched(high_price=50.0, trigger_months=3, acts=0.5)
    found = walk(law, made.market(100.0), n=50).through("2015-03")
    seen = found.batch.observe()
    assert np.allclose(seen[:, OBS_INDEX["trigger_run"]], 3 / 12)
    acted = seen[:, OBS_INDEX["intervened"]]
    assert (acted == found.column("intervened")).all() and set(acted) == {0.0, 1.0}


def test_years_that_look_at_means_of_different_length_are_refused():
    rules = {str(year): StabilisationRule(reference_months=year - 2003, acts=0.5) for year in (2015, 2016)}
    with pytest.raises(ValueError, match=r"reference_months is 12 and 13"):
        Batch(made.scenario(made.regime(2015, 2016, stabilisation=rules)), 1)


# --- how often -------------------------------------------------------------------------------------
def binomial(count: int, chance: float) -> bool:
    """Whether so many of the rows lie within four standard errors."""
    return abs(count - ROWS * chance) < ERRORS * math.sqrt(ROWS * chance * (1 - chance))


@pytest.mark.parametrize("chance", [0.1, 0.35, 0.9])
def test_the_committee_acts_as_often_as_the_law_says(chance):
    law = watched(high_price=50.0, trigger_months=3, acts=chance)
    found = walk(law, made.market(100.0), n=ROWS).play().play()
    assert (found.column("intervened") == 0).all()  # two months are not three in a row
    first = found.play().column("intervened")
    second = found.play().column("intervened")
    assert binomial(int(first.sum()), chance)
    assert binomial(int(second.sum()), chance)
    assert binomial(int((first * second).sum()), chance**2)  # one month does not tell of the next


def test_nobody_acts_before_the_market_opens():
    law = watched(law={"market_opens": "2015-04"}, high_price=50.0, acts=0.9)
    found = walk(law, made.market(100.0), n=200).through("2015-03")
    assert (found.total["cost"] == 0).all() and (found.column("intervened") == 0).all()
    assert found.play().column("intervened").sum() > 150


def test_a_committee_that_never_acts_changes_no_price():
    quiet = made.market(100.0, rate=0.03, volatility=0.3)
    plain = walk(made.regime(2015, 2016), quiet, n=50)
    idle = walk(watched(high_price=50.0, acts=0.0, price_move=0.5), quiet, n=50)
    for _ in range(20):
        np.testing.assert_array_equal(idle.batch.market()["long_price"], plain.batch.market()["long_price"])
        plain.play()
        idle.play()


# --- no free money ---------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=[(0.3, 0.4), (0.8, 0.2)], ids=["rarely", "often"])
def paths(request):
    """Discounted prices, counts and interventions (months, rows) under busy triggers."""
    rule = {"high_multiple": 1.1, "low_multiple": 0.9, "reference_months": 6}
    law = watched(acts=request.param[0], price_move=request.param[1], **rule)
    batch = Batch(made.scenario(law, None, made.market(100.0, rate=0.05, volatility=0.3)), ROWS, threads=1)
    batch.reset(np.arange(ROWS))
    prices, runs, acted = [], [], []
    for month in range(int(batch.horizon[0])):
        prices.append(batch.discount**month * batch.market()["long_price"])
        runs.append(batch.memory("trigger_run"))
        acted.append(batch.memory("intervened"))
        batch.step(np.zeros((ROWS, Action.size), np.float32))
    return np.array(prices), np.array(runs), np.array(acted)


def standard_errors(values: np.ndarray) -> float:
    """How many of its standard errors a mean lies from nought."""
    return float(values.mean() / (values.std() / len(values) ** 0.5 + 1e-12))


def test_the_discounted_price_keeps_its_mean_month_by_month(paths):
    prices, runs, acted = paths
    assert (acted > 0).mean() > 0.02 and (acted < 0).mean() > 0.02 and len(runs) == 30
    for month in range(1, len(prices)):
        assert abs(standard_errors(prices[month] - 100.0)) < ERRORS, month


@pytest.mark.parametrize("state", ["above", "below", "acted"])
def test_no_state_of_the_triggers_tells_where_the_price_goes(paths, state):
    prices, runs, acted = paths
    holds = {"above": runs > 0, "below": runs < 0, "acted": acted != 0}[state]
    assert holds.mean() > 0.02
    for month in range(7, len(prices) - 1):
        gain = (prices[month + 1] - prices[month])[holds[month]]
        assert abs(standard_errors(gain)) < ERRORS, month


# --- the sale of a reserve -------------------------------------------------------------------------
def short(law: Regime, n: int, **market) -> Walk:
    """A firm that lacks a tenth of its million tonnes."""
    return walk(law, made.market(100.0, **market), made.firm(base=900_000.0), n)


def test_a_reserve_is_sold_in_the_month_after_to_whoever_is_short():
    law = watched(1, high_price=50.0, trigger_months=2, acts=0.5, reserve_sale_share=0.25)
    found = short(law, 200, spread=0.10).play()
    assert (found.batch.market()["auction_room"] == 0).all()
    found.play()
    acted = found.column("intervened") == 1
    assert 0 < acted.sum() < 200
    assert np.allclose(found.batch.market()["auction_room"], np.where(acted, 25_000.0, 0.0))
    found.play(tonnes=np.full(200, 30_000.0))
    assert np.allclose(found.flows["auctioned"], np.where(acted, 25_000.0, 0.0))
    assert np.allclose(found.flows["trading_cost"], np.where(acted, 5_000.0, 30_000.0) * 5.0)  # no spread on a sale
    left = found.batch.market()["auction_room"]
    assert np.allclose(left, np.where(found.column("intervened") == 1, 0.25 * 70_000.0, 0.0))


def test_no_reserve_is_sold_against_low_prices_nor_to_the_long():
    low = short(watched(1, low_price=200.0, acts=0.9, reserve_sale_share=0.25), 50).play()
    assert (low.column("intervened") == -1).any()
    assert (low.batch.market()["auction_room"] == 0).all()
    law = watched(1, high_price=50.0, acts=0.9, reserve_sale_share=0.25)
    long = walk(law, made.market(100.0), made.firm(base=1_100_000.0), 50).play()
    assert (long.column("intervened") == 1).any()
    assert (long.batch.market()["auction_room"] == 0).all()


def test_a_reserve_sold_beside_an_auction_for_own_use_never_sets_off_more_than_is_owed():
    own_use = {"2015": AuctionRule(months=("2016-05",), volume=1e7, own_use=True)}
    calendars = {"2015": made.calendar(2015, verified=4)}
    law = watched(1, {"auctions": own_use, "calendars": calendars}, high_price=50.0, acts=0.9, reserve_sale_share=1.0)
    found = walk(law, made.market(100.0), made.firm(base=1_000.0), 50).through("2016-04")
    assert (found.column("intervened") == 1).any() and (found.batch.market()["auction_room"] > 0).all()
    found.play(trade=1.0)
    assert (found.column("owed") >= 0).all()
