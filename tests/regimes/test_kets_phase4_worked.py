"""A Korean firm of 1.00 Mt walked through phase IV, on the shipped law: auctions, ex-post steps, no penalty cap."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.scenario import Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 20_000.0
MARKET = made.market(PRICE).model_copy(update={"currency": "KRW"})


def tonnes(value: float):
    """To half a tonne: actions are float32."""
    return pytest.approx(value, abs=0.5)


def law(factor: float | None = None, **changes):
    """The shipped law; with ``factor`` the correction factor of every year is that, and nothing is auctioned."""
    regime = load_scenario("kets").regime
    if factor is None:
        return regime
    plain = {"correction_factor": factor, "auction_share": {}, "classes": {}} | changes
    rules = {year: rule.model_copy(update=plain) for year, rule in regime.allocation.items()}
    return regime.model_copy(update={"allocation": rules, "ranges": ()})


def firm(path=None, sector="s", **more):
    return made.firm(path=path, **more).model_copy(update={"sector": sector})


def played(first: int, last: int, who=None, where=None, factor: float | None = None, **changes) -> Walk:
    scenario: Scenario = made.scenario(
        law(factor, **changes), who or firm(), where or MARKET, start=f"{first}-01", first=str(first), last=str(last)
    )
    return Walk(scenario)


def test_a_generator_gets_less_free_every_year():
    walk = played(2026, 2030, firm(sector="power", unit_class="power"))
    assert (walk["front"], walk["next"]) == (tonnes(878_000 * 0.85), tonnes(809_600 * 0.80))
    walk.through("2027-07").play(tonnes=400_000)  # at the deadline KAU28 becomes the next holding
    assert walk["next"] == tonnes(741_100 * 0.70)


def test_an_industrial_firm_pays_for_15_percent_and_an_exempt_one_for_nothing():
    walk = played(2026, 2027)
    assert walk["front"] == tonnes(878_000 * 0.85)
    exempt = firm().model_copy(update={"carbon_intensity": 2.0, "trade_intensity": 0.05})
    assert played(2026, 2027, exempt)["front"] == tonnes(878_000)
    short_of_the_test = firm().model_copy(update={"carbon_intensity": 1.9, "trade_intensity": 0.05})
    assert played(2026, 2027, short_of_the_test)["front"] == tonnes(878_000 * 0.85)


def test_clinker_is_allocated_on_past_output_times_the_benchmark():
    kiln = firm(output=1_000_000, intensity=0.88, unit_class="clinker", path={"2026": 0.9})
    kiln = kiln.model_copy(update={"carbon_intensity": 20.0, "trade_intensity": 0.05})
    walk = played(2026, 2027, kiln)
    assert walk["front"] == tonnes(1_000_000 * 0.850 * 0.878)
    assert walk["next"] == tonnes(1_000_000 * 0.845 * 0.8679)
    walk.through("2027-05")  # output fell by a tenth: the allocation stays
    assert walk.total["deducted"][0] == walk.total["issued"][0] == 0


def test_borrowing_starts_again_at_15_percent_and_halves_with_use():
    doubled = firm(dict.fromkeys(("2026", "2027", "2028", "2029", "2030"), 2.0))
    walk = played(2026, 2030, doubled, factor=1.0, addition=())
    for deadline, limit in (("2027-08", 0.15), ("2028-08", 0.075), ("2029-08", 0.0375), ("2030-08", 0.01875)):
        walk.through(deadline)
        assert walk.flows["borrowed"][0] == tonnes(limit * 2_000_000)
    walk.through("2031-08")
    assert walk.flows["borrowed"][0] == 0


@pytest.mark.parametrize(("year", "strike"), [(2024, 100_000), (2025, 120_000), (2028, 120_000)])
def test_three_times_a_mean_of_40_000_is_capped_only_before_the_amendment(year, strike):
    dear = made.market(40_000.0).model_copy(update={"currency": "KRW"})
    walk = played(year, year, firm({str(year): 1.1}), dear, factor=1.0).to_end()
    assert walk.total["penalised"][0] == tonnes(100_000)
    assert walk.total["penalty_cost"][0] == pytest.approx(100_000 * strike, rel=1e-4)


@pytest.mark.parametrize(
    ("emitted", "share"),
    [(0.90, 0.0), (0.86, 0.0), (0.84, 0.50), (0.76, 0.50), (0.74, 0.75), (0.51, 0.75), (0.49, 1.0)],
)
def test_unused_units_are_cancelled_in_steps_from_2025_on(emitted, share):
    walk = played(2025, 2025, firm({"2025": emitted}), factor=1.0).through("2026-05")
    assert walk.flows["deducted"][0] == tonnes(share * (1 - emitted) * 1_000_000)
    assert walk["front"] == tonnes(1_000_000 - share * (1 - emitted) * 1_000_000)


@pytest.mark.parametrize(("emitted", "share"), [(0.60, 0.0), (0.51, 0.0), (0.49, 1.0)])
def test_before_2025_they_are_cancelled_only_at_half(emitted, share):
    walk = played(2024, 2024, firm({"2024": emitted}), factor=1.0).through("2025-05")
    assert walk.flows["deducted"][0] == tonnes(share * (1 - emitted) * 1_000_000)


@pytest.mark.parametrize(
    ("emitted", "share"),
    [(1.10, 0.0), (1.14, 0.0), (1.16, 0.50), (1.24, 0.50), (1.26, 0.75), (1.49, 0.75), (1.51, 1.0)],
)
def test_growth_is_allocated_in_steps(emitted, share):
    walk = played(2026, 2026, firm({"2026": emitted}), factor=1.0).through("2027-05")
    assert walk.flows["issued"][0] == tonnes(share * (emitted - 1) * 1_000_000)


def test_growth_is_measured_against_expected_emissions_and_not_against_a_short_allocation():
    """Articles 27 and 28: of the emissions expected for the year; a tight cap or an auction is no growth."""
    power = {"sector": "power", "unit_class": "power"}
    steady = played(2030, 2030, firm(**power)).through("2031-05")  # 0.30 Mt free, 1.00 Mt emitted
    assert steady.flows["issued"][0] == 0
    grown = played(2026, 2026, firm({"2026": 1.20}, **power)).through("2027-05")
    assert grown.flows["issued"][0] == tonnes(0.50 * 200_000)


def test_nothing_is_added_before_2025():
    walk = played(2024, 2024, firm({"2024": 1.6}), factor=1.0).through("2025-05")
    assert walk.flows["issued"][0] == 0


def test_a_monthly_auction_is_cheaper_than_the_exchange_by_half_the_spread_less_the_fee():
    spread = made.market(PRICE, spread=0.02).model_copy(update={"currency": "KRW"})
    walk = played(2026, 2027, where=spread).through("2026-08")
    walk.play(tonnes=100_000)
    assert walk.date == "2026-10"
    assert walk.flows["auctioned"][0] == tonnes(100_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(100_000 * PRICE * 1.0011, rel=1e-5)
    assert walk.flows["trading_cost"][0] == 0


def test_one_bidder_takes_at_most_15_percent_of_an_auction():
    spread = made.market(PRICE, spread=0.02).model_copy(update={"currency": "KRW"})
    walk = played(2026, 2027, where=spread).through("2026-08").play(tonnes=400_000)
    assert walk.flows["auctioned"][0] == tonnes(0.15 * 2_000_000)
    assert walk.flows["bought"][0] == tonnes(400_000)


def test_the_interim_plan_books_538_of_601_mt_and_the_final_one_the_rest():
    # decided on 19 December 2017 for 2018 alone: 538.46 Mt; July 2018: 601.0 Mt, 0.9507 of expected emissions
    walk = Walk(load_scenario("kets")).through("2017-11")
    assert walk["next"] == 0
    walk.through("2017-12")
    assert walk["next"] == pytest.approx(1e6 * 538.46 / 632.17, rel=1e-4)
    walk.through("2018-06")
    carried = walk["front"] - 1e6 * 538.46 / 632.17
    walk.through("2018-07")
    assert walk["front"] == pytest.approx(carried + 0.9507e6, rel=1e-4)
    late = Walk(load_scenario("kets_phase2"))  # begins with the interim units in hand
    assert late["front"] == pytest.approx(1e6 * 538.46 / 632.17, rel=1e-4)
    assert late.through("2018-07").total["issued"][0] > 0.098e6
