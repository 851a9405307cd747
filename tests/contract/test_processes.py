"""The same episode in another process, with two threads, and in a child forked after a parallel batch."""

import hashlib
import subprocess
import sys

import pytest

from tests.contract.plans import months
from tests.contract.scope import MAIN, SCENARIOS, batch

HASH = """
import os
os.environ["NUMBA_NUM_THREADS"] = "2"
from tests.contract.test_processes import episode_hash
for name in {names!r}:
    print(name, episode_hash(name, threads=2))
"""

FORK = """
import os
os.environ["NUMBA_NUM_THREADS"] = "2"
import gymnasium, numpy as np, nea_env
env = gymnasium.make_vec("nea/{name}-v0", num_envs=2000)
env.reset(seed=0)
env.step(np.zeros((2000, 8), np.float32))
expected = gymnasium.make("nea/{name}-v0").reset(seed=3)[0]
child = os.fork()
if child == 0:
    single = gymnasium.make("nea/{name}-v0")
    first, _ = single.reset(seed=3)
    outcome = single.step(np.zeros(8, np.float32))
    os._exit(0 if (first == expected).all() and outcome[0] in single.observation_space else 3)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
"""


def episode_hash(name: str, threads: int) -> str:
    """Digest of all that whole episodes of 1,100 firms returned, closing state included."""
    firms = batch(name, 1100, seed=20, threads=threads)
    digest = hashlib.sha256(firms.observe().tobytes())
    for actions in months(firms, 4):
        for part in firms.step(actions):
            digest.update(part.tobytes())
    for values in firms.get_state().values():
        digest.update(values.tobytes())
    return digest.hexdigest()


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_process_with_two_threads_plays_the_same_episodes():
    names = [name for name in SCENARIOS if name in MAIN] or list(SCENARIOS)
    told = dict(line.split() for line in run(HASH.format(names=names)).splitlines())
    assert told == {name: episode_hash(name, threads=1) for name in names}


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="the system has no fork")
def test_a_forked_child_steps_a_single_environment():
    run(FORK.format(name="KETS"))
