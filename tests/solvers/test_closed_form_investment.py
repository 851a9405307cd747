"""Triggers of investment: figures by hand, with dynamic programmes and differential equations as second methods."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytest import approx

from nea_env.solvers.closed_form import investment

PLANT = {"outlay": 500.0, "drift": 0.02, "rate": 0.08, "running": 10.0, "life": 20.0}


def test_investment_trigger():
    assert investment.break_even_price(**PLANT) == approx(51.496, abs=5e-4)
    found = investment.investment_trigger(volatility=[0.1, 0.2, 0.3, 0.45], **PLANT)
    assert found == approx([80.557, 102.992, 131.992, 188.278], abs=6e-4)


def test_decisions_at_intervals_come_at_a_lower_price():
    trigger = investment.investment_trigger(volatility=0.3, **PLANT)
    found = investment.trigger_at_intervals(trigger, 0.3, [0.0, 1 / 12, 1 / 4, 1.0])
    assert found == approx([131.992, 125.50, 120.95, 110.826], abs=5e-3)


EXACT = [(1.0, 110.475), (0.25, 120.823), (1 / 12, 125.450)]


@pytest.mark.parametrize(("interval", "exact"), EXACT)
def test_decisions_at_intervals_exactly(interval, exact):
    found = investment.investment_trigger_at_intervals(volatility=0.3, interval=interval, **PLANT)
    assert found == approx(exact, abs=6e-4)
    always = investment.investment_trigger(volatility=0.3, **PLANT)
    assert investment.trigger_at_intervals(always, 0.3, interval) == approx(found, rel=0.0033)
    daily = investment.investment_trigger_at_intervals(volatility=0.3, interval=1 / 365, **PLANT)
    assert investment.trigger_at_intervals(always, 0.3, 1 / 365) == approx(daily, rel=2e-5)


def built_at(logs: np.ndarray, mean: np.ndarray, spread: float, payoff: np.ndarray, discount: float) -> float:
    """The price from which stopping is best, on a grid of log prices whose next is normal about ``mean``."""
    chance = np.exp(-(((logs - mean[:, None]) / spread) ** 2) / 2)
    chance *= discount / chance.sum(axis=1, keepdims=True)
    stop, old = payoff > 0.0, None
    while old is None or (stop != old).any():  # policy iteration
        go, old = ~stop, stop
        value = payoff.copy()
        inner = np.eye(go.sum()) - chance[np.ix_(go, go)]
        value[go] = np.linalg.solve(inner, chance[np.ix_(go, stop)] @ payoff[stop])
        gain = payoff - chance @ value
        stop = gain >= 0.0
    first = int(np.argmax(stop))
    return float(np.exp(np.interp(0.0, gain[first - 1 : first + 1], logs[first - 1 : first + 1])))


@pytest.mark.parametrize(("interval", "exact"), EXACT[:2])
def test_decisions_at_intervals_by_a_dynamic_programme(interval, exact):
    logs = np.linspace(math.log(0.5), math.log(4_000.0), 1_201)
    payoff = np.exp(logs) * investment.annuity(0.06, 20.0) - 10.0 * investment.annuity(0.08, 20.0) - 500.0
    mean = np.minimum(logs - 0.025 * interval, logs[-1] - 3.0)  # far above the trigger it does not matter
    found = built_at(logs, mean, 0.3 * interval**0.5, payoff, math.exp(-0.08 * interval))
    assert found == approx(exact, abs=0.02)


def test_geometric_reversion():
    def waiting(price):
        return investment.waiting_under_geometric_reversion(price, 0.01, 60.0, 0.3, 0.08)

    assert investment.best_trigger(lambda price: price - 60.0, waiting, 61.0, 400.0) == approx(88.161, abs=5e-4)
    price, step = np.array([20.0, 60.0, 150.0]), 1e-3
    low, here, high = (waiting(price + shift) for shift in (-step, 0.0, step))
    first, second = (high - low) / (2 * step), (high - 2 * here + low) / step**2
    residual = 0.045 * price**2 * second + 0.01 * (60.0 - price) * price * first - 0.08 * here
    assert np.abs(residual / here).max() < 1e-5


def test_log_reversion():
    level = 60.0 * math.exp(-(0.3**2) / (4 * 0.6))  # so that the mean in the long run is 60

    def waiting(price):
        return investment.waiting_under_log_reversion(price, 0.6, level, 0.3, 0.08)

    found = investment.best_trigger(lambda price: price - 60.0, waiting, 61.0, 400.0)
    assert found == approx(92.422, abs=5e-4)
    logs, step = np.log([20.0, 60.0, 150.0]), 1e-4
    low, here, high = (waiting(np.exp(logs + shift)) for shift in (-step, 0.0, step))
    first, second = (high - low) / (2 * step), (high - 2 * here + low) / step**2
    residual = 0.045 * second + 0.6 * (math.log(level) - logs) * first - 0.08 * here
    assert np.abs(residual / here).max() < 1e-5


@pytest.mark.parametrize(
    ("interval", "corrected", "exact"), [(1 / 52, 90.209, 90.20), (1 / 12, 87.875, 87.85), (1 / 4, 84.688, 84.67)]
)
def test_log_reversion_at_intervals(interval, corrected, exact):
    level, sd = 60.0 * math.exp(-(0.3**2) / (4 * 0.6)), 0.3 / math.sqrt(2 * 0.6)
    found = investment.trigger_at_intervals(92.42209, 0.3, interval)
    assert found == approx(corrected, abs=6e-4)
    nodes, kept = np.linspace(-6 * sd, 6 * sd, 801), math.exp(-0.6 * interval)
    logs, mean = math.log(level) + nodes, math.log(level) + kept * nodes
    by_programme = built_at(logs, mean, sd * math.sqrt(1 - kept**2), np.exp(logs) - 60.0, math.exp(-0.08 * interval))
    assert by_programme == approx(exact, abs=0.01)
    assert found == approx(by_programme, rel=5e-4)


def test_any_diffusion_includes_the_geometric_one():
    power = investment.growth_exponent(0.02, 0.08, 0.3)
    found = investment.best_trigger(lambda price: price - 60.0, lambda price: price**power, 61.0, 1_000.0)
    assert found == approx(60.0 * power / (power - 1.0), rel=1e-6)
    assert found == approx(investment.investment_trigger(60.0 / 0.06, 0.02, 0.08, 0.3), rel=1e-6)


@pytest.mark.parametrize("x", [0.0, 0.3, 7.0, 60.0, 400.0])
def test_kummer(x):
    mpmath = pytest.importorskip("mpmath")
    assert investment.kummer(0.142498, 14.6, x) == approx(float(mpmath.hyp1f1(0.142498, 14.6, x)), rel=1e-12)
