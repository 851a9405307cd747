import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.clients.sweeping import ran, started
from tests.train.command import SMALL, statuses, table

pytest.importorskip(
    "hydra_plugins.hydra_ray_launcher", reason="Hydra's Ray launcher is not installed: make clients ARGS=ray_launcher"
)

LOCAL = ["+hydra.launcher.ray.init.num_cpus=2", "+hydra.launcher.ray.init.include_dashboard=false"]
LONG = ["total_steps=9600", "checkpoint.every=320"]


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    """Ray's files in a folder of their own, so that it finds no other Ray here; sockets need a short name."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        yield


def at_work_in(folder):
    """Processes that hold the folder: the worker of its job."""
    found = []
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if place.readlink() == folder:
                found.append(int(place.parts[2]))
        except OSError:
            continue  # it has ended
    return found


def kill_worker(sweep, process, folder, after):
    """Kill the job's worker as soon as it has saved a checkpoint beyond a step; the step of it."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.poll() is None:
        saved = [int(path.name.removeprefix("step_")) for path in sweep.glob(f"{folder}/checkpoints/step_*")]
        workers = at_work_in((sweep / folder).resolve())
        if saved and max(saved) > after and workers:
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            return max(saved)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"no checkpoint after step {after}: {process.communicate()[0]}")


def test_a_killed_worker_loses_one_job_and_a_resume_skips_the_other(sweeps):
    sweep, first = Path("runs/ray"), "0_kets_ppo_seed0"
    process = started(sweeps("On Ray"), *LOCAL, *SMALL, *LONG)
    step = 0
    for _ in range(3):  # after the first two it goes on from its checkpoint, on another worker
        step = kill_worker(sweep, process, first, after=step)
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == 1 and "Traceback" not in printed, printed
    assert statuses(sweep) == ["failed", "finished"], printed
    assert f"{first}: its process was killed 3 times" in printed and "continues the sweep" in printed
    resumes = [one["step"] for one in json.loads((sweep / first / "versions.json").read_text())["resumes"]]
    assert len(resumes) == 2 and 0 < resumes[0] < resumes[1]
    model = sweep / table(sweep)[1]["folder"] / "model.zip"
    before = model.stat().st_mtime_ns
    ran(sweeps("Resuming").replace("runs/markets", "runs/ray"))
    assert statuses(sweep) == ["finished", "skipped"] and model.stat().st_mtime_ns == before
    assert json.loads((sweep / first / "evaluation.json").read_text())["steps"] >= 9600


def test_a_worker_that_ray_gives_up_is_one_line_and_a_resume_completes_the_sweep(sweeps):
    sweep, folder, alone = (
        Path("runs/ray"),
        "0_kets_ppo_seed0",
        ["env=kets", "+hydra.launcher.ray.remote.max_retries=0"],
    )
    process = started(sweeps("On Ray"), *LOCAL, *SMALL, *LONG, *alone)
    kill_worker(sweep, process, folder, after=0)
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == 1 and "train.py: hydra/launcher=ray: " in printed and "Traceback" not in printed
    assert statuses(sweep) == ["failed"]
    ran("python train.py resume=runs/ray")
    assert statuses(sweep) == ["finished"]


@pytest.fixture
def cluster(tmp_path_factory):
    """The address and the environment of a cluster of one machine."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_USAGE_STATS_ENABLED": "0"}
    elsewhere = tmp_path_factory.mktemp("head")  # jobs begin in this folder, not in that of the command
    head = subprocess.Popen(
        [Path(sys.executable).with_name("ray"), "start", "--head", f"--port={port}", "--num-cpus=2",
         "--include-dashboard=false", "--block"],
        cwd=elsewhere, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while True:
        with socket.socket() as knock:
            if not knock.connect_ex(("127.0.0.1", port)):
                break
        assert time.monotonic() < deadline and head.poll() is None, "the cluster does not start"
        time.sleep(0.1)
    yield f"127.0.0.1:{port}", environment
    head.terminate()
    try:
        head.wait(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(head.pid, signal.SIGKILL)


def test_a_cluster_runs_the_jobs(sweeps, cluster):
    address, environment = cluster
    *_, command = sweeps("On a cluster").splitlines()
    printed = ran(command.replace("HEAD:6379", address), *SMALL, **environment)
    assert "Connected to Ray cluster" in printed
    assert printed.count("sweep of 2 jobs: 2 finished") == 1 and "held-out episodes" not in printed
    assert statuses("runs/cluster") == ["finished", "finished"]
