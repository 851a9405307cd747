"""Figures of China's national system for power, typed from plans, rules and reports."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario

TPS = load_scenario("tps").regime


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


def test_multiple_of_the_month_before_the_deadline_afterwards():
    for year, until in (("2023", "2024-11"), ("2024", "2025-11")):
        rule = TPS.penalty[year]
        assert (rule.multiple, rule.mean_months, rule.mean_until, rule.lump_sum) == (5, 1, until, 0)


def test_market_opened_at_48_in_july_2021():
    assert TPS.market_opens == "2021-07"
    assert load_scenario("tps").market.price == 48


def test_offset_ratio_starts_at_a_half():
    assert load_scenario("tps").market.offset.ratio == pytest.approx(20 / 40)


def test_class_two_firm_stands_at_the_borrowing_threshold():
    firm = load_scenario("tps_class2").firm
    gaps = [1 - benchmark / firm.emission_intensity for benchmark in (0.8773, 0.8729)]
    assert gaps[0] < 0.10 <= gaps[1]
