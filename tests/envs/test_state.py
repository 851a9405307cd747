"""Environments pickle, go back to a saved state, and close."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

import nea_env
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


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
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


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_leaves_the_original_alone(env, duplicate):
    before = env.get_state()
    twin = duplicate(env)
    for action in following(env):
        twin.step(action)
    assert_same(env.get_state(), before)


def test_after_the_end_a_copy_and_its_original_need_a_reset():
    env = FirmEnv("kets", max_episode_steps=3)
    env.reset(seed=0)
    twin = copy.copy(env)
    for played in (twin, env):
        while not played.step(np.zeros(8))[3]:
            pass
        with pytest.raises(ResetNeeded):
            played.step(np.zeros(8))


def put(place, value):
    """What changes one entry of a state: ``place`` is a path of keys."""

    def spoil(state):
        for key in place[:-1]:
            state = state[key]
        state[place[-1]] = value

    return spoil


SPOILT = {
    "single": {
        "months is 1": put(["months"], 1),  # there is no limit to count for
        "months is float": put(["months"], 0.0),
        "playing is int": put(["playing"], 1),
        "limit is 5": put(["limit"], 5),
        "_own_episodes is -1": put(["episodes", "_own_episodes"], np.array([-1])),
        "_own_seeds is empty": lambda state: state["episodes"].update(
            _own_seeds=np.zeros(0, np.int64), _own_episodes=np.zeros(0, np.int64)
        ),
        "_seeded is an array of int64": put(["episodes", "_seeded"], np.ones(1, np.int64)),
        "_months is an array of int64 of shape (2,)": put(["batch", "_months"], np.zeros(2, np.int64)),
        "seeds is missing": lambda state: state["batch"].pop("seeds"),
        "batch is list": put(["batch"], []),
        "episodes is missing": lambda state: state.pop("episodes"),
        "'more' is not known": put(["more"], 1),
        "playing is True": put(["batch", "_ended"], np.array([True])),
    },
    "vector same step, limited": {
        "months is 4 in row 0": put(["months"], np.array([4, 0, 0])),
        "months is -1 in row 1": put(["months"], np.array([0, -1, 0])),
        "limit is 0": put(["limit"], 0),
        "autoreset_mode is NextStep": put(["autoreset_mode"], "NextStep"),
        "done is True in row 2": put(["done"], np.array([False, False, True])),
        "begun is an array of float64": put(["begun"], np.ones(3)),
        "negative": put(["batch", "seeds"], np.array([0, 1, -2])),
    },
    "vector next step, limited": {
        "done is False in row 1": put(["batch", "_ended"], np.array([True, False, False])),
        "done is False in row 0": put(["done"], np.array([False, True, True])),
        "begun": put(["begun"], np.array([False, True, True])),
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, cases in SPOILT.items() for message in cases])
def test_an_impossible_state_is_refused_and_nothing_changes(name, message):
    made, source = MAKERS[name](), MAKERS[name]()
    source.reset(seed=3, options={"scenario_seed": 90})
    for _ in range(4):
        source.step(np.zeros(source.action_space.shape))
    made.reset(seed=8)
    before, state = made.get_state(), source.get_state()
    SPOILT[name][message](state)
    with pytest.raises(ValueError, match="saved state") as caught:
        made.set_state(state)
    assert "\n" not in str(caught.value)
    if message not in ("negative", "begun", "done is False in row 1", "done is False in row 0"):
        assert message in str(caught.value)
    assert_same(made.get_state(), before)
    made.set_state(source.get_state())
    assert_same(made.get_state(), source.get_state())


@pytest.mark.parametrize(
    "other",
    [
        lambda: FirmVectorEnv(3, "tps"),
        lambda: FirmVectorEnv(2, "kets"),
        lambda: FirmVectorEnv(3, "kets", max_episode_steps=9),
        lambda: FirmVectorEnv(3, "kets", autoreset_mode="Disabled"),
        lambda: FirmVectorEnv(3, nea_env.load_scenario("kets", {"market.volatility": 0.1})),
        lambda: FirmEnv("kets"),
    ],
)
def test_a_state_of_another_environment_is_refused(other):
    env = FirmVectorEnv(3, "kets")
    env.reset(seed=0)
    made = other()
    made.reset(seed=1)
    with pytest.raises(ValueError, match="saved state"):
        env.set_state(made.get_state())
    with pytest.raises(ValueError, match="saved state"):
        made.set_state(env.get_state())


def test_a_state_fits_either_action_form_and_any_rendering():
    env = gymnasium.make("nea/KETS-v0").unwrapped
    env.reset(seed=0)
    env.step(np.full(8, 0.3))
    for kwargs in ({"action_form": "discrete"}, {"render_mode": "ansi"}, {"observe_mask": True}):
        other = FirmEnv("kets", **kwargs)
        other.set_state(env.get_state())
        assert other.accounts() == env.accounts()


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
