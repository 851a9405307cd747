"""Tune the rules that take parameters: ``python -m nea_env.policies.tune kets [KEY=VALUE ...] [episodes=500]``.

Grid search, then two rounds of refinement around the best cell; the lever family is searched as ``levers`` does, the
thresholds by ``threshold_search``. All cells of a round play the same seeds in one batch, with costs marked to market
(``marking``), which need far fewer episodes; these seeds (from 500,000 on) are used for neither training nor
evaluation. Writes ``nea_env/policies/tuned.yaml``. ``--shipped`` tunes every scenario that ships, in half an hour of
one core.
"""

from __future__ import annotations

import argparse
import itertools
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from tqdm import tqdm

from nea_env.library import ScenarioError, scenarios
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, named
from nea_env.library.grammar import label
from nea_env.policies import levers, stored, threshold_search, tuned
from nea_env.policies.lever_rule import LeverRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.rules import InvestAtTrigger, JustInTime, Rule, TunedRule
from nea_env.policies.threshold_rule import ThresholdRule, as_numbers
from nea_env.scenario import Scenario

FIRST_SEED, EPISODES = 500_000, 500
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
    """Mean cost of each cell on the same seeds, marked to market, (cells,) in % of exposure."""
    means = []
    step = max(1, _ROWS_AT_ONCE // len(seeds))
    for first in range(0, len(cells), step):
        block = cells[first : first + step]
        columns = {key: np.repeat([cell[key] for cell in block], len(seeds)) for key in block[0]}
        rows = marked_costs(kind(**columns), scenario, np.tile(seeds, len(block)))
        means.append(rows.reshape(len(block), -1).mean(1))
    return np.concatenate(means)


def _product(grid: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _around(best: dict[str, float], widths: dict[str, float]) -> dict[str, Sequence[float]]:
    return {key: [round(best[key] + k * width, 4) for k in (-1, -0.5, 0, 0.5, 1)] for key, width in widths.items()}


def _middle(grid: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {key: values[len(values) // 2] for key, values in grid.items()}


def tune(kind: type[Rule], scenario: Scenario, episodes: int) -> dict[str, float]:
    """Best parameters of a rule: a coarse grid on a third of the seeds, two refinements on all of them.

    The ceiling for foreign units comes in after the grid: one more in the product would take five times as long.
    """
    grid, extra = GRIDS[kind], LINKED.get(kind, {}) if scenario.links else {}
    seeds = np.arange(FIRST_SEED, FIRST_SEED + episodes)
    cells = [cell | _middle(extra) for cell in _product(grid)]
    best = cells[int(score(kind, cells, scenario, seeds[: max(2, episodes // 3)]).argmin())]
    widths = {}
    for key, values in grid.items():
        place = values.index(best[key])
        widths[key] = max(np.diff(values)[max(0, place - 1) : place + 1])
    for _ in range(2):
        cells = [best] + [best | cell for cell in _product(_around(best, widths)) if cell.get("kappa", 1.0) > 0]
        cells += [best | cell for cell in _product(extra)] if extra else []
        best = cells[int(score(kind, cells, scenario, seeds).argmin())]
        widths = {key: width / 3 for key, width in widths.items()}
    if extra:
        cells = [best] + [best | cell for cell in _product(extra)]
        best = cells[int(score(kind, cells, scenario, seeds).argmin())]
    return {key: float(value) for key, value in best.items()}


def best_parameters(name: str, scenario: Scenario, episodes: int) -> dict[str, float]:
    """The best parameters found for a rule that takes any, by name: of a family that is searched, or with a grid."""
    if name == LeverRule.name:
        return {key: float(value) for key, value in asdict(levers.search(scenario, episodes=episodes)).items()}
    if name == ThresholdRule.name:
        return as_numbers(threshold_search.search(scenario, episodes))
    return tune(next(kind for kind in GRIDS if kind.name == name), scenario, episodes)


def tune_all(scenario: Scenario, episodes: int) -> dict[str, Any]:
    """Every tunable rule for a scenario, with its paired gain over just in time on fresh training seeds."""
    fresh = np.arange(FIRST_SEED + episodes, FIRST_SEED + 3 * episodes)
    base = marked_costs(JustInTime(), scenario, fresh)
    values: dict[str, Any] = {}
    kinds: tuple[type[Rule], ...] = (*GRIDS, LeverRule, ThresholdRule)
    for kind in kinds:
        best = best_parameters(kind.name, scenario, episodes)
        values[kind.name] = best
        gain = interval(marked_costs(kind(**best), scenario, fresh) - base)
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


def _episodes(text: str) -> int:
    if not text.isdecimal() or not 10 <= int(text) <= 100_000:
        raise ValueError(f"episodes={text}: allowed: 10 to 100000")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the file can't be written, 2 after a bad argument."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.tune", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    described = f"{WORDS}; or the setting episodes=NUMBER, 10 to 100000 ({EPISODES})"
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=described)
    parser.add_argument("--shipped", action="store_true", help="every scenario that ships")
    options = parser.parse_args(arguments)
    try:
        given = named(options.words, scenarios() if options.shipped else (), ("episodes",))
        episodes = _episodes(given.settings.get("episodes", str(EPISODES)))
        if len(given.scenarios) != 1 and not options.shipped:
            found = " ".join(given.scenarios)
            raise ValueError(f"{found}: one scenario at a time" if found else "which scenario? For instance kets")
        chosen = dict(zip(given.scenarios, given.load(), strict=True))
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for name, scenario in tqdm(chosen.items(), disable=not options.shipped):
        values = tune_all(scenario, episodes)
        tqdm.write(f"{label(scenario.name, scenario.changes)}: {values}")
        words = shlex.join((name, *given.overrides))
        command = f"python -m nea_env.policies.tune {words} episodes={episodes}"
        try:
            key = record(scenario, {"command": command, **values})
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        tqdm.write(f"{tuned.TUNED}: written, under {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
