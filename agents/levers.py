"""What each lever of a scenario is worth: ``python -m agents.levers kets tps tokyo``.

A lever's worth is the cost of the best policy without it less the cost of the best policy with every
lever, in % of exposure; "best" is the best member of ``LeverRule``'s family, searched again for each
variant. A lever is taken away by changing the scenario (no carry-over, no borrowing, no offsets, no
links, no technologies, no operational abatement) or, for the timing of trades, by holding the rule to the even
trade. The search uses training seeds, the table evaluation seeds, the same draws for every variant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table
from rich.text import Text

from agents.evaluate import interval
from agents.rules import FULL, JustInTime, Rule, imports, unsquashed
from agents.seeds import EVALUATION_SEEDS
from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, TECHS, Action
from nea_env.library import ScenarioError, load_scenario
from nea_env.scenario import Regime, Scenario

SEARCH_SEED = 800_000
SEARCH_EPISODES, EPISODES = 2_000, 10_000


@dataclass(frozen=True)
class Parameters:
    """One member of the family; every value is a number the search can move."""

    kappa: float = 1.2  # invest while saving plus residual is this many times capex
    fade: float = 0.0  # how much the hurdle falls over the episode
    offset_below: float = -0.1  # buy offsets while the log ratio lies below
    hold: float = 0.0  # share of a surplus kept while the front is at a discount
    lend: float = 0.0  # share of the borrowing right left uncovered while the front is dear
    early: float = 0.0  # share of an expected gap bought each month before the emissions have ended
    abroad: float = -0.1  # import while the log of the foreign over the home price lies below
    abate: float = 1.0  # operational abatement, times the share whose marginal cost meets the price


SEARCH: dict[str, tuple[float, ...]] = {
    "kappa": (1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8, 9.0),
    "fade": (0.0, 0.2, 0.5),
    "offset_below": (-9.0, -0.4, -0.25, -0.15, -0.08, 0.0),
    "hold": (0.0, 0.5, 0.6, 0.75, 0.83, 1.0),
    "lend": (0.0, 0.5, 1.0),
    "early": (0.0, 0.05, 0.2),
    "abroad": (-9.0, -0.5, -0.2, -0.1, -0.05, 0.0),
    "abate": (1.0, 0.8, 1.2, 0.0),
}


class LeverRule(Rule):
    """Just in time, with a hurdle for investment, a ceiling for offsets and a taste for the front's discount."""

    name = "lever_rule"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32."""
        own = self.parameters
        actions = JustInTime().act(observation)
        column = {name: observation[:, index].astype(float) for name, index in OBS_INDEX.items()}
        actions[:, Action.ABATE] *= own.abate

        hurdle = own.kappa - own.fade * column["progress"] - 1.0
        value = np.full(len(observation), -np.inf)
        for k in reversed(range(TECHS)):
            left = column[f"capacity_{k}"] + column[f"building_{k}"] < FULL
            value = np.where(left, column[f"invest_value_{k}"], value)
        actions[:, Action.INVEST] = value >= hurdle
        actions[:, Action.OFFSET] = column["log_offset_ratio"] < own.offset_below

        actions[:, Action.FOREIGN] = imports(observation, own.abroad)

        gap, even = unsquashed(column["gap"]) / 10.0, column["even_trade"]
        surplus, short = np.maximum(-gap, 0.0), np.maximum(gap, 0.0)
        kept = np.where(column["front_gap"] < 0.0, own.hold * surplus, 0.0)
        lent = np.where(column["front_gap"] > 0.0, own.lend * np.minimum(column["borrow_right"], short), 0.0)
        wanted = np.divide(gap + kept - lent, gap, out=np.ones_like(gap), where=np.abs(gap) > 1e-9)
        trade = even * np.clip(wanted, 0.0, 1.0)
        limit = np.maximum(unsquashed(column["volume_limit"]), 1e-9)
        before = (even == 0.0) & (column["market_open"] > 0.0) & (gap > 0.0)
        actions[:, Action.TRADE] = np.where(before, np.minimum(own.early * gap / limit, 1.0), trade)
        return actions


@dataclass(frozen=True)
class Outcome:
    """Cost in % of exposure (n,), and on which paths each lever was used (n,)."""

    cost: np.ndarray
    used: dict[str, np.ndarray]


def play(scenario: Scenario, rule: Rule, seeds: np.ndarray) -> Outcome:
    """Play every seed to the end."""
    n = len(seeds)
    batch = Batch(scenario, n)
    observation = batch.reset(seeds)
    cost, weight = np.zeros(n), 1.0
    tonnes = {name: np.zeros(n) for name in ("abated", "invested", "offsets_bought", "foreign_bought", "borrowed")}
    carried = np.zeros(n)
    building = np.zeros((n, TECHS))
    first = OBS_INDEX["capacity_0"]
    for _ in range(int(batch.horizon[0])):
        settles = observation[:, OBS_INDEX["to_deadline"]] == 0.0
        next_before = batch.accounts()["next"]
        observation, reward, _ = batch.step(rule.predict(observation)[0])
        cost -= weight * reward
        weight *= batch.discount
        flows = batch.flows()
        for name in tonnes:
            tonnes[name] += flows[name]
        left = batch.accounts()["front"] - np.maximum(next_before - flows["borrowed"], 0.0)
        carried = np.maximum(carried, np.where(settles, left, 0.0))
        building = np.maximum(
            building, observation[:, first : first + TECHS] + observation[:, first + TECHS : first + 2 * TECHS]
        )
    annual = scenario.firm.annual_emissions
    used = {
        "abatement": tonnes["abated"] > 1e-4 * annual,
        "investment": tonnes["invested"] > 0.0,
        "banking": carried > 1e-3 * annual,
        "borrowing": tonnes["borrowed"] > 1e-3 * annual,
        "offsets": tonnes["offsets_bought"] > 1e-3 * annual,
        "links": tonnes["foreign_bought"] > 1e-3 * annual,
    }
    used |= {f"technology {k + 1}": building[:, k] > 0.1 for k in range(len(scenario.firm.technologies))}
    return Outcome(100.0 * cost * batch.reward_scale / batch.exposure, used)


def search(scenario: Scenario, fixed: tuple[str, ...] = ()) -> Parameters:
    """The best member of the family, by two rounds of coordinate search; ``fixed`` parameters keep their default."""
    seeds = np.arange(SEARCH_SEED, SEARCH_SEED + SEARCH_EPISODES)
    best = Parameters()
    lowest = play(scenario, LeverRule(best), seeds).cost.mean()
    for _ in range(2):
        for name, values in SEARCH.items():
            if name in fixed:
                continue
            for value in values:
                if value == getattr(best, name):
                    continue
                candidate = replace(best, **{name: value})
                mean = play(scenario, LeverRule(candidate), seeds).cost.mean()
                if mean < lowest:
                    best, lowest = candidate, mean
    return best


def _without(scenario: Scenario, change: Callable[[Scenario], dict[str, object]]) -> Scenario:
    return scenario.model_copy(update=change(scenario))


def _no_banking(scenario: Scenario) -> dict[str, object]:
    rules = {
        year: rule.model_copy(update={"limit": "none", "offsets_bankable": False})
        for year, rule in scenario.regime.banking.items()
    }
    return {"regime": _with(scenario.regime, "banking", rules)}


def _no_borrowing(scenario: Scenario) -> dict[str, object]:
    return {"regime": _with(scenario.regime, "borrowing", {})}


def _with(regime: Regime, mechanism: str, rules: dict[str, Any]) -> Regime:
    """Another rule every year, and no doubt about it."""
    ranges = tuple(entry for entry in regime.ranges if not entry.path.startswith(f"{mechanism}."))
    return regime.model_copy(update={mechanism: rules, "ranges": ranges})


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


def measure(scenario: Scenario) -> tuple[Parameters, Outcome, dict[str, dict[str, float]]]:
    """The best rule, how it fares, and the worth of each lever (mean, low, high; % of exposure)."""
    seeds = np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + EPISODES)
    best = search(scenario)
    full = play(scenario, LeverRule(best), seeds)
    worth: dict[str, dict[str, float]] = {}
    levers = [name for name in LEVERS if name != "links" or scenario.links]
    for name in track(
        (*levers, "trade timing"), description=escape(scenario.name), console=Console(stderr=True), transient=True
    ):
        changed = _without(scenario, LEVERS[name]) if name in LEVERS else scenario
        fixed = () if name in LEVERS else TIMING
        other = play(changed, LeverRule(search(changed, fixed)), seeds)
        worth[name] = interval(other.cost - full.cost)
    return best, full, worth


def show(scenario: Scenario, best: Parameters, full: Outcome, worth: dict[str, dict[str, float]]) -> None:
    """Print the table of one scenario."""
    heading = f"{scenario.name}: {EPISODES:,} episodes, cost {full.cost.mean():.2f} % of exposure"
    table = Table(title=Text(heading))
    for heading in ("lever", "worth, % of exposure", "95 % interval", "used on paths"):
        table.add_column(heading, justify="left" if heading == "lever" else "right")
    for name, value in worth.items():
        share = f"{100 * full.used[name].mean():.0f} %" if name in full.used else ""
        table.add_row(name, f"{value['mean']:.2f}", f"{value['low']:.2f} to {value['high']:.2f}", share)
    for index, technology in enumerate(scenario.firm.technologies):
        table.add_row(
            Text(f"  {technology.name}"), "", "", f"{100 * full.used[f'technology {index + 1}'].mean():.0f} %"
        )
    console = Console()
    console.print(table)
    console.print(f"best of the family: {best}\n")


def main(arguments: Sequence[str]) -> int:
    """Command line: names of scenarios; the three main ones by default."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    try:
        chosen = [load_scenario(name) for name in arguments or ("kets", "tps", "tokyo")]
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    for scenario in chosen:
        show(scenario, *measure(scenario))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
