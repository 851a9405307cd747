"""What the report of 2017 names: where the library has it, since when it can be played, or why it is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from nea_env.library.catalogue import ROOT, Kind, document
from nea_env.library.credits import load_credit
from nea_env.library.errors import did_you_mean, fields_at, shown
from nea_env.library.listing import accepted_by
from nea_env.library.reader import read
from nea_env.scenario import Scenario, ScenarioError

FILE = "coverage.yaml"
FOLDERS: dict[str, Kind] = {f"{kind}s": kind for kind in get_args(Kind)}
ANY_SCENARIO = "scenario"
KEYS = ("what", "at", "why")


class Entry(NamedTuple):
    """One thing that the report names.

    Attributes:
        group: systems, credits, allocation, trade, flexibility, enforcement or links.
        what: its name.
        at: places in the library, ``folder/file`` or ``folder/file#key``; ``scenario#key`` for a key of any scenario.
        why: what of it is not played, and the reason; "" where nothing is missing.
    """

    group: str
    what: str
    at: tuple[str, ...]
    why: str


def entries() -> list[Entry]:
    """All of them, in the order of the file.

    Raises:
        ScenarioError: an entry has an unknown key, or neither a place nor a reason.
    """
    found = []
    for group, items in read(ROOT / FILE).values.items():
        for item in items:
            wrong = next((key for key in item if key not in KEYS), None)
            if wrong is not None:
                raise ScenarioError(f"{FILE}: {group}: {wrong}: unknown key; {did_you_mean(wrong, KEYS)}")
            if "what" not in item or not ("at" in item or "why" in item):
                raise ScenarioError(f"{FILE}: {group}: {shown(item)}: needs what, and at or why")
            found.append(Entry(group, item["what"], tuple(item.get("at", ())), item.get("why", "")))
    return found


def since(place: str) -> str:
    """When what stands at a place begins: a year or a month, "" if it has no date.

    A key below a year begins in the first year that has it, a credit in the first in which a system takes it, a link
    in its first month, a scenario at its start.

    Raises:
        ScenarioError: there is no such file, or no such key in it.
    """
    name, _, key = place.partition("#")
    keys = tuple(key.split(".")) if key else ()
    if name == ANY_SCENARIO:
        if not keys or keys[-1] not in fields_at(Scenario, keys[:-1]):
            raise ScenarioError(f"{place}: a scenario has no such key")
        return ""
    folder, _, stem = name.partition("/")
    if folder not in FOLDERS:
        raise ScenarioError(f"{place}: {folder!r}: no such folder; {did_you_mean(folder, FOLDERS)}")
    values = document(FOLDERS[folder], stem).values
    paths = list(_matching(values, keys))
    if not paths:
        raise ScenarioError(f"{place}: the file has no such key; it has {', '.join(values)}")
    if folder == "scenarios":
        return str(values["start"])
    if folder == "credits":
        return _first_accepted(stem)
    if folder == "links":
        return str(values.get("starts") or "")
    years = [path[1] for path in paths if len(path) > 1 and path[1].isdecimal()]
    if not years and folder == "regimes":
        below: Any = values.get(keys[0]) if keys else values["calendar"]
        years = [year for year in below if year.isdecimal()] if isinstance(below, dict) else []
        years = years or list(values["calendar"])
    return min(years, default="")


def _first_accepted(credit: str) -> str:
    """First year in which a shipped system takes a credit, "" if none does."""
    found = load_credit(credit)
    years = [
        path[1]
        for regime in accepted_by(found)
        for kind in found.offered_as
        for path in _matching(document("regime", regime).values, ("offsets", "*", kind))
    ]
    return min(years, default="")


def _matching(values: Any, keys: tuple[str, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of a tree that keys lead to; * is any one key."""
    if not keys:
        yield path
    elif isinstance(values, dict):
        for key in values if keys[0] == "*" else [keys[0]]:
            if key in values:
                yield from _matching(values[key], keys[1:], (*path, key))
