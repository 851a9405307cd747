"""What learners reach on true and on marked rewards: results of two sweeps, kept and shown as a page.

``python train.py -m sweep=learners hydra.sweep.dir=runs/learners`` trains, ``resume=runs/learners`` goes on with it;
so does ``sweep=learners_long``, with more steps.
``python -m agents.learners runs/learners`` keeps a line of JSON for each run that has finished, in place of an earlier
one of the same cell, and writes the page; without a folder it only writes the page. Nothing is trained or played here.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import yaml  # the dialect of Hydra

from agents.refusal import JSON_ERRORS, SettingsError
from agents.results_page import ResultsPage
from agents.run_folder import RunFolder
from agents.settings import check
from nea_env.envs.reference.front_page import MINUS
from nea_env.envs.reference.tables import table
from nea_env.library import load_scenario
from nea_env.library.pages import MARKDOWN

CHECKOUT = Path(__file__).resolve().parents[1]
PLANS = tuple(CHECKOUT / f"configs/sweep/{name}.yaml" for name in ("learners", "learners_long"))
ALGORITHMS = CHECKOUT / "configs/algo"
RESULTS = CHECKOUT / "docs/results/learners.jsonl"
PAGE = CHECKOUT / f"docs/learners{MARKDOWN}"

RULES = ("just_in_time", "tuned_rule", "lever_rule")
"""Rules that the page compares with."""
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""Number of seeds -> 97.5 % point of Student's t distribution with one degree of freedom less."""

WRITTEN = f"<!-- Written by `python -m agents.learners` from docs/results/{RESULTS.name}: nothing here is by hand. -->"
ABOUT = """\
What the shipped algorithms (`configs/algo/`) reach after {budgets} steps, on the true reward and on rewards
[marked to market]({training}). PPO corrects the just-in-time rule (`agents/residual.py`) in either case;
MaskablePPO and SAC start from scratch. Cost is in % of exposure over {episodes:,} held-out episodes; *vs* is the
paired difference, negative is cheaper. A learner's figures are means over its seeds with 95 % intervals from their
spread (Student's t), a rule's intervals are over episodes. *Marked less true* is what training on marked rewards
changes, seed by seed. *Complies* is the share of episodes in which no tonne of duty ended in a penalty, on average
and, where seeds differ, with the worst one. Models play their most likely action.

```bash
python train.py -m sweep=learners hydra.sweep.dir=runs/learners              # resume=runs/learners goes on with it
python train.py -m sweep=learners_long hydra.sweep.dir=runs/learners_long    # more steps, without SAC
python -m agents.learners runs/learners runs/learners_long                   # keeps those that have finished
```
"""
NAMES = {"ppo": "PPO", "maskable_ppo": "MaskablePPO", "group_ppo": "GroupPPO", "sac": "SAC"}


class Cell(NamedTuple):
    """One run of the plan; ``budget`` is the number of steps that it asks for."""

    scenario: str
    algorithm: str
    budget: int
    marked: bool
    seed: int


def plan(paths: Sequence[Path] = PLANS) -> tuple[Cell, ...]:
    """The runs that the sweeps' configurations name, in the order of the page."""
    cells: list[Cell] = []
    for path in paths:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        choices = {key: str(values).split(",") for key, values in told["hydra"]["sweeper"]["params"].items()}
        order = itertools.product(choices["env"], choices["algo"], choices["algo.marked"], choices["seed"])
        budget = int(told["total_steps"])
        cells += [Cell(env, algo, budget, marked == "true", int(seed)) for env, algo, marked, seed in order]
    return tuple(cells)


def measured(folder: RunFolder) -> dict[str, Any] | None:
    """What is kept of a run; None if it has not finished, or is none.

    Raises:
        SettingsError: its settings are damaged, or it played a changed scenario, or trained as no shipped one does.
    """
    try:
        found = json.loads(folder.evaluation.read_text(encoding="utf-8"))
        own = found["policies"][found["algorithm"]]
    except JSON_ERRORS:
        return None
    settings = check(folder.read_config())
    own_settings = settings.algo.model_dump(mode="json")
    for key, value in yaml.safe_load((ALGORITHMS / f"{settings.algo.name}.yaml").read_text(encoding="utf-8")).items():
        if key not in ("marked", "total_steps") and own_settings[key] != value:
            raise SettingsError(f"{folder.path}: algo.{key} is {own_settings[key]}, not as shipped: {value}")
    if found["changes"]:
        raise SettingsError(f"{folder.path}: played {found['scenario']} with {', '.join(found['changes'])}")
    kept = ("cost_pct", *(f"vs_{name}" for name in RULES), "compliance_rate")
    rules = {name: {key: found["policies"][name][key] for key in ("cost_pct", "compliance_rate")} for name in RULES}
    return {
        "scenario": found["scenario"], "algorithm": found["algorithm"], "marked": settings.algo.marked,
        "seed": found["seed"], "budget": settings.total_steps, "steps": found["steps"], "episodes": found["episodes"],
        "first_seed": found["first_seed"], "digest": settings.scenario.digest,
        **{key: own[key] for key in kept}, "rules": rules,
    }  # fmt: skip


