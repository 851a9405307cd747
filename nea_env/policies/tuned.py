"""``tuned.yaml``: parameters of the rules, by what they were tuned for, and the rules made with them.

An entry holds the digest of its scenario's content. A scenario of your own may have a shipped one's name, or a
shipped one may have been changed on the command line: neither replaces the other.
"""

from __future__ import annotations

import inspect
import warnings
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from nea_env.library import load_scenario, scenarios
from nea_env.library.errors import did_you_mean, shown
from nea_env.library.yaml import YAML_ERRORS, yaml_reader
from nea_env.policies.rules import RULES, InvestAtTrigger, Rule, TunedRule
from nea_env.scenario import Scenario

TUNED = Path(__file__).with_name("tuned.yaml")
"""What ``python -m nea_env.policies.tune`` has written."""

RULE_PARAMETERS = {rule.name: tuple(inspect.signature(rule).parameters) for rule in (TunedRule, InvestAtTrigger)}
"""Names of the parameters that are tuned, by rule."""

DIGEST = "digest"
"""Key of the digest of the scenario's content in an entry."""


class Entry(NamedTuple):
    """What the file holds for a scenario.

    Attributes:
        values: parameters of each rule, by its name, and how much it gains.
        same_content: they were tuned for this very content; otherwise for another scenario of the same name.
    """

    values: dict[str, Any]
    same_content: bool


def look_up(scenario: Scenario) -> Entry | None:
    """The entry of a scenario's content, or else of its name; None where there is neither.

    Raises:
        ValueError: the file is damaged.
    """
    entries, digest = read(), scenario.digest
    for values in entries.values():
        if values.get(DIGEST) == digest:
            return Entry(values, True)
    return Entry(entries[scenario.name], False) if scenario.name in entries else None


def read() -> dict[str, dict[str, Any]]:
    """The whole file: values by scenario; empty where there is no file.

    Raises:
        ValueError: it is damaged.
    """
    if not TUNED.exists():
        return {}
    try:
        entries = yaml_reader().load(TUNED.read_text(encoding="utf-8")) or {}
    except (*YAML_ERRORS, OSError, RecursionError) as error:
        raise ValueError(f"{TUNED}: is damaged: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(entries, dict) or not all(
        isinstance(key, str) and isinstance(values, dict) for key, values in entries.items()
    ):
        raise ValueError(f"{TUNED}: is damaged: expected a group of parameters for each scenario")
    for name, values in entries.items():
        for rule, known in RULE_PARAMETERS.items():
            group = values.get(rule, {})
            is_group = isinstance(group, dict) and set(group) <= set(known)
            if not is_group or not all(type(value) in (int, float) and isfinite(value) for value in group.values()):
                raise ValueError(
                    f"{TUNED}: is damaged: {name}.{rule}: {shown(group)}: expected finite numbers for some of"
                    f" {', '.join(known)}"
                )
    return entries


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


def make_rule(name: str, scenario: Scenario | str | Path, **parameters: Any) -> Rule:
    """A rule by name, tuned for a scenario unless parameters are given.

    Args:
        name: a key of `RULES`: ``do_nothing``, ``random``, ``just_in_time``, ``tuned_rule``, ``invest_at_trigger``.
        scenario: one, a shipped one's name, or a path to YAML.
        parameters: of the rule.

    Raises:
        ValueError: no rule has that name, or there is no such scenario.
    """
    if name not in RULES:
        raise ValueError(f"no rule is called {name!r}; {did_you_mean(name, RULES)}")
    return RULES[name](**(parameters or tuned_parameters(name, load_scenario(scenario))))
