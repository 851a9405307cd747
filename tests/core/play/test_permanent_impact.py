"""A large firm moves the price for good, and no way of trading in circles earns from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.scenario import AuctionRule, Gap, OffsetRule, OffsetSeries, Scenario
from tests.core import scenarios as made
from tests.core.partners import link, mean_and_error
from tests.core.walk import Walk

YEAR = 1_000_000.0  # t, baseline emissions
PERMANENT = 0.5  # log price per year's emissions bought
CIRCLES = 400
UNDOING = 4  # months


def large(volatility: float = 0.0, *, base: float = YEAR, years: int = 2, permanent: float = PERMANENT, **market):
    """No emissions; ``base`` tonnes a year for free, banked without limit; the price grows at 5 % a year."""
    law = {key: market.pop(key) for key in ("auctions", "offsets", "banking") if key in market}
    return made.scenario(
        made.regime(2015, 2014 + years, **law),
        made.firm(base=base, path=dict.fromkeys(map(str, range(2015, 2015 + years)), 1e-12)),
        made.market(rate=0.05, volatility=volatility, permanent_impact=permanent, volume_share=1.0, **market),
    )


def circle(scenario: Scenario, trades: np.ndarray, undoing: int = UNDOING) -> tuple[np.ndarray, Batch]:
    """Discounted cost (n,) of trades (months, n), t, over not trading; and the batch.

    What was bought more than sold, or sold more than bought, is undone in the months after: the books end alike.
    """
    months, n = trades.shape
    trading, idle = Batch(scenario, n, threads=1), Batch(scenario, n, threads=1)
    total, done, still = np.zeros(n), np.zeros(n), np.zeros((n, Action.size), np.float32)
    for batch in (trading, idle):
        batch.reset(np.arange(n))
    for month in range(months + undoing):
        market = trading.market()
        wanted = trades[month] if month < months else -done
        actions = still.copy()
        reach = market["volume_limit"] + market["auction_room"] * (wanted > 0)
        actions[:, Action.TRADE] = np.clip(wanted / reach, -1.0, 1.0)
        trading.step(actions)
        idle.step(still)
        flows = trading.flows()
        done += flows["bought"] - flows["sold"]
        total += trading.discount**month * (flows["cost"] - idle.flows()["cost"])
    assert np.abs(done).max() < 1e-6, "no circle"
    return total, trading


def random_trades(months: int, n: int = CIRCLES, size: float = 0.3 * YEAR) -> np.ndarray:
    """(months, n) purchases and sales of all sizes, some months none; the first rows buy and sell all at once."""
    draws = np.random.default_rng(8)
    trades = draws.uniform(-size, size, (months, n)) * (draws.random((months, n)) < 0.7)
    trades[:, :4] = 0.0
    trades[[0, 1], 0] = size, -size
    trades[[0, 1], 1] = -size, size
    trades[[0, 1, 2], 2] = size, size, -2 * size
    trades[:, 3] = size * np.cos(np.arange(months))
    return trades


# --- without risk ----------------------------------------------------------------------------------
@pytest.mark.parametrize("base", [1e-6, YEAR], ids=["buys first", "sells first"])
def test_a_circle_costs_exactly_nothing(base):
    cost, trading = circle(large(base=base), random_trades(12))
    assert np.abs(cost).max() < 1e-9 * 100.0 * YEAR  # of a year's emissions at the reference price
    np.testing.assert_allclose(trading.market()["long_price"], 100.0 * math.exp(0.05 * (12 + UNDOING) / 12), rtol=1e-9)


def test_through_a_deadline_too():
    cost, _ = circle(large(years=3), random_trades(26, size=0.1 * YEAR))
    assert np.abs(cost).max() < 1e-9 * 100.0 * YEAR


@pytest.mark.parametrize("frictions", [{"spread": 0.01}, {"impact": 0.01}, {"spread": 0.01, "impact": 0.02}], ids=str)
def test_a_spread_or_a_passing_impact_makes_every_circle_cost(frictions):
    cost, _ = circle(large(**frictions), random_trades(12))
    assert cost.min() > 1.0


def test_the_price_stays_moved():
    """By permanent impact x tonnes over a year's emissions: 0.5 x 0.2 in the log."""
    walk = Walk(large()).play(tonnes=0.2 * YEAR)
    assert walk["log_price"] == pytest.approx(math.log(100.0) + 0.05 / 12 + 0.1, abs=1e-8)
    walk.play().play().play(tonnes=-0.1 * YEAR)
    assert walk["log_price"] == pytest.approx(math.log(100.0) + 4 * 0.05 / 12 + 0.05, abs=1e-8)
    assert walk["price"] == pytest.approx(math.exp(walk["log_price"]), rel=1e-12)


