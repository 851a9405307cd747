"""What learners reach where the optimum is known: results of runs with shipped settings, kept and shown as a page.

The page names the commands that train. ``python -m agents.exact_learners runs/exact_learners`` keeps a line of JSON for
each run that has finished and writes the page; without a folder it only writes the page. Nothing is trained or played
here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import yaml  # the dialect of Hydra

from agents import metrics
from agents.command_line import compose_settings
from agents.learners import CHECKOUT, NAMES
from agents.refusal import JSON_ERRORS, SettingsError
from agents.results_page import ResultsPage
from agents.run_folder import RunFolder
from agents.settings import check
from nea_env.envs.reference.tables import table
from nea_env.library import load_scenario
from nea_env.library.pages import MARKDOWN

COMPARED = ("group_ppo", "maskable_ppo")
PLAN = CHECKOUT / "configs/sweep/exact_learners.yaml"
RESULTS = CHECKOUT / "docs/results/exact_learners.jsonl"
PAGE = CHECKOUT / f"docs/exact_learners{MARKDOWN}"

WRITTEN = f"<!-- Written by `python -m agents.exact_learners` from docs/results/{RESULTS.name}: nothing is by hand. -->"
ABOUT = f"""\
What the shipped algorithms (`configs/algo/`, `configs/experiment/`) reach on the ids whose
[optimum is known](exact{MARKDOWN}), on rewards marked to market. *Score* is 0 for just in time and 1 for the optimum,
*regret* the cost above it in % of exposure; both are exact, by the distribution of each model's own episodes, playing
its most likely action. *Complies* is the share of 10,000 held-out episodes in which no tonne of duty ended in a
penalty: where prices are high enough, the best is to sell and pay the fine. *Seconds* are those of training, on one
thread with another run beside it.

```bash
python train.py experiment=kets_exact                                          # one of these runs
python train.py -m sweep=exact_learners hydra.sweep.dir=runs/exact_learners    # all of GroupPPO's
python train.py -m env=tps_exact,kets_exact,tokyo_exact algo=maskable_ppo seed=0,1,2,3,4 \\
    figures=false hydra.sweep.dir=runs/exact_maskable
python -m agents.exact_learners runs/exact_learners runs/exact_maskable        # keeps them, and writes this page
```
"""


class Cell(NamedTuple):
    """One run of the plan."""

    scenario: str
    algorithm: str
    seed: int


def plan(path: Path = PLAN) -> tuple[Cell, ...]:
    """The runs of the page, in its order: those that the sweep's configuration names, and MaskablePPO's."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    choices = {key: str(values).split(",") for key, values in told["hydra"]["sweeper"]["params"].items()}
    order = itertools.product(choices["experiment"], COMPARED, choices["seed"])
    return tuple(Cell(scenario, algo, int(seed)) for scenario, algo, seed in order)


@lru_cache
def shipped(scenario: str, algorithm: str) -> dict[str, Any]:
    """The settings that a run of the page has, but for its seed, as plain values. Callers must not change them."""
    asked = [f"experiment={scenario}"] if algorithm == "group_ppo" else [f"env={scenario}", f"algo={algorithm}"]
    return compose_settings(asked).plain()


def _first_difference(own: Any, other: Any) -> str:
    if not isinstance(own, dict):
        return f"{own}, not {other}"
    return next(f"{name} is {own[name]}, not {other[name]}" for name in own if own[name] != other[name])


def _seconds(rows: Sequence[dict[str, str]]) -> float:
    """Of training: the clock of the log begins anew where a run was resumed."""
    told = [float(row["time/time_elapsed"]) for row in rows if row.get("time/time_elapsed")]
    ends = [before for before, after in itertools.pairwise([*told, 0.0]) if after < before]
    return sum(ends)


