"""``tuned.yaml``: parameters of the rules, by what they were tuned for.

An entry holds the digest of its scenario's content. A scenario of one's own may bear a shipped one's name, or a
shipped one may have been changed on the command line: neither takes the other's place.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from nea_env.atomic import alone, write_text
from nea_env.library import load_scenario, scenarios
from nea_env.library.errors import shown
from nea_env.library.yaml import YAML_ERRORS, yaml_reader
from nea_env.scenario import Scenario

TUNED = Path(__file__).with_name("tuned.yaml")
"""Parameters found by ``python -m agents.tune``."""

PARAMETERS = {"tuned_rule": ("a", "b", "stop", "abroad"), "invest_at_trigger": ("kappa",)}
"""What each rule takes."""

_DIGEST = "digest"
_HEADING = "# Written by `python -m agents.tune`: parameters of the rules; `digest` is that of its content.\n"


class Found(NamedTuple):
    """What was tuned for a scenario.

    Attributes:
        parameters: of each rule, and how much it gains.
        same: it was tuned for this very content; otherwise for another scenario of the same name.
    """

    parameters: dict[str, Any]
    same: bool


def find(scenario: Scenario) -> Found | None:
    """The entry of a scenario's content, or else of its name; None where there is neither.

    Raises:
        ValueError: the file is damaged.
    """
    table, digest = _read(), scenario.digest
    for entry in table.values():
        if entry.get(_DIGEST) == digest:
            return Found(entry, True)
    return Found(table[scenario.name], False) if scenario.name in table else None


def record(scenario: Scenario, found: Mapping[str, Any]) -> str:
    """Put what was found for one scenario into the file, the others untouched.

    Returns:
        The key: the scenario's name, or the name and the digest where another content has the name.

    Raises:
        ValueError: the file is damaged.
    """
    with alone(TUNED.parent):
        return _put(scenario, found)


def _put(scenario: Scenario, found: Mapping[str, Any]) -> str:
    name, digest = scenario.name, scenario.digest
    table = {key: entry for key, entry in _read().items() if entry.get(_DIGEST) != digest}
    is_main = load_scenario(name).digest == digest if name in scenarios() else name not in table
    key = name if is_main else f"{name}@{digest[:8]}"
    table[key] = {_DIGEST: digest, **found}
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    text = io.StringIO()
    yaml.dump({key: table[key] for key in sorted(table)}, text)
    write_text(TUNED, _HEADING + text.getvalue())
    return key


def _read() -> dict[str, dict[str, Any]]:
    if not TUNED.exists():
        return {}
    try:
        table = yaml_reader().load(TUNED.read_text(encoding="utf-8")) or {}
    except (*YAML_ERRORS, OSError, RecursionError) as error:
        raise ValueError(f"{TUNED}: is damaged: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(table, dict) or not all(
        isinstance(key, str) and isinstance(entry, dict) for key, entry in table.items()
    ):
        raise ValueError(f"{TUNED}: is damaged: expected a group of parameters for each scenario")
    for name, entry in table.items():
        for rule, known in PARAMETERS.items():
            values = entry.get(rule, {})
            is_group = isinstance(values, dict) and set(values) <= set(known)
            if not is_group or not all(type(value) in (int, float) and isfinite(value) for value in values.values()):
                raise ValueError(
                    f"{TUNED}: is damaged: {name}.{rule}: {shown(values)}: expected finite numbers for some of"
                    f" {', '.join(known)}"
                )
    return table
