"""What ``make bench`` counts, on a clock that the blocks themselves move; and that it runs, whatever its figures."""

from __future__ import annotations

import re
import subprocess
from types import SimpleNamespace

import pytest

from benchmarks import starting, timing
from benchmarks.__main__ import main
from benchmarks.training import Learning


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when somebody adds them."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)
    return clock


def test_blocks_take_turns_and_the_best_counts(clock):
    played, lengths = [], {"ours": iter((2.0, 1.0, 4.0)), "theirs": iter((8.0, 8.0, 5.0))}

    def block(name: str) -> timing.Block:
        def play() -> int:
            played.append(name)
            clock.now += next(lengths[name])
            return 100

        return play

    assert timing.rates({name: block(name) for name in lengths}, 3) == {"ours": 100.0, "theirs": 20.0}
    assert played == ["ours", "theirs"] * 3


def test_the_environments_share_of_a_training(clock):
    def passing(seconds: float) -> None:
        clock.now += seconds

    def learn(steps: int, reset_num_timesteps: bool) -> None:
        for _ in range(steps // env.num_envs):
            env.step(0.1)
            passing(0.3)

    env = SimpleNamespace(num_envs=4, step=passing)
    block = Learning(SimpleNamespace(env=env, n_steps=5, learn=learn), rollouts=2)
    assert (block(), block()) == (40, 40)
    assert block.share == pytest.approx(0.25)


def test_a_start_is_timed_after_what_comes_before_it():
    assert starting.seconds("pass", "import time; time.sleep(0.5)") < 0.5
    assert starting.seconds("time.sleep(0.01)", "import time") >= 0.01
    with pytest.raises(subprocess.CalledProcessError):
        starting.seconds("raise SystemExit(1)")


def test_a_start_reads_the_variables_given():
    assert starting.seconds("assert os.environ['NUMBA_CACHE_DIR'] == 'here'", "import os", NUMBA_CACHE_DIR="here") >= 0


@pytest.mark.slow
def test_every_line_has_a_figure(capsys):
    pytest.importorskip("stable_baselines3")
    main(["--seconds", "0.01", "--rounds", "1"])
    _, _, *lines = capsys.readouterr().out.splitlines()
    for promised in ("import nea_env", "make, reset", "vector 4,096", "single", "raw PPO", "PPO of make train"):
        assert any(line.startswith(promised) for line in lines), promised
    for line in lines:
        assert re.search(r" {2,}[\d,.]*[1-9]", line), line
