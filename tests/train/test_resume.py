"""``resume=``: exactly where it stopped, with nothing changed but what may change."""

import csv
import json
import os
import shutil
import signal
import time

import pytest
import yaml
from stable_baselines3 import PPO
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents import resume, training
from agents.monitor import Progress
from tests.train.command import TINY, ended, run, started

PLAIN = [*TINY, "algo.parameters.learning_rate_end=null"]  # no schedule: a longer run is the same run


class KilledError(Exception):
    pass


def killed(monkeypatch, step, *arguments):
    """A run that dies without a word after so many steps."""

    def on_step(self):
        if self.model.num_timesteps >= step:
            raise KilledError
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "_on_step", on_step)
        with pytest.raises(KilledError):
            run(monkeypatch, *arguments)


def measured(folder):
    """metrics.csv without the columns of time."""
    with (folder / "metrics.csv").open() as file:
        return [{key: value for key, value in row.items() if "time/" not in key} for row in csv.DictReader(file)]


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of 256 steps; copy it before changing it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("finished") / "run"
        run(patch, *PLAIN, f"hydra.run.dir={folder}")
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.slow
def test_a_run_killed_by_a_signal_resumes_to_the_same_result(monkeypatch, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    settings = [*TINY, "total_steps=4096"]
    run(monkeypatch, *settings, f"hydra.run.dir={whole}")
    child = started(*settings, f"hydra.run.dir={broken}", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not any((broken / "checkpoints").glob("step_*[1-9]*")) and child.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint appeared"
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert not (broken / "evaluation.json").exists(), "killed too late to show anything"
    run(monkeypatch, f"resume={broken}")
    assert (broken / "evaluation.json").read_text() == (whole / "evaluation.json").read_text()
    assert measured(broken) == measured(whole)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_metrics_and_tensorboard_of_a_resumed_run(algo, monkeypatch, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    off_policy = {"learning_starts": 40, "gradient_steps": 1, "batch_size": 16, "buffer_size": 400}
    settings = TINY if algo == "ppo" else [one for one in TINY if ".parameters" not in one]
    settings = [*settings, f"algo={algo}", "checkpoint.every=200", "total_steps=576"]
    if algo == "sac":
        settings += [f"algo.parameters.{key}={value}" for key, value in off_policy.items()]
    run(monkeypatch, *settings, f"hydra.run.dir={whole}")
    killed(monkeypatch, 400, *settings, f"hydra.run.dir={broken}")
    logged = [int(row["step"]) for row in measured(broken)]
    run(monkeypatch, f"resume={broken}")
    again = [step for step in logged if step > json.loads((broken / "versions.json").read_text())["resumes"][0]["step"]]
    assert again, "killed too early to learn a logged step twice"
    assert measured(broken) == measured(whole) and len(measured(whole)) > 2
    assert any(row.get("train/actor_loss") or row.get("train/loss") for row in measured(whole))
    for tag in ("train/learning_rate", "time/fps"):
        points = [_points(one / "tensorboard", tag) for one in (whole, broken)]
        assert points[0] == points[1] and len(set(points[0])) == len(points[0]) > 1


def _points(folder, tag):
    events = EventAccumulator(str(folder))
    events.Reload()
    return [event.step for event in events.Scalars(tag)]


def test_a_finished_run_goes_on_with_a_larger_budget_as_if_it_had_had_it(monkeypatch, capsys, folder, tmp_path):
    long = tmp_path / "long"
    run(monkeypatch, *PLAIN, "total_steps=512", f"hydra.run.dir={long}")
    capsys.readouterr()
    run(monkeypatch, f"resume={folder}", "total_steps=512")
    assert (folder / "evaluation.json").read_text() == (long / "evaluation.json").read_text()
    assert measured(folder) == measured(long)
    assert "note:" not in capsys.readouterr().err
    assert yaml.safe_load((folder / "config.yaml").read_text())["total_steps"] == 512
    assert json.loads((folder / "versions.json").read_text())["resumes"] == [{"step": 256}]
    run(monkeypatch, f"resume={folder}", "total_steps=576")
    assert json.loads((folder / "evaluation.json").read_text())["steps"] == 576
    assert json.loads((folder / "versions.json").read_text())["resumes"] == [{"step": 256}, {"step": 512}]


def test_a_resumed_run_goes_on_telling_what_was_changed_in_its_scenario(monkeypatch, capsys, tmp_path):
    folder, told = tmp_path / "run", ["regime.penalty.*.multiple=4", "market.volatility=0.2"]
    titles = []
    monkeypatch.setattr(training.figures, "fans", lambda o, scenario, path: titles.append(scenario.changes))
    run(monkeypatch, *PLAIN, "figures=true", *told, f"hydra.run.dir={folder}")
    first = capsys.readouterr().out
    run(monkeypatch, f"resume={folder}", "total_steps=320")
    again = capsys.readouterr().out
    heading = ", penalty.*.multiple=4, market.volatility=0.2: 20 held-out episodes, ppo after"
    assert all(heading in " ".join(text.split()) for text in (first, again))
    assert json.loads((folder / "evaluation.json").read_text())["changes"] == told
    assert titles == [tuple(told)] * 2
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["scenario_changes"] == told and "changes" not in config["scenario"]
    (folder / "config.yaml").write_text((folder / "config.yaml").read_text().replace("- market.vol", "- 7 # "))
    assert "scenario_changes" in ended(monkeypatch, capsys, f"resume={folder}")


def test_a_longer_run_killed_at_its_very_end_is_no_damaged_one(monkeypatch, folder):
    def kill(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(training.RunFolder, "write_model", kill)
        with pytest.raises(KilledError):
            run(patch, f"resume={folder}", "total_steps=512")
    run(monkeypatch, f"resume={folder}")
    assert PPO.load(folder / "model.zip").num_timesteps == 512


def test_a_longer_run_that_was_killed_keeps_no_earlier_evaluation(monkeypatch, folder):
    assert (folder / "evaluation.json").is_file()
    killed(monkeypatch, 320, f"resume={folder}", "total_steps=512")
    assert not (folder / "evaluation.json").exists()


def test_a_budget_below_what_is_done_is_refused(monkeypatch, capsys, folder):
    before = everything(folder)
    line = ended(monkeypatch, capsys, f"resume={folder}", "total_steps=255")
    assert "total_steps: 255, allowed: at least 256" in line
    assert everything(folder) == before


def test_a_schedule_over_another_budget_is_told(monkeypatch, capsys, tmp_path):
    run(monkeypatch, *TINY, "total_steps=64", f"hydra.run.dir={tmp_path}")
    capsys.readouterr()
    run(monkeypatch, f"resume={tmp_path}", "total_steps=128")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "note:" in line]
    assert "algo.parameters.learning_rate_end" in line and "64" in line and "128" in line


def test_a_finished_run_is_evaluated_again(monkeypatch, folder):
    monkeypatch.setattr(training, "make_env", None)
    run(monkeypatch, f"resume={folder}", "evaluation.episodes=30", "figures=false")
    assert json.loads((folder / "evaluation.json").read_text())["episodes"] == 30
    assert yaml.safe_load((folder / "config.yaml").read_text())["evaluation"]["episodes"] == 30
    (folder / "model.zip").unlink()
    run(monkeypatch, f"resume={folder}")
    assert (folder / "model.zip").is_file()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed=3", ("seed: 0 → 3", "allowed to change: total_steps, evaluation, checkpoint, figures, progress")),
        ("threads=2", ("threads: 1 → 2",)),
        ("algo.total_steps=9", ("algo.total_steps: 3000000 → 9",)),
        ("algo=sac", ("algo.name: ppo → sac",)),
        ("env=tokyo", ("env.id: nea/KETS-v0 → nea/Tokyo-v0",)),
        ("scenario=kets", ("scenario.name: kets_phase2 → kets",)),
        ("algo.parameters.n_steps=32", ("algo.parameters.n_steps: 16 → 32",)),
        ("+algo.parameters.vf_coef=1", ("algo.parameters.vf_coef: nothing → 1",)),
        ("scenario.market.volatility=0.9", ("scenario.market.volatility: ", " → 0.9")),
        ("sed=3", ("sed: no such key", "did you mean 'seed'?")),
        ("algo.parameters.n_step=3", ("algo.parameters.n_step: no such key", "did you mean 'n_steps'?")),
        ("algo=pppo", ("algo=pppo", "did you mean 'ppo'?")),
        ("total_steps=many", ("total_steps: many", "a whole number")),
        ("total_steps=300,400", ("total_steps=300,400", "one run")),
        ("hydra.run.dir=elsewhere", ("hydra.run.dir=elsewhere", "own folder")),
        ("sweep=seeds", ("sweep=seeds", "one run")),
        ("-m", ("-m", "one run")),
        ("force=yes", ("force=yes", "force=true")),
        ("total_steps=[1", ("total_steps=[1", "key=value")),
    ],
)
def test_a_changed_key_is_refused_by_name(override, words, monkeypatch, capsys, finished):
    before = everything(finished)
    line = ended(monkeypatch, capsys, f"resume={finished}", override)
    for word in words:
        assert word in line, line
    assert everything(finished) == before


def test_the_settings_of_the_checkpoint_rule_not_an_edited_file(monkeypatch, capsys, folder):
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("seed: 0\n", "seed: 7\n", 1))
    assert "seed: 0 → 7" in ended(monkeypatch, capsys, f"resume={folder}")


