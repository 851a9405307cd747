"""Two linked markets in one period with linear marginal costs and nothing uncertain: the textbook figures.

Marginal costs are 2 and 1 a unit cut; cuts of 30 and 20 are required. Prices are met to 1e-3, as the figures are
typed, and what is an identity to 1e-8.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.terms import Terms
from nea_env.solvers.closed_form.links import (
    full_link,
    restricted_link,
    value_of_a_quota,
    value_of_the_cheaper_unit,
)
from tests.core.equilibrium.markets import linear, market

EMISSIONS = 100.0
COSTS, CUTS = (2.0, 1.0), (30.0, 20.0)


def cutting(cost: float, cut: float):
    """A market that must cut its emissions by so much, at so much a unit for each unit cut."""
    return market(
        1,
        emissions=EMISSIONS,
        supply=EMISSIONS - cut,
        **linear(cost * EMISSIONS),
        year_end=1.0,
        shortage_price=1e4,
        banks=np.linspace(-EMISSIONS, EMISSIONS, 5),
    )


HOME, PARTNER = (cutting(cost, cut) for cost, cut in zip(COSTS, CUTS, strict=True))


class Linked:
    """Prices, imports, cuts and costs of the two markets."""

    def __init__(self, type: str, quota: float = math.inf, home=HOME, partner=PARTNER, **terms):
        chain = solve_linked(home, partner, Terms(type, np.array([quota]), np.array([True]), **terms))
        x, y, state = chain.start
        node = 0, int(x), int(y), state
        assert (x, y) == (int(x), int(y))
        self.prices = chain.home_running[node], chain.partner_running[node]
        self.imports = chain.imports[node]
        self.cuts = tuple(price / cost for price, cost in zip(self.prices, COSTS, strict=True))
        self.costs = tuple(cost * cut**2 / 2 for cost, cut in zip(COSTS, self.cuts, strict=True))


def gains(linked: Linked, paid: float) -> tuple[float, float]:
    """What each saves against autarky, if home pays so much for its imports."""
    return 900.0 - linked.costs[0] - paid, 200.0 - linked.costs[1] + paid


# --- B23: a full link ---------------------------------------------------------------------------------
def test_b23_markets_apart_have_the_prices_of_their_own_cuts():
    assert Linked("none").prices == pytest.approx((60.0, 20.0), abs=1e-8)


@pytest.mark.parametrize("type", ["full", "border_fee", "one_way"])
def test_b23_a_full_link_has_one_price(type):
    linked = Linked(type)
    assert linked.prices == pytest.approx((33.333, 33.333), abs=1e-3)
    assert sum(linked.cuts) == pytest.approx(50.0, abs=1e-8)


def test_b23_both_gain_from_trade():
    linked, expected = Linked("quota", two_way=True), full_link(COSTS, CUTS)
    assert linked.imports == pytest.approx(expected.imports[0], abs=1e-6)
    assert gains(linked, linked.imports * linked.prices[0]) == pytest.approx(expected.gains, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_b23_a_pool_of_any_two_systems_has_the_price_at_which_their_cuts_add_up(seed):
    draws = np.random.default_rng(seed)
    slopes, cuts = draws.uniform(0.5, 3.0, 2), draws.uniform(5.0, 40.0, 2)
    expected = full_link(slopes, cuts)
    linked = Linked("full", home=cutting(slopes[0], cuts[0]), partner=cutting(slopes[1], cuts[1]))
    assert linked.prices == pytest.approx((expected.price,) * 2, rel=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_b24_b25_any_two_systems_under_a_quota_an_exchange_rate_or_a_fee(seed):
    draws = np.random.default_rng(seed)
    slopes, cuts = draws.uniform(0.5, 3.0, 2), draws.uniform(5.0, 30.0, 2)
    quota, rate, fee = [
        (draws.uniform(0.0, 10.0), 1.0, 0.0),
        (np.inf, draws.uniform(0.7, 1.4), 0.0),
        (np.inf, 1.0, draws.uniform(0.0, 0.5)),
    ][seed % 3]
    expected = restricted_link(slopes, cuts, quota, fee, rate)
    home, partner = cutting(slopes[0], cuts[0]), cutting(slopes[1], cuts[1])
    linked = Linked("quota", quota, home=home, partner=partner, units=1.0 / rate, fee=fee)
    assert linked.prices == pytest.approx(expected.prices, rel=1e-6)


def test_b23_the_cheap_market_exports_where_it_is_the_home_market():
    linked = Linked("quota", 0.0, home=PARTNER, partner=HOME, two_way=True)
    assert linked.imports == pytest.approx(-13.333, abs=1e-3)
    assert linked.prices == pytest.approx((33.333, 33.333), abs=1e-3)


@pytest.mark.parametrize("type", ["one_way", "quota"])
def test_b23_nothing_crosses_to_the_cheap_market_where_it_alone_may_import(type):
    linked = Linked(type, home=PARTNER, partner=HOME)
    assert linked.imports == 0.0
    assert linked.prices == pytest.approx((20.0, 60.0), abs=1e-8)


# --- B24: a quota -------------------------------------------------------------------------------------
def test_b24_a_quota_leaves_a_wedge():
    linked, expected = Linked("quota", 5.0), restricted_link(COSTS, CUTS, quota=5.0)
    assert linked.prices == pytest.approx((50.0, 25.0), abs=1e-8)
    assert linked.prices == pytest.approx(expected.prices) and expected.wedge == 25.0
    assert linked.imports == expected.imports == 5.0
    assert sum(gains(linked, 0.0)) == pytest.approx(expected.gain, abs=1e-6)


@pytest.mark.parametrize("quota", [2.0, 5.0, 11.0])
def test_b24_the_wedge_is_what_one_more_unit_of_quota_saves(quota):
    less, more = Linked("quota", quota - 0.01), Linked("quota", quota + 0.01)
    saved = (sum(less.costs) - sum(more.costs)) / 0.02
    home, partner = Linked("quota", quota).prices
    assert saved == pytest.approx(home - partner, abs=1e-6)
    assert saved == pytest.approx(restricted_link(COSTS, CUTS, quota).wedge, abs=1e-6)


@pytest.mark.parametrize("tau, value", [(0.1, 112.5), (0.5, 62.5), (1.0, 0.0), (1.5, 0.0)])
def test_b24_a_price_taker_uses_its_quota_if_the_price_with_the_cost_of_trade_is_lower(tau, value):
    home, partner = Linked("quota", 5.0).prices
    bought = np.linspace(0.0, 5.0, 101)  # of the 100 units that it needs
    cost = home * (100.0 - bought) + partner * (1.0 + tau) * bought
    assert cost[0] - cost.min() == pytest.approx(value, abs=1e-6)
    assert value_of_a_quota(home, partner * (1.0 + tau), 5.0) == pytest.approx(value)


# --- fees: trade stops where what is saved pays the fee --------------------------------------------------
@pytest.mark.parametrize("type", ["border_fee", "quota", "one_way"])
def test_a_fee_stops_trade_early(type):
    linked = Linked(type, fee=0.3)  # (60 - 2 g) 0.7 = 20 + g
    assert linked.imports == pytest.approx(22.0 / 2.4, abs=1e-6)
    assert linked.prices == pytest.approx((41.667, 29.167), abs=1e-3)


def test_a_fee_above_the_gap_stops_all_trade():
    linked = Linked("border_fee", fee=0.7)  # 60 x 0.3 < 20
    assert linked.imports == 0.0


def test_exports_pay_the_fee_as_well():
    linked = Linked("border_fee", fee=0.3, home=PARTNER, partner=HOME)  # (20 + g) 1.3 = 60 - 2 g
    assert linked.imports == pytest.approx(-34.0 / 3.3, abs=1e-6)


# --- B25: an exchange rate; one unit of the partner covers rho units at home -------------------------------
@pytest.mark.parametrize(
    "rho, prices, change", [(0.8, (40.351, 32.281), -2.456), (1.25, (26.667, 33.333), 3.333)], ids=["0.8", "1.25"]
)
@pytest.mark.parametrize("type", ["exchange_rate", "discount", "quota"])
def test_b25_exchange_rate(type, rho, prices, change):
    linked = Linked(type, units=1.0 / rho)
    assert linked.prices == pytest.approx(prices, abs=1e-3)
    assert 50.0 - sum(linked.cuts) == pytest.approx(change, abs=1e-3)
    if type == "quota":
        assert (rho - 1.0) * linked.imports / rho == pytest.approx(change, abs=1e-3)


def test_money_and_size_change_no_quantity():
    money, size = 180.0, 7.0
    smaller = market(
        1,
        emissions=EMISSIONS / size,
        supply=(EMISSIONS - CUTS[1]) / size,
        **linear(COSTS[1] * EMISSIONS / money),
        year_end=1.0,
        shortage_price=1e4,
        banks=np.linspace(-EMISSIONS, EMISSIONS, 5),
    )  # the same partner, counted in its own baseline emissions and money
    for type in ("quota", "full"):
        home, partner = Linked(type, partner=smaller, rate=money, scale=size).prices
        assert (home, money * partner) == pytest.approx((33.333, 33.333), abs=1e-3)


# --- B26: the right to hand in the cheaper of two units (Margrabe 1978) -----------------------------------
def test_b26_the_right_to_swap_units_is_worth_margrabes_price():
    first, second, sd, other_sd, rho, rate = 60.0, 55.0, 0.3, 0.4, 0.2, 0.05
    draws = np.random.default_rng(26).standard_normal((2, 1_000_000))
    other = rho * draws[0] + math.sqrt(1 - rho**2) * draws[1]
    home = first * np.exp(rate - sd**2 / 2 + sd * draws[0])
    partner = second * np.exp(rate - other_sd**2 / 2 + other_sd * other)
    paid = np.exp(-rate) * np.maximum(home - partner, 0.0)
    error = paid.std() / 1_000.0
    assert error < 0.025
    assert abs(paid.mean() - value_of_the_cheaper_unit(first, second, sd, other_sd, rho, 1.0)) < 4 * error