def _cell(found: dict[str, Any]) -> Cell:
    return Cell(found["scenario"], found["algorithm"], found["budget"], found["marked"], found["seed"])


def page(results: dict[Cell, dict[str, Any]], planned: Sequence[Cell]) -> str:
    """The page: a table for each scenario, what has not been run, and what was measured on an earlier law."""
    episodes = next((found["episodes"] for found in results.values()), 0)
    budgets = " and ".join(f"{budget:,}" for budget in dict.fromkeys(cell.budget for cell in planned))
    about = ABOUT.format(budgets=budgets, episodes=episodes, training=f"training{MARKDOWN}")
    parts = ["# Learners", "", WRITTEN, "", about]
    for scenario in dict.fromkeys(cell.scenario for cell in planned):
        found = {cell: results[cell] for cell in planned if cell in results and cell.scenario == scenario}
        if found:
            parts += [f"## `{scenario}`", "", *table(HEAD, _rows(found)), ""]
            if any(one["digest"] != load_scenario(scenario).digest for one in found.values()):
                parts += [f"Measured on an earlier version of `{scenario}`: run the sweep again.", ""]
    missing = [cell for cell in planned if cell not in results]
    if missing:
        parts += ["## Not run yet", "", *_missing(missing), ""]
    return "\n".join(parts).rstrip() + "\n"


HEAD = ("policy", "steps", "reward", "seeds", "cost", *(f"vs {name.replace('_', ' ')}" for name in RULES),
        "marked less true", "complies")  # fmt: skip


def _rows(found: dict[Cell, dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    rules = next(iter(found.values()))["rules"]
    for name, rule in rules.items():
        cost = rule["cost_pct"]
        shown = _interval(cost["mean"], cost["low"], cost["high"])
        yield (name.replace("_", " "), "", "", "", shown, "", "", "", "", _share([rule["compliance_rate"]]))
    for algorithm, budget, marked in dict.fromkeys(cell[1:4] for cell in found):
        kept = {cell: one for cell, one in found.items() if (cell.algorithm, cell.budget) == (algorithm, budget)}
        own = {cell.seed: one for cell, one in kept.items() if cell.marked == marked}
        twin = {cell.seed: one for cell, one in kept.items() if not cell.marked}
        pairs = [_mean(own[seed]) - _mean(twin[seed]) for seed in own if seed in twin]
        yield (
            NAMES.get(algorithm, algorithm), f"{budget:,}", "marked" if marked else "true", str(len(own)),
            _over_seeds([_mean(one) for one in own.values()]),
            *(_over_seeds([_mean(one, f"vs_{name}") for one in own.values()]) for name in RULES),
            _over_seeds(pairs) if marked else "",
            _share([one["compliance_rate"] for one in own.values()]),
        )  # fmt: skip


def _mean(found: dict[str, Any], figure: str = "cost_pct") -> float:
    return float(found[figure]["mean"])


def _over_seeds(values: Sequence[float]) -> str:
    """Mean and interval over seeds; without an interval where there is one seed, nothing where there is none."""
    if len(values) < 2:
        return _signed(values[0]) if values else ""
    mean, half = fmean(values), STUDENT[min(len(values), max(STUDENT))] * stdev(values) / math.sqrt(len(values))
    return _interval(mean, mean - half, mean + half)


def _interval(mean: float, low: float, high: float) -> str:
    return f"{_signed(mean)} [{_signed(low)}, {_signed(high)}]"


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", MINUS)


def _share(rates: Sequence[float]) -> str:
    mean, worst = f"{100.0 * fmean(rates):.4g} %", f"{100.0 * min(rates):.4g} %"
    return mean if mean == worst else f"{mean} ({worst})"


def _missing(cells: Sequence[Cell]) -> Iterator[str]:
    for (scenario, algorithm, budget, marked), group in itertools.groupby(cells, lambda one: one[:4]):
        seeds = ", ".join(str(cell.seed) for cell in group)
        rewards = "marked" if marked else "true"
        yield f"- {NAMES.get(algorithm, algorithm)}, {budget:,} steps, {rewards} rewards, `{scenario}`: seeds {seeds}"


SHOWN = ResultsPage("agents.learners", __doc__, RESULTS, PAGE, plan(), measured, _cell, page)
gather, stored, main = SHOWN.gather, SHOWN.stored, SHOWN.main

if __name__ == "__main__":
    raise SystemExit(main())
