"""The README's tables: what an environment takes and gives, from the code, and what policies cost, from stored results.

Nothing is trained or played here: the results are those of a run of ``train.py``, kept by ``stored_from``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import gymnasium

from nea_env.core.layout import ACTIONS, OBSERVATION
from nea_env.envs.menu import MENU
from nea_env.envs.reference.tables import table
from nea_env.library import load_scenario
from nea_env.library.pages import MARKDOWN, with_block
from nea_env.scenario import Scenario, months_between

COMMAND = f"python -m nea_env.envs.reference --readme README{MARKDOWN}"
MINUS = "−"
NAMES = {"searched_rule": "searched rule, linear, never invests"}
"""Policies whose name alone does not say what they are."""
AGAINST = ("just_in_time", "tuned_rule", "lever_rule")
COMPLIES = 0.99
"""Share of episodes without a missing tonne from which on a cost is a score to beat."""
_KEPT = ("cost_pct", *(f"vs_{name}" for name in AGAINST), "compliance_rate")


def stored_from(run: Path) -> dict[str, Any]:
    """What the README shows of a finished run of ``train.py``.

    Args:
        run: its folder, which holds ``evaluation.json``.

    Raises:
        OSError: the run has not finished, or it is no run.
        KeyError: it was played against other policies than those that the table shows.
    """
    told = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    policies = {
        name: {key: found[key] for key in _KEPT if key != f"vs_{name}"} for name, found in told["policies"].items()
    }
    about = {key: told[key] for key in ("scenario", "algorithm", "seed", "steps", "episodes")}
    return about | {"digest": load_scenario(told["scenario"]).digest, "policies": policies}


def _shown(name: str, stored: dict[str, Any]) -> str:
    """``"PPO, 3 million steps"`` for what was trained, a policy's name in words otherwise."""
    if name == stored["algorithm"]:
        return f"{name.upper()}, {stored['steps'] / 1e6:.2g} million steps"
    return NAMES.get(name, name.replace("_", " "))


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
    name = _id_of(stored["scenario"])
    scenario = load_scenario(stored["scenario"])
    reference = f"docs/reference/{{}}{MARKDOWN}"
    twin = f"`{name.replace('-v', 'Discrete-v')}`"
    rows = [
        ("observation", f"[{len(OBSERVATION)} numbers]({reference.format('observations')}), `float32`, of order one"),
        (
            "action",
            f"[{len(ACTIONS)} numbers]({reference.format('actions')}) from -1 to 1; {twin}: {len(MENU)} choices",
        ),
        ("step, horizon", f"one month; {_months(scenario)} of them, {scenario.start} to {scenario.end}"),
        ("reward", f"minus the month's cost, in [baseline emissions at the first price]({reference.format('flows')})"),
        ("discount", f"{math.exp(-scenario.market.discount_rate / 12.0):.4f} a month"),
        ("score", "mean discounted cost, in % of what all emissions would cost; lower is better"),
        ("scores to beat", _to_beat(stored)),
    ]
    return table(("", f"`{name}`"), iter(rows))


def _months(scenario: Scenario) -> int:
    return months_between(scenario.start, scenario.end) + 1


def _id_of(scenario: str) -> str:
    """The continuous environment whose default is a scenario."""
    ids = [
        name
        for name, spec in gymnasium.registry.items()
        if name.startswith("nea/") and "Discrete" not in name and spec.kwargs.get("scenario") == scenario
    ]
    if not ids:
        raise ValueError(f"scenario: {scenario}, allowed: one that an environment plays by default")
    return ids[0]


def _to_beat(stored: dict[str, Any]) -> str:
    costs = {
        _shown(name, stored): policy["cost_pct"]["mean"]
        for name, policy in stored["policies"].items()
        if policy["compliance_rate"] >= COMPLIES
    }
    strongest = min(costs, key=costs.__getitem__)
    told = [f"{name} {cost:.2f}" for name, cost in costs.items() if name != strongest]
    return f"{'; '.join(told)}; **strongest known: {strongest}, {costs[strongest]:.2f}**"


def scores(stored: dict[str, Any]) -> list[str]:
    """One row for each policy: cost, paired differences, compliance."""
    head = ("policy", "cost", *(f"vs {name.replace('_', ' ')}" for name in AGAINST), "complies")
    rows = (
        (
            _shown(name, stored),
            _interval(policy["cost_pct"]),
            *(_interval(policy.get(f"vs_{other}")) for other in AGAINST),
            f"{100.0 * policy['compliance_rate']:.4g} %",
        )
        for name, policy in stored["policies"].items()
    )
    return table(head, rows)


def _interval(value: dict[str, float] | None) -> str:
    """``"9.64 [9.50, 9.77]"``; nothing for a policy against itself."""
    if value is None:
        return ""
    return f"{_signed(value['mean'])} [{_signed(value['low'])}, {_signed(value['high'])}]"


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", MINUS)
