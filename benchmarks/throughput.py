"""Environment steps per second, resets included, and the bytes that a batch keeps.

The environments are compared with CartPole; batches of other sizes, mixtures and worlds with the default one.
"""

from __future__ import annotations

import gc
import time
import tracemalloc

import gymnasium
import numpy as np

import nea_env
from benchmarks.timing import CARTPOLE, ID, Block, Line, compared, rates, relative
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

PROCESSES = ("lattice", "jumps", "two_regimes", "bootstrap", "log_ou", "equilibrium")
BATCH_SIZES = (1_024, 4_096, 16_384, 100_000)


def lines(seconds: float, rounds: int) -> list[Line]:
    """Every line about steps.

    Args:
        seconds: length of a block.
        rounds: blocks of each side.
    """
    best = [
        duel(f"vector {n:,}", vector_block(ID, n, seconds), vector_block(CARTPOLE, n, seconds), target, rounds)
        for n, target in ((4_096, 1.2), (64, 4.0))
    ]
    best.append(duel("single", single_block(ID, seconds), single_block(CARTPOLE, seconds), 1.0, rounds))
    return best + flatness(seconds, rounds) + mixed(seconds, rounds) + worlds(seconds, rounds) + memory()


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


def duel(what: str, ours: Block, theirs: Block, target: float, rounds: int) -> Line:
    """Our rate over CartPole's."""
    best = rates({"ours": ours, "theirs": theirs}, rounds)
    return compared(what, best["ours"], best["theirs"], f">= {target:g}")


def flatness(seconds: float, rounds: int) -> list[Line]:
    """Rate at each size over the rate at the smallest."""
    best = rates({str(n): vector_block(ID, n, seconds) for n in BATCH_SIZES}, rounds)
    base = best[str(BATCH_SIZES[0])]
    return [relative(f"vector {n:,}, over {BATCH_SIZES[0]:,}", best[str(n)], base, "flat") for n in BATCH_SIZES]


def mixed(seconds: float, rounds: int) -> list[Line]:
    """Batches of every shipped scenario over batches of the default one in lockstep, of as many rows.

    In runs: scenario and month change every 64 rows. Spread: with every row, so that no two neighbours share a month.
    """
    every = [nea_env.load_scenario(name) for name in nea_env.scenarios()]
    best = []
    for what, n, run in (("in runs of 64", 65_536, 64), ("spread", 4_096, 1)):
        batch = Batch(every, n, scenario_of=np.arange(n) // run % len(every))
        for month in range(24):
            batch.step(np.zeros((n, Action.size), np.float32))
            batch.reset(mask=np.arange(n) // run // len(every) % 24 == month)
        kets = Batch(nea_env.load_scenario("kets"), n)
        rate = rates({"mixed": batch_block(batch, seconds), "one": batch_block(kets, seconds)}, rounds)
        target = ">= 0.6 x kets" if run > 1 else ""
        best.append(relative(f"{len(every)} scenarios {what}", rate["mixed"], rate["one"], target))
    return best


def worlds(seconds: float, rounds: int) -> list[Line]:
    """Batches under every other price process, and of every linked scenario, over the default one."""
    n, kets = 4_096, nea_env.load_scenario("kets")
    changed = {f"kets, {law}": nea_env.load_scenario("kets", {"market.law": law}) for law in PROCESSES}
    linked = {name: nea_env.load_scenario(name) for name in nea_env.scenarios() if name.startswith("linked_")}
    every = {"kets": kets, **changed, **linked}
    best = rates({name: batch_block(Batch(scenario, n), seconds) for name, scenario in every.items()}, rounds)
    targets = dict.fromkeys(changed, ">= 0.7 x kets") | dict.fromkeys(linked, ">= 0.6 x kets")
    return [relative(name, best[name], best["kets"], target) for name, target in targets.items()]


def memory() -> list[Line]:
    """Bytes a firm that a large vector environment keeps, and those a step needs on top while it runs."""
    n = BATCH_SIZES[-1]
    actions = np.zeros((n, Action.size), np.float32)
    gc.collect()
    tracemalloc.start()
    env = gymnasium.make_vec(ID, num_envs=n)
    env.reset(seed=0)
    kept = tracemalloc.get_traced_memory()[0] / n
    tracemalloc.reset_peak()
    env.step(actions)
    peak = tracemalloc.get_traced_memory()[1] / n
    tracemalloc.stop()
    return [
        Line("bytes a firm, kept", f"{kept:,.0f}", target="<= 750"),
        Line("bytes a firm, step results", f"{peak - kept:,.0f}"),
    ]
