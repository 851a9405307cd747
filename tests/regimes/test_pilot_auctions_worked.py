"""A compliance cycle of Guangdong's year 2023, and Beijing's and Shanghai's recent auctions, on the shipped law.

Prices are constant. Firms emit and are allocated round figures.
"""

from __future__ import annotations

import pytest

from nea_env.library import load_regime
from nea_env.scenario import OffsetSeries
from tests.core import scenarios as made
from tests.core.walk import Walk
from tests.regimes.test_pilot_worked import buy, market, played, tonnes

PRICE = 75.76  # Guangdong's mean of 2023


def guangdong(first: str = "2023", **more) -> Walk:
    """A works on historical emissions of 200,000 t, which it still emits."""
    law = played(load_regime("pilot_guangdong"), first, "2024")
    firm = made.firm(output=200_000, intensity=1.0, base=200_000, unit_class="petrochemicals")
    firm = firm.model_copy(update={"sector": "petrochemicals"})
    return Walk(made.scenario(law, firm, market(PRICE, **more)))


def test_guangdong_2023_a_works_buys_the_paid_twenty_fifth_and_uses_credits():
    walk = guangdong(offset=OffsetSeries(type="ccer", ratio=0.5)).through("2023-12")
    assert walk.total["issued"][0] == 0  # the plan is of January 2024
    walk.through("2024-01")
    assert walk.flows["issued"][0] == tonnes(192_000)  # 96 % of 200,000 t
    walk.through("2024-06")
    assert walk["owed"] == tonnes(200_000)
    buy(walk, 2_000)  # July: no auction, and the market's price
    assert walk.flows["auctioned"][0] == 0
    assert walk.flows["bought"][0] == tonnes(2_000)
    assert walk.flows["penalised"][0] == tonnes(6_000)


def test_guangdong_2023_credits_from_elsewhere_cover_three_in_a_hundred_tonnes():
    walk = guangdong(offset=OffsetSeries(type="ccer", ratio=0.5)).through("2024-06").play(offset=1.0, tonnes=2_000)
    assert walk.flows["offsets_bought"][0] == tonnes(6_000)
    assert walk.flows["surrendered"][0] == tonnes(200_000)
    assert walk.flows["penalised"][0] == 0
    # 6,000 credits at half of 75.76, 2,000 units at 75.76
    assert walk.total["cost"][0] == pytest.approx(6_000 * 37.88 + 2_000 * 75.76, rel=1e-5)  # 378,800


def test_guangdong_2023_a_gap_left_costs_50_000_and_twice_the_units_of_a_shorter_2024():
    walk = guangdong().through("2024-07")
    assert walk.flows["penalised"][0] == tonnes(8_000)
    assert walk.total["cost"][0] == pytest.approx(50_000)
    assert walk["debt"] == tonnes(16_000)
    walk.through("2025-03")
    assert walk.flows["issued"][0] == tonnes(186_200)  # 0.95 x 0.98 x 200,000
    assert walk.flows["deducted"][0] == tonnes(16_000)
    walk.through("2025-05")
    assert walk["owed"] - walk["front"] == tonnes(29_800)  # 13,800 of 2024, 16,000 of the debt


def beijing(first: str, last: str) -> Walk:
    """A works on 200,000 t of historical emissions at 0.955 of them, where the market holds 5,000 t a month at 80."""
    law = played(load_regime("pilot_beijing"), first, last)
    firm = made.firm(output=200_000, intensity=1.0, base=200_000)
    return Walk(made.scenario(law, firm, market(80.0, volume_share=5_000 / 200_000)))


def test_beijing_2021_the_floor_is_a_fifth_above_the_mean():
    walk = beijing("2021", "2021").through("2022-10")
    assert walk["owed"] - walk["front"] == tonnes(9_000)
    buy(walk, 9_000)  # November: the market first, the auction for the rest
    assert (walk.flows["bought"][0], walk.flows["auctioned"][0]) == (tonnes(9_000), tonnes(4_000))
    assert walk.flows["allowance_cost"][0] == pytest.approx(5_000 * 80.0 + 4_000 * 96.0, rel=1e-4)
    assert walk.flows["penalised"][0] == 0


def test_beijing_2022_the_first_auction_costs_the_mean_and_is_open_to_all():
    walk = beijing("2022", "2022").through("2023-07")
    buy(walk, 20_000)  # August: the market's 5,000 t, and of the auction more than the 9,000 t that are missing
    assert walk.flows["auctioned"][0] == tonnes(15_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(20_000 * 80.0, rel=1e-4)
    assert walk["front"] - walk["owed"] == tonnes(11_000)


def test_beijing_2022_the_second_auction_is_for_what_is_missing():
    walk = beijing("2022", "2022").through("2023-09")
    assert walk["owed"] - walk["front"] == tonnes(9_000)
    buy(walk, 14_000)  # October: 5,000 t of the market, and no more than the 9,000 t
    assert walk.flows["auctioned"][0] == tonnes(9_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(5_000 * 80.0 + 9_000 * 84.0, rel=1e-4)
    assert walk.flows["surrendered"][0] == tonnes(200_000)
    assert walk["front"] == tonnes(5_000)  # the market's; the auction's went straight against the duty


def shanghai(month: str, wanted: float) -> Walk:
    """A works on 200,000 t of historical emissions, 2022, where the market holds 2,000 t a month at 61.91."""
    law = played(load_regime("pilot_shanghai"), "2022", "2022")
    firm = made.firm(output=200_000, intensity=1.0, base=200_000, unit_class="industry")
    walk = Walk(made.scenario(law, firm, market(61.91, volume_share=2_000 / 200_000))).through(month)
    assert walk["owed"] - walk["front"] == tonnes(9_000)
    return buy(walk, wanted)


def test_shanghai_2022_sells_at_the_mean_in_october_and_at_a_fifth_more_in_november():
    walk = shanghai("2023-09", 9_000)
    assert walk.flows["auctioned"][0] == tonnes(9_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(9_000 * 61.91, rel=1e-4)
    walk = shanghai("2023-10", 9_000)
    assert walk.flows["auctioned"][0] == tonnes(7_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(2_000 * 61.91 + 7_000 * 74.29, rel=1e-4)
    assert walk.flows["penalised"][0] == 0


def test_shanghai_2022_october_takes_100_000_t_of_a_firm():
    walk = Walk(made.scenario(
        played(load_regime("pilot_shanghai"), "2022", "2022"),
        made.firm(output=4_000_000, intensity=1.0, base=4_000_000, unit_class="industry"),
        market(61.91, volume_share=1e-9),
    )).through("2023-09")  # fmt: skip
    assert walk["owed"] - walk["front"] == tonnes(180_000)
    assert buy(walk, 180_000).flows["auctioned"][0] == tonnes(100_000)
    assert buy(walk, 80_000).flows["auctioned"][0] == tonnes(80_000)
    assert walk.flows["penalised"][0] == tonnes(0)
