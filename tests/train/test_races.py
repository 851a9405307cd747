"""Runs of several processes that want one folder, or one name, at the same moment."""

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROCESSES, ROUNDS = 3, 200

RUN = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from agents.refusal import SettingsError
from agents.run_folder import RunFolder, new_folder

if sys.argv[1] == "without locks":
    import fcntl
    def flock(*_):
        raise OSError("no locks here")
    fcntl.flock = flock
with ExitStack() as kept:  # each folder until the end, as a run keeps its own
    print("ready", flush=True)
    for line in sys.stdin:
        what, start, path = line.split()
        while time.time() < float(start):  # awake, so as to start with the others
            pass
        try:
            if what == "name":
                told = str(new_folder(Path(path)))
            elif what == "claim":
                kept.enter_context(RunFolder(path).claimed())
                told = "mine"
            else:
                kept.enter_context(RunFolder(path).held())
                told = "mine"
        except SettingsError as error:
            told = str(error)
        print(told, flush=True)
"""


class Runs:
    """Processes that wait for a line, do what it says at the same moment, and answer in a line."""

    def __init__(self, kept, locks="with locks"):
        command = [sys.executable, "-c", RUN, locks]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
        self.all = [kept.enter_context(subprocess.Popen(command, **pipes)) for _ in range(PROCESSES)]
        assert self.answers() == ["ready"] * PROCESSES

    def answers(self):
        return [run.stdout.readline().strip() for run in self.all]

    def ask(self, what, path):
        start = time.time() + 0.002
        for run in self.all:
            run.stdin.write(f"{what} {start} {path}\n")
            run.stdin.flush()
        return self.answers()


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
@pytest.mark.parametrize("locks", ["with locks", "without locks"])
def test_of_the_runs_that_claim_a_folder_at_once_one_has_it(locks, tmp_path):
    with ExitStack() as kept:
        runs = Runs(kept, locks)
        for number in range(ROUNDS):
            folder = tmp_path / f"run_{number}"
            answers = runs.ask("claim", folder)
            assert answers.count("mine") == 1, answers
            for other in (answer for answer in answers if answer != "mine"):
                assert str(folder) in other and "choose another" in other
            assert [path.name for path in folder.iterdir()] == ["checkpoints"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_of_the_processes_that_resume_a_run_at_once_one_does(tmp_path):
    with ExitStack() as kept:
        runs = Runs(kept)
        for number in range(ROUNDS):
            folder = tmp_path / f"run_{number}"
            folder.mkdir()
            answers = runs.ask("resume", folder)
            assert answers.count("mine") == 1, answers
            assert sum("another run or sweep is using it" in answer for answer in answers) == PROCESSES - 1


def test_runs_that_ask_for_a_name_at_once_have_names_of_their_own(tmp_path):
    with ExitStack() as kept:
        runs = Runs(kept)
        given = [name for _ in range(ROUNDS) for name in runs.ask("name", tmp_path / "12-00-00_run")]
    names = ["12-00-00_run", *(f"12-00-00_run_{number}" for number in range(2, PROCESSES * ROUNDS + 1))]
    assert sorted(given) == sorted(str(tmp_path / name) for name in names)
