"""Closed forms of one firm: figures worked out by hand, and a second method for each, without a simulator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytest import approx

from nea_env.solvers.closed_form import abatement, banking, output
from nea_env.solvers.closed_form import penalty as fines
from nea_env.solvers.closed_form import uncertainty as risk
from nea_env.solvers.closed_form.abatement import ExponentialMarginalCost, LinearMarginalCost

YEARLY = 1 / 1.05
CURVES = [LinearMarginalCost(4.0), LinearMarginalCost(4.0, 10.0), ExponentialMarginalCost(20.0, 18.3, 100.0, 0.15)]


# --- abatement --------------------------------------------------------------------------------------
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("price", [0.0, 30.0, 60.0, 250.0])
def test_marginal_cost_meets_the_price(price, curve):
    tried = np.linspace(0.0, 70.0, 70_001)
    tried = tried[tried <= (curve.most if isinstance(curve, LinearMarginalCost) else 15.0)]
    gain = price * tried - curve.cost(tried)
    assert abatement.abatement_at_price(price, curve) == approx(tried[np.argmax(gain)], abs=1e-3)
    assert abatement.gain_from_abatement(price, curve) == approx(gain.max(), abs=1e-4)


def test_gain_is_half_the_square_of_the_price_over_the_slope():
    assert abatement.gain_from_abatement([60.0, 30.0], LinearMarginalCost(4.0)) == approx([450.0, 112.5])


def test_allocation_is_worth_its_discounted_price():
    assert abatement.value_of_allocation(60.0 * math.exp(0.1), 2.0, 0.05) == approx(60.0)  # of a martingale: today's


@pytest.mark.parametrize(("required", "abated"), [(-5.0, 9.0), (9.5, 9.5), (30.0, 11.0)])
def test_between_bid_and_ask_nothing_is_traded(required, abated):
    curve = LinearMarginalCost(10.0)
    assert abatement.abatement_between_bid_and_ask(required, 90.0, 110.0, curve) == approx(abated)
    tried = np.linspace(0.0, 20.0, 20_001)
    bought = required - tried
    cost = curve.cost(tried) + np.where(bought > 0, 110.0, 90.0) * bought
    assert tried[np.argmin(cost)] == approx(abated, abs=1e-3)


def test_no_spread_no_band():
    required = np.linspace(-10, 20, 31)
    found = abatement.abatement_between_bid_and_ask(required, 100.0, 100.0, LinearMarginalCost(10.0))
    np.testing.assert_allclose(found, 10.0)


@pytest.mark.parametrize("emissions", [1.0, 1.2, 1.27, 1.3, 1.36, 1.8])
def test_a_deficit_cap_has_two_targets(emissions):
    curve = ExponentialMarginalCost(20.0, 18.3, emissions, 0.15)
    tried = np.linspace(0.0, 0.15 * emissions, 100_001)
    left = emissions - tried
    cost = 100.0 * (np.minimum(left, 1.0 + 0.2 * left) - 1.0) + curve.cost(tried)
    found = abatement.abatement_under_deficit_cap(100.0, emissions, 1.0, 0.2, curve)
    assert found.cost == approx(cost.min(), abs=1e-6)
    assert found.abatement == approx(tried[np.argmin(cost)], abs=1e-5)
    target = 100.0 if found.abatement > emissions * math.log(4.0) / 18.3 else 20.0
    assert found.abatement == approx(curve.abatement(target))


def test_credits():
    found = abatement.offset_use(100.0, [50.0, 99.0, 100.0, 101.0], 10.0)
    assert found.used.tolist() == [10.0, 10.0, 0.0, 0.0]
    assert found.shadow_price.tolist() == [50.0, 1.0, 0.0, 0.0]
    assert abatement.abatement_target_with_offsets(100.0, [50.0, 120.0], 0.1) == approx([95.0, 100.0])


def test_updating_lowers_the_target():
    assert abatement.abatement_target_with_updating(60.0, [0.0, 0.5, 1.0], 60.0, 2.0, 0.0) == approx([60.0, 30.0, 0.0])
    assert abatement.abatement_target_with_updating(60.0, 0.5, 60.0, 2.0, 0.05) == approx(60.0 - 30.0 * math.exp(-0.1))


# --- output -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "intensity", "benchmark", "units"),
    [(0.0, 0.9, 0.0, 400.0), (60.0, 0.9, 0.0, 292.0), (60.0, 0.9, 0.85, 394.0), (60.0, 0.8, 0.85, 406.0)],
    ids=["no price", "cap and trade", "standard", "cleaner than the standard"],
)
def test_output(price, intensity, benchmark, units):
    carbon = output.carbon_cost_of_output(price, intensity, benchmark)
    assert output.output_at_carbon_cost(400.0, carbon, 200.0, 0.5) == approx(units)


@pytest.mark.parametrize(("earned", "units"), [(0.0, 292.0), (0.5, 343.0), (1.0, 394.0)])
def test_output_that_earns_units_later(earned, units):
    assert output.output_with_updating(400.0, 60.0, 0.9, 0.85 * earned, 60.0, 2.0, 0.0, 200.0, 0.5) == approx(units)


# --- banking ----------------------------------------------------------------------------------------
def test_free_banking_of_two_prices_by_hand():
    # 40 goes to 60 with a chance of 3/4: 0.9 x 55 - 40 = 9.5 on each of 10 units; from 60 nothing is to be gained
    chain = np.array([[0.25, 0.75], [0.5, 0.5]])
    once = banking.value_of_free_banking([40.0, 60.0], chain, 0.9, 10.0, 1)
    assert once == approx([95.0, 0.0])
    twice = banking.value_of_free_banking([40.0, 60.0], chain, 0.9, 10.0, 2)
    assert twice == approx([95.0 + 0.9 * 0.25 * 95.0, 0.9 * 0.5 * 95.0])


@pytest.mark.parametrize(
    ("required", "cost", "borrowed"),
    [((5, 10, 20, 30, 35), 1809.748, 0.0), ((20,) * 5, 1818.38, 8.63), ((30, 25, 20, 15, 10), 2134.68, 324.94)],
)
def test_least_cost_plan(required, cost, borrowed):
    plan = banking.least_cost_plan(required, 2.0, YEARLY)
    assert plan.cost == approx(cost, abs=5e-3)
    free = banking.least_cost_plan(required, 2.0, YEARLY, borrowing=True)
    assert free.cost == approx(1809.748, abs=5e-4)
    assert plan.cost - free.cost == approx(borrowed, abs=5e-3)
    assert free.price == approx(36.195 * 1.05 ** np.arange(5), rel=2e-5)


def test_least_cost_plan_in_full():
    plan = banking.least_cost_plan((5, 10, 20, 30, 35), 2.0, YEARLY)
    assert plan.price[0] == approx(36.195, abs=5e-4)
    assert plan.abatement == approx([18.098, 19.002, 19.952, 20.950, 21.998], abs=6e-4)
    assert plan.bank == approx([13.10, 22.10, 22.05, 13.00, 0.0], abs=5e-3)
    assert plan.cost == approx(plan.price[0] * 100 / 2)


@pytest.mark.parametrize("seed", range(20))
def test_least_cost_plan_is_stationary_where_it_banks_and_only_there(seed):
    draws = np.random.default_rng(seed)
    required, slope = draws.normal(5.0, 15.0, 12), draws.uniform(1.0, 3.0, 12)
    plan = banking.least_cost_plan(required, slope, 0.95)
    assert plan.price == approx(slope * plan.abatement)
    assert plan.abatement.min() >= 0 and plan.bank.min() > -1e-9
    wedge = plan.price[:-1] - 0.95 * plan.price[1:]
    assert (wedge > -1e-9).all()
    assert np.abs(wedge[plan.bank[:-1] > 1e-6]).max(initial=0.0) < 1e-9
    assert plan.price[-1] * plan.bank[-1] == approx(0.0, abs=1e-6)  # what is left over is worth nothing
    assert banking.shadow_price_of_borrowing(required, slope, 0.95) == approx(np.maximum(wedge, 0.0))


def test_what_a_ban_on_borrowing_costs():
    assert banking.shadow_price_of_borrowing((30.0, 10.0), 2.0, YEARLY) == approx([40.952], abs=5e-4)
    banked = banking.least_cost_plan((10.0, 30.0), (2.0, 3.0), YEARLY)
    assert banked.abatement[0] == approx(YEARLY * 3.0 * 40.0 / (2.0 + YEARLY * 3.0))


def test_a_leftover_is_sold_or_carried():
    assert banking.value_of_a_leftover([80.0, 100.0, 130.0], 100.0).tolist() == [100.0, 100.0, 130.0]


@pytest.mark.parametrize(
    ("multiple", "base", "today", "later", "worth"),
    [(5.0, 0.0, 10.0, 16.0, 15.0), (1.0, 0.0, 10.0, 16.0, 13.0), (1.5, 10_000.0, 60.0, 80.0, 72.0)],
    ids=["KETS now", "KETS before", "China"],
)
def test_sell_to_be_allowed_to_carry(multiple, base, today, later, worth):
    surplus = 300_000.0
    found = banking.carry_over_for_net_sales(surplus, today, later, multiple, base)
    assert found.worth == approx(worth)
    assert found.sold == approx((surplus - base) / (1 + multiple)) and found.carried == approx(surplus - found.sold)
    sold = np.linspace(0.0, surplus, 300_001)
    value = today * sold + later * np.minimum(surplus - sold, base + multiple * sold)
    assert sold[np.argmax(value)] == approx(found.sold, abs=1.0)
    more = banking.carry_over_for_net_sales(surplus + 1.0, today, later, multiple, base)
    assert today * (more.sold - found.sold) + later * (more.carried - found.carried) == approx(worth)


def test_carry_over_at_its_corners():
    found = banking.carry_over_for_net_sales([5.0, 5.0, 20.0], [60.0, 80.0, 60.0], [80.0, 60.0, 60.0], 1.5, 10.0)
    assert found.sold.tolist() == [0.0, 5.0, 20.0]  # within the base it is carried; where waiting earns nothing, sold
    assert found.worth.tolist() == [80.0, 80.0, 60.0]


def test_borrowing():
    found = banking.borrowing_at_no_interest([80.0, 100.0, 125.0], 100.0, 15.0)
    assert found.tonnes.tolist() == [0.0, 0.0, 15.0] and found.shadow_price.tolist() == [0.0, 0.0, 25.0]


# --- uncertainty --------------------------------------------------------------------------------------
def test_cost_at_a_martingale_price():
    firm = {"price": 60.0, "years": range(5), "slope": 4.0, "rate": 0.05}
    cost = {s: risk.expected_compliance_cost(shortfalls=[10] * 5, bank=20.0, volatility=s, **firm) for s in (0.0, 0.3)}
    assert cost[0.3] == approx(-1235.717, abs=5e-4) and cost[0.0] == approx(-692.856, abs=5e-4)
    gain = risk.gain_from_volatility(volatility=0.3, **firm)
    assert gain == approx(542.861, abs=1e-3) and gain == approx(cost[0.0] - cost[0.3])
    assert risk.gain_from_volatility(volatility=0.0, **firm) == 0.0


def test_reacting_to_a_price():
    assert risk.gain_from_reacting(100.0, [2.0, 4.0]) == approx([25.0, 12.5])
    price = 60.0 + np.array([-10.0, 10.0])  # variance 100
    saved = (price**2 / 8).mean() - (60.0 * 15.0 - 2.0 * 15.0**2)
    assert saved == approx(12.5)


def test_prices_or_quantities():
    assert risk.advantage_of_prices(100.0, 2.0, [1.0, 2.0, 3.0]) == approx([12.5, 0.0, -12.5])
    # marginal cost t + 2 a, marginal benefit 50 - a, t = ±10: welfare of a price against that of a quantity
    shock = np.array([-10.0, 10.0])

    def welfare(cut):
        return (50.0 * cut - cut**2 / 2 - shock * cut - cut**2).mean()

    price, quantity = 2.0 * 50.0 / 3.0, 50.0 / 3.0
    assert welfare((price - shock) / 2.0) - welfare(quantity) == approx(12.5)


# --- penalty ------------------------------------------------------------------------------------------
def test_most_that_a_unit_is_worth():
    assert fines.reservation_price(100.0) == 100.0
    assert fines.reservation_price(100.0, 60.0) == 160.0
    assert fines.reservation_price(100.0, detection=0.3) == approx(30.0)


def test_waiting_for_the_deadline_is_an_option():
    assert fines.call_option(60.0, 100.0, 0.4, 1.0, 0.05) == approx(1.8442, abs=5e-5)
    assert fines.cost_of_a_missing_unit(60.0, 100.0, 0.4, 1.0, 0.05) == approx(58.1558, abs=5e-5)
    z = np.linspace(-10, 10, 200_001)
    chance = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    paid = np.minimum(60.0 * np.exp(0.05 - 0.08 + 0.4 * z), 100.0)
    assert math.exp(-0.05) * chance @ paid == approx(58.1558, abs=5e-5)


@pytest.mark.parametrize(("leftover", "held"), [(0.0, 103.446), (50.0, 111.409)])
def test_holding_before_emissions_are_known(leftover, held):
    found = fines.holding_before_emissions_are_known(100.0, 8.0, 60.0, 180.0, leftover)
    assert found == approx(held, abs=5e-4)
    emitted = np.linspace(40.0, 160.0, 4_001)
    chance = np.exp(-(((emitted - 100.0) / 8.0) ** 2) / 2)
    chance /= chance.sum()
    tried = np.linspace(100.0, 115.0, 301)
    gap = emitted - tried[:, None]
    cost = 60.0 * tried + (180.0 * np.maximum(gap, 0) - leftover * np.maximum(-gap, 0)) @ chance
    assert tried[np.argmin(cost)] == approx(found, abs=0.1)


def test_a_fine_below_the_price_is_paid():
    assert fines.holding_before_emissions_are_known(100.0, 8.0, 60.0, [50.0, 60.0]).tolist() == [-np.inf, -np.inf]
    assert np.isfinite(fines.holding_before_emissions_are_known(100.0, 8.0, 60.0, 60.1))
    assert fines.holding_before_emissions_are_known(100.0, 8.0, 54.0, 180.0, discount=0.9) == approx(103.446, abs=5e-4)


def test_gap_from_which_a_lump_sum_is_cheaper():
    assert fines.gap_worth_a_lump_sum(48.0, 30_000.0) == approx(625.0)
    assert fines.gap_worth_a_lump_sum(48.0, 30_000.0, [36.0, 48.0, 60.0]).tolist() == [2_500.0, np.inf, np.inf]
