"""The rules by name, made for a scenario: tuned, or with the weights that a search has found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nea_env.library import load_scenario
from nea_env.library.errors import did_you_mean
from nea_env.policies import fitted, searched
from nea_env.policies.fitted_rule import FittedRule
from nea_env.policies.lever_rule import LeverRule
from nea_env.policies.linear_rule import LinearRule
from nea_env.policies.replaced import dutiful
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime, Random, Rule, TunedRule
from nea_env.policies.strongest import strongest
from nea_env.policies.threshold_rule import ThresholdRule
from nea_env.policies.tuned import RULE_PARAMETERS, ships_tuned, tuned_parameters
from nea_env.scenario import Scenario

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        DoNothing,
        Random,
        JustInTime,
        TunedRule,
        InvestAtTrigger,
        LeverRule,
        ThresholdRule,
        FittedRule,
        LinearRule,
    )
}
"""Every rule by its name in tables and configurations."""


def make_rule(name: str, scenario: Scenario | str | Path, **parameters: Any) -> Rule:
    """A rule by name, tuned for a scenario unless parameters are given.

    Args:
        name: a key of `RULES`: ``do_nothing``, ``random``, ``just_in_time``, ``tuned_rule``, ``invest_at_trigger``,
            ``lever_rule``, ``threshold_rule``, ``fitted_rule``,
            ``searched_rule``.
        scenario: one, a shipped one's name, or a path to YAML.
        parameters: of the rule.

    Raises:
        ValueError: no rule has that name, or there is no such scenario, or a parameter is not as it must be.
    """
    if name not in RULES:
        raise ValueError(f"no rule is called {name!r}; {did_you_mean(name, RULES)}")
    if parameters:
        return RULES[name](**parameters)
    if name == FittedRule.name:
        return FittedRule(**fitted.fitted_parts(load_scenario(scenario)))
    if name == LinearRule.name:
        return dutiful(LinearRule(searched.searched_weights(load_scenario(scenario))))
    return RULES[name](**tuned_parameters(name, load_scenario(scenario)))


PLAIN = {
    DoNothing.name: "no trade and no abatement, what the law grants by default",
    Random.name: "uniform actions",
    JustInTime.name: "abates up to the price, closes its gap evenly by each deadline, never invests",
    TunedRule.name: "just in time + investment at a rate that follows the price + imports below a price",
    InvestAtTrigger.name: "just in time + investment where saving is worth so many times its cost",
    LeverRule.name: "the best of a family that uses every lever: investment, offsets, banking, borrowing, imports",
    ThresholdRule.name: "builds, buys credits, keeps, lends and imports at thresholds that move with the time left",
}
"""What each rule does, in a line."""


def opponents(names: Iterable[str], scenario: Scenario, progress: bool = False) -> dict[str, Rule]:
    """The rules of a comparison by name, each with parameters for this very content.

    What did not ship tuned for it is tuned now, on training seeds, and kept in the user's cache. The searched
    and the fitted rule are left out where they were not found for this content: that takes minutes.

    Args:
        names: keys of ``RULES``.
        scenario: what is played.
        progress: show a bar while rules are tuned.
    """
    from nea_env.policies.tuned_here import is_kept, tuned_here  # it tunes, which most who ask for a rule never need

    found = {LinearRule.name: searched.is_current, FittedRule.name: fitted.is_current}
    names = [name for name in names if name not in found or found[name](scenario)]
    missing = [name for name in names if name in RULE_PARAMETERS and not ships_tuned(name, scenario)]
    waiting = [name for name in missing if not is_kept(name, scenario)]
    for name in tqdm(waiting, f"tuning rules for {scenario.name}", leave=False, disable=not (progress and waiting)):
        tuned_here(name, scenario)
    here = {name: tuned_here(name, scenario) for name in missing}
    return {name: RULES[name](**here[name]) if name in here else make_rule(name, scenario) for name in names}


def told(name: str, scenario: Scenario) -> str:
    """What a rule of a comparison does, what its parameters were found for, and whether it is the strongest known."""
    try:
        best = "; the strongest known here" if name == strongest(scenario) else ""
    except ValueError:  # a damaged file, which was warned of
        best = ""
    return _done(name, scenario) + best


def _done(name: str, scenario: Scenario) -> str:
    if name == LinearRule.name:
        return "linear policy that never invests, searched for this very scenario"
    if name == FittedRule.name:
        return "the threshold rule with corrections by regression, fitted for this very scenario"
    if name not in RULE_PARAMETERS:
        return PLAIN[name]
    when = "as shipped" if ships_tuned(name, scenario) else "now, on training seeds"
    return f"{PLAIN[name]}; tuned for this very scenario, {when}"
