"""A Tokyo office of 10,000 t walked through period 2, and what its credits are worth, on the shipped law."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.scenario import Abatement, OffsetSeries, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 1_500.0  # JPY, the survey average of 2016
EMISSIONS = {2015: 8_500.0, 2016: 7_500.0, 2017: 7_800.0, 2018: 8_600.0, 2019: 9_400.0}


def tonnes(value: float):
    """To a hundredth of a tonne: actions are float32."""
    return pytest.approx(value, abs=0.01)


def tokyo(first=2015, last=2015, *, credits=None, path=None, **more) -> Scenario:
    """Emissions of 10,000 t, cut at will by operational abatement of up to a half. ``credits``: only those issues."""
    law = load_scenario("tokyo").regime
    if credits is not None:
        dates = law.calendar["2015"]
        kept = dates.model_copy(update={"credits_issued": {years: dates.credits_issued[years] for years in credits}})
        law = law.model_copy(update={"calendar": law.calendar | {"2015": kept}})
    offset = OffsetSeries(type="outside_tokyo", ratio=0.9)
    return made.scenario(
        law,
        made.firm(
            output=10_000.0, unit_class="I-1", path=path, base=10_000.0,
            abatement=Abatement(scale=1.0, steepness=1.0, max_share=0.5),
        ),
        made.market(PRICE, offset=offset).model_copy(update={"currency": "JPY"}),
        start=f"{first}-04", first=str(first), last=str(last), **more,
    )  # fmt: skip


def year(walk: Walk, fiscal: int, emissions: float, **actions) -> Walk:
    """Play fiscal year ``fiscal`` (from April) so that it emits ``emissions``."""
    assert walk.date == f"{fiscal}-04"
    before = walk.total["emitted"][0]
    walk.through(f"{fiscal + 1}-03", abate=2 * (1 - emissions / 10_000), **actions)
    assert walk.total["emitted"][0] - before == tonnes(emissions)
    return walk


def through_the_period(walk: Walk) -> Walk:
    for fiscal, emissions in EMISSIONS.items():
        year(walk, fiscal, emissions)
    return walk


def test_period_two_with_the_credits_of_year_two_sold():
    walk = Walk(tokyo(credits=["2"]))
    year(walk, 2015, 8_500)
    assert walk["closed"] == tonnes(8_500)
    year(walk, 2016, 7_500)
    assert walk["closed"] == tonnes(16_000)
    walk.through("2017-10", abate=0.44)
    assert walk["front"] == 0
    walk.play(abate=0.44)  # November 2017: 4,000 t of reductions less 3,400 t of duty to date
    assert (walk["front"], walk["credits_issued"]) == (tonnes(600), tonnes(600))
    walk.play(abate=0.44, trade=-1.0)
    assert (walk["front"], walk.total["sold"][0]) == (0, tonnes(600))
    walk.through("2018-03", abate=0.44)
    year(walk, 2018, 8_600)
    year(walk, 2019, 9_400)
    assert walk.total["emitted"][0] == tonnes(41_800)
    assert walk["closed"] == tonnes(41_800 + 600)
    walk.through("2020-10")
    assert walk["owed"] == 0
    walk.play()
    assert walk["owed"] == tonnes(900)  # 41,800 + 600 - 41,500
    assert walk.flows["forgiven"][0] == tonnes(41_500)
    assert walk["offset_room"] == pytest.approx(8_500 / 3)
    assert int(walk["offset_room"]) == 2_833
    walk.through("2021-12").play(tonnes=900)
    assert walk.ended and walk.scenario.end == "2022-01"
    assert walk.flows["surrendered"][0] == tonnes(900)
    assert walk.total["penalised"][0] == 0


def test_without_the_sale_300_t_are_owed_on_balance():
    walk = through_the_period(Walk(tokyo(credits=["2"]))).through("2020-11")
    assert walk["owed"] - walk["front"] == tonnes(300)


def test_year_three_issues_500_t_more_on_the_law_as_it_stands():
    # 6,200 t of reductions - 5,100 t - 600 t issued; nothing after years four and five
    walk = through_the_period(Walk(tokyo())).through("2020-10")
    assert walk["front"] == walk.total["credits_issued"][0] == tonnes(1_100)
    walk.play()
    assert walk.total["credits_issued"][0] == tonnes(1_100)
    assert walk["owed"] == tonnes(41_800 + 1_100 - 41_500)
    assert walk["credits_issued"] == 0  # the count restarts with the period


def test_a_miss_costs_make_good_and_the_fine():
    walk = through_the_period(Walk(tokyo())).to_end(trade=-1.0)
    assert walk.total["penalised"][0] == tonnes(1_400)
    assert walk.total["penalty_cost"][0] == pytest.approx(1_400 * 1.3 * PRICE + 500_000, rel=1e-5)
    assert walk.flows["closing_cost"][0] == pytest.approx(0, abs=1)


def test_outside_credits_meet_a_duty_up_to_their_room():
    walk = Walk(tokyo())
    for fiscal in EMISSIONS:
        year(walk, fiscal, 9_900)
    walk.through("2020-11")
    assert walk["owed"] == tonnes(49_500 - 41_500)
    walk.play(offset=1.0)
    assert walk["offsets"] == pytest.approx(8_500 / 3)
    assert walk.flows["offset_cost"][0] == pytest.approx(8_500 / 3 * 0.9 * PRICE)
    walk.to_end(trade="even")
    assert walk.total["surrendered"][0] == tonnes(8_000)
    assert walk.total["bought"][0] == tonnes(8_000 - 8_500 / 3)


def test_credits_serve_the_next_period_and_then_lapse():
    # period 1 (8 %): issued 4,200 t in all; 400 t of them kept for period 2, none of those for period 3
    walk = Walk(tokyo(2010, 2020))
    for fiscal in range(2010, 2015):
        year(walk, fiscal, 8_360)
    walk.through("2015-11", abate=0.3)
    issued = (0.164 - 0.08) * 10_000 * 5
    assert issued == pytest.approx(4_200)
    assert walk.total["issued"][0] == tonnes(issued)
    assert walk["owed"] == tonnes(41_800 + issued - 46_000)
    walk.through("2016-09", abate=0.3)
    assert walk.flows["lapsed"][0] == 0
    kept = walk["front"]
    assert kept == walk["old"] == tonnes(4_200)
    walk.through("2022-01", abate=0.3)  # 8,500 t a year: 17 % would owe 1,000 t over five years
    assert walk.flows["surrendered"][0] == pytest.approx(walk.total["surrendered"][0], abs=0.01)
    assert walk.flows["lapsed"][0] == tonnes(kept - walk.flows["surrendered"][0])
    assert walk["front"] == walk["old"] == 0


@pytest.mark.parametrize(("factor", "share"), [(0.50, 0.0), (0.48, 0.02), (0.25, 0.25)])
def test_half_of_base_ceiling(factor, share):
    """A site that cuts three quarters of its base: at a 50 % factor the ceiling leaves no credit at all."""
    period = tokyo()
    rule = period.regime.allocation["2015"].model_copy(update={"reduction_factor": {"I-1": factor}})
    law = period.regime.model_copy(update={"allocation": period.regime.allocation | {"2015": rule}, "ranges": ()})
    site = period.firm.model_copy(update={"base_emissions": 20_000.0})
    walk = Walk(period.model_copy(update={"regime": law, "firm": site}))
    walk.through("2017-11", abate=1.0)  # 5,000 t of 20,000: three quarters cut
    assert walk.total["credits_issued"][0] == tonnes(2 * 20_000 * share)
