"""Figures of the last years of five pilots, typed from plans, notices and the exchange's news; and two cycles by hand.

Chongqing, Fujian, Hubei, Shenzhen and Tianjin after 2019. Prices are constant in the cycles, and firms emit and are
allocated round figures.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.aggregate.scale import start_price
from nea_env.library import load_regime, load_scenario, provenance
from nea_env.scenario import OffsetSeries
from tests.core import scenarios as made
from tests.core.walk import Walk
from tests.regimes.test_pilot_start_worked import law_of
from tests.regimes.test_pilot_worked import buy, market, tonnes

PILOTS = ("chongqing", "fujian", "hubei", "shenzhen", "tianjin")
LAST = {"chongqing": 2023, "fujian": 2023, "hubei": 2023, "shenzhen": 2024, "tianjin": 2024}
RECENT = {name: load_scenario(f"pilot_{name}_recent") for name in PILOTS}
LAW = {name: load_regime(f"pilot_{name}") for name in PILOTS}


def status(name: str, path: str) -> str:
    return provenance("regime", f"pilot_{name}")[path].status


def calendar(name: str, key: str) -> dict[str, str]:
    """Month and origin of one step, by year after 2020."""
    years = [year for year in LAW[name].calendar if year > "2020"]
    return {
        year: f"{getattr(LAW[name].calendar[year], key)} {status(name, f'calendar.{year}.{key}')}" for year in years
    }


@pytest.mark.parametrize("name", PILOTS)
def test_every_year_to_the_last_of_which_something_is_known(name):
    first = {"fujian": 2016, "hubei": 2014}.get(name, 2013)
    assert LAW[name].years == tuple(map(str, range(first, LAST[name] + 1)))
    assert any(f"Last year known: {LAST[name]}" in gap for gap in LAW[name].gaps)
    start = {"fujian": "2018-03", "hubei": "2018-01"}.get(name, "2021-01")
    assert RECENT[name].start == start
    assert RECENT[name].periods == tuple(map(str, range(int(start[:4]), LAST[name] + 1)))


@pytest.mark.parametrize("name", PILOTS)
def test_no_power_station_is_played_after_they_left(name):
    assert RECENT[name].firm.sector == {"fujian": "cement", "shenzhen": "manufacturing"}.get(name, "chemicals")


@pytest.mark.parametrize(
    ("name", "announced", "deadline"),
    [
        (  # the plan is of 2024; nothing else was found
            "chongqing",
            {"2021": "2021-07 assumed", "2022": "2022-07 assumed", "2023": "2024-09 assumed"},
            {"2021": "2022-06 assumed", "2022": "2023-06 assumed", "2023": "2024-12 assumed"},
        ),
        (  # plan of 23 August 2023; notice of 22 November 2024: 28 February 2025 for firms that must buy
            "fujian",
            {"2021": "2022-08 assumed", "2022": "2023-08 sourced", "2023": "2024-11 derived"},
            {"2021": "2022-12 assumed", "2022": "2023-12 assumed", "2023": "2025-02 sourced"},
        ),
        (  # plans of November 2022, 2023, 2024; 6 to 26 December 2022, 26 December 2023, 16 December 2024
            "hubei",
            {"2021": "2022-11 sourced", "2022": "2023-11 derived", "2023": "2024-11 sourced"},
            {"2021": "2022-12 sourced", "2022": "2023-12 derived", "2023": "2024-12 derived"},
        ),
        (  # 5 July 2022, 13 June 2023 for two years, 14 August 2024
            "shenzhen",
            {
                "2021": "2022-07 derived",
                "2022": "2023-06 sourced",
                "2023": "2023-06 sourced",
                "2024": "2024-08 sourced",
            },
            {year: f"{int(year) + 1}-08 assumed" for year in ("2021", "2022", "2023", "2024")},
        ),
        (  # notice of 25 December 2023, draft of August 2024
            "tianjin",
            {
                "2021": "2021-12 assumed",
                "2022": "2022-12 assumed",
                "2023": "2023-12 sourced",
                "2024": "2024-12 assumed",
            },
            {year: f"{int(year) + 1}-06 assumed" for year in ("2021", "2022", "2023", "2024")},
        ),
    ],
)
def test_plans_and_deadlines(name, announced, deadline):
    assert calendar(name, "announced") == announced
    assert calendar(name, "deadline") == deadline


def test_hubeis_plan_for_2022():
    # advance of 70 % booked by 21 March 2023, factors by sector, 1.6 Mt to be auctioned, a tenth of the initial units
    rule = LAW["hubei"].allocation["2022"]
    assert (LAW["hubei"].calendar["2022"].allocated, rule.interim_factor) == ("2023-03", 0.70)
    assert status("hubei", "calendar.2022.allocated") == "sourced"
    assert rule.of_class("chemicals").correction_factor == 0.9508
    assert rule.of_class("steel").correction_factor == 0.9763
    assert rule.of_class("chemicals").interim_factor == 0.70
    assert status("hubei", "allocation.2022.classes.chemicals.correction_factor") == "assumed"  # half of the product
    assert any("cement 0.9578" in gap for gap in LAW["hubei"].gaps)
    auction = LAW["hubei"].auctions["2022"]
    assert (auction.months, auction.volume, auction.short_only) == (("2023-12",), 1_600_000, True)
    credits = LAW["hubei"].offsets["2022"]["ccer"]
    assert (credits.limit_share, credits.limit_base) == (0.10, "allocation")
    assert LAW["hubei"].offsets["2021"]["ccer"].limit_base == "duty"
    assert LAW["hubei"].allocation["2023"].interim_factor == 0.70  # of what was surrendered for 2022


def test_hubei_sold_3_mt_in_december_2020():
    auction = LAW["hubei"].auctions["2019"]  # while firms surrendered for 2019
    assert (auction.months, auction.volume, auction.short_only) == (("2020-12",), 3_000_000, True)
    assert not {"2020", "2021", "2023"} & set(LAW["hubei"].auctions)


def test_fujians_gap_counts_up_to_a_fifth_of_emissions():
    caps = {year: rule.deficit_cap for year, rule in LAW["fujian"].allocation.items() if year >= "2020"}
    assert caps == {"2020": None, "2021": None, "2022": 0.20, "2023": 0.20}
    assert status("fujian", "allocation.2022.deficit_cap") == "sourced"
    assert status("fujian", "allocation.2022.method") == "sourced"
    assert status("fujian", "allocation.2022.benchmark.cement") == "assumed"
    assert LAW["fujian"].calendar["2023"].verified == "2024-11"


def test_fujians_firms_complied():
    # Fujian Daily, 28 August 2018: all 255 firms for 2017, 99 % for 2016; all 269 for 2019
    found = {year: told.firms for year, told in LAW["fujian"].compliance.items()}
    assert found == {"2016": 0.99, "2017": 1.0, "2019": 1.0}


def test_tianjin_keeps_the_rule_of_2021():
    for year in ("2021", "2022", "2023", "2024"):
        rule = LAW["tianjin"].allocation[year]
        assert (rule.method, rule.correction_factor, rule.interim_factor) == ("grandfathering", 0.98, 0.50)
        assert status("tianjin", f"allocation.{year}.correction_factor") == ("sourced" if year == "2021" else "assumed")


def test_chongqings_reserve_of_2023_is_told_and_not_played():
    assert any("reserve of 5 % of all units" in gap for gap in LAW["chongqing"].gaps)
    assert LAW["chongqing"].allocation["2023"].correction_factor == 0.958
    assert status("chongqing", "allocation.2023.correction_factor") == "assumed"
    assert LAW["chongqing"].stabilisation["2023"].acts == 0


def test_shenzhen_judges_factories_by_their_own_intensity():
    found = {year: status("shenzhen", f"allocation.{year}.method") for year in ("2021", "2022", "2023", "2024")}
    assert found == {"2021": "sourced", "2022": "sourced", "2023": "derived", "2024": "sourced"}
    for year in found:
        assert LAW["shenzhen"].allocation[year].method == "benchmarking"
        assert status("shenzhen", f"allocation.{year}.benchmark.manufacturing") == "assumed"


@pytest.mark.parametrize("name", PILOTS)
def test_factors_are_known_with_the_plan_and_not_before(name):
    unit_class = RECENT[name].firm.unit_class
    ranged = {entry.path: entry for entry in LAW[name].ranges}
    for year in [year for year in RECENT[name].periods if year > "2019"]:
        rule = LAW[name].allocation[year]
        where = f"classes.{unit_class}." if unit_class in rule.classes else ""
        key = "correction_factor" if rule.method == "grandfathering" else f"benchmark.{unit_class}"
        entry = ranged[f"allocation.{year}.{where}{key}"]
        middle = LAW[name].number(entry.path)
        assert entry.low == pytest.approx(0.95 * middle, abs=1e-4)
        assert entry.high == pytest.approx(1.03 * middle, abs=1.1e-4)
        assert entry.announced == LAW[name].calendar[year].announced


@pytest.mark.parametrize(
    ("name", "price", "level"),
    [
        ("chongqing", 23.6, (23.6 * 36) ** 0.5),  # closes of the week to 18 December 2020; 36 on 17 September 2021
        ("fujian", 17.5, (17.5 * 8.9) ** 0.5),  # 15 to 20 in 2018; 8.9 in the week to 18 December 2020
        ("hubei", 21.56, math.exp(np.log([21.56, 32.29, 27.44, 34.71, 47.66, 46.06]).mean())),  # means of 2018 to 2023
        ("shenzhen", 23.1, None),
        ("tianjin", 25.0, None),
    ],
)
def test_prices_at_the_start_of_the_recent_years(name, price, level):
    where, first = RECENT[name].market, load_scenario(f"pilot_{name}").market
    assert where.price == price
    assert where.reversion.level == (pytest.approx(level, abs=0.05) if level else first.reversion.level)
    assert where.volatility == first.volatility


@pytest.mark.parametrize(
    ("name", "kind", "ratio", "level"),
    [
        ("chongqing", "ccer", 20 / 23.6, 0.9),  # about 20 in the first national cycle
        ("fujian", "ffcer", 62.6714 / 4.0549 / 17.5, 62.6714 / 4.0549 / 12.5),  # all forest credits to March 2023
        ("hubei", "ccer", 0.62, 0.62),
        ("shenzhen", "ccer", 20 / 23.1, 0.62),
        ("tianjin", "ccer", 20 / 25.0, 0.9),
    ],
)
def test_prices_of_credits(name, kind, ratio, level):
    offset = RECENT[name].market.offset
    assert (offset.type, offset.ratio, offset.level) == (
        kind, pytest.approx(ratio, abs=0.006), pytest.approx(level, abs=0.006),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cap", "firms"),
    [
        ("chongqing", 100e6, 230),  # none after 2016 was found
        ("fujian", 100e6, 277),  # 277 firms for 2023
        ("hubei", 182e6, 339),  # plan for 2021
        ("shenzhen", 25e6, 684),  # plan for 2021; 684 entities in 2022
        ("tianjin", 75e6, 160),  # notice for 2021; 160 firms in 2024
    ],
)
def test_the_whole_market_has_the_size_of_a_later_cap(name, cap, firms):
    aggregate = RECENT[name].market.aggregate
    assert (aggregate.emissions, aggregate.firms) == (cap, firms)
    assert RECENT["shenzhen"].market.aggregate.reserve == 0.02  # 2 % against high prices


@pytest.mark.parametrize("name", PILOTS)
def test_the_whole_market_starts_at_the_price(name):
    assert start_price(solve(problem(RECENT[name]))) == pytest.approx(RECENT[name].market.price, rel=0.01)


# --- cycles by hand ----------------------------------------------------------------------------------


def hubei(offset: OffsetSeries | None = None) -> Walk:
    """A chemical works of 1,000,000 t whose base is as much, at the mean price of 2023, in 2022 and 2023."""
    law = law_of("hubei", "2022", "2023")
    firm = made.firm(output=1_000_000, intensity=1.0, base=1_000_000, unit_class="chemicals")
    return Walk(made.scenario(law, firm, market(46.06, offset=offset, volume_share=0.02)))


def test_hubei_2022_a_works_that_closes_its_gap():
    walk = hubei().through("2023-03")
    assert walk.flows["issued"][0] == tonnes(700_000)  # the advance, in the third month after the year
    walk.through("2023-11")
    assert walk.flows["issued"][0] == tonnes(250_800)  # 950,800 in all, with the verification
    assert walk["owed"] == tonnes(1_000_000)
    buy(walk, 49_200)  # December: at the auction for short firms, at the market's price
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (tonnes(49_200), tonnes(49_200))
    assert walk.flows["surrendered"][0] == tonnes(1_000_000)
    assert walk.flows["penalised"][0] == 0
    assert walk.total["cost"][0] == pytest.approx(49_200 * 46.06, rel=1e-4)  # 2,266,152
    walk.through("2024-11")
    assert walk.total["issued"][0] == tonnes(2 * 950_800)
    assert walk.flows["deducted"][0] == 0


def test_hubei_2022_a_works_that_misses():
    walk = hubei().through("2023-12")
    assert walk.flows["penalised"][0] == tonnes(49_200)
    assert walk.flows["penalty_cost"][0] == pytest.approx(150_000)  # not 2,266,152
    assert walk["debt"] == tonnes(98_400)
    walk.through("2024-03")
    assert walk.flows["issued"][0] == tonnes(700_000)
    assert walk.flows["deducted"][0] == tonnes(98_400)


def test_hubei_2022_credits_count_for_a_tenth_of_the_initial_units():
    walk = hubei(OffsetSeries(type="ccer", ratio=0.5)).through("2023-11").play(offset=1.0)
    assert walk.flows["offsets_bought"][0] == tonnes(95_080)
    assert walk.flows["penalised"][0] == 0
    # what they free of the units given, 950,800 + 95,080 - 1,000,000, was never traded
    assert walk.flows["lapsed"][0] == tonnes(45_880)


def test_fujian_2022_a_gap_beyond_a_fifth_is_void():
    law = law_of("fujian", "2022", "2022")
    output = 1_000_000
    firm = made.firm(output=output, intensity=1.2, unit_class="cement")
    walk = Walk(made.scenario(law, firm, market(8.9))).through("2023-08")
    assert walk.flows["issued"][0] == tonnes(0.70 * 853_400)
    walk.through("2023-11")
    assert walk.flows["issued"][0] == tonnes(0.30 * 853_400)
    # 1,200,000 t emitted, 853,400 t given: of the gap of 346,600 t only 240,000 t count
    assert walk["owed"] == tonnes(853_400 + 240_000)
    walk.through("2023-12")
    assert walk.flows["penalised"][0] == tonnes(240_000)
    assert walk.flows["penalty_cost"][0] == pytest.approx(30_000)
