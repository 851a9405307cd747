"""``tuned.yaml``: parameters of the rules, by what they were tuned for."""

from __future__ import annotations

import inspect
import warnings
from math import isfinite
from pathlib import Path
from typing import Any

from nea_env.library import scenarios
from nea_env.library.errors import shown
from nea_env.policies import lever_rule, stored, threshold_rule
from nea_env.policies.lever_rule import LeverRule
from nea_env.policies.rules import InvestAtTrigger, TunedRule
from nea_env.policies.threshold_rule import ThresholdRule
from nea_env.scenario import Scenario

TUNED = Path(__file__).with_name("tuned.yaml")
"""What ``python -m nea_env.policies.tune`` has written."""

RULE_PARAMETERS = {
    **{rule.name: tuple(inspect.signature(rule).parameters) for rule in (TunedRule, InvestAtTrigger)},
    LeverRule.name: lever_rule.NAMES,
    ThresholdRule.name: threshold_rule.NAMES,
}
"""Names of the parameters that are tuned, by rule."""


def look_up(scenario: Scenario) -> stored.Entry | None:
    """The entry of a scenario's content, or else of its name; None where there is neither.

    Raises:
        ValueError: the file is damaged.
    """
    return stored.look_up(read(), scenario)


def read() -> stored.Entries:
    """The whole file: values by scenario; empty where there is no file.

    Raises:
        ValueError: it is damaged.
    """
    return stored.read(TUNED, "a group of parameters", _check)


def _check(name: str, values: dict[str, Any]) -> None:
    for rule, known in RULE_PARAMETERS.items():
        group = values.get(rule, {})
        is_group = isinstance(group, dict) and set(group) <= set(known)
        if not is_group or not all(type(value) in (int, float) and isfinite(value) for value in group.values()):
            raise ValueError(f"{name}.{rule}: {shown(group)}: expected finite numbers for some of {', '.join(known)}")


def ships_tuned(name: str, scenario: Scenario) -> bool:
    """Whether the file holds a rule's parameters for this very content; not where the file is damaged."""
    try:
        entry = look_up(scenario)
    except ValueError:
        return False
    return entry is not None and entry.same_content and name in entry.values


def tuned_parameters(name: str, scenario: Scenario) -> dict[str, float]:
    """Parameters of one rule as tuned for one scenario; none for rules without any, or where nothing was tuned.

    Warns:
        UserWarning: the rule takes parameters, and what there is was tuned for another scenario of that name, or there
            is nothing.
    """
    if name not in RULE_PARAMETERS:
        return {}
    try:
        entry = look_up(scenario)
    except ValueError as error:
        _warn(f"{name} runs with its defaults: {error}")
        return {}
    if entry is None or name not in entry.values:
        ships = scenario.name in scenarios()
        file = scenario.name if ships else "<its file>"
        _warn(
            f"{name} was not tuned for scenario {scenario.name!r} and runs with its defaults:"
            f" python -m nea_env.policies.tune scenario={file} tunes it"
        )
        return {}
    if not entry.same_content:
        _warn(f"{name} runs with parameters that were tuned for another scenario named {scenario.name!r}")
    return {key: float(value) for key, value in entry.values[name].items()}


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
