"""One firm through each Chinese pilot, on the shipped law: what a missed tonne costs, what is carried, who may bid.

Prices are constant and trade is free unless a test says otherwise. Firms emit and are allocated round figures.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.library import load_regime, load_scenario
from nea_env.scenario import BY_PERIOD, OffsetSeries, Regime, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk


def tonnes(value: float):
    """To half a tonne: actions are float32."""
    return pytest.approx(value, abs=0.5)


def law_of(name: str) -> Regime:
    """The law of 2016 to 2019, known from the start: the figures worked here hold for a firm that sees what it gets."""
    return played(load_scenario(f"pilot_{name}").regime, "2016", "2019")


def played(law: Regime, first: str, last: str) -> Regime:
    """The law of some of its years alone, without ranges."""
    cut = {key: getattr(law, key) for key in ("calendar", "compliance", *BY_PERIOD)}
    cut = {key: {year: rule for year, rule in rules.items() if first <= year <= last} for key, rules in cut.items()}
    return law.model_copy(update={**cut, "ranges": ()})


def each_year(law: Regime, mechanism: str, **change) -> Regime:
    """The law with one mechanism's rule changed in every year."""
    rules = {year: rule.model_copy(update=change) for year, rule in getattr(law, mechanism).items()}
    return law.model_copy(update={mechanism: rules, "ranges": ()})


def grandfathered(law: Regime, emitted: float, allocated: float, price: float, **more) -> Scenario:
    """A firm that emits ``emitted`` and is given ``allocated``, t a year."""
    base = allocated / law.allocation["2016"].correction_factor
    firm = made.firm(output=emitted, intensity=1.0, base=base, **more)
    return made.scenario(law, firm, market(price))


def benchmarked(law: Regime, unit_class: str, emitted: float, allocated: float, price: float, **more) -> Scenario:
    rule = law.allocation["2016"]
    free = 1.0 - rule.auction_share.get(unit_class, rule.auction_share.get("", 0.0))
    output = allocated / (free * rule.benchmark[unit_class])
    firm = made.firm(output=output, intensity=emitted / output, unit_class=unit_class, **more).model_copy(
        update={"sector": unit_class}
    )
    return made.scenario(law, firm, market(price))


def market(price: float, **more):
    return made.market(price, **more).model_copy(update={"currency": "CNY"})


def buy(walk: Walk, wanted: float) -> Walk:
    """Ask for ``wanted`` t this month, at auction and on the market together."""
    state = walk.batch.market()
    return walk.play(trade=np.minimum(1.0, wanted / (state["volume_limit"] + state["auction_room"])))


def reprice(walk: Walk, price: float) -> Walk:
    """Move the price of the month about to be played, and of those after it."""
    return walk.overwrite("price", price).overwrite("log_price", np.log(price))


def complying(scenario: Scenario, gap: float, month: str) -> Walk:
    """Buys the gap in ``month``, that of the first deadline."""
    return buy(Walk(scenario).through(before(month)), gap)


def missing(scenario: Scenario, month: str) -> Walk:
    return Walk(scenario).through(month)


def before(month: str) -> str:
    return f"{month[:5]}{int(month[5:]) - 1:02d}"


# --- what a missed tonne costs ---------------------------------------------------------------------


@pytest.mark.parametrize("multiple", [3, 5])
def test_beijing_complying_costs_a_third_to_a_fifth_of_the_fine(multiple):
    law = each_year(law_of("beijing"), "penalty", multiple=multiple)
    scenario = grandfathered(law, 200_000, 190_000, 50.0)
    assert complying(scenario, 10_000, "2017-06").total["cost"][0] == pytest.approx(500_000)
    walk = missing(scenario, "2017-06")
    assert walk.flows["penalised"][0] == tonnes(10_000)
    assert walk.total["cost"][0] == pytest.approx(multiple * 500_000)
    assert walk["debt"] == 0  # paid and done


