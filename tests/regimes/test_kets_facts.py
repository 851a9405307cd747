"""Figures of the Korean system, typed from the Act, its decree and reports; not read back from the library."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario

KETS = load_scenario("kets").regime


def test_period_and_phases():
    assert tuple(KETS.calendar) == tuple(str(year) for year in range(2015, 2026))
    assert {name: (phase.first, phase.last) for name, phase in KETS.phases.items()} == {
        "I": ("2015", "2017"),
        "II": ("2018", "2020"),
        "III": ("2021", "2025"),
    }
    assert (load_scenario("kets").start, load_scenario("kets").end) == ("2015-01", "2026-08")


def test_one_deadline_per_vintage():
    assert {year: rule.deadline for year, rule in KETS.calendar.items()} == {
        "2015": "2016-06", "2016": "2017-06", "2017": "2018-06", "2018": "2019-09", "2019": "2020-11",
        "2020": "2021-06", "2021": "2022-06", "2022": "2023-08", "2023": "2024-08", "2024": "2025-08",
        "2025": "2026-08",
    }  # fmt: skip


def test_emissions_become_a_duty_in_may():
    assert [rule.verified for rule in KETS.calendar.values()] == [f"{year + 1}-05" for year in range(2015, 2026)]


def test_vintages_of_a_phase_are_booked_before_it_but_phase_two_came_in_two_plans():
    booked = [rule.allocated for rule in KETS.calendar.values()]
    assert booked == ["2014-12"] * 3 + ["2017-12", "2018-07", "2018-07"] + ["2020-12"] * 5


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


def test_small_holders_carry_everything():
    assert KETS.banking["2018"].small_holder_tonnes == {"firm": 75_000, "site": 15_000}
    assert KETS.banking["2019"].small_holder_tonnes == {"firm": 50_000, "site": 10_000}


def test_kau20_counts_the_phase_as_a_yearly_mean():
    rule = KETS.banking["2020"]
    assert (rule.net_sales_multiple, rule.net_sales_since, rule.net_sales_years) == (1, "phase", 3)


def test_deficit_firms_may_carry_all_from_kau23():
    assert [year for year, rule in KETS.banking.items() if rule.deficit_firm_exempt] == ["2023", "2024", "2025"]


def test_borrowing():
    shares = {year: rule.share for year, rule in KETS.borrowing.items() if rule.limit == "share_of_duty"}
    assert shares == {"2015": 0.20, "2016": 0.15, "2018": 0.15, "2021": 0.15}
    assert [year for year, rule in KETS.borrowing.items() if rule.limit == "none"] == ["2017", "2020", "2025"]
    decaying = {year: rule.decay for year, rule in KETS.borrowing.items() if rule.limit == "decaying"}
    assert decaying == {"2019": 0.5, "2022": 0.5, "2023": 0.5, "2024": 0.5}


def test_offset_limits():
    for year in range(2015, 2026):
        rule = KETS.offsets[str(year)]["kcu"]
        assert rule.limit_base == "duty"
        assert rule.limit_share == (0.10 if year <= 2020 else 0.05)
        assert rule.multiplier == 1


def test_penalty_is_three_times_the_obligation_years_mean():
    for year in range(2015, 2026):
        rule = KETS.penalty[str(year)]
        assert (rule.multiple, rule.mean_months, rule.mean_until) == (3, 12, f"{year}-12")
        assert rule.volume_weighted
        # the amendment took effect on 29 April 2026, before the deadline of KAU25
        assert rule.cap == (100_000 if year < 2025 else None)
        assert (rule.lump_sum, rule.deducted) == (0, 0)


def test_market():
    market = load_scenario("kets").market
    assert (market.price, market.volatility) == (10_506, 0.30)
    assert market.gap["2017"].up == pytest.approx(1 / (1 - 0.135) - 1, abs=0.001)
    assert market.gap["2019"].up == pytest.approx(1 / (1 - 0.11) - 1, abs=0.001)
    assert market.gap["2020"].down == pytest.approx(1 - 15_550 / 19_700, abs=0.001)
    for year in ("2015", "2016", "2023", "2024", "2025"):  # anyone who may buy can carry without limit
        assert year not in market.gap
