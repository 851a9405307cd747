"""``scenario=…`` on the command line: shipped names and files, and changes to any value of them.

Hydra's tree holds only the name of the scenario and what the command line changes in it; the values themselves,
about a thousand, are merged and validated by ``nea_env.load_scenario``. A file is read once, here, and enters
Hydra under a name of its own, since a file may have any name but Hydra's grammar does not allow all.
"""

from __future__ import annotations

import hashlib
import json
import os.path
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.config_source import ConfigLoadError
from omegaconf import OmegaConf

from agents.refusal import SettingsError
from agents.scenario_words import PART, as_typed, for_hydra, suffix
from nea_env.library import ScenarioError, load_scenario, scenarios
from nea_env.library.arguments import load_in_one_line
from nea_env.library.file_names import as_file_name, is_file_name
from nea_env.library.grammar import WHOLE, changes_of, is_pattern
from nea_env.library.overrides import applied
from nea_env.scenario import Scenario

BASE, LABEL = "_base_", "_label_"
"""Keys of Hydra's node: a shipped name, or a file's content as JSON; and the scenario's name as part of a file name."""

_GROUP = "scenario"
_TOLD: set[str] = set()
"""What has been said of a scenario: a run loads its own more than once."""
_GRAMMAR = re.compile(r"\w+\(")
"""Begins a choice, a glob and so on."""
_KEY = re.compile(r"(scenario=)(.*)", re.DOTALL)
_PRICES = re.compile(r"((?:scenario\.)?market\.replay\.csv=)([^,]+)", re.DOTALL)
"""A file of prices, one for all jobs."""
_PARTS = re.compile(r"((?:scenario\.)?(?:regime|firm|market)=)([^,]+)", re.DOTALL)
"""A part of the scenario, perhaps in a file."""


def register(arguments: Sequence[str], envs: Sequence[str] = (), *, sweep: bool = False) -> list[str]:
    """Make every shipped scenario, and every file that the arguments name, an option of the group ``scenario``.

    Args:
        arguments: of the command line.
        envs: choices of ``env=``.
        sweep: whether ``scenario=kets,own.yaml`` means two scenarios.

    Returns:
        The arguments with each file replaced by the name under which Hydra knows it, and keys that it can read.

    Raises:
        SettingsError: a file can't be read or is not a scenario.
    """
    words = for_hydra(arguments, envs)
    changed = suffix(words, sweep)
    for name in scenarios():
        _store(name, name, name + changed)
    return [_with_names(word, sweep, changed) for word in words]


def with_absolute_paths(arguments: Sequence[str]) -> list[str]:
    """The arguments of a sweep, changed to mean the same files in any working directory."""
    resolved = []
    for argument in arguments:
        prices = _PRICES.fullmatch(argument)
        part = _PARTS.fullmatch(argument)
        if part is not None and _is_file(part[2]):
            prices = part
        if prices is not None:
            resolved.append(prices[1] + os.path.abspath(os.path.expanduser(_unquoted(prices[2]))))
            continue
        match = _KEY.fullmatch(argument)
        parts = [] if match is None else _parts(match[2])
        paths = [os.path.abspath(_unquoted(part)) if _is_file(part) else part for part in parts]
        resolved.append(argument if match is None else match[1] + ",".join(paths))
    return resolved


def _with_names(argument: str, sweep: bool, changed: str) -> str:
    match, prices = _KEY.fullmatch(argument), _PRICES.fullmatch(argument)
    if prices is not None and _unquoted(prices[2]).startswith("~"):  # which Hydra's grammar does not know
        return prices[1] + os.path.expanduser(_unquoted(prices[2]))
    if match is None:
        return argument
    return match[1] + ",".join(_stored(part, changed) for part in (_parts(match[2]) if sweep else [match[2]]))


def _parts(value: str) -> list[str]:
    """The value at its commas, but for those in the names of existing files."""
    pieces, parts, first = value.split(","), [], 0
    while first < len(pieces):
        ends = range(len(pieces), first + 1, -1)
        end = next((end for end in ends if _is_file(",".join(pieces[first:end]), exists=True)), first + 1)
        parts.append(",".join(pieces[first:end]))
        first = end
    return parts


