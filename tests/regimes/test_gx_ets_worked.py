"""One megatonne through GX-ETS: the first cycle, a miss, credits, and what the price collar does to defaulting."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.layout import Action
from nea_env.library import load_regime, load_scenario
from nea_env.scenario import Abatement, OffsetSeries, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 3_000.0  # JPY, the middle of the band
MT = 1_000_000.0


def tonnes(value: float):
    """To a tonne: actions are float32, and the firm emits a million."""
    return pytest.approx(value, abs=1.0)


def gx(last=2026, *, credit="j_credit", law=None, **firm) -> Scenario:
    """1 Mt a year, cut at will by up to half, at a constant price."""
    offset = OffsetSeries(type=credit, ratio=0.54)  # 1,620 JPY
    return made.scenario(
        law or load_regime("gx_ets"),
        made.firm(base=MT, abatement=Abatement(scale=1.0, steepness=1.0, max_share=0.5), **firm),
        made.market(PRICE, offset=offset).model_copy(update={"currency": "JPY"}),
        start="2026-04", first="2026", last=str(last),
    )  # fmt: skip


def test_first_cycle():
    walk = Walk(gx()).through("2027-08")
    assert (walk["closed"], walk["front"], walk["owed"]) == (tonnes(MT), 0, 0)
    walk.play()  # September 2027: the report
    assert walk["owed"] == tonnes(MT)
    walk.play()  # October: units of 2026, and the market opens
    assert walk["front"] == tonnes(983_000)
    walk.through("2027-12").play(tonnes=17_000)
    assert walk.ended and walk.scenario.end == "2028-01"
    assert walk.flows["surrendered"][0] == tonnes(MT)
    assert walk.flows["allowance_cost"][0] == pytest.approx(17_000 * PRICE, rel=1e-4)
    assert walk.total["penalised"][0] == 0


def test_nothing_trades_before_autumn_2027():
    walk = Walk(gx())
    assert not walk.batch.action_mask()[0, Action.TRADE]
    walk.through("2027-09", trade=1.0)
    assert walk.total["bought"][0] == 0
    assert walk.batch.action_mask()[0, Action.TRADE]  # October
    walk.play(tonnes=1_000)
    assert walk.total["bought"][0] == tonnes(1_000)


def test_a_miss_is_paid_at_4730_and_done():
    walk = Walk(gx(2027)).through("2028-01")
    assert walk.flows["penalised"][0] == tonnes(17_000)
    assert walk.flows["penalty_cost"][0] == pytest.approx(17_000 * 4_730, rel=1e-4)
    assert walk["front"] == tonnes(966_000)  # the units of 2027, whole


def test_a_miss_that_must_be_made_good_comes_off_the_next_units():
    law = load_regime("gx_ets")
    strict = law.penalty["2026"].model_copy(update={"deducted": 1.0})
    law = law.model_copy(update={"penalty": law.penalty | {"2026": strict}})
    walk = Walk(gx(2027, law=law)).through("2028-01")
    assert walk.flows["penalty_cost"][0] == pytest.approx(17_000 * 4_730, rel=1e-4)
    assert walk["front"] - walk["debt"] == tonnes(966_000 - 17_000)


def test_units_of_two_years_come_together_and_a_surplus_is_carried():
    walk = Walk(gx(2027)).through("2027-10", abate=0.1)  # 5 % less emitted
    assert (walk["front"], walk["next"]) == (tonnes(983_000), tonnes(966_000))
    walk.through("2028-01", abate=0.1)
    assert walk.flows["surrendered"][0] == tonnes(950_000)
    assert walk["front"] == tonnes(33_000 + 966_000)
    assert walk.total["lapsed"][0] == 0


@pytest.mark.parametrize("credit", ["j_credit", "jcm"])
def test_credits_count_up_to_a_tenth_of_emissions(credit):
    walk = Walk(gx(credit=credit)).through("2027-10")
    assert walk["offset_room"] == tonnes(100_000)
    walk.play(offset=1.0)
    assert walk["offsets"] == tonnes(100_000)
    assert walk.flows["offset_cost"][0] == pytest.approx(100_000 * 1_620, rel=1e-4)
    walk.to_end()
    assert walk.total["penalised"][0] == 0
    assert walk.flows["surrendered"][0] == tonnes(MT)


def test_steel_gets_its_benchmark_times_base_year_output():
    walk = Walk(gx(output=500_000.0, intensity=2.0, unit_class="steel")).through("2027-10")
    assert walk["front"] == tonnes(1.97 * 500_000)


def test_benchmarked_units_do_not_follow_output():
    walk = Walk(gx(output=500_000.0, intensity=2.0, unit_class="steel", path={"2026": 0.8, "2027": 0.8}))
    walk.through("2027-10")
    assert walk["owed"] < 0.85 * MT
    assert walk["front"] == tonnes(1.97 * 500_000)


def test_the_price_never_leaves_its_band_so_a_miss_never_pays():
    scenario = load_scenario("gx_ets")
    walk = Walk(scenario, n=400).through("2027-09")
    seen = []
    while not walk.ended:
        seen.append(walk.batch.market()["long_price"])
        walk.play()
    prices = np.array(seen)  # from the opening in October 2027 to January 2032
    growth = 1.03 ** (np.arange(len(prices)) / 12)[:, None]
    assert np.all(prices >= 1_700 * growth * (1 - 1e-3))
    assert np.all(prices <= 4_300 * growth * (1 + 1e-3))
    for cycle, penalty in enumerate((4_730, 4_871.9, 5_018.1, 5_168.6, 5_323.7)):
        assert prices[3 + 12 * cycle].max() * (1 + scenario.market.frictions.spread) < penalty
    last = prices[-1] / growth[-1]
    assert last.max() - last.min() > 0.9 * (4_300 - 1_700)  # by then nearly all of the band is reached
