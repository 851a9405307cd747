"""Ctrl-C in the middle of a step: all rows stand in one month, all counters too, and the environment plays on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CODE = r"""
import os, signal, subprocess, sys
import numpy as np
from nea_env.core.batch import Batch
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.library import load_scenario
from tests.asserts import assert_equal_steps, assert_same

TIMES, LIMIT = 40, 3
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
presses = '''
import os, random, signal, sys, time
random.seed(5)
for line in sys.stdin:
    time.sleep(random.uniform(0.0, 2e-3))
    os.kill(int(line), signal.SIGINT)
'''
# a process of its own: a thread could press only where this one has given up Python's lock
keyboard = subprocess.Popen([sys.executable, "-c", presses], stdin=subprocess.PIPE, start_new_session=True)

def interrupted(play, check):
    for _ in range(TIMES):
        try:
            keyboard.stdin.write(b"%d\n" % os.getpid())
            keyboard.stdin.flush()
            while True:
                play()
        except KeyboardInterrupt:
            check()

def play_single(env, action):
    if any(env.step(action)[2:4]):
        env.reset()

def check_single(env):
    months = env.batch.get_state()["_months"].tolist()
    assert [env._months] == months, (env._months, months)
    assert env.batch.ended == 0 and env._playing == (env._months < LIMIT)
    FirmEnv("kets", max_episode_steps=LIMIT).set_state(env.get_state())
    if not env._playing:
        env.reset()

def check_rows(env):
    months = env.batch.get_state()["_months"]
    assert (months == months[0]).all(), f"the rows stand in months {np.unique(months)}"
    assert (env._months == months).all(), f"{env._months[0]} months are counted, {months[0]} played"
    twin = FirmVectorEnv(env.num_envs, "kets", autoreset_mode=env.autoreset_mode, max_episode_steps=LIMIT)
    twin.set_state(env.get_state())
    actions = np.full((env.num_envs, 8), 0.2, np.float32)
    assert_equal_steps(env, twin, [actions] * 2)
    if env.render_mode:
        env.render()

def check_batch(batch):
    state = batch.get_state()
    assert len(np.unique(state["_months"])) == 1, f"the rows stand in months {np.unique(state['_months'])}"
    assert batch.ended == state["_ended"].sum()

if sys.argv[1] == "single":
    env, fresh = (FirmEnv("kets", max_episode_steps=LIMIT, render_mode="ansi") for _ in range(2))
    env.reset(seed=1)
    action = np.full(8, 0.1, np.float32)
    interrupted(lambda: play_single(env, action), lambda: check_single(env))
    following = [action] * (LIMIT - 1)
elif sys.argv[1] == "batch":
    batch = Batch(load_scenario("kets"), 2048)
    assert batch.threads == 2
    actions = np.full((2048, 8), 0.1, np.float32)
    interrupted(lambda: batch.step(actions, autoreset=True), lambda: check_batch(batch))
    sys.exit(0)
else:
    mode, n = sys.argv[1], int(sys.argv[2])
    shown = "ansi" if n == 2 else None
    env, fresh = (
        FirmVectorEnv(n, "kets", autoreset_mode=mode, max_episode_steps=LIMIT, render_mode=shown) for _ in range(2)
    )
    env.reset(seed=1, options={"scenario_seed": 7})
    actions = np.full((n, 8), 0.1, np.float32)
    interrupted(lambda: env.step(actions), lambda: check_rows(env))
    following = [actions] * (2 * LIMIT)
assert_same(env.reset(seed=9), fresh.reset(seed=9))
assert_equal_steps(env, fresh, following)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""

SAME_STEP = """
import copy, signal
import numpy as np
from nea_env.envs.firm_vector import FirmVectorEnv
from tests.asserts import assert_equal_steps

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started with it ignored
env = FirmVectorEnv(3, "linked_tokyo", autoreset_mode="SameStep", max_episode_steps=4)
env.reset(seed=1)
actions = np.full((3, 8), 0.5, np.float32)
for _ in range(3):
    env.step(actions)
twin = copy.deepcopy(env)
twin.step(actions)
start = env.batch._start

def pressed(*rows):
    start(*rows)
    signal.raise_signal(signal.SIGINT)

env.batch._start = pressed
try:
    env.step(actions)
except KeyboardInterrupt:
    del env.batch._start
    assert_equal_steps(env, twin, [actions] * 6)
else:
    raise SystemExit("not interrupted")
"""


def test_an_interrupt_between_the_start_of_an_episode_and_its_first_look_changes_nothing():
    done = subprocess.run(
        [sys.executable, "-c", SAME_STEP], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


CASES = [("single",), ("batch",), *((mode, rows) for mode in ("NextStep", "SameStep") for rows in ("2", "2048"))]


@pytest.mark.skipif(os.name != "posix", reason="only there can one process press Ctrl-C for another")
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_an_environment_plays_on_after_an_interrupt_at_any_moment(case, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CODE)
    env = os.environ | {"NUMBA_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script, *case], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
