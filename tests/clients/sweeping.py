"""How the tests of launchers and sweepers run a command of the page of sweeps: in a process, on a small training."""

import csv
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "algo.num_envs=4", "algo.parameters.n_steps=16", "algo.parameters.batch_size=32", "total_steps=128",
    "evaluation.episodes=4", "evaluation.policies=[just_in_time]", "checkpoint.every=64", "progress=off",
    "figures=false",
]  # fmt: skip


def started(command, *settings, **environment):
    """``python train.py …`` as the page shows it, and these settings."""
    python, script, *arguments = shlex.split(command)
    assert (python, script) == ("python", "train.py")
    return subprocess.Popen(
        [sys.executable, ROOT / "train.py", *arguments, *settings], env=os.environ | environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def ran(command, *settings, code=0, **environment):
    """What such a command prints."""
    process = started(command, *settings, **environment)
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == code, printed
    return printed


def table(folder):
    """The rows of a sweep."""
    with (Path(folder) / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def statuses(folder):
    return [row["status"] for row in table(folder)]
