"""Text and picture of an episode so far."""

import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.envs.rendering import RENDER_MODES


def test_text_says_where_the_firm_stands():
    env = FirmEnv("kets", render_mode="ansi")
    assert "no episode yet" in env.render()
    env.reset(seed=0)
    for _ in range(18):
        env.step(np.array([0.2, 0.5, 0.3, 0.1, 0, 0, 0, 0]))
    text = env.render()
    assert env.scenario.title in text and "2016-07" in text and "18 months played" in text and "KRW" in text
    assert f"{env.accounts()['accrued']:,.0f}" in text
    assert text.count("\n") == 6


@pytest.mark.parametrize("scenario", ["kets", "tps", "tokyo"])
def test_picture_of_no_month_and_of_a_whole_episode(scenario):
    pytest.importorskip("matplotlib")
    env = FirmEnv(scenario, render_mode="rgb_array")
    blank = env.render()
    env.reset(seed=0)
    first = env.render()
    over = False
    while not over:
        over = env.step(np.array([0.2, 0.5, 0.3, 0.1, 0, 0, 0, 0]))[2]
    last = env.render()
    for picture in (blank, first, last):
        assert picture.dtype == np.uint8 and picture.shape == (640, 1000, 3)
    assert (first != last).any() and (blank != first).any()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_vector_frames_are_those_of_single_environments(mode):
    options = {"scenario": "kets", "render_mode": "ansi", "max_episode_steps": 5}
    vector = FirmVectorEnv(2, autoreset_mode=mode, **options)
    sync = SyncVectorEnv([lambda: FirmEnv(**options)] * 2, autoreset_mode=mode)
    vector.reset(seed=3)
    sync.reset(seed=3)
    for _ in range(13):
        for env in (vector, sync):
            env.step(np.full((2, 8), 0.4, np.float32))
        assert vector.render() == sync.render()


def test_no_mode_draws_nothing_but_says_so():
    env = FirmEnv("kets")
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


def test_history_is_kept_only_for_episodes_under_way():
    vector = FirmVectorEnv(2, "kets", max_episode_steps=4, render_mode="ansi")
    vector.reset(seed=0)
    for _ in range(40):
        vector.step(np.zeros((2, 8), np.float32))
    assert len(vector._history._months) <= 5


@pytest.mark.parametrize("mode", RENDER_MODES)
def test_modes_are_offered(mode):
    if mode == "rgb_array":
        pytest.importorskip("matplotlib")
    assert FirmEnv("tps", render_mode=mode).render_mode == mode
