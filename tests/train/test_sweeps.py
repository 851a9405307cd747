"""A sweep: one table at its end, whatever became of its jobs, and ``resume=`` does what is left of it."""

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from agents import resume, sweep_table, training
from agents.interruption import Interrupted
from agents.monitor import Progress
from agents.refusal import SettingsError
from agents.run_folder import RunFolder
from agents.sweep_folder import STARTS, SweepFolder
from tests.train.command import FILE, ROOT, SMALL, TINY, ended, run, statuses, table
from tests.train.test_resume import KilledError, everything, measured

SHORT = [*TINY, "total_steps=128", "evaluation.episodes=2", "evaluation.policies=[just_in_time]"]
FIRST, SECOND = "0_kets_phase2_ppo_seed0", "1_kets_phase2_ppo_seed1"


def ending(monkeypatch, ends, *arguments):
    """The exit code of a sweep in which training ends so, by seed."""
    learn = training.learn

    def end(settings, folder, stop=None):
        if settings.seed in ends:
            raise ends[settings.seed]
        return learn(settings, folder, stop)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as found:
        patch.setattr(training, "learn", end)
        run(patch, *arguments)
    return found.value.code


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
    code = ending(monkeypatch, {0: MemoryError()}, "-m", *SHORT, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    assert code == 1 and statuses(tmp_path) == ["failed", "finished"]
    printed = capsys.readouterr()
    assert f"{FIRST}: out of memory; python train.py resume=" in printed.err
    assert "sweep of 2 jobs: 1 failed, 1 finished" in printed.out
    assert f"python train.py resume={tmp_path} continues the sweep" in printed.err
    before = everything(tmp_path / SECOND)
    run(monkeypatch, f"resume={tmp_path}")
    assert statuses(tmp_path) == ["finished", "skipped"]
    assert measured(tmp_path / SECOND) and set(everything(tmp_path / SECOND)) == set(before)
    same = {path: data for path, data in before.items() if path.name != "job.json"}
    assert {path: data for path, data in everything(tmp_path / SECOND).items() if path.name != "job.json"} == same


def test_a_job_that_failed_before_a_stop_has_failed_and_jobs_to_come_are_told_alike(monkeypatch, tmp_path):
    ends = {0: MemoryError(), 1: Interrupted(signal.SIGINT)}
    assert ending(monkeypatch, ends, "-m", *SHORT, "seed=0,1,2", f"hydra.sweep.dir={tmp_path}") == 130
    header = (tmp_path / "sweep.csv").read_text().splitlines()[0].split(",")
    assert header[:4] == ["job", "status", "seed", "cost_pct"] and header[-1] == "folder"
    rows = [(row["job"], row["status"], row["seed"], row["folder"]) for row in table(tmp_path)]
    assert rows == [("0", "failed", "0", FIRST), ("1", "stopped", "1", SECOND), ("2", "not run", "2", "")]
    assert ending(monkeypatch, {0: Interrupted(signal.SIGTERM)}, f"resume={tmp_path}") == 143
    assert statuses(tmp_path) == ["stopped", "stopped", "not run"]


@pytest.mark.parametrize("end", ["failed", "stopped"])
def test_a_job_whose_process_was_killed_ended_as_the_sweep_did(end, tmp_path):
    sweep = SweepFolder(tmp_path)
    sweep.begin(["-m"])
    sweep.enter(0, {}, job(tmp_path), None)
    assert [row["status"] for row in sweep_table.rows(sweep, [], set(), end)] == [end]


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
    record = half / "sweep.json"
    record.write_text(record.read_text().replace("n_steps=16", "n_steps=32"))
    before = everything(half)
    line = ended(monkeypatch, capsys, f"resume={half}")
    assert f"{half / FIRST}: resume: algo.parameters.n_steps: 16 → 32 would be another run" in line
    assert everything(half) == before


def test_a_job_that_went_on_alone_stays_in_the_sweep(monkeypatch, half):
    run(monkeypatch, f"resume={half / FIRST}", "total_steps=192", "evaluation.episodes=3")
    run(monkeypatch, f"resume={half}")
    assert statuses(half) == ["skipped", "finished"]
    evaluations = [json.loads((half / name / "evaluation.json").read_text()) for name in (FIRST, SECOND)]
    assert [(one["steps"], one["episodes"]) for one in evaluations] == [(192, 3), (128, 2)]


def test_an_evaluation_of_a_smaller_budget_is_none_of_a_finished_job(folder):
    found = RunFolder(folder / FIRST)
    assert sweep_table.figures(found) is not None
    found.config.write_text(found.config.read_text().replace("\ntotal_steps: 128\n", "\ntotal_steps: 256\n"))
    assert sweep_table.figures(found) is None and sweep_table.finished(SweepFolder(folder)) == {1}


def test_a_scenario_file_is_told_by_its_path_and_may_get_another_title(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "$two"):
        Path(f"{name}.yaml").write_text(f"name: mine\n{FILE.replace('2020', '2019') if name == 'one' else FILE}")
    scenarios = "scenario=one.yaml,$two.yaml,kets_phase2"
    settings = [one for one in SHORT if not one.startswith("scenario=")]
    assert ending(monkeypatch, {0: MemoryError()}, "-m", *settings, scenarios, "hydra.sweep.dir=sweep") == 1
    assert [row["scenario"] for row in table("sweep")] == ["one.yaml", "$two.yaml", "kets_phase2"]
    printed = capsys.readouterr().out.partition("sweep of 3 jobs")[2]
    assert "$two.yaml" in printed and "file_mine" not in printed
    Path("one.yaml").write_text(Path("one.yaml").read_text().replace("title: Mine", "title: Ours"))
    assert ending(monkeypatch, {0: MemoryError()}, "resume=sweep") == 1
    assert statuses("sweep") == ["failed"] * 3
    capsys.readouterr()
    config = Path("sweep/0_mine_ppo_seed0/config.yaml")
    config.write_text(config.read_text().replace("\ntotal_steps: 128\n", "\ntotal_steps: 64\n"))
    line = ended(monkeypatch, capsys, "resume=sweep")
    assert "0_mine_ppo_seed0: total_steps: 64, allowed: at least 128, as the sweep was planned" in line
    Path("one.yaml").write_text(Path("one.yaml").read_text().replace("name: mine", "name: ours"))
    assert "job 0 would now be in" in ended(monkeypatch, capsys, "resume=sweep")


def test_a_copy_of_a_jobs_folder_is_no_job(folder):
    shutil.copytree(folder / FIRST, folder / "copy")
    shutil.copytree(folder / FIRST, folder / SECOND / "copy")
    assert [(job.number, job.folder.path.name) for job in SweepFolder(folder).jobs()] == [(0, FIRST), (1, SECOND)]


@pytest.mark.parametrize("content", ["", "7", "{}", '{"arguments": 1}'])
def test_a_damaged_record_is_one_line(content, monkeypatch, capsys, folder):
    (folder / "sweep.json").write_text(content)
    assert f"resume: {folder / 'sweep.json'}: is damaged" in ended(monkeypatch, capsys, f"resume={folder}")


def test_a_sweep_takes_no_changes(monkeypatch, capsys, finished):
    line = ended(monkeypatch, capsys, f"resume={finished}", "total_steps=128")
    assert "total_steps=128: a sweep continues as it was started; allowed with resume=: force=true" in line


def test_a_folder_that_holds_a_sweep_is_refused(monkeypatch, capsys, finished):
    line = ended(monkeypatch, capsys, "-m", *SHORT, "seed=2,3", f"hydra.sweep.dir={finished}")
    assert f"{finished} holds a sweep; resume={finished} continues it" in line


def test_a_sweep_at_work_is_not_resumed(monkeypatch, capsys, finished):
    with RunFolder(finished).held():
        assert "another run or sweep is using it" in ended(monkeypatch, capsys, f"resume={finished}")


def job(place, name="0"):
    found = RunFolder(place / name)
    found.path.mkdir(parents=True, exist_ok=True)
    return found


def test_a_job_that_is_killed_every_time_is_given_up_until_a_resume(tmp_path):
    sweep = SweepFolder(tmp_path)
    sweep.begin(["-m"])
    for _ in range(STARTS):
        assert sweep.enter(0, {"seed": "1"}, job(tmp_path), None) is False
    with pytest.raises(SettingsError, match=f"was killed {STARTS} times; python train.py resume={tmp_path} gives it"):
        sweep.enter(0, {"seed": "1"}, job(tmp_path), None)
    assert sweep.jobs()[0].ended == "failed"
    sweep.reopen(force=False)
    job(tmp_path).write_config({"seed": 1})
    assert sweep.enter(0, {"seed": "1"}, job(tmp_path), None) is True


def test_a_job_enters_no_other_run(tmp_path):
    sweep, other = SweepFolder(tmp_path / "one"), SweepFolder(tmp_path / "other")
    for one in (sweep, other):
        one.path.mkdir()
        one.begin(["-m"])
    other.enter(0, {}, job(other.path), None)
    shutil.copytree(other.path / "0", sweep.path / "0")
    job(sweep.path, "1").write_config({"seed": 1})
    for name in ("0", "1"):
        with pytest.raises(SettingsError, match="is not empty"):
            sweep.enter(int(name), {}, job(sweep.path, name), None)
    assert sweep.jobs() == []


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    "record",
    [{"arguments": []}, {"arguments": ["seed=0"]}, {"arguments": ["--version"]}, {"arguments": [1, "-m"]},
     {"force": "false"}, {"id": 5}],
)  # fmt: skip
def test_a_record_that_no_sweep_wrote_is_one_line(record, monkeypatch, capsys, folder):
    path = folder / "sweep.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **record}))
    assert f"{path}: is damaged" in ended(monkeypatch, capsys, f"resume={folder}")


