"""Closed forms of emissions trading met by the simulator: abatement, allocation, terminal value, timing, offsets.

Frictions are off; optima are brute force over the firm's own actions. Where the price is random, policies meet
the same draws and a bound is four standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.scenario import Abatement, CalendarRule, OffsetRule, OffsetSeries
from nea_env.solvers.closed_form.abatement import (
    ExponentialMarginalCost,
    abatement_between_bid_and_ask,
    abatement_target_with_offsets,
    gain_from_abatement,
    offset_use,
    value_of_allocation,
)
from nea_env.solvers.closed_form.banking import value_of_a_leftover
from nea_env.solvers.closed_form.output import carbon_cost_of_output
from tests.core import scenarios as made
from tests.core.walk import Walk

SCALE, STEEPNESS, MOST = 20.0, 18.3, 0.15
CURVE = Abatement(scale=SCALE, steepness=STEEPNESS, max_share=MOST)
GRID = np.linspace(0.0, 1.0, 301)  # abatement as a share of what is possible
PATHS = 20_000


def costs(limit: float = 1.0, emissions: float = 1.0) -> ExponentialMarginalCost:
    """The firm's abatement costs, of which the documented formulas are asked."""
    return ExponentialMarginalCost(SCALE, STEEPNESS, emissions, limit)


def best(cost: np.ndarray, grid: np.ndarray = GRID) -> float:
    return float(grid[np.argmin(cost)])


def one_year(base=1_000_000.0, **more):
    return made.scenario(
        made.regime(2015, 2015, **more.pop("law", {})), made.firm(base=base, abatement=CURVE), made.market(**more)
    )


# --- B1: marginal abatement cost equals the price (Montgomery 1972) ------------------------------------
@pytest.mark.parametrize("price", [30.0, 100.0, 250.0])
@pytest.mark.parametrize("base", [400_000.0, 1_000_000.0, 1_800_000.0], ids=["short", "even", "long"])
def test_b1_abatement_meets_the_price_whatever_is_held(price, base):
    scenario = one_year(base, price=price)
    cost = Walk(scenario, len(GRID)).to_end(trade="even", abate=GRID).present
    optimum = costs().abatement(price)
    assert best(cost) * MOST == pytest.approx(optimum, abs=MOST / 300)
    follower = Walk(scenario).to_end(trade="even", abate="at_price")
    assert follower.present[0] <= cost.min() + 1e-4
    gain = cost[0] - follower.present[0]
    assert gain == pytest.approx(gain_from_abatement(price, costs(emissions=1e6)), rel=1e-5)


def test_b1_the_price_that_cannot_be_met_is_met_as_far_as_possible():
    scenario = one_year(price=1_000.0)
    assert costs().abatement(1_000.0) > MOST == costs(MOST).abatement(1_000.0)
    assert best(Walk(scenario, len(GRID)).to_end(trade="even", abate=GRID).present) == 1.0
    assert Walk(scenario).batch.suggestions()[0, 1] == 1.0


def test_b1_holds_month_by_month_at_a_random_price():
    scenario = one_year(price=100.0, rate=0.05, volatility=0.4)

    def cost(shift: float) -> np.ndarray:
        walk = Walk(scenario, PATHS)
        while not walk.ended:
            walk.play(trade="even", abate=np.maximum(walk.batch.suggestions()[:, 1] + shift, 0.0))
        return walk.present

    at_price = cost(0.0)
    for shift in (-0.15, 0.15):
        worse = cost(shift) - at_price
        assert worse.mean() > 4 * worse.std() / PATHS**0.5


# --- B2: allocation is a transfer (Montgomery 1972; Hahn and Stavins 2011) -------------------------------
def walks_at(bases, volatility: float, paths: int, spread=0.0, **policy) -> list[Walk]:
    """Three years at each base-period emissions (t a year, all allocated), the same draws."""
    walks = []
    for base in bases:
        scenario = made.scenario(
            made.regime(2015, 2017),
            made.firm(base=base, abatement=CURVE),
            made.market(100.0, rate=0.05, volatility=volatility, spread=spread),
        )
        walks.append(Walk(scenario, paths).to_end(**policy))
    return walks


