"""Figures of China's national system for power, typed from plans, rules and reports."""

from __future__ import annotations

import pytest

from nea_env.core.lowering.corrections import benchmark_rate, load_correction
from nea_env.library import load_scenario
from tests.regimes.ranges import range_of

TPS = load_scenario("tps").regime
YEARS = tuple(range(2019, 2025))


@pytest.mark.parametrize(
    ("year", "benchmarks"),
    [
        (2019, (0.877, 0.979, 1.146, 0.392)),
        (2020, (0.877, 0.979, 1.146, 0.392)),
        (2021, (0.8218, 0.8773, 0.9350, 0.392)),
        (2022, (0.8177, 0.8729, 0.9303, 0.3901)),
        (2023, (0.7950, 0.8090, 0.8285, 0.3305)),
        (2024, (0.7910, 0.8049, 0.8244, 0.3288)),
    ],
)
def test_benchmarks_by_class(year, benchmarks):
    rule = TPS.allocation[str(year)]
    assert rule.method == "benchmarking"
    assert tuple(rule.benchmark[name] for name in ("I", "II", "III", "IV")) == benchmarks


def test_heat_benchmarks_of_coal_and_gas():
    heat = {
        2019: (0.126, 0.059), 2020: (0.126, 0.059), 2021: (0.1111, 0.056), 2022: (0.1105, 0.0557),
        2023: (0.1038, 0.0536), 2024: (0.1033, 0.0533),
    }  # fmt: skip
    for year, (coal, gas) in heat.items():
        assert TPS.allocation[str(year)].heat_benchmark == {"I": coal, "II": coal, "III": coal, "IV": gas}
    # ICAP on the draft for 2023: heat benchmarks fall by 3.8 % to 6.1 %
    cuts = [1 - heat[2023][k] / heat[2022][k] for k in (0, 1)]
    assert cuts == [pytest.approx(0.061, abs=5e-4), pytest.approx(0.038, abs=5e-4)]


def test_one_half_percent_tightening_to_2024():
    for name in ("I", "II", "III", "IV"):
        before, after = (TPS.allocation[year].benchmark[name] for year in ("2023", "2024"))
        assert 1 - after / before == pytest.approx(0.005, abs=3e-4)


def test_part_load_of_coal_units_to_2022():
    samples = {1.0: 1.0, 0.85: 1.0, 0.80: 1.007, 0.75: 1.015, 0.60: 1.061, 0.50: 1.093, 0.40: 1.127}
    for year in ("2019", "2020", "2021", "2022"):
        rule = TPS.allocation[year].load
        for load, factor in samples.items():
            assert load_correction(rule, load) == pytest.approx(factor, abs=6e-4)
        assert load_correction(rule, 0.82) == pytest.approx(1 + 0.0014 * 3)
        assert load_correction(rule, 0.78) == pytest.approx(1.007 + 0.0016 * 2)
        assert load_correction(rule, 0.65) == pytest.approx(1.015 ** (16 - 20 * 0.65))
    widened = [TPS.allocation[str(year)].load.heat_and_power for year in (2019, 2020, 2021, 2022)]
    assert widened == [False, False, True, True]


def test_peak_shaving_from_65_percent_down_afterwards():
    for year in ("2023", "2024"):
        rule = TPS.allocation[year].load
        assert load_correction(rule, 0.75) == load_correction(rule, 0.65) == 1
        assert load_correction(rule, 0.60) == pytest.approx(1.015)


def test_cooling_and_heat_factors_are_dropped_from_2023():
    assert [TPS.allocation[str(year)].air_cooling for year in YEARS] == [1.05] * 4 + [1] * 2
    cuts = {"I": 0.22, "II": 0.22, "III": 0.22, "IV": 0.6}
    assert [TPS.allocation[str(year)].heat_supply for year in YEARS] == [cuts] * 4 + [{}] * 2


def test_gas_units_owe_no_deficit_to_2022():
    assert [TPS.allocation[str(year)].of_class("IV").deficit_cap for year in YEARS] == [0, 0, 0, 0, None, None]
    for year in YEARS[:4]:
        gas = TPS.allocation[str(year)].of_class("IV")
        assert (gas.method, gas.pre_share, gas.load) == ("benchmarking", 0.7, None)
        assert gas.benchmark["IV"] == (0.3901 if year == 2022 else 0.392)
        assert gas.heat_benchmark["IV"] == {2021: 0.056, 2022: 0.0557}.get(year, 0.059)
        assert TPS.allocation[str(year)].of_class("I").deficit_cap == 0.2


