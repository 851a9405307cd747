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
        self.layer = torch.nn.Linear(67, 8)

    def forward(self, x):
        return torch.tanh(self.layer(x))


def test_networks_and_torchscript(tmp_path):
    torch.manual_seed(0)
    network = Net()
    expected = costs(as_policy(network, SCENARIO), SCENARIO, SEEDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather have another format
        torch.jit.trace(network, torch.zeros(3, 67)).save(str(tmp_path / "net.pt"))
    assert np.allclose(costs(as_policy(tmp_path / "net.pt", SCENARIO), SCENARIO, SEEDS), expected, rtol=1e-5)
    cell = torch.nn.GRUCell(67, 8)
    assert np.isfinite(costs(as_policy(cell, SCENARIO), SCENARIO, SEEDS)).all()


def test_a_network_is_left_in_the_mode_that_it_was_in():
    network = torch.nn.Sequential(torch.nn.Dropout(0.5), Net(), torch.nn.Dropout(0.5))
    network[2].eval()
    policy, seen = as_policy(network), np.ones((4, 67), np.float32)
    first, _ = policy.predict(seen)
    assert np.array_equal(policy.predict(seen)[0], first)  # nothing is dropped
    assert [part.training for part in network] == [True, True, False] and network.training


class Optional(Net):
    def forward(self, x, deterministic=False):
        assert deterministic is False
        return super().forward(x)


class Hidden(Net):
    def forward(self, x, hidden=None):
        return super().forward(x), (0 if hidden is None else hidden) + 1


class Needs(Net):
    def forward(self, x, memory):
        return super().forward(x), 1 if memory is None else memory + 1


@pytest.mark.parametrize(("kind", "states"), [(Optional, [None, None]), (Hidden, [1, 2]), (Needs, [1, 2])])
def test_what_a_second_argument_of_a_network_means(kind, states):
    policy, state, found = as_policy(kind()), None, []
    for _ in states:
        actions, state = policy.predict(np.zeros((3, 67), np.float32), state)
        assert actions.shape == (3, 8)
        found.append(state)
    assert found == states


def test_a_second_argument_of_torchscript(tmp_path):
    class Scripted(Net):
        def forward(self, x, deterministic: bool = False):
            return torch.tanh(self.layer(x))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(Scripted())
    assert as_policy(script).predict(np.zeros((3, 67), np.float32))[0].shape == (3, 8)
    assert script.training


def test_a_network_of_doubles():
    network = Net()
    expected, _ = as_policy(network).predict(np.ones((3, 67), np.float32))
    assert np.allclose(as_policy(network.double()).predict(np.ones((3, 67), np.float32))[0], expected, atol=1e-5)


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


@pytest.mark.parametrize("option", ["--json", "--latex"])
def test_the_command_makes_folders_and_refuses_files_before_it_plays(option, tmp_path, capsys, monkeypatch):
    words = ["tms", "--policy", "do_nothing", "--episodes", "2", "--opponents", "just_in_time"]
    assert evaluate.main([*words, option, str(tmp_path / "new/folder/out")]) == 0
    assert (tmp_path / "new/folder/out").stat().st_size > 100
    capsys.readouterr()
    monkeypatch.setattr("nea_env.bench.evaluate.evaluate", None)  # must not be asked
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "out", "/dev/null/out"):
        assert evaluate.main([*words, option, str(path)]) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith(f"{option}: {path} can't be written: ") and shown.err.count("\n") == 1
        assert not shown.out


@pytest.mark.parametrize("text", ["os:getcwd", "..:x", ":", "no_such_module_here:x"])
def test_what_is_no_policy_is_one_line(text, capsys):
    assert evaluate.main(["--policy", text, "tms", "--episodes", "2", "--opponents", "just_in_time"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("policy: ") and error.count("\n") == 1
