"""Search the linear policies of a scenario: ``python -m nea_env.policies.search kets tps [KEY=VALUE] [episodes=32]``.

A linear policy sets each action to a weighted sum of a few columns of the observation, cut off at -1 and 1; it does
not invest unless told to. The search starts at just in time and moves to where the cost is lowest (cross-entropy
method, on training seeds). The table, on evaluation seeds, says what the policy found saves against just in time and
the tuned rule, how often it leaves duty unmet, and which lever earns it: what the same policy loses where one lever is
replaced by what just in time does. Differences are paired, in % of exposure, negative is cheaper; "marked" leaves out
what the price did to the books, whose mean is zero. Writes nea_env/policies/searched.yaml, from which
``searched_rule`` is made; with file=PATH it writes there instead.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from nea_env.library import ScenarioError, load_scenario, scenarios
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, named
from nea_env.library.columns import paragraph, table, width_of_terminal
from nea_env.library.grammar import label
from nea_env.policies import searched
from nea_env.policies.by_name import make_rule
from nea_env.policies.cross_entropy import FEATURES, INVESTMENT, Budget, search, space
from nea_env.policies.linear_rule import LinearRule, Weights
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.play import costs, play
from nea_env.policies.replaced import REPLACEMENTS, Replaced
from nea_env.policies.rules import JustInTime
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

EPISODES, LEVER_EPISODES = 4_000, 1_000
LIMITS = {"episodes": (2, 100_000), "generations": (1, 10_000), "population": (4, 10_000), "seed": (0, 10**9)}
"""Least and greatest values of the settings of a search."""

Difference = dict[str, float]
"""``mean``, ``low`` and ``high``, in % of exposure."""


class Findings(NamedTuple):
    """How a policy fares.

    Attributes:
        vs_just_in_time, vs_tuned_rule: paired difference in cost; negative is cheaper.
        marked: the same as the first, marked to market.
        unmet_paths: share of episodes in which duty was left unmet.
        unmet_pct: mean duty left unmet over an episode, % of a year's baseline emissions.
        levers: what is lost where a lever is replaced, marked to market; those that the scenario has.
    """

    vs_just_in_time: Difference
    vs_tuned_rule: Difference
    marked: Difference
    unmet_paths: float
    unmet_pct: float
    levers: dict[str, Difference]

    @property
    def best_lever(self) -> str | None:
        """The one whose replacement loses most, of those that just in time lacks; None where none loses anything."""
        own = {name: loss["mean"] for name, loss in self.levers.items() if not name.startswith("all ")}
        best = max(own, key=lambda name: own[name], default=None)
        return best if best is not None and self.levers[best]["low"] > 0.0 else None


def measure(weights: Weights, scenario: Scenario) -> Findings:
    """How a linear policy fares on evaluation seeds, and what each of its levers earns."""
    rule, seeds = LinearRule(weights), np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + EPISODES)
    full = play(rule, scenario, seeds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was not tuned for this scenario
        tuned_rule = make_rule("tuned_rule", scenario)
    marked = marked_costs(rule, scenario, seeds)
    unmet = full.totals["penalised"] / scenario.firm.annual_emissions
    opened, few = set(space(scenario, FEATURES | INVESTMENT).actions.tolist()), seeds[:LEVER_EPISODES]
    levers = {
        name: interval(marked_costs(Replaced(rule, stand_in.change), scenario, few) - marked[:LEVER_EPISODES])
        for name, stand_in in REPLACEMENTS.items()
        if stand_in.action in opened
    }
    return Findings(
        vs_just_in_time=interval(full.cost_pct - costs(JustInTime(), scenario, seeds)),
        vs_tuned_rule=interval(full.cost_pct - costs(tuned_rule, scenario, seeds)),
        marked=interval(marked - marked_costs(JustInTime(), scenario, seeds)),
        unmet_paths=float((unmet > 0.0).mean()),
        unmet_pct=float(100.0 * unmet.mean()),
        levers=levers,
    )


def stored_values(command: str, weights: Weights, found: Findings) -> dict[str, Any]:
    """What the file keeps for a scenario, besides the digest."""
    return {
        "command": command,
        searched.RULE: {action: dict(row) for action, row in weights.items()},
        searched.GAIN: _rounded(found.vs_just_in_time),
        searched.MARKED_GAIN: _rounded(found.marked),
        "unmet": {"paths": round(found.unmet_paths, 4), "pct_of_a_year": round(found.unmet_pct, 4)},
        "levers_pct": {name: round(loss["mean"], 3) for name, loss in found.levers.items()},
    }


def _rounded(values: Difference) -> Difference:
    return {key: round(value, 4) for key, value in values.items()}


def report(scenario: Scenario, found: Findings, width: int) -> list[str]:
    """Lines of one scenario's tables."""
    compared = [
        ["just in time", *_cells(found.vs_just_in_time)],
        ["just in time, marked", *_cells(found.marked)],
        ["tuned rule", *_cells(found.vs_tuned_rule)],
    ]
    levers = [[name, REPLACEMENTS[name].by, *_cells(loss)] for name, loss in found.levers.items()]
    facts = [
        f"{EPISODES:,} episodes",
        f"leaves duty unmet on {found.unmet_paths:.1%} of paths, {found.unmet_pct:.3f} % of a year's emissions a path",
        f"most is earned by: {found.best_lever or 'nothing'}",
    ]
    return [
        *paragraph(f"{label(scenario.name, scenario.changes)}: {'; '.join(facts)}", width),
        *table(["searched rule against", "difference", "95 % interval"], compared, width),
        *table(["lever", "replaced by", "loss", "95 % interval"], levers, width),
        "",
    ]


