"""Several scenarios, each with its own changes in one text: ``"kets regime.banking.*.limit=unlimited"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nea_env.bench.target import Target, is_discrete, scenario_of
from nea_env.library.arguments import named
from nea_env.library.errors import did_you_mean, shown
from nea_env.library.grammar import Overrides, changes_of, label, told
from nea_env.library.grammar import words_of as words_of
from nea_env.scenario import Scenario, ScenarioError

Argument = Target
"""A text that begins with a scenario and goes on with changes, or whatever else names a scenario."""

PRICES = ("given", "equilibrium")
MOST = 6
"""Scenarios of one comparison: as many colours as can be told apart."""


def loaded(arguments: Sequence[Argument], overrides: Overrides, price: str) -> list[Scenario]:
    """The scenarios that are meant.

    Args:
        arguments: each a scenario, with its own changes where it is a text.
        overrides: changes to each of them, made first, as ``load_scenario`` takes them.
        price: one of ``PRICES``.

    Raises:
        ScenarioError: one line that begins with the argument.
        ValueError: fewer than two or too many, or no such price.
    """
    if price not in PRICES:
        raise ValueError(f"price: {shown(price)}: {did_you_mean(str(price), PRICES)}")
    _check_list(arguments)
    common = [*_texts(overrides), *(["market.law=equilibrium"] if price == "equilibrium" else ())]
    found = [_loaded(place, one, common) for place, one in enumerate(arguments, start=1)]
    if len(found) < 2:
        given = f"only {shown(arguments[0])}" if found else "none"
        raise ValueError(
            f"scenarios: {given}: expected at least two, each with its changes in quotes: kets 'kets market.price=9000'"
        )
    if len(found) > MOST:
        raise ValueError(f"scenarios: {len(found)}: expected at most {MOST}")
    return found


def on_menu(arguments: Sequence[Argument]) -> bool:
    """Whether the scenarios are ids of discrete twins, whose policies choose from the menu.

    Raises:
        ValueError: some are and others are not.
    """
    _check_list(arguments)
    discrete = [is_discrete(_parted(place, one)[0]) for place, one in enumerate(arguments, start=1)]
    if any(discrete) and not all(discrete):
        one, other = (shown(arguments[discrete.index(kind)]) for kind in (True, False))
        raise ValueError(
            f"scenarios: in {one} a policy chooses from the menu, in {other} it doesn't: expected ids with Discrete for"
            " all of them or none"
        )
    return any(discrete)


def _check_list(arguments: Sequence[Argument]) -> None:
    if isinstance(arguments, str) or not isinstance(arguments, Sequence):
        raise ValueError(f"scenarios: {shown(arguments)}: expected a list of at least two, the first to compare with")


def _texts(overrides: Overrides) -> list[str]:
    changes_of(overrides)  # refuses what is no change, in a sentence
    if isinstance(overrides, Mapping):
        return list(told(overrides))
    return [overrides] if isinstance(overrides, str) else list(overrides)


def _parted(place: int, argument: Argument) -> tuple[Argument, list[str], str]:
    """The scenario that an argument names, its own changes, and what errors call it."""
    name, changes, shown_as = argument, list[str](), shown(argument)
    if isinstance(argument, str) and not (argument.endswith((".yaml", ".yml", ".json")) and Path(argument).is_file()):
        given = named(words_of(argument), ())
        shown_as = argument
        if len(given.scenarios) != 1:
            told = f"{len(given.scenarios)} scenarios" if given.scenarios else "no scenario"
            raise ScenarioError(
                f"argument {place}, {argument!r}, names {told}: each begins with one, and its changes follow in the"
                " same quotes"
            )
        name, changes = given.scenarios[0], list(given.overrides)
    return name, changes, shown_as


def _loaded(place: int, argument: Argument, common: Sequence[str]) -> Scenario:
    name, changes, shown_as = _parted(place, argument)
    try:
        return scenario_of(name, [*common, *changes])
    except (ScenarioError, ValueError) as error:
        raise ScenarioError(f"argument {place}, {shown_as}: {error}") from None


def names_of(scenarios: Sequence[Scenario]) -> list[str]:
    """What to call each: its name and the changes that not all of them have; a name that is taken gets a number."""
    common = set(scenarios[0].changes).intersection(*(one.changes for one in scenarios))
    names: list[str] = []
    for one in scenarios:
        name = own = label(one.name, [change for change in one.changes if change not in common])
        number = 2
        while name in names:
            name, number = f"{own} ({number})", number + 1
        names.append(name)
    return names