def due(scenario: str, year: int) -> float:
    """Units per MWh of net supply that the firm of a scenario is due in one year."""
    firm = load_scenario(scenario).firm
    return benchmark_rate(TPS.allocation[str(year)].of_class(firm.unit_class), firm)


def test_a_unit_with_heat_is_long_short_and_long():
    # heat ratio 2.5 / 6.1, load 72 % corrected in 2021-22 alone, own use 7 % of gross generation from 2023
    load = 1.015 ** (16 - 20 * 0.72)
    by_hand = {
        2019: 0.877 * (1 - 0.22 * 0.41) + 2.5 * 0.126,
        2021: 0.8218 * (1 - 0.22 * 0.41) * load + 2.5 * 0.1111,
        2022: 0.8177 * (1 - 0.22 * 0.41) * load + 2.5 * 0.1105,
        2023: 0.7950 / 0.93 + 2.5 * 0.1038,
        2024: 0.7910 / 0.93 + 2.5 * 0.1033,
    }
    for year, rate in by_hand.items():
        assert due("tps_heat", year) == pytest.approx(rate)
    emitted = load_scenario("tps_heat").firm.emission_intensity
    assert [rate > emitted for rate in by_hand.values()] == [True, False, False, True, True]


def test_the_gas_unit_is_short_throughout_and_a_sixth_from_2023():
    emitted = load_scenario("tps_gas").firm.emission_intensity
    assert [due("tps_gas", year) for year in (2019, 2022, 2023)] == pytest.approx([0.392, 0.3901, 0.3305 / 0.98])
    assert [1 - due("tps_gas", year) / emitted for year in (2019, 2023)] == pytest.approx([0.044, 0.1775], abs=5e-4)


def test_coal_units_at_full_load_get_the_plain_benchmark():
    assert [due("tps", year) for year in (2019, 2021, 2022)] == pytest.approx([0.877, 0.8218, 0.8177])
    assert due("tps", 2023) == pytest.approx(0.7950 / 0.95)


def test_reported_cuts_of_the_2021_benchmarks():
    first, second = TPS.allocation["2020"].benchmark, TPS.allocation["2021"].benchmark
    assert 1 - second["I"] / first["I"] == pytest.approx(0.0629, abs=5e-5)
    assert 1 - second["III"] / first["III"] == pytest.approx(0.1841, abs=5e-5)


def test_basis_moves_from_net_supply_to_gross_generation():
    assert [rule.basis for rule in TPS.allocation.values()] == ["net"] * 4 + ["gross"] * 2


def test_preallocation():
    assert [rule.pre_share for rule in TPS.allocation.values()] == [0.7, 0.7, 0.7, 0.7, 0, 0.7]
    months = [rule.allocated for rule in TPS.calendar.values()]
    assert months == ["2021-01", "2021-01", "2023-04", "2023-04", None, "2025-04"]


def test_two_year_cycles_then_yearly():
    deadlines = [rule.deadline for rule in TPS.calendar.values()]
    assert deadlines == ["2021-12", "2021-12", "2023-12", "2023-12", "2024-12", "2025-12"]


def test_benchmarks_come_late():
    announced = [rule.announced for rule in TPS.calendar.values()]
    assert announced == ["2020-12", "2020-12", "2023-03", "2023-03", "2024-10", "2024-10"]


def test_years_are_verified_one_a_month():
    verified = [rule.verified for rule in TPS.calendar.values()]
    assert verified == ["2021-09", "2021-10", "2023-06", "2023-07", "2024-10", "2025-09"]
    assert len(set(verified)) == len(verified)


def test_deficit_cap_to_2022():
    assert [rule.deficit_cap for rule in TPS.allocation.values()] == [0.2, 0.2, 0.2, 0.2, None, None]


def test_borrowing_in_2021_and_2022_alone():
    assert [year for year, rule in TPS.borrowing.items() if rule.limit == "gap_test"] == ["2021", "2022"]
    assert [rule.limit for year, rule in TPS.borrowing.items() if year not in ("2021", "2022")] == ["none"] * 4
    for year in ("2021", "2022"):
        assert (TPS.borrowing[year].gap_threshold, TPS.borrowing[year].gap_share) == (0.10, 0.50)


def test_rules_that_came_late():
    assert TPS.banking["2024"].announced == "2024-10"
    announced = [rule.announced for rule in TPS.borrowing.values()]
    assert announced == [None, None, "2023-03", "2023-03", "2024-10", "2024-10"]


