"""The command line of train.py: what it writes, and one clear line for every mistake."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra
from stable_baselines3 import PPO

import train

ROOT = Path(train.__file__).parent
TINY = [
    "scenario=kets_phase2", "algo.num_envs=4", "algo.parameters.n_steps=16", "algo.parameters.batch_size=32",
    "total_steps=256", "evaluation.episodes=20", "evaluation.policies=[just_in_time,do_nothing]",
    "checkpoint.every=64", "progress=off",
]  # fmt: skip


def run(monkeypatch, *arguments):
    GlobalHydra.instance().clear()
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
    train.main()


def refused(monkeypatch, capsys, *arguments):
    """The one line that a bad command line prints."""
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()  # also what came before: read it first where that matters
    assert captured.err.count("\n") == 1 and "Traceback" not in captured.err and captured.out == ""
    return captured.err


def test_a_run_leaves_a_complete_folder(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "run"
    run(monkeypatch, *TINY, "seed=3", "scenario.market.volatility=0.2", f"hydra.run.dir={folder}")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "config.yaml", "versions.json", "model.zip", "metrics.csv", "evaluation.json", "figures", "tensorboard",
        "checkpoints",
    }  # fmt: skip
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["seed"] == 3 and config["scenario"]["market"]["volatility"] == 0.2 and "hydra" not in config
    assert json.loads((folder / "versions.json").read_text())["torch"]
    assert PPO.load(folder / "model.zip").gamma == pytest.approx(2.718281828 ** (-0.03 / 12), rel=1e-3)
    with (folder / "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["64", "128", "192", "256"]
    policies = json.loads((folder / "evaluation.json").read_text())["policies"]
    assert list(policies) == ["just_in_time", "do_nothing", "ppo"]
    figures = {"cost_pct", "vs_just_in_time", "compliance_rate", "shortfall_t", "abatement_t", "mean_bank_t"}
    assert set(policies["ppo"]) >= figures
    assert (folder / "figures" / "fans.png").stat().st_size > 10_000
    assert any((folder / "tensorboard").iterdir())
    assert "20 held-out episodes" in capsys.readouterr().out


def test_a_sweep_runs_every_job_in_its_own_folder(monkeypatch, tmp_path):
    run(monkeypatch, "-m", *TINY, "figures=false", "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert len(folders) == 2 and all((folder / "evaluation.json").is_file() for folder in folders)
    assert not any("=" in folder.name or "," in folder.name for folder in folders)


def test_a_run_killed_by_a_signal_resumes_to_the_same_result(monkeypatch, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    settings = [*TINY, "total_steps=4096", "figures=false"]
    run(monkeypatch, *settings, f"hydra.run.dir={whole}")
    command = [sys.executable, str(ROOT / "train.py"), *settings, f"hydra.run.dir={broken}"]
    child = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any((broken / "checkpoints").glob("step_*[1-9]*")) and child.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint appeared"
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (broken / "evaluation.json").exists(), "killed too late to show anything"
    run(monkeypatch, f"resume={broken}")
    assert (broken / "evaluation.json").read_text() == (whole / "evaluation.json").read_text()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("scenario.market.volatilty=0.2", ("scenario.market.volatilty", "did you mean volatility", "allowed: ")),
        ("scenario.market.volatility=-0.2", ("scenario.market.volatility", "-0.2", "greater than or equal to 0")),
        ("scenario.market.price=-5", ("scenario.market.price", "-5", "greater than 0")),
        ("scenario.start=2031-01", ("2031-01",)),
        ("sed=3", ("sed", "did you mean seed")),
        ("seed=many", ("seed", "many", "integer")),
        ("seed=-1", ("seed", "-1", "greater than or equal to 0")),
        ("seed=9999", ("seed: 9999", "allowed: 0 to 3905")),
        ("env=kest", ("env=kest", "did you mean kets", "tokyo")),
        ("algo=pppo", ("algo=pppo", "did you mean ppo", "sac")),
        ("scenario=nowhere", ("scenario=nowhere", "kets_steel")),
        ("scenario=nowhere.yaml", ("nowhere.yaml",)),
        ("algo.parameters.learning_rat=1", ("learning_rat", "did you mean learning_rate")),
        ("+algo.parameters.learning_rat=1", ("learning_rat", "did you mean learning_rate")),
        ("algo.parameters.learning_rate=-1", ("algo.parameters.learning_rate: -1", "above 0")),
        ("algo.policy=Mlp", ("algo.policy: Mlp", "residual")),
        ("+algo.policy_kwargs.activation_fn=sin", ("algo.policy_kwargs.activation_fn: sin", "relu")),
        ("algo.num_envs=0", ("algo.num_envs", "0", "greater than or equal to 1")),
        ("evaluation.seed=5", ("evaluation.seed", "5", "1000000")),
        ("evaluation.policies=[just_in_tim]", ("just_in_tim", "just_in_time")),
        ("+evaluation.episode=5", ("evaluation.episode", "did you mean episodes")),
        ("seed=1,2", ("seed=1,2", "-m")),
        ("seed", ("seed", "key=value")),
        ("seed=[1", ("seed=[1", "key=value")),
        ("--wrong", ("--wrong", "--help")),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(override, words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = refused(monkeypatch, capsys, override)
    for word in words:
        assert word in line, line
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_a_sweep_is_found_before_the_first_job(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "-0.2" in refused(monkeypatch, capsys, "-m", "scenario.market.volatility=0.2,-0.2")
    assert "tokio" in refused(monkeypatch, capsys, "-m", "env=kets,tokio")
    assert list(tmp_path.iterdir()) == []


def test_bad_folders_to_resume(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "no such folder" in refused(monkeypatch, capsys, "resume=nowhere")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    assert "no config.yaml" in refused(monkeypatch, capsys, "resume=empty")
    (tmp_path / "empty" / "config.yaml").write_text("a: [1\n")
    assert "not YAML" in refused(monkeypatch, capsys, "resume=empty")
    (tmp_path / "empty" / "config.yaml").write_text("seed: 1\n")
    assert "config.yaml" in refused(monkeypatch, capsys, "resume=empty")
    assert "which run folder" in refused(monkeypatch, capsys, "resume=")
    assert "nothing else" in refused(monkeypatch, capsys, "resume=empty", "seed=2")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["config.yaml"]


def test_a_scenario_file_of_ones_own(monkeypatch, capsys, tmp_path):
    source = tmp_path / "mine.yaml"
    dates = "start: 2018-01\nfirst: 2018\nlast: 2020\n"
    source.write_text(f"name: mine\ntitle: Mine\n{dates}regime: kets\nfirm: kets_steel\nmarket: kau\n")
    run(monkeypatch, *TINY[1:], f"scenario={source}", "figures=false", f"hydra.run.dir={tmp_path / 'run'}")
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["scenario"] == "mine"
    capsys.readouterr()
    source.write_text("name: mine\nname: twice\n")
    assert "mine.yaml" in refused(monkeypatch, capsys, f"scenario={source}")


def test_help_says_what_there_is(monkeypatch, capsys):
    run(monkeypatch, "--help")
    text = capsys.readouterr().out
    envs = "env: kets, linked_kets, linked_tokyo, linked_tps, tokyo, tps"
    for word in (envs, "algo: a2c, dqn, maskable_ppo", "kets_steel", "resume=", "-m seed=0,1", "sweep: "):
        assert word in text
    assert len(text.splitlines()) < 50
