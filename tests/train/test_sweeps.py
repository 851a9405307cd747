"""A sweep: one table at its end, whatever became of its jobs, and ``resume=`` does what is left of it."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from agents import resume, training
from agents.monitor import Progress
from agents.refusal import SettingsError
from agents.run_folder import RunFolder
from agents.sweep_folder import STARTS, SweepFolder
from tests.train.command import ROOT, SMALL, TINY, ended, run
from tests.train.test_resume import KilledError, everything, measured

SHORT = [*TINY, "total_steps=128", "evaluation.episodes=2", "evaluation.policies=[just_in_time]"]
FIRST, SECOND = "0_kets_phase2_ppo_seed0", "1_kets_phase2_ppo_seed1"


def table(folder):
    with (folder / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def statuses(folder):
    return [row["status"] for row in table(folder)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished sweep of two jobs; copy it before changing it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("finished") / "sweep"
        run(patch, "-m", *SHORT, "seed=0,1", f"hydra.sweep.dir={folder}")
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "sweep")
    return tmp_path / "sweep"


@pytest.fixture
def half(folder):
    """A sweep whose second job has left no more than its note."""
    for path in (folder / SECOND).iterdir():
        if path.name != "job.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def test_one_table_of_all_jobs_with_the_figures_of_their_evaluations(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/sweeps.md").read_text()
    (command,) = re.findall(r"^python train\.py (-m env=.*)$", page, re.MULTILINE)
    settings = [one for one in SMALL if "policies" not in one]
    run(monkeypatch, *command.split(), *settings, "total_steps=64", "evaluation.policies=[tuned_rule]")
    printed, folder = capsys.readouterr().out, tmp_path / "runs/markets"
    assert printed.count("sweep of 2 jobs: 2 finished") == 1 and "held-out episodes" not in printed
    assert [line[:6] for line in printed.splitlines() if line.startswith("job ")] == ["job 0:", "job 1:"]
    for number, row in enumerate(table(folder)):
        assert (row["job"], row["status"], row["env"]) == (str(number), "finished", ["kets", "tps"][number])
        evaluation = json.loads((folder / row["folder"] / "evaluation.json").read_text())
        for figure in ("cost_pct", "vs_tuned_rule"):
            found = [float(row[f"{figure}{bound}"]) for bound in ("", "_low", "_high")]
            assert found == [evaluation["policies"]["ppo"][figure][bound] for bound in ("mean", "low", "high")]
        assert f"{float(row['cost_pct']):.2f} [" in printed
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(code, found := {"__name__": "example"})
    assert Path("runs/markets", found["best"]["folder"], "model.zip").is_file()


def test_a_job_that_fails_is_in_the_table_and_a_resume_runs_it_alone(monkeypatch, capsys, tmp_path):
    learn = training.learn

    def fail_once(settings, folder, stop=None):
        if settings.seed == 0:
            raise MemoryError
        return learn(settings, folder, stop)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(training, "learn", fail_once)
        run(patch, "-m", *SHORT, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    assert end.value.code == 1 and statuses(tmp_path) == ["failed", "finished"]
    printed = capsys.readouterr()
    assert "sweep of 2 jobs: 1 failed, 1 finished" in printed.out
    assert f"python train.py resume={tmp_path} goes on with the sweep" in printed.err
    before = everything(tmp_path / SECOND)
    run(monkeypatch, f"resume={tmp_path}")
    assert statuses(tmp_path) == ["finished", "skipped"]
    assert measured(tmp_path / SECOND) and set(everything(tmp_path / SECOND)) == set(before)
    same = {path: data for path, data in before.items() if path.name != "job.json"}
    assert {path: data for path, data in everything(tmp_path / SECOND).items() if path.name != "job.json"} == same


def test_a_job_that_was_killed_goes_on_from_its_checkpoint(monkeypatch, finished, tmp_path):
    def kill(self):
        if self.model.num_timesteps >= 100:
            raise KilledError
        return True

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Progress, "_on_step", kill)
        run(patch, "-m", *SHORT, "seed=1", f"hydra.sweep.dir={tmp_path}")
    assert statuses(tmp_path) == ["failed"]
    run(monkeypatch, f"resume={tmp_path}")
    assert statuses(tmp_path) == ["finished"]
    broken, whole = tmp_path / "0_kets_phase2_ppo_seed1", finished / SECOND
    assert json.loads((broken / "versions.json").read_text())["resumes"] == [{"step": 64}]
    assert measured(broken) == measured(whole)
    assert (broken / "evaluation.json").read_text() == (whole / "evaluation.json").read_text()


def test_a_job_that_was_killed_as_it_began_begins_again(monkeypatch, half):
    (half / SECOND / "checkpoints").mkdir()
    (half / SECOND / ".writing_config.yaml").write_text("seed")
    run(monkeypatch, f"resume={half}")
    assert statuses(half) == ["skipped", "finished"]


def test_a_finished_sweep_is_all_skipped(monkeypatch, folder):
    monkeypatch.setattr(training, "learn", None)
    (before,) = {path: data for path, data in everything(folder).items() if path.name == "sweep.csv"}.values()
    run(monkeypatch, f"resume={folder}")
    assert (folder / "sweep.csv").read_bytes() == before.replace(b"finished", b"skipped")


def test_other_versions_are_refused_by_name_unless_forced(monkeypatch, capsys, half):
    now, before = resume.versions(), everything(half)
    monkeypatch.setattr(resume, "versions", lambda: {**now, "torch": "9.9"})
    line = ended(monkeypatch, capsys, f"resume={half}")
    assert f"{half / FIRST}: resume: torch {now['torch']} → 9.9" in line and "force=true" in line
    assert everything(half) == before
    run(monkeypatch, f"resume={half}", "force=true")
    assert statuses(half) == ["skipped", "finished"]


def test_another_setting_is_refused_by_name(monkeypatch, capsys, half):
    config = half / FIRST / "config.yaml"
    config.write_text(config.read_text().replace("episodes: 2\n", "episodes: 3\n", 1))
    before = everything(half)
    line = ended(monkeypatch, capsys, f"resume={half}")
    assert f"{half / FIRST}: resume: evaluation.episodes: 3 → 2 would be another run" in line
    assert everything(half) == before


@pytest.mark.parametrize("content", ["", "7", "{}", '{"arguments": 1}'])
def test_a_damaged_record_is_one_line(content, monkeypatch, capsys, folder):
    (folder / "sweep.json").write_text(content)
    assert f"resume: {folder / 'sweep.json'}: can't be read" in ended(monkeypatch, capsys, f"resume={folder}")


def test_a_sweep_takes_no_changes(monkeypatch, capsys, finished):
    line = ended(monkeypatch, capsys, f"resume={finished}", "total_steps=128")
    assert "total_steps=128: a sweep goes on as it was begun; allowed beside resume=: force=true" in line


def test_a_folder_that_holds_a_sweep_is_refused(monkeypatch, capsys, finished):
    line = ended(monkeypatch, capsys, "-m", *SHORT, "seed=2,3", f"hydra.sweep.dir={finished}")
    assert f"{finished} holds a sweep; resume={finished} goes on with it" in line


def test_a_sweep_at_work_is_not_resumed(monkeypatch, capsys, finished):
    with RunFolder(finished).held():
        assert "another run is at work in it" in ended(monkeypatch, capsys, f"resume={finished}")


def job(place, name="0"):
    found = RunFolder(place / name)
    found.path.mkdir(parents=True, exist_ok=True)
    return found


def test_a_job_that_is_killed_every_time_is_given_up_until_a_resume(tmp_path):
    sweep = SweepFolder(tmp_path)
    sweep.begin(["-m"])
    for _ in range(STARTS):
        assert sweep.enter(0, ["seed=1"], job(tmp_path), None) is False
    with pytest.raises(SettingsError, match=f"its process was killed {STARTS} times"):
        sweep.enter(0, ["seed=1"], job(tmp_path), None)
    sweep.reopen(force=False)
    job(tmp_path).write_config({"seed": 1})
    assert sweep.enter(0, ["seed=1"], job(tmp_path), None) is True


def test_a_job_enters_no_other_run(tmp_path):
    sweep, other = SweepFolder(tmp_path / "one"), SweepFolder(tmp_path / "other")
    for one in (sweep, other):
        one.path.mkdir()
        one.begin(["-m"])
    other.enter(0, [], job(other.path), None)
    shutil.copytree(other.path / "0", sweep.path / "0")
    job(sweep.path, "1").write_config({"seed": 1})
    for name in ("0", "1"):
        with pytest.raises(SettingsError, match="is not empty"):
            sweep.enter(int(name), [], job(sweep.path, name), None)
    assert sweep.jobs() == []