def _stored(value: str, changed: str) -> str:
    """The name under which Hydra knows a value of ``scenario=``: itself, unless it is a file."""
    path = _unquoted(value)
    if not _is_file(path):
        return value
    try:
        scenario = load_scenario(Path(path))
    except ScenarioError as error:
        raise SettingsError(f"scenario={path}: {error}") from None
    content = json.dumps(scenario.model_dump(mode="json")).replace("$", "\\u0024")  # nothing in it is interpolated
    word = re.sub(r"\W", "_", scenario.name, flags=re.ASCII)
    name = f"file_{word}_{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    _store(name, content, as_file_name(scenario.name) + changed, path)
    return name


def _is_file(text: str, exists: bool = False) -> bool:
    path = _unquoted(text)
    return is_file_name(path) and not _GRAMMAR.match(path) and (not exists or os.path.isfile(path))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _store(name: str, base: str, label: str, path: str | None = None) -> None:
    node = OmegaConf.create({BASE: base, LABEL: label})
    OmegaConf.set_struct(node, False)  # it takes any key; the scenario itself knows which ones exist
    ConfigStore.instance().store(group=_GROUP, name=name, node=node, provider=path)


def typed(name: str) -> str:
    """A value of ``scenario=`` as it was typed: the path of a file, or the name itself.

    Args:
        name: as Hydra knows it.
    """
    try:
        return ConfigStore.instance().load(f"{_GROUP}/{name}.yaml").provider or name
    except ConfigLoadError:
        return name


def load(node: Any) -> Scenario:
    """The scenario of Hydra's node with its changes, or of a whole tree; what its price does not answer goes to stderr.

    Raises:
        SettingsError: one line that begins with the key.
    """
    try:
        if not isinstance(node, Mapping) or BASE not in node:
            return load_scenario(node)
        content = str(node[BASE])
        base = load_scenario(json.loads(content) if content.startswith("{") else content)
        given = {key: value for key, value in node.items() if key not in (BASE, LABEL)}
        return load_in_one_line(base, _changes_of(given, base), _TOLD)
    except ScenarioError as error:
        raise SettingsError(_complaint(str(error))) from None


def _changes_of(given: Mapping[str, Any], base: Scenario) -> dict[str, Any]:
    """Changes by dotted path, of whole parts first: what is changed inside them is looked for in the new ones."""
    whole = {key: _named(given[key]) for key in WHOLE if key in given and _named(given[key]) is not None}
    tree, _ = applied(base.model_dump(mode="json"), changes_of(whole))
    inside = {key: value for key, value in given.items() if key not in whole or isinstance(value, Mapping)}
    return whole | {path: value for path, value in _changes(inside, tree) if path not in whole}


def _named(value: Any) -> Any:
    """The name, or the list of them, that stands for a part; None if there is none."""
    named = value.get(PART) if isinstance(value, Mapping) else value
    return None if isinstance(named, Mapping) else named


def _changes(given: Mapping[str, Any], base: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted paths with their new values, as deep as the scenario itself has such a value."""
    for key, value in given.items():
        inside = base if isinstance(base, dict) else {str(index): item for index, item in enumerate(base)}
        typed = as_typed(f".{key}")[1:]
        inner = next(iter(inside.values()), None) if is_pattern(typed) else inside.get(typed)
        if key == PART:
            yield path.removesuffix("."), value
        elif isinstance(value, Mapping) and isinstance(inner, dict | list):
            yield from _changes(value, inner, f"{path}{typed}.")
        else:
            yield f"{path}{typed}", value


def _complaint(text: str) -> str:
    """An error of the library in the words of the command line."""
    text = re.sub(r"^scenario: ", "scenario.", text)
    several = re.match(r"overrides ([^:]+): ", text)
    if several is not None:
        paths = ", ".join(f"scenario.{path}" for path in several[1].split(", "))
        return f"{paths}: {text[several.end() :]}"
    return re.sub(r"^override ", "scenario.", text)
