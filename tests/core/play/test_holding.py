"""Bounds on holdings: what they stop, what they leave alone, and what they are a share of."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.scenario import AllocationRule, HoldingRule, Regime
from tests.core import scenarios as made
from tests.core.walk import Walk

BOUNDED = HoldingRule(active=True, min_share=0.3, max_share=1.2)
NET_ZERO = AllocationRule(method="verified_emissions")


def bounded(rule: HoldingRule = BOUNDED, years: int = 1, allocation: AllocationRule | None = None, **more) -> Regime:
    return made.regime(
        2015, 2014 + years, allocation=allocation, holding={str(2015 + k): rule for k in range(years)}, **more
    )


def walk(law: Regime, n: int = 1, **firm) -> Walk:
    return Walk(made.scenario(law, made.firm(**firm)), n)


def test_purchases_stop_at_the_upper_bound():
    found = walk(bounded(), 3).play(tonnes=np.array([150_000.0, 200_000.0, 500_000.0]))
    assert found.flows["bought"] == pytest.approx([150_000, 200_000, 200_000])
    found.play(tonnes=np.full(3, 100_000.0))
    assert found.flows["bought"] == pytest.approx([50_000, 0, 0], abs=1)
    assert found.column("front").max() <= 1_200_000 + 1e-3


def test_sales_stop_at_the_lower_bound():
    found = walk(bounded(), 3).play(tonnes=np.array([-600_000.0, -700_000.0, -1_000_000.0]))
    assert found.flows["sold"] == pytest.approx([600_000, 700_000, 700_000])
    found.play(tonnes=np.full(3, -200_000.0))
    assert found.flows["sold"] == pytest.approx([100_000, 0, 0], abs=1)


def test_a_rule_that_is_not_active_stops_nothing():
    idle = walk(bounded(BOUNDED.model_copy(update={"active": False})), 2)
    idle.play(tonnes=np.array([500_000.0, -1_000_000.0]))
    assert idle.column("front") == pytest.approx([1_500_000, 0])


def test_without_an_upper_bound_only_sales_are_stopped():
    found = walk(bounded(HoldingRule(active=True, min_share=0.3)), 2).play(tonnes=np.array([5e6, -1e6]))
    assert found.column("front") == pytest.approx([6_000_000, 300_000])


def test_surrender_takes_no_notice_of_the_lower_bound():
    found = walk(bounded(years=2), path={"2015": 1.0}).through("2016-06")
    assert found.flows["surrendered"][0] == pytest.approx(1_000_000)
    assert found.flows["penalised"][0] == 0


def test_whoever_is_outside_the_bounds_need_not_trade_but_can_only_come_back():
    above = walk(bounded()).overwrite("front", 2_000_000.0).play(trade=0.5)
    assert (above.flows["bought"][0], above["front"]) == (0, 2_000_000)
    assert above.play(tonnes=-300_000).flows["sold"][0] == pytest.approx(300_000)
    below = walk(bounded()).overwrite("front", 100_000.0).play(trade=-0.5)
    assert (below.flows["sold"][0], below["front"]) == (0, 100_000)
    assert below.play(tonnes=150_000).flows["bought"][0] == pytest.approx(150_000)


@pytest.mark.parametrize(
    ("allocation", "firm", "given"),
    [
        (made.grandfathered(0.9), {}, 900_000),
        (made.grandfathered(0.9), {"base": 500_000.0}, 450_000),
        (made.benchmarked(0.8), {}, 800_000),
        (made.benchmarked(0.8, auction_share={"": 0.25}), {}, 600_000),
        (AllocationRule(method="historical_benchmarking", benchmark={"": 0.7}), {}, 700_000),
        (NET_ZERO, {}, 1_000_000),
        (AllocationRule(method="benchmark_band", balance={"": 1.0 / 0.9}), {}, 1_015_000),
    ],
    ids=["grandfathered", "base", "benchmark", "auctions", "history", "emissions", "band"],
)
def test_bounds_are_shares_of_the_years_free_allocation(allocation, firm, given):
    law = bounded(HoldingRule(active=True, max_share=0.5), allocation=allocation)
    found = walk(law, **firm).overwrite("front", 0.0).play(trade=0.5)
    assert found.flows["bought"][0] == pytest.approx(0.5 * given)


@pytest.mark.parametrize("allocation", [NET_ZERO, made.benchmarked(0.8)], ids=["emissions", "benchmark"])
def test_so_is_a_limit_on_sales(allocation):
    law = made.regime(2015, 2015, allocation=allocation, sell_limit_share=0.5)
    found = walk(law).overwrite("front", 900_000.0).play(trade=-1.0)
    assert found.flows["sold"][0] == pytest.approx(0.5 * (1_000_000 if allocation is NET_ZERO else 800_000))


def test_each_years_own_rule_holds_while_its_vintage_is_front():
    law = made.regime(2015, 2016, holding={"2016": HoldingRule(active=True, max_share=0.5)})
    found = walk(law).through("2016-05").play(tonnes=700_000)
    assert found.flows["bought"][0] == pytest.approx(700_000)
    assert found.play(trade=0.5).flows["bought"][0] == 0  # 2016 is front: 1,700,000 t held, 500,000 allowed
