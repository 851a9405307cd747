"""How the tests of Stable-Baselines3 and sb3-contrib put an algorithm through its paces: small and short."""

import numpy as np
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

BOX, DISCRETE = "nea_env:nea/KETS-v0", "nea_env:nea/KETSDiscrete-v0"
MONTHS = {"max_episode_steps": 12}
ROLLOUT = {"n_steps": 8}
REPLAY = {"learning_starts": 8, "batch_size": 8, "buffer_size": 100}


def learn_and_act(algorithm, name, settings):
    """Learn from 16 steps and evaluate; whether any weight has changed."""
    env = make_vec_env(name, n_envs=2, seed=0, env_kwargs=MONTHS)
    model = algorithm("MlpPolicy", env, policy_kwargs={"net_arch": [8]}, device="cpu", seed=0, **settings)
    before = [weight.detach().clone() for weight in model.policy.parameters()]
    model.learn(16)
    after = list(model.policy.parameters())
    mean, _ = evaluate_policy(model, env, n_eval_episodes=2)
    assert np.isfinite(mean)
    return any((old != new).any() for old, new in zip(before, after, strict=True))
