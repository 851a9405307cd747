"""Environments pickle, go back to a saved state, and close."""

import copy
import pickle

import numpy as np
import pytest

from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from tests.asserts import assert_equal_steps, assert_same

MAKERS = {
    "single": lambda: FirmEnv("kets"),
    "single discrete, drawn": lambda: FirmEnv("tps", "discrete", render_mode="ansi"),
    "vector": lambda: FirmVectorEnv(3, "kets"),
    "vector same step, limited": lambda: FirmVectorEnv(3, "tokyo", autoreset_mode="SameStep", max_episode_steps=4),
    "vector next step, limited": lambda: FirmVectorEnv(3, "tokyo", max_episode_steps=4),
    "vector discrete, masks observed": lambda: FirmVectorEnv(2, "kets", "discrete", observe_mask=True),
}


@pytest.fixture(params=MAKERS)
def env(request):
    made = MAKERS[request.param]()
    made.reset(seed=3, options={"scenario_seed": 90})
    made.action_space.seed(1)
    for _ in range(4):
        made.step(made.action_space.sample())
    return made


def following(env):
    return [env.action_space.sample() for _ in range(6)]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_plays_on_the_same(env, duplicate):
    twin = duplicate(env)
    assert_equal_steps(env, twin, following(env))
    assert_same(env.reset(), twin.reset())
    assert_equal_steps(env, twin, following(env))
    if env.render_mode:
        assert env.render() == twin.render()


def test_a_saved_state_is_gone_back_to(env):
    actions = following(env)
    state = pickle.loads(pickle.dumps(env.get_state()))
    played = [env.step(action) for action in actions]
    env.set_state(state)
    assert_same([env.step(action) for action in actions], played)


def test_a_state_moves_to_an_environment_never_reset():
    first, second = (FirmVectorEnv(2, "kets", autoreset_mode="Disabled") for _ in range(2))
    first.reset(seed=4)
    second.set_state(first.get_state())
    actions = np.full((2, 8), 0.2, np.float32)
    assert_equal_steps(first, second, [actions] * 3)


def test_close_twice(env):
    env.close()
    env.close()


def test_results_are_new_objects_and_stay_as_they_were():
    env = FirmVectorEnv(3, "kets", autoreset_mode="SameStep", max_episode_steps=2)
    results = [env.reset(seed=0)]
    actions = np.full((3, 8), 0.5, np.float32)
    results += [env.step(actions) for _ in range(5)]
    tables = [env.accounts(), env.flows(), env.market()]
    kept = copy.deepcopy([*results, *tables])
    for table in tables:
        for values in table.values():
            values += 1.0  # a copy: the environment does not notice
    again = [env.accounts(), env.flows(), env.market()]
    env.step(actions)
    assert_same([*results, *again], kept)
