import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from agents.algorithms import load_model, make_model
from agents.hedging import HedgedRolloutBuffer
from agents.sb3 import make_vec_env
from nea_env.core.layout import OBS_INDEX


@pytest.fixture(scope="module")
def model():
    env = make_vec_env("nea/KETS-v0", 64, seed=0, scenario="kets", spread=True, marked=True)
    parameters = {"n_steps": 64, "batch_size": 1024, "hedged": True, "learning_rate": 3e-3, "gae_lambda": 0.995}
    made = make_model("ppo", env, seed=0, gamma=env.get_attr("discount")[0], policy="residual", parameters=parameters)
    made.learn(64 * 64 * 25)
    _, callback = made._setup_learn(4096, None, reset_num_timesteps=False)
    made.collect_rollouts(made.env, callback, made.rollout_buffer, 64)  # a rollout that no update has flattened yet
    return made


def test_shocks_have_mean_zero_and_skip_the_ends(model):
    buffer = model.rollout_buffer
    shock = buffer.shocks()
    ends = np.argwhere(buffer.episode_starts[1:] == 1)
    assert len(ends) and all(shock[step, row] == 0 for step, row in ends)
    assert (shock[-1] == 0).all()
    inside = shock[:-1][buffer.episode_starts[1:] == 0]
    assert abs(inside.mean()) < 4 * inside.std() / len(inside) ** 0.5


def test_slopes_are_the_derivative_of_the_value(model):
    buffer = model.rollout_buffer
    observation = torch.as_tensor(buffer.observations[5])
    step = torch.zeros_like(observation)
    step[:, OBS_INDEX["log_price"]] = 1e-2
    with torch.no_grad():
        values = [model.policy.predict_values(observation + sign * step)[:, 0].numpy() for sign in (-1, 1)]
    assert np.allclose(buffer.slopes()[5], (values[1] - values[0]) / 2e-2, atol=0.02, rtol=0.05)


def test_the_hedge_takes_noise_out_of_the_advantages(model):
    buffer, env = model.rollout_buffer, model.get_env()
    hedge = buffer.gamma * buffer.slopes() * buffer.shocks()
    plain = buffer.rewards + hedge
    assert np.abs(hedge).max() > 0
    last = model.policy.predict_values(torch.as_tensor(model._last_obs)).detach()
    spread = []
    for rewards in (plain, buffer.rewards):
        buffer.rewards = rewards.copy()
        super(HedgedRolloutBuffer, buffer).compute_returns_and_advantage(last, np.zeros(env.num_envs))
        spread.append(buffer.advantages.std())
    assert spread[1] < 0.9 * spread[0]


def test_a_saved_model_is_hedged_again(model, tmp_path):
    model.save(tmp_path / "model.zip")
    loaded = load_model("ppo", tmp_path / "model.zip", model.get_env())
    assert loaded.rollout_buffer.policy is loaded.policy
    assert isinstance(PPO.load(tmp_path / "model.zip").rollout_buffer, HedgedRolloutBuffer)
