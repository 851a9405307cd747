"""Every observation and every action by name: what each means, and what it is worth now, in tonnes, money and months.

All of it is made from the field tables of the core and from the menu; `natural` alone adds how a number of the
observation is turned back into what it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

import gymnasium

from nea_env.core.layout import ACTIONS, DEADLINE_SCALE, OBS_INDEX, OBSERVATION, PARTNERS, TECHS
from nea_env.envs import arguments
from nea_env.envs.menu import menu_of
from nea_env.envs.reference.actions import action_of
from nea_env.envs.reference.tables import interval
from nea_env.envs.spaces import ACTION_FORMS
from nea_env.library import load_scenario
from nea_env.library.columns import paragraph, table, width_of_terminal
from nea_env.library.errors import did_you_mean
from nea_env.scenario import Scenario, months_between
from nea_env.scenario.ranges import bounds_of, with_drawn
from nea_env.scenario.words import quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

OBSERVED, ACTED = "observation", "action"
MODULE = "nea_env:"
"""What may stand before an id, for worker processes."""
ROUNDING = 1e-12  # below it a value is printed as 0


class Column(NamedTuple):
    """One observation or action; with discrete actions, one choice of the menu.

    Attributes:
        kind: ``"observation"`` or ``"action"``.
        number: its place in the array, or the number of the choice.
        name: as in ``nea_env.core.layout``, or of the choice.
        unit: in which the array has it.
        low, high: its bounds there; a choice has none.
        natural: unit in which `observe` gives its value.
        meaning: what it is.
    """

    kind: str
    number: int
    name: str
    unit: str
    low: float | None
    high: float | None
    natural: str
    meaning: str


class Reading(NamedTuple):
    """One observation or action in the present month.

    Attributes:
        kind, number, name, low, high, meaning: as of `Column`.
        value: in ``unit``; of an action, 1 where it can matter this month and 0 where it is masked.
        unit: the natural one: tonnes, money per tonne, months, per cent.
        seen: the number in the array; of an action, the entry of the mask.
    """

    kind: str
    number: int
    name: str
    value: float
    unit: str
    seen: float
    low: float | None
    high: float | None
    meaning: str


Line = TypeVar("Line", Column, Reading)


class Names(Sequence[Line], Generic[Line]):
    """Lines of one kind, printed as a table; ``names["gap"]`` finds one, ``pandas.DataFrame(names)`` takes them all."""

    def __init__(self, lines: Iterable[Line], heading: Sequence[str] = ()) -> None:
        self._lines: tuple[Line, ...] = tuple(lines)
        self._heading = tuple(heading)

    @overload
    def __getitem__(self, key: int | str) -> Line: ...
    @overload
    def __getitem__(self, key: slice) -> Names[Line]: ...
    def __getitem__(self, key: int | str | slice) -> Line | Names[Line]:
        """A line by its place or its name (of an observation first, where an action has the same), or several."""
        if isinstance(key, slice):
            return Names(self._lines[key], self._heading)
        if not isinstance(key, str):
            return self._lines[key]
        found = next((line for line in self._lines if line.name == key), None)
        if found is None:
            raise KeyError(f"no {key!r} here; {did_you_mean(key, [line.name for line in self._lines])}")
        return found

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def observations(self) -> Names[Line]:
        """The observations alone."""
        return Names((line for line in self._lines if line.kind == OBSERVED), self._heading)

    @property
    def actions(self) -> Names[Line]:
        """The actions alone, or the choices of the menu."""
        return Names((line for line in self._lines if line.kind == ACTED), self._heading)

    def __str__(self) -> str:
        width: int = width_of_terminal()
        lines = [line for words in self._heading for line in paragraph(words, width)]
        for kind in (OBSERVED, ACTED):
            body: list[dict[str, str]] = [_cells(line) for line in self._lines if line.kind == kind]
            if body:
                lines += ["", *table(list(body[0]), [list(cells.values()) for cells in body], width)]
        return "\n".join(lines).removeprefix("\n")

    __repr__ = __str__


def _cells(line: Column | Reading) -> dict[str, str]:
    """Head of a column of the printed table -> what the line has there."""
    cells = {"": str(line.number), line.kind: line.name}
    if isinstance(line, Column):
        cells["unit"] = line.unit
    elif line.kind == ACTED:
        cells["now"] = "open" if line.value else "masked"
    else:
        is_zero = abs(line.value) < ROUNDING
        cells["value"] = "0" if is_zero else "no limit" if line.value == math.inf else quantity(line.value)
        cells |= {"unit": line.unit, "seen": "0" if is_zero else f"{line.seen:.4g}"}
    if line.low is not None:
        cells["range"] = interval(line)
    if isinstance(line, Column) and line.kind == OBSERVED:
        cells["observed in"] = line.natural
    return cells | {"meaning": line.meaning}


# --- natural units ---------------------------------------------------------------------------------------


def unsquash(z: float) -> float:
    """The y of which z = y / (1 + |y|) was made; infinite at -1 and 1."""
    return z / (1.0 - abs(z)) if abs(z) < 1.0 else math.copysign(math.inf, z)


class _View(NamedTuple):
    """One observation and the scenario that it is of."""

    scenario: Scenario
    seen: Callable[[str], float]

    @property
    def year(self) -> float:
        """Baseline emissions, t a year."""
        return self.scenario.firm.annual_emissions

    @property
    def horizon(self) -> int:
        """Months of an episode."""
        return _months(self.scenario)

    def price(self) -> float:
        """The long price as quoted, money per t."""
        return math.exp(self.seen("log_price")) * self.scenario.market.price


_Back = Callable[[_View, float, int], float]  # of a view, the number seen and k of a column of a kind

_BY_UNIT: dict[str, tuple[str, _Back]] = {
    "squashed": ("1", lambda view, z, k: unsquash(z)),
    "squashed years": ("t", lambda view, z, k: unsquash(z) * view.year),
    "squashed tenths of a year": ("t", lambda view, z, k: unsquash(z) * view.year / 10.0),
    "share of a year": ("t", lambda view, z, k: z * view.year),
    "share of baseline emissions": ("t/year", lambda view, z, k: z * view.year),
    "share of the episode": ("months", lambda view, z, k: z * view.horizon),
    f"{DEADLINE_SCALE} months": ("months", lambda view, z, k: z * DEADLINE_SCALE),
    "years": ("months", lambda view, z, k: z * 12.0),
    "share of the volume limit": ("t", lambda view, z, k: z * unsquash(view.seen("volume_limit")) * view.year),
    "share of its potential": ("t/month", lambda view, z, k: z * _potential(view, k)),
    "share of the capex of its potential": ("money", lambda view, z, k: z * _capex(view, k)),
    "share of what is possible": ("%", lambda view, z, k: 100.0 * z),
    "share of the duty": ("%", lambda view, z, k: 100.0 * z),
    "share of its base": ("%", lambda view, z, k: 100.0 * z),
}
"""Unit of an observation -> (its natural unit, how the number is turned back)."""

_BY_NAME: dict[str, tuple[str, _Back]] = {
    "log_price": ("money/t", lambda view, z, k: view.price()),
    "log_offset_ratio": (
        "money/t", lambda view, z, k: math.exp(z) * view.price() if view.scenario.market.offset else 0.0
    ),
    "strike": ("money/t", lambda view, z, k: unsquash(z) * view.price() * (1.0 + view.seen("front_gap"))),
    "foreign_premium": (
        "money/t", lambda view, z, k: math.exp(z) * view.price() if k < len(view.scenario.links) else 0.0
    ),
    "aggregate_bank": ("t", lambda view, z, k: unsquash(z) * _market_year(view.scenario)),
}  # fmt: skip
"""The same of columns whose unit does not say it: logs, and ratios of something else than the firm's emissions."""

