"""``searched.yaml``: the linear policies that ``python -m nea_env.policies.search`` has found, by scenario."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nea_env.library import scenarios
from nea_env.policies import stored
from nea_env.policies.linear_rule import JUST_IN_TIME, LinearRule, Weights, check
from nea_env.scenario import Scenario

SEARCHED = Path(__file__).with_name("searched.yaml")
"""What ships."""

RULE = LinearRule.name
"""Name of the rule in tables and configurations, and key of its weights in an entry."""

GAIN, MARKED_GAIN = f"{RULE}_vs_just_in_time_pct", f"{RULE}_vs_just_in_time_marked_pct"
"""Keys of what it gains over just in time, negative is cheaper: as it came, and marked to market."""

_HEADING = (
    "# Written by `python -m nea_env.policies.search`: weights of linear policies; `digest` is that of its scenario's"
    " content.\n"
)


def read(path: Path | None = None) -> stored.Entries:
    """A whole file, the shipped one by default; empty where there is none.

    Raises:
        ValueError: it is damaged, or names an action or a column that there is not.
    """
    return stored.read(SEARCHED if path is None else path, "weights", _check)


def _check(name: str, values: dict[str, Any]) -> None:
    try:
        check(values.get(RULE, {}))
    except ValueError as error:
        raise ValueError(f"{name}.{RULE}: {error}") from None


def record(scenario: Scenario, values: Mapping[str, Any], path: Path | None = None) -> str:
    """Put what was found for one scenario into a file, the other entries untouched; see ``stored.record``."""
    file = SEARCHED if path is None else path
    return stored.record(file, _HEADING, lambda: read(file), scenario, values)


def is_current(scenario: Scenario) -> bool:
    """Whether weights are stored that were found for this very content.

    Warns:
        UserWarning: the file is damaged.
    """
    return stored.is_current(read, scenario, RULE)


def searched_weights(scenario: Scenario) -> Weights:
    """The weights that were found for a scenario; just in time where nothing was searched.

    Warns:
        UserWarning: what there is was found for another scenario of that name, or there is nothing.
    """
    try:
        entry = stored.look_up(read(), scenario)
    except ValueError as error:
        _warn(f"{RULE} plays just in time: {error}")
        return JUST_IN_TIME
    if entry is None or RULE not in entry.values:
        file = scenario.name if scenario.name in scenarios() else "<its file>"
        _warn(
            f"no linear policy was searched for scenario {scenario.name!r}, so {RULE} plays just in time:"
            f" python -m nea_env.policies.search {file} searches one"
        )
        return JUST_IN_TIME
    if not entry.same_content:
        _warn(f"{RULE} plays weights that were found for another scenario named {scenario.name!r}")
    weights: Weights = entry.values[RULE]
    return weights


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
