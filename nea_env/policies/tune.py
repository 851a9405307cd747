"""Tune the rules that take parameters: ``python -m nea_env.policies.tune kets [KEY=VALUE ...] [episodes=1000]``.

Grid search, then two rounds of refinement around the best cell. All cells of a round play the same seeds
in one batch; these seeds (from 500,000 on) are used for neither training nor evaluation. Writes
``nea_env/policies/tuned.yaml``.
"""

from __future__ import annotations

import argparse
import itertools
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, named
from nea_env.library.grammar import label
from nea_env.policies import stored, tuned
from nea_env.policies.outcome import interval
from nea_env.policies.play import costs
from nea_env.policies.rules import InvestAtTrigger, JustInTime, Rule, TunedRule
from nea_env.scenario import Scenario

FIRST_SEED = 500_000
GRIDS: dict[type[Rule], dict[str, tuple[float, ...]]] = {
    TunedRule: {
        "a": (-4.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.1, 0.3, 0.6, 1.0),
        "b": (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
        "stop": (0.1, 0.25, 0.4, 0.55, 0.7, 0.85),
    },
    InvestAtTrigger: {"kappa": (0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)},
}
LINKED: dict[type[Rule], dict[str, tuple[float, ...]]] = {TunedRule: {"abroad": (-0.6, -0.3, -0.15, -0.05, 0.05)}}
"""What is searched besides where there are foreign units to buy."""

_ROWS_AT_ONCE = 40_000
_HEADING = (
    "# Written by `python -m nea_env.policies.tune`: parameters of the rules; `digest` is that of its scenario's"
    " content.\n"
)


def score(kind: type[Rule], cells: Sequence[dict[str, float]], scenario: Scenario, seeds: np.ndarray) -> np.ndarray:
    """Mean cost of each cell on the same seeds, (cells,) in % of exposure."""
    means = []
    step = max(1, _ROWS_AT_ONCE // len(seeds))
    for first in range(0, len(cells), step):
        block = cells[first : first + step]
        columns = {key: np.repeat([cell[key] for cell in block], len(seeds)) for key in block[0]}
        means.append(costs(kind(**columns), scenario, np.tile(seeds, len(block))).reshape(len(block), -1).mean(1))
    return np.concatenate(means)


def _product(grid: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _around(best: dict[str, float], widths: dict[str, float]) -> dict[str, Sequence[float]]:
    return {key: [round(value + k * widths[key], 4) for k in (-1, -0.5, 0, 0.5, 1)] for key, value in best.items()}


def tune(kind: type[Rule], scenario: Scenario, episodes: int) -> dict[str, float]:
    """Best parameters of a rule: a coarse grid on a third of the seeds, two refinements on all of them."""
    grid = GRIDS[kind] | (LINKED.get(kind, {}) if scenario.links else {})
    seeds = np.arange(FIRST_SEED, FIRST_SEED + episodes)
    cells = _product(grid)
    best = cells[int(score(kind, cells, scenario, seeds[: max(2, episodes // 3)]).argmin())]
    widths = {}
    for key, values in grid.items():
        place = values.index(best[key])
        widths[key] = max(np.diff(values)[max(0, place - 1) : place + 1])
    for _ in range(2):
        cells = [best] + [cell for cell in _product(_around(best, widths)) if cell.get("kappa", 1.0) > 0]
        best = cells[int(score(kind, cells, scenario, seeds).argmin())]
        widths = {key: width / 3 for key, width in widths.items()}
    return {key: float(value) for key, value in best.items()}


def tune_all(scenario: Scenario, episodes: int) -> dict[str, Any]:
    """Every tunable rule for a scenario, with its paired gain over just in time on fresh training seeds."""
    fresh = np.arange(FIRST_SEED + episodes, FIRST_SEED + 3 * episodes)
    base = costs(JustInTime(), scenario, fresh)
    values: dict[str, Any] = {}
    for kind in GRIDS:
        best = tune(kind, scenario, episodes)
        values[kind.name] = best
        gain = interval(costs(kind(**best), scenario, fresh) - base)
        values[f"{kind.name}_vs_just_in_time_pct"] = {key: round(value, 4) for key, value in gain.items()}
    return values


def record(scenario: Scenario, values: Mapping[str, Any]) -> str:
    """Put what was tuned for one scenario into the file, the other entries untouched.

    Returns:
        The entry's key: the scenario's name, or the name and the digest where another content has the name.

    Raises:
        ValueError: the file is damaged.
        OSError: it can't be written; it is as it was before.
    """
    return stored.record(tuned.TUNED, _HEADING, tuned.read, scenario, values)


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the file can't be written, 2 after a bad argument."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.tune", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    described = f"{WORDS}; or the setting episodes=NUMBER, 10 to 100000 (1000)"
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=described)
    given = named(parser.parse_args(arguments).words, (), ("episodes",))
    try:
        text = given.settings.get("episodes", "1000")
        if not text.isdecimal() or not 10 <= int(text) <= 100_000:
            raise ValueError(f"episodes={text}: allowed: 10 to 100000")
        if len(given.scenarios) != 1:
            found = " ".join(given.scenarios)
            raise ValueError(f"{found}: one scenario at a time" if found else "which scenario? For instance kets")
        (scenario,) = given.load()
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    values = tune_all(scenario, int(text))
    print(f"{label(scenario.name, scenario.changes)}: {values}")
    words = shlex.join((*given.scenarios, *given.overrides))
    command = f"python -m nea_env.policies.tune {words} episodes={int(text)}"
    try:
        key = record(scenario, {"command": command, **values})
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{tuned.TUNED}: written, under {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
