"""What one firm is given of a year's rule: its class, what its sector must buy, the corrections of its benchmark."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nea_env.core.lowering.corrections import benchmark_rate, load_correction
from nea_env.scenario import AllocationRule, LeakageTest, LoadCorrection, LoadStep, Phase
from tests.core import scenarios as made
from tests.core.walk import Walk


# --- classes and what is auctioned -----------------------------------------------------------------
def booked(rule: AllocationRule, phases: dict[str, Phase] | None = None, **firm) -> float:
    """Units in hand at the start."""
    law = made.regime(2015, 2015, allocation=rule, phases=phases or {})
    return Walk(made.scenario(law, made.firm(**firm)))["front"]


def test_a_class_has_its_own_rule():
    special = AllocationRule(method="historical_benchmarking", benchmark={"gas": 0.6})
    rule = AllocationRule(method="grandfathering", correction_factor=0.97, classes={"gas": special})
    assert booked(rule, unit_class="") == pytest.approx(970_000)
    assert booked(rule, unit_class="gas") == pytest.approx(600_000)


@pytest.mark.parametrize(("unit_class", "issued"), [("", 970_000), ("steel", 800_000)])
def test_a_class_of_own_emissions_beside_a_grandfathered_year(unit_class, issued):
    special = {"steel": AllocationRule(method="verified_emissions")}
    rule = AllocationRule(method="grandfathering", correction_factor=0.97, classes=special)
    law = made.regime(2015, 2015, allocation=rule, calendars={"2015": made.calendar(2015, allocated="2015-07")})
    walk = Walk(made.scenario(law, made.firm(unit_class=unit_class, path={"2015": 0.8}))).through("2016-05")
    assert walk.total["issued"][0] == pytest.approx(issued)


def test_a_class_without_classes_of_its_own():
    inner = made.grandfathered().model_copy(update={"classes": {"a": made.grandfathered()}})
    with pytest.raises(ValidationError, match=r"classes\.b\.classes"):
        AllocationRule(method="grandfathering", correction_factor=1.0, classes={"b": inner})


SOLD = AllocationRule(method="grandfathering", correction_factor=0.9, auction_share={"power": 0.15, "": 0.03})


def test_what_a_sector_buys_is_not_given():
    assert booked(SOLD) == pytest.approx(0.97 * 900_000)
    phases = {"I": Phase(first="2015", last="2015")}
    law = made.regime(2015, 2015, allocation=SOLD, phases=phases)
    power = made.firm().model_copy(update={"sector": "power"})
    assert Walk(made.scenario(law, power))["front"] == pytest.approx(0.85 * 900_000)


def test_a_benchmarked_firm_buys_its_share_too():
    rule = made.benchmarked(0.8, auction_share={"": 0.1})
    law = made.regime(2015, 2015, allocation=rule, calendars={"2015": made.calendar(2015, allocated=None)})
    assert Walk(made.scenario(law)).through("2016-05").total["issued"][0] == pytest.approx(0.9 * 800_000)


@pytest.mark.parametrize("more", [{"auction_share": {"": 0.1}}, {"correction_factor": 0.9}])
def test_units_equal_to_emissions_cannot_be_cut(more):
    with pytest.raises(ValidationError, match="takes neither auction_share nor correction_factor"):
        AllocationRule(method="verified_emissions", **more)


@pytest.mark.parametrize(
    ("firm", "free"),
    [
        ({"cost_intensity": 0.04, "trade_intensity": 0.05}, True),  # 0.002
        ({"cost_intensity": 0.04, "trade_intensity": 0.04}, False),
        ({"cost_intensity": 0.30}, True),
        ({"cost_intensity": 0.29}, False),
        ({"cost_intensity": 0.05, "trade_intensity": 0.10}, True),
        ({"carbon_intensity": 0.9, "trade_intensity": 0.0}, False),
        ({"carbon_intensity": 2.0, "trade_intensity": 0.25, "cost_intensity": 0.001}, True),  # 0.5
    ],
)
def test_any_test_of_leakage_frees_a_firm(firm, free):
    tests = (
        LeakageTest(cost_times_trade=0.002),
        LeakageTest(cost_intensity=0.30),
        LeakageTest(carbon_times_trade=0.5),
    )
    phases = {"I": Phase(first="2015", last="2015", leakage_tests=tests)}
    assert booked(SOLD, phases, **firm) == pytest.approx(900_000 if free else 873_000)


def test_every_threshold_of_one_test_must_be_met():
    both = (LeakageTest(cost_intensity=0.05, trade_intensity=0.10),)
    phases = {"I": Phase(first="2015", last="2015", leakage_tests=both)}
    assert booked(SOLD, phases, cost_intensity=0.05, trade_intensity=0.10) == pytest.approx(900_000)
    assert booked(SOLD, phases, cost_intensity=0.05, trade_intensity=0.09) == pytest.approx(873_000)
    assert booked(SOLD, phases, cost_intensity=0.04, trade_intensity=0.90) == pytest.approx(873_000)


def test_the_tests_of_another_phase_free_nobody():
    free = LeakageTest(cost_intensity=0.0)
    phases = {"I": Phase(first="2015", last="2015"), "II": Phase(first="2016", last="2017", leakage_tests=(free,))}
    law = made.regime(2015, 2016, allocation=SOLD, phases=phases)
    walk = Walk(made.scenario(law))
    assert walk["front"] == pytest.approx(873_000)
    assert walk.through("2015-12").flows["issued"][0] == pytest.approx(900_000)


# --- corrections of a benchmark --------------------------------------------------------------------
POWER = LoadCorrection(
    full_load=0.85,
    steps=(LoadStep(load=0.80, slope=0.0014), LoadStep(load=0.75, slope=0.0016)),
    tail_base=1.015,
)


@pytest.mark.parametrize(
    ("load", "factor"),
    [
        (1.0, 1.0),
        (0.85, 1.0),
        (0.825, 1.0035),
        (0.80, 1.007),
        (0.775, 1.011),
        (0.75, 1.015),
        (0.60, 1.015**4),
        (0.50, 1.015**6),
        (0.40, 1.015**8),
    ],
)
def test_power_units_at_part_load_get_more(load, factor):
    # allocation plan 2021-22: 1 + 0.0014 (85 - 100 F), 1.007 + 0.0016 (80 - 100 F), 1.015^(16 - 20 F)
    assert load_correction(POWER, load) == pytest.approx(factor, abs=1e-12)


@pytest.mark.parametrize(("load", "factor"), [(0.7, 1.0), (0.65, 1.0), (0.60, 1.015), (0.50, 1.015**3)])
def test_a_correction_without_steps_is_a_power_below_full_load(load, factor):
    # 1.015^(13 - 20 F) below 65 %
    assert load_correction(LoadCorrection(full_load=0.65, tail_base=1.015), load) == pytest.approx(factor)


def test_the_factors_of_a_benchmark():
    def rate(rule: dict, **firm) -> float:
        return benchmark_rate(made.benchmarked(0.9, **rule), made.firm(**firm))

    part = {"load": POWER}
    assert rate(part, load_factor=0.5) == pytest.approx(0.9 * 1.015**6)
    assert rate(part, load_factor=0.5, heat_ratio=0.2) == pytest.approx(0.9)  # units that supply heat are spared
    both = {"load": POWER.model_copy(update={"heat_and_power": True})}
    assert rate(both, load_factor=0.5, heat_ratio=0.2) == pytest.approx(0.9 * 1.015**6)
    assert rate({"air_cooling": 1.05}, air_cooled=True) == pytest.approx(0.945)
    assert rate({"air_cooling": 1.05}) == pytest.approx(0.9)
    assert rate({"heat_supply": {"": 0.22}}, heat_ratio=0.25) == pytest.approx(0.9 * (1 - 0.055))
    assert rate({"basis": "gross"}, own_use=0.06) == pytest.approx(0.9 / 0.94)
    assert rate({"basis": "net"}, own_use=0.06) == pytest.approx(0.9)
    assert rate({"heat_benchmark": {"": 0.11}}, heat_output=2.0) == pytest.approx(0.9 + 0.22)
    assert rate({}, allocation_correction=1.1) == pytest.approx(0.99)


def test_the_factors_reach_what_is_issued():
    law = made.regime(
        2015,
        2015,
        allocation=made.benchmarked(0.9, load=POWER, air_cooling=1.05),
        calendars={"2015": made.calendar(2015, allocated=None)},
    )
    walk = Walk(made.scenario(law, made.firm(load_factor=0.6, air_cooled=True, path={"2015": 0.8}))).through("2016-05")
    assert walk.total["issued"][0] == pytest.approx(0.9 * 1.015**4 * 1.05 * 800_000)
