"""The native vector environment is SyncVectorEnv over single environments, output for output."""

from itertools import product

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from nea_env.envs.firm import FirmEnv
from tests.asserts import assert_same
from tests.contract.scope import FORMS, IDS, MAIN, SCENARIOS

N = 3
MODES = tuple(AutoresetMode)


def both(name, mode, limit=None, **kwargs):
    native = gymnasium.make_vec(name, num_envs=N, autoreset_mode=mode, max_episode_steps=limit, **kwargs)
    own = {**gymnasium.spec(name).kwargs, **kwargs}
    sync = SyncVectorEnv([lambda: FirmEnv(max_episode_steps=limit, **own) for _ in range(N)], autoreset_mode=mode)
    return native, sync


def play(native, sync, months, seed=5):
    """Play both, resetting by mask where that is the caller's job; returns the number of episodes ended."""
    native.action_space.seed(9)
    assert_same(native.reset(seed=seed), sync.reset(seed=seed), "reset")
    ended = 0
    for month in range(months):
        actions = native.action_space.sample()
        played = native.step(actions)
        assert_same(played, sync.step(actions), f"month {month}")
        over = played[2] | played[3]
        ended += int(over.sum())
        if native.metadata["autoreset_mode"] is AutoresetMode.DISABLED and over.any():
            reset = [environment.reset(options={"reset_mask": over.copy()}) for environment in (native, sync)]
            assert_same(*reset, f"reset after month {month}")
    return ended


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", IDS)
def test_spaces_and_metadata(name, mode):
    native, sync = both(name, mode)
    spaces = ("single_action_space", "action_space", "single_observation_space", "observation_space")
    for attribute in (*spaces, "metadata", "autoreset_mode", "num_envs", "render_mode", "closed"):
        assert getattr(native, attribute) == getattr(sync, attribute), attribute
    assert native.metadata["autoreset_mode"] is mode


@pytest.mark.parametrize(
    ("scenario", "mode"),
    [*product(MAIN, MODES), *((other, AutoresetMode.NEXT_STEP) for other in SCENARIOS if other not in MAIN)],
)
@pytest.mark.parametrize("name", FORMS)
def test_past_the_ends_of_episodes(name, scenario, mode):
    native, sync = both(name, mode, scenario=scenario)
    horizon = int(native.unwrapped.batch.horizon[0])
    assert play(native, sync, horizon + 8) == N


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", MAIN)
@pytest.mark.parametrize("limit", [1, 7])
def test_past_a_time_limit(scenario, mode, limit):
    native, sync = both("nea/KETS-v0", mode, limit, scenario=scenario)
    assert play(native, sync, 30) >= 3 * N


@pytest.mark.parametrize("mode", MODES)
def test_rows_that_end_in_different_months(mode):
    native, sync = both("nea/KETS-v0", mode, 10)
    assert_same(native.reset(seed=1), sync.reset(seed=1))
    actions = np.zeros(native.action_space.shape, np.float32)
    for month in range(4):
        assert_same(native.step(actions), sync.step(actions))
        rows = np.arange(N) == month % N
        seeds = [month, None, 50 + month]
        assert_same(*(one.reset(seed=seeds, options={"reset_mask": rows.copy()}) for one in (native, sync)))
    for month in range(25):
        played = native.step(actions)
        assert_same(played, sync.step(actions), f"month {month}")
        over = played[2] | played[3]
        if mode is AutoresetMode.DISABLED and over.any():
            assert_same(*(one.reset(options={"reset_mask": over.copy()}) for one in (native, sync)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["nea/Tokyo-v0", "nea/TPSDiscrete-v0"])
def test_with_the_mask_observed(name, mode):
    native, sync = both(name, mode, 6, observe_mask=True)
    assert play(native, sync, 20, seed=[4, 900, 7]) >= N


@pytest.mark.parametrize("mode", MODES)
def test_gymnasium_time_limit_wrapper_gives_the_same_but_for_closing_values(mode):
    native = gymnasium.make_vec("nea/KETS-v0", num_envs=N, autoreset_mode=mode, max_episode_steps=5)
    wrapped = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": mode}}
    sync = gymnasium.make_vec("nea/KETS-v0", num_envs=N, max_episode_steps=5, **wrapped)
    assert_same(native.reset(seed=0), sync.reset(seed=0))
    for _ in range(5):
        actions = np.full(native.action_space.shape, 0.3, np.float32)
        found, expected = native.step(actions), sync.step(actions)
        assert_same(found[:4], expected[:4])
        info = found[4].get("final_info", found[4])
        if found[3].any():
            assert {"accounts", "flows"} <= info.keys()
            info = {key: part for key, part in info.items() if key.lstrip("_") not in ("accounts", "flows")}
        assert_same(info, expected[4].get("final_info", expected[4]))
