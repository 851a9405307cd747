"""Throughput compared with Gymnasium's CartPole, as ratios measured in one run: ``python -m benchmarks.throughput``.

Both sides of a ratio take turns in short blocks and the best block of each counts, so whatever else
the machine does slows neither side for long. Steps are environment steps per second, resets included. Torch has
one thread on both sides: these networks are too small for two.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import gymnasium
import numpy as np

import nea_env
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

ID = "nea/KETS-v0"
CARTPOLE = "CartPole-v1"
PPO_CONFIG = Path(__file__).parents[1] / "configs" / "algo" / "ppo.yaml"
PROCESSES = ("lattice", "jumps", "two_regimes", "bootstrap", "log_ou", "equilibrium")
SIZES = (1_024, 4_096, 16_384, 100_000)

Block = Callable[[], int]  # plays for a while, returns environment steps


class Line(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    theirs: str
    ratio: str
    target: str


def vector_block(name: str, n: int, seconds: float) -> Block:
    env = gymnasium.make_vec(name, num_envs=n)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(4 if n > 4096 else 64)]
    env.step(actions[0])  # compiled before the clock starts

    def block() -> int:
        steps, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            for action in actions:
                env.step(action)
            steps += n * len(actions)
        return steps

    return block


def single_block(name: str, seconds: float) -> Block:
    env = gymnasium.make(name)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(256)]
    env.step(actions[0])

    def block() -> int:
        steps, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            for action in actions:
                _, _, terminated, truncated, _ = env.step(action)
                if terminated or truncated:
                    env.reset()
            steps += len(actions)
        return steps

    return block


def our_ppo_block() -> Block:
    """One rollout and its updates of PPO as configured, on 256 firms."""
    from ruamel.yaml import YAML

    from agents.algorithms import make_model
    from agents.sb3 import make_vec_env

    config = YAML(typ="safe").load(PPO_CONFIG.read_text(encoding="utf-8"))
    env = make_vec_env(ID, 256, seed=0)
    settings = {key: config[key] for key in ("policy", "policy_kwargs", "parameters") if key in config}
    model = make_model(config["name"], env, seed=0, gamma=env.get_attr("discount")[0], **settings)
    return _learn_block(model, 256 * model.n_steps)


def default_ppo_block() -> Block:
    """One rollout and its updates of Stable-Baselines3's PPO with its defaults, on a DummyVecEnv of 8 CartPoles."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    model = PPO("MlpPolicy", make_vec_env(CARTPOLE, n_envs=8, seed=0), seed=0, device="cpu")
    return _learn_block(model, 8 * model.n_steps)


def _learn_block(model, steps: int) -> Block:
    def block() -> int:
        model.learn(steps, reset_num_timesteps=False)
        return steps

    return block


def rates(blocks: dict[str, Block], rounds: int) -> dict[str, float]:
    """Best steps per second of each block, taking turns."""
    best = dict.fromkeys(blocks, 0.0)
    for _ in range(rounds):
        for name, block in blocks.items():
            gc.collect()
            start = time.perf_counter()
            steps = block()
            best[name] = max(best[name], steps / (time.perf_counter() - start))
    return best


def duel(what: str, ours: Block, theirs: Block, target: float, rounds: int) -> Line:
    """Our rate over CartPole's."""
    rate = rates({"ours": ours, "theirs": theirs}, rounds)
    ratio = rate["ours"] / rate["theirs"]
    return Line(what, f"{rate['ours']:,.0f}", f"{rate['theirs']:,.0f}", f"{ratio:.2f}", f">= {target:g}")


def flatness(seconds: float, rounds: int) -> list[Line]:
    """Rate at each size over the rate at the smallest."""
    rate = rates({str(n): vector_block(ID, n, seconds) for n in SIZES}, rounds)
    base = rate[str(SIZES[0])]
    return [Line(f"vector {n:,}, over {SIZES[0]:,}", f"{rate[str(n)]:,.0f}", "", f"{rate[str(n)] / base:.2f}", "flat")
            for n in SIZES]  # fmt: skip