def test_beijing_fines_the_mean_of_its_own_last_six_months():
    walk = Walk(grandfathered(law_of("beijing"), 200_000, 190_000, 50.0)).through("2016-12")
    reprice(walk, 60.0).through("2017-02")
    reprice(walk, 75.0).through("2017-06")
    mean = (2 * 60.0 + 4 * 75.0) / 6  # January to June
    assert mean == 70.0
    assert walk.flows["penalty_cost"][0] == pytest.approx(3 * mean * 10_000)


def test_beijing_offsets_count_for_a_share_of_the_allocation_not_of_the_duty():
    scenario = grandfathered(law_of("beijing"), 300_000, 200_000, 50.0)
    scenario = scenario.model_copy(update={"market": market(50.0, offset=OffsetSeries(type="ccer", ratio=0.5))})
    walk = Walk(scenario).through("2017-05").play(offset=1.0)
    assert walk.flows["offsets_bought"][0] == tonnes(0.025 * 200_000)  # credits from outside Beijing
    assert walk.flows["surrendered"][0] == tonnes(200_000 + 5_000)
    local = scenario.model_copy(update={"market": market(50.0, offset=OffsetSeries(type="ccer_local", ratio=0.5))})
    walk = Walk(local).through("2017-05").play(offset=1.0)
    assert walk.flows["offsets_bought"][0] == tonnes(0.05 * 200_000)


@pytest.mark.parametrize(("kind", "used"), [("ccer", 24_000), ("ccer_local", 80_000)])
def test_guangdong_takes_three_in_a_hundred_tonnes_from_elsewhere_and_ten_from_its_own_projects(kind, used):
    scenario = benchmarked(law_of("guangdong"), "power", 800_000, 700_000, 12.7)
    scenario = scenario.model_copy(update={"market": market(12.7, offset=OffsetSeries(type=kind, ratio=0.5))})
    walk = Walk(scenario).through("2017-05").play(offset=1.0)
    assert walk.flows["offsets_bought"][0] == tonnes(used)


@pytest.mark.parametrize(("name", "unit_class"), [("chongqing", ""), ("tianjin", "power")])
@pytest.mark.parametrize(("side", "default_is_cheaper"), [(0.0, True), (0.9, True), (1.1, False)])
def test_without_a_fine_the_side_penalty_decides(name, unit_class, side, default_is_cheaper):
    law = law_of(name)
    assert law.penalty["2016"].side_multiple == {"chongqing": 1.1, "tianjin": 2.5}[name]  # what ships
    law = each_year(law, "penalty", side_multiple=side)
    price = {"chongqing": 1.5, "tianjin": 8.3}[name]
    if unit_class:
        scenario = benchmarked(law, unit_class, 500_000, 480_000, price)
    else:
        scenario = grandfathered(law, 500_000, 480_000, price)
    comply, default = complying(scenario, 20_000, "2017-06"), missing(scenario, "2017-06")
    assert default.flows["penalised"][0] == tonnes(20_000)
    assert default.total["cost"][0] == pytest.approx(side * price * 20_000)
    assert (default.total["cost"][0] < comply.total["cost"][0]) == default_is_cheaper
    assert default["debt"] == 0


def test_guangdong_a_gap_of_20_kt():
    scenario = benchmarked(law_of("guangdong"), "power", 818_000, 798_000, 12.7)
    comply, default = complying(scenario, 20_000, "2017-06"), missing(scenario, "2017-06")
    assert comply.total["cost"][0] == pytest.approx(254_000)
    assert default.total["cost"][0] == pytest.approx(50_000)
    assert default["debt"] == tonnes(40_000)
    default.through("2017-08")  # the next allocation pays the debt
    assert default.flows["issued"][0] == tonnes(798_000)
    assert default.flows["deducted"][0] == tonnes(40_000)
    # settled a year later the debt has cost 508,000
    buy(comply.through("2018-05"), 20_000)
    buy(default.through("2018-05"), 60_000)
    assert comply.flows["penalised"][0] == default.flows["penalised"][0] == 0
    assert default.total["cost"][0] - comply.total["cost"][0] == pytest.approx(50_000 + 508_000 - 254_000)


