"""SAC on corrections of the just-in-time rule: near it at first, on it where trade is not free, saved as it is."""

import numpy as np
import pytest
from stable_baselines3 import SAC

from agents.residual_sac import ResidualSACPolicy
from agents.sb3 import make_vec_env
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.policies.rules import JustInTime
from nea_env.wrappers import corrected

SMALL = {"learning_starts": 8, "train_freq": 4, "gradient_steps": 1, "batch_size": 16, "buffer_size": 500, "seed": 1}


@pytest.fixture(scope="module")
def env():
    return make_vec_env("nea/KETS-v0", 4, seed=0, scenario="kets_phase2", reward="marked")


@pytest.fixture(scope="module")
def observations(env):
    draw = np.random.default_rng(0)
    seen = [env.reset()]
    for _ in range(40):
        seen.append(env.step(draw.uniform(-1, 1, (4, Action.size)).astype(np.float32))[0])
    return np.concatenate(seen)


def test_what_it_plays_is_the_rule_and_a_scaled_correction(env, observations):
    model, plain = (SAC(policy, env, **SMALL) for policy in (ResidualSACPolicy, "MlpPolicy"))
    plain.policy.load_state_dict(model.policy.state_dict())
    outputs, played = (one.predict(observations, deterministic=True)[0] for one in (plain, model))
    np.testing.assert_allclose(played, np.clip(corrected(observations, outputs, 0.3), -1.0, 1.0), atol=1e-6)
    at_deadline = observations[:, OBS_INDEX["to_deadline"]] == 0
    rule = JustInTime().predict(observations)[0]
    np.testing.assert_allclose(played[at_deadline, Action.TRADE], rule[at_deadline, Action.TRADE], atol=1e-6)
    assert at_deadline.any() and 1e-3 < np.abs(played - rule).max() <= 0.3 + 1e-6


def test_it_learns_saves_and_loads(env, observations, tmp_path):
    model = SAC(ResidualSACPolicy, env, policy_kwargs={"net_arch": [16], "scale": 0.2}, **SMALL)
    before = model.predict(observations, deterministic=True)[0]
    model.learn(200)
    learned = model.predict(observations, deterministic=True)[0]
    assert np.abs(learned - before).max() > 1e-4
    model.save(tmp_path / "model.zip")
    loaded = SAC.load(tmp_path / "model.zip")
    assert isinstance(loaded.policy, ResidualSACPolicy) and loaded.policy.actor.scale == 0.2
    assert np.array_equal(loaded.predict(observations, deterministic=True)[0], learned)


def test_another_space_or_scale_is_refused(env):
    masked = make_vec_env("nea/KETS-v0", 2, seed=0, scenario="kets_phase2", observe_mask=True)
    with pytest.raises(ValueError, match="needs the plain observation"):
        SAC(ResidualSACPolicy, masked, **SMALL)
    with pytest.raises(ValueError, match="scale is 0"):
        SAC(ResidualSACPolicy, env, policy_kwargs={"scale": 0.0}, **SMALL)