def _cells(values: Difference) -> list[str]:
    return [f"{values['mean']:.2f}", f"{values['low']:.2f} to {values['high']:.2f}"]


class Job(NamedTuple):
    """What the command line asks for."""

    scenarios: list[Scenario]
    names: list[str]
    budget: Budget
    invests: bool
    file: Path | None


def read_job(arguments: Sequence[str]) -> Job:
    """The command line.

    Raises:
        ValueError: one line that names the argument and what is allowed; a ScenarioError where it is a scenario.
        SystemExit: after ``--help``, or an option that there is not.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.search", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    budget = Budget()
    settings = ", ".join(f"{key}={value}" for key, value in budget._asdict().items())
    described = f"{WORDS}; or a setting: {settings}, file=PATH"
    parser.add_argument("arguments", nargs="*", metavar=METAVAR, help=described)
    parser.add_argument("--shipped", action="store_true", help="every scenario that ships")
    parser.add_argument("--invest", action="store_true", help="search investment too")
    given = parser.parse_args(arguments)
    words = named(given.arguments, (), (*LIMITS, "file"))
    file = Path(words.settings["file"]) if words.settings.get("file") else None
    for key, value in words.settings.items():
        if key != "file" or not value:
            budget = budget._replace(**{key: _number(key, value)})
    free = [name for name in scenarios() if not load_scenario(name).menu]  # rounded to a menu, a linear rule is another
    names = list(dict.fromkeys((*words.scenarios, *(free if given.shipped else ()))))
    stray = next((word for word in words.overrides if "." not in word.partition("=")[0]), None)
    if stray is not None and stray.partition("=")[0] not in Scenario.model_fields:
        _number(*stray.split("=", 1))  # a misspelt setting: says which there are
    if not names:
        raise ValueError("which scenario? For instance kets, or --shipped for all")
    words = words._replace(scenarios=tuple(names))
    return Job(words.load(), [shlex.join((name, *words.overrides)) for name in names], budget, given.invest, file)


def _number(key: str, value: str) -> int:
    argument = f"{key}={value}"
    if key not in LIMITS:
        raise ValueError(f"{argument}: allowed: {', '.join(f'{name}=<number>' for name in LIMITS)}, file=<path>")
    low, high = LIMITS[key]
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ValueError(f"{argument}: allowed: {low} to {high}")
    return int(value)


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the file can't be written, 2 after a bad argument."""
    try:
        job = read_job(arguments)
        if job.file is not None and job.file.is_dir():
            raise ValueError(f"file={job.file}: is a folder, allowed: a file")
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    features = FEATURES | INVESTMENT if job.invests else FEATURES
    rounds = len(job.names) * job.budget.generations
    with tqdm(total=rounds, desc="search", unit="generation", delay=2.0, leave=False) as bar:
        for scenario, name in zip(job.scenarios, job.names, strict=True):
            bar.set_description(scenario.name, refresh=False)
            weights = search(scenario, job.budget, features, bar.update)
            found = measure(weights, scenario)
            settings = " ".join(f"{key}={value}" for key, value in job.budget._asdict().items())
            command = f"python -m nea_env.policies.search {name} {settings}{' --invest' * job.invests}"
            with tqdm.external_write_mode():
                print(*report(scenario, found, width_of_terminal()), sep="\n", flush=True)
            try:
                key = searched.record(scenario, stored_values(command, weights, found), job.file)
            except (ValueError, OSError) as error:
                print(error, file=sys.stderr)
                return 1
    where = searched.SEARCHED if job.file is None else job.file
    print(f"{where}: written, {'under ' + key if len(job.names) == 1 else f'{len(job.names)} scenarios'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
