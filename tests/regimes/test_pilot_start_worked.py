"""One firm through the pilots' first years, on the shipped law: Guangdong 2014 whole, and what is new elsewhere.

Prices are constant. Firms emit and are allocated round figures.
"""

from __future__ import annotations

import pytest

from nea_env.library import load_regime
from nea_env.scenario import Regime, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk
from tests.regimes.test_pilot_worked import buy, market, played, tonnes

PRICE = 29.10  # Guangdong's mean of the compliance year 2014


def law_of(name: str, first: str, last: str) -> Regime:
    return played(load_regime(f"pilot_{name}"), first, last)


def guangdong(path: dict[str, float] | None = None) -> Walk:
    """A power plant of 1,000,000 MWh at the benchmark of 0.84, where the market holds 10,000 t a month."""
    firm = made.firm(output=1_000_000, intensity=0.84, unit_class="power", path=path)
    firm = firm.model_copy(update={"sector": "power"})
    where = market(PRICE, volume_share=10_000 / 840_000)
    return Walk(made.scenario(law_of("guangdong", "2014", "2015"), firm, where))


def test_guangdong_2014_a_plant_buys_its_paid_twentieth_at_auction_and_on_the_market():
    walk = guangdong().through("2014-08")
    assert walk.flows["issued"][0] == tonnes(798_000)  # 95 % of 840,000, on the output of 2013
    buy(walk, 12_000)  # September: the floor of 25 lies below the price
    assert walk.flows["auctioned"][0] == tonnes(12_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(12_000 * 29.10, rel=1e-5)
    buy(walk.through("2014-11"), 10_000)  # December: the floor of 30 does not
    assert (walk.flows["auctioned"][0], walk.flows["bought"][0]) == (0, tonnes(10_000))
    walk.through("2015-05")
    assert walk["owed"] == tonnes(840_000)
    buy(walk, 20_000)  # June: the market holds half of it, and the auction the rest at 40
    assert walk.flows["auctioned"][0] == tonnes(10_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(10_000 * 29.10 + 10_000 * 40.0, rel=1e-4)
    assert walk.flows["surrendered"][0] == tonnes(840_000)
    assert walk.flows["penalised"][0] == 0
    # the paid share of 42,000 t has cost 32,000 x 29.10 + 10,000 x 40
    assert walk.total["cost"][0] == pytest.approx(1_331_200, rel=1e-4)


def test_guangdong_2014_a_gap_left_at_the_deadline_costs_50_000_and_twice_the_units():
    walk = guangdong().through("2015-06")
    assert walk.flows["penalised"][0] == tonnes(42_000)
    assert walk.total["cost"][0] == pytest.approx(50_000)
    assert walk["debt"] == tonnes(84_000)
    walk.through("2015-07")  # the next allocation is booked on the 1st
    assert walk.flows["issued"][0] == tonnes(798_000)
    assert walk.flows["deducted"][0] == tonnes(84_000)


def test_guangdong_2014_is_corrected_by_its_own_output():
    walk = guangdong(path={"2014": 1.1}).through("2014-08")
    assert walk.flows["issued"][0] == tonnes(798_000)
    walk.through("2015-05")
    assert walk.flows["issued"][0] == tonnes(79_800)
    assert walk["owed"] - walk["front"] == tonnes(0.05 * 1.1 * 840_000)


def test_guangdong_2013_sells_at_60_before_and_after_the_opening():
    firm = made.firm(output=1_000_000, intensity=0.84, unit_class="power").model_copy(update={"sector": "power"})
    walk = Walk(made.scenario(law_of("guangdong", "2013", "2013"), firm, market(50.0, volume_share=1e-9)))
    buy(walk.through("2013-11"), 25_200)  # 3 % of 840,000, in the month of the first auction
    assert walk.flows["auctioned"][0] == tonnes(25_200)
    assert walk.flows["allowance_cost"][0] == pytest.approx(25_200 * 60.0, rel=1e-4)
    walk.through("2014-07")
    assert walk.flows["surrendered"][0] == tonnes(840_000)
    assert walk.flows["penalised"][0] == 0


def of_history(name: str, first: str, last: str, base: float, price: float) -> Scenario:
    return made.scenario(law_of(name, first, last), made.firm(output=base, intensity=1.0, base=base), market(price))


def test_hubei_2014_books_the_rest_with_the_verification():
    walk = Walk(of_history("hubei", "2014", "2014", 1_000_000, 24.34)).through("2014-04")
    assert walk.flows["issued"][0] == tonnes(628_200)
    walk.through("2015-04")
    assert walk.flows["issued"][0] == tonnes(970_000 - 628_200)
    walk.through("2015-07")
    assert walk.flows["penalised"][0] == tonnes(30_000)
    assert walk.flows["penalty_cost"][0] == pytest.approx(150_000)  # not 730,200


def test_chongqing_settles_2013_and_2014_together():
    walk = Walk(of_history("chongqing", "2013", "2014", 500_000, 30.74)).through("2014-05")
    assert walk.flows["issued"][0] == tonnes(500_000)
    walk.through("2015-03")
    assert walk.flows["issued"][0] == tonnes(0.9587 * 500_000)
    walk.through("2015-07")
    assert walk.flows["surrendered"][0] == tonnes(1.9587 * 500_000)
    assert walk.flows["penalised"][0] == tonnes(0.0413 * 500_000)


def test_chongqing_2013_and_2014_sell_half_of_each_allocation():
    walk = Walk(of_history("chongqing", "2013", "2014", 500_000, 30.74)).through("2015-03", trade=-1.0)
    assert walk.total["sold"][0] == tonnes(250_000)
    walk.through("2015-06", trade=-1.0)
    assert walk.total["sold"][0] == tonnes(0.5 * 1.9587 * 500_000)


def test_shanghai_2013_the_last_auction_costs_48():
    firm = made.firm(output=1_000_000, intensity=0.86, unit_class="power").model_copy(update={"sector": "power"})
    where = market(39.4, volume_share=5_000 / 860_000)
    walk = Walk(made.scenario(law_of("shanghai", "2013", "2013"), firm, where)).through("2014-05")
    assert walk["owed"] - walk["front"] == tonnes(20_000)
    buy(walk, 20_000)
    assert walk.flows["auctioned"][0] == tonnes(15_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(5_000 * 39.4 + 15_000 * 48.0, rel=1e-4)


def test_shenzhen_2013_sells_15_percent_of_the_shortfall():
    law = law_of("shenzhen", "2013", "2013")
    firm = made.firm(output=40_000, intensity=0.5, unit_class="manufacturing")
    walk = Walk(made.scenario(law, firm, market(67.67))).through("2014-05")
    assert walk["owed"] - walk["front"] == tonnes(900)  # 20,000 - 0.4775 x 40,000
    buy(walk, 900)
    assert walk.flows["auctioned"][0] == pytest.approx(0.15 * 900, abs=0.5)
    assert walk.flows["penalised"][0] == 0
