"""``fitted.yaml``: the corrections that ``python -m nea_env.policies.fitted_search`` has found, by scenario."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from nea_env.library import scenarios
from nea_env.library.errors import shown
from nea_env.policies import stored, threshold_rule
from nea_env.policies.fitted_rule import FittedRule, check
from nea_env.policies.threshold_rule import Thresholds
from nea_env.scenario import Scenario

FITTED = Path(__file__).with_name("fitted.yaml")
"""What ships."""

RULE = FittedRule.name
"""Name of the rule in tables and configurations, and key of its numbers in an entry."""

GAIN = f"{RULE}_vs_just_in_time_pct"
"""Key of what it gains over just in time on training seeds, marked to market, negative is cheaper."""
CORRECTED = f"{RULE}_vs_threshold_rule_pct"
"""Key of what the corrections gain: the same against the thresholds without them."""

_PARTS = ("thresholds", "weights", "margins")
_HEADING = (
    "# Written by `python -m nea_env.policies.fitted_search`: corrections of the rule of thresholds; `digest` is that"
    " of its scenario's content.\n"
)


def read(path: Path | None = None) -> stored.Entries:
    """A whole file, the shipped one by default; empty where there is none.

    Raises:
        ValueError: it is damaged, or names a lever, a feature or a threshold that there is not.
    """
    return stored.read(FITTED if path is None else path, "corrections", _check)


def _check(name: str, values: dict[str, Any]) -> None:
    parts = values.get(RULE, {})
    if not isinstance(parts, dict) or not set(parts) <= set(_PARTS):
        raise ValueError(f"{name}.{RULE}: {shown(parts)}: expected {', '.join(_PARTS)}")
    thresholds = parts.get("thresholds", {})
    is_group = isinstance(thresholds, dict) and set(thresholds) <= set(threshold_rule.NAMES)
    if not is_group or not all(type(value) in (int, float) and isfinite(value) for value in thresholds.values()):
        known = ", ".join(threshold_rule.NAMES)
        raise ValueError(f"{name}.{RULE}.thresholds: {shown(thresholds)}: expected finite numbers for some of {known}")
    try:
        check(parts.get("weights", {}), parts.get("margins", {}))
    except ValueError as error:
        raise ValueError(f"{name}.{RULE}: {error}") from None


def record(scenario: Scenario, values: Mapping[str, Any], path: Path | None = None) -> str:
    """Put what was found for one scenario into a file, the other entries untouched; see ``stored.record``."""
    file = FITTED if path is None else path
    return stored.record(file, _HEADING, lambda: read(file), scenario, values)


def parts_of(rule: FittedRule) -> dict[str, Any]:
    """What the file keeps of a rule."""
    return {
        "thresholds": threshold_rule.as_numbers(rule.thresholds),
        "weights": {lever: dict(row) for lever, row in rule.weights.items()},
        "margins": {lever: margin for lever, margin in rule.margins.items() if lever in rule.weights},
    }


def is_current(scenario: Scenario) -> bool:
    """Whether corrections are stored that were found for this very content.

    Warns:
        UserWarning: the file is damaged.
    """
    return stored.is_current(read, scenario, RULE)


def fitted_parts(scenario: Scenario) -> dict[str, Any]:
    """Arguments of the rule as found for a scenario: thresholds, weights, margins; none where nothing was.

    Warns:
        UserWarning: what there is was found for another scenario of that name, or there is nothing.
    """
    try:
        entry = stored.look_up(read(), scenario)
    except ValueError as error:
        _warn(f"{RULE} plays its default thresholds: {error}")
        return {}
    if entry is None or RULE not in entry.values:
        file = scenario.name if scenario.name in scenarios() else "<its file>"
        _warn(
            f"no corrections were fitted for scenario {scenario.name!r}, so {RULE} plays its default thresholds:"
            f" python -m nea_env.policies.fitted_search {file} fits them"
        )
        return {}
    if not entry.same_content:
        _warn(f"{RULE} plays corrections that were fitted for another scenario named {scenario.name!r}")
    parts: dict[str, Any] = dict(entry.values[RULE])
    return parts | {"thresholds": Thresholds(**parts.get("thresholds", {}))}


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