def test_the_same_command_again_may_resume(monkeypatch, folder):
    run(monkeypatch, f"resume={folder}", "env=kets", "algo=ppo", *PLAIN)


def test_other_versions_are_refused_by_name_unless_forced(monkeypatch, capsys, folder):
    now = resume.versions()
    monkeypatch.setattr(resume, "versions", lambda: {**now, "torch": "9.9", "code": "f" * 64})
    line = ended(monkeypatch, capsys, f"resume={folder}")
    assert f"torch {now['torch']} → 9.9" in line and "code " in line and "force=true" in line
    run(monkeypatch, f"resume={folder}", "force=true")
    (entry,) = json.loads((folder / "versions.json").read_text())["resumes"]
    assert entry["force"] is True and entry["changed"]["torch"] == [now["torch"], "9.9"] and entry["step"] == 256


def test_a_run_at_work_is_not_resumed(monkeypatch, capsys, folder):
    with training.RunFolder(folder).held():
        assert "another run or sweep is using it" in ended(monkeypatch, capsys, f"resume={folder}")


def test_bad_folders_to_resume(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "no such folder" in ended(monkeypatch, capsys, "resume=nowhere")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    assert "no config.yaml" in ended(monkeypatch, capsys, "resume=empty")
    config = tmp_path / "empty" / "config.yaml"
    damaged = (
        "a: [1\n",
        "x: !!int ''\n",
        "x: !!bool q\n",
        "seed: &a [*a]\n",
        "a: " + "[" * 3_000,
        "a: " + "[" * 300_000 + "]" * 300_000,
    )
    known = [(text, "not YAML") for text in damaged]
    for text, word in (*known, ("seed: 1\n", "config.yaml"), ("7", "no configuration")):
        config.write_text(text)
        assert word in ended(monkeypatch, capsys, "resume=empty")
    config.write_bytes(b"\xff\xfe\x00")
    assert "not YAML" in ended(monkeypatch, capsys, "resume=empty")
    assert "resume=: names no folder; allowed: resume=FOLDER" in ended(monkeypatch, capsys, "resume=")
    line = ended(monkeypatch, capsys, "resume=empty", "resume=other")
    assert "resume=empty resume=other: only one folder can be named; allowed: resume=FOLDER" in line
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["config.yaml"]


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "random": lambda content: os.urandom(len(content)),
    "one bit": lambda content: content[:-70] + bytes([content[-70] ^ 1]) + content[-69:],
    "missing": None,
}


