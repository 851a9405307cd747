"""The price at which a plant is built or a bank is sold: closed forms against optimal stopping and simulated prices."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nea_env
from nea_env.market.option import Project, best_stopping
from nea_env.scenario import Reversion
from nea_env.solvers.closed_form.investment import (
    best_trigger,
    investment_trigger,
    investment_trigger_at_intervals,
    trigger_at_intervals,
    waiting_under_log_reversion,
)
from tests.core import scenarios as made
from tests.market.chains import alone, chain_of

# --- B27: McDonald and Siegel 1986, by the month --------------------------------------------------------------------
DRIFT, RATE, VOLATILITY = 0.02, 0.20, 0.30  # interest so high that twenty years are for ever
STEP, STATES, YEARS = 0.04, 141, 20


def walk_of_logs(drift: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (Z,) about 0 and monthly chances (Z, Z) of a normal walk, which stays where it would leave the grid."""
    nodes = STEP * (np.arange(STATES) - STATES // 2)
    spread, shift = VOLATILITY / 12**0.5, (drift - VOLATILITY**2 / 2) / 12
    chances = np.exp(-(((nodes - nodes[:, None] - shift) / spread) ** 2) / 2)
    return nodes, chances / chances.sum(axis=1, keepdims=True)


def test_b27_firms_build_at_the_trigger_of_who_decides_by_the_month():
    """A price of 100 now: the capex at which a firm still builds at once, without end, is that of the closed form."""
    nodes, chances = walk_of_logs(DRIFT)
    prices = np.tile(100.0 * np.exp(nodes), (12 * YEARS + 1, 1))
    chain = chain_of(prices, chances=chances, start=STATES // 2, discount=math.exp(-RATE / 12))
    project = Project(opex=0.0, lead=0, life=12 * 150)
    capex = np.linspace(300.0, 400.0, 201)
    found = best_stopping(alone(chain), project, capex, 12 * YEARS)
    dearest = capex[found.built[1] > 0.5].max()
    # paid by the month, a price that grows is worth a little more than paid evenly: by (RATE - DRIFT) / 24
    outlay = dearest * (1 - math.exp(-(RATE - DRIFT) / 12)) / ((RATE - DRIFT) / 12)
    monthly = investment_trigger_at_intervals(outlay, DRIFT, RATE, VOLATILITY, 1 / 12)
    assert monthly == pytest.approx(100.0, rel=4e-3)
    always = investment_trigger(outlay, DRIFT, RATE, VOLATILITY)
    assert trigger_at_intervals(always, VOLATILITY, 1 / 12) == pytest.approx(100.0, rel=6e-3)
    assert always > 104.0  # without the correction it is off by more


# --- B28: when a bank is sold under a price that returns to its level -------------------------------------------------
SPEED, LEVEL, PATHS = 1.5, 60.0, 20_000


def sold_at(prices: np.ndarray, trigger: float, rate: float) -> np.ndarray:
    """(n,) discounted price at the first month in which it is at the trigger or above, or else in the last."""
    above = prices >= trigger
    above[:, -1] = True
    month = above.argmax(axis=1)
    return prices[np.arange(len(prices)), month] * np.exp(-rate / 12 * month)


def test_b28_a_unit_banked_is_sold_at_the_trigger_for_what_the_closed_form_says():
    """Of the log-OU prices of the environments: no other trigger earns more, and what it earns is psi's ratio."""
    rate, volatility = 0.05, 0.45

    def waiting(price):
        return waiting_under_log_reversion(price, SPEED, LEVEL, volatility, rate)

    always = best_trigger(lambda price: price, waiting, 30.0, 400.0)
    trigger = trigger_at_intervals(always, volatility, 1 / 12)
    where = made.market(LEVEL, rate=rate, volatility=volatility)
    where = where.model_copy(update={"law": "log_ou", "reversion": Reversion(rate=SPEED, level=LEVEL)})
    prices = nea_env.price_paths(made.scenario(made.regime(2015, 2034), where=where), PATHS)["long_price"]
    earned = sold_at(prices, trigger, rate)
    for other in (0.8 * trigger, 1.25 * trigger):
        less = earned - sold_at(prices, other, rate)
        assert less.mean() > 4 * less.std() / PATHS**0.5
    ratio = float(waiting(np.array([LEVEL]))[0] / waiting(np.array([always]))[0])
    error = earned.std() / PATHS**0.5
    assert error < 0.002 * LEVEL
    assert earned.mean() == pytest.approx(76.183, abs=4 * error)  # best by the month, of a dynamic programme
    assert always * ratio == pytest.approx(77.107, abs=5e-4)  # of who always looks: more, by 1.2 %
    assert 0.985 * always * ratio < earned.mean() < always * ratio
