import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.monitor import Monitor

from agents.sb3 import EVALUATION_SEEDS, FirmVecEnv, make_vec_env, training_seed
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

SCENARIO = "kets_phase2"
KETS = "nea/KETS-v0"


def actions(env, month):
    draw = np.random.default_rng(month)
    if isinstance(env.action_space, gym.spaces.Discrete):
        return draw.integers(env.action_space.n, size=env.num_envs)
    return draw.uniform(-1, 1, (env.num_envs, Action.size)).astype(np.float32)


@pytest.fixture
def env():
    made = make_vec_env(KETS, 3, seed=7, scenario=SCENARIO)
    yield made
    made.close()


def test_episodes_end_as_the_contract_of_stable_baselines_says(env):
    batch = Batch(env.env.scenario, 3)
    expected = batch.reset(np.arange(7, 10))
    assert np.array_equal(env.reset(), expected)
    total, months = np.zeros(3), 0
    for month in range(int(batch.horizon[0]) + 2):
        played = actions(env, month)
        observation, reward, done, infos = env.step(played)
        expected, gain, ended = batch.step(played)
        total, months = total + gain, months + 1
        assert reward.dtype == np.float32 and np.array_equal(reward, gain.astype(np.float32))
        assert np.array_equal(done, ended)
        if ended.any():
            for row in range(3):
                assert np.array_equal(infos[row]["terminal_observation"], expected[row])
                assert infos[row]["TimeLimit.truncated"] is False
                assert infos[row]["episode"]["r"] == pytest.approx(total[row])
                assert infos[row]["episode"]["l"] == months
                assert infos[row]["episode"]["t"] >= 0
            expected, total, months = batch.reset(mask=ended), np.zeros(3), 0
        else:
            assert infos == [{}, {}, {}]
        assert np.array_equal(observation, expected)
    assert (batch.episodes == 1).all(), "the loop must pass an end"


def test_a_time_limit_truncates_and_goes_on_with_the_next_episode():
    env = make_vec_env(KETS, 2, seed=0, scenario=SCENARIO, max_episode_steps=5)
    env.reset()
    for month in range(5):
        observation, _, done, infos = env.step(actions(env, month))
    assert done.all() and all(info["TimeLimit.truncated"] for info in infos)
    assert infos[0]["episode"]["l"] == 5
    assert not np.array_equal(infos[0]["terminal_observation"], observation[0])
    assert (env.env.batch.episodes == 1).all()


def test_infos_and_arrays_are_fresh(env):
    env.reset()
    first = env.step(actions(env, 0))
    kept = first[0].copy()
    second = env.step(actions(env, 1))
    assert first[0] is not second[0] and np.array_equal(first[0], kept)
    assert len({id(info) for info in (*first[3], *second[3])}) == 6


def test_seeds_are_used_up(env):
    first = env.reset()
    again = env.reset()
    assert not np.array_equal(first, again) or (env.env.batch.episodes == 1).all()
    env.seed(7)
    assert np.array_equal(env.reset(), first) and (env.env.batch.episodes == 0).all()


def test_options_reach_the_next_reset_only(env):
    env.set_options([{"scenario_seed": seed} for seed in (50, 51, 52)])
    env.reset()
    assert list(env.env.batch.seeds) == [50, 51, 52]
    env.reset()
    assert list(env.env.batch.seeds) == [7, 8, 9]
    env.set_options({"colour": 1})
    with pytest.raises(ValueError, match="scenario_seed"):
        env.reset()


def test_masks_come_whole_and_by_row():
    env = make_vec_env("nea/KETSDiscrete-v0", 3, seed=0, scenario=SCENARIO)
    env.reset()
    masks = env.action_masks()
    assert masks.shape == (3, env.action_space.n) and masks.dtype == bool and masks.any(axis=1).all()
    assert env.has_attr("action_masks")
    assert np.array_equal(np.stack(env.env_method("action_masks")), masks)
    assert len(env.env_method("action_masks", indices=[1])) == 1
    assert np.array_equal(env.reset_infos[2]["action_mask"], masks[2])


def test_attributes(env):
    env.reset()
    assert env.get_attr("scenario", indices=[0, 2]) == [env.env.scenario] * 2
    assert env.get_attr("render_mode") == [None] * 3
    assert set(env.env_method("accounts")[0]) >= {"front", "next", "owed"}
    assert np.ndim(env.env_method("accounts")[0]["front"]) == 0
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    with pytest.raises(AttributeError):
        env.set_attr("no_such_thing", 1)
    with pytest.raises(AttributeError):
        env.env_method("no_such_thing")
    with pytest.raises(ValueError, match="VecEnv itself"):
        env.env_method("step", None)
    with pytest.raises(ValueError, match="all rows"):
        env.set_attr("spec", None, indices=[0])
    assert not env.has_attr("no_such_thing")
    assert env.env_is_wrapped(Monitor) == [True] * 3
    assert env.env_is_wrapped(gym.wrappers.TimeLimit, indices=0) == [False]


