"""``python -m tests.fuzz``: shipped scenarios with other numbers, played by firms that act at random.

Prints a table of what was tried and, for every fault, the override that shows it again.
"""

from __future__ import annotations

import argparse
import os

os.environ["NUMBA_NUM_THREADS"] = "1"  # before the core is imported: processes share the cores

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice, repeat
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import nea_env
from tests.fuzz.numbers import at_bounds, draw
from tests.fuzz.play import Outcome, try_numbers

EQUILIBRIA = 0.004
"""Share of trials under the equilibrium process."""


class Trial(NamedTuple):
    """One changed scenario and what became of it."""

    name: str
    changes: dict[str, Any]
    outcome: Outcome

    @property
    def key(self) -> str:
        """The same for the same changes."""
        return f"{self.name} {sorted(self.changes.items())}"


def trials(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Scenarios and changes without end: first numbers at their bounds, then random ones."""
    names, rng = nea_env.scenarios(), np.random.default_rng(seed)
    yield from at_bounds(names, rng)
    for name in cycle(names):
        yield name, draw(name, rng, EQUILIBRIA)


def played(block: Sequence[tuple[int, tuple[str, dict[str, Any]]]], seed: int, rows: int) -> list[Trial]:
    """Numbered trials, each with draws of its own."""
    return [
        Trial(name, changes, try_numbers(name, changes, rows, np.random.default_rng((seed, number))))
        for number, (name, changes) in block
    ]


def run(seed: int, scenarios: int, rows: int, processes: int) -> Iterator[Trial]:
    """Trials until so many distinct changed scenarios were played to their end."""
    source, seen = enumerate(trials(seed)), set[str]()
    with ProcessPoolExecutor(processes) as pool, tqdm(total=scenarios, unit=" scenarios") as bar:
        while len(seen) < scenarios:
            blocks = [list(islice(source, 20)) for _ in range(8 * processes)]
            for block in pool.map(played, blocks, repeat(seed), repeat(rows)):
                seen.update(one.key for one in block if one.outcome.firm_months)
                bar.update(min(len(seen), scenarios) - bar.n)
                yield from block


def main(arguments: Sequence[str]) -> int:
    """Command line. Returns 1 where a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=10_000, help="distinct changed scenarios to play to the end")
    parser.add_argument("--rows", type=int, default=120, help="firms a scenario")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    begun, firm_months, counts, kinds = time.monotonic(), 0, Counter[str](), Counter[str]()
    distinct = set[str]()
    for one in run(options.seed, options.scenarios, options.rows, options.processes):
        firm_months += one.outcome.firm_months
        what = "faults" if one.outcome.fault else "refused" if one.outcome.refused else "played"
        counts[what] += 1
        if what == "played":
            distinct.add(one.key)
        if one.outcome.fault:
            kinds[one.outcome.fault[:40]] += 1
            if kinds[one.outcome.fault[:40]] <= 5:
                tqdm.write(f"{one.name} {one.changes}: {one.outcome.fault}")
    minutes = (time.monotonic() - begun) / 60.0
    print(f"seed {options.seed}: {len(distinct):,} distinct changed scenarios played, {firm_months:,} firm-months,")
    print(f"{counts['refused']:,} refused in one line, {counts['faults']:,} faults, {minutes:.0f} minutes")
    for kind, count in kinds.most_common():
        print(f"  {count:6,}  {kind}")
    return 1 if counts["faults"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
