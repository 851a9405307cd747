"""A table of what no policy can undercut, beside the best of the tuned rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nea_env.library import load_scenario
from nea_env.library.columns import table
from nea_env.policies.by_name import make_rule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.solvers.dual import dual
from nea_env.solvers.foresight import foresight

HEADS = ["scenario", "foresight", "dual", "best rule", "", "gap"]
RULES = ("just_in_time", "tuned_rule", "lever_rule", "searched_rule")
EPISODES = 4_000
"""Of the rules: they take no time."""
NOTE = (
    "Mean cost in % of exposure with its 95 % interval. No policy's mean is below that of foresight, or of the dual;"
    " what the best rule may save at most is the gap between it and the dual."
)


def listing(names: Sequence[str], episodes: int, width: int) -> list[str]:
    """Lines of the table.

    Args:
        names: of scenarios, or paths to YAML.
        episodes: of the bounds, at least 2.
        width: of a line.

    Raises:
        ValueError: there is no such scenario, or a bound cannot hold it.
        ImportError: HiGHS is missing.
    """
    rows = []
    for name in names:
        scenario, seeds = load_scenario(name), np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + EPISODES)
        known, paid = foresight(scenario, episodes), dual(scenario, episodes)
        costs = {rule: interval(marked_costs(make_rule(rule, scenario), scenario, seeds)) for rule in RULES}
        best = min(costs, key=lambda rule: costs[rule]["mean"])
        gap = costs[best]["mean"] - paid.mean
        bounds = [_shown(bound.mean, bound.low, bound.high) for bound in (known, paid)]
        rows.append([scenario.name, *bounds, _shown(**costs[best]), best, f"{gap:.2f}"])
    return [*table(HEADS, rows, width), "", NOTE]


def _shown(mean: float, low: float, high: float) -> str:
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"
