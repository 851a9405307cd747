"""Whatever numbers a scenario is given, it is refused in one line or played inside the contract to its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.plans import PLANS
from tests.contract.scope import SCENARIOS
from tests.fuzz.numbers import DECADES, PROCESSES, Number, numbers, telling
from tests.fuzz.play import try_numbers

pytestmark = pytest.mark.filterwarnings("ignore::nea_env.scenario.ScenarioWarning")  # sizes are varied on purpose


def values(number: Number) -> st.SearchStrategy[float]:
    """Shipped value times a power of ten, a share of the way between the bounds, or a bound."""
    near = st.floats(-DECADES, DECADES).map(number.at)
    inside = st.floats(0.0, 1.0).map(number.between)
    return st.one_of(near, near, inside, *([st.sampled_from(number.edges())] if number.edges() else []))


@st.composite
def changes(draw: Any, name: str) -> dict[str, Any]:
    """Other values for one or two of a scenario's numbers, perhaps under another price process."""
    groups = telling(name)
    found: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 2))):
        number = draw(st.sampled_from(groups[draw(st.sampled_from(sorted(groups)))]))
        found[number.path] = draw(values(number))
    if draw(st.integers(0, 4)) == 0:
        found["market.law"] = draw(st.sampled_from(PROCESSES))
    if "randomised" in name:
        found["policy.draws"] = 2
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_other_numbers_are_played_inside_the_contract_or_refused(name):
    @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(changes(name))
    def check(found: dict[str, Any]) -> None:
        outcome = try_numbers(name, found, PLANS, np.random.default_rng(0))
        assert not outcome.fault, f"{name} {found}: {outcome.fault}"

    check()


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo", "linked_tokyo"])
def test_every_number_of_firm_and_market_is_among_those_tried(name):
    paths = {number.path for number in numbers(name)}
    assert {"firm.output", "market.price", "market.volatility", "market.frictions.spread"} <= paths
    assert any(path.startswith("regime.penalty.") for path in paths)
    assert len({number.path for group in telling(name).values() for number in group}) > 150


@pytest.mark.parametrize(
    ("name", "found"),
    [  # each broke the contract once
        ("kets", {"firm.output": 200_000.0}),  # more than twice its emissions allocated
        ("pilot_tianjin", {"firm.allocation_correction": 6e14}),
        ("kets", {"firm.abatement.steepness": 1e4}),
        ("kets_full", {"market.frictions.permanent_impact": 2.0}),
        ("tokyo_factory", {"regime.ranges.2.high": 161.7}),
        ("kets_phase2", {"regime.stabilisation.2020.reference_months": 6}),
        ("pilot_hubei", {"regime.calendar.2018.years": 3}),
        ("kets", {"regime.penalty.2021.deducted": 9254.5, "market.frictions.permanent_impact": 1.63}),
        ("tps_cement", {"regime.penalty.2025.deducted": 1e15, "market.frictions.permanent_impact": 0.02}),
        ("pilot_shanghai", {"firm.output": 1e15, "firm.allocation_correction": 1e15}),
        ("pilot_shanghai", {"regime.offsets.2013.ccer.limit_share": 1e15, "firm.allocation_correction": 1e15}),
    ],
)
def test_numbers_that_once_broke_it(name, found):
    outcome = try_numbers(name, found, PLANS, np.random.default_rng(0))
    assert not outcome.fault, outcome.fault
    assert bool(outcome.refused) != bool(outcome.firm_months)