@pytest.mark.parametrize(
    ("name", "price", "gap", "fine", "deadline"),
    [
        ("fujian", 35.0, 500, 17_500, "2017-06"),
        ("fujian", 35.0, 20_000, 30_000, "2017-06"),  # not 700,000
        ("hubei", 12.0, 10_000, 120_000, "2017-07"),
        ("hubei", 12.0, 20_000, 150_000, "2017-07"),  # not 240,000
    ],
)
def test_fujian_and_hubei_cap_the_fine_and_double_the_debt(name, price, gap, fine, deadline):
    law = law_of(name)
    if name == "fujian":
        scenario = benchmarked(law, "power", 500_000 + gap, 500_000, price)
    else:
        scenario = grandfathered(law, 500_000 + gap, 500_000, price)
    comply, default = complying(scenario, gap, deadline), missing(scenario, deadline)
    assert default.flows["penalty_cost"][0] == pytest.approx(fine, rel=1e-4)
    assert default["debt"] == pytest.approx(2 * gap, abs=1.0)
    assert comply.total["cost"][0] == pytest.approx(price * gap, rel=1e-4)
    assert fine + 2 * gap * price > comply.total["cost"][0]


def test_shanghai_fine_and_side_penalty():
    scenario = benchmarked(law_of("shanghai"), "power", 520_000, 500_000, 31.0)
    default = missing(scenario, "2017-06")
    assert default.total["cost"][0] == pytest.approx(50_000 + 3.1 * 31.0 * 20_000, rel=1e-4)


def test_shenzhen_fine_and_deduction():
    scenario = benchmarked(law_of("shenzhen"), "manufacturing", 20_000, 19_000, 36.0)
    default = missing(scenario, "2017-06")
    assert default.total["cost"][0] == pytest.approx(3 * 36.0 * 1_000, rel=1e-3)
    assert default["debt"] == tonnes(1_000)
    default.through("2017-07")
    assert default.flows["deducted"][0] == tonnes(1_000)
    assert default["debt"] == 0


# --- what is given, sold and carried ---------------------------------------------------------------


@pytest.mark.parametrize(("output", "issued", "taken"), [(1.2, 0.2, 0.0), (1.0, 0.0, 0.0), (0.7, 0.0, 0.3)])
def test_shenzhen_trues_up_to_the_years_own_output(output, issued, taken):
    scenario = benchmarked(law_of("shenzhen"), "manufacturing", 20_000, 19_000, 36.0, path={"2016": output})
    walk = Walk(scenario).through("2016-06")
    assert walk.flows["issued"][0] == tonnes(19_000)  # on the output known
    walk.through("2017-05")
    assert walk.flows["issued"][0] == tonnes(issued * 19_000)
    assert walk.flows["deducted"][0] == tonnes(taken * 19_000)
    assert walk["front"] == tonnes(output * 19_000)
    assert walk["owed"] == tonnes(output * 20_000)


def test_guangdong_keeps_a_twentieth_of_a_power_plants_allocation():
    law = law_of("guangdong")
    firm = made.firm(output=1_000_000, intensity=0.9, unit_class="power").model_copy(update={"sector": "power"})
    walk = Walk(made.scenario(law, firm, market(12.7))).through("2017-05")
    assert walk.total["issued"][0] == tonnes(0.95 * 0.840 * 1_000_000)


def test_chongqing_sells_at_most_half_of_its_free_allocation():
    walk = Walk(grandfathered(law_of("chongqing"), 50_000, 200_000, 1.5)).through("2017-06", trade=-1.0)
    assert walk.total["sold"][0] == tonnes(100_000)
    assert walk["front"] == tonnes(200_000 - 100_000 - 50_000)
    walk.through("2017-07").through("2018-06", trade=-1.0)  # the 50,000 t carried over, and half of the next
    assert walk.total["sold"][0] == tonnes(100_000 + 50_000 + 100_000)


