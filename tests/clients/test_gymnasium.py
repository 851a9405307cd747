"""Gymnasium's vector wrappers on the native batch: what they record, and which autoreset modes each takes."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector
from gymnasium.wrappers.utils import RunningMeanStd

ROWS = 3
LOW, HIGH = np.float32(0.0), np.float32(1.0)
MODES = tuple(AutoresetMode)
NEXT_STEP, SAME_STEP, DISABLED = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED

TAKES_EVERY_MODE = {
    "RecordEpisodeStatistics": vector.RecordEpisodeStatistics,
    "NormalizeReward": vector.NormalizeReward,
    "TransformReward": lambda envs: vector.TransformReward(envs, lambda reward: 2.0 * reward),
    "ClipReward": lambda envs: vector.ClipReward(envs, -1.0, 1.0),
    "ClipAction": vector.ClipAction,
    "RescaleAction": lambda envs: vector.RescaleAction(envs, LOW, HIGH),
    "TransformAction": lambda envs: vector.TransformAction(envs, np.negative, envs.action_space),
    "DictInfoToList": vector.DictInfoToList,
}
REFUSES_SAME_STEP = {  # Gymnasium's decision: they would leave final_obs as it is
    "FlattenObservation": vector.FlattenObservation,
    "RescaleObservation": lambda envs: vector.RescaleObservation(envs, LOW, HIGH),
    "ReshapeObservation": lambda envs: vector.ReshapeObservation(envs, (1, *envs.single_observation_space.shape)),
    "TransformObservation": lambda envs: vector.TransformObservation(envs, np.tanh, envs.observation_space),
}
NEXT_STEP_ONLY = {"NormalizeObservation": vector.NormalizeObservation}
TAKEN = [
    *((name, wrap, mode) for name, wrap in TAKES_EVERY_MODE.items() for mode in MODES),
    *((name, wrap, mode) for name, wrap in REFUSES_SAME_STEP.items() for mode in (NEXT_STEP, DISABLED)),
    *((name, wrap, NEXT_STEP) for name, wrap in NEXT_STEP_ONLY.items()),
]
REFUSED = [
    *((name, wrap, SAME_STEP) for name, wrap in REFUSES_SAME_STEP.items()),
    *((name, wrap, mode) for name, wrap in NEXT_STEP_ONLY.items() for mode in (SAME_STEP, DISABLED)),
]


def play(mode, wrap=lambda envs: envs, months=40, limit=7):
    """Steps with random actions of rows that end in different months, wrapped from their second month on."""
    envs = gym.make_vec("nea_env:nea/KETS-v0", num_envs=ROWS, autoreset_mode=mode, max_episode_steps=limit)
    envs.reset(seed=4)
    for row in range(1, ROWS):
        envs.step(np.zeros(envs.action_space.shape, np.float32))
        envs.reset(options={"reset_mask": np.arange(ROWS) >= row})
    envs = wrap(envs)
    envs.action_space.seed(1)
    for _ in range(months):
        step = envs.step(envs.action_space.sample())
        yield step
        over = step[2] | step[3]
        if mode is DISABLED and over.any():
            envs.reset(options={"reset_mask": over})


@pytest.mark.parametrize("mode", MODES)
def test_statistics_are_those_of_the_months_played(mode):
    returns, lengths = np.zeros(ROWS), np.zeros(ROWS, int)
    began, ended = np.zeros(ROWS, bool), 0
    for (_, reward, _, truncated, _), (*_, info) in zip(
        play(mode), play(mode, vector.RecordEpisodeStatistics), strict=True
    ):
        played = ~began if mode is NEXT_STEP else np.ones(ROWS, bool)  # the step after an end plays no month
        assert (reward[~played] == 0.0).all()
        returns, lengths = returns + reward, lengths + played
        assert ("episode" in info) == truncated.any()
        if truncated.any():
            assert np.array_equal(info["_episode"], truncated)
            assert info["episode"]["r"][truncated] == pytest.approx(returns[truncated])
            assert np.array_equal(info["episode"]["l"][truncated], lengths[truncated])
        ended += truncated.sum()
        returns[truncated], lengths[truncated], began = 0.0, 0, truncated
    assert ended >= 4 * ROWS


@pytest.mark.parametrize("mode", [NEXT_STEP, SAME_STEP])
def test_rewards_are_scaled_by_the_spread_of_their_discounted_sums(mode):
    sums, began, spread = np.zeros(ROWS, np.float32), np.zeros(ROWS, bool), RunningMeanStd(shape=())
    scaled = play(mode, lambda envs: vector.NormalizeReward(envs, gamma=0.9))
    for (_, reward, _, truncated, _), (_, found, *_) in zip(play(mode), scaled, strict=True):
        played = ~began if mode is NEXT_STEP else np.ones(ROWS, bool)
        sums[played] = 0.9 * sums[played] + reward[played]
        spread.update(sums[played])
        assert found == pytest.approx(reward / np.sqrt(spread.var + 1e-8), rel=1e-5)
        began = truncated
        if mode is SAME_STEP:  # under NEXT_STEP Gymnasium carries the sum past a time limit
            sums[truncated] = 0.0


def test_observations_are_scaled_by_their_own_spread():
    plain, scaled = list(play(NEXT_STEP)), list(play(NEXT_STEP, vector.NormalizeObservation))
    spread = RunningMeanStd(shape=plain[0][0].shape[1:], dtype=np.float32)
    for (observation, *_), (found, *_) in zip(plain, scaled, strict=True):
        spread.update(observation)
        assert np.allclose(found, (observation - spread.mean) / np.sqrt(spread.var + 1e-8), atol=1e-5)


@pytest.mark.parametrize(("name", "wrap", "mode"), TAKEN)
def test_wrapper_takes_the_mode(name, wrap, mode):
    steps = list(play(mode, wrap, months=16))
    assert sum(step[3].sum() for step in steps) >= ROWS
    assert all(np.isfinite(step[1]).all() for step in steps)


@pytest.mark.parametrize(("name", "wrap", "mode"), REFUSED)
def test_wrapper_refuses_the_mode(name, wrap, mode):
    with pytest.raises(ValueError, match="NEXT_STEP"):
        next(play(mode, wrap))


def test_example(example):
    found = example("Gymnasium")
    assert found["info"]["_episode"].all() and (found["info"]["episode"]["l"] == 140).all()
