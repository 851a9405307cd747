"""Seeds: what fixes an episode, what goes on, what a borrowed scenario leaves alone."""

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from nea_env.envs.arguments import row_seeds
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv

ACTION = np.full(8, 0.3, np.float32)
MONTHS = 5


def trace(env):
    """The observations of the next few months: they tell which draws are played."""
    action = ACTION if isinstance(env, FirmEnv) else np.tile(ACTION, (env.num_envs, 1))
    return np.array([env.step(action)[0] for _ in range(MONTHS)])


def of(env, **kwargs):
    env.reset(**kwargs)
    return trace(env)


@pytest.fixture(scope="module")
def streams():
    """Draws of seeds 0..19, episodes 0..3, as a single environment plays them."""
    env = FirmEnv("kets")
    found = {}
    for seed in range(20):
        found[seed, 0] = of(env, seed=seed)
        for episode in (1, 2, 3):
            found[seed, episode] = of(env)
    return found


def key(streams, found):
    """Which (seed, episode) a trace is."""
    matches = [name for name, expected in streams.items() if np.array_equal(found, expected)]
    assert len(matches) == 1, matches
    return matches[0]


def keys(streams, found):
    return [key(streams, found[:, row]) for row in range(found.shape[1])]


def test_single_stream_and_scenario_seed(streams):
    env = FirmEnv("kets")
    assert key(streams, of(env, seed=3)) == (3, 0)
    assert key(streams, of(env)) == (3, 1)
    assert key(streams, of(env, options={"scenario_seed": 8})) == (8, 0)
    assert key(streams, of(env)) == (3, 3)
    assert key(streams, of(env, seed=5, options={"scenario_seed": 9})) == (9, 0)
    assert key(streams, of(env)) == (5, 1)


def test_scenario_seed_twice_running(streams):
    env = FirmEnv("kets")
    env.reset(seed=4)
    assert key(streams, of(env, options={"scenario_seed": 8})) == (8, 0)
    assert key(streams, of(env, options={"scenario_seed": 8})) == (8, 0)
    assert key(streams, of(env)) == (4, 3)


def test_unseeded_environments_differ_and_go_on():
    first, second = FirmEnv("kets"), FirmEnv("kets")
    traces = [of(first), of(second), of(first)]
    assert len({found.tobytes() for found in traces}) == 3


def test_vector_seeds(streams):
    env = FirmVectorEnv(3, "kets")
    assert keys(streams, of(env, seed=4)) == [(4, 0), (5, 0), (6, 0)]
    assert keys(streams, of(env)) == [(4, 1), (5, 1), (6, 1)]
    assert keys(streams, of(env, seed=[9, None, 2])) == [(9, 0), (5, 2), (2, 0)]
    assert keys(streams, of(env, seed=np.array([1, 1, 1]))) == [(1, 0)] * 3
    mask = np.array([False, True, False])
    env.reset(seed=7)
    assert key(streams, of(env, seed=[0, 12, 0], options={"reset_mask": mask})[:, 1]) == (12, 0)


def test_vector_scenario_seed(streams):
    env = FirmVectorEnv(3, "kets")
    env.reset(seed=4)
    assert keys(streams, of(env, options={"scenario_seed": 10})) == [(10, 0), (11, 0), (12, 0)]
    assert keys(streams, of(env)) == [(4, 2), (5, 2), (6, 2)]
    assert keys(streams, of(env, options={"scenario_seed": np.array([8, 8, 3])})) == [(8, 0), (8, 0), (3, 0)]
    borrowed = {"reset_mask": np.array([False, True, True]), "scenario_seed": 15}
    assert keys(streams, of(env, options=borrowed)[:, 1:]) == [(16, 0), (17, 0)]
    env.reset(seed=1, options={"reset_mask": np.array([True, False, False])})
    assert env.batch.seeds.tolist() == [1, 16, 17], "rows left alone still play what they borrowed"


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("limit", [None, MONTHS + 3])
def test_a_borrowed_scenario_ends_with_its_episode_under_autoreset(streams, mode, limit):
    env = FirmVectorEnv(2, "kets", autoreset_mode=mode, max_episode_steps=limit)
    env.reset(seed=4)
    env.reset(options={"scenario_seed": np.array([9, 10])})
    months = limit or int(env.batch.horizon[0])
    for _ in range(months + (mode == "NextStep")):
        env.step(np.tile(ACTION, (2, 1)))
    assert keys(streams, trace(env)) == [(4, 2), (5, 2)]


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "7", [1, 2], [1, 2, -3], [1, 2, 2**63], [1, 2, 1.5], 2**63 - 2])
@pytest.mark.parametrize("place", ["seed", "scenario_seed"])
def test_bad_seeds(place, bad):
    env = FirmVectorEnv(3, "kets")
    env.reset(seed=3)
    before = env.get_state()
    with pytest.raises(ValueError, match=place):
        env.reset(seed=bad) if place == "seed" else env.reset(options={"scenario_seed": bad})
    np.testing.assert_equal(env.get_state(), before)


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "7", [1]])
def test_bad_seeds_of_a_single_environment(bad):
    with pytest.raises(ValueError, match="seed"):
        FirmEnv("kets").reset(seed=bad)


def test_row_seeds_take_numpy_integers():
    seeds, given = row_seeds(np.int64(5), 3, "seed")
    assert seeds.tolist() == [5, 6, 7] and given.all()


def test_unknown_options_are_named():
    with pytest.raises(ValueError, match="scenario_sed"):
        FirmEnv("kets").reset(options={"scenario_sed": 3})
    with pytest.raises(ValueError, match="reset_mak"):
        FirmVectorEnv(2, "kets").reset(options={"reset_mak": None})


def test_options_are_left_as_they_were():
    env = FirmVectorEnv(2, "kets")
    env.reset(seed=0)
    options = {"reset_mask": np.array([True, False]), "scenario_seed": 3}
    env.reset(options=options)
    assert options.keys() == {"reset_mask", "scenario_seed"} and options["reset_mask"].tolist() == [True, False]


def test_a_step_needs_an_episode():
    env = FirmEnv("kets", max_episode_steps=2)
    with pytest.raises(ResetNeeded):
        env.step(ACTION)
    env.reset(seed=0)
    assert not env.step(ACTION)[3] and env.step(ACTION)[3]
    with pytest.raises(ResetNeeded):
        env.step(ACTION)
    vector = FirmVectorEnv(2, "kets", autoreset_mode="Disabled", max_episode_steps=1)
    with pytest.raises(ResetNeeded):
        vector.step(np.tile(ACTION, (2, 1)))
    vector.reset(seed=0)
    vector.step(np.tile(ACTION, (2, 1)))
    vector.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ResetNeeded, match="row 1"):
        vector.step(np.tile(ACTION, (2, 1)))
