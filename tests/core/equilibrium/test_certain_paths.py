"""Years without news: the equilibrium's price is the marginal cost on the plan of least cost (Rubin 1996, B6)."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.equilibrium.solve import solve
from nea_env.solvers.closed_form.banking import least_cost_plan, shadow_price_of_borrowing
from tests.core.equilibrium.markets import NEVER_MISSING, linear, market

MANY, SLOPE, YEARLY = 1e6, 2.0, 1 / 1.05  # so many emissions that a cut is a small share of them
BANKS = np.linspace(-100.0, 100.0, 401)
RISING, EVEN, FALLING = (5, 10, 20, 30, 35), (20,) * 5, (30, 25, 20, 15, 10)


def path(required, borrowing: bool) -> tuple[np.ndarray, np.ndarray]:
    """Prices, and units banked at each year's end, of a market that must cut so many tonnes a year."""
    years = len(required)
    problem = market(
        years,
        discount=YEARLY,
        emissions=MANY,
        supply=MANY - np.array(required, float),
        year_end=1.0,
        unlimited=np.r_[np.ones(years - 1), 0.0],
        borrowing=np.r_[np.full(years - 1, 100.0 if borrowing else 0.0), 0.0],
        shortage_price=NEVER_MISSING,
        **linear(SLOPE * MANY),
        banks=BANKS,
    )
    chain, place = solve(problem), float(np.interp(0.0, BANKS, np.arange(len(BANKS))))
    prices, banked = [], []
    for year in range(years):
        prices.append(np.interp(place, np.arange(len(BANKS)), chain.running[year, :, 0]))
        place = float(np.interp(place, np.arange(len(BANKS)), chain.landing[year, :, 0]))
        banked.append(np.interp(place, np.arange(len(BANKS)), BANKS))
    return np.array(prices), np.array(banked)


@pytest.mark.parametrize("borrowing", [False, True], ids=["banking", "borrowing too"])
@pytest.mark.parametrize("required", [RISING, EVEN, FALLING, (20, 5, 30, 10, 35)], ids=str)
def test_b6_price_and_bank_are_those_of_the_plan_of_least_cost(required, borrowing):
    plan = least_cost_plan(required, SLOPE, YEARLY, borrowing)
    prices, banked = path(required, borrowing)
    assert prices == pytest.approx(plan.price, rel=2e-3)
    assert banked == pytest.approx(plan.bank, abs=0.1)
    assert YEARLY ** np.arange(5) @ (prices**2 / (2 * SLOPE)) == pytest.approx(plan.cost, rel=2e-3)


def test_b6_the_wedge_between_years_is_what_a_unit_borrowed_would_save():
    prices, _ = path(FALLING, borrowing=False)
    assert prices[:-1] - YEARLY * prices[1:] == pytest.approx(
        shadow_price_of_borrowing(FALLING, SLOPE, YEARLY), rel=1e-3
    )
