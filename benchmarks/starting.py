"""Seconds until an environment has played its first month, each time in a fresh interpreter.

What is imported before the clock starts is Python itself: ``import nea_env`` loads Gymnasium and NumPy too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from benchmarks.timing import ID, Line

IMPORT = "import nea_env"
FIRST_MONTH = f"env = gymnasium.make({ID!r}); env.reset(seed=0); env.step(env.action_space.sample())"


def lines(rounds: int, cold: bool) -> list[Line]:
    """Every line about the start.

    Args:
        rounds: interpreters for each line, of which the best counts; the first has compiled what was missing.
        cold: compile all kernels, once.
    """
    best = [
        timed("import nea_env", 0.5, [seconds(IMPORT) for _ in range(rounds)]),
        timed("make, reset and step, compiled before", 1.0, [first_month() for _ in range(1 + rounds)][1:]),
    ]
    if cold:
        with TemporaryDirectory() as folder:
            best.append(timed("make, reset and step, nothing compiled", 60.0, [first_month(NUMBA_CACHE_DIR=folder)]))
    return best


def timed(what: str, target: float, tries: list[float]) -> Line:
    """The shortest of the tries."""
    return Line(what, f"{min(tries):.2f} s", target=f"< {target:g} s")


def first_month(**environment: str) -> float:
    """Seconds of the first month after the imports."""
    return seconds(FIRST_MONTH, "import gymnasium, nea_env", **environment)


def seconds(statement: str, before: str = "", **environment: str) -> float:
    """Seconds that a statement takes in a new interpreter.

    Args:
        statement: what is timed.
        before: runs before the clock starts.
        environment: variables that are set for it.

    Raises:
        subprocess.CalledProcessError: it failed; its own message is on stderr.
    """
    program = "\n".join([
        before, "from time import perf_counter", "start = perf_counter()", statement, "print(perf_counter() - start)",
    ])  # fmt: skip
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)
