"""When links open and break, what that does to prices, and how prices on either side move meanwhile."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.play.links import compensated_jump
from nea_env.scenario import Scenario
from tests.asserts import assert_same
from tests.core import scenarios as made
from tests.core.partners import link, mean_and_error, played
from tests.core.walk import Walk

PATHS = 100_000
MONTHLY = math.exp(-0.03 / 12)
AWAY = ("long_price", "foreign_price_0", "local_price_0", "fx_0", "link_0")


def home(*links, volatility: float = 0.30, years: int = 2, **firm) -> Scenario:
    """A price of 100 that grows at 3 % a year; due in June, from January 2015."""
    return made.scenario(
        made.regime(2015, 2014 + years, banking=made.LAPSES),
        made.firm(**firm),
        made.market(rate=0.03, volatility=volatility),
        links=links,
    )


def moves(price: np.ndarray) -> np.ndarray:
    """Changes of the log, (months - 1, n)."""
    return np.diff(np.log(price), axis=0)


# --- a start on a known date -------------------------------------------------------------------------
ANNOUNCED = {
    "full": link("full", 60.0, rate=1.2, fx_volatility=0.1, two_way=True, starts="2015-07"),
    "exchange_rate": link("exchange_rate", 60.0, discount_rate=0.03, exchange_rate=1.5, starts="2015-07"),
    "quota": link("quota", 60.0, quota=0.1, low=0.4, starts="2015-07"),
    "border_fee": link("border_fee", 60.0, fee=0.1, starts="2015-07"),
    "dear": link("one_way", 160.0, high=2.0, starts="2015-07"),
    "one_way": link("one_way", 60.0, quota=0.1, starts="2015-07"),
}


BOUNDS = {
    "full": (1.0, 1.0),
    "exchange_rate": (1.0, 1.0),
    "quota": (0.4, 1.0),
    "border_fee": (0.9, 1.1),
    "dear": (1.0, 2.0),
    "one_way": (0.01, 10.0),  # has a price of its own
}


@pytest.fixture(scope="module", params=ANNOUNCED)
def announced(request):
    """Name of the link, and what the market shows over 20 months, (months, 2,000)."""
    return request.param, played(home(ANNOUNCED[request.param]), 2_000, 20, AWAY)[0]


def test_the_home_price_is_the_same_with_and_without_an_announced_link(announced):
    _, seen = announced
    alone = played(home(), 2_000, 20, ("long_price", "front_price"))[0]
    assert_same(seen["long_price"], alone["long_price"])


def test_the_link_is_open_from_its_month_on(announced):
    _, seen = announced
    assert (seen["link_0"][:6] == 0.0).all()
    assert (seen["link_0"][6:] == 1.0).all()


def test_while_open_the_ratio_of_prices_keeps_to_its_bounds(announced):
    name, seen = announced
    ratio = seen["foreign_price_0"] / seen["long_price"]
    low, high = BOUNDS[name]
    assert ratio[6:].min() >= low - 1e-12
    assert ratio[6:].max() <= high + 1e-12
    if low < high:
        assert ratio[-1].std() > 0.1 * min(1.0, high - low)
    assert np.std(ratio[5]) > 0.1  # before, it goes its own way


def test_units_stand_between_a_tied_price_and_the_local_one(announced):
    name, seen = announced
    if name == "exchange_rate":  # one and a half of the partner's units for a tonne
        np.testing.assert_allclose(seen["local_price_0"][6:] * 1.5, seen["long_price"][6:], rtol=1e-12)
    if name == "full":
        np.testing.assert_allclose(seen["local_price_0"][6:] * seen["fx_0"][6:], seen["long_price"][6:], rtol=1e-12)


def test_without_a_date_the_link_is_open_from_the_start():
    seen = played(home(link("full", 60.0, two_way=True)), 10, 3, AWAY)[0]
    assert (seen["link_0"] == 1.0).all()
    np.testing.assert_array_equal(seen["foreign_price_0"], seen["long_price"])


def test_partners_in_the_same_money_have_a_rate_of_one():
    """Whatever discount rates the two markets state: there is one money."""
    partner = link("one_way", 60.0, discount_rate=0.08, quota=0.1)
    seen = played(home(partner), 10, 20, AWAY)[0]
    np.testing.assert_allclose(seen["fx_0"], 1.0, rtol=1e-12)
    np.testing.assert_allclose(seen["local_price_0"], seen["foreign_price_0"], rtol=1e-12)


def test_a_link_of_type_none_never_opens():
    seen = played(home(link("none", 60.0)), 200, 20, AWAY)[0]
    assert (seen["link_0"] == 0.0).all()
    assert seen["foreign_price_0"][0, 0] == pytest.approx(60.0)


# --- a start by chance -------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=[0.6, 0.0], ids=["jumps", "stays"])
def by_chance(request):
    """Weight of the partner, and what the market shows: a tenth a month from July 2015 on."""
    partner = link("full", 40.0, two_way=True, starts="2015-07", start_chance=0.1, weight=request.param)
    return request.param, played(home(partner), PATHS, 18, AWAY)[0]


def test_the_share_of_links_started_grows_by_the_chance(by_chance):
    _, seen = by_chance
    assert (seen["link_0"][:6] == 0.0).all()
    for month in range(6, 18):
        started = 1.0 - 0.9 ** (month - 5)
        error = math.sqrt(started * (1.0 - started) / PATHS)
        assert abs(seen["link_0"][month].mean() - started) < 4 * error, f"month {month}"
    assert (np.diff(seen["link_0"], axis=0) >= 0.0).all()  # once open it stays


def test_a_jump_to_the_common_price_is_made_up_for_while_it_waits(by_chance):
    weight, seen = by_chance
    price = seen["long_price"]
    for month in range(1, 18):
        mean, error = mean_and_error(MONTHLY**month * price[month])
        assert abs(mean - 100.0) < 4 * error, f"month {month}"
    opens = (seen["link_0"][1:] > 0.0) & (seen["link_0"][:-1] == 0.0)
    waits = (seen["link_0"][1:] == 0.0) & (np.arange(1, 18) >= 6)[:, None]
    cheap = seen["foreign_price_0"][:-1] < 0.6 * price[:-1]
    jumped, waited = moves(price)[opens & cheap].mean(), moves(price)[waits & cheap].mean()
    assert (jumped < -0.2) == (weight > 0.0)
    assert (waited > 0.02) == (weight > 0.0)


@pytest.mark.parametrize("sign", ["cheap", "dear"])
def test_who_bets_on_the_jump_earns_nothing(by_chance, sign):
    """Held while the link has not come and the partner is cheaper, or dearer, than home."""
    _, seen = by_chance
    ratio = seen["foreign_price_0"] / seen["long_price"]
    holds = (seen["link_0"] == 0.0) & (ratio < 0.5 if sign == "cheap" else ratio > 0.5)
    present = MONTHLY ** np.arange(18)[:, None] * seen["long_price"]
    mean, error = mean_and_error((holds[:-1] * np.diff(present, axis=0)).sum(axis=0))
    assert error > 0.01
    assert abs(mean) < 4 * error


def test_from_its_start_the_foreign_price_is_the_home_price(by_chance):
    _, seen = by_chance
    opened = seen["link_0"] > 0.0
    np.testing.assert_allclose(seen["foreign_price_0"][opened], seen["long_price"][opened], rtol=1e-12)


def test_a_jump_and_its_absence_average_to_a_factor_of_one():
    """A fall of 0.3 in the log at a chance of 0.1: 0.1 x 0.740818 + 0.9 x 1.028798 = 1."""
    assert compensated_jump(-0.3, 0.1, True) == -0.3
    assert math.exp(compensated_jump(-0.3, 0.1, False)) == pytest.approx(1.028798, abs=1e-6)
    assert compensated_jump(0.0, 0.1, False) == 0.0


# --- the end -------------------------------------------------------------------------------------------
def test_the_share_of_links_broken_grows_by_the_chance():
    partner = link("full", 100.0, two_way=True, ends="2015-07", end_chance=0.2)
    seen = played(home(partner), PATHS, 12, ("link_0",))[0]
    assert (seen["link_0"][:6] == 1.0).all()
    for month in range(6, 12):
        open_yet = 0.8 ** (month - 5)
        assert abs(seen["link_0"][month].mean() - open_yet) < 4 * math.sqrt(open_yet * (1.0 - open_yet) / PATHS)
    assert (np.diff(seen["link_0"], axis=0) <= 0.0).all()  # once broken it stays


@pytest.mark.parametrize("two_way", [True, False])
def test_after_a_break_nobody_trades_and_what_is_held_still_counts(two_way):
    """1 Mt is due in June 2016; 0.2 Mt of foreign units were bought before the link broke in January 2016."""
    partner = link("full", 100.0, two_way=two_way, ends="2016-01")
    scenario = home(partner, base=1e-6, path={"2016": 1e-6}).model_copy(
        update={"market": made.market(volatility=0.3, volume_share=0.2)}
    )
    walk = Walk(scenario).through("2015-05").play(foreign=1.0).through("2015-12")
    assert walk["foreign"] == pytest.approx(200_000)
    for _ in range(3):
        assert not walk.batch.action_mask()[0, 6]
        assert walk.batch.market()["link_0"][0] == 0.0
        walk.play(foreign=1.0).play(foreign=-1.0)
    assert walk.total["foreign_sold"][0] == 0.0
    assert walk.total["foreign_bought"][0] == pytest.approx(200_000)
    assert walk.total["surrendered"][0] == pytest.approx(200_000)
    assert walk.total["penalised"][0] == pytest.approx(800_000)
    assert walk["foreign"] == 0.0


def test_after_a_break_the_ratio_goes_back_to_where_it_started():
    partner = link("full", 50.0, two_way=True, starts="2015-03", ends="2015-07", persistence=0.9, wander=0.01)
    seen = played(home(partner, years=3), 4_000, 36, AWAY)[0]
    logs = np.log(seen["foreign_price_0"] / seen["long_price"]).mean(axis=1)
    assert logs[5] == 0.0
    for month in (6, 8, 12, 30):  # the link ends in month 6; a tenth of the distance goes each month
        expected = math.log(0.5) * (1.0 - 0.9 ** (month - 5))
        assert logs[month] == pytest.approx(expected, abs=0.003), f"month {month}"


# --- before a link, and two partners ------------------------------------------------------------------
def test_before_a_link_the_ratio_is_the_measured_autoregression():
    """Persistence 0.976 and a sd of 0.145 a month, of the log ratio, whatever the home price does."""
    seen = played(home(link("none", 60.0), years=8), 2_000, 90, AWAY)[0]
    away = np.log(seen["foreign_price_0"] / seen["long_price"]) - math.log(0.6)
    before, after = away[:-1].ravel(), away[1:].ravel()
    slope = (before @ after) / (before @ before)
    news = after - slope * before
    assert abs(slope - 0.976) < 3 * news.std() / math.sqrt(before @ before)
    assert abs(news.std() - 0.145) < 3 * 0.145 / math.sqrt(2 * len(news))
    assert abs(np.corrcoef(news, moves(seen["long_price"]).ravel())[0, 1]) < 3 / math.sqrt(len(news))


def test_shocks_of_home_partner_and_rate_have_their_volatilities_and_correlation():
    partner = link(
        "one_way", 60.0, rate=0.5, fx_volatility=0.12, volatility=0.4, discount_rate=0.06, quota=0.1, correlation=0.5
    )
    seen = played(home(partner), 20_000, 18, AWAY)[0]
    own, local, rate = (moves(seen[name]).ravel() for name in ("long_price", "local_price_0", "fx_0"))
    n = len(own)
    for found, sd in ((own, 0.30), (local, 0.40), (rate, 0.12)):
        assert abs(found.std() * math.sqrt(12) - sd) < 3 * sd / math.sqrt(2 * n)
    assert abs(np.corrcoef(own, local)[0, 1] - 0.5) < 3 * 0.75 / math.sqrt(n)
    assert abs(np.corrcoef(own, rate)[0, 1]) < 3 / math.sqrt(n)
    assert abs(np.corrcoef(local, rate)[0, 1]) < 3 / math.sqrt(n)


def test_two_partners_move_together_as_stated_and_each_with_its_own_currency():
    """Both unlinked: news of their ratios correlates by 0.6, of their rates by -0.4; none with the home price."""
    first = link("none", 60.0, rate=2.0, fx_volatility=0.1)
    second = link(
        "none", 150.0, rate=0.1, fx_volatility=0.2, name="q", currency="JPY",
        correlation_with_first=0.6, fx_correlation_with_first=-0.4,
    )  # fmt: skip
    names = ("long_price", "foreign_price_0", "foreign_price_1", "fx_0", "fx_1")
    seen = played(home(first, second), 20_000, 18, names)[0]
    assert seen["foreign_price_0"][0, 0] == pytest.approx(120.0)
    assert seen["foreign_price_1"][0, 0] == pytest.approx(15.0)
    news = []
    for k in range(2):
        away = np.log(seen[f"foreign_price_{k}"] / seen["long_price"]) - math.log((1.2, 0.15)[k])
        news.append((away[1:] - 0.976 * away[:-1]).ravel())
        assert abs(news[k].std() - 0.145) < 3 * 0.145 / math.sqrt(2 * len(news[k]))
    n = len(news[0])
    assert abs(np.corrcoef(news[0], news[1])[0, 1] - 0.6) < 3 * 0.64 / math.sqrt(n)
    rates = [moves(seen[f"fx_{k}"]).ravel() for k in range(2)]
    assert abs(np.corrcoef(rates[0], rates[1])[0, 1] + 0.4) < 3 * 0.84 / math.sqrt(n)
    for other in news:
        assert abs(np.corrcoef(other, moves(seen["long_price"]).ravel())[0, 1]) < 3 / math.sqrt(n)


def test_two_linked_partners_open_and_break_each_by_itself():
    first = link("full", 100.0, two_way=True, starts="2015-03", start_chance=0.2)
    second = link("full", 100.0, two_way=True, name="q", starts="2015-03", start_chance=0.2)
    seen = played(home(first, second), 20_000, 10, ("link_0", "link_1"))[0]
    opened = [seen[f"link_{k}"][5] for k in range(2)]
    share = 1.0 - 0.8**4
    for found in opened:
        assert abs(found.mean() - share) < 4 * math.sqrt(share * (1 - share) / 20_000)
    assert abs(np.corrcoef(opened[0], opened[1])[0, 1]) < 4 / math.sqrt(20_000)
