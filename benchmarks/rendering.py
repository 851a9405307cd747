"""Frames per second of ``render_mode="rgb_array"``, in whole episodes: ``python -m benchmarks.rendering``.

Compared with CartPole's frames in the same run if pygame is installed. The first episode of a new environment
has to make its figure; later ones reuse most of it. A vector environment counts one frame per row.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Callable

import gymnasium
import numpy as np

import nea_env  # noqa: F401 - registers the ids
from benchmarks.throughput import CARTPOLE, ID, Block, Line, rates, table

ACTION = np.array([0.2, 0.5, 0.3, 0.1, 0, 0, 0, 0], np.float32)
ROWS = 8


def episode_block(make: Callable[[], gymnasium.Env], action, reused: bool) -> Block:
    """Frames of one episode; of the same environment again and again where it is ``kept``."""
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rendering", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="episodes of each kind (default: %(default)s)")
    options = parser.parse_args()
    ours, theirs = (lambda name=name: gymnasium.make(name, render_mode="rgb_array") for name in (ID, CARTPOLE))
    blocks = {
        "an environment's first episode": episode_block(ours, ACTION, False),
        "its later episodes": episode_block(ours, ACTION, True),
        f"{ROWS} rows": vector_block(),
    }
    if importlib.util.find_spec("moviepy"):
        blocks["RecordVideo"] = video_block()
    if importlib.util.find_spec("pygame"):
        blocks[CARTPOLE] = episode_block(theirs, 0, True)
    best = rates(blocks, options.rounds)
    base = best.pop(CARTPOLE, None)
    print("frames per second, best of", options.rounds, "in turns")
    print(
        table([
            Line(what, f"{rate:,.0f}", f"{base:,.0f}" if base else "", f"{rate / base:.2f}" if base else "", "")
            for what, rate in best.items()
        ])
    )  # fmt: skip


if __name__ == "__main__":
    main()
