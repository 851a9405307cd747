"""Ranges of a firm and of a market: numbers that every episode draws anew, evenly between two bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from nea_env.scenario.types import Number

if TYPE_CHECKING:
    from nea_env.scenario.scenario import Scenario

SECTIONS = ("firm", "market")
NOT_DRAWN = {
    "firm.rights": "a right is law, of which regime.ranges draws numbers",
    "market.discount_rate": "the monthly discount factor is one number for all episodes",
    "market.aggregate": "an equilibrium is solved for one market, which all episodes share",
    "market.beliefs": "an equilibrium is solved for one set of beliefs, which all episodes share",
    "market.replay": "prices on record are as they were",
    "market.bootstrap": "changes on record are as they were",
}
"""Keys below which no number is drawn, and why."""
BESIDE_EQUILIBRIUM = ("frictions", "offset", "quote_noise", "stale")
"""Keys of a market that its equilibrium does not depend on."""

_Model = TypeVar("_Model", bound=BaseModel)


def by_path(value: Any) -> Any:
    """Ranges by dotted path; a tree such as ``abatement: {scale: [10, 30]}`` is joined to them."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, object] = {}
    for path, bounds in _leaves("", value):
        if path in flat:
            raise ValueError(f"{path}: this key is listed twice; allowed: once")
        flat[path] = bounds
    return flat


def _leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), below)
    elif path:
        yield path, value


Ranges = Annotated[dict[str, tuple[Number, ...]], BeforeValidator(by_path)]
"""Least and most of numbers, by their dotted path: ``output: [2.0e6, 5.0e6]``, ``abatement.scale: [10, 30]``."""


def value_at(node: Any, path: str) -> Any:
    """What stands at a dotted path of models, mappings and lists; None where there is nothing."""
    for key in path.split("."):
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list | tuple):
            node = node[int(key)] if key.isascii() and key.isdecimal() and int(key) < len(node) else None
        else:
            node = getattr(node, key, None) if key in getattr(type(node), "model_fields", {}) else None
    return node


def with_values(model: _Model, values: Mapping[str, Any]) -> _Model:
    """The same model with other values at some dotted paths that it has, validated again.

    Raises:
        pydantic.ValidationError: a value is refused there.
    """
    tree = model.model_dump(mode="json")
    for path, value in values.items():
        *parents, last = path.split(".")
        branch: Any = tree
        for key in parents:
            branch = branch[int(key)] if isinstance(branch, list) else branch[key]
        branch[int(last) if isinstance(branch, list) else last] = value
    return type(model).model_validate(tree)


def refusal(error: ValidationError) -> tuple[str, str]:
    """Where the first of pydantic's errors is, as a dotted path, and why, beginning in lower case."""
    first = error.errors(include_url=False)[0]
    why = first["msg"].removeprefix("Value error, ")
    return ".".join(map(str, first["loc"])), f"{why[:1].lower()}{why[1:]}"


def bounds_of(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Least and most of every number of the firm and the market that episodes draw, by its path in the scenario."""
    return {
        f"{section}.{path}": bounds
        for section in SECTIONS
        for path, bounds in getattr(scenario, section).ranges.items()
    }


def with_drawn(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with these numbers of its firm and market, by path, and without ranges; itself if there are none.

    Raises:
        ValueError: the numbers are refused, alone or together; one line.
    """
    if not values:
        return scenario
    parts: dict[str, Any] = {}
    try:
        for section in SECTIONS:
            own = {path.partition(".")[2]: value for path, value in values.items() if path.startswith(f"{section}.")}
            for path in own:
                if value_at(getattr(scenario, section), path) is None:
                    raise ValueError(f"{section}.{path}: there is no such number to draw")
            parts[section] = with_values(getattr(scenario, section), {**own, "ranges": {}})
        return type(scenario)(**{**dict(scenario), **parts})
    except ValidationError as error:
        path, why = refusal(error)
        path = next((one for one in values if path and one.endswith(f".{path}")), path)
        where = f"{path}: {values[path]:g}: " if path in values else f"{path}: " if path else ""
        raise ValueError(f"{where}{why}") from None


def check_ranges(scenario: Scenario) -> None:
    """Refuse ranges of what cannot be drawn, and those at whose ends the scenario is refused.

    Raises:
        ValueError: names the key, its bounds and what is allowed.
    """
    bounds = bounds_of(scenario)
    for path, pair in bounds.items():
        section, _, key = path.partition(".")
        where = f"{section}.ranges.{key}: [{', '.join(f'{bound:g}' for bound in pair)}]"
        if len(pair) != 2:
            raise ValueError(f"{where}: expected two numbers, [least, most]")
        _check_number(scenario, section, key, where)
        if pair[1] < pair[0]:
            raise ValueError(f"{where}: the second lies below the first; allowed: the least, then the most")
    ends = [{path: pair[end] for path, pair in bounds.items()} for end in (0, 1)]
    for here, there in (ends, ends[::-1]):
        for alone in (None, *bounds):  # all at one end, then each alone at the other
            at = here if alone is None else {**here, alone: there[alone]}
            try:
                with_drawn(scenario, at)
            except ValueError as error:
                raise ValueError(f"{_named(bounds, alone)}: at an end, {error}") from None


def _named(bounds: Mapping[str, tuple[float, float]], path: str | None) -> str:
    """The ranges whose end is refused: one with its bounds, or the names of all."""
    names = {one: ".ranges.".join(one.split(".", 1)) for one in bounds}
    one = next(iter(bounds)) if len(bounds) == 1 else path
    return ", ".join(names.values()) if one is None else f"{names[one]}: [{bounds[one][0]:g}, {bounds[one][1]:g}]"


def _check_number(scenario: Scenario, section: str, key: str, where: str) -> None:
    model, first = getattr(scenario, section), key.split(".")[0]
    why = NOT_DRAWN.get(f"{section}.{first}")
    if why:
        raise ValueError(f"{where}: {why}; allowed: other numbers of the {section}")
    if section == "market" and model.law == "equilibrium" and first not in BESIDE_EQUILIBRIUM:
        raise ValueError(
            f"{where}: an equilibrium is solved for one market, and another number would need another equilibrium;"
            f" allowed under market.law: equilibrium: numbers of {', '.join(BESIDE_EQUILIBRIUM)}"
        )
    if not isinstance(value_at(model, key), float):
        known = [path for path in _numbers(model) if f"{section}.{path.split('.')[0]}" not in NOT_DRAWN]
        close = get_close_matches(key, known, n=8, cutoff=0.0)
        raise ValueError(
            f"{where}: this {section} has no such number to draw (names, dates, switches, whole numbers and what is"
            f" not given are not drawn); allowed: {len(known)} numbers, the closest of them {', '.join(close)}"
        )


def _numbers(node: Any, path: str = "") -> Iterator[str]:
    """Paths of the numbers that a model has."""
    if isinstance(node, float):
        yield path
    elif isinstance(node, BaseModel | dict | list | tuple):
        items: Any = enumerate(node) if isinstance(node, list | tuple) else dict(node).items()
        for key, below in items:
            if key != "ranges":
                yield from _numbers(below, f"{path}.{key}" if path else str(key))
