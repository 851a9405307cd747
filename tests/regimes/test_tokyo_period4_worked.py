"""Tokyo under the halved cap of period 4, on the shipped law: what can be issued, what is due, what a miss costs."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime
from nea_env.scenario import Abatement, OffsetSeries, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 600.0  # JPY, the mean of 2024
BASE = 10_000.0


def tonnes(value: float):
    """To a hundredth of a tonne: actions are float32."""
    return pytest.approx(value, abs=0.01)


def tokyo(first=2025, *, output=BASE, unit_class="I-1", certified="", offset="outside_tokyo", law=None) -> Scenario:
    """Emissions of ``output`` t on a base of 10,000 t, cut at will by up to nine tenths; to the end of period 4."""
    series = OffsetSeries(type=offset, ratio=0.9)
    return made.scenario(
        law or load_regime("tokyo"),
        made.firm(
            output=output, unit_class=unit_class, certified=certified, base=BASE,
            abatement=Abatement(scale=1.0, steepness=1.0, max_share=0.9),
        ),
        made.market(PRICE, offset=series).model_copy(update={"currency": "JPY"}),
        start=f"{first}-04", first=str(first), last="2025",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("unit_class", "certified", "share"),
    [("I-1", "", 0.0), ("II", "", 0.02), ("I-1", "near_top", 0.125), ("I-1", "top", 0.25), ("II", "top", 0.26)],
)
def test_the_ceiling_on_issue(unit_class, certified, share):
    """Seven tenths cut: the half of base that counts, less the site's factor, can be issued."""
    walk = Walk(tokyo(unit_class=unit_class, certified=certified)).through("2027-11", abate=0.7 / 0.9)
    assert walk.total["credits_issued"][0] == tonnes(2 * BASE * share)


def test_without_the_ceiling_the_whole_excess_is_issued():
    law = load_regime("tokyo")
    rule = law.allocation["2025"].model_copy(update={"issuance_ceiling": None})
    law = law.model_copy(update={"allocation": law.allocation | {"2025": rule}})
    walk = Walk(tokyo(law=law)).through("2027-11", abate=0.7 / 0.9)
    assert walk.total["credits_issued"][0] == tonnes(2 * BASE * (0.7 - 0.5))


def test_a_tower_like_the_mean_site_owes_nine_thousand_tonnes():
    # 6,800 t a year, 32 % below base: 34,000 - 25,000; a third of the required 25,000 t can come from outside
    walk = Walk(tokyo(output=6_800.0)).through("2030-10")
    assert (walk["owed"], walk["closed"]) == (0, tonnes(34_000))
    walk.play()
    assert walk["owed"] == tonnes(34_000 - 25_000)
    assert walk["offset_room"] == pytest.approx(25_000 / 3)
    walk.play(offset=1.0)
    assert walk["offsets"] == pytest.approx(25_000 / 3)
    walk.to_end(trade="even")
    assert walk.scenario.end == "2031-09"
    assert walk.total["surrendered"][0] == tonnes(9_000)
    assert walk.total["bought"][0] == tonnes(9_000 - 25_000 / 3)
    assert walk.total["penalised"][0] == 0


@pytest.mark.parametrize(("credit", "multiplier"), [("renewable", 1.5), ("renewable_plain", 1.0)])
def test_a_renewable_credit_counts_once_or_one_and_a_half_times(credit, multiplier):
    walk = Walk(tokyo(output=6_800.0, offset=credit)).through("2030-11")
    walk.play(offset=1.0)
    assert walk["offsets"] == tonnes(9_000)  # no limit: the whole duty
    assert walk.flows["offset_cost"][0] == pytest.approx(9_000 / multiplier * 0.9 * PRICE)
    walk.to_end()
    assert walk.total["bought"][0] == 0
    assert walk.total["penalised"][0] == 0


def test_missing_1500_tonnes_costs_make_good_and_333_yen_a_tonne():
    walk = Walk(tokyo(output=5_300.0)).to_end(trade=-1.0)
    assert walk.total["penalised"][0] == tonnes(1_500)
    per_tonne = walk.total["penalty_cost"][0] / 1_500
    assert per_tonne == pytest.approx(1.3 * PRICE + 333.33, abs=0.01)


def test_top_level_credits_of_period_three_serve_period_four():
    # 8,500 t a year: 43,250 - 42,500 = 750 t issued in period 3, 42,500 - 37,500 = 5,000 t due in period 4
    walk = Walk(tokyo(2020, output=8_500.0, certified="top")).through("2026-09")
    assert walk.total["credits_issued"][0] == tonnes(5 * BASE * (1 - 0.135) - 42_500)
    kept = walk["front"]
    assert (kept, walk["old"]) == (tonnes(750), tonnes(750))
    walk.through("2030-11")
    assert walk["owed"] == tonnes(42_500 - 5 * BASE * (1 - 0.25))
    walk.to_end(trade="even")
    assert walk.total["penalised"][0] == 0
    assert walk.total["bought"][0] == tonnes(5_000 - 750)
    assert walk.total["lapsed"][0] == 0


def test_without_the_certificate_the_same_tower_is_short_in_both():
    walk = Walk(tokyo(2020, output=8_500.0)).through("2025-11")
    assert walk["owed"] == tonnes(42_500 - 5 * BASE * (1 - 0.27))
    walk.through("2026-09", trade="even").through("2030-11")
    assert walk["owed"] == tonnes(42_500 - 5 * BASE * 0.5)
