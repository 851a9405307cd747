"""No policy beats foresight, and its plans cost what the environment charges."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.play import costs
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.solvers.foresight import foresight, plans

pytest.importorskip("highspy")


def test_foresight_costs_less_than_every_rule_on_average():
    scenario, n = load_scenario("tps"), 20
    seeds = np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + n)
    known = foresight(scenario, n)
    assert known.low <= known.mean == known.costs.mean() <= known.high
    for rule in ("just_in_time", "tuned_rule", "lever_rule"):
        assert known.mean < costs(make_rule(rule, scenario), scenario, seeds).mean()


def test_foresight_of_a_firm_is_that_of_its_seed():
    scenario = load_scenario("tps")
    assert foresight(scenario, 2, 5).costs[1] == foresight(scenario, 2, 6).costs[0]


@pytest.mark.slow
def test_plans_with_foresight_cost_what_is_charged_for_them():
    found = plans(load_scenario("tps"), 2)
    assert np.abs(found.charged - found.planned).max() < 1e-4
    assert (found.bound <= found.planned).all()
    assert (foresight(load_scenario("tps"), 2).costs < 100.0).all()


def test_links_are_refused():
    with pytest.raises(ValueError, match="a plan cannot hold links"):
        foresight(load_scenario("linked_kets"), 2)
