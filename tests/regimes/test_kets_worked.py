"""A Korean firm with a mean allocation of 1.00 Mt walked through phase II, on the shipped law.

Only the correction factors are set to one, so that every vintage is 1.00 Mt. Price 28,500 KRW throughout.
"""

from __future__ import annotations

import pytest

from nea_env.core.layout import Observation
from nea_env.library import load_scenario
from nea_env.scenario import BorrowingRule, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 28_500.0
PATH = {"2017": 1.0, "2018": 0.96, "2019": 1.25, "2020": 0.90}  # Mt


def tonnes(value: float):
    """To half a tonne: actions are float32."""
    return pytest.approx(value, abs=0.5)


def korea(first: int, last: int, path=None, designation="firm") -> Scenario:
    law = load_scenario("kets").regime
    ones = {year: made.grandfathered() for year in law.allocation}
    return made.scenario(
        law.model_copy(update={"allocation": ones, "ranges": ()}),
        made.firm(path=path or PATH, designation=designation),
        made.market(PRICE).model_copy(update={"currency": "KRW"}),
        start=f"{first}-01", first=str(first), last=str(last),
    )  # fmt: skip


def to_the_kau18_roll() -> Walk:
    """From January 2017 to the end of September 2019, no trade."""
    walk = Walk(korea(2017, 2020))
    assert (walk["front"], walk["next"]) == (1_000_000, 0)  # KAU17; KAU18 is decided in December
    walk.through("2017-11")
    assert walk["next"] == 0
    walk.through("2017-12")
    assert (walk["front"], walk["next"]) == (1_000_000, 1_000_000)
    assert (walk["accrued"], walk["closed"]) == (0, tonnes(1_000_000))
    walk.through("2018-05")
    assert (walk["closed"], walk["owed"]) == (0, tonnes(1_000_000))
    walk.through("2018-07")  # the final plan fixes 2019 and 2020; only the one after front is a holding
    assert (walk["front"], walk["next"]) == (1_000_000, 1_000_000)
    walk.through("2018-08")  # KAU17 surrendered to the last tonne; KAU18 is front and KAU19 the one after
    assert (walk["front"], walk["next"], walk["owed"]) == (tonnes(1_000_000), 1_000_000, 0)
    walk.through("2018-12")
    assert (walk["accrued"], walk["closed"]) == (0, tonnes(960_000))
    walk.through("2019-05")
    assert walk["owed"] == tonnes(960_000)
    walk.through("2019-08")
    assert walk.total["surrendered"][0] == tonnes(1_000_000)
    return walk.through("2019-09")


def test_40_kt_below_the_75_kt_cliff_are_carried():
    walk = to_the_kau18_roll()
    assert walk.flows["surrendered"][0] == tonnes(960_000)
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == tonnes(1_040_000)  # 40 kt + KAU19
    assert walk["next"] == 1_000_000  # KAU20
    assert walk.total["bought"][0] == walk.total["sold"][0] == 0


def test_a_site_of_40_kt_lies_above_its_cliff_of_15_kt():
    walk = Walk(korea(2017, 2020, designation="site")).through("2019-09")
    assert walk.flows["lapsed"][0] == tonnes(40_000)
    assert walk["front"] == tonnes(1_000_000)


def test_by_the_other_reading_a_site_carries_its_15_kt_of_the_40():
    scenario = korea(2017, 2020, designation="site")
    banking = {
        year: rule.model_copy(update={"small_holder_floor": bool(rule.small_holder_tonnes)})
        for year, rule in scenario.regime.banking.items()
    }
    floored = scenario.model_copy(update={"regime": scenario.regime.model_copy(update={"banking": banking})})
    walk = Walk(floored).through("2019-09")
    assert walk.flows["lapsed"][0] == tonnes(25_000)
    assert walk["front"] == tonnes(1_015_000)


def test_the_2019_gap_bought_and_borrowed():
    walk = to_the_kau18_roll().through("2019-12")
    assert walk["closed"] == tonnes(1_250_000)
    assert walk["strike"] == pytest.approx(85_500)  # three times the mean of the obligation year
    walk.through("2020-06")
    assert walk["owed"] == tonnes(1_250_000)
    walk.through("2020-08")
    assert walk["borrow_limit"] == 0.15  # nothing was borrowed in 2018
    walk.play(tonnes=22_500)
    assert walk.flows["borrowed"][0] == tonnes(187_500)
    assert walk.flows["penalised"][0] == 0
    assert walk.flows["surrendered"][0] == tonnes(1_062_500)
    assert walk["front"] == tonnes(812_500)  # KAU20 less the loan
    assert walk["next"] == walk["debt"] == 0
    # the last year of a phase: no borrowing, and the year's mean is the strike
    walk.through("2021-07")
    assert walk["owed"] == tonnes(900_000)
    walk.play()
    assert walk.flows["borrowed"][0] == 0
    assert walk.flows["penalised"][0] == tonnes(87_500)
    assert walk.flows["penalty_cost"][0] == pytest.approx(87_500 * 85_500, rel=1e-4)
    assert walk.ended


