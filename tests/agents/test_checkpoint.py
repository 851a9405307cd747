import errno
import io
import json
import os
import pickle
import re
import shutil

import numpy as np
import pytest
import torch
from stable_baselines3.common.utils import set_random_seed

from agents import checkpoint, metrics, training
from agents.algorithms import ALGORITHMS
from agents.command_line import compose_settings
from agents.monitor import Progress
from agents.run_folder import RunFolder

TINY = {
    "ppo": ["algo.parameters.n_steps=8", "algo.parameters.batch_size=16"],
    "a2c": ["algo.parameters.n_steps=4"],
    "maskable_ppo": ["algo.parameters.n_steps=8", "algo.parameters.batch_size=16"],
    "group_ppo": ["algo.num_envs=2", "algo.parameters.group_size=2", "algo.parameters.batch_size=64"],
}
for off_policy in ("sac", "td3", "dqn"):
    sizes = {"learning_starts": 40, "gradient_steps": 1, "batch_size": 16, "buffer_size": 400}
    TINY[off_policy] = [f"algo.parameters.{key}={value}" for key, value in sizes.items()]


def tiny(name, *overrides):
    return compose_settings(
        ["scenario=kets_phase2", f"algo={name}", "seed=5", "total_steps=320", "algo.num_envs=4", "checkpoint.every=48",
         "progress=off", "algo.policy_kwargs.net_arch=[8]", *TINY[name], *overrides]
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


SDE = ["algo.parameters.use_sde=true", "algo.parameters.sde_sample_freq=-1"]
"""Exploration whose noise is drawn before a rollout starts, so before the checkpoint is taken."""

CASES = [
    pytest.param(name, [], marks=() if name in ("ppo", "sac") else pytest.mark.slow, id=name) for name in ALGORITHMS
]
CASES += [
    pytest.param("a2c", ["algo.policy=MlpPolicy", "~algo.policy_kwargs.log_std", *SDE], marks=pytest.mark.slow),
    pytest.param("sac", SDE, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "overrides"), CASES)
def test_a_killed_run_ends_as_an_uninterrupted_one(name, overrides, tmp_path, monkeypatch):
    settings = tiny(name, *overrides)
    whole = training.learn(settings, RunFolder(tmp_path / "whole"))
    broken = RunFolder(tmp_path / "broken")
    for step in (150, 230):
        with monkeypatch.context() as patch:
            patch.setattr(Progress, "_on_step", killed_at(step))
            with pytest.raises(KilledError):
                training.learn(settings, broken)
        assert 0 < int(checkpoint.latest(broken.checkpoints).name[5:]) < step
        set_random_seed(1)  # another process would start anywhere
    resumed = training.learn(settings, broken)
    assert resumed.num_timesteps == whole.num_timesteps >= 320
    first, second = weights(whole), weights(resumed)
    assert first.keys() == second.keys()
    for key in first:
        assert torch.equal(first[key], second[key]), key
    assert np.array_equal(whole._last_obs, resumed._last_obs)
    assert [one["r"] for one in whole.ep_info_buffer] == [one["r"] for one in resumed.ep_info_buffer]
    rows = [
        [{key: value for key, value in row.items() if "time/" not in key} for row in metrics.read(path)]
        for path in (tmp_path / "whole" / "metrics.csv", broken.metrics)
    ]
    assert rows[0] == rows[1] and rows[0]


def test_learning_changes_something(tmp_path):
    settings = tiny("ppo")
    first = weights(training.learn(settings, RunFolder(tmp_path / "a")))
    other = weights(training.learn(settings.model_copy(update={"seed": 6}), RunFolder(tmp_path / "b")))
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    settings, folder = tiny("a2c"), RunFolder(tmp_path)
    first = weights(training.learn(settings, folder))
    monkeypatch.setattr(training, "make_env", None)
    second = weights(training.learn(settings, folder))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_only_the_newest_complete_checkpoint_counts(tmp_path):
    settings, folder = tiny("a2c"), RunFolder(tmp_path)
    training.learn(settings, folder)
    kept = list(folder.checkpoints.iterdir())
    assert len(kept) == 1
    (folder.checkpoints / ".writing_step_999999999999").mkdir()
    (folder.checkpoints / "notes.txt").write_text("mine")
    assert checkpoint.latest(folder.checkpoints) == kept[0]
    assert checkpoint.latest(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["model.zip", "replay_buffer.pkl", "state.pkl", "manifest.json"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half of it", "another run's", None])
def test_a_damaged_checkpoint_is_one_clear_error(name, content, off_policy, tmp_path):
    settings, source = off_policy
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(source.path, folder.path)
    folder.model.unlink()
    path = checkpoint.latest(folder.checkpoints) / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps({"env": 1}))
    with pytest.raises(checkpoint.CheckpointError, match=re.escape(str(path))) as caught:
        training.learn(settings, folder)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def off_policy(tmp_path_factory):
    settings, folder = tiny("dqn"), RunFolder(tmp_path_factory.mktemp("dqn"))
    training.learn(settings, folder)
    return settings, folder


def test_a_whole_checkpoint_that_fits_no_more_is_one_clear_error(off_policy, tmp_path):
    settings, source = off_policy
    saved = tmp_path / checkpoint.latest(source.checkpoints).name
    shutil.copytree(checkpoint.latest(source.checkpoints), saved)
    (saved / "state.pkl").write_bytes(pickle.dumps({"env": {}}))
    told = json.loads((saved / "manifest.json").read_text())
    told["files"]["state.pkl"] = checkpoint.file_hash(saved / "state.pkl")
    (saved / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(checkpoint.CheckpointError, match="does not fit this run"):
        checkpoint.load(saved, "dqn", training.make_env(settings))


def test_a_model_of_another_algorithm_is_one_clear_error(off_policy, tmp_path):
    _, source = off_policy
    for path, name in ((source.model, "sac"), (source.config, "dqn"), (source.checkpoints, "dqn")):
        with pytest.raises(checkpoint.CheckpointError, match="is not a readable"):
            checkpoint.load_policy(path, name)


@pytest.mark.parametrize("part", ["model.zip", "state.pkl", "replay_buffer.pkl", "manifest.json"])
def test_a_disk_that_is_full_leaves_the_last_checkpoint_whole(part, off_policy, tmp_path, monkeypatch):
    settings, source = off_policy
    longer = settings.model_copy(update={"total_steps": 400})
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(source.path, folder.path)
    good = checkpoint.latest(folder.checkpoints)
    before = {path.name: path.read_bytes() for path in good.iterdir()}
    with monkeypatch.context() as patch:
        full_disk(patch, part)
        with pytest.raises(OSError, match="No space left"):
            training.learn(longer, folder)
    assert [path.name for path in folder.checkpoints.iterdir()] == [good.name]
    assert {path.name: path.read_bytes() for path in good.iterdir()} == before
    assert training.learn(longer, folder).num_timesteps == 400


def full_disk(monkeypatch, part):
    """Writes of a file of this name, or of one that becomes it, find no space."""
    opened = io.open

    def refuse(file, mode="r", *rest, **options):
        if "w" in mode and str(file).endswith(part):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        return opened(file, mode, *rest, **options)

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