def mixed(seconds: float, rounds: int) -> list[Line]:
    """Batches of every shipped scenario over batches of the default one in lockstep, of as many rows.

    In runs: scenario and month change every 64 rows. Spread: with every row, so that no two neighbours share a month.
    """
    every = [nea_env.load_scenario(name) for name in nea_env.scenarios()]
    lines = []
    for what, n, run in (("in runs of 64", 65_536, 64), ("spread", 4_096, 1)):
        batch = Batch(every, n, scenario_of=np.arange(n) // run % len(every))
        for month in range(24):
            batch.step(np.zeros((n, Action.size), np.float32))
            batch.reset(mask=np.arange(n) // run // len(every) % 24 == month)
        kets = Batch(nea_env.load_scenario("kets"), n)
        rate = rates({"mixed": batch_block(batch, seconds), "one": batch_block(kets, seconds)}, rounds)
        ratio, target = rate["mixed"] / rate["one"], ">= 0.6 x kets" if run > 1 else ""
        lines.append(Line(f"{len(every)} scenarios {what}", f"{rate['mixed']:,.0f}", "", f"{ratio:.2f}", target))
    return lines


def worlds(seconds: float, rounds: int) -> list[Line]:
    """Batches under every other price process, and of every linked scenario, over the default one."""
    n, kets = 4_096, nea_env.load_scenario("kets")
    changed = {f"kets, {process}": nea_env.load_scenario("kets", {"market.law": process}) for process in PROCESSES}
    linked = {name: nea_env.load_scenario(name) for name in nea_env.scenarios() if name.startswith("linked_")}
    every = {"kets": kets, **changed, **linked}
    rate = rates({name: batch_block(Batch(scenario, n), seconds) for name, scenario in every.items()}, rounds)
    targets = dict.fromkeys(changed, ">= 0.7 x kets") | dict.fromkeys(linked, ">= 0.6 x kets")
    return [
        Line(name, f"{rate[name]:,.0f}", "", f"{rate[name] / rate['kets']:.2f}", target)
        for name, target in targets.items()
    ]


def batch_block(batch: Batch, seconds: float) -> Block:
    actions = np.random.default_rng(0).uniform(-1, 1, (16, batch.n, Action.size)).astype(np.float32)
    batch.step(actions[0], autoreset=True)

    def block() -> int:
        steps, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            for action in actions:
                batch.step(action, autoreset=True)
            steps += batch.n * len(actions)
        return steps

    return block


def memory() -> list[Line]:
    """Bytes per firm that a large vector environment holds, and what a step needs on top while it runs."""
    n = SIZES[-1]
    actions = np.zeros((n, Action.size), np.float32)
    gc.collect()
    tracemalloc.start()
    env = gymnasium.make_vec(ID, num_envs=n)
    env.reset(seed=0)
    held = tracemalloc.get_traced_memory()[0] / n
    tracemalloc.reset_peak()
    env.step(actions)
    peak = tracemalloc.get_traced_memory()[1] / n
    tracemalloc.stop()
    return [
        Line("bytes per firm, held", f"{held:,.0f}", "", "", "<= 750"),
        Line("bytes per firm, step results", f"{peak - held:,.0f}", "", "", ""),
    ]


def table(lines: list[Line]) -> str:
    """The lines in columns."""
    rows = [Line("what", "ours", "CartPole", "ratio", "target"), *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=0.25, help="length of a block (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=12, help="blocks of each side (default: %(default)s)")
    parser.add_argument("--no-ppo", action="store_true", help="leave out the training comparison")
    options = parser.parse_args()
    seconds, rounds = options.seconds, options.rounds
    lines = [
        duel(f"vector {n:,}", vector_block(ID, n, seconds), vector_block(CARTPOLE, n, seconds), target, rounds)
        for n, target in ((4_096, 1.2), (64, 4.0))
    ]
    lines.append(duel("single", single_block(ID, seconds), single_block(CARTPOLE, seconds), 1.0, rounds))
    if not options.no_ppo:
        lines.append(duel("SB3 PPO", our_ppo_block(), default_ppo_block(), 50.0, 3))
    lines += flatness(seconds, rounds)
    lines += mixed(seconds, rounds)
    lines += worlds(seconds, rounds)
    lines += memory()
    print("environment steps per second, best of", rounds, "blocks a side in turns")
    print(table(lines))


if __name__ == "__main__":
    main()
