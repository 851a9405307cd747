"""Closed forms of trade, whole markets and links: figures worked out by hand, and a second method for each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytest import approx

from nea_env.solvers.closed_form import execution, links, market_power
from nea_env.solvers.closed_form import prices as markets

YEARLY = 1 / 1.05


# --- execution ----------------------------------------------------------------------------------------
def test_even_purchases():
    assert execution.cost_of_even_purchases(60.0, 120.0, 0.5, 12, [0.0, 4.0]) == approx([7500.0, 7512.079], abs=6e-4)
    assert execution.cost_of_even_purchases(60.0, 120.0, 0.5, 1, 4.0) == approx(60.0 * 120 + 0.25 * 120**2)


LQ = {"impact": 0.5, "slope": 4.0, "terminal": 50.0, "growth": 10.0, "news": 2.0, "price_news": 3.0}


def test_quadratic_compliance():
    found = execution.quadratic_compliance(60.0, 12, **LQ)
    assert found.cost == approx(1869.2004, abs=5e-5)
    assert (found.purchase, found.abatement) == approx((-4.530, 14.434), abs=5e-4)


def test_quadratic_compliance_in_one_step_by_hand():
    # from X = 10: minimise 60 q + q² / 4 + 2 a² + 25 (10 - q - a)² + 25 x 4; marginal cost m = 60 + q / 2 = 4 a
    found = execution.quadratic_compliance(60.0, 1, **LQ)
    m = 50.0 * (10.0 + 120.0) / (1 + 50.0 * 2.25)
    assert (found.purchase, found.abatement) == approx((2 * (m - 60), m / 4))
    q, a = found.purchase, found.abatement
    assert found.cost == approx(60 * q + q**2 / 4 + 2 * a**2 + 25 * (10 - q - a) ** 2 + 100)


def test_quadratic_compliance_on_paths():
    """The best policy replayed: from each state it is the first action of the steps that are left."""
    draws, paths = np.random.default_rng(30), 100_000
    missing, price, cost = np.zeros(paths), np.full(paths, 60.0), np.zeros(paths)
    certain = {name: LQ[name] for name in ("impact", "slope", "terminal", "growth")}
    for left in range(12, 0, -1):
        at = [execution.quadratic_compliance(p, left, deficit=x, **certain) for p, x in ((0, 0), (1, 0), (0, 1))]
        base, by_price, by_gap = (np.array(each[1:]) for each in at)
        both = base + np.outer(price, by_price - base) + np.outer(missing, by_gap - base)
        bought, abated = both.T
        cost += price * bought + 0.25 * bought**2 + 2.0 * abated**2
        missing += 10.0 + 2.0 * draws.standard_normal(paths) - bought - abated
        price += 3.0 * draws.standard_normal(paths)
    cost += 25.0 * missing**2
    assert cost.std() / paths**0.5 < 3.0
    assert cost.mean() == approx(1869.2004, abs=4 * cost.std() / paths**0.5)


# --- prices -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("later", "price", "bank"), [((10, 40), 17.073, 7.073), ((0, 15), 10.0, 0.0)])
def test_bank_that_may_run_out(later, price, bank):
    found = markets.price_with_a_bank_that_may_run_out(10.0, later, (0.5, 0.5), YEARLY)
    assert (found.price, found.bank) == approx((price, bank), abs=5e-4)
    assert found.price >= YEARLY * found.next_price - 1e-12


@pytest.mark.parametrize("seed", range(20))
def test_bank_that_may_run_out_meets_its_condition(seed):
    draws = np.random.default_rng(seed)
    needs, odds = draws.normal(10.0, 20.0, 5), draws.dirichlet(np.ones(5))
    now, slope = draws.normal(0.0, 10.0), draws.uniform(0.5, 2.0)
    found = markets.price_with_a_bank_that_may_run_out(now, needs, odds, 0.95, slope)
    assert found.price == approx(slope * max(now + found.bank, 0.0)) and found.bank >= max(-now, 0.0)
    following = 0.95 * slope * odds @ np.maximum(needs - found.bank, 0.0)
    assert found.price >= following - 1e-9
    if found.bank > max(-now, 0.0):
        assert found.price == approx(following, abs=1e-9)


def test_price_of_a_fine():
    assert markets.price_of_a_fine(100.0, 102.0, 100.0, 5.0, 1.0, 0.03) == approx(63.605, abs=5e-4)
    assert markets.price_of_a_fine(100.0, 100.0, 100.0, 5.0, [0.25, 4.0], 0.0) == approx([50.0, 50.0])
    made_good = markets.price_of_a_fine(100.0, 102.0, 100.0, 5.0, 1.0, 0.03, carried=20.0)
    assert made_good == approx(63.605 + 20.0 * math.exp(-0.03), abs=5e-4)


def test_a_supply_that_answers_the_bank():
    variance = markets.price_variance_with_a_responsive_supply(1.0, 1.0, [0.0, 0.25, 0.5, 1.0], 35)
    assert variance == approx([35.0, 2.2857, 1.3333, 1.0], abs=1e-4)


# --- links --------------------------------------------------------------------------------------------
def test_full_link():
    found = links.full_link((2.0, 1.0), (30.0, 20.0))
    assert found.price == approx(33.333, abs=5e-4)
    assert found.imports == approx([13.333, -13.333], abs=5e-4)
    assert found.gains == approx([177.78, 88.89], abs=5e-3)


def test_a_quota_leaves_a_wedge():
    found = links.restricted_link((2.0, 1.0), (30.0, 20.0), quota=5.0)
    assert found.prices.tolist() == [50.0, 25.0]
    assert (found.imports, found.wedge, found.gain) == (5.0, 25.0, 162.5)
    more = links.restricted_link((2.0, 1.0), (30.0, 20.0), quota=5.001)
    assert (more.gain - found.gain) / 0.001 == approx(25.0, abs=2e-3)


def test_without_limits_it_is_the_full_link():
    found, whole = links.restricted_link((2.0, 1.0), (30.0, 20.0)), links.full_link((2.0, 1.0), (30.0, 20.0))
    assert found.prices == approx([whole.price] * 2) and found.gain == approx(whole.gains.sum())
    assert found.wedge == 0.0
    assert links.restricted_link((1.0, 2.0), (20.0, 30.0)).imports == 0.0  # the cheap system would export


def test_a_fee_stops_trade_early():
    found = links.restricted_link((2.0, 1.0), (30.0, 20.0), fee=0.3)  # (60 - 2 g) 0.7 = 20 + g
    assert found.imports == approx(22.0 / 2.4) and found.prices == approx([41.667, 29.167], abs=5e-4)


@pytest.mark.parametrize(
    ("rate", "prices", "change"), [(0.8, (40.351, 32.281), -2.456), (1.25, (26.667, 33.333), 3.333)]
)
def test_an_exchange_rate_changes_emissions(rate, prices, change):
    found = links.restricted_link((2.0, 1.0), (30.0, 20.0), exchange=rate)
    assert found.prices == approx(prices, abs=5e-4) and found.emissions == approx(change, abs=5e-4)


def test_use_of_a_quota():
    assert links.value_of_a_quota(50.0, 25.0 * np.array([1.1, 1.5, 2.0, 2.5]), 5.0) == approx([112.5, 62.5, 0.0, 0.0])


def test_cheaper_unit():
    assert links.value_of_the_cheaper_unit(60.0, 55.0, 0.3, 0.4, 0.2, 1.0) == approx(12.9114, abs=5e-5)
    z = np.linspace(-9, 9, 1_801)
    chance = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    first = 60.0 * np.exp(-0.045 + 0.3 * z)
    second = 55.0 * np.exp(-0.08 + 0.4 * (0.2 * z[:, None] + math.sqrt(0.96) * z))
    assert chance @ np.maximum(first[:, None] - second, 0.0) @ chance == approx(12.9114, abs=1e-3)


# --- market power -------------------------------------------------------------------------------------
@pytest.mark.parametrize("cuts", [(10.0, 30.0), (40.0, 5.0), (20.0, 20.0)])
def test_a_dominant_firm_trades_too_little(cuts):
    found = market_power.dominant_firm((1.0, 2.0), cuts)
    sold = np.linspace(-40.0, 30.0, 70_001)
    profit = 2.0 * (cuts[1] - sold) * sold - np.maximum(cuts[0] + sold, 0.0) ** 2 / 2.0
    assert found.sold == approx(sold[np.argmax(profit)], abs=1e-3)
    assert found.price == approx(2.0 * (cuts[1] - found.sold))
    assert found.competitive_price == approx(sum(cuts) / 1.5)
    assert (found.price > found.competitive_price) == (found.sold > 0)


def test_a_dominant_firm_that_trades_nothing_leaves_the_price_as_it_is():
    found = market_power.dominant_firm((1.0, 2.0), (20.0, 10.0))
    assert found.sold == 0.0 and found.price == approx(found.competitive_price)
