"""What a trade can be, and what it costs."""

from __future__ import annotations

import pytest

from nea_env.core.rules.trading import feasible_trade, lots_that_cover, trading_cost


def test_a_trade_sells_what_is_held_and_may_be_sold():
    assert feasible_trade(0.5, 1_000.0, 0.0, 1e30, 0.0, 0.0) == 500
    assert feasible_trade(-0.5, 1_000.0, 300.0, 1e30, 0.0, 0.0) == -300
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 1e30, 0.0, 0.0) == -500
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, 120.0, 0.0, 0.0) == -120  # Chongqing: half of the free allocation
    assert feasible_trade(-0.5, 1_000.0, 3_000.0, -5.0, 0.0, 0.0) == 0


@pytest.mark.parametrize(
    ("share", "held", "tonnes"),
    [
        (0.24, 0.0, 250),  # 240 t: nearest of the lots of 50
        (0.22, 0.0, 200),
        (-0.24, 1_000.0, -250),
        (-0.24, 230.0, -230),  # the whole holding, though it is no multiple
        (1.0, 0.0, 1_000),
    ],
)
def test_trades_are_whole_lots(share, held, tonnes):
    assert feasible_trade(share, 1_000.0, held, 1e30, 50.0, 1 / 50) == tonnes


@pytest.mark.parametrize(("lot", "most"), [(400.0, 800), (600.0, 600), (1_001.0, 0)])
def test_no_lot_exceeds_the_monthly_limit(lot, most):
    assert feasible_trade(1.0, 1_000.0, 0.0, 1e30, lot, 1 / lot) == most
    assert feasible_trade(-1.0, 1_000.0, 5_000.0, 1e30, lot, 1 / lot) == -most


def test_lots_that_cover_a_shortfall_are_rounded_up_and_sales_down():
    assert lots_that_cover(240.0, 50.0, 1 / 50) == 250 and lots_that_cover(250.0, 50.0, 1 / 50) == 250
    assert lots_that_cover(-240.0, 50.0, 1 / 50) == -200 and lots_that_cover(0.0, 50.0, 1 / 50) == 0
    assert lots_that_cover(240.0, 0.0, 0.0) == 240


def test_trading_cost_is_half_the_spread_and_the_impact():
    assert trading_cost(500.0, 10.0, 0.001, 0.02, 0.03) == pytest.approx(500 * 10 * (0.01 + 0.015))
    assert trading_cost(-500.0, 10.0, 0.001, 0.02, 0.03) == trading_cost(500.0, 10.0, 0.001, 0.02, 0.03)
    assert trading_cost(0.0, 10.0, 0.0, 0.02, 0.03) == 0