def test_state_goes_on_exactly(env):
    env.reset()
    for month in range(30):
        env.step(actions(env, month))
    state = env.get_state()
    other = make_vec_env(KETS, 3, seed=99, scenario=SCENARIO)
    other.reset()
    other.set_state(state)
    for month in range(30, 80):
        expected, got = env.step(actions(env, month)), other.step(actions(other, month))
        for left, right in zip(expected[:3], got[:3], strict=True):
            assert np.array_equal(left, right)
        for left, right in zip(expected[3], got[3], strict=True):
            assert left.keys() == right.keys()
            if "episode" in left:
                assert {**left["episode"], "t": 0} == {**right["episode"], "t": 0}


def test_pictures():
    env = make_vec_env(KETS, 2, seed=0, scenario=SCENARIO, render_mode="rgb_array")
    env.reset()
    env.step(actions(env, 0))
    frame = env.render()
    assert frame.ndim == 3 and frame.dtype == np.uint8 and frame.std() > 0


def test_the_adapter_needs_autoreset_off():
    inner = gym.make_vec(KETS, num_envs=2, scenario=SCENARIO)
    with pytest.raises(ValueError, match="DISABLED"):
        FirmVecEnv(inner)


def test_seeds_do_not_mix_training_and_evaluation():
    assert training_seed(3, 256) == 768
    with pytest.raises(ValueError, match="allowed: 0 to 3905"):
        training_seed(3906, 256)
    with pytest.raises(ValueError, match="evaluation"):
        make_vec_env(KETS, 10, seed=EVALUATION_SEEDS - 5, scenario=SCENARIO)


@pytest.mark.parametrize("rows", [1, 5, 200])
def test_rows_can_start_at_months_spread_over_the_episode(rows):
    env = make_vec_env(KETS, rows, seed=0, scenario=SCENARIO, spread=True)
    observation = env.reset()
    horizon = int(env.env.batch.horizon[0])
    months = env.env.batch.market()["month"]
    assert np.array_equal(observation, env.env.batch.observe())
    assert months.min() == 0 and months.max() <= horizon - 1
    assert np.ptp(np.histogram(months, bins=min(rows, 5), range=(0, horizon))[0]) <= 2 + rows // horizon
    lengths = np.zeros(rows, int)
    for _ in range(2 * horizon):
        lengths += 1
        _, _, done, infos = env.step(np.zeros((rows, Action.size), np.float32))
        for row in np.flatnonzero(done):
            complete = lengths[row] == horizon
            assert ("episode" in infos[row]) == complete
            if complete:
                assert infos[row]["episode"]["l"] == horizon
            lengths[row] = 0


@pytest.mark.parametrize("id", [KETS, KETS.replace("-v0", "Discrete-v0")])
@pytest.mark.parametrize(("rows", "limit"), [(1, 12), (6, 12), (50, 12), (6, 1), (6, 10_000)])
def test_rows_spread_over_the_time_limit_where_that_is_shorter(id, rows, limit):
    env = make_vec_env(id, rows, seed=0, scenario=SCENARIO, spread=True, max_episode_steps=limit)
    observation = env.reset()
    assert np.array_equal(observation, env.env.batch.observe())
    months = env.env.batch.market()["month"].astype(int)
    longest = min(limit, int(env.env.batch.horizon[0]))
    assert months.min() == 0 and months.max() < longest and len(set(months)) == min(rows, longest)
    ended = np.zeros(rows, bool)
    for month in range(longest):
        action = np.zeros(env.action_space.shape, np.float32)
        _, _, done, infos = env.step(np.stack([action] * rows) if action.shape else np.zeros(rows, int))
        assert np.array_equal(done & ~ended, months + month + 1 == longest), (
            "cut where the limit is, counted from its start"
        )
        for row in np.flatnonzero(done & ~ended):
            assert ("episode" in infos[row]) == (months[row] == 0)
        ended |= done
    assert ended.all()


def test_the_adapter_trains_on_marked_rewards_and_reports_the_environments_own():
    own, marked = (make_vec_env("nea/KETS-v0", 4, 0, reward=reward) for reward in ("cost", "marked"))
    own.reset(), marked.reset()
    differs = False
    for _ in range(140):
        actions = np.full((4, 8), 0.1, np.float32)
        _, reward, _, infos = own.step(actions)
        _, training, _, marked_infos = marked.step(actions)
        differs = differs or not np.array_equal(reward, training)
    assert differs
    for info, other in zip(infos, marked_infos, strict=True):
        assert info["episode"]["r"] == other["episode"]["r"]
        assert info["episode"]["cost_pct"] == other["episode"]["cost_pct"]


def test_a_saved_state_continues_marked_rewards_of_foreign_units_to_the_bit():
    first, second = (make_vec_env("nea/LinkedKETS-v0", 3, 0, reward="marked") for _ in range(2))
    first.reset(), second.reset()
    actions = np.full((3, 8), 0.3, np.float32)
    for _ in range(9):
        first.step(actions)
    second.set_state(first.get_state())
    for _ in range(5):
        assert np.array_equal(first.step(actions)[1], second.step(actions)[1])
