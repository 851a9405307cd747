"""A Chinese coal unit of 3.1 TWh and 2.79 Mt a year walked through the national system, on the shipped law.

The benchmarks of 2021 to 2024 are set to give the worked allocations; those of 2019-20 are the law's.
"""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.scenario import Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

OUTPUT = 3_100_000.0  # MWh
EMITTED = 2_790_000.0


def tonnes(value: float):
    """To half a tonne: actions are float32."""
    return pytest.approx(value, abs=0.5)


def china(allocated: dict[str, float], path=None, pre_year=None, pre_on="output", **more) -> Scenario:
    """``allocated``: final allocation of a year at full output, Mt; class I where the law's own benchmark holds."""
    law = load_scenario("tps").regime
    rules = {
        year: rule.model_copy(
            update={
                "benchmark": {"I": allocated[year] * 1e6 / OUTPUT if year in allocated else rule.benchmark["I"]},
                "pre_year": pre_year if year in allocated else None,
                "pre_on": pre_on if year in allocated else "output",
            }
        )
        for year, rule in law.allocation.items()
    }
    return made.scenario(
        law.model_copy(update={"allocation": rules, "ranges": ()}),
        made.firm(output=OUTPUT, intensity=EMITTED / OUTPUT, unit_class="I", path=path),
        made.market(48.0).model_copy(update={"currency": "CNY"}),
        **more,
    )  # fmt: skip


def test_first_cycle_two_years_at_one_deadline():
    walk = Walk(china({})).through("2019-12")
    assert walk["closed"] == tonnes(EMITTED)
    walk.through("2020-12")
    assert walk["closed"] == tonnes(5_580_000)
    assert walk["front"] == walk.total["issued"][0] == 0
    walk.through("2021-01")  # 70 % x 0.877 x the output of 2018, for each of the two years
    once = 0.70 * 0.877 * 3_100_000
    assert once == pytest.approx(1_903_090)
    assert walk["front"] == tonnes(2 * once)
    walk.through("2021-06", trade=1.0)  # the market opens in July 2021
    assert walk.total["bought"][0] == 0
    assert walk["front"] == tonnes(2 * once)
    walk.through("2021-10")  # final allocation at 0.877 x the verified output of each year; 2021 runs meanwhile
    assert walk["front"] == tonnes(2 * 0.877 * 3_100_000)
    assert walk["owed"] == tonnes(5_580_000)
    assert walk["accrued"] == tonnes(EMITTED * 10 / 12)
    gap = 5_580_000 - 2 * 0.877 * 3_100_000
    assert gap == pytest.approx(142_600)
    walk.through("2021-11").play(tonnes=gap + 100)
    assert walk.flows["surrendered"][0] == tonnes(5_580_000)
    assert walk.flows["penalised"][0] == walk.flows["borrowed"][0] == 0
    assert walk["front"] == tonnes(100)


def test_true_up_follows_verified_output_and_claws_back():
    # output halves in 2019: pre-allocated on that of 2018, 70 %; final 0.877 x half
    walk = Walk(china({}, path={"2019": 0.5})).through("2021-09")
    assert walk.flows["deducted"][0] == tonnes((0.70 - 0.50) * 0.877 * 3_100_000)
    assert walk.flows["issued"][0] == 0


def test_a_clawback_beyond_what_is_held_is_owed():
    walk = Walk(china({}, path={"2019": 0.25, "2020": 0.25})).through("2021-08", trade=-1.0)
    assert walk["front"] == 0  # sold as soon as the market opened
    walk.play()
    clawback = (0.70 - 0.25) * 0.877 * 3_100_000
    assert walk.flows["clawback_unmet"][0] == tonnes(clawback)
    assert walk["owed"] == tonnes(0.25 * EMITTED + clawback)


def test_the_advance_of_2021_and_2022_is_on_the_output_of_2020_and_corrected_by_their_own():
    """By the reading that is played: 70 % x benchmark x 0.9 of the output; then 1.1 and 0.8 of it."""
    walk = Walk(china({"2021": 2.75, "2022": 2.05}, path={"2020": 0.9, "2021": 1.1, "2022": 0.8})).through("2023-04")
    assert walk.flows["issued"][0] == tonnes(0.70 * 0.9 * (2_750_000 + 2_050_000))  # 3,024,000
    walk.through("2023-06")
    assert walk.flows["issued"][0] == tonnes((1.1 - 0.63) * 2_750_000)
    walk.through("2023-07")
    assert walk.flows["issued"][0] == tonnes((0.8 - 0.63) * 2_050_000)


def test_by_the_other_reading_the_advance_of_both_years_is_on_the_output_of_2021():
    """70 % x benchmark x 1.1 of the output, before 2021 is verified; then 1.1 and 0.8 of it as before."""
    path = {"2020": 0.9, "2021": 1.1, "2022": 0.8}
    walk = Walk(china({"2021": 2.75, "2022": 2.05}, path, pre_year="2021")).through("2023-04")
    assert walk.flows["issued"][0] == tonnes(0.77 * (2_750_000 + 2_050_000))  # 3,696,000
    walk.through("2023-06")
    assert walk.flows["issued"][0] == tonnes((1.1 - 0.77) * 2_750_000)
    walk.through("2023-07")
    assert walk.flows["issued"][0] == tonnes((0.8 - 0.77) * 2_050_000)


