import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO

from agents.residual import ResidualPolicy
from agents.sb3 import make_vec_env
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.policies.rules import JustInTime


@pytest.fixture(scope="module")
def env():
    return make_vec_env("nea/KETS-v0", 4, seed=0, scenario="kets_phase2")


@pytest.fixture(scope="module")
def observations(env):
    draw = np.random.default_rng(0)
    seen = [env.reset()]
    for _ in range(40):
        seen.append(env.step(draw.uniform(-1, 1, (4, Action.size)).astype(np.float32))[0])
    return np.concatenate(seen)


@pytest.mark.parametrize("algorithm", [PPO, A2C])
def test_before_learning_it_is_the_just_in_time_rule(algorithm, env, observations):
    model = algorithm(ResidualPolicy, env, n_steps=16, seed=1)
    assert np.array_equal(model.predict(observations, deterministic=True)[0], JustInTime().predict(observations)[0])


def test_after_learning_it_is_not(env, observations):
    model = PPO(ResidualPolicy, env, n_steps=16, batch_size=64, seed=1, learning_rate=0.01).learn(128)
    learned = model.predict(observations, deterministic=True)[0]
    rule = JustInTime().predict(observations)[0]
    assert np.abs(learned - rule).max() > 1e-3
    at_deadline = observations[:, OBS_INDEX["to_deadline"]] == 0
    assert at_deadline.any()
    assert np.array_equal(learned[at_deadline, Action.TRADE], rule[at_deadline, Action.TRADE])


def test_start_and_noise_by_action(env, observations):
    kwargs = {"start": {"invest": -0.2}, "log_std": {"trade": -2.5}, "log_std_init": -1.0}
    model = PPO(ResidualPolicy, env, n_steps=16, policy_kwargs=kwargs)
    assert np.allclose(model.predict(observations, deterministic=True)[0][:, Action.INVEST], -0.2)
    assert model.policy.log_std[Action.TRADE].item() == -2.5 and model.policy.log_std[Action.INVEST].item() == -1.0
    with torch.no_grad():
        spread = (
            model.policy.get_distribution(torch.as_tensor(observations)).distribution.stddev[:, Action.TRADE].numpy()
        )
    at_deadline = observations[:, OBS_INDEX["to_deadline"]] == 0
    assert spread[at_deadline].max() < 0.01 * spread[~at_deadline].min() * 1.1


def test_it_saves_and_loads_without_its_class_being_named(env, observations, tmp_path):
    kwargs = {"start": {"invest": -0.1}, "net_arch": [32]}
    model = PPO(ResidualPolicy, env, n_steps=16, batch_size=64, seed=1, policy_kwargs=kwargs).learn(64)
    model.save(tmp_path / "model.zip")
    loaded = PPO.load(tmp_path / "model.zip")
    assert isinstance(loaded.policy, ResidualPolicy)
    expected = model.predict(observations, deterministic=True)[0]
    assert np.array_equal(loaded.predict(observations, deterministic=True)[0], expected)
    model.policy.save(tmp_path / "policy.pt")
    alone = ResidualPolicy.load(tmp_path / "policy.pt")
    assert np.array_equal(alone.predict(observations, deterministic=True)[0], expected)


def test_an_unknown_action_is_refused(env):
    with pytest.raises(ValueError, match="no action is called 'inwest'"):
        PPO(ResidualPolicy, env, n_steps=16, policy_kwargs={"start": {"inwest": 1.0}})


def test_the_menu_is_refused():
    env = make_vec_env("nea/KETSDiscrete-v0", 2, seed=0, scenario="kets_phase2")
    with pytest.raises(ValueError, match="Box of 8 actions"):
        PPO(ResidualPolicy, env)
