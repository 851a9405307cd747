"""Closed forms of how units are bought: evenly where trades cost more the larger they are, and before all is known."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.scenario import OutputShock, PenaltyRule
from nea_env.solvers.closed_form.execution import cost_of_even_purchases
from nea_env.solvers.closed_form.penalty import holding_before_emissions_are_known
from tests.core import scenarios as made
from tests.core.walk import Walk

# --- B12: Almgren and Chriss 2001 -------------------------------------------------------------------------
DEFICIT, MONTHS, PRICE, IMPACT, LIMIT = 120_000.0, 18, 60.0, 0.25, 50_000.0  # the limit is for a month
SLOPE = 2 * IMPACT * PRICE / LIMIT  # a trade of q costs IMPACT x PRICE x q² / LIMIT more than at the price


def bought(volatility: float, paths: int, shares: np.ndarray) -> np.ndarray:
    """Cost (paths,) of buying shares (MONTHS,) of the deficit month by month, up to the deadline's."""
    law = made.regime(2015, 2015)
    where = made.market(PRICE, volatility=volatility, volume_share=0.05, impact=IMPACT)
    walk = Walk(made.scenario(law, made.firm(base=1e6 - DEFICIT), where), paths)
    for share in shares:
        walk.play(tonnes=share * DEFICIT)
    assert walk.ended and walk.total["penalised"].max() < 1.0
    return walk.present


EVEN = np.full(MONTHS, 1 / MONTHS)
EARLY = np.linspace(2, 0, MONTHS) / MONTHS


def test_b12_even_purchases_cost_what_the_closed_form_says_and_others_more():
    expected = cost_of_even_purchases(PRICE, DEFICIT, SLOPE, MONTHS)
    assert expected > 1.01 * PRICE * DEFICIT
    assert bought(0.0, 1, EVEN)[0] == pytest.approx(expected, rel=1e-5)
    early = PRICE * DEFICIT + SLOPE / 2 * ((EARLY * DEFICIT) ** 2).sum()
    assert bought(0.0, 1, EARLY)[0] == pytest.approx(early, rel=1e-5)
    assert early > expected


def test_b12_at_a_random_price():
    expected = cost_of_even_purchases(PRICE, DEFICIT, SLOPE, MONTHS)
    cost = bought(0.3, 20_000, EVEN)
    assert cost.mean() == pytest.approx(expected, abs=4 * cost.std() / len(cost) ** 0.5)


# --- B14: Arrow, Harris and Marschak 1951 -------------------------------------------------------------------
FINE = 180.0


def held(tonnes: float, paths: int) -> Walk:
    """A firm that holds so much after the first month, trades no more, and learns its emissions by and by."""
    law = made.regime(2015, 2015, banking=made.LAPSES, penalty=PenaltyRule(price=FINE))
    firm = made.firm(base=900_000.0, shock=OutputShock(volatility=0.05, persistence=0.8))
    walk = Walk(made.scenario(law, firm, made.market(PRICE)), paths)
    return walk.play(tonnes=tonnes - 900_000.0).to_end()


def test_b14_units_are_held_up_to_the_critical_chance_of_having_enough():
    paths = 20_000
    emitted = held(1e6, paths).total["emitted"]
    mean, sd = emitted.mean(), emitted.std()
    assert sd > 30_000
    best = float(holding_before_emissions_are_known(mean, sd, PRICE, FINE))
    assert (emitted <= best).mean() == pytest.approx(2 / 3, abs=0.01)  # (180 - 60) / 180
    walk = held(best, paths)
    missing = np.maximum(emitted - best, 0.0)
    np.testing.assert_allclose(walk.present, PRICE * (best - 900_000.0) + FINE * missing, rtol=1e-4, atol=500.0)
    for other in (best - 0.3 * sd, best + 0.3 * sd):
        more = held(other, paths).present - walk.present
        assert more.mean() > 4 * more.std() / paths**0.5
