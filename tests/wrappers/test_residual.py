"""Actions that correct the just-in-time rule: the rule itself at zero, one firm and many to the bit, no free pass."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from nea_env.core.layout import OBS_INDEX, Action
from nea_env.envs.firm import FirmEnv
from nea_env.policies.rules import JustInTime
from nea_env.wrappers import ResidualAction, corrected, vector
from tests.asserts import assert_same

IDS = ("nea/KETS-v0", "nea/TPS-v0", "nea/Tokyo-v0", "nea/LinkedKETS-v0")
NOTHING = np.zeros(8, np.float32)


@pytest.mark.parametrize("name", IDS)
def test_no_correction_is_the_just_in_time_rule(name):
    env, plain, rule = ResidualAction(gym.make(name)), gym.make(name), JustInTime()
    observation, _ = env.reset(seed=4)
    assert_same(plain.reset(seed=4)[0], observation)
    ended = False
    while not ended:
        expected = plain.step(rule.predict(observation)[0])
        played = env.step(NOTHING)
        assert_same(played, expected)
        observation, ended = played[0], played[2]


def test_a_correction_is_added_in_its_scale_and_trade_is_left_alone_at_a_deadline():
    env = ResidualAction(gym.make("nea/KETS-v0"), scale=[0.5, *[1.0] * 7])
    observation, _ = env.reset(seed=1)
    correction = np.full(8, 0.2, np.float32)
    at_deadlines = 0
    for _ in range(40):
        played, rule = env.action(correction), JustInTime().predict(observation)[0]
        at_deadline = observation[OBS_INDEX["to_deadline"]] == 0.0
        at_deadlines += at_deadline
        moved = played - rule
        assert moved[Action.TRADE] == pytest.approx(0.0 if at_deadline else 0.1)
        np.testing.assert_allclose(np.delete(moved, Action.TRADE), 0.2, rtol=1e-5)
        observation, *_ = env.step(correction)
    assert at_deadlines == 2  # June 2016 and June 2017


def test_what_has_learned_with_it_plays_the_same_without():
    env, plain = ResidualAction(gym.make("nea/KETS-v0"), 0.3), gym.make("nea/KETS-v0")
    observation, _ = env.reset(seed=5)
    plain.reset(seed=5)
    env.action_space.seed(0)
    for _ in range(30):
        correction = env.action_space.sample()
        action = corrected(observation, correction, 0.3)
        assert action.shape == (8,)
        many = corrected(np.stack([observation] * 2), np.stack([correction] * 2), 0.3)
        assert np.array_equal(many, [action] * 2)
        played = env.step(correction)
        assert_same(plain.step(action), played)
        observation = played[0]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_many_firms_are_single_ones_to_the_bit(mode):
    envs = gym.make_vec("nea/TPS-v0", num_envs=3, autoreset_mode=mode, reward="marked")
    native = vector.ResidualAction(envs, scale=0.3)
    sync = SyncVectorEnv([lambda: ResidualAction(FirmEnv("tps", reward="marked"), 0.3)] * 3, autoreset_mode=mode)
    native.action_space.seed(3)
    assert_same(native.reset(seed=6), sync.reset(seed=6))
    ended = 0
    for month in range(90):
        actions = native.action_space.sample()
        played = native.step(actions)
        assert_same(played, sync.step(actions), f"month {month}")
        ended += played[2].sum()
        if mode is AutoresetMode.DISABLED and played[2].any():
            options = {"reset_mask": played[2].copy()}
            assert_same(native.reset(options=dict(options)), sync.reset(options=dict(options)))
    assert ended == 3


def test_it_sees_the_firm_through_wrappers_and_after_a_state_was_restored():
    env = ResidualAction(gym.wrappers.NormalizeObservation(gym.make("nea/KETS-v0")))
    env.reset(seed=2)
    state, played = env.unwrapped.get_state(), env.action(NOTHING)
    for _ in range(5):
        env.step(NOTHING)
    assert not np.array_equal(env.action(NOTHING), played)
    env.unwrapped.set_state(state)
    assert np.array_equal(env.action(NOTHING), played)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("observe_mask", [False, True])
def test_checkers(name, observe_mask):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for check in (check_env, checker.check_env):
            env = ResidualAction(gym.make(name, observe_mask=observe_mask, reward="marked").unwrapped)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*is different from the unwrapped version.*")
                check(env, skip_render_check=True)


def test_a_spec_makes_it_again():
    env = ResidualAction(gym.make("nea/KETS-v0"), scale=0.5)
    again = gym.make(env.spec)
    assert isinstance(again, ResidualAction)
    env.reset(seed=0), again.reset(seed=0)
    assert_same(again.step(np.full(8, 0.4, np.float32)), env.step(np.full(8, 0.4, np.float32)))


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, "1", None, [1.0, 2.0], np.ones((1, 8))], ids=str)
def test_a_wrong_scale_is_refused(scale):
    with pytest.raises(ValueError, match=r"^scale is .*: expected a number above 0, or 8 of them$"):
        ResidualAction(gym.make("nea/KETS-v0"), scale)
    with pytest.raises(ValueError, match=r"^scale is .*: expected a number above 0, or 8 of them$"):
        vector.ResidualAction(gym.make_vec("nea/KETS-v0", num_envs=2), scale)


def test_other_environments_are_refused():
    for name in ("nea/KETSDiscrete-v0", "CartPole-v1"):
        with pytest.raises(ValueError, match="expected one of nea_env's with Box actions"):
            ResidualAction(gym.make(name))
        with pytest.raises(ValueError, match=r"expected one of nea_env's from gym\.make_vec"):
            vector.ResidualAction(gym.make_vec(name, num_envs=2))
    single = SyncVectorEnv([lambda: gym.make("nea/KETS-v0")])
    with pytest.raises(ValueError, match=r"expected one of nea_env's from gym\.make_vec"):
        vector.ResidualAction(single)


@pytest.mark.parametrize("bad", [0.5, np.zeros(7), np.full(8, np.nan, np.float32), np.full(8, np.nan), None], ids=str)
def test_a_wrong_correction_is_refused_and_nothing_has_changed(bad):
    one, many = ResidualAction(gym.make("nea/KETS-v0")), vector.ResidualAction(gym.make_vec("nea/KETS-v0", num_envs=2))
    for env in (one, many):
        env.reset(seed=0)
        before = env.unwrapped.get_state()
        with pytest.raises(ValueError, match="action"):
            env.step(bad if env is one or bad is None or np.ndim(bad) == 0 else np.stack([bad, bad]))
        assert_same(env.unwrapped.get_state(), before)
