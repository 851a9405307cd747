"""Names where a part is expected: ``firm=kets_steel``, ``links=[kets_tps]``, ``regime.penalty=pilot_beijing.penalty``.

A section of another regime comes with its years by their order: the first year of the scenario's calendar takes the
first of the other's, and so on; the last repeats. Months in it keep their distance from the deadline.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from nea_env.library.assembly import LINK_PARTS, SCENARIO_PARTS, Assembly
from nea_env.library.catalogue import document, load_regime, names
from nea_env.library.errors import did_you_mean, shown
from nea_env.library.file_names import is_file_name
from nea_env.library.grammar import Change, as_of_regime, is_right
from nea_env.library.reader import Document
from nea_env.scenario import BY_PERIOD, Regime, ScenarioError, add_months, months_between

MONEY = ("price", "cap", "lump_sum", "max_total", "reserve_price", "reserve_cap", "high_price", "low_price")
"""Keys of a regime's sections that hold money."""

FLAT = ("banking", "borrowing", "penalty", "holding")
"""Mechanisms whose rules have the same keys in every regime."""

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def resolved(change: Change, tree: Any) -> Any:
    """The change's value, with what a name stands for in its place.

    Args:
        change: of one path, without ``*``.
        tree: the scenario as it is so far.

    Raises:
        ScenarioError: no such name, or one that does not fit the scenario.
    """
    keys, value = change.keys, change.value
    if keys[0] == "links" and (len(keys) == 1 or (len(keys) == 2 and not isinstance(value, list))):
        return _links(change, tree)
    if not isinstance(value, str):
        return value
    try:
        if len(keys) == 1 and keys[0] in SCENARIO_PARTS:
            return _assembled({keys[0]: value})[keys[0]]
        if len(keys) == 3 and keys[0] == "links" and keys[2] in LINK_PARTS:
            return document(keys[2], value).values
        if is_section(keys):
            return _section(keys, value, tree)
        if is_right(keys) and is_section(as_of_regime(keys)):
            return _right(as_of_regime(keys), value, tree)
    except ScenarioError as error:
        why = str(error).removeprefix("overrides: ").removeprefix(f"{change.path}: ")
        raise ScenarioError(f"{change.where} {why}") from None
    return value


def is_section(keys: tuple[str, ...]) -> bool:
    """Whether a path leads to a mechanism of the regime, or to one year of it."""
    return len(keys) in (2, 3) and keys[0] == "regime" and keys[1] in BY_PERIOD


def without_ranges(keys: tuple[str, ...], tree: Any, *, dead_only: bool) -> Any:
    """The tree without what was known in advance of a section that has been replaced.

    Args:
        keys: of the section.
        tree: with the section replaced.
        dead_only: only of numbers that the section has no more, such as all of ``{}``.
    """
    path, law = ".".join(keys[1:]) + ".", tree["regime"]
    ranges = [
        one
        for one in law.get("ranges") or ()
        if not f"{one['path']}.".startswith(path) or (dead_only and _holds(law, one["path"].split(".")))
    ]
    return {**tree, "regime": {**law, "ranges": ranges}}


