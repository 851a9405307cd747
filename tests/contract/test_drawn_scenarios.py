"""The contract on scenarios that draw their firm and their market: identities, bounds, checkers, single = vector."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import nea_env
from nea_env.core.batch import Batch
from nea_env.envs.firm import FirmEnv
from tests.asserts import assert_identities, assert_observed_in_bounds, assert_physical
from tests.contract.plans import PLANS, months
from tests.contract.scope import FORMS
from tests.contract.test_equals_sync import play

SCENARIOS = {
    "kets": {
        "firm.ranges": {"scale": [0.1, 10.0], "base_emissions": [3e5, 9e5], "output_path.2018": [0.5, 1.5],
                        "abatement": {"scale": [4e3, 4e4], "max_share": [0.0, 0.2]}, "technologies.0.capex": [1e4, 1e6],
                        "output_shock.volatility": [0.0, 0.1]},
        "firm.output_path": {"2018": 1.0},
        "market.ranges": {"price": [3e3, 6e4], "volatility": [0.0, 0.8], "gap.2018.down": [0.05, 0.5],
                          "offset.ratio": [0.4, 1.1], "frictions": {"volume_share": [0.01, 0.3], "spread": [0.0, 0.1]}},
    },
    "tps_randomised": {"firm.ranges": {"scale": [0.1, 10.0], "emission_intensity": [0.7, 1.0]}},
    "tokyo": {"firm.ranges": {"electricity": [0.17, 0.2], "scale": [0.1, 3.0]}, "market.ranges.price": [1e2, 2e4]},
    "linked_kets": {"firm.ranges.scale": [0.1, 3.0], "market.ranges": {"price": [8e3, 3e4], "volatility": [0.1, 0.3]}},
}  # fmt: skip


def ranged(name: str):
    return nea_env.load_scenario(name, {**SCENARIOS[name], "policy.draws": 12})


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_month_of_whole_episodes(name):
    firms = Batch(ranged(name), 10 * PLANS, threads=1)
    firms.reset(range(10 * PLANS))
    assert all(len(set(values)) > 6 for path, values in firms.drawn().items() if not path.startswith("regime."))
    before = firms.accounts()
    for actions in months(firms, 0):
        observation, reward, _ = firms.step(actions)
        after, flows = firms.accounts(), firms.flows()
        assert_identities(before, after, flows)
        assert_physical(after, flows)
        assert_observed_in_bounds(observation)
        np.testing.assert_allclose(reward * firms.reward_scale, -flows["cost"], rtol=1e-12)
        before = after


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_vector_is_its_single_environments(name, mode):
    scenario = ranged(name)
    native = gymnasium.make_vec("nea/KETS-v0", num_envs=3, scenario=scenario, autoreset_mode=mode)
    sync = SyncVectorEnv([lambda: FirmEnv(scenario) for _ in range(3)], autoreset_mode=mode)
    assert play(native, sync, int(native.batch.horizon[0]) + 8) == 3
    for path, values in native.drawn().items():
        np.testing.assert_array_equal(values, [env.drawn()[path] for env in sync.envs])


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_observed_is_in_the_tonnes_and_money_of_the_draw(name):
    envs = gymnasium.make_vec("nea/KETS-v0", num_envs=4, scenario=ranged(name))
    envs.reset(seed=0)
    for _ in range(5):
        envs.step(np.full((4, 8), 0.2, np.float32))
    accounts, market = envs.accounts(), envs.market()
    for row in range(4):
        value = {line.name: line.value for line in envs.observe(row).observations}
        assert value["log_price"] == pytest.approx(market["quote"][row], rel=1e-5)
        for key in ("front", "offsets", "accrued", "owed"):
            assert value[key] == pytest.approx(accounts[key][row], rel=2e-5)
        assert value["volume_limit"] == pytest.approx(market["volume_limit"][row], rel=1e-5)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_checkers(name, scenario):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(name, scenario=ranged(scenario)).unwrapped, skip_render_check=True)
        checker = pytest.importorskip("stable_baselines3.common.env_checker")
        checker.check_env(gymnasium.make(name, scenario=ranged(scenario)).unwrapped, skip_render_check=True)


def test_a_learner_is_told_the_cost_of_the_firm_that_it_played():
    """In % of the exposure of each episode's own firm, though its output path differs from the next one's."""
    pytest.importorskip("stable_baselines3")
    from agents.sb3 import make_vec_env
    from nea_env.policies import make_rule
    from nea_env.policies.play import costs

    scenario = nea_env.load_scenario(
        "kets", {"firm.output_path": {"2018": 1.0}, "firm.ranges.output_path.2018": [0.2, 3.0], "policy.draws": 8}
    )
    learner, rule = make_vec_env("nea/KETS-v0", 6, 0, scenario=scenario), make_rule("just_in_time", scenario)
    observation, told = learner.reset(), []
    for _ in range(2 * int(learner.env.batch.horizon[0])):
        observation, _, _, infos = learner.step(rule.predict(observation)[0])
        told += [info["episode"]["cost_pct"] for info in infos if "episode" in info]
    assert len(told) == 12
    np.testing.assert_allclose(told[:6], costs(rule, scenario, np.arange(6)), rtol=1e-9)
    assert len({f"{value:.6f}" for value in told[6:]}) == 6
