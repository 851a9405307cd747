"""What has no meaning in a closed form is refused in one line that names it; arrays broadcast."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest

from nea_env.solvers import closed_form
from nea_env.solvers.closed_form import abatement, banking, execution, investment, links, market_power, output
from nea_env.solvers.closed_form import penalty as fines
from nea_env.solvers.closed_form import prices as markets
from nea_env.solvers.closed_form import uncertainty as risk
from nea_env.solvers.closed_form.abatement import ExponentialMarginalCost, LinearMarginalCost

LINE = LinearMarginalCost(2.0)
TWO = np.array([[0.5, 0.5], [0.5, 0.5]])
BAD = [
    (lambda: LinearMarginalCost(0.0), "slope: 0, allowed: more than 0"),
    (lambda: LinearMarginalCost(1.0, -1.0), "most: -1, allowed: 0 or more"),
    (lambda: ExponentialMarginalCost(20.0, -1.0), "steepness: -1, allowed: more than 0"),
    (lambda: ExponentialMarginalCost(20.0, 1.0, most=1.5), "most: 1.5, allowed: 0 to 1"),
    (lambda: abatement.abatement_at_price([60.0, np.nan], LINE), "price: nan, allowed: a finite number"),
    (lambda: abatement.abatement_between_bid_and_ask(1.0, 2.0, 1.0, LINE), "bid: 2, allowed: at most the ask, 1"),
    (lambda: abatement.abatement_under_deficit_cap(60.0, 1.0, 1.0, 1.2, LINE), "capped: 1.2, allowed: 0 to 1"),
    (lambda: abatement.offset_use(60.0, 50.0, -1.0), "limit: -1, allowed: 0 or more"),
    (lambda: output.output_at_carbon_cost(1.0, 1.0, 1.0, 0.0), "cost_slope: 0, allowed: more than 0"),
    (lambda: banking.value_of_free_banking([1, 2], TWO, 1.1, 1, 1), "discount: 1.1, allowed: more than 0, 1 at most"),
    (lambda: banking.value_of_free_banking([1, 2], 0.4 * TWO, 1, 1, 1), "transition: they add up to 0.4, allowed: 1"),
    (lambda: banking.value_of_free_banking([1], TWO, 1, 1, 1), "transition: shape (2, 2), allowed: (1, 1)"),
    (lambda: banking.value_of_free_banking([1, 2], TWO, 1, 1, 0), "periods: 0, allowed: a whole number of 1 or more"),
    (lambda: banking.least_cost_plan(5.0, 2.0, 0.9), "required: an array of shape (), allowed: one dimension"),
    (lambda: banking.carry_over_for_net_sales(5.0, 1.0, 1.0, 0.0), "multiple: 0, allowed: more than 0"),
    (lambda: risk.gain_from_volatility(60.0, [1.0], 4.0, 0.05, -0.3), "volatility: -0.3, allowed: 0 or more"),
    (
        lambda: risk.expected_compliance_cost(60.0, [1.0], [1.0, 2.0], 4.0, 0.05, 0.3),
        "shortfalls: 1 numbers, allowed: as many as there are years, 2",
    ),
    (lambda: fines.reservation_price(100.0, detection=2.0), "detection: 2, allowed: 0 to 1"),
    (lambda: fines.call_option(60.0, 100.0, 0.0, 1.0, 0.05), "volatility: 0, allowed: more than 0"),
    (
        lambda: fines.holding_before_emissions_are_known(100.0, 8.0, 60.0, 180.0, 60.0),
        "leftover: 60, allowed: less than a unit costs, 60",
    ),
    (lambda: execution.cost_of_even_purchases(60.0, 1.0, 0.5, 1.5), "steps: 1.5, allowed: a whole number of 1 or more"),
    (lambda: execution.quadratic_compliance(60.0, 1, 0.0, 1.0, 1.0), "impact: 0, allowed: more than 0"),
    (
        lambda: markets.price_with_a_bank_that_may_run_out(1.0, [1.0, 2.0], [1.0], 0.9),
        "odds: 1 numbers, allowed: as many as there are of later, 2",
    ),
    (lambda: markets.price_variance_with_a_responsive_supply(1.0, 1.0, 1.5, 3), "response: 1.5, allowed: 0 to 1"),
    (lambda: links.full_link((1.0, 2.0), (1.0,)), "cuts: 1 numbers, allowed: as many as there are slopes, 2"),
    (lambda: links.restricted_link((1.0, 2.0, 3.0), (1.0, 2.0)), "slopes: 3 numbers, allowed: 2"),
    (lambda: links.restricted_link((1.0, 2.0), (1.0, 2.0), fee=1.5), "fee: 1.5, allowed: 0 to 1"),
    (lambda: links.value_of_the_cheaper_unit(1, 1, 0.3, 0.3, 2, 1), "correlation: 2, allowed: -1 to 1"),
    (
        lambda: links.value_of_the_cheaper_unit(1, 1, 0.3, 0.3, 1, 1),
        "sd: the two units move as one, allowed: prices whose ratio changes",
    ),
    (lambda: investment.annuity(0.0, np.inf), "rate: 0, allowed: more than 0 where the years never end"),
    (lambda: investment.investment_trigger(1.0, 0.08, 0.08, 0.3), "drift: 0.08, allowed: less than the rate, 0.08"),
    (
        lambda: investment.investment_trigger_at_intervals(1.0, 0.02, 0.08, 0.3, 0.0),
        "interval: 0, allowed: 1/365 or more",
    ),
    (
        lambda: investment.investment_trigger_at_intervals(1.0, 0.08 - 1e-6, 0.08, 0.3, 0.1),
        "drift: 0.079999, allowed: further below the rate, 0.08, at so short an interval",
    ),
    (
        lambda: investment.best_trigger(lambda p: p, lambda p: p**0.5, 1.0, 2.0),
        "low and high: 1 and 2, allowed: prices with the best one between them",
    ),
    (lambda: investment.best_trigger(lambda p: p, lambda p: p, 2.0, 1.0), "low: 2, allowed: less than high, 1"),
    (lambda: investment.kummer(1.0, 1.0, 501.0), "x: 501, allowed: 0 to 500"),
    (
        lambda: market_power.dominant_firm((1.0, 1.0), (50.0, -40.0)),
        "cuts: 50 and -40, allowed: cuts that leave both something to abate",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message for _, message in BAD])
def test_a_bad_number_is_one_clear_error(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message


def test_arrays_broadcast():
    prices, slopes = np.array([[30.0], [60.0]]), np.array([1.0, 2.0, 4.0])
    assert risk.gain_from_reacting(prices, slopes).shape == (2, 3)
    assert fines.cost_of_a_missing_unit(prices, 100.0 * slopes, 0.4, 1.0, 0.05).shape == (2, 3)
    assert banking.carry_over_for_net_sales(5.0, prices, 40.0, slopes).worth.shape == (2, 3)
    assert investment.investment_trigger(500.0, 0.02, 0.08, 0.1 * slopes, prices, 20.0).shape == (2, 3)
    assert isinstance(float(fines.gap_worth_a_lump_sum(48.0, 30_000.0)), float)


MODULES = [import_module(f"{closed_form.__name__}.{one.name}") for one in pkgutil.iter_modules(closed_form.__path__)]
FORMULAS = [
    function
    for module in MODULES
    if module.__name__.split(".")[-1] in closed_form.__all__
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
]


@pytest.mark.parametrize("function", FORMULAS, ids=lambda function: function.__name__)
def test_each_formula_says_what_it_takes_gives_and_whose_it_is(function):
    assert all(f"\n    {section}:\n" in function.__doc__ for section in ("Args", "Returns", "References"))
    for name in inspect.signature(function).parameters:
        assert f"\n        {name}: " in function.__doc__


def test_there_are_formulas():
    assert len(FORMULAS) > 30