def test_the_2019_gap_left_open_costs_three_means_a_tonne():
    walk = to_the_kau18_roll().through("2020-09")
    assert walk.flows["borrowed"][0] == tonnes(187_500)
    assert walk.flows["penalised"][0] == tonnes(22_500)
    assert walk.flows["penalty_cost"][0] == pytest.approx(22_500 * 85_500, rel=1e-4)
    assert walk["owed"] == 0  # paid and done


def test_borrowing_limits_of_phase_three():
    # 15 % x obligation, then less half of what was borrowed the year before: 15, 7.5, 3.75 and back to nothing
    path = dict.fromkeys(("2021", "2022", "2023", "2024", "2025"), 2.0)
    walk = Walk(korea(2021, 2025, path))
    for deadline, limit in (
        ("2022-08", 0.15),
        ("2023-08", 0.075),
        ("2024-08", 0.0375),
        ("2025-08", 0.01875),
        ("2026-08", 0.0),
    ):
        walk.through(deadline)
        assert walk.flows["borrowed"][0] == tonnes(limit * 2_000_000)


def test_a_limit_left_unused_stays():
    walk = Walk(korea(2021, 2025, dict.fromkeys(("2021", "2022", "2023"), 2.0))).through("2022-08", borrow=-1.0)
    assert walk.total["borrowed"][0] == 0
    walk.through("2023-08", borrow=-0.5)
    assert walk.flows["borrowed"][0] == tonnes(0.15 * 0.5 * 2_000_000)
    walk.through("2024-08")
    assert walk.flows["borrowed"][0] == tonnes((0.15 - 0.5 * 0.075) * 2_000_000)


def test_kau17_excess_is_deducted_from_the_first_vintage_of_phase_two():
    # mean allocation 1,000,000, 200,000 carried: 120,000 allowed, 80,000 off KAU18
    walk = Walk(korea(2015, 2018, {"2017": 0.8})).through("2018-07")
    assert (walk["front"], walk["next"]) == (tonnes(1_000_000), 1_000_000)
    walk.play()
    assert walk.flows["deducted"][0] == tonnes(80_000)
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == tonnes(200_000 + 1_000_000 - 80_000)


def test_the_base_is_the_mean_of_the_whole_phase_whichever_years_are_played():
    scenario = korea(2017, 2018, {"2017": 0.8})
    factors = {"2015": 1.4, "2016": 1.2}  # with 1.0 in 2017 a mean of 1,200,000
    allocation = {year: made.grandfathered(factors.get(year, 1.0)) for year in scenario.regime.allocation}
    law = scenario.regime.model_copy(update={"allocation": allocation})
    walk = Walk(scenario.model_copy(update={"regime": law})).through("2018-08")
    assert walk.flows["deducted"][0] == tonnes(200_000 - 140_000)


def test_a_benchmarked_firms_allocation_counts_in_the_base_as_well():
    # a kiln of 1.7 Mt of clinker: 0.87 x 1,700,000 x 0.9472 = 1,400,909 t a year. 602,726 t left, of which
    # 0.1 x 1,400,909 + 20,000 = 160,091 t are carried free: 442,635 t off KAU18
    law = load_scenario("kets").regime.model_copy(update={"ranges": ()})
    kiln = made.firm(output=1_700_000.0, intensity=0.88, unit_class="clinker")
    market = made.market(PRICE).model_copy(update={"currency": "KRW"})
    walk = Walk(made.scenario(law, kiln, market, start="2017-01", first="2017", last="2018")).through("2018-07")
    walk.overwrite("front", 602_726.0).overwrite("owed", 0.0).play()
    assert walk.flows["deducted"][0] == tonnes(442_635)


def test_kau17_carry_of_the_base_itself_costs_nothing():
    walk = Walk(korea(2015, 2018, {"2017": 0.8})).through("2018-07").play(bank=-0.4)
    assert walk.flows["deducted"][0] == tonnes(0)
    assert walk.flows["lapsed"][0] == tonnes(80_000)


def test_kau15_and_16_carry_everything():
    walk = Walk(korea(2015, 2017, {"2015": 0.7, "2016": 0.9})).through("2016-06")
    assert (walk["front"], walk.total["lapsed"][0]) == (tonnes(1_300_000), 0)
    walk.through("2017-06")
    assert (walk["front"], walk.total["lapsed"][0]) == (tonnes(1_400_000), 0)


@pytest.mark.parametrize(
    ("year", "deadline", "multiple"),
    [(2018, "2019-09", 3), (2019, "2020-09", 2), (2022, "2023-08", 2), (2024, "2025-08", 5)],
)
def test_net_sales_multiples_by_vintage(year, deadline, multiple):
    """A surplus of 400 kt, 30 kt sold: the multiple of it is carried."""
    walk = Walk(korea(year, year + 1, {str(year): 0.6})).through(f"{year + 1}-06")
    walk.play(tonnes=-30_000).through(deadline)
    assert walk.total["sold"][0] == tonnes(30_000)
    assert walk.total["lapsed"][0] == tonnes(370_000 - multiple * 30_000)
    assert walk["front"] == tonnes(1_000_000 + multiple * 30_000)


