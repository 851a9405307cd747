import numpy as np
import pytest
import torch
from stable_baselines3.common.utils import set_random_seed

import train
from agents import checkpoint
from agents.algorithms import ALGORITHMS
from agents.command_line import compose_settings
from agents.monitor import Progress
from agents.run_folder import RunFolder

TINY = {
    "ppo": ["algo.parameters.n_steps=8", "algo.parameters.batch_size=16"],
    "a2c": ["algo.parameters.n_steps=4"],
    "maskable_ppo": ["algo.parameters.n_steps=8", "algo.parameters.batch_size=16"],
}
for off_policy in ("sac", "td3", "dqn"):
    sizes = {"learning_starts": 40, "gradient_steps": 1, "batch_size": 16, "buffer_size": 400}
    TINY[off_policy] = [f"algo.parameters.{key}={value}" for key, value in sizes.items()]


def tiny(name):
    return compose_settings(
        ["scenario=kets_phase2", f"algo={name}", "seed=5", "total_steps=320", "algo.num_envs=4", "checkpoint.every=48",
         "progress=off", "algo.policy_kwargs.net_arch=[8]", *TINY[name]]
    )  # fmt: skip


def weights(model):
    state = {key: value.clone() for key, value in model.policy.state_dict().items()}
    for name in ("log_ent_coef",):
        if getattr(model, name, None) is not None:
            state[name] = getattr(model, name).detach().clone()
    return state


class KilledError(Exception):
    pass


def killed_at(step):
    def on_step(self):
        if self.model.num_timesteps >= step:
            raise KilledError
        return True

    return on_step


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_killed_run_ends_as_an_uninterrupted_one(name, tmp_path, monkeypatch):
    settings = tiny(name)
    whole = train.learn(settings, RunFolder(tmp_path / "whole"))
    broken = RunFolder(tmp_path / "broken")
    for step in (150, 230):
        with monkeypatch.context() as patch:
            patch.setattr(Progress, "_on_step", killed_at(step))
            with pytest.raises(KilledError):
                train.learn(settings, broken)
        assert 0 < int(checkpoint.latest(broken.checkpoints).name[5:]) < step
        set_random_seed(1)  # another process would start anywhere
    resumed = train.learn(settings, broken)
    assert resumed.num_timesteps == whole.num_timesteps >= 320
    first, second = weights(whole), weights(resumed)
    assert first.keys() == second.keys()
    for key in first:
        assert torch.equal(first[key], second[key]), key
    assert np.array_equal(whole._last_obs, resumed._last_obs)
    assert [one["r"] for one in whole.ep_info_buffer] == [one["r"] for one in resumed.ep_info_buffer]
    rows = (broken.metrics.read_text().splitlines(), (tmp_path / "whole" / "metrics.csv").read_text().splitlines())
    steps = [[line.split(",")[0] for line in text] for text in rows]
    assert steps[0] == steps[1]


def test_learning_changes_something(tmp_path):
    settings = tiny("ppo")
    first = weights(train.learn(settings, RunFolder(tmp_path / "a")))
    other = weights(train.learn(settings.model_copy(update={"seed": 6}), RunFolder(tmp_path / "b")))
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    settings, folder = tiny("a2c"), RunFolder(tmp_path)
    first = weights(train.learn(settings, folder))
    monkeypatch.setattr(train, "make_env", None)
    second = weights(train.learn(settings, folder))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_only_the_newest_complete_checkpoint_counts(tmp_path):
    settings, folder = tiny("a2c"), RunFolder(tmp_path)
    train.learn(settings, folder)
    kept = list(folder.checkpoints.iterdir())
    assert len(kept) == 1
    (folder.checkpoints / ".writing_step_999999999999").mkdir()
    (folder.checkpoints / "notes.txt").write_text("mine")
    assert checkpoint.latest(folder.checkpoints) == kept[0]
    assert checkpoint.latest(tmp_path / "nowhere") is None


def test_a_damaged_checkpoint_is_one_clear_error(tmp_path):
    settings, folder = tiny("a2c"), RunFolder(tmp_path)
    train.learn(settings, folder)
    folder.model.unlink()
    saved = checkpoint.latest(folder.checkpoints)
    (saved / "state.pkl").write_bytes(b"")
    with pytest.raises(checkpoint.CheckpointError, match=saved.name):
        train.learn(settings, folder)