@pytest.mark.parametrize(
    "note", ['"job": Infinity', '"job": true', '"starts": -5', '"starts": 1e400', f'"x": {NESTED}']
)
def test_a_damaged_note_is_that_of_no_job(note, folder):
    path = folder / FIRST / "job.json"
    path.write_text(path.read_text().rstrip("}\n") + f", {note}}}")
    assert [job.number for job in SweepFolder(folder).jobs()] == [1]


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "true", '"5"', "null", "9" * 500, NESTED])
def test_a_damaged_evaluation_is_none(figure, folder):
    path = folder / FIRST / "evaluation.json"
    text = path.read_text()
    assert sweep_table.finished(SweepFolder(folder)) == {0, 1}
    path.write_text(text.replace(str(json.loads(text)["policies"]["ppo"]["cost_pct"]["mean"]), figure))
    assert sweep_table.finished(SweepFolder(folder)) == {1}


def test_a_table_that_cannot_be_written_is_printed_all_the_same(monkeypatch, capsys, folder):
    (folder / "sweep.csv").unlink()
    (folder / "sweep.csv").mkdir()
    run(monkeypatch, f"resume={folder}")
    printed = capsys.readouterr()
    assert "sweep of 2 jobs: 2 skipped" in printed.out and "sweep.csv: can't be written, Is a directory" in printed.err


