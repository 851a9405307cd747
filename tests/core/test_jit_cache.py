"""The compiled cache belongs to the sources it was compiled from: an edited rule is never a stale one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import nea_env.core
from nea_env.core import jit as jit_module
from nea_env.core.jit import jit

CORE = Path(nea_env.core.__file__).parent

SHOW = """
import numpy as np
from nea_env.core import jit
from nea_env.core.layout import DEBT, FLOWS, FRONT, STATE
from nea_env.core.booking import issue
state, flows = np.zeros((1, len(STATE))), np.zeros((1, len(FLOWS)))
state[0, DEBT] = 30.0
issue(0, state, flows, 100.0, 0.0)
print(jit._FOLDER, state[0, FRONT])
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of the package with a home folder of its own."""
    shutil.copytree(CORE.parent, tmp_path / "nea_env", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "home").mkdir()
    return tmp_path


def run(checkout: Path) -> tuple[Path, float]:
    """Cache folder and the units left in front after an allocation of 100 t, by a caller in another file."""
    env = os.environ | {"HOME": str(checkout / "home"), "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=checkout, env=env, capture_output=True, text=True, check=True
    )
    folder, front = done.stdout.split()
    return Path(folder), float(front)


def test_an_edited_rule_in_another_file_is_used_at_once(checkout):
    folder, front = run(checkout)
    assert front == 70.0
    assert folder.parent == checkout / "home" / ".cache" / "nea_env"
    compiled = sorted(folder.rglob("*.nb[ic]"))
    assert compiled
    again, front = run(checkout)
    assert (again, front) == (folder, 70.0)
    assert sorted(folder.rglob("*.nb[ic]")) == compiled, "the second run compiled again"

    rule = checkout / "nea_env/core/allocation.py"
    text = rule.read_text()
    assert "paid = min(tonnes, debt)" in text
    rule.write_text(text.replace("paid = min(tonnes, debt)", "paid = 0.5 * min(tonnes, debt)"))
    edited, front = run(checkout)
    assert front == 85.0
    assert edited != folder

    rule.write_text(text)
    assert run(checkout) == (folder, 70.0)


def test_any_source_of_the_core_starts_a_new_folder(checkout):
    namespace: dict = {"__file__": str(checkout / "nea_env/core/jit.py"), "__name__": "copy"}
    text = (checkout / "nea_env/core/jit.py").read_text()
    exec(compile(text.partition("_FOLDER = ")[0], "jit.py", "exec"), namespace)
    name = namespace["_source_hash"]
    seen = {name()}
    sources = sorted((checkout / "nea_env/core").glob("*.py"))
    assert len(sources) > 15
    for count, source in enumerate(sources, start=2):
        source.write_text(source.read_text() + "\n")
        seen.add(name())
        assert len(seen) == count, source.name
    (checkout / "nea_env/core/new_rule.py").write_text("")
    assert name() == name() and name() in seen  # an empty file holds no rule
    (checkout / "nea_env/core/new_rule.py").write_text("x = 1\n")
    assert name() not in seen


def test_other_packages_keep_their_own_cache():
    before = numba.config.CACHE_DIR
    assert jit(_next)(1) == 2
    assert numba.config.CACHE_DIR == before != jit_module._FOLDER
    with pytest.raises(TypeError):
        jit(1)
    assert numba.config.CACHE_DIR == before


def _next(x):
    return x + 1
