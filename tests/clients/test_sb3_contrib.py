"""sb3-contrib: each algorithm learns one update and acts."""

import numpy as np
import pytest
import sb3_contrib
from sb3_contrib.common.wrappers import ActionMasker, TimeFeatureWrapper
from stable_baselines3.common.env_util import make_vec_env

from tests.clients.stable_baselines import BOX, DISCRETE, MONTHS, REPLAY, ROLLOUT, learn_and_act

ALGORITHMS = [
    (sb3_contrib.ARS, BOX, {"n_delta": 1, "n_eval_episodes": 1}),
    (sb3_contrib.CrossQ, BOX, REPLAY),
    (sb3_contrib.MaskablePPO, DISCRETE, ROLLOUT | {"batch_size": 8, "n_epochs": 1}),
    (sb3_contrib.QRDQN, DISCRETE, REPLAY | {"train_freq": 8}),
    (sb3_contrib.TQC, BOX, REPLAY),
    (sb3_contrib.TRPO, BOX, ROLLOUT | {"batch_size": 8}),
]


@pytest.mark.parametrize(("algorithm", "name", "settings"), ALGORITHMS)
def test_algorithm_learns_and_evaluates(algorithm, name, settings):
    assert learn_and_act(algorithm, name, settings)


def test_recurrent_policy_learns():
    env = make_vec_env(BOX, n_envs=2, seed=0, env_kwargs=MONTHS)
    small = {"net_arch": [8], "lstm_hidden_size": 8}
    model = sb3_contrib.RecurrentPPO("MlpLstmPolicy", env, n_steps=8, batch_size=8, policy_kwargs=small, device="cpu")
    before = [weight.detach().clone() for weight in model.policy.parameters()]
    model.learn(16)
    assert any((old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True))
    _, state = model.predict(env.reset())
    assert state is not None


@pytest.mark.parametrize(
    ("wrap", "name"),
    [(lambda env: ActionMasker(env, lambda one: one.unwrapped.action_masks()), DISCRETE), (TimeFeatureWrapper, BOX)],
    ids=["ActionMasker", "TimeFeatureWrapper"],
)
def test_wrapper_passes_an_end(wrap, name):
    env = make_vec_env(name, n_envs=2, seed=0, env_kwargs=MONTHS, wrapper_class=wrap)
    env.reset()
    for month in range(1, 14):
        if name == DISCRETE:
            masks = np.stack(env.env_method("action_masks"))
            assert masks.any(axis=1).all()
        observation, _, done, _ = env.step(np.array([env.action_space.sample() for _ in range(2)]))
        assert np.isfinite(observation).all()
        assert done.tolist() == [month == 12] * 2


def test_example(example):
    found = example("sb3-contrib")
    assert found["model"].num_timesteps == 64 * 16 and np.isfinite(found["mean"])