@pytest.mark.parametrize(("counts", "sold"), [("free_units", 125_000 + 80_000), ("all_sales", 125_000)])
def test_chongqing_units_bought_lie_outside_the_limit_in_one_reading_and_inside_it_in_the_other(counts, sold):
    """250,000 t free, half of them 125,000; 80,000 t bought at the booking; 40,000 t emitted."""
    assert law_of("chongqing").sell_limit_counts == "free_units"
    law = law_of("chongqing").model_copy(update={"sell_limit_counts": counts})
    walk = Walk(grandfathered(law, 40_000, 250_000, 1.5)).through("2016-07")
    walk.play(tonnes=80_000).through("2017-05", trade=-1.0)
    assert walk.total["sold"][0] == tonnes(sold)
    assert walk.total["cost"][0] == pytest.approx(1.5 * (80_000 - sold), rel=1e-5)
    assert walk["front"] == tonnes(250_000 + 80_000 - sold)


def hubei(washed: bool) -> Walk:
    """A surplus of 50 kt at the first deadline, left alone or sold and bought back in the last two months."""
    scenario = grandfathered(law_of("hubei"), 950_000, 1_000_000, 12.0)
    scenario = scenario.model_copy(update={"market": market(12.0, spread=0.02)})
    walk = Walk(scenario).through("2017-05")
    if washed:
        return walk.play(tonnes=-50_000).play(tonnes=50_000)
    return walk.through("2017-07")


def test_hubei_an_untraded_surplus_lapses():
    walk = hubei(washed=False)
    assert walk.flows["lapsed"][0] == tonnes(50_000)
    assert walk["front"] == 0
    assert walk.total["cost"][0] == 0


def test_hubei_a_surplus_sold_and_bought_back_is_carried_for_the_spread():
    walk = hubei(washed=True)
    assert walk.flows["lapsed"][0] == tonnes(0)
    assert walk["front"] == tonnes(50_000)
    assert walk.total["cost"][0] == pytest.approx(0.02 * 12.0 * 50_000, rel=1e-4)  # 12,000


@pytest.mark.parametrize(("base", "credits"), [("duty", 110_000), ("allocation", 100_000)])
def test_hubei_credits_for_a_tenth_of_the_duty_and_in_the_other_reading_of_the_allocation(base, credits):
    """1,100,000 t emitted, 1,000,000 given; credits at half of the price of 12, then units for the rest."""
    law = law_of("hubei")
    assert {rules["ccer"].limit_base for rules in law.offsets.values()} == {"duty"}
    offsets = {
        year: {name: rule.model_copy(update={"limit_base": base}) for name, rule in rules.items()}
        for year, rules in law.offsets.items()
    }
    scenario = grandfathered(law.model_copy(update={"offsets": offsets}), 1_100_000, 1_000_000, 12.0)
    scenario = scenario.model_copy(update={"market": market(12.0, offset=OffsetSeries(type="ccer", ratio=0.5))})
    walk = Walk(scenario).through("2017-05").play(offset=1.0)
    assert walk["offsets"] == tonnes(credits)
    walk.play(tonnes=max(0, 100_000 - credits))
    assert walk.flows["surrendered"][0] == tonnes(1_100_000)
    assert walk.flows["penalised"][0] == tonnes(0)
    assert walk.total["cost"][0] == pytest.approx(6.0 * credits + 12.0 * max(0, 100_000 - credits), rel=1e-5)


# --- auctions --------------------------------------------------------------------------------------


def test_hubei_units_of_an_auction_are_not_carried():
    """30 kt from the auction of March 2014, open to all; 970 kt given, 960 kt emitted, so that they are left over."""

    def left(bankable: bool) -> Walk:
        law = each_year(played(load_regime("pilot_hubei"), "2014", "2015"), "banking", auctioned_bankable=bankable)
        firm = made.firm(output=960_000, intensity=1.0, base=1_000_000)
        walk = Walk(made.scenario(law, firm, market(24.34))).through("2014-02")
        assert buy(walk, 30_000).flows["auctioned"][0] == tonnes(30_000)
        return walk.through("2015-07")

    walk = left(bankable=False)
    assert walk.flows["penalised"][0] == 0
    assert walk.flows["lapsed"][0] == tonnes(40_000)
    assert walk["front"] == 0
    walk = left(bankable=True)  # bought units are traded units, the 10 kt given are not
    assert (walk.flows["lapsed"][0], walk["front"]) == (tonnes(10_000), tonnes(30_000))


