"""Output as a choice: what a change of it costs, and how far each kind of allocation moves it.

A firm that sells at 400 and whose marginal cost is 200 + 0.5 q makes 400 units without a carbon price. A permit
costs 60, a unit emits 0.9 t: p - C_q = P e under a fixed allocation, P (e - beta) under an output-based one
(Fischer, RFF Discussion Paper 01-22, 2001).
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.layout import Action
from nea_env.scenario import Abatement, AllocationRule, Firm, OutputChoice, OutputShock, PenaltyRule, Regime, Technology
from nea_env.solvers.closed_form.output import carbon_cost_of_output, output_at_carbon_cost, output_with_updating
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE, BETA = 60.0, 0.85
CHOICE = OutputChoice(flexibility=0.5, margin_slope=0.5 * 400.0)  # p - C_q = 200 (1 - q / 400)
LEVELS = np.arange(200, 601)  # units a year, one a row
FIXED = made.grandfathered(1.0)
BY_OUTPUT = made.benchmarked(BETA)


def maker(intensity: float = 0.9, choice: OutputChoice | None = CHOICE, **more) -> Firm:
    return made.firm(output=400.0, intensity=intensity, output_choice=choice, **more)


def action(units):
    """The action that makes so many units a year."""
    return (np.asarray(units) / 400.0 - 1.0) / 0.5


def best_output(
    allocation: AllocationRule, intensity: float = 0.9, years: int = 1, free_years: int | None = None
) -> int:
    """The output a year with the least cost, over a grid of one unit; what is missing is bought at the price."""
    law = made.regime(2015, 2014 + years, allocation=allocation, penalty=PenaltyRule(multiple=1.0))
    walk = Walk(made.scenario(law, maker(intensity), made.market(PRICE)), len(LEVELS))
    walk.through(f"{2014 + (free_years or years)}-12", output=action(LEVELS)).to_end()
    costs = walk.present
    best = int(np.argmin(costs))
    assert 0 < best < len(LEVELS) - 1
    assert (np.diff(costs[: best + 1]) < 0).all() and (np.diff(costs[best:]) > 0).all()
    return int(LEVELS[best])


def expected(intensity: float, benchmark: float) -> float:
    """Units a year of the closed form."""
    return float(output_at_carbon_cost(400.0, carbon_cost_of_output(PRICE, intensity, benchmark), 200.0, 0.5))


def test_a_fixed_allocation_cuts_output():
    assert best_output(FIXED) == 292 == pytest.approx(expected(0.9, 0.0))


@pytest.mark.parametrize(("intensity", "units"), [(0.9, 394), (0.8, 406), (0.85, 400)])
def test_an_output_based_allocation_hardly_moves_it_and_may_raise_it(intensity, units):
    assert best_output(BY_OUTPUT, intensity) == units == pytest.approx(expected(intensity, BETA))


def test_units_equal_to_emissions_leave_it_alone():
    assert best_output(AllocationRule(method="verified_emissions")) == 400


@pytest.mark.parametrize(("share", "units"), [(0.0, 292), (0.5, 343), (1.0, 394)])
def test_a_base_that_follows_output_gives_the_same_push_later(share, units):
    # 200 - 0.5 q = 60 (0.9 - g 0.85): output of 2015 earns units of 2017
    rule = AllocationRule(method="historical_benchmarking", benchmark={"": BETA}, update_share=share)
    assert best_output(rule, years=3, free_years=1) == units
    later = output_with_updating(400.0, PRICE, 0.9, BETA * share, PRICE, 2.0, 0.0, 200.0, 0.5)
    assert units == pytest.approx(later)


@pytest.mark.parametrize("units", [200, 292, 400, 500, 600])
def test_a_change_of_output_costs_half_its_slope_times_its_square(units):
    walk = Walk(made.scenario(made.regime(2015, 2015), maker(), made.market(PRICE))).play(output=action(units))
    assert walk.flows["output"][0] == pytest.approx(units / 12, rel=1e-6)
    assert walk.flows["emitted"][0] == pytest.approx(0.9 * units / 12, rel=1e-6)
    # over a year the integral of p - C_q from q to 400
    assert 12 * walk.flows["margin_cost"][0] == pytest.approx(0.25 * (units - 400) ** 2, abs=1e-3)


def test_marginal_margin_is_price_less_marginal_cost():
    walk = Walk(made.scenario(made.regime(2015, 2015), maker(), made.market(PRICE)), 2)
    walk.play(output=action(np.array([300.0, 301.0])))
    lost = 12 * walk.flows["margin_cost"]
    assert lost[0] - lost[1] == pytest.approx(400 - (200 + 0.5 * 300.5), abs=1e-2)


def without(law: Regime, actions) -> Walk:
    """A firm without the choice that tries it."""
    return Walk(made.scenario(law, maker(choice=None), made.market(PRICE))).to_end(output=actions)


def test_without_the_choice_the_action_is_closed_and_does_nothing():
    law = made.regime(2015, 2015)
    tried, idle = without(law, -1.0), without(law, 0.0)
    assert tried.total["margin_cost"][0] == 0
    assert tried.total["output"][0] == idle.total["output"][0] == pytest.approx(400)
    walk = Walk(made.scenario(law, maker(choice=None)))
    assert not walk.batch.action_mask()[0, Action.OUTPUT]


def test_the_action_is_open_while_there_is_production():
    walk = Walk(made.scenario(made.regime(2015, 2015), maker()))
    for _ in range(12):
        assert walk.batch.action_mask()[0, Action.OUTPUT]
        walk.play()
    while not walk.ended:
        assert not walk.batch.action_mask()[0, Action.OUTPUT]
        walk.play(output=1.0)
        assert walk.flows["output"][0] == walk.flows["margin_cost"][0] == 0


def test_the_action_is_a_share_of_what_can_be_changed():
    for asked, made_units in ((1.0, 600), (0.5, 500), (0.0, 400), (-0.5, 300), (-1.0, 200)):
        walk = Walk(made.scenario(made.regime(2015, 2015), maker())).through("2015-12", output=asked)
        assert walk.total["output"][0] == pytest.approx(made_units)


def test_capacity_abatement_and_shocks_scale_with_output():
    tech = Technology(name="t", potential_share=0.2, capex=100.0, lead_months=3, life_years=20.0)
    ladder = Abatement(scale=50.0, steepness=3.0, max_share=0.5)
    shock = OutputShock(volatility=0.1, persistence=0.5)
    who = maker(technologies=(tech,), invest_rate=1.0, abatement=ladder, shock=shock)
    walk = Walk(made.scenario(made.regime(2015, 2016), who, made.market(PRICE)), 2, seeds=[5, 5])
    walk.through("2015-06", invest=1.0).play(output=np.array([0.0, -1.0]), abate=1.0)
    for flow in ("output", "saved", "emitted", "abated", "abatement_cost"):
        full, half = walk.flows[flow]
        assert full > 0 and half == pytest.approx(0.5 * full), flow
    shocked = 12 * walk.flows["output"][0] / 400
    assert abs(shocked - 1) > 1e-3
    assert walk.flows["margin_cost"][1] == pytest.approx(shocked * 0.25 * 200**2 / 12)