_UNDISCLOSED: dict[str, tuple[str, _Back]] = {
    "log_offset_ratio": ("× the price", lambda view, z, k: math.exp(z) if view.scenario.market.offset else 0.0),
    "foreign_premium": ("× the price", lambda view, z, k: math.exp(z) if k < len(view.scenario.links) else 0.0),
}
"""The same where prices are not disclosed, of ratios to the true price: times the quote they would be false prices."""


def _potential(view: _View, k: int) -> float:
    technologies = view.scenario.firm.technologies
    return technologies[k].potential_share * view.year / 12.0 if k < len(technologies) else 0.0


def _capex(view: _View, k: int) -> float:
    """What the whole potential of a technology costs, net of state aid."""
    technologies = view.scenario.firm.technologies
    if k >= len(technologies):
        return 0.0
    return 12.0 * _potential(view, k) * technologies[k].capex * (1.0 - view.scenario.regime.subsidy_share)


def _market_year(scenario: Scenario) -> float:
    """Baseline emissions of the whole market, t a year; 0 where it has none."""
    return scenario.market.aggregate.emissions if scenario.market.aggregate else 0.0


def _months(scenario: Scenario) -> int:
    return months_between(scenario.start, scenario.end) + 1


def _kind_of(name: str) -> tuple[str, int]:
    """``capacity_1`` is number 1 of a kind, capacity; ``gap`` is one by itself."""
    stem, _, number = name.rpartition("_")
    return (stem, int(number)) if number.isdigit() else (name, 0)


