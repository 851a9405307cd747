"""Text of an episode so far, and what a renderer remembers."""

import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

import nea_env
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


@pytest.mark.parametrize("title", ["two\nlines\r\n\x1b[2J", "배출권\t거래제 $x$", "\x00"])
def test_text_keeps_its_lines_whatever_the_title(title):
    scenario = nea_env.load_scenario("kets").model_copy(update={"title": title})
    env = FirmEnv(scenario, render_mode="ansi")
    assert env.render().count("\n") == 1
    env.reset(seed=0)
    text = env.render()
    assert text.count("\n") == 6 and all(c.isprintable() or c == "\n" for c in text)
    assert "배출권 거래제 $x$" in text or "배" not in title


def played(env, months, seed):
    env.reset(seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(months):
        env.step(random.uniform(-1, 1, env.action_space.shape))
    return env


@pytest.mark.parametrize("mode", RENDER_MODES)
def test_a_state_gone_back_to_shows_its_own_months_alone(mode):
    if mode == "rgb_array":
        pytest.importorskip("matplotlib")
    env = played(FirmEnv("kets", render_mode=mode), 20, seed=0)
    state = env.get_state()
    played(env, 50, seed=1)
    env.set_state(state)
    fresh = FirmEnv("kets", render_mode=mode)
    fresh.set_state(state)
    for _ in range(2):
        np.testing.assert_array_equal(env.render(), fresh.render())
        if mode == "ansi":
            assert "since 2016-09" in env.render()
        for each in (env, fresh):
            each.step(np.full(8, 0.2))
    if mode == "ansi":
        assert "22 months played" in env.render()
        env.reset(seed=3)
        assert "0 months played" in env.render() and "so far 0.00" in env.render()


def test_a_state_without_an_episode_shows_none():
    env = played(FirmEnv("kets", render_mode="ansi"), 5, seed=0)
    env.set_state(FirmEnv("kets").get_state())
    assert "no episode yet" in env.render()
    vector = FirmVectorEnv(2, "kets", render_mode="ansi")
    vector.reset(seed=0, options={"reset_mask": np.array([False, True])})
    state = vector.get_state()
    for _ in range(2):
        first, second = vector.render()
        assert "no episode yet" in first and "0 months played" in second
        played(vector, 7, seed=4)
        vector.set_state(state)


@pytest.mark.parametrize("limit", [None, 7])
def test_a_state_of_an_episode_that_is_over_shows_its_last_month(limit):
    env = FirmEnv("kets", render_mode="ansi", max_episode_steps=limit)
    played(env, limit or int(env.batch.horizon[0]), seed=0)
    place = env.render().partition("\n")[0]
    state = env.get_state()
    env.reset()
    env.set_state(state)
    assert env.render().partition("\n")[0] == place


def test_cost_is_counted_from_the_first_month_shown():
    env = played(FirmEnv("kets", render_mode="ansi"), 20, seed=0)
    env.set_state(env.get_state())
    cost = 0.0
    for _ in range(3):
        env.step(np.full(8, 0.2))
        cost += env.flows()["cost"]
    assert f"since 2016-09 {cost / 1e6:,.2f} million KRW" in env.render()


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
    assert len(vector._renderer._history._months) <= 5


@pytest.mark.parametrize("mode", RENDER_MODES)
def test_modes_are_offered(mode):
    if mode == "rgb_array":
        pytest.importorskip("matplotlib")
    assert FirmEnv("tps", render_mode=mode).render_mode == mode