def test_b2_a_tonne_more_is_worth_its_discounted_price():
    little, much = walks_at((900_000, 1_200_000), 0.0, 1, trade="even", abate="at_price")
    assert little.total["emitted"][0] == much.total["emitted"][0]
    # three vintages of 300 kt more, each worth 100 in the money of the start, whenever it is sold
    worth = value_of_allocation(100.0 * np.exp(0.05 * np.arange(3)), np.arange(3), 0.05)
    assert little.present[0] - much.present[0] == pytest.approx(300_000 * worth.sum(), rel=1e-5)


def test_b2_at_a_random_price():
    little, much = walks_at((900_000, 1_200_000), 0.3, PATHS, trade="even", abate="at_price")
    np.testing.assert_array_equal(little.total["emitted"], much.total["emitted"])
    value = (little.present - much.present) / (3 * 300_000 * 100.0)
    assert value.mean() == pytest.approx(1.0, abs=4 * value.std() / PATHS**0.5)


@pytest.mark.parametrize(("bases", "worth"), [((700_000, 800_000), 102.0), ((1_200_000, 1_300_000), 98.0)])
def test_b2_fails_under_a_spread_as_it_must(bases, worth):
    # four per cent between bid and ask: a short firm saves a purchase at 102, a long one sells at 98
    little, much = walks_at(bases, 0.0, 1, spread=0.04, trade="even", abate="at_price")
    assert little.present[0] - much.present[0] == pytest.approx(3 * 100_000 * worth, rel=1e-5)


@pytest.mark.parametrize("lacking", ["little", "between", "much"])
def test_b13_between_bid_and_ask_a_firm_abates_what_it_lacks_and_trades_nothing(lacking):
    firm = costs(MOST, 1e6)
    low, high = (float(firm.abatement(price)) for price in (98.0, 102.0))  # a spread of 4 %
    required = {"little": 0.9 * low, "between": (low + high) / 2, "much": 1.1 * high}[lacking]
    abated = np.linspace(0.85 * low, 1.15 * high, 1_001)
    scenario = one_year(1e6 - required, price=100.0, spread=0.04, law={"banking": made.LAPSES})
    walk = Walk(scenario, len(abated)).through("2015-12", abate=abated / (1e6 * MOST)).through("2016-05")
    walk.play(tonnes=walk.column("owed") - walk.column("front"))
    assert walk.ended and walk.total["penalised"].max() < 1.0 and walk.total["lapsed"].max() < 1.0
    expected = abatement_between_bid_and_ask(required, 98.0, 102.0, firm)
    assert expected == {"little": low, "between": required, "much": high}[lacking]
    assert best(walk.present, abated) == pytest.approx(expected, abs=1.5 * (abated[1] - abated[0]))


def test_b2_fails_under_a_benchmark_as_it_must():
    """Output-based allocation rewards output: a tonne of benchmark is worth the price times output, not a transfer."""
    values = []
    for path in (1.0, 1.1):
        law = made.regime(2015, 2015, allocation=made.benchmarked(0.9))
        scenario = made.scenario(law, made.firm(path={"2015": path}), made.market(100.0))
        values.append(Walk(scenario).to_end(trade="even").present[0])
    # output taxed at P (e - beta) = 10 a unit and not at P e = 100 (B21 with output forced)
    assert values[1] - values[0] == pytest.approx(0.1 * 1e6 * carbon_cost_of_output(100.0, 1.0, 0.9), rel=1e-4)


# --- B7: terminal value ----------------------------------------------------------------------------------
@pytest.mark.parametrize("ratio", [0.75, 1.0, 1.3])
@pytest.mark.parametrize("banking", [made.UNLIMITED, made.LAPSES], ids=["carried", "lapses"])
def test_b7_a_leftover_is_worth_the_better_of_selling_and_carrying(ratio, banking):
    surplus = 200_000.0
    sell = np.linspace(0.0, surplus, 101)
    walk = Walk(made.scenario(made.regime(2015, 2015, banking=banking), made.firm(base=1_200_000.0)), len(sell))
    walk.through("2016-05").overwrite("front_ratio", ratio).play(tonnes=-sell)
    assert walk.ended
    carried = 100.0 if banking is made.UNLIMITED else 0.0
    assert -walk.present.min() == pytest.approx(surplus * value_of_a_leftover(100.0 * ratio, carried), rel=1e-6)
    np.testing.assert_allclose(-walk.present, sell * 100 * ratio + (surplus - sell) * carried, rtol=1e-6, atol=10)