def test_a_purchase_pays_for_every_tonne_at_its_own_price():
    """100 (e^0.1 - 1) / 0.1 = 105.17092 a tonne for 0.2 Mt; sold again, the same comes back."""
    walk = Walk(large()).play(tonnes=0.2 * YEAR)
    assert walk.flows["allowance_cost"][0] == pytest.approx(105.17092 * 0.2 * YEAR, rel=1e-6)
    assert walk.flows["trading_cost"][0] == 0.0


def test_without_the_parameter_the_firm_takes_the_price():
    walk = Walk(large(permanent=0.0)).play(tonnes=0.2 * YEAR)
    assert walk["log_price"] == pytest.approx(math.log(100.0) + 0.05 / 12, abs=1e-12)


# --- auctions, credits, the end ----------------------------------------------------------------------
AUCTION = {"2015": AuctionRule(months=tuple(f"2015-{m:02d}" for m in range(1, 13)), volume=0.3 * YEAR)}


def test_auction_and_market_are_one_price():
    """Bought at auction and sold on the market, or sold first and bought back at auction."""
    scenario = large(auctions=AUCTION)
    trades = random_trades(7)
    cost, _ = circle(scenario, trades)
    assert np.abs(cost).max() < 1e-9 * 100.0 * YEAR
    walk = Walk(scenario).play(tonnes=0.2 * YEAR)
    assert walk.flows["auctioned"][0] == pytest.approx(0.2 * YEAR, rel=1e-6)
    assert walk["log_price"] == pytest.approx(math.log(100.0) + 0.05 / 12 + 0.1, abs=1e-8)


@pytest.mark.parametrize("terms", [{"reserve_price": 104.0}, {"fee": 0.01}, {"reserve_multiple": 1.0}], ids=str)
def test_a_reserve_or_a_fee_makes_no_circle_pay(terms):
    """Dearer than the market, an auction sells what the market does not hold: a tenth of a year's emissions a month."""
    rule = {"2015": AUCTION["2015"].model_copy(update=terms)}
    where = made.market(rate=0.05, permanent_impact=PERMANENT, volume_share=0.1)
    scenario = large(auctions=rule).model_copy(update={"market": where})
    cost, _ = circle(scenario, random_trades(5, size=0.15 * YEAR), undoing=9)
    assert cost.min() > -1e-9 * 100.0 * YEAR
    assert cost.max() > 1.0


@pytest.mark.parametrize("base", [1e-6, YEAR])
def test_pushing_the_price_before_the_end_earns_nothing(base):
    """Whatever is bought or sold in the last months is closed along the way the price came."""
    n = 60
    trading, idle = (Walk(large(base=base, years=1), n) for _ in range(2))
    idle.to_end()
    sizes = np.linspace(-0.8, 0.8, n) * YEAR
    trading.through("2016-03").play(tonnes=0.25 * sizes).play().play(tonnes=sizes)
    assert trading.ended
    gain = idle.present - trading.present
    assert np.abs(gain).max() < 1e-9 * 100.0 * YEAR
    assert np.abs(trading.total["allowance_cost"]).max() > 0.1 * 100.0 * YEAR


def test_pushing_the_price_pays_no_holder_of_credits():
    """Credits cost what they cost without the firm, and are closed with all else it holds."""
    credit = {"offsets": {"c": OffsetRule(limit_share=0.5, limit_base="allocation")}}
    scenario = large(years=1, offset=OffsetSeries(type="c", ratio=0.9), **credit)
    n = 40
    sizes = np.linspace(0.0, 0.9, n) * YEAR
    trading, idle = Walk(scenario, n), Walk(scenario, n)
    idle.to_end()
    trading.through("2016-04", offset=1.0).play(tonnes=sizes, offset=1.0).play()
    gain = idle.present - trading.present
    assert gain.max() < 1e-9 * 100.0 * YEAR


