"""What a run writes, and that its folder is its own."""

import csv
import json
from pathlib import Path

import pytest
import yaml
from stable_baselines3 import PPO
from tqdm import tqdm

from agents import training
from agents.refusal import SettingsError
from agents.run_folder import RunFolder, new_folder
from tests.train.command import SMALL, TINY, ended, run


def test_a_run_leaves_a_complete_folder(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "run"
    run(monkeypatch, *TINY, "figures=true", "seed=3", "scenario.market.volatility=0.2", f"hydra.run.dir={folder}")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "config.yaml", "versions.json", "model.zip", "metrics.csv", "evaluation.json", "figures", "tensorboard",
        "checkpoints",
    }  # fmt: skip
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["seed"] == 3 and config["scenario"]["market"]["volatility"] == 0.2 and "hydra" not in config
    versions = json.loads((folder / "versions.json").read_text())
    assert versions["torch"] and len(versions["code"]) == 64 and versions["resumes"] == []
    assert PPO.load(folder / "model.zip").gamma == pytest.approx(2.718281828 ** (-0.03 / 12), rel=1e-3)
    with (folder / "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["64", "128", "192", "256"]
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert evaluation["steps"] == 256
    assert list(evaluation["policies"]) == ["just_in_time", "do_nothing", "ppo"]
    figures = {"cost_pct", "vs_just_in_time", "compliance_rate", "shortfall_t", "abatement_t", "mean_bank_t"}
    assert set(evaluation["policies"]["ppo"]) >= figures
    assert (folder / "figures" / "fans.png").stat().st_size > 10_000
    assert any((folder / "tensorboard").iterdir())
    printed = capsys.readouterr().out
    assert "20 held-out episodes" in printed and "ppo after 256 steps" in printed


def test_the_steps_reported_are_those_done_not_those_asked_for(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "run"
    run(monkeypatch, *TINY, "total_steps=100", f"hydra.run.dir={folder}")
    assert json.loads((folder / "evaluation.json").read_text())["steps"] == 128
    assert "ppo after 128 steps (100 asked for, rollouts are whole)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("algo", "asked", "played"), [("ppo", 100, 128), ("ppo", 128, 128), ("sac", 102, 104), ("ppo", 64, 64)]
)
def test_the_bar_counts_the_steps_that_are_played(monkeypatch, tmp_path, algo, asked, played):
    seen = []

    class Bar(tqdm):
        def close(self):
            seen.append((self.unit.strip(), self.n, self.total))
            super().close()

    monkeypatch.setattr("agents.monitor.tqdm", Bar)
    few = TINY if algo == "ppo" else [*(text for text in TINY if "algo." not in text), "algo=sac", "algo.num_envs=4"]
    run(monkeypatch, *few, f"total_steps={asked}", "progress=on", f"hydra.run.dir={tmp_path / 'run'}")
    assert ("steps", played, played) in seen
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["steps"] == played


def test_a_second_run_into_the_same_folder_is_refused(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "run"
    run(monkeypatch, *TINY, f"hydra.run.dir={folder}")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    line = ended(monkeypatch, capsys, *TINY, "seed=1", f"hydra.run.dir={folder}")
    assert f"resume={folder}" in line and "choose another" in line
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("held", ["notes.txt", "file"])
def test_a_folder_that_holds_anything_is_refused(held, monkeypatch, capsys, tmp_path):
    place = tmp_path / "place"
    if held == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / held).write_text("mine")
    line = ended(monkeypatch, capsys, *TINY, f"hydra.run.dir={place}")
    assert str(place) in line and "choose another" in line and "resume" not in line
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_folder_is_claimed_once(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.claimed(), pytest.raises(SettingsError, match="another run or sweep is using it"):
        with RunFolder(tmp_path / "run").claimed():
            pass
    with folder.claimed():
        folder.write_config({"seed": 1})
    with pytest.raises(SettingsError, match="not empty"), folder.claimed():
        pass


def test_two_runs_that_saw_the_folder_empty_do_not_share_it(tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "refuse_if_used", lambda self, ignored=(): None)
    monkeypatch.setattr("fcntl.flock", lambda *_: None)
    with RunFolder(tmp_path).claimed(), pytest.raises(SettingsError, match="checkpoints"):
        with RunFolder(tmp_path).claimed():
            pass


def test_a_run_that_never_began_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="full"), RunFolder(tmp_path / "run").claimed():
        raise OSError("full")
    assert list(tmp_path.iterdir()) == []


def test_what_hydra_itself_put_there_does_not_count(tmp_path):
    (tmp_path / ".hydra").mkdir()
    with RunFolder(tmp_path).claimed(ignored={".hydra"}):
        pass


def test_names_are_unique(tmp_path):
    names = [new_folder(tmp_path / "runs" / "12-00-00_run").name for _ in range(3)]
    assert names == ["12-00-00_run", "12-00-00_run_2", "12-00-00_run_3"]


def test_runs_and_sweeps_of_the_same_second_have_folders_of_their_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = []
    monkeypatch.setattr(training, "run", lambda settings, folder, brief=False: found.append(folder.path) or 0.0)
    monkeypatch.setattr("hydra.core.utils.datetime", _stopped_clock())
    for _ in range(2):
        run(monkeypatch, *TINY)
    for _ in range(2):
        run(monkeypatch, "-m", *TINY, "seed=0,1")
    assert len({path.resolve() for path in found}) == 6
    day = tmp_path / "runs" / "2026-01-02"
    assert {path.name for path in day.iterdir()} == {
        "03-04-05_kets_phase2_ppo_seed0", "03-04-05_kets_phase2_ppo_seed0_2", "03-04-05_sweep", "03-04-05_sweep_2",
    }  # fmt: skip


def _stopped_clock():
    import datetime

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5)

    return Clock


