"""Steel mills of 1 Mt of steel a year, a gas unit and a unit with heat walked through the shipped Chinese law."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.scenario import Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 62.36


def tonnes(value: float):
    """To half a tonne: actions are float32."""
    return pytest.approx(value, abs=0.5)


def china(law: str, **firm) -> Scenario:
    """A firm made by hand under a shipped law, at a constant price and without frictions."""
    return made.scenario(
        load_scenario(law).regime,
        made.firm(**firm),
        made.market(PRICE).model_copy(update={"currency": "CNY"}),
    )


def mill(intensity: float, output: float = 1_000_000.0, **more) -> Scenario:
    """A blast furnace; the balance is 2.0 t per t of steel."""
    return china("tps_steel", output=output, intensity=intensity, unit_class="steel", **more)


def power(unit_class: str, intensity: float, **more) -> Scenario:
    """A unit of 1 TWh a year."""
    return china("tps", output=1_000_000.0, intensity=intensity, unit_class=unit_class, **more)


@pytest.mark.parametrize(("intensity", "path"), [(1.8, {}), (2.6, {}), (2.2, {"2024": 0.8})])
def test_2024_leaves_no_position(intensity, path):
    walk = Walk(mill(intensity, path=path)).through("2025-10")
    assert walk["front"] == walk["owed"] == walk.total["issued"][0] == 0
    emitted = intensity * 1e6 * path.get("2024", 1.0)
    walk.through("2025-11")
    assert walk["front"] == walk["owed"] == tonnes(emitted)
    walk.through("2025-12")
    assert walk.flows["surrendered"][0] == tonnes(emitted)
    assert walk["front"] == walk["owed"] == walk.flows["penalised"][0] == 0


def test_a_mill_ten_percent_better_than_the_balance_gets_a_surplus_of_1_5_percent():
    walk = Walk(mill(1.8)).through("2026-05")
    assert walk["front"] == 0
    walk.through("2026-06")
    assert walk["front"] == tonnes(0.70 * 1_800_000)  # of the emissions of 2024
    walk.through("2026-09")
    assert walk["owed"] == tonnes(1_800_000)
    assert walk["front"] == tonnes(1_827_000)
    walk.to_end()
    assert walk.flows["surrendered"][0] == tonnes(1_800_000)
    assert walk.flows["lapsed"][0] == 0  # 27,000 t lie below the base of 100,000 t
    assert walk.flows["closing_cost"][0] == pytest.approx(-27_000 * PRICE, rel=1e-4)


@pytest.mark.parametrize("intensity", [2.6, 2.4, 3.0])
def test_a_mill_a_fifth_worse_or_more_loses_three_percent_and_no_more(intensity):
    walk = Walk(mill(intensity)).through("2026-09")
    assert walk["owed"] - walk["front"] == tonnes(0.03 * intensity * 1e6)


def test_a_mill_a_quarter_better_gains_three_percent_and_no_more():
    walk = Walk(mill(1.5)).through("2026-09")
    assert walk["front"] - walk["owed"] == tonnes(45_000)


def test_near_the_balance_a_tonne_saved_earns_15_percent_of_a_unit():
    positions = [Walk(mill(intensity)).through("2026-09") for intensity in (2.0, 1.99)]
    before, after = (walk["front"] - walk["owed"] for walk in positions)
    assert before == tonnes(0)
    assert after == tonnes(0.15 * 0.005 * 1_990_000)


def test_pre_allocation_beyond_the_final_one_is_taken_back():
    # output halves in 2025: 70 % of the emissions of 2024 against 1.015 x half of them
    walk = Walk(mill(1.8, path={"2025": 0.5})).through("2026-06")
    assert walk["front"] == tonnes(1_260_000)
    walk.through("2026-09")
    assert walk.flows["deducted"][0] == tonnes(1_260_000 - 1.015 * 900_000)
    assert walk["front"] - walk["owed"] == tonnes(0.015 * 900_000)


@pytest.mark.parametrize(("sold", "lapsed"), [(0.0, 35_000.0), (10_000.0, 10_000.0), (14_000.0, 0.0)])
def test_the_efficient_mill_carries_100_000_tonnes_and_one_and_a_half_times_what_it_sells(sold, lapsed):
    # 5 Mt of steel at 1.8: a surplus of 135,000 t; (135,000 - 100,000) / 2.5 = 14,000 t sold carry the rest
    walk = Walk(mill(1.8, output=5_000_000.0)).through("2026-09").play(tonnes=-sold).to_end()
    assert walk.flows["lapsed"][0] == pytest.approx(lapsed, abs=3.0)
    assert walk.flows["closing_cost"][0] == pytest.approx(-(135_000 - sold - lapsed) * PRICE, rel=1e-3)


def test_five_times_the_price_of_december_and_the_tonnes_off_the_next_allocation():
    walk = Walk(mill(2.6)).to_end()
    assert walk.flows["penalised"][0] == tonnes(78_000)
    assert walk.flows["penalty_cost"][0] == pytest.approx(5 * PRICE * 78_000, rel=1e-5)
    assert walk.flows["closing_cost"][0] == pytest.approx(78_000 * PRICE, rel=1e-4)  # the debt, bought at the end


def test_nothing_can_be_bought_before_april_2025():
    walk = Walk(mill(2.2)).through("2025-03", trade=1.0)
    assert walk.total["bought"][0] == 0
    assert walk.play(tonnes=1_000).flows["bought"][0] == tonnes(1_000)


def test_a_gas_unit_that_is_short_owes_its_allocation():
    walk = Walk(power("IV", 0.40)).through("2021-10")
    assert walk["owed"] == tonnes(2 * 392_000)
    assert walk["front"] == tonnes(2 * 392_000)
    assert walk.total["forgiven"][0] == tonnes(2 * 8_000)
    walk.through("2023-07")
    assert walk["owed"] == tonnes(392_000 + 390_100)
    assert walk["front"] == tonnes(392_000 + 390_100)
    assert walk["borrow_permit"] == 0  # no gap in what is owed
    walk.through("2024-10")  # the exemption is not confirmed for 2023
    assert walk["owed"] == tonnes(400_000)
    assert walk["front"] == tonnes(330_500)


def test_a_gas_unit_that_is_long_owes_its_emissions():
    walk = Walk(power("IV", 0.37)).through("2021-10")
    assert walk["owed"] == tonnes(740_000)
    assert walk["front"] == tonnes(784_000)
    assert walk.total["forgiven"][0] == 0


def test_a_coal_unit_at_half_load_gets_9_3_percent_more_to_2022():
    walk = Walk(power("I", 0.95, load_factor=0.5)).through("2021-10")
    assert walk["front"] == tonnes(2 * 877_000 * 1.015**6)
    walk.through("2023-07")
    assert walk.total["issued"][0] == tonnes((2 * 877_000 + 821_800 + 817_700) * 1.015**6)


def test_an_air_cooled_unit_gets_5_percent_more_to_2022():
    walk = Walk(power("I", 0.95, air_cooled=True)).through("2021-10")
    assert walk["front"] == tonnes(2 * 877_000 * 1.05)


def test_heat_is_paid_for_by_the_gigajoule_and_its_factor_goes_in_2023():
    unit = power("I", 1.08, heat_ratio=0.41, heat_output=2.5, own_use=0.07, load_factor=0.72)
    walk = Walk(unit).through("2021-10")
    first = 2 * (877_000 * (1 - 0.22 * 0.41) + 2_500_000 * 0.126)
    assert walk.total["issued"][0] == tonnes(first)
    walk.through("2023-07")  # 1.015^1.6 for a load of 72 %, in these two years for units with heat as well
    factors = (1 - 0.22 * 0.41) * 1.015**1.6
    second = (821_800 + 817_700) * factors + 2_500_000 * (0.1111 + 0.1105)
    assert walk.total["issued"][0] == tonnes(first + second)
    walk.through("2024-10")  # gross generation is 1 / 0.93 MWh for each supplied
    assert walk.total["issued"][0] == tonnes(first + second + 795_000 / 0.93 + 2_500_000 * 0.1038)
