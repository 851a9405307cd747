"""The exact track: places and joint actions solved in a second, and a NumPy value iteration of the same arrays."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.timing import Line
from nea_env.library import load_scenario
from nea_env.solvers.exact import Exact

NAMES = ("tps_exact", "kets_exact", "tokyo_exact")
COMPARED = "tps_exact"  # its rewards fit into memory


def lines(rounds: int) -> list[Line]:
    """Each id solved anew, and the backups of one of them alone; the best of so many rounds, compiled before."""
    found = []
    for name in NAMES:
        exact, best = _solved(name, rounds)
        cells = sum(n * prices for n, prices in exact.sizes) * len(exact.scenario.menu)
        found.append(Line(f"optimum of {name}, places x actions a second", f"{cells / best:,.0f}", "", f"{best:.1f} s",
                          "<= 30 s"))  # fmt: skip
        if name == COMPARED:
            backups = _backups(exact, rounds)
            found.append(
                Line(f"  backups of {name} alone, by NumPy", f"{cells / backups:,.0f}", "", f"{best / backups:.2f}")
            )
    return found


def _solved(name: str, rounds: int) -> tuple[Exact, float]:
    scenario, best = load_scenario(name), float("inf")
    exact = Exact(scenario, progress=False, cache=False)
    for _ in range(rounds):
        start = time.perf_counter()
        exact = Exact(scenario, progress=False, cache=False)
        best = min(best, time.perf_counter() - start)
    return exact, best


def _backups(exact: Exact, rounds: int) -> float:
    """Seconds of the induction if every reward and every transition is given."""
    rewards = [exact.rewards(month, np.arange(prices)) for month, (_, prices) in enumerate(exact.sizes)]
    best = float("inf")
    for _ in range(rounds):
        start, after = time.perf_counter(), None
        for month in reversed(range(len(rewards))):
            worth = rewards[month]
            if after is not None:
                expected = exact.discount * (after @ exact.moves[month].T)
                worth = worth + expected[exact.successors[month]].transpose(0, 2, 1)
            after = worth.max(axis=2)
        best = min(best, time.perf_counter() - start)
        assert after is not None and np.isclose(after[0, 0], exact.value, rtol=0, atol=1e-12)
    return best
