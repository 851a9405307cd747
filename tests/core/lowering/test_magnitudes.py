"""Numbers that are each allowed but overflow together end in one line at load."""

import math

import numpy as np
import pytest

from nea_env import ScenarioError, load_scenario
from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.core.lowering.magnitudes import LARGEST_COST
from nea_env.core.rules.abatement import abatement_cost, share_at_price

pytestmark = pytest.mark.filterwarnings("ignore::nea_env.scenario.ScenarioWarning")  # sizes are varied on purpose


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("kets", {"firm.abatement.steepness": 1e4}, ("firm.abatement.steepness: 10000", "at most")),
        ("kets", {"firm.output": 1e-9}, ("firm.output: 1e-09", "allowed: 0.001 to 1e+15 t")),
        ("tps", {"firm.emission_intensity": 1e14}, ("firm.output: ", "allowed: 0.001 to 1e+15 t")),
        ("kets_full", {"market.frictions.permanent_impact": 2}, ("permanent_impact: 2", "allowed: at most ")),
        (
            "kets",
            {"market.law": "bootstrap", "market.bootstrap": {"changes": [0.1] * 4}},
            ("market.bootstrap.changes", "equal"),
        ),
        ("pilot_hubei", {"regime.calendar.2018.years": 3}, ("regime.calendar.2018.verified: 2019-11",)),
        ("kets", {"policy.mode": "randomised", "regime.ranges": []}, ("policy.mode", "no ranges")),
        ("tokyo", {"regime.ranges.2.high": 161.7}, ("regime.ranges: allocation.", "161.7", "less than or equal to 1")),
    ],
)
def test_what_cannot_be_played_is_a_scenario_error_that_names_the_key(name, changes, words):
    scenario = load_scenario(name, changes)
    with pytest.raises(ScenarioError) as refused:
        Batch(scenario, 1)
    line = str(refused.value)
    assert line.startswith(f"scenario {name}: ") and "\n" not in line
    for word in words:
        assert word in line


def test_the_steepest_abatement_that_is_allowed_costs_what_it_says():
    plain = load_scenario("kets")
    abatement = plain.firm.abatement
    steepest = math.log1p(LARGEST_COST / abatement.scale) / abatement.max_share
    batch = Batch(load_scenario("kets", {"firm.abatement.steepness": steepest * 0.999}), 1)
    batch.reset([0])
    actions = np.zeros((1, Action.size), np.float32)
    actions[0, Action.ABATE] = 1.0
    _, reward, _ = batch.step(actions)
    assert np.isfinite(reward).all() and reward[0] < -1e6
    Batch(load_scenario("kets", {"firm.abatement.steepness": steepest * 1.001, "firm.abatement.max_share": 0.0}), 1)


@pytest.mark.parametrize("share", [1e-12, 1e-6, 0.3])
@pytest.mark.parametrize("steepness", [1e-9, 1e-3, 10.0])
def test_a_little_abatement_never_costs_less_than_nothing(share, steepness):
    cost = abatement_cost(share, 100.0, steepness, 1.0 / steepness)
    series = 100.0 * steepness * share**2 / 2.0  # scale (exp(x) - 1 - x) / steepness, x = steepness share
    assert cost >= 0.0
    assert steepness * share > 1e-2 or cost == pytest.approx(series, rel=1e-2, abs=100.0 * share * 1e-15)
    assert share_at_price(1e-12, 1.0 / 100.0, 1.0) == pytest.approx(1e-14, rel=1e-12)
