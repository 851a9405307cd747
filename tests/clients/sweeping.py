"""How the tests of launchers and sweepers run a command of the page of sweeps: in a process."""

import os
import shlex
import subprocess
import sys

from tests.train.command import ROOT


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