# --- B8: the timing of surrender (Holland and Moore 2013) -------------------------------------------------
def surrendering(deadlines: tuple[str, ...], volatility: float, paths: int) -> np.ndarray:
    calendars = {
        str(year): CalendarRule(allocated="2014-12", verified=f"{year + 1}-05", deadline=due)
        for year, due in zip((2015, 2016, 2017), deadlines, strict=True)
    }
    scenario = made.scenario(
        made.regime(2015, 2017, calendars=calendars),
        made.firm(base=900_000.0, abatement=CURVE),
        made.market(100.0, rate=0.05, volatility=volatility),
    )
    return Walk(scenario, paths).to_end(trade="even", abate="at_price").present


YEARLY = ("2016-06", "2017-06", "2018-06")
OTHER = [("2016-12", "2017-12", "2018-12"), ("2018-06", "2018-06", "2018-06"), ("2016-05", "2018-06", "2018-06")]


@pytest.mark.parametrize("deadlines", OTHER, ids=["later", "all_at_once", "two_at_once"])
def test_b8_the_month_of_surrender_does_not_matter(deadlines):
    expected = surrendering(YEARLY, 0.0, 1)[0]
    assert expected > 1e6
    assert surrendering(deadlines, 0.0, 1)[0] == pytest.approx(expected, rel=1e-5)
    moved = surrendering(deadlines, 0.3, PATHS) - surrendering(YEARLY, 0.3, PATHS)
    assert moved.std() > 0
    assert abs(moved.mean()) < 4 * moved.std() / PATHS**0.5


# --- B20: offsets ------------------------------------------------------------------------------------------
def with_offsets(ratio: float, base: str):
    law = {"offsets": {"c": OffsetRule(limit_share=0.10, limit_base=base)}}
    return one_year(900_000.0, price=100.0, offset=OffsetSeries(type="c", ratio=ratio), law=law)


@pytest.mark.parametrize(("ratio", "bought"), [(0.5, 1.0), (0.99, 1.0), (1.01, 0.0), (1.5, 0.0)])
def test_b20_the_limit_is_used_iff_the_credit_is_cheaper(ratio, bought):
    shares = np.linspace(0.0, 1.0, 21)
    walk = Walk(with_offsets(ratio, "duty"), len(shares)).through("2016-04").play(offset=shares)
    walk.play(tonnes=walk.column("owed") - walk.column("offsets") - walk.column("front"))
    assert walk.ended and walk.total["penalised"].max() == 0
    expected = offset_use(100.0, 100.0 * ratio, 100_000.0)
    assert best(walk.present, shares) == bought == expected.used / 100_000.0
    shadow_price = (walk.present[0] - walk.present.min()) / (0.10 * 1_000_000)
    assert shadow_price == pytest.approx(expected.shadow_price, abs=1e-3)


@pytest.mark.parametrize("base", ["allocation", "duty"])
def test_b20_the_abatement_target_falls_when_the_limit_follows_emissions(base):
    target = abatement_target_with_offsets(100.0, 50.0, 0.10 if base == "duty" else 0.0)  # 95, or 100
    grid = np.linspace(0.55, 0.75, 401)
    walk = Walk(with_offsets(0.5, base), len(grid)).through("2015-12", abate=grid).through("2016-04").play(offset=1.0)
    walk.play(tonnes=walk.column("owed") - walk.column("offsets") - walk.column("front"))
    assert walk.ended and walk.total["penalised"].max() == 0
    assert best(walk.present, grid) * MOST == pytest.approx(costs().abatement(target), abs=1.1 * MOST * 0.2 / 400)
