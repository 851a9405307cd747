import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("torchrl", reason="TorchRL is not installed: make clients ARGS=torchrl")

HORIZON = 140


def test_learns_and_evaluates(example):
    found = example("TorchRL")
    assert found["total"].isfinite() and found["optimizer"].state
    assert found["episode"].shape == (HORIZON,)


@pytest.mark.parametrize("mode", ["Disabled", "SameStep"])
def test_native_batch_plays_past_an_end(mode):
    from torchrl.envs import GymWrapper

    envs = gym.make_vec("nea_env:nea/KETS-v0", num_envs=2, autoreset_mode=mode)
    wrapped = GymWrapper(gym.make_vec("nea_env:nea/KETS-v0", num_envs=2, autoreset_mode=mode))
    wrapped.set_seed(5)
    played = wrapped.rollout(HORIZON + 3, break_when_any_done=False, auto_reset=True)
    envs.reset(seed=wrapped._env.batch.seeds.tolist())
    envs.reset()  # set_seed resets, and so does rollout
    for month, action in enumerate(played["action"].unbind(1)):
        observation, reward, terminated, truncated, _ = envs.step(action.numpy())
        assert np.allclose(played["next", "reward"][:, month, 0], reward), month
        assert (played["next", "done"][:, month, 0].numpy() == (terminated | truncated)).all()
        if terminated.all():  # TorchRL resets rows that have ended together, also those that SAME_STEP has reset
            observation, _ = envs.reset(options={"reset_mask": terminated} if mode == "Disabled" else None)
        if month + 1 < played.shape[1]:
            assert np.allclose(played["observation"][:, month + 1], observation), month
