"""A vector environment of several scenarios: each row is the single environment of its own, output for output."""

from __future__ import annotations

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import nea_env
from nea_env.envs.firm import FirmEnv
from tests.asserts import assert_same
from tests.contract.scope import FORMS
from tests.contract.test_equals_sync import play

RANGED = nea_env.load_scenario(
    "kets_steel", {"firm.ranges": {"scale": [0.5, 2.0]}, "market.ranges": {"price": [5e3, 3e4]}, "policy.draws": 4}
)
MIX = ["kets", RANGED, "linked_kets", "tokyo"]


def both(name, mode, n=6, limit=None, **kwargs):
    native = gymnasium.make_vec(name, num_envs=n, autoreset_mode=mode, max_episode_steps=limit, scenario=MIX, **kwargs)
    own = {**gymnasium.spec(name).kwargs, **kwargs}
    of = [MIX[k] for k in native.scenario_of]
    made = [lambda one=one: FirmEnv(**{**own, "scenario": one}, max_episode_steps=limit) for one in of]
    return native, SyncVectorEnv(made, autoreset_mode=mode)


def test_rows_are_dealt_in_runs():
    for n, expected in ((4, [0, 1, 2, 3]), (6, [0, 0, 1, 2, 2, 3]), (9, [0, 0, 0, 1, 1, 2, 2, 3, 3])):
        assert gymnasium.make_vec("nea/KETS-v0", num_envs=n, scenario=MIX).scenario_of.tolist() == expected
    twice = gymnasium.make_vec("nea/KETS-v0", num_envs=6, scenario=["kets", "kets", "tokyo"])
    assert [twice.scenarios[k].name for k in twice.scenario_of] == ["kets"] * 4 + ["tokyo"] * 2


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", FORMS)
def test_each_row_is_the_single_environment_of_its_scenario_past_the_ends(name, mode):
    native, sync = both(name, mode)
    assert len(set(native.batch.horizon)) > 1  # rows end in different months
    assert play(native, sync, int(native.batch.horizon.min()) + 8) >= 1


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_past_a_time_limit_and_with_the_mask_observed(mode):
    native, sync = both("nea/KETS-v0", mode, limit=5, observe_mask=True)
    assert play(native, sync, 18, seed=[4, 900, 7, 1, 1, 2]) >= 12


def test_a_row_keeps_its_scenario_and_draws_its_next_firm():
    native = gymnasium.make_vec("nea/KETS-v0", num_envs=40, scenario=["kets", RANGED], max_episode_steps=2)
    native.reset(seed=0)
    first = native.drawn()["firm.scale"]
    assert (first[:20] == 1.0).all() and len(set(first[20:])) > 2
    for _ in range(4):
        native.step(np.zeros((40, 8), np.float32))
    again = native.drawn()["firm.scale"]
    assert (again[:20] == 1.0).all() and (again[20:] != first[20:]).any()
    np.testing.assert_array_equal(native.batch.horizon[:20], native.batch.horizon[0])


def test_a_saved_state_and_a_pickle_go_on_alike():
    native, _ = both("nea/KETS-v0", AutoresetMode.NEXT_STEP)
    native.reset(seed=3)
    other = pickle.loads(pickle.dumps(native))
    third, _ = both("nea/KETS-v0", AutoresetMode.NEXT_STEP)
    third.set_state(native.get_state())
    actions = np.full((6, 8), 0.4, np.float32)
    for _ in range(5):
        played = native.step(actions)
        assert_same(other.step(actions), played)
        assert_same(third.step(actions), played)
    foreign = gymnasium.make_vec("nea/KETS-v0", num_envs=6, scenario=MIX[::-1])
    with pytest.raises(ValueError, match="another scenario"):
        foreign.set_state(native.get_state())


def test_a_frame_is_that_of_its_rows_own_scenario():
    native = gymnasium.make_vec("nea/KETS-v0", num_envs=2, scenario=["kets", "tokyo"], render_mode="ansi")
    native.reset(seed=0)
    for row, name in enumerate(("kets", "tokyo")):
        one = gymnasium.make("nea/KETS-v0", scenario=name, render_mode="ansi")
        one.reset(seed=row)
        assert native.render()[row] == one.render()


def test_each_row_is_observed_as_its_own_scenario():
    native, sync = both("nea/KETS-v0", AutoresetMode.NEXT_STEP)
    native.reset(seed=5)
    sync.reset(seed=5)
    for _ in range(4):
        actions = np.full((6, 8), 0.3, np.float32)
        native.step(actions)
        sync.step(actions)
    for row, env in enumerate(sync.envs):
        assert str(native.observe(row)) == str(env.observe()) and list(native.observe(row)) == list(env.observe())
    assert {native.observe(row)["log_price"].unit for row in range(6)} == {"KRW/t", "JPY/t"}


def test_the_scenario_is_there_for_one_alone():
    assert gymnasium.make_vec("nea/KETS-v0", num_envs=2, scenario=["tokyo"]).scenario.name == "tokyo"
    assert gymnasium.make_vec("nea/KETS-v0", num_envs=2).scenario.name == "kets"
    with pytest.raises(AttributeError, match=r"rows play kets, tokyo: take scenarios\[scenario_of\[row\]\]"):
        _ = gymnasium.make_vec("nea/KETS-v0", num_envs=2, scenario=["kets", "tokyo"]).scenario


def test_the_same_rate_is_all_that_a_mix_needs():
    slow = nea_env.load_scenario("tps", {"market.discount_rate": 0.03})
    native = gymnasium.make_vec("nea/KETS-v0", num_envs=4, scenario=["kets", "tokyo", slow])
    assert {one.market.currency for one in native.scenarios} == {"KRW", "JPY", "CNY"}
    assert native.discount == pytest.approx(np.exp(-0.03 / 12))


@pytest.mark.parametrize(
    ("scenario", "n", "words"),
    [
        ([], 2, ("scenario is []", "at least one")),
        (["kets", "kets_steel", "tokyo"], 2, ("3 scenarios for 2 rows", "num_envs of 3 or more")),
        (
            ["kets", "tps"],
            2,
            ("kets and tps cannot be mixed", "market.discount_rate is 0.03 and 0.05", "load_scenario"),
        ),
        (["kets", "kest"], 2, ("'kest' is neither a shipped scenario", "did you mean 'kets'?")),
        (["kets", 3], 2, ("3: expected a name", "a mapping or a Scenario")),
    ],
)
def test_what_cannot_be_mixed_is_refused_in_one_line(scenario, n, words):
    with pytest.raises(ValueError, match="scenario") as error:
        gymnasium.make_vec("nea/KETS-v0", num_envs=n, scenario=scenario)
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


def test_a_single_environment_plays_one():
    with pytest.raises(
        ValueError, match=r"scenario is \['kets', 'tokyo'\]: a single firm plays one; gym.make_vec mixes"
    ):
        gymnasium.make("nea/KETS-v0", scenario=["kets", "tokyo"])
