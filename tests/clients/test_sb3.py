"""Stable-Baselines3: each algorithm learns one update and acts; each wrapper passes the ends of episodes."""

import numpy as np
import pytest
import stable_baselines3 as sb3
from stable_baselines3.common import vec_env
from stable_baselines3.common.env_util import make_vec_env

from tests.clients.stable_baselines import BOX, DISCRETE, MONTHS, REPLAY, ROLLOUT, learn_and_act

ALGORITHMS = [
    (sb3.A2C, BOX, ROLLOUT),
    (sb3.PPO, BOX, ROLLOUT | {"batch_size": 8, "n_epochs": 1}),
    (sb3.SAC, BOX, REPLAY),
    (sb3.TD3, BOX, REPLAY),
    (sb3.DDPG, BOX, REPLAY),
    (sb3.DQN, DISCRETE, REPLAY | {"train_freq": 8}),
]


@pytest.mark.parametrize(("algorithm", "name", "settings"), ALGORITHMS)
def test_algorithm_learns_and_evaluates(algorithm, name, settings):
    assert learn_and_act(algorithm, name, settings)


def dummy():
    return make_vec_env(BOX, n_envs=2, seed=0, env_kwargs=MONTHS)


WRAPPERS = {
    "VecNormalize": vec_env.VecNormalize,
    "VecFrameStack": lambda env: vec_env.VecFrameStack(env, 3),
    "VecMonitor": vec_env.VecMonitor,
    "VecCheckNan": lambda env: vec_env.VecCheckNan(env, raise_exception=True),
}


@pytest.mark.filterwarnings("ignore:The environment is already wrapped with a `Monitor`")
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrapper_passes_an_end(wrap):
    env = wrap(dummy())
    env.reset()
    for month in range(1, 14):
        observation, reward, done, infos = env.step(np.zeros((2, *env.action_space.shape), np.float32))
        assert np.isfinite(observation).all() and np.isfinite(reward).all()
        assert done.tolist() == [month == 12] * 2
        if done.all():
            assert infos[0]["TimeLimit.truncated"] and infos[0]["episode"]["l"] == 12


def test_a_process_imports_the_package_by_the_prefix():
    env, expected = (make_vec_env(BOX, 1, seed=0, vec_env_cls=kind) for kind in (vec_env.SubprocVecEnv, None))
    assert np.array_equal(env.reset(), expected.reset())
    actions = np.zeros((1, *env.action_space.shape), np.float32)
    assert np.array_equal(env.step(actions)[0], expected.step(actions)[0])
    env.close()


def test_example(example):
    found = example("Stable-Baselines3")
    assert found["model"].num_timesteps == 64 * 16 and np.isfinite(found["mean"])
