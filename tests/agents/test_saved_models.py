"""Networks and saved models are scored as they are, and the command prints the table."""

import json
import pickle
import warnings

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.vec_env import VecNormalize

from agents import evaluate
from agents.sb3 import make_vec_env
from nea_env.bench.policies import as_policy
from nea_env.library import load_scenario
from nea_env.policies.play import costs

SCENARIO, SEEDS = load_scenario("tms"), np.arange(1_000_000, 1_000_004)


def env(name="nea/KETS-v0"):
    return make_vec_env(name, 2, seed=0, scenario=SCENARIO)


@pytest.mark.parametrize("kind", [PPO, A2C, SAC, TD3, DQN, MaskablePPO, RecurrentPPO])
def test_a_saved_model_is_found_out_and_plays_as_before(kind, tmp_path):
    name = "nea/KETSDiscrete-v0" if kind in (DQN, MaskablePPO) else "nea/KETS-v0"
    model = kind("MlpLstmPolicy" if kind is RecurrentPPO else "MlpPolicy", env(name), seed=0)
    model.save(tmp_path / "model.zip")
    expected = costs(model, SCENARIO, SEEDS)
    for form in (model, tmp_path / "model.zip", str(tmp_path)):
        assert np.allclose(costs(as_policy(form, SCENARIO), SCENARIO, SEEDS), expected)


def test_statistics_beside_a_model_are_used(tmp_path):
    normalised = VecNormalize(env(), norm_reward=False)
    for _ in range(3):
        normalised.reset()
    normalised.step(np.zeros((2, 8), np.float32))
    model = PPO("MlpPolicy", normalised, seed=0)
    model.save(tmp_path / "model.zip")
    bare = costs(as_policy(tmp_path / "model.zip", SCENARIO), SCENARIO, SEEDS)
    normalised.save(str(tmp_path / "vecnormalize.pkl"))
    assert pickle.loads((tmp_path / "vecnormalize.pkl").read_bytes()) is not None
    assert not np.allclose(costs(as_policy(tmp_path / "model.zip", SCENARIO), SCENARIO, SEEDS), bare)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(62, 8)

    def forward(self, x):
        return torch.tanh(self.layer(x))


def test_networks_and_torchscript(tmp_path):
    torch.manual_seed(0)
    network = Net()
    expected = costs(as_policy(network, SCENARIO), SCENARIO, SEEDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather have another format
        torch.jit.trace(network, torch.zeros(3, 62)).save(str(tmp_path / "net.pt"))
    assert np.allclose(costs(as_policy(tmp_path / "net.pt", SCENARIO), SCENARIO, SEEDS), expected, rtol=1e-5)
    cell = torch.nn.GRUCell(62, 8)
    assert np.isfinite(costs(as_policy(cell, SCENARIO), SCENARIO, SEEDS)).all()


def test_a_damaged_file_is_a_sentence(tmp_path):
    (tmp_path / "model.zip").write_text("nonsense")
    with pytest.raises(ValueError, match=r"model.zip: is no readable model .* expected a zip"):
        as_policy(tmp_path / "model.zip", SCENARIO)


def test_the_command(tmp_path, capsys, monkeypatch):
    (tmp_path / "own_for_command.py").write_text("class Idle:\n  def predict(self, obs):\n    return obs[:, :8] * 0\n")
    monkeypatch.chdir(tmp_path)
    words = ["--policy", "own_for_command:Idle", "tms", "market.volatility=0.3", "--episodes", "4"]
    written = ["--json", "out.json", "--latex", "out.tex", "--opponents", "just_in_time"]
    assert evaluate.main([*words, *written]) == 0
    out = capsys.readouterr().out
    assert "(tms market.volatility=0.3): 4 episodes" in out and "Idle" in out
    assert json.loads((tmp_path / "out.json").read_text())["episodes"] == 4
    assert r"\toprule" in (tmp_path / "out.tex").read_text()
    assert evaluate.main(["--policy", "just_in_tim", "tms"]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'just_in_time'" in error and error.count("\n") == 1
