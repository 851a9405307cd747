import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rl_zoo3", reason="RL Zoo is not installed: make clients ARGS=rl_zoo")


def test_learns_and_evaluates(code):
    Path("ppo.yml").write_text(code("RL Zoo", "yaml"))
    train, enjoy = code("RL Zoo", "bash").splitlines()
    for command in (train, enjoy):
        done = subprocess.run([sys.executable, *command.split()[1:]], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    (evaluations,) = Path("logs").rglob("evaluations.npz")
    assert (np.load(evaluations)["ep_lengths"] == 140).all()
    assert list(Path("logs").rglob("nea-KETS-v0.zip"))
    assert "Episode Length 140" in done.stdout
