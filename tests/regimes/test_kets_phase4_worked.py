"""A Korean firm of 1.00 Mt walked through phase IV, on the shipped law: auctions, ex-post steps, no penalty cap."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.scenario import Abatement, Firm, Scenario
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
    assert (walk["front"], walk["next"]) == (tonnes(878_000 * 0.85), tonnes(809_500 * 0.80))
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
    assert walk["next"] == tonnes(1_000_000 * 0.845 * 0.8678)
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
def test_who_runs_less_loses_units_in_steps_from_2025_on(emitted, share):
    walk = played(2025, 2025, firm({"2025": emitted}), factor=1.0).through("2026-05")
    assert walk.flows["deducted"][0] == tonnes(share * (1 - emitted) * 1_000_000)
    assert walk["front"] == tonnes(1_000_000 - share * (1 - emitted) * 1_000_000)


@pytest.mark.parametrize(("emitted", "share"), [(0.60, 0.0), (0.51, 0.0), (0.49, 1.0)])
def test_before_2025_they_are_cancelled_only_at_half(emitted, share):
    walk = played(2024, 2024, firm({"2024": emitted}), factor=1.0).through("2025-05")
    assert walk.flows["deducted"][0] == tonnes(share * (1 - emitted) * 1_000_000)


HALVING = Abatement(scale=1e-9, steepness=1.0, max_share=0.5)  # half of the emissions can be avoided, for nothing


@pytest.mark.parametrize(
    ("output", "lost"),
    [
        (1.0, 0),
        (0.8, 0.50 * (1_000_000 - 800_000)),  # of its allocation
        (0.7, 0.75 * (1_000_000 - 700_000)),
        (0.49, 1_000_000 - 490_000),
    ],
)
@pytest.mark.parametrize("abate", [0.0, 1.0])
def test_a_grandfathered_firm_loses_units_where_its_output_falls_and_none_where_it_abates(output, lost, abate):
    """The Act, Article 17(1)3: where facilities stop, close or run less."""
    who = firm({"2025": output}, abatement=HALVING)
    walk = played(2025, 2025, who, factor=1.0).through("2026-05", abate=abate)
    assert walk["owed"] == tonnes(1_000_000 * output * (1 - 0.5 * abate))
    assert walk.flows["deducted"][0] == tonnes(lost)


@pytest.mark.parametrize(
    ("output", "abate", "cancelled", "left"),
    [
        (1.0, 1.0, 0, 246_300),  # 746,300 given, 500,000 emitted by facilities that run as before
        (0.5, 0.0, 184_725, 61_575),  # 500,000 / 746,300 = 0.67: three quarters of 246,300 are cancelled
        (0.5, 0.5, 184_725, 186_575),  # shrinks and abates a quarter: emits 375,000
    ],
)
def test_the_2026_cycle_of_a_firm_that_abates_and_of_one_that_shrinks(output, abate, cancelled, left):
    """85 % of 0.878 x 1,000,000 t free; what is left is sold at 20,000 KRW in the month of the deadline."""
    assert 0.85 * 0.878 * 1_000_000 == pytest.approx(746_300)
    walk = played(2026, 2026, firm({"2026": output}, abatement=HALVING)).through("2026-12", abate=abate)
    assert walk["front"] == tonnes(746_300)
    walk.through("2027-05")  # verified, and cancelled
    assert walk["owed"] == tonnes(1_000_000 * output * (1 - 0.5 * abate))
    assert walk.flows["deducted"][0] == tonnes(cancelled)
    assert walk["front"] == tonnes(746_300 - cancelled)
    walk.through("2027-07").play(tonnes=-left)
    assert walk.flows["surrendered"][0] == tonnes(1_000_000 * output * (1 - 0.5 * abate))
    assert walk.flows["penalised"][0] == tonnes(0)
    assert walk.total["cost"][0] == pytest.approx(-20_000 * left, rel=1e-5)  # 4,926.0, 1,231.5 and 3,731.5 million


def test_a_grandfathered_firm_that_changed_since_the_base_years_is_measured_by_its_old_intensity():
    # base years: 1.15 Mt at 2.0 t a tonne of steel, so 575,000 t; today 500,000 t, 0.87 of it: no step
    # at 400,000 t: 800,000 of 1,150,000 t, 0.70, so three quarters of 350,000 t
    for output, lost in ((1.0, 0), (0.8, 0.75 * 350_000)):
        steel = firm({"2025": output}, output=500_000.0, intensity=2.0, base=1_150_000.0)
        walk = played(2025, 2025, steel, factor=1.0).through("2026-05")
        assert walk.flows["deducted"][0] == tonnes(lost)


def kiln(output: float) -> Firm:
    """1 Mt of clinker a year in the base years, exempt, able to halve its emissions."""
    works = firm({"2026": output}, output=1_000_000.0, intensity=0.88, unit_class="clinker", abatement=HALVING)
    return works.model_copy(update={"carbon_intensity": 20.0, "trade_intensity": 0.05})


@pytest.mark.parametrize(
    ("output", "lost"),
    [
        (1.0, 0),
        (0.8, 0),  # 0.850 x 800,000 = 680,000 of 746,300 t: 0.91
        (0.7, 0.50 * (746_300 - 595_000)),  # 0.80
        (0.6, 0.75 * (746_300 - 510_000)),  # 0.68
        (0.4, 746_300 - 340_000),  # 0.46
    ],
)
@pytest.mark.parametrize("abate", [0.0, 1.0])
def test_a_benchmarked_firm_is_measured_by_output_times_the_benchmark(output, lost, abate):
    """Enforcement Decree, Articles 27(1)1 and 29: of 1,000,000 x 0.850 x 0.878 = 746,300 t, by activity data."""
    walk = played(2026, 2026, kiln(output)).through("2027-05", abate=abate)
    assert walk["owed"] == tonnes(880_000 * output * (1 - 0.5 * abate))
    assert walk.flows["deducted"][0] == tonnes(lost)
    assert walk.flows["issued"][0] == 0


@pytest.mark.parametrize("abate", [0.0, 1.0])
def test_growth_of_a_benchmarked_firm_is_growth_of_its_output(abate):
    # 0.850 x 1,200,000 is a fifth above the 850,000 t expected, whatever it emits: half of 170,000 t
    walk = played(2026, 2026, kiln(1.2)).through("2027-05", abate=abate)
    assert walk.flows["issued"][0] == tonnes(0.50 * 170_000)


def test_growth_of_a_grandfathered_firm_is_growth_of_its_emissions():
    who = firm({"2026": 1.2}, abatement=HALVING)
    assert played(2026, 2026, who, factor=1.0).through("2027-05").flows["issued"][0] == tonnes(0.50 * 200_000)
    assert played(2026, 2026, who, factor=1.0).through("2027-05", abate=1.0).flows["issued"][0] == 0


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
    # decided on 19 December 2017 for 2018 alone: 538.46 Mt; July 2018: 601.0 Mt, 0.9507 of expected emissions;
    # 97 % of either is free
    walk = Walk(load_scenario("kets")).through("2017-11")
    assert walk["next"] == 0
    walk.through("2017-12")
    assert walk["next"] == pytest.approx(0.97e6 * 538.46 / 632.17, rel=1e-4)
    walk.through("2018-07")  # KAU17 is front until August
    assert walk["next"] == pytest.approx(0.97 * 0.9507e6, rel=1e-6)
    late = Walk(load_scenario("kets_phase2"))  # begins with the interim units in hand
    assert late["front"] == pytest.approx(0.97e6 * 538.46 / 632.17, rel=1e-4)
    late.through("2018-07")  # the rest of KAU18, and KAU19
    assert late.total["issued"][0] == pytest.approx(0.97e6 * (0.9507 - 0.8518 + 0.9580), rel=1e-6)
