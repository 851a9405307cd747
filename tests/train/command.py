"""The command line of train.py as the tests use it."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

import train

ROOT = Path(train.__file__).parent
SMALL = [
    "algo.num_envs=4", "algo.parameters.n_steps=16", "algo.parameters.batch_size=32", "total_steps=256",
    "evaluation.episodes=20", "evaluation.policies=[just_in_time,do_nothing]", "checkpoint.every=64",
    "progress=off", "figures=false",
]  # fmt: skip
TINY = ["scenario=kets_phase2", *SMALL]
FILE = "title: Mine\nstart: 2018-01\nfirst: 2018\nlast: 2020\nregime: kets\nfirm: kets_steel\nmarket: kau\n"


def run(monkeypatch, *arguments):
    """``python train.py`` in this process."""
    GlobalHydra.instance().clear()
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
    train.main()


def ended(monkeypatch, capsys, *arguments, code=2):
    """The one line on stderr of a command that ends with this exit code and prints nothing else."""
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    captured = capsys.readouterr()  # also what came before: read it first where that matters
    assert end.value.code == code, captured.err
    assert captured.err.startswith("train.py: ") and captured.err.count("\n") == 1 and captured.out == ""
    return captured.err


def table(sweep):
    """The rows of a sweep's table."""
    with (Path(sweep) / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def statuses(sweep):
    """The status of each job of a sweep."""
    return [row["status"] for row in table(sweep)]


def started(*arguments, cwd, **environment):
    """``python train.py`` in a process of its own, with pipes for stdout and stderr."""
    command = [sys.executable, str(ROOT / "train.py"), *map(str, arguments)]
    settings = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    return subprocess.Popen(command, cwd=cwd, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
