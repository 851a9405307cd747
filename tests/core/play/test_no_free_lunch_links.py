"""No link pays whoever only trades: over 100,000 paths, to four standard errors.

While a link is open the price of a foreign unit is a discounted martingale in home money, whatever its terms; the
home price is one always, and so is the rate of exchange but for the difference of the discount rates.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.scenario import Scenario
from tests.core.partners import link, mean_and_error, played
from tests.core.play.test_no_free_lunch import ERRORS, LOT, PATHS, trader

OWN = {"rate": 2.0, "fx_volatility": 0.15, "discount_rate": 0.10, "volatility": 0.40}  # the partner's money
LINKS = {
    "full": link("full", 60.0, two_way=True, **OWN),
    "exchange_rate": link("exchange_rate", 60.0, two_way=True, exchange_rate=1.25, **OWN),
    "discount": link("discount", 60.0, two_way=True, discount=0.2, **OWN),
    "border_fee": link("border_fee", 48.0, two_way=True, fee=0.1, **OWN),
    "quota": link("quota", 30.0, two_way=True, quota=0.1, low=0.3, **OWN),
    "dear": link("one_way", 70.0, high=1.8, **OWN),
    "one_way": link("one_way", 30.0, quota=0.1, correlation=0.4, **OWN),
    "full_later": link("full", 60.0, two_way=True, starts="2016-04", **OWN),
    "quota_later": link("quota", 30.0, two_way=True, quota=0.1, low=0.3, starts="2016-04", **OWN),
    "full_by_chance": link("full", 40.0, two_way=True, starts="2016-01", start_chance=0.1, weight=0.6, **OWN),
    "quota_by_chance": link("quota", 20.0, quota=0.1, low=0.3, starts="2016-01", start_chance=0.1, **OWN),
    "broken": link("quota", 30.0, quota=0.1, low=0.3, ends="2016-06", end_chance=0.2, **OWN),
}
UNITS = {"exchange_rate": 1.25, "discount": 1.25}  # 1 / (1 - 0.2)
TRADED = ("full", "exchange_rate", "discount", "full_later", "full_by_chance")  # without limit, both ways, at no fee
SERIES = ("long_price", "foreign_price_0", "local_price_0", "fx_0", "link_0")
START, MONTHS = "2015-10", 16
MONTHLY = math.exp(-0.03 / 12)


def scenario(name: str, **changes) -> Scenario:
    """The trader of ``test_no_free_lunch`` with one link; units used without limit leave the front no gap."""
    terms, plain = LINKS[name].model_copy(update=changes), trader(START, 0.30).model_dump()
    if terms.quota is None:
        plain["market"]["gap"] = {}
    return Scenario.model_validate(plain | {"links": [terms.model_dump()]})


@pytest.fixture(scope="module", params=LINKS)
def run(request):
    """Name, prices (MONTHS, PATHS) and the discounted profit (PATHS,) of trading at random, at home and abroad."""
    return request.param, *played(scenario(request.param), PATHS, MONTHS, SERIES, lot=LOT, foreign=True)


def test_foreign_prices_earn_nothing_while_the_link_is_open(run):
    name, seen, _ = run
    foreign, opened = seen["foreign_price_0"], seen["link_0"] > 0.0
    both = opened[:-1] & opened[1:]
    assert both.mean() > 0.2
    present = np.diff(foreign * MONTHLY ** np.arange(MONTHS)[:, None], axis=0)
    signs = {"always": both, "below the home price": both & (foreign < 0.7 * seen["long_price"])[:-1]}
    signs["high"] = both & (foreign > 110.0)[:-1]
    for sign, holds in signs.items():
        mean, error = mean_and_error((holds * present).sum(axis=0))
        assert abs(mean) <= ERRORS * error, f"{name}, {sign}: {mean:.3g} (error {error:.2g})"


def test_the_home_price_keeps_its_mean_whatever_links_do(run):
    name, seen, _ = run
    for month in range(1, MONTHS):
        mean, error = mean_and_error(MONTHLY**month * seen["long_price"][month])
        assert abs(mean - 100.0) < ERRORS * error, f"{name}, month {month}"


def test_the_rate_pays_the_difference_of_the_interest_rates_and_no_more(run):
    name, seen, _ = run
    for month in (1, 6, 15):
        mean, error = mean_and_error(math.exp((0.10 - 0.03) * month / 12) * seen["fx_0"][month])
        assert abs(mean - 2.0) < ERRORS * error, f"{name}, month {month}"


def test_prices_agree_across_the_border(run):
    name, seen, _ = run
    home = seen["local_price_0"] * seen["fx_0"] * UNITS.get(name, 1.0)
    np.testing.assert_allclose(seen["foreign_price_0"], home, rtol=1e-12)


def test_imports_alone_keep_their_mean_in_the_partners_money_too(run):
    """One way within a quota: the partner's market is priced at its own discount rate, and no other is."""
    name, seen, _ = run
    mean, error = mean_and_error(math.exp(-0.10 * 15 / 12) * seen["local_price_0"][15])
    start = float(seen["local_price_0"][0, 0])
    assert (abs(mean - start) < ERRORS * error) == (name == "one_way")


def test_trading_abroad_at_random_earns_nothing(run):
    name, _, profit = run
    mean, error = mean_and_error(profit)
    assert error > 1e-4, "nothing was at stake"
    if name in TRADED:
        assert abs(mean) < ERRORS * error
    else:
        assert mean < ERRORS * error
    if name == "border_fee":
        assert mean < -20 * error


@pytest.mark.parametrize("name", ["full", "full_by_chance"])
def test_a_spread_abroad_costs(name):
    _, free = played(scenario(name), 3_000, MONTHS, lot=LOT, foreign=True)
    _, costly = played(scenario(name, spread=0.05), 3_000, MONTHS, lot=LOT, foreign=True)
    assert (costly <= free + 1e-9).all()
    assert (free - costly).mean() > 0.02