@pytest.mark.parametrize("subdir", ["../other${hydra.job.num}", "/other${hydra.job.num}", "a/../../b${hydra.job.num}"])
def test_a_job_s_folder_is_inside_the_sweep_s(subdir, monkeypatch, capsys, tmp_path):
    line = ended(monkeypatch, capsys, "-m", *TINY, f"hydra.sweep.dir={tmp_path}/s", f"hydra.sweep.subdir={subdir}")
    assert "hydra.sweep.subdir: " in line and "is outside the sweep's folder" in line and not list(tmp_path.iterdir())


def test_a_sweep_over_a_file_goes_on_in_another_folder(monkeypatch, capsys, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a, b.yaml").write_text(f"name: mine\n{FILE}")
    monkeypatch.chdir(tmp_path / "here")
    own = [one for one in SHORT if not one.startswith(("scenario=", "env="))]
    run(monkeypatch, "-m", *own, "scenario=kets_phase2,a, b.yaml", f"hydra.sweep.dir={tmp_path}/sweep")
    assert statuses(tmp_path / "sweep") == ["finished", "finished"]
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, "resume=sweep")
    assert statuses(tmp_path / "sweep") == ["skipped", "skipped"]
    (tmp_path / "here/a, b.yaml").unlink()
    capsys.readouterr()
    line = ended(monkeypatch, capsys, "resume=sweep")
    assert "here/a" in line and "there is no such file" in line
