"""Planning ahead at expected prices: a rule like any other, and better than those that do not invest."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.library import load_scenario
from nea_env.policies.marking import marked_costs
from nea_env.policies.play import costs
from nea_env.policies.rules import JustInTime

pytest.importorskip("highspy")
from nea_env.policies.mpc import PlanAhead


def test_planning_ahead_costs_less_than_just_in_time():
    scenario, seeds = load_scenario("tps"), np.arange(1_000_000, 1_000_004)
    planned = marked_costs(PlanAhead(scenario, every=6), scenario, seeds)
    assert (planned - marked_costs(JustInTime(), scenario, seeds)).mean() < -1.0


def test_predict_plays_in_the_loop_of_every_policy_and_repeats_itself():
    scenario, seeds = load_scenario("tps"), np.arange(1_000_000, 1_000_002)
    rule = PlanAhead(scenario, every=28)
    first = costs(rule, scenario, seeds)
    assert (costs(rule, scenario, seeds) == first).all()
    assert costs(rule, scenario, seeds[1:])[0] == pytest.approx(first[1], abs=1e-6)


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ValueError, match="a plan cannot hold links"):
        PlanAhead(load_scenario("linked_kets"))
    with pytest.raises(ValueError, match="plans are made for one"):
        PlanAhead(load_scenario("kets_randomised"))
    with pytest.raises(ValueError, match="every is 0"):
        PlanAhead(load_scenario("tps"), every=0)