@pytest.mark.parametrize(("name", "month"), [("hubei", "2017-07"), ("shenzhen", "2017-06")])
def test_auctions_for_the_short_stop_at_the_shortfall(name, month):
    law = law_of(name)
    if name == "hubei":
        short, long = grandfathered(law, 520_000, 500_000, 12.0), grandfathered(law, 480_000, 500_000, 12.0)
    else:
        short, long = (benchmarked(law, "manufacturing", e, 20_000, 36.0) for e in (21_000, 19_000))
    gap = 20_000 if name == "hubei" else 1_000
    won = gap if name == "hubei" else 0.15 * gap
    walk = buy(Walk(short).through(before(month)), 3 * gap)
    assert walk.flows["bought"][0] == tonnes(3 * gap)
    assert walk.flows["auctioned"][0] == tonnes(won)
    walk = buy(Walk(long).through(before(month)), gap)
    assert walk.flows["auctioned"][0] == 0


def shanghai(wanted: float, price: float = 31.0, jump: float | None = None, limit: float = 5_000_000) -> Walk:
    """20 kt are missing in June 2017, the auction's month; the price may jump in May. ``limit``: the market's, t."""
    scenario = benchmarked(law_of("shanghai"), "power", 520_000, 500_000, price)
    scenario = scenario.model_copy(update={"market": market(price, volume_share=limit / 520_000)})
    walk = Walk(scenario).through("2017-04")
    if jump is not None:
        reprice(walk, jump)
    return buy(walk.through("2017-05"), wanted)


def test_shanghai_auction_for_own_duty_costs_a_fifth_more_and_comes_last():
    walk = shanghai(20_000)
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (0, tonnes(20_000))
    walk = shanghai(20_000, limit=8_000)
    assert walk.flows["auctioned"][0] == tonnes(12_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(8_000 * 31.0 + 12_000 * 1.2 * 31.0, rel=1e-4)
    assert walk.flows["penalised"][0] == 0


def test_shanghai_auction_sells_nothing_beyond_the_duty():
    walk = shanghai(100_000, limit=8_000)
    assert walk.flows["auctioned"][0] == tonnes(20_000)  # the duty not covered before the month
    assert walk.flows["surrendered"][0] == tonnes(520_000)
    assert walk["front"] == tonnes(8_000)  # the market's; the auction's went straight against the duty


def test_shanghai_floor_is_the_mean_since_november_and_at_most_42():
    # 1.2 x (7 x 31 + 36) / 8 = 37.95 lies above the price of 36; at 45 the floor no longer binds
    assert shanghai(20_000, jump=36.0, limit=8_000).flows["allowance_cost"][0] == pytest.approx(
        8_000 * 36.0 + 12_000 * 37.95, rel=1e-4
    )
    assert shanghai(20_000, jump=45.0).flows["auctioned"][0] == tonnes(20_000)
    # 1.2 x 40 would be 48
    walk = shanghai(20_000, price=40.0, limit=8_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(8_000 * 40.0 + 12_000 * 42.0, rel=1e-4)


def test_beijing_one_bidder_wins_at_most_15_percent():
    walk = Walk(grandfathered(law_of("beijing"), 1_000_000, 900_000, 50.0)).through("2017-04")
    buy(walk, 100_000)
    assert walk.flows["auctioned"][0] == tonnes(0.15 * 500_000)
    assert walk.flows["bought"][0] == tonnes(100_000)


def test_guangdong_reserve_keeps_bidders_away_while_prices_fall():
    scenario = benchmarked(law_of("guangdong"), "power", 818_000, 798_000, 12.7)
    walk = buy(Walk(scenario).through("2017-02"), 20_000)  # a constant price is its own mean
    assert walk.flows["auctioned"][0] == tonnes(20_000)
    walk = reprice(Walk(scenario).through("2017-01"), 10.0).through("2017-02")  # 10 against a mean of 11.8
    buy(walk, 20_000)
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (0, tonnes(20_000))