def test_benchmarks_were_in_doubt_until_the_plans():
    for year, name, before, value, month in (
        (2021, "I", 0.877, 0.8218, "2023-03"),
        (2021, "II", 0.979, 0.8773, "2023-03"),
        (2021, "III", 1.146, 0.9350, "2023-03"),
        (2022, "I", 0.877, 0.8177, "2023-03"),
        (2022, "II", 0.979, 0.8729, "2023-03"),
        (2022, "III", 1.146, 0.9303, "2023-03"),
        (2023, "I", 0.8177, 0.7950, "2024-10"),
        (2023, "II", 0.8729, 0.8090, "2024-10"),
        (2023, "III", 0.9303, 0.8285, "2024-10"),
        (2024, "I", 0.8177, 0.7910, "2024-10"),
        (2024, "II", 0.8729, 0.8049, "2024-10"),
        (2024, "III", 0.9303, 0.8244, "2024-10"),
    ):
        known = range_of(TPS, f"allocation.{year}.benchmark.{name}")
        assert (known.high, known.announced) == (before, month)
        assert known.low == pytest.approx(2 * value - before, abs=1e-4)  # a cut twice as large as it turned out


def test_carry_over_and_fine_were_in_doubt_too():
    multiple, base = (range_of(TPS, f"banking.2024.{key}") for key in ("net_sales_multiple", "base_tonnes"))
    assert (multiple.low, multiple.high, multiple.announced) == (1, 3, "2024-10")
    assert (base.low, base.announced) == (0, "2024-10")  # the draft of July 2024 had no base
    for year, month in (("2023", "2024-12"), ("2024", "2025-12")):
        fine = range_of(TPS, f"penalty.{year}.multiple")
        assert (fine.low, fine.high, fine.announced) == (5, 10, month)
    assert load_scenario("tps").policy.mode == "historical"
    assert load_scenario("tps_randomised").policy.mode == "randomised"


def test_ccer_limit():
    for year in range(2019, 2025):
        rule = TPS.offsets[str(year)]["ccer"]
        assert (rule.limit_share, rule.limit_base) == (0.05, "duty")


def test_carry_over_of_31_december_2025():
    assert [TPS.banking[str(year)].limit for year in range(2019, 2024)] == ["unlimited"] * 5
    rule = TPS.banking["2024"]
    assert (rule.limit, rule.net_sales_since, rule.lost_if_missed) == ("net_sales", "2024-01", True)
    # 300,000 t left, 80,000 t sold net: 130,000 t carried
    assert min(rule.base_tonnes + rule.net_sales_multiple * 80_000, 300_000) == 130_000


def test_lump_sum_and_deduction_before_the_regulations():
    for year in ("2019", "2020", "2021", "2022"):
        rule = TPS.penalty[year]
        assert (rule.lump_sum, rule.deducted, rule.multiple, rule.side_multiple) == (30_000, 1, 0, 1.1)
        assert not rule.forfeits_carry


def test_multiple_of_the_month_before_the_deadline_afterwards():
    for year in ("2023", "2024"):
        rule = TPS.penalty[year]
        assert (rule.announced, rule.multiple, rule.mean_months, rule.lump_sum) == ("2024-02", 5, 1, 0)
        assert rule.mean_until is None  # 31 December less a month is December, the deadline's own
        assert (rule.forfeits_carry, rule.deducted) == (True, 1)
    # the fine on a firm of Ningxia for 2023: 865,300 t at a mean of 98.00 in December 2024
    assert TPS.penalty["2023"].multiple * 98.00 * 865_300 == pytest.approx(423_997_000)


def test_market_opened_at_48_in_july_2021():
    assert TPS.market_opens == "2021-07"
    assert load_scenario("tps").market.price == 48


def test_offset_ratio_starts_at_a_half():
    assert load_scenario("tps").market.offset.ratio == pytest.approx(20 / 40)


def test_output_can_move_where_it_is_a_choice():
    choice = load_scenario("tps_output").firm.output_choice
    # at 60 CNY/t in 2021: 3.5 CNY/MWh under the standard, 52.8 if every tonne had to be bought
    assert 60 * (0.88 - 0.8218) / choice.margin_slope == pytest.approx(0.035, abs=5e-4)
    assert 60 * 0.88 / choice.margin_slope > choice.flexibility
    assert load_scenario("tps").firm.output_choice is None


def test_class_two_firm_stands_at_the_borrowing_threshold():
    firm = load_scenario("tps_class2").firm
    gaps = [1 - benchmark / firm.emission_intensity for benchmark in (0.8773, 0.8729)]
    assert gaps[0] < 0.10 <= gaps[1]
