"""One firm through surrenders that were put off, and the auctions before them: Fujian 2017, Tianjin and Hubei 2019.

Prices are constant unless a test says otherwise. Firms emit and are allocated round figures.
"""

from __future__ import annotations

import pytest

from tests.core import scenarios as made
from tests.core.walk import Walk
from tests.regimes.test_pilot_start_worked import law_of, of_history
from tests.regimes.test_pilot_worked import buy, market, reprice, tonnes


def tianjin() -> Walk:
    """A plant of 1,000,000 MWh that emits 900,000 t and is given 840,000, where the market holds 5,000 t a month."""
    firm = made.firm(output=1_000_000, intensity=0.90, unit_class="power").model_copy(update={"sector": "power"})
    return Walk(made.scenario(law_of("tianjin", "2019", "2019"), firm, market(25.0, volume_share=5_000 / 900_000)))


def test_tianjin_2019_a_plant_buys_at_both_auctions_and_surrenders_in_august():
    walk = tianjin().through("2019-11")
    assert walk.total["issued"][0] == 0
    walk.through("2019-12")
    assert walk.flows["issued"][0] == tonnes(420_000)  # half, with the plan at the end of the year
    buy(walk.through("2020-05"), 60_000)  # June: 2 % of 900,000 t at auction, and the market's 5,000 t
    assert walk.flows["auctioned"][0] == tonnes(18_000)
    assert walk.flows["bought"][0] == tonnes(23_000)
    assert walk["owed"] == 0  # nothing is due in June
    reprice(walk.through("2020-06"), 26.0).through("2020-07")
    assert walk.flows["issued"][0] == tonnes(420_000)
    assert walk["owed"] - walk["front"] == tonnes(60_000 - 23_000)
    buy(walk, 37_000)  # August, the 28th: all that is missing is on offer to a short firm
    assert walk.flows["auctioned"][0] == tonnes(37_000)
    assert walk.flows["surrendered"][0] == tonnes(900_000)
    assert walk.flows["penalised"][0] == 0
    assert walk.total["cost"][0] == pytest.approx(23_000 * 25.0 + 37_000 * 26.0, rel=1e-4)  # 1,537,000


def test_tianjin_2019_the_floor_is_the_mean_of_the_months_before():
    walk = reprice(tianjin().through("2020-06"), 14.0).through("2020-07")
    mean = (10 * 25.0 + 14.0) / 11  # ten months to June, and July
    assert mean == 24.0
    buy(walk, 60_000)  # 5,000 t at the market's 14, the rest at the mean
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (tonnes(55_000), tonnes(60_000))
    assert walk.flows["allowance_cost"][0] == pytest.approx(5_000 * 14.0 + 55_000 * 24.0, rel=1e-4)  # 1,390,000


def test_tianjin_2019_nothing_is_on_offer_in_august_to_a_firm_with_enough():
    firm = made.firm(output=1_000_000, intensity=0.80, unit_class="power").model_copy(update={"sector": "power"})
    walk = Walk(made.scenario(law_of("tianjin", "2019", "2019"), firm, market(25.0, volume_share=5_000 / 800_000)))
    buy(walk.through("2020-05"), 50_000)
    assert walk.flows["auctioned"][0] == tonnes(16_000)  # June is open to all: 2 % of 800,000 t
    buy(walk.through("2020-07"), 50_000)
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (0, tonnes(5_000))


def test_hubei_2019_a_works_closes_its_gap_at_the_auctions_of_december_2020():
    scenario = of_history("hubei", "2019", "2019", 1_000_000, 28.0)
    walk = Walk(scenario.model_copy(update={"market": market(28.0, volume_share=1_000 / 1_000_000)}))
    walk.through("2020-07")
    assert walk.total["issued"][0] == tonnes(985_600)  # 0.9856 of 1,000,000 t
    assert (walk.flows["surrendered"][0], walk["owed"]) == (0, 0)  # July is no longer the month of surrender
    walk.through("2020-11")
    assert walk["owed"] - walk["front"] == tonnes(14_400)
    buy(walk, 20_000)  # December: 1,000 t of the market and no more than the gap at auction
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (tonnes(14_400), tonnes(15_400))
    assert walk.flows["surrendered"][0] == tonnes(1_000_000)
    assert walk.flows["penalised"][0] == 0
    assert walk.flows["allowance_cost"][0] == pytest.approx(15_400 * 28.0, rel=1e-4)  # 431,200


def test_hubei_2019_a_works_that_misses():
    walk = Walk(of_history("hubei", "2019", "2020", 1_000_000, 28.0)).through("2020-12")
    assert walk.flows["penalised"][0] == tonnes(14_400)
    assert walk.flows["penalty_cost"][0] == pytest.approx(150_000)  # not 403,200
    assert walk["debt"] == tonnes(28_800)
    walk.through("2021-11")  # the units of 2020
    assert walk.flows["issued"][0] == tonnes(985_600)
    assert walk.flows["deducted"][0] == tonnes(28_800)


def test_fujian_2017_a_gap_is_fined_in_august_2018():
    firm = made.firm(output=500_000, intensity=0.844, unit_class="power").model_copy(update={"sector": "power"})
    walk = Walk(made.scenario(law_of("fujian", "2017", "2018"), firm, market(17.5))).through("2017-07")
    assert walk.flows["issued"][0] == tonnes(295_050)  # 70 % of 0.843 x 500,000
    walk.through("2018-06")
    assert (walk.flows["penalised"][0], walk["owed"]) == (0, 0)
    walk.through("2018-07")
    assert walk.flows["issued"][0] == tonnes(126_450)
    walk.through("2018-08")
    assert walk.flows["surrendered"][0] == tonnes(421_500)
    assert walk.flows["penalised"][0] == tonnes(500)
    assert walk.flows["penalty_cost"][0] == pytest.approx(500 * 17.5, rel=1e-3)  # 8,750
    assert walk["debt"] == pytest.approx(1_000, abs=1.0)
    walk.through("2019-05")  # the year 2018 in full
    assert walk.flows["issued"][0] == tonnes(421_500)
    assert walk.flows["deducted"][0] == pytest.approx(1_000, abs=1.0)