def test_sales_of_an_older_vintage_do_not_count():
    walk = (
        Walk(korea(2018, 2020, {"2018": 0.96, "2019": 0.61})).through("2019-03").play(tonnes=-30_000).through("2020-09")
    )
    assert walk.total["sold"][0] == tonnes(30_000)
    assert walk.flows["lapsed"][0] == tonnes(400_000)


def test_kau20_counts_the_mean_net_sales_of_the_phase():
    """Assumed reading: sold 30 kt, 0, 60 kt over three vintages, so 30 kt of KAU20 may be carried."""
    walk = Walk(korea(2018, 2021, {"2018": 0.96, "2019": 0.98, "2020": 0.5})).through("2018-03").play(tonnes=-30_000)
    walk.through("2021-04").play(tonnes=-60_000).through("2021-08")
    assert walk.flows["lapsed"][0] == tonnes(1_000_000 + 30_000 - 500_000 - 60_000 - 30_000)
    assert walk["front"] == tonnes(1_030_000)


def test_kau23_deficit_firm_carries_what_it_overbought():
    walk = Walk(korea(2023, 2024, {"2023": 1.1})).through("2024-05").play(tonnes=300_000).through("2024-08")
    assert walk.flows["lapsed"][0] == 0
    assert walk["front"] == tonnes(1_200_000)


def test_kau22_deficit_firm_could_not():
    walk = Walk(korea(2022, 2023, {"2022": 1.1})).through("2023-05").play(tonnes=300_000).through("2023-08")
    assert walk.flows["lapsed"][0] == tonnes(200_000)


def test_borrowing_limits_of_phase_one():
    # 20 % for KAU15 and KAU16 (raised in May 2016, 15 % from August 2017 on), none in the last year of the phase
    walk = Walk(korea(2015, 2018, {"2015": 2.0, "2016": 2.0, "2017": 2.0})).through("2016-06")
    assert walk.flows["borrowed"][0] == tonnes(400_000)
    walk.through("2017-06")
    assert walk.flows["borrowed"][0] == tonnes(400_000)
    walk.through("2018-08")
    assert walk.flows["borrowed"][0] == 0


def test_run_off_has_no_production_and_no_new_units():
    walk = Walk(korea(2024, 2025)).through("2025-12")
    walk.through("2026-08")
    assert walk.ended
    assert walk.total["emitted"][0] == tonnes(2_000_000)
    assert walk.flows["issued"][0] == 0


def test_the_right_to_borrow_that_is_shown_is_the_one_that_can_be_used():
    # 20 % of 2.0 Mt are 400,000 t, but a loan comes out of KAU16, of which 300,000 t are held
    walk = Walk(korea(2015, 2016, {"2015": 2.0})).through("2016-05")
    assert walk.batch.observe()[0, Observation.BORROW_RIGHT] == pytest.approx(0.4)  # of a year's emissions
    walk.overwrite("next", 300_000.0)
    assert walk.batch.observe()[0, Observation.BORROW_RIGHT] == pytest.approx(0.3)
    walk.play()
    assert walk.flows["borrowed"][0] == tonnes(300_000)


def test_nothing_bounds_the_right_before_the_vintage_after_is_booked():
    # KAU18 is booked in December 2017 and in July 2018; were KAU17 lent against, its right would be whole until then
    law = korea(2017, 2018, {"2017": 2.0})
    lent = {"2017": BorrowingRule(limit="share_of_duty", share=0.15), "2018": BorrowingRule(limit="none")}
    walk = Walk(law.model_copy(update={"regime": law.regime.model_copy(update={"borrowing": lent})}))
    for month, held, right in (("2017-11", 0, 11 / 12 * 0.3), ("2018-06", 1_000_000, 0.3), ("2018-07", 1_000_000, 0.3)):
        walk.through(month)
        assert walk["next"] == held
        assert walk.batch.observe()[0, Observation.BORROW_RIGHT] == pytest.approx(right)
    walk.overwrite("next", 100_000.0)
    assert walk.batch.observe()[0, Observation.BORROW_RIGHT] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("month", "offered"),
    [("2022-10", 2_661_000), ("2022-12", 2_300_000), ("2023-04", 1_000_000), ("2023-05", 0), ("2024-01", 450_000)],
)
def test_a_bidder_takes_15_percent_of_what_the_month_had_on_offer(month, offered):
    """At 28,500 KRW and a fee of 0.11 %, before the exchange with its spread of 2 %: 28,785."""
    scenario = korea(2022, 2023, path={"2022": 2.0, "2023": 2.0})
    spread = made.market(PRICE, spread=0.02).model_copy(update={"currency": "KRW"})
    walk = Walk(scenario.model_copy(update={"market": spread})).through("2022-08")
    while walk.date < month:
        walk.play()
    walk.play(tonnes=500_000)
    won = 0.15 * offered
    assert walk.flows["auctioned"][0] == tonnes(won)
    assert walk.flows["bought"][0] == tonnes(500_000)
    paid = walk.flows["allowance_cost"][0] + walk.flows["trading_cost"][0]
    assert paid == pytest.approx(won * 28_531.35 + (500_000 - won) * 28_785, rel=1e-5)
