"""Figures of the Korean system, phases I-III, typed from the Act, its decree and reports; not read from the library."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from tests.regimes.ranges import range_of

KETS = load_scenario("kets").regime
YEARS = range(2015, 2026)


def test_period_and_phases():
    assert tuple(KETS.calendar) == tuple(str(year) for year in range(2015, 2031))
    assert {name: (phase.first, phase.last) for name, phase in KETS.phases.items()} == {
        "I": ("2015", "2017"),
        "II": ("2018", "2020"),
        "III": ("2021", "2025"),
        "IV": ("2026", "2030"),
    }
    assert (load_scenario("kets").start, load_scenario("kets").end) == ("2015-01", "2026-08")


def test_one_deadline_per_vintage():
    assert {str(year): KETS.calendar[str(year)].deadline for year in YEARS} == {
        "2015": "2016-06", "2016": "2017-06", "2017": "2018-08", "2018": "2019-09", "2019": "2020-09",
        "2020": "2021-08", "2021": "2022-08", "2022": "2023-08", "2023": "2024-08", "2024": "2025-08",
        "2025": "2026-08",
    }  # fmt: skip


def test_a_vintage_ends_in_the_month_in_which_it_was_last_traded():
    last = {
        "2015": "2016-06-30", "2016": "2017-06-30", "2017": "2018-08-09", "2018": "2019-09-27", "2019": "2020-09-07",
        "2020": "2021-08-09", "2021": "2022-08-08", "2022": "2023-08-31", "2023": "2024-08-30", "2024": "2025-08-29",
    }  # fmt: skip
    assert {year: KETS.calendar[year].deadline for year in last} == {year: day[:7] for year, day in last.items()}


def test_emissions_become_a_duty_in_may_but_for_2019_in_june():
    verified = {year: KETS.calendar[str(year)].verified for year in range(2015, 2031)}
    expected = {year: f"{year + 1}-05" for year in range(2015, 2031)}
    assert verified == expected | {2019: "2020-06"}  # the dates of 2019 were put off by a month
    assert all(rule.verified < rule.deadline for rule in KETS.calendar.values())


def test_vintages_of_a_phase_are_booked_before_it_but_phase_two_came_in_two_plans():
    booked = [KETS.calendar[str(year)].allocated for year in YEARS]
    assert booked == ["2014-12"] * 3 + ["2017-12", "2018-07", "2018-07"] + ["2020-12"] * 5


def test_the_plan_of_phase_three_is_of_september_2020():
    assert {KETS.calendar[str(year)].announced for year in range(2021, 2026)} == {"2020-09"}


@pytest.mark.parametrize(
    ("years", "factor"),
    [
        ((2015, 2016, 2017), 1598 / 1687),
        ((2018,), 0.8518 * 601.0 / 538.46),
        ((2019,), 563.2 / 587.9),
        ((2020,), 563.2 / 587.9 * 545.1 / 587.6),
        ((2021, 2022, 2023), 1 - 0.047),
        ((2024, 2025), (1 - 0.047) * 567.1 / 589.3),
    ],
)
def test_correction_factors(years, factor):
    for year in years:
        assert KETS.allocation[str(year)].method == "grandfathering"
        assert KETS.allocation[str(year)].correction_factor == pytest.approx(factor, abs=5e-5)


def test_grey_clinker_refining_and_aviation_are_benchmarked_from_the_start_and_power_from_2018():
    assert set(KETS.allocation["2015"].classes) == {"clinker", "refining", "aviation"}
    assert set(KETS.allocation["2018"].classes) == {"clinker", "refining", "aviation", "electricity"}
    for year in YEARS:
        rule = KETS.allocation[str(year)]
        for name, product in rule.classes.items():
            assert product.method == "historical_benchmarking"
            assert name in product.benchmark
            assert product.correction_factor == rule.correction_factor


def test_power_has_two_benchmarks_to_2023_and_one_for_all_fuels_after():
    # Fourth Master Plan, page 9: 0.787414821 (coal) and 0.399743656 (others) in 2021-23, 0.682188923 in 2024-25
    for year in range(2021, 2026):
        classes = KETS.allocation[str(year)].classes
        coal, other = (classes[name].benchmark[name] for name in ("electricity", "electricity_gas"))
        assert (coal, other) == ((0.787414821, 0.399743656) if year < 2024 else (0.682188923, 0.682188923))


def test_auctioned_shares_of_phases_one_to_three():
    shares = {year: KETS.allocation[str(year)].auction_share.get("", 0.0) for year in YEARS}
    expected = {2015: 0, 2016: 0, 2017: 0, 2018: 0.03, 2019: 0.03, 2020: 0.03}
    assert shares == expected | dict.fromkeys(range(2021, 2026), 0.10)
    for year in YEARS:
        for product in KETS.allocation[str(year)].classes.values():
            assert product.auction_share.get("", 0.0) == shares[year]


def test_any_of_three_leakage_tests_in_phases_one_and_two():
    for phase in ("I", "II"):
        tests = [(test.trade_intensity, test.cost_intensity) for test in KETS.phases[phase].leakage_tests]
        assert tests == [(0.30, None), (None, 0.30), (0.10, 0.05)]


def test_the_leakage_test_of_phase_three_is_a_product_of_two_per_mille():
    (test,) = KETS.phases["III"].leakage_tests
    assert (test.cost_times_trade, test.trade_intensity, test.cost_intensity) == (0.002, None, None)


def test_before_2025_units_are_cancelled_only_at_half_of_the_allocation():
    for year in range(2015, 2025):
        rule = KETS.allocation[str(year)]
        assert [(tier.ratio, tier.share) for tier in rule.cancellation] == [(0.50, 1.0)]
        assert rule.addition == ()


def test_first_vintages_are_carried_freely():
    assert KETS.banking["2015"].limit == KETS.banking["2016"].limit == "unlimited"


def test_kau17_example_of_the_2017_package():
    rule = KETS.banking["2017"]
    assert rule.limit == "deducted_above_base"
    free = rule.base_share * 1_000_000 + rule.base_tonnes
    assert (free, 200_000 - free) == (120_000, 80_000)


def test_net_sales_multiples():
    multiples = {2018: 3, 2019: 2, 2021: 2, 2022: 2, 2023: 3, 2024: 5, 2025: 5}
    for year, multiple in multiples.items():
        rule = KETS.banking[str(year)]
        assert (rule.limit, rule.net_sales_multiple, rule.net_sales_since) == ("net_sales", multiple, "vintage")


def test_when_the_carry_over_rules_were_published():
    assert {year: KETS.banking[str(year)].announced for year in YEARS} == {
        2015: None, 2016: None, 2017: "2017-04", 2018: "2019-06", 2019: "2019-06", 2020: "2019-06", 2021: "2020-09",
        2022: "2020-09", 2023: "2023-12", 2024: "2024-12", 2025: "2025-11",
    }  # fmt: skip


def test_numbers_in_doubt_lie_within_what_was_thought_possible():
    for entry in KETS.ranges:
        assert entry.low <= KETS.number(entry.path) <= entry.high, entry.path
    assert range_of(KETS, "allocation.2018.correction_factor").low == 0.8518  # the interim plan
    assert range_of(KETS, "borrowing.2015.share").low == 0.10  # before the Cabinet of May 2016
    assert range_of(KETS, "banking.2023.net_sales_multiple").low == 1  # the original phase III plan
    assert range_of(KETS, "allocation.2019.correction_factor").announced == "2018-07"


def test_small_holders_carry_everything():
    assert KETS.banking["2018"].small_holder_tonnes == {"firm": 75_000, "site": 15_000}
    assert KETS.banking["2019"].small_holder_tonnes == {"firm": 50_000, "site": 10_000}


def test_kau20_counts_the_phase_as_a_yearly_mean():
    rule = KETS.banking["2020"]
    assert (rule.net_sales_multiple, rule.net_sales_since, rule.net_sales_years) == (1, "phase", 3)


def test_deficit_firms_may_carry_all_from_kau23():
    exempt = [year for year, rule in KETS.banking.items() if rule.deficit_firm_exempt]
    assert exempt == [str(year) for year in range(2023, 2031)]


def test_borrowing():
    shares = {year: rule.share for year, rule in KETS.borrowing.items() if rule.limit == "share_of_duty"}
    # 20 % from May 2016 on, 15 % from August 2017 on, when KAU16 had been surrendered
    assert shares == {"2015": 0.20, "2016": 0.20, "2018": 0.15, "2021": 0.15, "2026": 0.15}
    assert [year for year, rule in KETS.borrowing.items() if rule.limit == "none"] == ["2017", "2020", "2025", "2030"]
    decaying = {year: rule.decay for year, rule in KETS.borrowing.items() if rule.limit == "decaying"}
    assert decaying == dict.fromkeys(("2019", "2022", "2023", "2024", "2027", "2028", "2029"), 0.5)


def test_offset_limits():
    for year in range(2015, 2031):
        rule = KETS.offsets[str(year)]["kcu"]
        assert rule.limit_base == "duty"
        assert rule.limit_share == (0.10 if year <= 2020 else 0.05)
        assert rule.multiplier == 1


def test_credits_from_abroad_count_from_2018_for_half_of_the_limit_then_within_it():
    assert [year for year in YEARS if "i_kcu" not in KETS.offsets[str(year)]] == [2015, 2016, 2017]
    assert {KETS.offsets[str(year)]["i_kcu"].limit_share for year in range(2018, 2031)} == {0.05}


def test_penalty_is_three_times_the_obligation_years_mean():
    for year in range(2015, 2031):
        rule = KETS.penalty[str(year)]
        assert (rule.multiple, rule.mean_months, rule.mean_until) == (3, 12, f"{year}-12")
        assert rule.volume_weighted
        # the amendment took effect on 29 April 2026, before the deadline of KAU25
        assert rule.cap == (100_000 if year < 2025 else None)
        assert (rule.lump_sum, rule.deducted) == (0, 0)


OFFERED = {  # kt at each auction of the exchange's record, by the vintage sold
    2018: {"2019-01": 550, "2019-02": 550, "2019-03": 550, "2019-04": 1590, "2019-05": 1000, "2019-06": 550},
    2019: {
        "2019-07": 550, "2019-08": 550, "2019-09": 550, "2019-10": 550, "2019-11": 550, "2019-12": 550, "2020-01": 650,
        "2020-02": 650, "2020-03": 750, "2020-04": 800, "2020-05": 1000, "2020-06": 1468.5, "2020-07": 679,
    },
    2020: {
        "2020-08": 520.6, "2020-09": 711.9, "2020-10": 616.1, "2020-11": 650, "2020-12": 937.5, "2021-01": 400,
        "2021-06": 5556.6,
    },
    2021: {
        "2021-07": 2150, "2021-08": 2759.6, "2021-09": 2749.8, "2021-10": 2150, "2021-11": 2318, "2021-12": 2379.2,
        "2022-01": 1000, "2022-02": 1000, "2022-03": 1000, "2022-04": 1000, "2022-05": 2500, "2022-06": 2500,
    },
    2022: {
        "2022-07": 2300, "2022-08": 2300, "2022-09": 2375, "2022-10": 2661, "2022-11": 2300, "2022-12": 2300,
        "2023-01": 1000, "2023-02": 1000, "2023-03": 1000, "2023-04": 1000,
    },
    2023: {
        "2023-07": 2150, "2023-08": 2150, "2023-09": 3070, "2023-10": 3070, "2023-11": 3070, "2023-12": 1500,
        "2024-01": 450, "2024-02": 200, "2024-03": 200, "2024-05": 100, "2024-06": 200,
    },
    2024: {
        "2024-07": 1000, "2024-08": 1000, "2024-09": 3500, "2024-10": 3500, "2024-11": 5000, "2024-12": 5000,
        "2025-03": 1250, "2025-05": 1000, "2025-06": 1000,
    },
    2025: {
        "2025-07": 2000, "2025-08": 1500, "2025-09": 2000, "2025-10": 2500, "2025-11": 4000, "2025-12": 4000 + 1000,
        "2026-01": 1000, "2026-02": 1200, "2026-03": 1200, "2026-04": 1200, "2026-05": 1200, "2026-06": 1200,
        "2026-07": 2830, "2026-08": 2830,
    },
}  # fmt: skip


@pytest.mark.parametrize("year", OFFERED)
def test_the_auctions_of_a_vintage_from_the_deadline_of_the_one_before_on(year):
    # only units of the front can be bought: what was sold while the vintage before still traded is left out
    before = KETS.calendar[str(year - 1)].deadline
    offered = {month: tonnes for month, tonnes in OFFERED[year].items() if month > before}
    rule = KETS.auctions[str(year)]
    assert rule.months == tuple(offered)
    assert {month: rule.volume_of(month) for month in rule.months} == {m: 1000 * kt for m, kt in offered.items()}
    assert rule.offered == pytest.approx(1000 * sum(offered.values()))
    left_out = {2018: 0, 2019: 3, 2025: 2}.get(year, 2)
    assert len(OFFERED[year]) - len(offered) == left_out


def test_what_was_on_offer_in_a_month_by_the_notices():
    rules = KETS.auctions
    monthly = {month: rule.volume_of(month) for rule in rules.values() for month in rule.months}
    assert monthly["2022-05"] == monthly["2022-06"] == 2_500_000
    assert monthly["2022-11"] == monthly["2022-12"] == 2_300_000  # 2.3 Mt a month from July; more where some was left
    assert monthly["2019-01"] == monthly["2019-12"] == 550_000  # "0.55 Mt a month, 1.0 Mt in the second quarter"
    assert monthly["2019-05"] == 1_000_000
    assert sum(monthly.get(f"2023-{month:02d}", 0) for month in range(1, 13)) == 4_000_000 + 10_710_000


def test_auctions_of_the_vintage_after_are_told_as_a_gap_with_what_they_sold():
    (gap,) = [gap for gap in KETS.gaps if "vintage after" in gap]
    for year, offered in OFFERED.items():
        before = KETS.calendar[str(year - 1)].deadline
        early = sum(tonnes for month, tonnes in offered.items() if month <= before)
        if early:
            assert f"{early / 1000:.2f} " in gap, year


def test_terms_of_the_auctions():
    assert {rule.bid_share for rule in KETS.auctions.values()} == {0.15}
    assert {rule.fee for rule in KETS.auctions.values()} == {0.0011}
    assert KETS.auctions["2026"].volume == 24e6 / 12  # planned for 2026
    assert (KETS.auctions["2026"].months[0], KETS.auctions["2030"].months[-1]) == ("2026-09", "2031-08")


def test_an_exempt_firm_bids_from_2026_on():
    works = load_scenario("kets_cement").regime
    shares = {year: works.auctions[str(year)].bid_share for year in range(2021, 2031)}
    assert shares == dict.fromkeys(range(2021, 2026), 0.0) | dict.fromkeys(range(2026, 2031), 0.15)


def test_triggers_against_the_mean_of_two_years():
    for year in YEARS:
        rule = KETS.stabilisation[str(year)]
        assert (rule.reference_months, rule.high_multiple, rule.trigger_months) == (24, 3, 1)
        assert rule.low_multiple == (0.60 if year < 2024 else 0.70)
        assert rule.acts == 2 / 8  # floors of 26 July and 28 November 2023, in eight months below the trigger
        assert rule.reserve_sale_share == 0.20  # June 2018: at most a fifth of a bidder's shortage


def test_holding_limits_are_a_tool_that_is_off():
    for year in range(2015, 2031):
        rule = KETS.holding[str(year)]
        assert (rule.active, rule.min_share, rule.max_share) == (False, 0.70, 1.50)


def test_market():
    market = load_scenario("kets").market
    assert (market.price, market.volatility) == (10_506, 0.30)
    assert market.aggregate.offset_supply == pytest.approx(33.6 / 10 / 560, abs=5e-5)  # Mt issued in ten years
    for year in ("2015", "2016", "2023", "2024", "2025"):  # anyone who may buy can carry without limit
        assert year not in market.gap


@pytest.mark.parametrize(
    ("year", "side", "front", "after"),  # KRW on one day
    [
        ("2017", "down", 22_700, 26_250),
        ("2018", "up", 39_000, 31_850),  # 27 September 2019
        ("2019", "down", 15_000, 20_950),  # 5 August 2020
        ("2020", "up", 21_200, 18_100),  # 14 July 2021, at the first auction of KAU21
        ("2021", "down", 14_700, 29_000),  # 3 August 2022
    ],
)
def test_the_front_stood_so_far_from_the_vintage_after(year, side, front, after):
    gap = load_scenario("kets").market.gap[year]
    assert getattr(gap, side) == pytest.approx(abs(front / after - 1), abs=0.001)


def test_the_other_bounds_of_the_front():
    gap = load_scenario("kets").market.gap
    assert (gap["2017"].up, gap["2019"].up, gap["2021"].up) == (0.067, 0.067, 0.012)
    assert (gap["2018"].down, gap["2020"].down, gap["2022"].down, gap["2022"].up) == (0.08, 0.168, 0.220, 0.045)