def measured(folder: RunFolder, planned: Sequence[Cell]) -> dict[str, Any] | None:
    """What is kept of a run; None if it has not finished, or is none of the plan.

    Raises:
        SettingsError: its settings are damaged, or are not the shipped ones.
        CheckpointError: its metrics are damaged.
    """
    try:
        found = json.loads(folder.evaluation.read_text(encoding="utf-8"))
        own = found["policies"][found["algorithm"]]
        exact, best = own["exact"], found["policies"]["optimum"]
    except JSON_ERRORS:
        return None
    if _cell(found) not in planned:
        return None
    settings = check(folder.read_config())
    if found["changes"]:
        raise SettingsError(f"{folder.path}: played {found['scenario']} with {', '.join(found['changes'])}")
    given, asked = settings.plain(), shipped(found["scenario"], settings.algo.name)
    for key in ("algo", "total_steps", "threads", "evaluation"):
        if given[key] != asked[key]:
            difference = _first_difference(given[key], asked[key])
            raise SettingsError(f"{folder.path}: {key} is not as shipped: {difference}")
    return {
        "scenario": found["scenario"], "algorithm": found["algorithm"], "seed": found["seed"], "steps": found["steps"],
        "digest": settings.scenario.digest, "score": exact["score"], "regret_pct": exact["regret_pct"],
        "compliance_rate": own["compliance_rate"], "seconds": _seconds(metrics.read(folder.metrics)),
        "best_complies": best["compliance_rate"],
    }  # fmt: skip


def _cell(found: dict[str, Any]) -> Cell:
    return Cell(found["scenario"], found["algorithm"], found["seed"])


HEAD = ("algorithm", "steps", "seeds", "scores", "mean score", "regret", "complies", "seconds")


def page(results: dict[Cell, dict[str, Any]], planned: Sequence[Cell]) -> str:
    """The page: a table for each scenario, and what has not been run or was run on an earlier law."""
    parts = ["# Learners where the optimum is known", "", WRITTEN, "", ABOUT]
    for scenario in dict.fromkeys(cell.scenario for cell in planned):
        found = [results[cell] for cell in planned if cell in results and cell.scenario == scenario]
        if found:
            parts += [f"## `{scenario}`", "", *table(HEAD, _rows(found)), ""]
        if any(one["digest"] != load_scenario(scenario).digest for one in found):
            parts += [f"Measured on an earlier version of `{scenario}`: run the sweep again.", ""]
    missing = [cell for cell in planned if cell not in results]
    if missing:
        parts += ["## Not run yet", "", *_missing(missing), ""]
    return "\n".join(parts).rstrip() + "\n"


def _missing(cells: Sequence[Cell]) -> Iterator[str]:
    for (scenario, algorithm), group in itertools.groupby(cells, lambda one: one[:2]):
        seeds = ", ".join(str(cell.seed) for cell in group)
        yield f"- {NAMES.get(algorithm, algorithm)}, `{scenario}`: seeds {seeds}"


def _rows(found: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for complies in {one["best_complies"] for one in found}:
        yield "optimum", "", "", "", "1.000", "0.000", f"{100.0 * complies:.4g} %", ""
    for algorithm in dict.fromkeys(one["algorithm"] for one in found):
        own = [one for one in found if one["algorithm"] == algorithm]
        scores, rates = [one["score"] for one in own], [one["compliance_rate"] for one in own]
        spread = f" ± {stdev(scores):.3f}" if len(scores) > 1 else ""
        yield (
            NAMES.get(algorithm, algorithm), f"{own[0]['steps'] / 1e6:.1f} million", str(len(own)),
            ", ".join(f"{score:.3f}" for score in scores), f"{fmean(scores):.3f}{spread}",
            f"{fmean(one['regret_pct'] for one in own):.3f}", f"{100.0 * fmean(rates):.4g} %",
            f"{min(one['seconds'] for one in own):.0f} to {max(one['seconds'] for one in own):.0f}",
        )  # fmt: skip


PLANNED = plan()
SHOWN = ResultsPage(
    "agents.exact_learners", __doc__, RESULTS, PAGE, PLANNED, lambda folder: measured(folder, PLANNED), _cell, page
)
gather, stored, main = SHOWN.gather, SHOWN.stored, SHOWN.main

if __name__ == "__main__":
    raise SystemExit(main())
