"""Whoever only trades earns nothing: each vintage is a discounted martingale, and frictions only cost.

The statistics are over 100,000 paths of one fixed seed range; a bound is four standard errors.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.scenario import CalendarRule, Scenario, months_between
from tests.core import scenarios as made

PATHS = 100_000
ERRORS = 4.0
YEARS = ("2015", "2016", "2017")
DEADLINES = ("2016-06", "2017-11", "2018-04")  # the last vintage is front for five months only
LOT = 0.01  # of the volume limit: a position can always be sold in one month


def trader(start: str = "2015-01", volatility: float = 0.30, **frictions: float) -> Scenario:
    """No duty, no allocation and no carry right; every vintage's front has a discount or premium."""
    calendars = {
        year: CalendarRule(allocated=f"{int(year) - 1}-12", verified=due, deadline=due)
        for year, due in zip(YEARS, DEADLINES, strict=True)
    }
    gaps = {"2015": made.two_sided(0.156), "2016": made.two_sided(0.08, 0.20), "2017": made.two_sided(0.21, 0.124)}
    return made.scenario(
        made.regime(2015, 2017, calendars=calendars, banking=made.LAPSES),
        made.firm(base=1e-6, path=dict.fromkeys(YEARS, 1e-9)),
        made.market(rate=0.03, volatility=volatility, gap=gaps, **frictions),
        start=start,
    )


def buy_and_hold(seen, memory):
    """Bought in the first month of each vintage, sold at its deadline."""
    return np.where(seen["first"], LOT, 0.0)


def sell_high(seen, memory):
    """Buys every month, sells whenever the front trades above the long price."""
    return np.where(seen["gap"] > 0.02, -1.0, LOT)


def buy_the_discount(seen, memory):
    """Buys what trades below the long price."""
    return np.where(seen["gap"] < -0.02, LOT, 0.0)


def momentum(seen, memory):
    """Buys after a rise, sells after a fall."""
    rose = seen["price"] > memory.get("price", seen["price"])
    memory["price"] = seen["price"]
    return np.where(rose, LOT, -1.0)


def contrarian(seen, memory):
    """Buys after a fall, sells after a rise."""
    return np.where(momentum(seen, memory) > 0, -1.0, LOT)


def last_month(seen, memory):
    """Bought one month before the deadline, sold in it."""
    return np.where(seen["to_deadline"] == 1, LOT, 0.0)


RULES = (buy_and_hold, sell_high, buy_the_discount, momentum, contrarian, last_month)


def profit(scenario: Scenario, rule, paths: int = PATHS, discount: float | None = None) -> np.ndarray:
    """Discounted profit (paths,), in units of one lot at the reference price; everything is sold by each deadline."""
    batch = Batch(scenario, paths, threads=1)
    batch.reset(np.arange(paths))
    lot = LOT * scenario.market.frictions.volume_share * scenario.firm.annual_emissions * scenario.market.price
    discount = discount or batch.discount
    earned, memory, first = np.zeros(paths), {}, True
    actions = np.zeros((paths, Action.size), np.float32)
    observation = batch.observe()
    for month in range(int(batch.horizon[0])):
        market = batch.market()
        seen = {
            "first": first,
            "price": market["front_price"],
            "gap": market["front_price"] / market["long_price"] - 1,
            "to_deadline": round(24 * float(observation[0, OBS_INDEX["to_deadline"]])),
        }
        actions[:, Action.TRADE] = rule(seen, memory)
        first = seen["to_deadline"] == 0
        if first:
            actions[:, Action.TRADE] = -1.0
        observation, _, _ = batch.step(actions)
        earned -= discount**month * batch.flows()["cost"] / lot
    return earned


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / len(values) ** 0.5)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("start", "volatility"),
    [("2015-01", 0.30), pytest.param("2015-10", 0.0, marks=pytest.mark.slow)],
    ids=["all", "only_x"],
)
def test_a_trader_earns_nothing(rule, start, volatility):
    mean, error = mean_and_error(profit(trader(start, volatility), rule))
    assert error > 1e-4, "nothing was at stake"
    assert abs(mean) < ERRORS * error