@pytest.mark.parametrize("permanent", [0.5, 2.0])
def test_a_front_that_is_cheap_moves_no_other_vintage_at_a_profit(permanent):
    """Bought at a discount and left to lapse, to sell the vintage after it at the price so pushed up."""
    n = 40
    scenario = made.scenario(
        made.regime(2015, 2016, banking={"2015": made.LAPSES, "2016": made.UNLIMITED}),
        made.firm(base=2 * YEAR, path={"2015": 1e-12, "2016": 1e-12}),
        made.market(gap={"2015": Gap(down=0.25, up=0.25)}, permanent_impact=permanent, volume_share=2.0),
    )
    pushes, holds = Walk(scenario, n), Walk(scenario, n)
    for walk in (pushes, holds):
        walk.through("2016-05").overwrite("front_ratio", 0.75).overwrite("price", 100.0)
    tonnes = np.linspace(0.0, 1.0, n) * YEAR
    pushes.play(tonnes=tonnes).to_end()
    holds.play().to_end()
    assert (holds.present - pushes.present).max() < 1e-9 * 100.0 * YEAR


# --- with risk ---------------------------------------------------------------------------------------
def test_circles_earn_nothing_on_average_where_prices_move():
    n = 100_000
    cost, _ = circle(large(volatility=0.30), random_trades(5, n))
    mean, error = mean_and_error(cost / (100.0 * YEAR))
    assert error > 1e-4
    assert abs(mean) < 4 * error


@pytest.mark.parametrize("follows", [1.0, -1.0], ids=["momentum", "contrarian"])
def test_nor_do_rules_that_follow_the_price(follows):
    n, months = 50_000, 8
    scenario = large(volatility=0.30)
    batch = Batch(scenario, n, threads=1)
    batch.reset(np.arange(n))
    actions = np.zeros((n, Action.size), np.float32)
    profit, held, before = np.zeros(n), np.zeros(n), np.full(n, 100.0)
    for month in range(months):
        price = batch.market()["long_price"]
        wanted = 0.1 * YEAR * follows * np.sign(price - before) if month < months - 1 else -held
        actions[:, Action.TRADE] = wanted / batch.market()["volume_limit"]
        batch.step(actions)
        held += batch.flows()["bought"] - batch.flows()["sold"]
        profit -= batch.discount**month * batch.flows()["cost"] / (100.0 * YEAR)
        before = price
    mean, error = mean_and_error(profit)
    assert error > 1e-4
    assert abs(mean) < 4 * error


def test_a_circle_around_the_gap_earns_nothing_on_average():
    """The front is bought and sold within its own life, at whatever discount or premium."""
    scenario = made.scenario(
        made.regime(2015, 2015, banking=made.LAPSES),
        made.firm(base=YEAR, path={"2015": 1e-12}),
        made.market(gap={"2015": made.two_sided(0.25)}, permanent_impact=1.0, volume_share=1.0),
    )
    cost, _ = circle(scenario, random_trades(13, 20_000, 0.1 * YEAR))
    mean, error = mean_and_error(cost / (100.0 * YEAR))
    assert error > 1e-5
    assert mean > -4 * error


def test_a_linked_market_is_too_large_to_be_moved():
    plain = large()
    with pytest.raises(ValidationError, match="permanent_impact: a linked market is too large to be moved"):
        Scenario.model_validate(plain.model_dump() | {"links": [link("full", two_way=True).model_dump()]})


def test_units_that_lapse_push_no_less():
    """What is refused at the deadline lapses; the price stays where the purchase left it."""
    walk = Walk(large(years=2)).through("2016-05").play(tonnes=0.2 * YEAR, bank=-1.0)
    assert walk.flows["lapsed"][0] == pytest.approx(1.2 * YEAR, rel=1e-6)
    assert walk["log_price"] == pytest.approx(math.log(100.0) + 18 * 0.05 / 12 + 0.1, abs=1e-8)
    assert Action.BANK == 5
