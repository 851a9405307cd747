"""What was found for a scenario and is kept in a YAML file: an entry for each, with the digest of its content.

A scenario of your own may have a shipped one's name, or a shipped one may have been changed on the command line:
neither replaces the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from nea_env.atomic import alone, write_text
from nea_env.library import load_scenario, scenarios
from nea_env.library.yaml import YAML_ERRORS, yaml_reader, yaml_text
from nea_env.scenario import Scenario

DIGEST = "digest"
"""Key of the digest of the scenario's content in an entry."""

Entries = dict[str, dict[str, Any]]


class Entry(NamedTuple):
    """What a file holds for a scenario.

    Attributes:
        values: by name.
        same_content: they are for this very content; otherwise for another scenario of the same name.
    """

    values: dict[str, Any]
    same_content: bool


def read(path: Path, what: str, check: Callable[[str, dict[str, Any]], None]) -> Entries:
    """A whole file: values by scenario; empty where there is no file.

    Args:
        path: of the file.
        what: it holds for each scenario.
        check: raises a ValueError where the values of the scenario that it is given by name are not as they must be.

    Raises:
        ValueError: it is damaged.
    """
    if not path.exists():
        return {}
    try:
        entries = _parsed(path.read_text(encoding="utf-8"))
    except (*YAML_ERRORS, OSError, RecursionError) as error:
        raise ValueError(f"{path}: is damaged: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(entries, dict) or not all(
        isinstance(key, str) and isinstance(values, dict) for key, values in entries.items()
    ):
        raise ValueError(f"{path}: is damaged: expected {what} for each scenario")
    for name, values in entries.items():
        try:
            check(name, values)
        except ValueError as error:
            raise ValueError(f"{path}: is damaged: {error}") from None
    return entries


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    """What a text holds; parsing takes seconds, and a comparison asks for each of its rules."""
    return yaml_reader().load(text) or {}


def look_up(entries: Mapping[str, dict[str, Any]], scenario: Scenario) -> Entry | None:
    """The entry of a scenario's content, or else of its name; None where there is neither."""
    digest = scenario.digest
    for values in entries.values():
        if values.get(DIGEST) == digest:
            return Entry(values, True)
    return Entry(entries[scenario.name], False) if scenario.name in entries else None


def is_current(reading: Callable[[], Entries], scenario: Scenario, rule: str) -> bool:
    """Whether values of a rule are stored that were found for this very content.

    Warns:
        UserWarning: the file is damaged.
    """
    try:
        entry = look_up(reading(), scenario)
    except ValueError as error:
        warnings.warn(f"{rule} is left out: {error}", stacklevel=4)
        return False
    return entry is not None and entry.same_content and rule in entry.values


def record(
    path: Path, heading: str, reading: Callable[[], Entries], scenario: Scenario, values: Mapping[str, Any]
) -> str:
    """Put what was found for one scenario into a file, the other entries untouched.

    Args:
        path: of the file.
        heading: its first line, a comment.
        reading: the file as it stands.
        scenario: what the values are for.
        values: by name.

    Returns:
        The entry's key: the scenario's name, or the name and the digest where another content has the name.

    Raises:
        ValueError: the file is damaged.
        OSError: it can't be written; it is as it was before.
    """
    with alone(path.parent):
        name, digest = scenario.name, scenario.digest
        entries = {key: entry for key, entry in reading().items() if entry.get(DIGEST) != digest}
        is_main = load_scenario(name).digest == digest if name in scenarios() else name not in entries
        key = name if is_main else f"{name}@{digest[:8]}"
        entries[key] = {DIGEST: digest, **values}
        write_text(path, heading + yaml_text(entries))
        return key
