"""Every number of a scenario, what its type allows, and draws of other values for it."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nea_env import load_scenario
from nea_env.scenario import Scenario

DECADES = 6.0
"""Values are drawn up to a factor of 10**DECADES above and below the shipped one."""

PROCESSES = ("lattice", "jumps", "two_regimes", "bootstrap", "log_ou")
"""Price processes tried beside a scenario's own, where its market has what they need."""

SCENARIOS_A_KIND = 3

_YEAR_OR_PLACE = re.compile(r"\.\d+(?=\.|$)")

LARGEST = 1e15
"""Numbers whose type gives no bound are drawn up to this."""


class Number(NamedTuple):
    """One number of a scenario: its dotted path, its shipped value, whether it is whole, the bounds of its type."""

    path: str
    value: float
    whole: bool
    low: float
    high: float

    def at(self, place: float) -> float:
        """The value ``place`` decades away from the shipped one (from 1 where that is 0), kept inside the bounds."""
        value = (self.value or 1.0) * 10.0**place
        return self.exact(min(max(value, self.low), self.high))

    def between(self, place: float) -> float:
        """A value ``place``, from 0 to 1, of the way between the bounds."""
        low, high = max(self.low, -LARGEST), min(self.high, LARGEST)
        return self.exact(low + (high - low) * place)

    def edges(self) -> tuple[float, ...]:
        """The bounds, and 0 and 1 where the bounds allow them."""
        found = (max(self.low, -LARGEST), min(self.high, LARGEST), 0.0, 1.0)
        return tuple(self.exact(edge) for edge in found if self.low <= edge <= self.high)

    def exact(self, value: float) -> float:
        """The value as the number's type has it."""
        return round(value) if self.whole else value


@cache
def numbers(name: str) -> tuple[Number, ...]:
    """Every number of a shipped scenario, in the order of its tree."""
    return tuple(_numbers(load_scenario(name), ""))


@cache
def telling(name: str) -> dict[str, tuple[Number, ...]]:
    """The numbers that this scenario's firm can meet, by section: of its years, its unit class and its own law."""
    scenario = load_scenario(name)
    found: dict[str, list[Number]] = {}
    for number in numbers(name):
        section, *rest = number.path.split(".")
        if _is_met(section, rest, scenario):
            found.setdefault(section if rest else "dates", []).append(number)
    return {section: tuple(group) for section, group in found.items()}


def at_bounds(names: Sequence[str], rng: np.random.Generator) -> Iterator[tuple[str, dict[str, Any]]]:
    """Scenarios and changes that put one number of each kind at each of its bounds, in up to three scenarios each.

    Numbers of one kind differ in their year, class or place in a list alone.
    """
    kinds: dict[str, dict[str, list[Number]]] = {}
    for name in names:
        for group in telling(name).values():
            for number in group:
                kinds.setdefault(_YEAR_OR_PLACE.sub(".*", number.path), {}).setdefault(name, []).append(number)
    for places in kinds.values():
        for name in rng.permutation(sorted(places))[:SCENARIOS_A_KIND]:
            for edge in range(len(places[name][0].edges())):
                number = places[name][int(rng.integers(len(places[name])))]
                yield str(name), _with_few_laws(name, {number.path: number.edges()[edge]})


def _is_met(section: str, rest: list[str], scenario: Scenario) -> bool:
    if section == "links" and rest[1] == "regime":
        return scenario.market.law == "equilibrium"
    if section != "regime" or len(rest) < 2:
        return True
    if len(rest[1]) == 4 and rest[1].isdecimal() and rest[1] not in scenario.periods:
        return False
    return "classes" not in rest or scenario.firm.unit_class in rest


def _numbers(value: Any, path: str, field: FieldInfo | None = None) -> Iterator[Number]:
    if isinstance(value, BaseModel):
        for key, below in type(value).model_fields.items():
            yield from _numbers(getattr(value, key), f"{path}.{key}" if path else key, below)
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(item, f"{path}.{key}", field)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield Number(path, float(value), isinstance(value, int), *_bounds(field))


def _bounds(field: FieldInfo | None) -> tuple[float, float]:
    """Bounds that a field's annotation gives its numbers; infinite where it gives none."""
    low, high = -math.inf, math.inf
    for mark in [] if field is None else [*field.metadata, *_marks(field.annotation)]:
        for part in getattr(mark, "metadata", None) or [mark]:
            low = max(low, getattr(part, "ge", getattr(part, "gt", -math.inf)))
            high = min(high, getattr(part, "le", getattr(part, "lt", math.inf)))
    return low, high


def _marks(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        yield from marks
        yield from _marks(inner)
    elif get_origin(annotation) in (dict, tuple, Union, types.UnionType):
        for part in get_args(annotation):
            yield from _marks(part)


def draw(name: str, rng: np.random.Generator, equilibria: float = 0.0) -> dict[str, Any]:
    """Other values for one or two numbers of a shipped scenario, and now and then another price process.

    A section is drawn first, so that the hundreds of numbers of a law do not hide the dozens of a firm. One number in
    ten is any at all, whether the firm can meet it or not. ``equilibria`` is the chance of the equilibrium process,
    which takes seconds to solve.
    """
    changes: dict[str, Any] = {}
    for _ in range(int(rng.integers(1, 3))):
        groups = telling(name)
        group = numbers(name) if rng.random() < 0.1 else groups[str(rng.choice(sorted(groups)))]
        number = group[int(rng.integers(len(group)))]
        changes[number.path] = _value(number, rng)
    if rng.random() < 0.2:
        changes["market.law"] = str(rng.choice(PROCESSES))
    elif rng.random() < equilibria and load_scenario(name).market.aggregate is not None:
        changes["market.law"] = "equilibrium"
    return _with_few_laws(name, changes)


def _with_few_laws(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Where laws are drawn, each is one to prepare: at most eight."""
    if load_scenario(name).policy.mode == "randomised":
        changes["policy.draws"] = min(changes.get("policy.draws", 2), 8)
    return changes


def _value(number: Number, rng: np.random.Generator) -> float:
    kind = rng.random()
    if kind < 0.6:
        return number.at(rng.uniform(-DECADES, DECADES))
    if kind < 0.8:
        return number.between(rng.random())
    return number.edges()[int(rng.integers(len(number.edges())))] if number.edges() else number.value
