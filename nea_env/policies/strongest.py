"""Which rule is the strongest known for a scenario, by what was recorded when the rules were tuned.

All that is recorded is the difference in cost to just in time, marked to market. Of a scenario of your own, or one that
was changed, nothing is recorded unless it was tuned by hand.
"""

from __future__ import annotations

from nea_env.policies import fitted, searched, stored, tuned
from nea_env.policies.rules import JustInTime
from nea_env.policies.threshold_rule import ThresholdRule
from nea_env.scenario import Scenario


def recorded(scenario: Scenario) -> dict[str, float]:
    """What each rule costs less just in time, % of exposure, negative is cheaper; rules of this very content alone.

    Raises:
        ValueError: a file of parameters is damaged.
    """
    gains = {JustInTime.name: 0.0}
    for rule in tuned.RULE_PARAMETERS:
        gains |= _gain(tuned.look_up(scenario), rule, f"{rule}_vs_just_in_time_pct")
    gains |= _gain(stored.look_up(searched.read(), scenario), searched.RULE, searched.MARKED_GAIN)
    entry = stored.look_up(fitted.read(), scenario)
    gains |= _gain(entry, fitted.RULE, fitted.GAIN)
    if ThresholdRule.name in gains:  # what a correction gains is known better than what each rule does
        corrected = _gain(entry, fitted.RULE, fitted.CORRECTED)
        gains |= {name: gains[ThresholdRule.name] + gain for name, gain in corrected.items()}
    return gains


def strongest(scenario: Scenario) -> str:
    """The name of the rule that costs least by what is recorded; just in time where nothing is.

    Raises:
        ValueError: a file of parameters is damaged.
    """
    gains = recorded(scenario)
    return min(gains, key=gains.__getitem__)


def _gain(entry: stored.Entry | None, rule: str, key: str) -> dict[str, float]:
    if entry is None or not entry.same_content or key not in entry.values:
        return {}
    return {rule: float(entry.values[key]["mean"])}