FILES = (
    "checkpoint/model.zip", "checkpoint/state.pkl", "checkpoint/manifest.json", "metrics.csv", "model.zip",
    "versions.json",
)  # fmt: skip
TEXT_OF_ITS_OWN = {("checkpoint/manifest.json", "one bit"), ("versions.json", "one bit")}  # depends on the bit
MADE_ANEW = {("model.zip", "missing"), ("versions.json", "missing")}


@pytest.mark.parametrize(
    ("name", "damage"), [(name, damage) for name in FILES for damage in DAMAGE if (name, damage) not in TEXT_OF_ITS_OWN]
)
def test_a_damaged_file_is_one_line(name, damage, monkeypatch, capsys, folder):
    (saved,) = (folder / "checkpoints").iterdir()
    path = saved / name.removeprefix("checkpoint/") if name.startswith("checkpoint/") else folder / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    if (name, damage) in MADE_ANEW:
        run(monkeypatch, f"resume={folder}")
        assert path.is_file()
        return
    before = everything(folder)
    line = ended(monkeypatch, capsys, f"resume={folder}")
    assert str(path) in line, line
    assert everything(folder) == before


@pytest.mark.parametrize("change", ["no step", "another run's", "one value", "a long row"])
def test_metrics_of_another_content_are_one_line(change, monkeypatch, capsys, folder):
    path = folder / "metrics.csv"
    lines = path.read_text().splitlines()
    if change == "no step":
        lines[0] = lines[0].replace("step", "pets", 1)
    elif change == "another run's":
        lines = ["step,rollout/cost_pct", "64,3.5"]
    elif change == "one value":
        lines[1] = lines[1].rpartition(",")[0] + ",77" if not lines[1].endswith(",") else lines[1] + "7"
    else:
        lines[-1] += ",1"
    path.write_text("\n".join(lines) + "\n")
    assert "metrics.csv: is damaged" in ended(monkeypatch, capsys, f"resume={folder}")
