"""The rules by name, made for a scenario: tuned, or with the weights that a search has found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nea_env.library import load_scenario
from nea_env.library.errors import did_you_mean
from nea_env.policies import searched
from nea_env.policies.lever_rule import LeverRule
from nea_env.policies.linear_rule import LinearRule
from nea_env.policies.replaced import dutiful
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime, Random, Rule, TunedRule
from nea_env.policies.tuned import tuned_parameters
from nea_env.scenario import Scenario

RULES: dict[str, type[Rule]] = {
    rule.name: rule for rule in (DoNothing, Random, JustInTime, TunedRule, InvestAtTrigger, LeverRule, LinearRule)
}
"""Every rule by its name in tables and configurations."""


def make_rule(name: str, scenario: Scenario | str | Path, **parameters: Any) -> Rule:
    """A rule by name, tuned for a scenario unless parameters are given.

    Args:
        name: a key of `RULES`: ``do_nothing``, ``random``, ``just_in_time``, ``tuned_rule``, ``invest_at_trigger``,
            ``lever_rule``, ``searched_rule``.
        scenario: one, a shipped one's name, or a path to YAML.
        parameters: of the rule.

    Raises:
        ValueError: no rule has that name, or there is no such scenario, or a parameter is not as it must be.
    """
    if name not in RULES:
        raise ValueError(f"no rule is called {name!r}; {did_you_mean(name, RULES)}")
    if parameters:
        return RULES[name](**parameters)
    if name == LinearRule.name:
        return dutiful(LinearRule(searched.searched_weights(load_scenario(scenario))))
    return RULES[name](**tuned_parameters(name, load_scenario(scenario)))


def opponents(names: Iterable[str], scenario: Scenario) -> dict[str, Rule]:
    """The rules of a comparison by name; the searched one only where it was searched for this very content."""
    return {
        name: make_rule(name, scenario) for name in names if name != LinearRule.name or searched.is_current(scenario)
    }
