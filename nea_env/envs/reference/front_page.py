"""The README's tables: what an environment takes and gives, from the code, and what policies cost, from stored results.

Nothing is trained or played here: the results are those of a run that somebody made and stored.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import gymnasium

from nea_env.core.layout import ACTIONS, OBSERVATION
from nea_env.envs.reference.tables import table
from nea_env.envs.spaces import CHOICES
from nea_env.library import load_scenario
from nea_env.library.pages import MARKDOWN, with_block
from nea_env.scenario import Scenario, months_between

COMMAND = f"python -m nea_env.envs.reference --readme README{MARKDOWN}"
MINUS = "−"


def with_tables(readme: Path, results: Path) -> dict[Path, str]:
    """The README with its tables made anew: path -> text, one entry.

    Raises:
        ValueError: the lines around a table are missing.
        KeyError: a stored result does not have the numbers that a table shows.
    """
    stored = json.loads(results.read_text(encoding="utf-8"))
    text = with_block(readme.read_text(encoding="utf-8"), "facts", COMMAND, facts(stored))
    return {readme: with_block(text, "results", COMMAND, scores(stored))}


def facts(stored: dict[str, Any]) -> list[str]:
    """What the environment takes, gives and lasts, and the scores to beat."""
    name = str(stored["id"])
    scenario = load_scenario(gymnasium.registry[name].kwargs["scenario"])
    reference = f"docs/reference/{{}}{MARKDOWN}"
    twin = f"`{name.replace('-v', 'Discrete-v')}`"
    rows = [
        ("observation", f"[{len(OBSERVATION)} numbers]({reference.format('observations')}), `float32`, of order one"),
        (
            "action",
            f"[{len(ACTIONS)} numbers]({reference.format('actions')}) from -1 to 1; {twin}: {len(CHOICES)} choices",
        ),
        ("step, horizon", f"one month; {_months(scenario)} of them, {scenario.start} to {scenario.end}"),
        ("reward", f"minus the month's cost, in [baseline emissions at the first price]({reference.format('flows')})"),
        ("discount", f"{math.exp(-scenario.market.discount_rate / 12.0):.4f} a month"),
        ("score", "mean discounted cost, in % of what all emissions would cost; lower is better"),
        ("scores to beat", _to_beat(stored["policies"])),
    ]
    return table(("", f"`{name}`"), iter(rows))


def _months(scenario: Scenario) -> int:
    return months_between(scenario.start, scenario.end) + 1


def _to_beat(policies: dict[str, Any]) -> str:
    costs = {name: policy["cost_pct"]["mean"] for name, policy in policies.items()}
    strongest = min(costs, key=costs.__getitem__)
    told = [f"{name} {cost:.2f}" for name, cost in costs.items() if name != strongest]
    return f"{'; '.join(told)}; **strongest known: {strongest}, {costs[strongest]:.2f}**"


def scores(stored: dict[str, Any]) -> list[str]:
    """One row for each policy: cost, paired differences, compliance."""
    head = ("policy", "cost", "vs just in time", "vs tuned rule", "complies")
    rows = []
    for name, policy in stored["policies"].items():
        shares = [f"{100.0 * policy['compliance_rate']:.4g} %"] if "compliance_rate" in policy else [""]
        differences = [_interval(policy.get(key)) for key in ("vs_just_in_time", "vs_tuned_rule")]
        rows.append((name, _interval(policy["cost_pct"]), *differences, *shares))
    return table(head, iter(rows))


def _interval(value: dict[str, float] | None) -> str:
    """``"9.64 [9.50, 9.77]"``; the mean alone where no interval was stored."""
    if value is None:
        return ""
    mean, bounds = _signed(value["mean"]), [value[end] for end in ("low", "high") if end in value]
    return f"{mean} [{', '.join(map(_signed, bounds))}]" if bounds else mean


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", MINUS)