def test_by_the_third_reading_the_advance_is_70_per_cent_of_the_emissions_of_2021():
    """0.7 x 1.1 x 2.79 Mt for each year: what a unit emitted, whatever its benchmark."""
    path = {"2020": 0.9, "2021": 1.1, "2022": 0.8}
    law = china({"2021": 2.75, "2022": 2.05}, path, pre_year="2021", pre_on="emissions")
    walk = Walk(law).through("2023-04")
    assert walk.flows["issued"][0] == tonnes(2 * 0.7 * 1.1 * 2_790_000)  # 4,296,600
    walk.through("2023-06")
    assert walk.flows["issued"][0] == tonnes(1.1 * 2_750_000 - 2_148_300)


def test_deficit_cap_by_year():
    # A = 2.75, 2.05: duty 2.79 + (2.05 + 0.2 x 2.79) = 5.398 Mt; merged it would be 5.58
    walk = Walk(china({"2021": 2.75, "2022": 2.05})).through("2023-06")
    before = walk["owed"]
    assert before == tonnes(2_790_000)
    walk.through("2023-07")
    assert walk["owed"] == tonnes(5_398_000)
    assert walk.total["forgiven"][0] == tonnes(182_000)


def test_gap_tests_by_year_and_the_debt_in_the_next_allocation():
    # gaps 6.8 % and 12.2 %: only 2022 may borrow, half of its gap, 0.17 Mt; merged (9.5 %) there is no right
    allocated = {"2021": 2.79 * (1 - 0.068), "2022": 2.79 * (1 - 0.122), "2023": 2.50}
    walk = Walk(china(allocated)).through("2021-11").play(tonnes=142_700).through("2023-06")
    assert walk["borrow_permit"] == 0
    walk.through("2023-07")
    assert walk["borrow_permit"] == tonnes(170_190)
    assert walk["owed"] == tonnes(5_580_000)
    gap = 2_790_000 * (0.068 + 0.122) - 100
    walk.through("2023-11").play(tonnes=gap - 170_190 + 10)
    assert walk.flows["borrowed"][0] == tonnes(170_180)
    assert walk.flows["penalised"][0] == 0
    debt = walk["debt"]
    assert debt == tonnes(170_180)
    walk.through("2024-10")  # no pre-allocation for 2023; the final one pays the debt first
    assert walk.flows["issued"][0] == tonnes(2_500_000 * 1.0)
    assert walk.flows["deducted"][0] == pytest.approx(debt)
    assert (walk["front"], walk["debt"]) == (tonnes(2_500_000 - 170_180), 0)


def test_neither_year_borrows_below_a_tenth():
    walk = Walk(china({"2021": 2.79 * 0.905, "2022": 2.79 * 0.905})).through("2023-07")
    assert walk["borrow_permit"] == 0


def test_vintages_2019_to_2022_are_carried_without_limit():
    walk = Walk(china({}, path={"2019": 0.9, "2020": 0.9})).through("2021-11").play(tonnes=2_000_000)
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == tonnes(2_000_000 - 0.9 * (EMITTED - 0.877 * OUTPUT) * 2)


def window(sold: float, early: float = 0.0, missed: bool = False) -> Walk:
    """Played to the end: a surplus of 380 kt in all, ``sold`` of it sold since January 2024.

    ``early`` is a surplus of 2022, sold in November 2023. ``missed``: 10 kt short in December 2024.
    """
    allocated = dict.fromkeys(("2019", "2020", "2021"), 2.79) | {"2022": 2.79 + early / 1e6, "2023": 2.83, "2024": 3.13}
    walk = Walk(china(allocated)).through("2023-10").play(tonnes=-early).through("2024-10")
    first = 50_000 if missed else min(sold / 2, 40_000)  # before the first of the two deadlines
    walk.play(tonnes=-first).through("2025-10").play(tonnes=first - sold)
    assert walk["front"] - walk["owed"] == tonnes(380_000 - sold)
    assert (walk.total["penalised"][0] > 0) == missed
    return walk.to_end()


def test_carry_over_of_31_december_2025():
    """Net sales since 1 January 2024, both deadlines inside: 80 kt sold, 300 kt left, 130 kt worth keeping."""
    walk = window(80_000)
    assert walk.flows["lapsed"][0] == tonnes(170_000)
    assert walk.flows["closing_cost"][0] == pytest.approx(-130_000 * 48.0, rel=1e-4)


def test_selling_68_kt_more_carries_the_rest():
    walk = window(148_000)
    assert walk.flows["lapsed"][0] == tonnes(0)
    assert walk.flows["closing_cost"][0] == pytest.approx(-232_000 * 48.0, rel=1e-4)


def test_sales_before_2024_do_not_count():
    walk = window(80_000, early=200_000)
    assert walk.flows["lapsed"][0] == tonnes(170_000)


def test_a_net_buyer_keeps_the_base():
    walk = window(-20_000)
    assert walk.flows["closing_cost"][0] == pytest.approx(-10_000 * 48.0, rel=1e-4)


def test_a_missed_deadline_forfeits_the_carry_over():
    walk = window(80_000, missed=True)
    assert walk.flows["closing_cost"][0] == pytest.approx(0.0, abs=500)
