"""A saved configuration with the choices and values of a command line applied to it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from agents.command_line import CONFIGS
from agents.explain import explain
from agents.refusal import SettingsError
from nea_env.library import ScenarioError, load_scenario
from nea_env.library.errors import did_you_mean


def amended(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy of the configuration with the overrides applied.

    Args:
        config: plain values.
        overrides: ``key=value``. A choice (``algo=sac``) replaces its whole group.

    Raises:
        SettingsError: there is no such key or choice, or it means several jobs.
    """
    tree: dict[str, Any] = copy.deepcopy(dict(config))
    values = []
    for text in overrides:
        key, _, value = text.partition("=")
        if key == "scenario":
            tree[key] = _scenario(value)
        elif key in ("env", "algo", "experiment", "sweep"):
            _choose(tree, key, value)
        else:
            values.append(text)
    for one in _parsed(values):
        _put(tree, one)
    return tree


def _scenario(value: str) -> dict[str, Any]:
    try:
        return load_scenario(Path(value) if value.lower().endswith((".yaml", ".yml")) else value).model_dump(
            mode="json"
        )
    except ScenarioError as error:
        raise SettingsError(f"scenario={value}: {error}") from None


def _choose(tree: dict[str, Any], group: str, name: str) -> None:
    files = {path.stem: path for path in sorted((CONFIGS / group).glob("*.yaml"))}
    if group == "sweep" or name not in files:
        why = "a resume continues one run" if group == "sweep" else f"no such option; {did_you_mean(name, files)}"
        raise SettingsError(f"{group}={name}: {why}")
    chosen = yaml.safe_load(files[name].read_text(encoding="utf-8"))
    if group == "experiment":
        _merge(tree, chosen)
    else:
        tree[group] = chosen


def _parsed(overrides: Sequence[str]) -> list[Override]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise SettingsError(explain(error)) from None
    for one in parsed:
        if one.is_sweep_override() or one.is_hydra_override() or one.key_or_group == "hydra":
            raise SettingsError(f"{one.input_line}: a resume continues one run, in its own folder")
    return parsed


def _put(tree: dict[str, Any], one: Override) -> None:
    """Set one value, by its dotted path, if there is such a key or the command line adds one."""
    *parents, last = one.key_or_group.split(".")
    node: Any = tree
    path: list[str] = []
    for key in [*parents, last]:
        inside = node if isinstance(node, dict) else dict(enumerate(node)) if isinstance(node, list) else {}
        keys = {str(name): name for name in inside}
        if key not in keys and not (key == last and (one.is_add() or one.is_force_add())):
            raise SettingsError(f"{'.'.join([*path, key])}: no such key; {did_you_mean(key, keys)}")
        if len(path) == len(parents):
            place, value = keys.get(key, key), one.value()
            if one.is_delete():
                del node[place]
            elif isinstance(value, Mapping) and isinstance(inside.get(place), dict):
                _merge(node[place], value)  # as Hydra does
            else:
                node[place] = value
            return
        node = node[keys[key]]
        path.append(key)


def _merge(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