@pytest.mark.parametrize("rule", RULES)
def test_frictions_only_cost(rule):
    free = profit(trader(), rule, 10_000)
    costly = profit(trader(spread=0.02, impact=0.02), rule, 10_000)
    assert (costly <= free + 1e-9).all()
    mean, error = mean_and_error(costly)
    assert mean < ERRORS * error
    assert (free - costly).mean() > 0.015  # at least the spread on a round trip with one lot


def test_half_a_per_cent_a_year_would_be_found():
    scenario = trader(volatility=0.0)
    mean, error = mean_and_error(profit(scenario, buy_and_hold, discount=math.exp(-0.025 / 12)))
    assert mean > ERRORS * error


@pytest.fixture(
    scope="module", params=[("2015-01", 0.30), ("2015-10", 0.0), ("2015-01", 0.0)], ids=["all", "late", "only_x"]
)
def paths(request):
    """Long price, front price (months, paths), the month of each deadline and the discount factor."""
    scenario = trader(*request.param)
    batch = Batch(scenario, PATHS, threads=1)
    batch.reset(np.arange(PATHS))
    long, front = [], []
    for _ in range(int(batch.horizon[0])):
        market = batch.market()
        long.append(market["long_price"])
        front.append(market["front_price"])
        batch.step(np.zeros((PATHS, Action.size), np.float32))
    due = [months_between(scenario.start, deadline) for deadline in DEADLINES]
    return np.array(long), np.array(front), due, batch.discount


def vintage(number: int, long, front, due):
    """One named vintage to its deadline: at the long price until it is front, (months, paths)."""
    becomes_front = due[number - 1] + 1 if number else 0
    return np.concatenate([long[:becomes_front], front[becomes_front : due[number] + 1]])


@pytest.mark.parametrize("number", range(3))
def test_each_vintage_is_a_discounted_martingale_month_by_month(paths, number):
    long, front, due, discount = paths
    price = vintage(number, long, front, due)
    states = {
        "always": np.ones_like(price[:-1], bool),
        "at a discount": price[:-1] < long[: len(price) - 1] * 0.99,
        "at a premium": price[:-1] > long[: len(price) - 1] * 1.01,
        "above the reference price": price[:-1] > 100.0,
    }
    for name, holds in states.items():
        for month in range(len(price) - 1):
            gain = holds[month] * (discount * price[month + 1] - price[month])
            mean, error = mean_and_error(gain)
            assert abs(mean) <= ERRORS * error + 1e-9, f"month {month}, {name}: {mean:.4g} (error {error:.2g})"


@pytest.mark.parametrize("number", range(3))
def test_each_vintage_is_worth_todays_price_at_its_deadline(paths, number):
    long, front, due, discount = paths
    price = vintage(number, long, front, due)
    mean, error = mean_and_error(discount ** (len(price) - 1) * price[-1])
    assert abs(mean - price[0, 0]) < ERRORS * error


def test_the_gap_is_bounded_spread_and_gone_after_the_deadline(paths):
    long, front, due, _ = paths
    gap = front / long - 1
    for number, (down, up) in enumerate([(0.156, 0.156), (0.08, 0.20), (0.21, 0.124)]):
        at_deadline = gap[due[number]]
        assert at_deadline.min() >= -down - 1e-12 and at_deadline.max() <= up + 1e-12
        assert at_deadline.std() > 0.5 * (down * up) ** 0.5  # most of the news is out
    assert gap[0].max() == gap[0].min() == 0


def test_the_gap_opens_twelve_months_before(paths):
    long, front, due, _ = paths
    gap = front / long - 1
    assert (gap[: max(0, due[0] - 11)] == 0).all()
    assert gap[max(1, due[0] - 11)].std() > 0
    assert (gap[due[0] + 1 : due[1] - 11] == 0).all()


def test_the_rolled_front_series_is_no_martingale(paths):
    """At a roll the front jumps back to the long price: what was at a discount rises, which nobody can buy."""
    long, front, due, discount = paths
    roll = due[0]
    cheap = front[roll] < 0.95 * long[roll]
    mean, error = mean_and_error((discount * front[roll + 1] - front[roll])[cheap])
    assert mean > 20 * error
