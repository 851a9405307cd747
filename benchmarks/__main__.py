"""``python -m benchmarks``: what this package promises of speed, compared with Gymnasium's CartPole in one run.

Both sides of a ratio take turns in short blocks and the best block of each counts, so that whatever else the machine
does slows neither for good. Rates are steps or frames a second.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import argparse
from collections.abc import Sequence

from benchmarks import optimum, rendering, solving, starting, throughput, training
from benchmarks.timing import table

FEW = 3
"""Rounds of what takes seconds: interpreters, trainings, episodes with their frames."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=0.25, help="length of a block (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=12, help=f"blocks of each side, at most {FEW} where one takes "
                        "seconds (default: %(default)s)")  # fmt: skip
    parser.add_argument("--no-ppo", action="store_true", help="leave out the training comparison")
    parser.add_argument("--cold", action="store_true", help="also compile all kernels anew, which takes about a minute")
    options = parser.parse_args(arguments)
    few = min(options.rounds, FEW)
    lines = starting.lines(few, options.cold)
    lines += throughput.lines(options.seconds, options.rounds)
    lines += solving.lines(few)
    lines += optimum.lines(few)
    if not options.no_ppo:
        lines += training.lines(few)
    lines += rendering.lines(few)
    print(f"best of {options.rounds} rounds, of {few} where one takes seconds")
    print(table(lines))


if __name__ == "__main__":
    main()
