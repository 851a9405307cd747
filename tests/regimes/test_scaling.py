"""Money and tonnes have no size of their own: the same actions cost k times as much where either is k times as large.

Fines that are a sum and not a price scale with both: they are money, and they weigh on a firm by its size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.library import load_scenario
from nea_env.scenario import Scenario
from tests.contract.plans import months
from tests.core.walk import Walk

pytestmark = pytest.mark.filterwarnings("ignore::nea_env.scenario.ScenarioWarning")  # sizes are varied on purpose

FACTOR = 3.0
ROWS = 96
MONEY = (  # keys of a scenario's tree that hold money, or money per tonne or unit
    "price", "floor", "ceiling", "scale", "capex", "opex", "margin_slope", "cap", "lump_sum", "max_total",
    "reserve_price", "reserve_cap", "high_price", "low_price", "offset_price", "means",
)  # fmt: skip
SIZE = ("output", "base_emissions", "base_tonnes", "small_holder_tonnes", "volume", "lump_sum", "max_total")
SCENARIOS = (
    "kets", "kets_steel", "kets_phase4", "tps", "tps_output", "tps_steel_efficient", "tokyo", "pilot_beijing",
    "pilot_fujian", "pilot_guangdong", "pilot_hubei", "pilot_shanghai", "gx_ets", "jvets", "tms",
)  # fmt: skip


def times(factor: float, node: Any) -> Any:
    if isinstance(node, dict):
        return {key: times(factor, value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [times(factor, item) for item in node]
    return node if node is None else factor * node


def scaled(scenario: Scenario, keys: tuple[str, ...], skip: tuple[str, ...] = ()) -> Scenario:
    """The scenario with every number under one of the keys multiplied."""

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            kept = (*skip, "scale") if "output" in node else skip  # a firm's is its size, that of abatement is money
            return {key: times(FACTOR, v) if key in keys and key not in kept else walk(v) for key, v in node.items()}
        return [walk(item) for item in node] if isinstance(node, (list, tuple)) else node

    return Scenario.model_validate(walk(scenario.model_dump(mode="json")))


def play(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Discounted cost (ROWS,), observations of every month, exposure; the plans include misses, hoards and sales."""
    batch = Batch(scenario, ROWS, threads=1)
    seen, cost = [batch.reset(np.arange(ROWS))], np.zeros(ROWS)
    for month, actions in enumerate(months(batch, 17)):
        seen.append(batch.step(actions)[0])
        cost += batch.discount**month * batch.flows()["cost"]
    return cost, np.array(seen), batch.exposure


def differ(first: np.ndarray, second: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    return np.abs(first - second) > 1e-6 * exposure


@pytest.mark.parametrize("keys", [MONEY, SIZE], ids=["money", "size"])
@pytest.mark.parametrize("name", [*SCENARIOS, "kets on record"])
def test_cost_scales_and_nothing_that_is_seen_changes(name, keys):
    scenario = load_scenario(name.split()[0], {"market.law": "replay"} if "record" in name else {})
    cost, seen, exposure = play(scenario)
    larger, still, _ = play(scaled(scenario, keys))
    assert not differ(larger, FACTOR * cost, FACTOR * exposure).any()
    np.testing.assert_allclose(still, seen, atol=2e-5)
    assert differ(larger, cost, exposure).mean() > 0.9  # it costs something


LEFT_BEHIND = [  # a number that a law or a firm has, and that the factor must not forget
    ("kets_steel", SIZE, "small_holder_tonnes"),
    ("kets", SIZE, "volume"),
    ("kets", SIZE, "base_emissions"),
    ("kets", MONEY, "cap"),
    ("kets", MONEY, "capex"),
    ("tps", SIZE, "base_tonnes"),
    ("tps", MONEY, "scale"),
    ("tps_output", MONEY, "margin_slope"),
    ("tokyo", MONEY, "lump_sum"),
    ("pilot_guangdong", MONEY, "lump_sum"),
    ("pilot_guangdong", SIZE, "volume"),
    ("pilot_hubei", SIZE, "max_total"),
    ("pilot_beijing", MONEY, "high_price"),
    ("pilot_beijing", MONEY, "low_price"),
    ("pilot_shanghai", MONEY, "reserve_cap"),
    ("gx_ets", MONEY, "opex"),
    ("tms", MONEY, "lump_sum"),
]


@pytest.mark.parametrize(("name", "keys", "forgotten"), LEFT_BEHIND)
def test_a_number_left_behind_is_found(name, keys, forgotten):
    scenario = load_scenario(name)
    cost, _, exposure = play(scenario)
    larger, _, _ = play(scaled(scenario, keys, skip=(forgotten,)))
    assert differ(larger, FACTOR * cost, FACTOR * exposure).any()


@pytest.mark.parametrize("factor", [0.01, 1.0, 100.0])
def test_what_is_too_little_to_be_a_miss_grows_with_the_firm(factor):
    # the duty is met to a millionth of a year's emissions
    law = {
        "start": "2016-01", "first": "2016", "last": "2016",
        "firm.output": 100_000 * factor, "firm.output_shock.volatility": 0.0,
        "market.frictions.volume_share": 0.5, "market.frictions.season_multiple": 1.0, "regime.auctions": {},
    }  # fmt: skip
    year = 200_000 * factor
    for left, penalised in ((0.5e-6, False), (2e-6, True)):
        walk = Walk(load_scenario("pilot_beijing", law)).through("2017-05")
        walk.play(tonnes=walk["owed"] - walk["front"] - left * year)
        assert walk.ended
        assert (walk.flows["penalised"][0] > 0.0) == penalised
