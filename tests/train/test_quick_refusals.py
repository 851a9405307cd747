"""A mistake in the settings is told before torch is imported, which takes seconds."""

import subprocess
import sys

import pytest

from tests.train.command import ROOT

RUN = """
import sys
import train
try:
    train.main()
except SystemExit as ended:
    print(ended.code, "torch" in sys.modules, "matplotlib" in sys.modules)
"""


def told(*arguments, cwd):
    """The last line on stdout and the line on stderr of a command."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){RUN}", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    "mistake", ["sed=3", "seed=many", "env=kest", "algo=pppo", "scenario.market.price=-5", "force=true"]
)
def test_torch_is_not_imported_to_refuse(mistake, tmp_path):
    out, line = told(mistake, cwd=tmp_path)
    assert line.startswith("train.py: ") and "\n" not in line
    assert out == "2 False False"
