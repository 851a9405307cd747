"""What each lever of a scenario is worth: ``python -m nea_env.policies.levers kets tps tokyo``.

A lever's worth is the cost of the best policy without it minus the cost of the best policy with every
lever, in % of exposure; "best" is the best member of ``LeverRule``'s family, searched again for each
variant. A lever is removed by changing the scenario (no carry-over, no borrowing, no offsets, no
links, no technologies, no operational abatement) or, for the timing of trades, by restricting the rule to the even
trade. The search uses training seeds, the table evaluation seeds, the same draws for every variant. Words such as
``market.price=30000`` change every scenario named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm import tqdm

from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, named
from nea_env.library.columns import paragraph, table, width_of_terminal
from nea_env.library.grammar import label
from nea_env.policies.lever_rule import SEARCH, LeverRule, Parameters
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import Outcome, interval
from nea_env.policies.play import costs, play
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

SEARCH_SEED = 800_000
SEARCH_EPISODES, EPISODES = 1_000, 10_000  # marked to market, half as many tell more than twice as many did
MAIN_ONES = ("kets", "tps", "tokyo")


def search(scenario: Scenario, fixed: tuple[str, ...] = (), episodes: int | None = None) -> Parameters:
    """The best member of the family, by two rounds of coordinate search on costs marked to market.

    Args:
        scenario: what is played.
        fixed: parameters that keep their default.
        episodes: that every member plays; ``SEARCH_EPISODES`` by default.
    """
    seeds = np.arange(SEARCH_SEED, SEARCH_SEED + (SEARCH_EPISODES if episodes is None else episodes))
    idle = {"abroad"} if not scenario.links else set()
    best, known = Parameters(), dict[Parameters, float]()

    def cost(member: Parameters) -> float:
        if member not in known:
            known[member] = float(marked_costs(LeverRule(member), scenario, seeds).mean())
        return known[member]

    for _ in range(2):
        for name, values in SEARCH.items():
            if name not in idle.union(fixed):
                best = min((best, *(replace(best, **{name: value}) for value in values)), key=cost)
    return best


def _without(scenario: Scenario, change: Callable[[Scenario], dict[str, object]]) -> Scenario:
    return scenario.model_copy(update=change(scenario))


def _no_banking(scenario: Scenario) -> dict[str, object]:
    none = {"limit": "none", "offsets_bankable": False}
    return _with(scenario, "banking", dict.fromkeys(scenario.regime.banking, none))


def _no_borrowing(scenario: Scenario) -> dict[str, object]:
    return _with(scenario, "borrowing", {})


def _with(scenario: Scenario, mechanism: str, rules: dict[str, Any]) -> dict[str, object]:
    """The firm with other rules for one mechanism, at the prices of a market that keeps its own."""
    rights = scenario.firm.rights.model_copy(update={mechanism: rules})
    return {"firm": scenario.firm.model_copy(update={"rights": rights})}


def _no_offsets(scenario: Scenario) -> dict[str, object]:
    return {"market": scenario.market.model_copy(update={"offset": None})}


def _no_links(scenario: Scenario) -> dict[str, object]:
    return {"links": ()}


def _no_investment(scenario: Scenario) -> dict[str, object]:
    return {"firm": scenario.firm.model_copy(update={"technologies": ()})}


def _no_abatement(scenario: Scenario) -> dict[str, object]:
    abatement = scenario.firm.abatement.model_copy(update={"max_share": 0.0})
    return {"firm": scenario.firm.model_copy(update={"abatement": abatement})}


LEVERS: dict[str, Callable[[Scenario], dict[str, object]]] = {
    "abatement": _no_abatement,
    "investment": _no_investment,
    "banking": _no_banking,
    "borrowing": _no_borrowing,
    "offsets": _no_offsets,
    "links": _no_links,
}
TIMING = ("hold", "lend", "early")
"""Parameters that make trades differ from the even trade."""


def used(outcome: Outcome, scenario: Scenario) -> dict[str, np.ndarray]:
    """In which episodes each lever and each technology was used, (n,) bool by name."""
    annual, totals = scenario.firm.annual_emissions, outcome.totals
    episodes = {
        "abatement": totals["abated"] > 1e-4 * annual,
        "investment": totals["invested"] > 0.0,
        "banking": outcome.carried_t > 1e-3 * annual,
        "borrowing": totals["borrowed"] > 1e-3 * annual,
        "offsets": totals["offsets_bought"] > 1e-3 * annual,
        "links": totals["foreign_bought"] > 1e-3 * annual,
    }
    return episodes | {
        f"technology {k + 1}": outcome.built_share[:, k] > 0.1 for k in range(len(scenario.firm.technologies))
    }


def measure(scenario: Scenario) -> tuple[Parameters, Outcome, dict[str, dict[str, float]]]:
    """The best rule, how it fares, and the worth of each lever (mean, low, high; % of exposure)."""
    seeds = np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + EPISODES)
    best = search(scenario)
    full = play(LeverRule(best), scenario, seeds)
    worth: dict[str, dict[str, float]] = {}
    levers = [name for name in LEVERS if name != "links" or scenario.links]
    for name in tqdm((*levers, "trade timing"), desc=scenario.name, leave=False):
        changed = _without(scenario, LEVERS[name]) if name in LEVERS else scenario
        fixed = () if name in LEVERS else TIMING
        other = costs(LeverRule(search(changed, fixed)), changed, seeds)
        worth[name] = interval(other - full.cost_pct)
    return best, full, worth


def report(
    scenario: Scenario,
    best: Parameters,
    full: Outcome,
    worth: dict[str, dict[str, float]],
    width: int,
) -> list[str]:
    """Lines of one scenario's table; its heading names the changes that were made."""
    episodes = used(full, scenario)
    rows = [
        [name, f"{value['mean']:.2f}", f"{value['low']:.2f} to {value['high']:.2f}", _share(episodes.get(name))]
        for name, value in worth.items()
    ]
    for index, technology in enumerate(scenario.firm.technologies):
        rows.append([f"  {technology.name}", "", "", _share(episodes[f"technology {index + 1}"])])
    name = label(scenario.name, scenario.changes)
    heading = f"{name}: {len(full.cost_pct):,} episodes, cost {full.cost_pct.mean():.2f} % of exposure"
    return [
        *paragraph(heading, width),
        *table(["lever", "worth, % of exposure", "95 % interval", "used on paths"], rows, width),
        *paragraph(f"best of the family: {best}", width),
        "",
    ]


def _share(episodes: np.ndarray | None) -> str:
    return "" if episodes is None else f"{100 * episodes.mean():.0f} %"


def main(arguments: Sequence[str]) -> int:
    """Command line: names of scenarios, the three main ones by default, and changes; 0, or 2 after a bad one."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.levers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    described = f"{WORDS} (default: {' '.join(MAIN_ONES)})"
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=described)
    given = named(parser.parse_args(arguments).words, MAIN_ONES)
    try:
        chosen = given.load()
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    for scenario in chosen:
        lines = report(scenario, *measure(scenario), width_of_terminal())
        print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
