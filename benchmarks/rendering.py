"""Frames per second of ``render_mode="rgb_array"``, whole episodes with their steps.

Beside CartPole's frames in the same run where pygame is installed, else by themselves. The first episode of a new
environment has its figure to make; later ones find most of it kept. A vector environment counts one frame a row.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable

import gymnasium
import numpy as np

import nea_env  # noqa: F401 - registers the ids
from benchmarks.timing import CARTPOLE, ID, Block, Line, compared, rates

ACTION = np.array([0.2, 0.5, 0.3, 0.1, 0, 0, 0, 0], np.float32)
ROWS = 8


def lines(rounds: int) -> list[Line]:
    """Every line about frames; ``rounds`` episodes of each kind."""
    ours, theirs = (lambda name=name: gymnasium.make(name, render_mode="rgb_array") for name in (ID, CARTPOLE))
    blocks = {
        "frames of an environment's first episode": episode_block(ours, ACTION, False),
        "frames of its later episodes": episode_block(ours, ACTION, True),
        f"frames of {ROWS} rows": vector_block(),
    }
    if importlib.util.find_spec("moviepy"):
        blocks["frames of RecordVideo"] = video_block()
    if importlib.util.find_spec("pygame"):
        blocks[CARTPOLE] = episode_block(theirs, 0, True)
    best = rates(blocks, rounds)
    base = best.pop(CARTPOLE, None)
    return [compared(what, rate, base) if base else Line(what, f"{rate:,.0f}") for what, rate in best.items()]


def episode_block(make: Callable[[], gymnasium.Env], action, reused: bool) -> Block:
    """Frames of one episode; of the same environment again and again where it is ``reused``."""
    held = [make()] if reused else []

    def block() -> int:
        env = held[0] if reused else make()
        env.reset(seed=0)
        frames, over = 0, False
        while not over:
            _, _, terminated, truncated, _ = env.step(action)
            env.render()
            frames, over = frames + 1, terminated or truncated
        return frames

    return block


def vector_block() -> Block:
    env = gymnasium.make_vec(ID, num_envs=ROWS, render_mode="rgb_array")
    actions = np.random.default_rng(0).uniform(-1, 1, (40, ROWS, 8)).astype(np.float32)

    def block() -> int:
        env.reset(seed=0)
        for action in actions:
            env.step(action)
            env.render()
        return ROWS * len(actions)

    return block


def video_block() -> Block:
    """An episode through Gymnasium's ``RecordVideo``, its encoding included."""

    def block() -> int:
        with tempfile.TemporaryDirectory() as folder:
            env = gymnasium.wrappers.RecordVideo(gymnasium.make(ID, render_mode="rgb_array"), f"{folder}/videos")
            env.reset(seed=0)
            frames, over = 1, False
            while not over:
                over, frames = env.step(ACTION)[2], frames + 1
            env.close()
            return frames

    return block
