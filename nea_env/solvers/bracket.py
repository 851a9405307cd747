"""The optimum of a scenario between two figures: what the best known rule costs, and what no policy can undercut.

Where the optimum is not known exactly, this says how far a policy can be from it at most. Computing it takes minutes,
so what was found is kept in ``bracket.yaml``, by the digest of the scenario's content; tables only read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nea_env.library import load_scenario
from nea_env.library.columns import table
from nea_env.library.errors import shown
from nea_env.policies import stored
from nea_env.policies.by_name import opponents
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario
from nea_env.solvers.dual import dual
from nea_env.solvers.foresight import foresight

KEPT = Path(__file__).with_name("bracket.yaml")
"""What ships."""

RULES = ("just_in_time", "tuned_rule", "lever_rule", "searched_rule", "threshold_rule", "fitted_rule")
EPISODES = 4_000
"""Of the rules: they take no time."""
HEADS = ["scenario", "foresight", "dual bound", "best rule", "", "gap"]
NOTE = (
    "Mean cost in % of exposure with its 95 % interval. No policy's mean is below the dual bound, nor below that of"
    " foresight; what the best rule may save at most is the gap between it and the dual bound."
)
_HEADING = (
    "# Written by `python -m nea_env.solvers bracket --keep`: costs, % of exposure; `digest` is that of the scenario's"
    " content.\n"
)


class Figure(NamedTuple):
    """A mean cost with its 95 % interval, % of exposure."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """``1.50 [0.99, 2.01]``."""
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


class Bracket(NamedTuple):
    """Where the least mean cost of a scenario lies.

    Attributes:
        bound: no policy's mean cost is below it: information relaxation with a penalty, `dual`.
        best: what the best known rule costs.
        rule: its name.
        foresight: mean cost of the best plans for paths that are known; far below what any policy can reach.
        paths: on which ``bound`` and ``foresight`` were measured.
    """

    bound: Figure
    best: Figure
    rule: str
    foresight: Figure
    paths: int

    @property
    def gap(self) -> float:
        """What the best rule may save at most, by the means."""
        return self.best.mean - self.bound.mean

    def __str__(self) -> str:
        """A line for a table's foot."""
        return (
            f"no policy's mean cost is below {self.bound} (dual bound on {self.paths:,} paths); the best known rule,"
            f" {self.rule.replace('_', ' ')}, costs {self.best}"
        )


def bracket(scenario: Scenario | str, n: int = 100, seed: int = EVALUATION_SEEDS) -> Bracket:
    """Measure both ends.

    Args:
        scenario: one, or a shipped one's name; see `dual` for what it may have.
        n: known paths, at least 2; tenths of a second each.
        seed: of the first; the rules play 4,000 episodes from it on.

    Raises:
        ValueError: a bound cannot hold the scenario.
        ImportError: HiGHS is missing.
    """
    played = load_scenario(scenario)
    seeds = np.arange(seed, seed + EPISODES)
    paid, known = dual(played, n, seed), foresight(played, n, seed)
    costs = {
        name: Figure(**interval(marked_costs(rule, played, seeds)))
        for name, rule in opponents(RULES, played, progress=True).items()
    }
    best = min(costs, key=lambda name: costs[name].mean)
    bound, free = (Figure(one.mean, one.low, one.high) for one in (paid, known))
    return Bracket(bound, costs[best], best, free, n)


def listing(found: Mapping[str, Bracket], width: int) -> list[str]:
    """Lines of a table of brackets by scenario, at most so wide."""
    rows = [
        [name, str(one.foresight), str(one.bound), str(one.best), one.rule, f"{one.gap:.2f}"]
        for name, one in found.items()
    ]
    return [*table(HEADS, rows, width), "", NOTE]


def measured(names: Sequence[str], n: int, *, keep: bool) -> dict[str, Bracket]:
    """Brackets of scenarios by name, kept in ``bracket.yaml`` where that is asked for; see `bracket`."""
    found = {}
    for name in names:
        scenario = load_scenario(name)
        one = bracket(scenario, n)
        if keep:
            values = {field: _plain(value) for field, value in one._asdict().items()}
            stored.record(KEPT, _HEADING, read, scenario, values)
        found[scenario.name] = one
    return found


def kept_bracket(scenario: Scenario) -> Bracket | None:
    """What is kept for this very content; None where nothing is.

    Raises:
        ValueError: the file is damaged.
    """
    entry = stored.look_up(read(), scenario)
    if entry is None or not entry.same_content:
        return None
    values = entry.values
    bound, best, known = (Figure(**values[field]) for field in ("bound", "best", "foresight"))
    return Bracket(bound, best, values["rule"], known, values["paths"])


def read() -> stored.Entries:
    """All that is kept.

    Raises:
        ValueError: the file is damaged.
    """
    return stored.read(KEPT, "figures", _check)


def _check(name: str, values: dict[str, Any]) -> None:
    for field in ("bound", "best", "foresight"):
        figure = values.get(field)
        numbers = list(figure.values()) if isinstance(figure, dict) and set(figure) == set(Figure._fields) else []
        if not numbers or not all(isinstance(one, int | float) and isfinite(one) for one in numbers):
            wanted = ", ".join(Figure._fields)
            raise ValueError(f"{name}.{field}: {shown(figure)}: expected finite numbers for {wanted}")
    for field, kind in (("rule", str), ("paths", int)):
        if not isinstance(values.get(field), kind):
            raise ValueError(f"{name}.{field}: {shown(values.get(field))}: expected {kind.__name__}")


def _plain(value: Any) -> Any:
    return {key: round(one, 4) for key, one in value._asdict().items()} if isinstance(value, Figure) else value