def _backed(name: str, unit: str, scenario: Scenario) -> tuple[str, _Back, int]:
    """(natural unit, how a column is turned back, its number k among those of its kind)."""
    kind, k = _kind_of(name)
    by_name = _BY_NAME | _UNDISCLOSED if scenario.market.quote_noise > 0.0 else _BY_NAME
    natural_unit, back = by_name.get(kind) or _BY_UNIT.get(unit) or (unit, lambda view, z, k: z)
    return natural_unit.replace("money", scenario.market.currency), back, k


def as_drawn(scenario: Scenario, drawn: Mapping[str, float]) -> Scenario:
    """The scenario with the firm and the market that one episode drew; itself where it draws neither.

    Args:
        scenario: the episode's, with its ranges.
        drawn: what `FirmEnv.drawn` tells, or one row of `FirmVectorEnv.drawn`. Numbers of the law are passed over: no
            observation is a share of one.
    """
    return with_drawn(scenario, {path: float(drawn[path]) for path in bounds_of(scenario)})


def natural(scenario: Scenario, observation: Sequence[float] | NDArray[Any]) -> dict[str, tuple[float, str]]:
    """An observation in natural units.

    Args:
        scenario: the one that it is of. Where episodes draw their firm or their market, that of the episode:
            ``as_drawn(env.scenario, env.drawn())``.
        observation: (67,) numbers, as `reset` and `step` return them.

    Returns:
        name -> (value, unit), to the precision of ``float32``. A bound of the law that stands for "no limit" is
        infinite. Where prices are not disclosed, ``log_price`` is the quote, and the prices of an offset credit and of
        foreign units are multiples of the true price (``× the price``), which is all that is observed of them: a
        multiple times the quote estimates such a price, with the error of the quote.

    Raises:
        ValueError: the observation has another length.
    """
    if len(observation) != len(OBSERVATION):
        raise ValueError(f"observation has {len(observation)} numbers: expected {len(OBSERVATION)}")
    view = _View(scenario, lambda name: float(observation[OBS_INDEX[name]]))
    values = {}
    for field in OBSERVATION:
        unit, back, k = _backed(field.name, field.unit, scenario)
        values[field.name] = (float(back(view, view.seen(field.name), k)), unit)
    return values


# --- what is shown ---------------------------------------------------------------------------------------


