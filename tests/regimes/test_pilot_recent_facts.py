"""Figures of Guangdong's, Beijing's and Shanghai's pilots from 2019 on, typed from plans, notices and reports."""

from __future__ import annotations

import math

import pytest

from nea_env.library import load_regime, load_scenario, provenance
from nea_env.scenario import add_months

NAMES = ("beijing", "guangdong", "shanghai")
LAW = {name: load_regime(f"pilot_{name}") for name in NAMES}
RECENT = {name: load_scenario(f"pilot_{name}_recent") for name in NAMES}
LAST = {"beijing": "2023", "guangdong": "2024", "shanghai": "2024"}
USD = 6.569  # CNY, monthly mean of September 2017


def held(mechanism: str, year: str, *keys: str) -> set[str]:
    return {f"{mechanism}.{year}.{key}" for key in keys}


LOT = ("months.0", "volume", "reserve_multiple", "reserve_months")
SOURCED = {  # paths of 2020 and later that are not assumed, but for those of Guangdong's decree
    "beijing": {
        "calendar.2021.announced", *held("calendar", "2022", "announced", "deadline"), "calendar.2023.announced",
        *held("auctions", "2021", *LOT, "bid_share"),
        *held("auctions", "2022", *LOT, "bid_share", "months.1", "terms.2023-10.volume", "terms.2023-10.short_only"),
        *held("auctions", "2022.terms.2023-10", "reserve_multiple", "reserve_months", "own_use"),
        *held("auctions", "2023", "months.0", "months.1", "volume", "bid_share"),
        *held("auctions", "2023.terms.2024-11", "volume", "reserve_multiple", "reserve_months", "own_use"),
        "calendar.2023.deadline",
    },
    "guangdong": {
        *held("calendar", "2020", "announced", "verified", "deadline"),
        *(f"calendar.{year}.{key}" for year in (2021, 2022, 2023)
          for key in ("allocated", "announced", "verified", "deadline")),
        *held("calendar", "2024", "allocated", "announced"),
        *held("allocation", "2022", "pre_share", "auction_share.", "auction_share.aviation"),
        *held("allocation", "2023", "pre_share", "auction_share.", "auction_share.aviation", "auction_share.ceramics"),
        *held("allocation", "2023", "auction_share.ports", "auction_share.data_centres"),
        *held("allocation", "2024", "auction_share.", "auction_share.textiles", "auction_share.airports"),
        "allocation.2024.auction_share.public_buildings",
        *(f"allocation.{year}.classes.petrochemicals.auction_share." for year in (2022, 2023, 2024)),
        *(f"allocation.{year}.classes.petrochemicals.correction_factor" for year in (2023, 2024)),
    },
    "shanghai": {
        "calendar.2019.deadline", "calendar.2020.deadline", *held("calendar", "2021", "deadline"),
        *(f"calendar.{year}.{key}" for year in (2021, 2022, 2023, 2024) for key in ("allocated", "announced")),
        *(f"grid_factor.{year}.factor" for year in (2020, 2022, 2023, 2024)),
        *held("auctions", "2020", *LOT, "bid_share"),
        *held("auctions", "2021", "months.0", "volume", "short_only"),
        *held("auctions", "2022", *LOT, "bid_share", "months.1"),
        *held("auctions", "2022.terms.2023-11", "volume", "reserve_multiple", "reserve_months"),
        *held("auctions", "2023", *LOT),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_law_reaches_the_last_year_known_and_says_which_that_is(name):
    assert max(LAW[name].calendar) == LAST[name] == RECENT[name].last
    assert any(f"{LAST[name]} is the last year known" in gap for gap in LAW[name].gaps)
    for mechanism in ("allocation", "banking", "borrowing", "offsets", "penalty", "grid_factor"):
        assert max(getattr(LAW[name], mechanism)) == LAST[name], mechanism


@pytest.mark.parametrize(
    ("name", "deadlines", "how"),
    [
        ("guangdong", ["2021-07", "2022-08", "2023-07", "2024-07", "2025-06"], ["sourced"] * 4 + ["assumed"]),
        ("beijing", ["2021-10", "2022-11", "2023-10", "2024-11"], ["assumed", "assumed", "derived", "derived"]),
        ("shanghai", ["2021-09", "2022-12", "2023-11", "2024-09", "2025-09"], ["sourced"] * 2 + ["assumed"] * 3),
    ],
)
def test_deadlines_from_2020_on(name, deadlines, how):
    years = [year for year in LAW[name].calendar if year >= "2020"]
    assert [LAW[name].calendar[year].deadline for year in years] == deadlines
    known = provenance("regime", f"pilot_{name}")
    assert [known[f"calendar.{year}.deadline"].status for year in years] == how


def test_deadlines_of_2019_in_the_recent_windows():
    assert RECENT["beijing"].regime.calendar["2019"].deadline == "2020-10"  # the notice of April 2020
    assert RECENT["guangdong"].regime.calendar["2019"].deadline == "2020-11"
    assert RECENT["guangdong"].regime.calendar["2019"].announced == "2019-11"  # the plan in one picture
    assert LAW["shanghai"].calendar["2019"].deadline == "2020-10"  # No. 215 of 2020


@pytest.mark.parametrize(
    ("name", "plans"),
    [
        ("guangdong", {"2021": "2022-01", "2022": "2022-12", "2023": "2024-01", "2024": "2025-03"}),
        ("beijing", {"2021": "2022-04", "2022": "2023-04", "2023": "2024-05"}),
        ("shanghai", {"2021": "2022-01", "2022": "2023-05", "2023": "2024-02", "2024": "2024-12"}),
    ],
)
def test_plans_come_when_the_year_is_over_or_nearly(name, plans):
    assert {year: LAW[name].calendar[year].announced for year in plans} == plans


def test_guangdong_verifies_by_its_notices():
    months = {year: LAW["guangdong"].calendar[year].verified for year in ("2020", "2021", "2022", "2023")}
    assert months == {"2020": "2021-05", "2021": "2022-05", "2022": "2023-05", "2023": "2024-06"}


def test_guangdongs_free_shares():
    rules = LAW["guangdong"].allocation
    assert rules["2022"].auction_share == {"": 0.04, "aviation": 0.0}  # 96 % and 100 % free
    more = {"ceramics": 0.03, "ports": 0.03, "data_centres": 0.03}
    assert rules["2023"].auction_share == {"": 0.04, "aviation": 0.0} | more
    assert rules["2024"].auction_share == {"": 0.05, "textiles": 0.03, "airports": 0.03, "public_buildings": 0.03}


def test_guangdongs_petrochemicals_on_historical_emissions():
    years = ("2019", "2020", "2021", "2022", "2023", "2024")
    rules = [LAW["guangdong"].allocation[year].of_class("petrochemicals") for year in years]
    assert {rule.method for rule in rules} == {"grandfathering"}
    assert [rule.correction_factor for rule in rules] == [1, 1, 1, 1, 1, 0.98]
    assert [rule.auction_share[""] for rule in rules] == [0.03, 0.03, 0.03, 0.04, 0.04, 0.05]


def test_guangdongs_planned_auctions_are_told_and_not_played():
    assert not {year for year in LAW["guangdong"].auctions if year >= "2020"}
    (told,) = [gap for gap in LAW["guangdong"].gaps if "0.5 Mt together" in gap]
    assert "815.5" in told
    # in million CNY: 11.12 Mt at 60, 3.44 Mt at 26 to 40, 1.1 Mt, 1.0 Mt and 0.4 Mt; the rest is that of March 2017
    sold = (
        60 * (3 + 3.892761 + 1.130557 + 0.528884 + 0.679471 + 0.528796 + 1.36287)
        + 2 * 26 + 0.701442 * 30 + 0.422461 * 35 + 0.314643 * 40
        + 0.3 * 16.1 + 0.3 * 15 + 0.5 * 12.69 + 0.5 * 9.88 + 0.5 * 15 + 0.4 * 28.20
    )  # fmt: skip
    assert (815.5 - sold) / 0.5 == pytest.approx(16.58, abs=0.01)  # a price, above its reserve of 16.09


def test_guangdongs_decree_goes_on():
    for year in map(str, range(2020, 2025)):
        assert (LAW["guangdong"].penalty[year].lump_sum, LAW["guangdong"].penalty[year].deducted) == (50_000, 2)
        shares = {kind: rule.limit_share for kind, rule in LAW["guangdong"].offsets[year].items()}
        assert shares == {"ccer": 0.03, "ccer_local": 0.10, "phcer": 0.10}
        known = provenance("regime", "pilot_guangdong")
        assert known[f"penalty.{year}.deducted"].status == "sourced"
        assert (known[f"offsets.{year}.ccer_local.limit_share"].status == "sourced") == (year == "2020")


def test_beijings_five_auctions():
    first, second, third = (LAW["beijing"].auctions[year] for year in ("2021", "2022", "2023"))
    assert (first.months, first.volume, first.reserve_multiple, first.reserve_months) == (
        ("2022-11",), 2_000_000, 1.2, 7,
    )  # fmt: skip
    assert second.months == ("2023-08", "2023-10")
    august, october = map(second.in_month, second.months)
    assert (august.volume, august.reserve_multiple, august.reserve_months) == (1_500_000, 1.0, 7)
    assert (august.short_only, august.own_use) == (False, False)
    assert (october.volume, october.reserve_multiple, october.reserve_months) == (500_000, 1.05, 6)
    assert (october.short_only, october.own_use) == (True, True)
    assert third.months == ("2024-09", "2024-11")
    september, november = map(third.in_month, third.months)
    assert september.volume == 1_500_000
    assert (november.volume, november.reserve_multiple, november.reserve_months) == (1_000_000, 1.1, 10)
    assert (september.own_use, november.own_use, november.short_only) == (False, True, False)
    assert {rule.bid_share for rule in (first, august, october, september, november)} == {0.15}
    assert "2020" not in LAW["beijing"].auctions


def test_shanghais_auctions_from_2021_to_2024():
    rules = LAW["shanghai"].auctions
    first = rules["2020"]
    assert (first.months, first.volume, first.reserve_multiple, first.reserve_months) == (("2021-08",), 800_000, 1.0, 4)
    assert first.bid_share == 100_000 / 800_000
    assert not first.own_use
    extra = rules["2021"]
    assert (extra.months, extra.volume, extra.short_only, extra.own_use) == (("2022-12",), 3_000_000, True, True)
    october, november = map(rules["2022"].in_month, ("2023-10", "2023-11"))
    assert (october.volume, october.reserve_multiple, october.reserve_months, october.own_use) == (1e6, 1.0, 9, False)
    assert october.bid_share == 100_000 / 1_000_000
    assert (november.volume, november.reserve_multiple, november.reserve_months) == (3_000_000, 1.2, 10)
    assert (november.bid_share, november.own_use) == (1.0, True)
    assert pytest.approx(61.91 * 1.2, abs=0.005) == 74.29
    last = rules["2023"]
    assert (last.months, last.volume, last.reserve_multiple, last.reserve_months) == (("2024-09",), 2_800_000, 1.2, 6)
    assert {rule.reserve_cap for year, rule in rules.items() if year >= "2020"} == {None}


def test_shanghais_power_counts_for_little_more_than_half_from_2022_on():
    found = {year: LAW["shanghai"].grid_in(year).factor for year in map(str, range(2019, 2025))}
    assert found == {"2019": 0.788, "2020": 0.788, "2021": 0.788} | dict.fromkeys(("2022", "2023", "2024"), 0.42)
    assert provenance("regime", "pilot_shanghai")["grid_factor.2021.factor"].status == "assumed"


@pytest.mark.parametrize("name", NAMES)
def test_ranges_end_with_the_announcement(name):
    ranges = [one for one in LAW[name].ranges if one.path.startswith("allocation.") and one.path[11:15] >= "2020"]
    assert [one.path[11:15] for one in ranges] == [year for year in LAW[name].calendar if year >= "2020"]
    for one in ranges:
        assert one.announced == LAW[name].calendar[one.path[11:15]].announced
        assert one.low == pytest.approx(0.95 * LAW[name].number(one.path), abs=1e-3)
        assert one.high == pytest.approx(1.03 * LAW[name].number(one.path), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "price", "level"),
    [
        ("guangdong", (14.86 * 23.19) ** 0.5, (23.19 * 28.25 * 40.14 * 76.59 * 75.76 * 51.30) ** (1 / 6)),
        ("beijing", 7.59 * USD * (64.7 / (7.59 * USD)) ** (4 / 39.5), (7.59 * USD * 64.7 * 79.92 * 102) ** 0.25),
        ("shanghai", 4.69 * USD * (41.5 / (4.69 * USD)) ** (16 / 39.5), (4.69 * USD * 41.5 * 39.78 * 61.91) ** 0.25),
    ],
)
def test_prices_at_the_start_of_the_recent_window(name, price, level):
    assert RECENT[name].market.price == pytest.approx(price, rel=3e-3)
    assert RECENT[name].market.reversion.level == pytest.approx(level, rel=3e-3)
    assert RECENT[name].market.volatility == load_scenario(f"pilot_{name}").market.volatility


@pytest.mark.parametrize(("name", "first"), [("beijing", "2018"), ("guangdong", "2019"), ("shanghai", "2019")])
def test_the_recent_firm_is_still_covered(name, first):
    scenario = RECENT[name]
    assert (scenario.start, scenario.first) == (f"{first}-01", first)
    assert len(scenario.periods) == 6
    assert scenario.firm.name == "pilot_works"
    assert scenario.firm.unit_class == {"beijing": "", "guangdong": "petrochemicals", "shanghai": "industry"}[name]
    assert scenario.end <= add_months(scenario.start, 7 * 12)


@pytest.mark.parametrize(
    ("name", "cap", "firms"), [("guangdong", 266e6, 200), ("beijing", 44e6, 979), ("shanghai", 105e6, 378)]
)
def test_the_whole_market_is_that_of_the_later_cap(name, cap, firms):
    aggregate = RECENT[name].market.aggregate
    assert aggregate.emissions == pytest.approx(cap * (1.02 if name == "beijing" else 1.0), rel=1e-3)
    assert aggregate.firms == firms
    if name == "beijing":  # issued: the cap itself
        assert 0.955 * aggregate.allocation["2016"] * aggregate.emissions == pytest.approx(cap, rel=1e-3)
    if name == "guangdong":
        assert (aggregate.allocation, aggregate.exempt) == ({"2019": 0.97, "2022": 0.96, "2024": 0.95}, 1.0)


def test_credits_at_the_start_of_guangdongs_recent_window():
    assert RECENT["guangdong"].market.offset.ratio == pytest.approx(5 / 13.54, abs=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_recent_technology_costs_so_many_times_the_firms_own(name):
    own = load_scenario("pilot_beijing").firm.technologies
    times = {"beijing": 1.0, "guangdong": 0.35, "shanghai": 0.66}[name]
    for recent, tech in zip(RECENT[name].firm.technologies, own, strict=True):
        assert recent.capex == pytest.approx(times * tech.capex)
        assert recent.opex == pytest.approx(times * tech.opex, abs=0.1)
    assert math.isclose(own[0].capex, 500)
