"""HiGHS with tangents finds what is known in closed form."""

from __future__ import annotations

import sys

import pytest

from nea_env.policies.plan.linear import Linear, Model, highs
from nea_env.policies.plan.search import least
from nea_env.policies.plan.stocks import Curve
from nea_env.solvers.closed_form.banking import least_cost_plan
from nea_env.solvers.closed_form.execution import cost_of_even_purchases


def square(model, amount, half_slope, discount=1.0):
    """A cost of half_slope x amount**2, and its curve."""
    cost = model.variable()
    model.pay(cost, discount)
    return Curve(cost, amount, Linear(1.0), lambda x: half_slope * x * x, lambda x: 2.0 * half_slope * x)


def banked(required, borrows):
    """Abatement at a marginal cost of 2 x tonnes over years at 5 %, with a bank that may borrow or not."""
    model, bank, curves = Model(), Linear(), []
    for year, need in enumerate(required):
        abated = model.variable(200.0)
        curves.append(square(model, abated, 1.0, 1.05**-year))
        bank = bank + abated - need
        if not borrows or year == len(required) - 1:
            model.at_most(Linear(), bank)
    return least(model, curves, "relaxed", 1e-7, 60)


@pytest.mark.parametrize(
    ("required", "cost", "borrowed"),
    [
        ((5, 10, 20, 30, 35), 1809.748, 1809.748),
        ((20, 20, 20, 20, 20), 1818.38, 1809.748),
        ((30, 25, 20, 15, 10), 2134.68, 1809.748),
    ],
)
def test_the_price_of_a_bank_grows_with_interest(required, cost, borrowed):
    pytest.importorskip("highspy")
    for borrows, expected in ((False, cost), (True, borrowed)):
        found = banked(required, borrows)
        assert found.cost == pytest.approx(expected, abs=5e-3)
        assert found.cost == pytest.approx(least_cost_plan(required, 2.0, 1 / 1.05, borrows).cost, rel=1e-7)
        assert found.bound <= found.cost


def test_purchases_with_impact_are_spread_evenly():
    pytest.importorskip("highspy")
    model, curves, bought = Model(), [], Linear()
    for _ in range(12):
        one = model.variable(120.0)
        model.pay(one, 60.0)
        curves.append(square(model, one, 0.25))
        bought = bought + one
    model.equal(bought, 120.0)
    found = least(model, curves, "relaxed", 1e-8, 60)
    assert found.cost == pytest.approx(7500.0, rel=1e-9)
    assert found.cost == pytest.approx(float(cost_of_even_purchases(60.0, 120.0, 0.5, 12)), rel=1e-9)


def test_a_limit_of_either_sign_is_held_by_a_switch():
    pytest.importorskip("highspy")
    for sold, most in ((-3.0, 0.0), (0.0, 0.0), (2.0, 2.0)):
        model = Model()
        sales, right = model.variable(5.0, -5.0), model.variable(9.0)
        model.equal(sales, sold)
        model.at_most_positive(right, sales)
        model.pay(right, -1.0)
        assert -least(model, [], "exact", 1e-9, 5).cost == pytest.approx(most)
        assert -least(model, [], "relaxed", 1e-9, 5).bound >= most - 1e-9


def test_rows_without_variables_are_checked():
    model = Model()
    model.at_most(Linear(1.0), 2.0)
    with pytest.raises(ValueError, match="no solution"):
        model.at_most(Linear(3.0), 2.0)


def test_without_highs_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(ImportError, match=r"pip install 'nea-env\[plan\]'"):
        highs()
