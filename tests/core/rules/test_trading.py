"""What a trade can be, and what it costs."""

from __future__ import annotations

import pytest

from nea_env.core.rules.trading import feasible_trade, trading_cost


def test_a_trade_sells_what_is_held_and_may_be_sold():
    assert feasible_trade(0.5, 1_000.0, 0.0, 1e30) == 500
    assert feasible_trade(-0.5, 1_000.0, 300.0, 1e30) == -300
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 1e30) == -500
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 120.0) == -120  # Chongqing: half of the free allocation
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, -5.0) == 0


def test_trading_cost_is_half_the_spread_and_the_impact():
    assert trading_cost(500.0, 10.0, 0.001, 0.02, 0.03) == pytest.approx(500 * 10 * (0.01 + 0.015))
    assert trading_cost(-500.0, 10.0, 0.001, 0.02, 0.03) == trading_cost(500.0, 10.0, 0.001, 0.02, 0.03)
    assert trading_cost(0.0, 10.0, 0.0, 0.02, 0.03) == 0
