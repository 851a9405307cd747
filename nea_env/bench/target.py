"""What is played: an id, a name, a file, a mapping or a scenario, with changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium

from nea_env.envs.registration import ids, register_ids
from nea_env.library import load_scenario
from nea_env.library.errors import did_you_mean, shown
from nea_env.scenario import Scenario

Target = str | Path | Mapping[str, Any] | Scenario
"""An id such as ``nea/KETS-v0``, a shipped name, a path to YAML, a mapping laid out as such a file, or a scenario."""

_PREFIX = "nea_env:"


def _id(target: Target) -> str | None:
    """The registered id that is meant; None where the target is none."""
    if not isinstance(target, str):
        return None
    name = target.removeprefix(_PREFIX)
    return name if name.startswith("nea/") else None


def is_discrete(target: Target) -> bool:
    """Whether the target is an id whose actions are the menu's: ``nea/KETSDiscrete-v0``."""
    name = _id(target)
    return name is not None and "Discrete-" in name


def loadable(target: str) -> str:
    """A text that ``load_scenario`` takes: of an id its default scenario, anything else as it is.

    Raises:
        ValueError: there is no such id.
    """
    name = _id(target)
    if name is None:
        return target
    register_ids()
    if name not in gymnasium.registry:
        raise ValueError(f"no id is called {shown(name)}; {did_you_mean(name, ids())}")
    scenario: str = gymnasium.spec(name).kwargs["scenario"]
    return scenario


def scenario_of(target: Target, overrides: Sequence[str] | Mapping[str, Any] = ()) -> Scenario:
    """The scenario that is meant.

    Args:
        target: see ``Target``; an id stands for its default scenario.
        overrides: changes, as ``load_scenario`` takes them: ``["market.price=30"]`` or ``{"market.price": 30}``.

    Raises:
        ScenarioError: there is no such scenario, or a change is refused.
        ValueError: there is no such id.
    """
    return load_scenario(loadable(target) if isinstance(target, str) else target, overrides)