def _holds(node: Any, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _assembled(parts: dict[str, Any]) -> dict[str, Any]:
    """Parts with the files in their places that they name; paths are relative to the working directory."""
    tree: dict[str, Any] = Assembly(Document(Path("overrides"), parts, {})).scenario(Path()).tree
    return tree


def _links(change: Change, tree: Any) -> Any:
    one = len(change.keys) == 2
    asked = [change.value] if one else change.value
    try:
        for name in asked if isinstance(asked, list) else ():
            if isinstance(name, str) and not is_file_name(name) and name in names("link"):
                _refuse_for_others(name, tree["regime"])
        filled = _assembled({"links": asked})["links"]
    except ScenarioError as error:
        why = str(error).removeprefix("overrides: ").removeprefix(f"{change.path}: ")
        raise ScenarioError(f"{change.where} {why}") from None
    return filled[0] if one else filled


@lru_cache
def homes(link: str) -> tuple[str, ...]:
    """The regimes for whose firms a shipped link was written: those of the shipped scenarios that have it."""
    files = [document("scenario", name).values for name in names("scenario")]
    return tuple(sorted({values["regime"] for values in files if link in values.get("links", ())}))


def _refuse_for_others(link: str, regime: Any) -> None:
    """A link is refused in a system that it does not start from: other money, or the partner itself."""
    played, own = regime["name"], homes(link)
    partner = document("link", link).values.get("regime")
    currencies = [load_regime(home).currency for home in own]
    if not own or played in own or (regime["currency"] in currencies and partner != played):
        return
    others = [name for name in names("link") if played in homes(name)]
    back = [name for name in others if document("link", name).values.get("regime") in own]
    instead = ", ".join(back or others) or "no link ships for it"
    raise ScenarioError(f"{link} is a link for firms in {' and '.join(own)}; this scenario plays {played}: {instead}")


def for_whom(complaint: str, tree: Any) -> str:
    """What to add to an error about a link that was written for other firms than the scenario's."""
    place = re.match(r"links\.([01])\b", complaint)
    if place is None or not isinstance(tree["links"][int(place[1])], dict):
        return ""
    name, played = tree["links"][int(place[1])].get("name"), tree["regime"].get("name")
    own = homes(name) if name in names("link") else ()
    return f" ({name} is a link for firms in {' and '.join(own)})" if own and played not in own else ""


def _section(keys: tuple[str, ...], value: str, tree: Any) -> dict[str, Any]:
    """A mechanism of another regime for each year of this scenario's, or for one.

    Raises:
        ScenarioError: no such regime, section or year, or amounts in other money.
    """
    section, home = keys[1], tree["regime"]
    match = re.fullmatch(rf"(.+)\.{section}(?:\.([0-9]{{4}}))?", value)
    if match is None and (is_file_name(value) or value not in names("regime")):
        example = f"{keys[0]}.{section}=pilot_beijing.{section}"
        raise ScenarioError(f"{shown(value)}: expected a section of another regime, such as {example}, or a mapping")
    name, year = match.groups() if match else (value, None)
    law = load_regime(name)
    years = sorted(law.calendar)
    if year is not None and year not in law.calendar:
        raise ScenarioError(f"{value}: {did_you_mean(year, years)}")
    rules = law.model_dump(mode="json")[section]
    if not rules:
        raise ScenarioError(f"{value}: {name} has no {section}; write null or {{}} for none")
    own = sorted(home["calendar"])
    source = {here: year or years[min(place, len(years) - 1)] for place, here in enumerate(own)}
    taken = {}
    for here in [keys[2]] if len(keys) == 3 else own:
        there = source.get(here, year or years[-1])
        if there in rules and here in home["calendar"]:
            _refuse_other_money(f"{name}.{section}.{there}", rules[there], law, home)
            taken[here] = _moved(rules[there], law, there, home["calendar"][here]["deadline"])
    if len(keys) == 2:
        return taken
    if keys[2] not in home["calendar"]:
        raise ScenarioError(f"the calendar has no {keys[2]}; {did_you_mean(keys[2], own)}")
    if keys[2] not in taken:
        raise ScenarioError(f"{value}: {name} has no {section} for {source[keys[2]]}; allowed: {', '.join(rules)}")
    return dict(taken[keys[2]])


def _right(keys: tuple[str, ...], value: str, tree: Any) -> dict[str, Any]:
    """A mechanism of another regime as this firm's own right: rules whose keys are the same everywhere.

    Raises:
        ScenarioError: as for a section; or rules that have keys of their own, such as types of credit: those of the
            firm's regime would stay beside them.
    """
    if keys[1] not in FLAT:
        raise ScenarioError(
            f"{shown(value)}: a firm's right replaces its regime's rules key by key, so {keys[1]} takes a mapping;"
            f" a section's name fits {', '.join(FLAT)}, or regime.{keys[1]}"
        )
    taken = _section(keys, value, tree)
    return taken if len(keys) == 3 else {year: {} for year in tree["regime"][keys[1]]} | taken


def _refuse_other_money(where: str, rule: Any, law: Regime, home: Any) -> None:
    amounts = [] if law.currency == home["currency"] else list(_amounts(rule))
    if amounts:
        key, amount = amounts[0]
        alike = [name for name in names("regime") if load_regime(name).currency == home["currency"]]
        raise ScenarioError(
            f"{where}.{key} is {amount:,.10g} {law.currency} and this scenario counts in {home['currency']}: take the"
            f" section from a regime in {home['currency']} ({', '.join(alike)}), or give the amounts as a mapping"
        )


def _amounts(rule: Any, path: str = "") -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for key, value in rule.items() if isinstance(rule, dict) else ():
        if key in MONEY and value:
            found.append((path + key, value))
        found += _amounts(value, f"{path}{key}.")
    return found


def _moved(rule: Any, law: Regime, year: str, deadline: str) -> Any:
    """A rule with its months moved from one deadline to another, and its years with them."""
    months = months_between(law.calendar[year].deadline, deadline)
    years = round(months / 12)

    def moved(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {moved(name): moved(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        if isinstance(value, str) and _MONTH.fullmatch(value):
            return add_months(value, months)
        return f"{int(value) + years:04d}" if key == "pre_year" and value else value

    return moved(rule)
