"""Parallel kernels beside forks and Python threads: nothing dies, nothing hangs, every bit the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORK = """
import hashlib, multiprocessing, os
import numpy as np
from nea_env.core.batch import Batch
from nea_env.library import load_scenario

N = 1100
SCENARIO = load_scenario("kets")

def digest(batch):
    found = hashlib.sha256()
    for month in range(3):
        for part in batch.step(np.full((N, 8), 0.1 * month, np.float32)):
            found.update(part.tobytes())
    return found.hexdigest()

def fresh(seed):
    batch = Batch(SCENARIO, N)
    batch.reset(np.arange(seed, seed + N))
    return batch

if __name__ == "__main__":
    batch = fresh(5)
    assert batch.threads == 2
    batch.step(np.zeros((N, 8), np.float32))  # starts the threads
    end, told = os.pipe()
    if os.fork() == 0:
        os.write(told, f"{digest(batch)} {digest(fresh(9))}".encode())
        os._exit(0)
    os.close(told)
    with open(end) as pipe:
        assert pipe.read().split() == [digest(batch), digest(fresh(9))], "the child"
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map_async(digest, [fresh(3), batch]).get(timeout=60) == [digest(fresh(3)), digest(batch)]
        assert pool.apply_async(fresh, (4,)).get(timeout=60).get_state().keys() == batch.get_state().keys()
"""

THREADS = """
import threading
import numpy as np
from nea_env.core.batch import Batch
from nea_env.library import load_scenario

N = 2048
batches = [Batch(load_scenario("kets"), N) for _ in range(3)]
twin = Batch(load_scenario("kets"), N, threads=1)
for batch in (*batches, twin):
    batch.reset(np.arange(N))
    assert batch.threads == (1 if batch is twin else 2)
shown = {}

def play(batch):
    shown[id(batch)] = [batch.step(np.full((N, 8), 0.02 * month, np.float32)) for month in range(20)]

threads = [threading.Thread(target=play, args=(batch,)) for batch in batches]
for thread in threads: thread.start()
for thread in threads: thread.join()
play(twin)
for batch in batches:
    for parts in zip(shown[id(batch)], shown[id(twin)], strict=True):
        assert all(np.array_equal(*pair) for pair in zip(*parts, strict=True))
"""


COMPILING = """
import os, threading, time
from numba.core.compiler_lock import global_compiler_lock
import nea_env.core.pool

held = threading.Event()

def compile_for_a_while():
    with global_compiler_lock:
        held.set()
        time.sleep(0.5)

threading.Thread(target=compile_for_a_while, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    with global_compiler_lock:
        os._exit(0)
until = time.monotonic() + 60
while os.waitpid(child, os.WNOHANG) == (0, 0):
    assert time.monotonic() < until, "the child waits for ever"
    time.sleep(0.01)
with global_compiler_lock:
    pass
"""


def run(code: str, tmp_path: Path, **settings: str) -> str:
    script = tmp_path / "script.py"
    script.write_text(code)
    env = os.environ | {"NUMBA_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)} | settings
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_plays_on_in_old_and_new_batches(tmp_path):
    run(FORK, tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_forked_while_another_thread_compiles_can_compile(tmp_path):
    run(COMPILING, tmp_path)


def test_threads_that_step_their_own_batches_at_once(tmp_path):
    run(THREADS, tmp_path, NUMBA_THREADING_LAYER="workqueue")  # the layer that every platform has


ENDING = """
import threading
import numpy as np
from nea_env.core.batch import Batch
from nea_env.library import load_scenario

batch = Batch(load_scenario("kets"), 1100)
assert batch.threads == 2
main, actions = threading.main_thread(), np.zeros((1100, 8), np.float32)

def play():
    batch.step(actions)
    main.join()
    for month in range(20):
        batch.step(actions)
    print("played")

threading.Thread(target=play).start()
"""


def test_a_thread_plays_on_while_the_interpreter_ends(tmp_path):
    assert run(ENDING, tmp_path) == "played\n"