def test_a_folder_that_cannot_be_made_is_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("runs").write_text("no folder")
    assert "runs" in ended(monkeypatch, capsys, *TINY)
    assert "can't be made" in ended(monkeypatch, capsys, *TINY, "hydra.run.dir=/proc/nowhere/run")
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_sweep_runs_every_job_in_its_own_folder(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "-m", *TINY, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert [folder.name for folder in folders] == ["0_kets_phase2_ppo_seed0", "1_kets_phase2_ppo_seed1"]
    assert all((folder / "evaluation.json").is_file() for folder in folders)
    capsys.readouterr()
    before = set(tmp_path.rglob("*"))
    line = ended(monkeypatch, capsys, "-m", *TINY, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    assert f"{tmp_path} holds a sweep" in line
    (tmp_path / "sweep.json").unlink()
    line = ended(monkeypatch, capsys, "-m", *TINY, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    before.remove(tmp_path / "sweep.json")
    assert "0_kets_phase2_ppo_seed0: is not empty" in line
    assert "several jobs" in ended(monkeypatch, capsys, "-m", *TINY, "seed=0,1", "hydra.sweep.subdir=same")
    assert set(tmp_path.rglob("*")) == before


def test_the_whole_configuration_is_printed_as_a_run_would_keep_it(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, "--cfg", "job", *TINY, "scenario.market.volatility=0.25")
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["scenario"]["market"]["volatility"] == 0.25 and config["algo"]["parameters"]["n_steps"] == 16
    assert list(tmp_path.iterdir()) == []


def test_help_says_what_there_is(monkeypatch, capsys):
    run(monkeypatch, "--help")
    text = capsys.readouterr().out
    envs = "env: kets, kets_exact, linked_kets, linked_tokyo, linked_tps, tokyo, tokyo_exact, tps, tps_exact"
    for word in (envs, "algo: a2c, dqn, group_ppo, maskable_ppo", "kets_steel", "resume=", "-m seed=0,1", "sweep: "):
        assert word in text
    assert len(text.splitlines()) < 50


def test_an_algorithm_of_another_family_runs_whole(monkeypatch, tmp_path):
    settings = [one for one in SMALL if "n_steps" not in one]
    run(monkeypatch, "env=tokyo", *settings, "algo=dqn", "algo.parameters.learning_starts=40",
        "algo.parameters.buffer_size=400", f"hydra.run.dir={tmp_path}")  # fmt: skip
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert evaluation["algorithm"] == "dqn" and evaluation["scenario"] == "tokyo"