def describe(scenario: str | Path | Mapping[str, Any] | Scenario, action_form: str | None = None) -> Names[Column]:
    """Every observation and every action of an environment by name, with unit, range and meaning.

    Args:
        scenario: an id such as ``"nea/KETS-v0"``, or what `load_scenario` takes.
        action_form: ``"box"`` or ``"discrete"``, whose actions are the choices of the menu; None: the id's, else box.

    Returns:
        A sequence of `Column` that prints as a table; ``.observations`` and ``.actions`` are its parts.

    Raises:
        ValueError: an unknown id or action form; `ScenarioError` for a scenario that does not load.
    """
    played, form, name = _environment(scenario)
    form = form if action_form is None else arguments.one_of(action_form, "action_form", ACTION_FORMS)
    lines = [
        Column(
            OBSERVED, number, field.name, field.unit, field.low, field.high,
            _backed(field.name, field.unit, played)[0], field.meaning + _whose(field.name, played),
        )
        for number, field in enumerate(OBSERVATION)
    ]  # fmt: skip
    if form == "discrete":
        lines += [
            Column(ACTED, number, choice.name, "choice", None, None, "choice", action_of(choice, mark=""))
            for number, choice in enumerate(menu_of(played).choices)
        ]
    else:
        lines += [
            Column(ACTED, number, field.name, field.unit, field.low, field.high, field.unit, field.meaning)
            for number, field in enumerate(ACTIONS)
        ]
    return Names(lines, _heading(played, form, name))


def _whose(name: str, scenario: Scenario) -> str:
    """Which technology or partner of the scenario a column of a kind is about."""
    kind, k = _kind_of(name)
    width = sum(_kind_of(field.name)[0] == kind for field in OBSERVATION)
    technologies, links = (tuple(one.name for one in part) for part in (scenario.firm.technologies, scenario.links))
    members = {TECHS: technologies, PARTNERS: links}.get(width)
    return "" if members is None else f" ({members[k]})" if k < len(members) else " (none here)"


def _environment(scenario: Any) -> tuple[Scenario, str, str]:
    """(scenario, action form, what it is called) of an id or a scenario."""
    named = scenario.removeprefix(MODULE) if isinstance(scenario, str) else ""
    if named in gymnasium.registry and "scenario" in gymnasium.registry[named].kwargs:
        chosen = gymnasium.registry[named].kwargs
        return load_scenario(chosen["scenario"]), str(chosen["action_form"]), named
    if named.startswith("nea/") and named.endswith("-v0"):
        known = [one for one in gymnasium.registry if one.startswith("nea/")]
        raise ValueError(f"id: {scenario!r} is not registered; {did_you_mean(named, known)}")
    played = load_scenario(scenario)
    return played, ACTION_FORMS[0], played.name


def _heading(scenario: Scenario, form: str, name: str) -> list[str]:
    market = scenario.market
    asked = f"{len(menu_of(scenario))} choices of actions" if form == "discrete" else f"{len(ACTIONS)} actions"
    unit = f"baseline emissions of a month × {quantity(market.price)} {market.currency}/t"
    discount = math.exp(-market.discount_rate / 12.0)
    return [
        f"{name}: {scenario.title}",
        f"{len(OBSERVATION)} observations, {asked}, {_months(scenario)} months, discount {discount:.4f} a month;"
        f" reward: minus the month's cost over {unit}",
    ]


def readings(
    scenario: Scenario, drawn: Mapping[str, float], observation: NDArray[Any], mask: NDArray[Any], form: str, month: int
) -> Names[Reading]:
    """What `FirmEnv.observe` returns: one observation (67,) and one mask (A,), named and in natural units."""
    scenario = as_drawn(scenario, drawn)
    values = natural(scenario, observation)
    lines = []
    for column in describe(scenario, form):
        if column.kind == OBSERVED:
            seen, (value, unit) = float(observation[column.number]), values[column.name]
        else:
            seen, value, unit = float(mask[column.number]), float(mask[column.number]), "open"
        bounds = column.low, column.high
        lines.append(Reading(column.kind, column.number, column.name, value, unit, seen, *bounds, column.meaning))
    played = f"{month} month{'' if month == 1 else 's'} of {_months(scenario)} played"
    return Names(lines, [f"{scenario.name}: {scenario.title}; {played}"])
