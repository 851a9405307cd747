"""Prices between a floor and a ceiling, and prices that are quoted but not disclosed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.core.rules.prices import collared_price
from nea_env.scenario import Abatement, Collar, Market, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PATHS = 50_000
ERRORS = 4.0
BAND = Collar(floor=50.0, ceiling=150.0)
RATE = 0.04


def collared(price: float = 80.0, opens: str = "2015-01", collar: Collar = BAND) -> Scenario:
    """Three years, of which the first deadline is in month 17 and the last in month 41."""
    law = made.regime(2015, 2017, market_opens=opens)
    return made.scenario(law, None, made.market(price, rate=RATE, collar=collar))


def price_paths(scenario: Scenario, rows: int = PATHS) -> np.ndarray:
    """Long prices in the money of the start, (months, rows)."""
    batch = Batch(scenario, rows, threads=1)
    batch.reset(np.arange(rows))
    found, idle = [], np.zeros((rows, Action.size), np.float32)
    for month in range(int(batch.horizon[0])):
        found.append(batch.discount**month * batch.market()["long_price"])
        batch.step(idle)
    return np.array(found)


def in_errors(values: np.ndarray) -> float:
    """How many of its standard errors a mean lies from nought."""
    return float(values.mean() / (values.std() / len(values) ** 0.5 + 1e-12))


def assert_martingale(paths: np.ndarray, start: float) -> None:
    for month in range(1, len(paths)):
        assert abs(in_errors(paths[month] - start)) < ERRORS, f"month {month}: {paths[month].mean():.4f}"


# --- the collar ------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=[80.0, 140.0])
def paths(request):
    return price_paths(collared(request.param)), request.param


def test_the_price_stays_between_bounds_that_grow_at_the_discount_rate(paths):
    found, _ = paths
    assert found.min() >= 50.0 - 1e-9 and found.max() <= 150.0 + 1e-9
    assert found[-1].min() < 51 and found[-1].max() > 149  # and reaches for both


def test_the_discounted_price_keeps_its_mean_month_by_month(paths):
    found, start = paths
    assert len(found) == 42
    assert np.allclose(found[0], start)
    assert_martingale(found, start)


@pytest.mark.parametrize("side", ["high", "low"])
def test_no_place_in_the_band_tells_where_the_price_goes(paths, side):
    found, _ = paths
    for month in range(1, len(found) - 1):
        middle = np.median(found[month])
        there = found[month] > middle if side == "high" else found[month] < middle
        assert abs(in_errors((found[month + 1] - found[month])[there])) < ERRORS, month


def test_news_goes_on_through_the_deadlines(paths):
    found, _ = paths
    for deadline in (17, 29):
        for month in range(deadline - 1, deadline + 3):
            assert np.corrcoef(found[month], found[month + 1])[0, 1] > 0.9


def test_most_of_the_news_is_out_at_the_end_and_all_of_it_would_be_a_bound(paths):
    found, start = paths
    most = math.sqrt((start - 50.0) * (150.0 - start))  # spread of a price that ends at one of the bounds
    assert 0.7 * most < found[-1].std() < most
    early = price_paths(collared(start, collar=BAND.model_copy(update={"resolved": 0.3})), 5_000)
    assert early[-1].std() < 0.6 * most


def test_a_market_that_opens_later_opens_at_the_reference_price():
    found = price_paths(collared(80.0, opens="2015-07"))
    at_opening = 80.0 * math.exp(-RATE * 6 / 12)  # in the money of the start
    assert np.allclose(found[:7], at_opening)
    assert found[7].std() > 0.5
    assert_martingale(found[6:], at_opening)


def test_a_market_that_opened_earlier_starts_at_the_reference_price():
    found = price_paths(collared(70.0, opens="2013-01"))
    assert np.allclose(found[0], 70.0)
    assert_martingale(found, 70.0)


def test_the_price_by_news():
    assert collared_price(0.0, 0.0, 1.0, 50.0, 150.0) == pytest.approx(100)
    assert collared_price(-60.0, 0.0, 1.0, 50.0, 150.0) == pytest.approx(50)
    assert collared_price(60.0, 0.0, 1.0, 50.0, 150.0) == pytest.approx(150)
    assert collared_price(1.0, 0.0, 1.0, 50.0, 150.0) == pytest.approx(50 + 100 * 0.841344746)


QUIET = {"name": "m", "title": "m", "currency": "X", "discount_rate": 0.0, "volatility": 0.0}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"price": 100.0, "law": "collared"}, "law=collared needs one"),
        ({"price": 100.0, "collar": BAND}, "a gbm price has no bounds"),
        ({"price": 40.0, "law": "collared", "collar": BAND}, "40 lies outside the collar"),
        ({"price": 150.0, "law": "collared", "collar": BAND}, "150 lies outside the collar"),
    ],
)
def test_a_law_and_its_collar_come_together(given, told):
    with pytest.raises(ValidationError, match=told):
        Market(**QUIET, **given)


@pytest.mark.parametrize("ceiling", [50.0, 40.0])
def test_a_ceiling_lies_above_the_floor(ceiling):
    with pytest.raises(ValidationError, match="does not lie above the floor, 50"):
        Collar(floor=50.0, ceiling=ceiling)


# --- quotes ----------------------------------------------------------------------------------------
NOISE = 0.2
LADDER = Abatement(scale=50.0, steepness=3.0, max_share=0.9)


def quoted(rows: int, noise: float = NOISE, **market) -> Walk:
    where = made.market(100.0, quote_noise=noise, **market)
    return Walk(made.scenario(made.regime(2015, 2015), made.firm(abatement=LADDER), where), rows)


def test_trades_settle_at_the_price_that_is_not_disclosed():
    walk = quoted(50, rate=0.03, volatility=0.3, spread=0.04).play()
    told = walk.batch.market()
    assert (np.abs(told["quote"] / told["long_price"] - 1) > 1e-6).all()
    walk.play(tonnes=np.full(50, 1_000.0))
    assert np.allclose(walk.flows["allowance_cost"], 1_000 * told["long_price"])
    assert np.allclose(walk.flows["trading_cost"], 1_000 * told["long_price"] * 0.02)


def test_the_observation_and_what_it_suggests_follow_the_quote():
    walk = quoted(200)
    for _ in range(3):
        quote, seen = walk.batch.market()["quote"], walk.batch.observe()
        assert np.allclose(seen[:, OBS_INDEX["log_price"]], np.log(quote / 100.0), atol=1e-6)
        share = 0.9 * walk.batch.suggestions()[:, 1]
        assert np.allclose(50 * (np.exp(3 * share) - 1), quote)
        assert seen[:, OBS_INDEX["log_price"]].std() > 0.5 * NOISE
        assert np.allclose(walk.batch.market()["long_price"], 100.0)
        walk.play()


def test_two_prices_with_one_quote_look_the_same():
    # nothing else that is observed may tell the price behind the quote
    walk = quoted(2).play()
    price = np.array([100.0, 120.0])
    walk.overwrite("price", price).overwrite("log_price", np.log(price)).overwrite("quote_error", np.log(110.0 / price))
    seen = walk.batch.observe()
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-6)
    np.testing.assert_allclose(*walk.batch.suggestions(), rtol=1e-12)


def test_a_quote_is_the_price_on_average_and_its_errors_are_new_each_month():
    walk = quoted(PATHS, rate=0.03, volatility=0.3)
    errors = []
    for month in range(6):
        told = walk.batch.market()
        ratio = told["quote"] / told["long_price"]
        assert abs(in_errors(ratio - 1.0)) < ERRORS, month
        assert np.log(ratio).std() == pytest.approx(NOISE, rel=0.02)
        assert abs(np.corrcoef(np.log(ratio), told["long_price"])[0, 1]) < 0.02 or month == 0
        errors.append(np.log(ratio))
        walk.play()
    assert np.abs(np.corrcoef(errors) - np.eye(6)).max() < 0.02


def test_noise_in_the_quote_leaves_the_price_as_it_was():
    noisy, plain = quoted(50, rate=0.03, volatility=0.3), quoted(50, 0.0, rate=0.03, volatility=0.3)
    for _ in range(5):
        told = plain.batch.market()
        np.testing.assert_array_equal(noisy.batch.market()["long_price"], told["long_price"])
        np.testing.assert_array_equal(told["quote"], told["long_price"])
        noisy.play()
        plain.play()


def test_a_collared_price_can_be_quoted_too():
    where = made.market(100.0, rate=RATE, collar=BAND, quote_noise=NOISE)
    walk = Walk(made.scenario(made.regime(2015, 2015), None, where), 2_000).through("2015-06")
    told = walk.batch.market()
    assert np.log(told["quote"] / told["long_price"]).std() == pytest.approx(NOISE, rel=0.1)
    assert told["long_price"].max() < 150.0 * math.exp(RATE * 0.5) < told["quote"].max()
