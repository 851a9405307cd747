"""Ctrl-C, SIGTERM, a full disk: one line that says how to continue, and a checkpoint to continue from."""

import errno
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from agents import checkpoint, training
from agents.interruption import Interrupted, Interruption
from agents.monitor import Progress
from tests.train.command import TINY, ended, run, started
from tests.train.test_resume import measured


def after(monkeypatch, step, do):
    """Do something once, when so many steps are done."""
    done = []

    def on_step(self):
        if self.model.num_timesteps >= step and not done:
            done.append(step)
            do()
        return True

    monkeypatch.setattr(Progress, "_on_step", on_step)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_at_the_next_rollout_and_tells_how_to_go_on(number, code, monkeypatch, capsys, tmp_path):
    whole, folder, before = tmp_path / "whole", tmp_path / "a run", signal.getsignal(number)
    run(monkeypatch, *TINY, f"hydra.run.dir={whole}")
    capsys.readouterr()
    with monkeypatch.context() as patch:
        after(patch, 100, lambda: os.kill(os.getpid(), number))
        line = ended(patch, capsys, *TINY, "checkpoint.every=1000", f"hydra.run.dir='{folder}'", code=code)
    command = re.search(r"python train\.py (resume='.*') continues from step 128", line)
    assert command, line
    assert checkpoint.latest(folder / "checkpoints").name == "step_000000000128"
    assert not (folder / "evaluation.json").exists()
    assert signal.getsignal(number) is before
    run(monkeypatch, *shlex.split(command[1]))
    assert measured(folder) == measured(whole)


def test_a_signal_ends_a_sweep(monkeypatch, capsys, tmp_path):
    after(monkeypatch, 100, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, "-m", *TINY, "seed=0,1", f"hydra.sweep.dir={tmp_path}")
    assert end.value.code == 130
    assert not (tmp_path / "1_kets_phase2_ppo_seed1").exists()


def test_a_second_signal_stops_at_once(monkeypatch, capsys, tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    after(monkeypatch, 100, twice)
    line = ended(monkeypatch, capsys, *TINY, "checkpoint.every=1000", f"hydra.run.dir={tmp_path}", code=130)
    assert "stopped at once" in line and f"resume={tmp_path} continues from step 0" in line


def test_a_signal_while_evaluating_leaves_a_finished_training(monkeypatch, capsys, tmp_path):
    played = training.evaluate.outcomes_of

    def stopped(*arguments, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return played(*arguments, **options)

    monkeypatch.setattr(training.evaluate, "outcomes_of", stopped)
    line = ended(monkeypatch, capsys, *TINY, f"hydra.run.dir={tmp_path}", code=143)
    assert "continues from step 256" in line
    assert (tmp_path / "model.zip").is_file() and not (tmp_path / "evaluation.json").exists()


@pytest.mark.slow
def test_a_process_of_its_own_exits_with_the_signals_code(tmp_path):
    child = started(*TINY, "total_steps=400000", f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "metrics.csv").exists() and child.poll() is None:
        assert time.monotonic() < deadline, "it does not learn"
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 143 and out == b""
    assert err.startswith(b"train.py: stopped; python train.py resume=") and err.count(b"\n") == 1


def test_a_thread_of_its_own_takes_no_signals():
    found = []

    def work():
        with Interruption() as stop:
            stop.check()
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]


def test_interrupted_knows_its_exit_code():
    with Interruption() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="SIGTERM") as caught:
            stop.check()
    assert caught.value.code == 143


def test_a_full_disk_is_one_line(monkeypatch, capsys, tmp_path):
    write_text = training.metrics.write_text

    def full():
        def refuse(path, text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

        monkeypatch.setattr(training.metrics, "write_text", refuse)

    after(monkeypatch, 150, full)
    line = ended(monkeypatch, capsys, *TINY, f"hydra.run.dir={tmp_path}", code=1)
    assert "No space left on device" in line and f"python train.py resume={tmp_path} continues from step 128" in line
    monkeypatch.setattr(training.metrics, "write_text", write_text)
    run(monkeypatch, f"resume={tmp_path}")
    assert [row["step"] for row in measured(tmp_path)] == ["64", "128", "192", "256"]


def test_a_folder_that_turned_read_only_is_one_line(monkeypatch, capsys):
    with tempfile.TemporaryDirectory() as place:  # pytest's own would not even let another user in
        Path(place).chmod(0o755)
        folder = Path(place) / "run"

        def close():
            for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
                path.chmod(0o555)
            if user == 0:  # who may write anywhere
                os.seteuid(65534)

        user = os.geteuid()
        with monkeypatch.context() as patch:
            after(patch, 150, close)
            try:
                line = ended(patch, capsys, *TINY, f"hydra.run.dir={folder}", code=1)
            finally:
                os.seteuid(user)
        assert "Permission denied" in line and "continues from step 128" in line
        for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            path.chmod(0o755)
        run(monkeypatch, f"resume={folder}")
        assert [row["step"] for row in measured(folder)] == ["64", "128", "192", "256"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, and how to make it larger."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)

    if os.geteuid() != 0 or mount("size=2m").returncode != 0:
        pytest.skip("mounting a disk is not permitted")
    yield place, lambda: mount("remount,size=8m")
    subprocess.run(["umount", str(place)], check=True)


def test_a_real_disk_that_is_full_is_one_line(small_disk, monkeypatch, capfd):
    place, enlarge = small_disk
    folder = place / "run"

    def fill():
        with pytest.raises(OSError, match="No space left"), (place / "rest").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    with monkeypatch.context() as patch:
        after(patch, 150, fill)
        line = ended(patch, capfd, *TINY, f"hydra.run.dir={folder}", code=1)  # TensorBoard's thread is silent, too
    assert "No space left on device" in line and "continues from step 128" in line
    assert enlarge().returncode == 0
    run(monkeypatch, f"resume={folder}")
    assert [row["step"] for row in measured(folder)] == ["64", "128", "192", "256"]
    assert not [path for path in folder.rglob(".writing_*")]
