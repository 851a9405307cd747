"""What is compared between scenarios: quantities of an episode, their intervals, and paired differences."""

from __future__ import annotations

import csv as csv_files
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.market.paths import price_paths
from nea_env.policies.outcome import Outcome, interval
from nea_env.scenario import Scenario

Floats = NDArray[np.float64]


class Quantity(NamedTuple):
    """A quantity as tables name it."""

    title: str
    unit: str


_OF_A_YEAR, _A_YEAR = "% of a year's emissions", "% of emissions"

QUANTITIES = {
    "cost": Quantity("cost", "% of exposure"),
    "bank": Quantity("bank, mean of all months", _OF_A_YEAR),
    "carried_over": Quantity("carried over at a deadline", _OF_A_YEAR),
    "lapsed": Quantity("lapsed", _A_YEAR),
    "borrowed": Quantity("borrowed", _A_YEAR),
    "imported": Quantity("imported", _A_YEAR),
    "offsets": Quantity("offset credits", _A_YEAR),
    "abated": Quantity("abated", _A_YEAR),
    "complied": Quantity("complied", "% of episodes"),
}
"""In the order of the table. The bank is what is held beyond the duty built up, see ``nea_env.policies.bank``."""

MARKET = {
    "price": Quantity("long price, mean of all months", ""),
    "discount": Quantity("front discount", "% of the price"),
}
"""Quantities of a scenario, whoever plays: the long price, and how much cheaper a unit of the vintage due next is; both
without the firm's own impact."""

HEAD = ("quantity", "scenario", "mean", "difference")


class Prices(NamedTuple):
    """Prices of a scenario, by episode and by month, from the month on in which its market opens.

    Attributes:
        price: (n,) mean long price, money/t.
        discount: (n,) % by which the front is cheaper, over all months.
        long, front: (months,) means over the episodes, NaN before the market opens.
    """

    price: Floats
    discount: Floats
    long: Floats
    front: Floats


class Cell(NamedTuple):
    """One quantity of one policy in one scenario.

    Attributes:
        policy, quantity, label: what it is of; ``label`` is a variant's, and ``policy`` "market" for prices.
        interval: ``mean``, ``low`` and ``high``.
        difference: the same of the difference to the first scenario; None of the first, and between two moneys.
    """

    policy: str
    quantity: str
    label: str
    interval: dict[str, float]
    difference: dict[str, float] | None

    def flat(self) -> dict[str, Any]:
        """The cell as a row of a table of numbers."""
        other = self.difference or {}
        ends = {"": "mean", "_low": "low", "_high": "high"}
        return {
            "policy": self.policy, "quantity": self.quantity, "scenario": self.label,
            **{f"mean{end}": self.interval[part] for end, part in ends.items()},
            **{f"difference{end}": other.get(part) for end, part in ends.items()},
        }  # fmt: skip


def prices(scenario: Scenario, seeds: NDArray[Any], progress: bool) -> Prices:
    """Prices of the episodes with these seeds, which follow one on the other."""
    paths = price_paths(scenario, len(seeds), int(seeds[0]), progress=progress)
    opened = paths.opening
    long, front = paths["long_price"][:, opened:], paths["front_price"][:, opened:]
    closed = np.full(opened, np.nan)
    return Prices(
        long.mean(axis=1),
        100.0 * (1.0 - front.sum(axis=1) / long.sum(axis=1)),
        np.concatenate([closed, long.mean(axis=0)]),
        np.concatenate([closed, front.mean(axis=0)]),
    )


def same(one: Prices, other: Prices) -> bool:
    """Whether two scenarios have the same prices, to the bit."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def emissions(scenario: Scenario, seeds: NDArray[Any]) -> Floats:
    """Baseline emissions of each episode's own firm, (n,) t a year: as drawn, where its size is drawn."""
    firm, sizes = scenario.firm, ("output", "emission_intensity", "scale")
    if not any(f"firm.{name}" in scenario.drawn for name in sizes):
        return np.full(len(seeds), firm.annual_emissions)
    batch = Batch(scenario, len(seeds))
    batch.reset(np.asarray(seeds, np.int64))
    drawn = batch.drawn()
    output, intensity, scale = (drawn.get(f"firm.{name}", np.full(len(seeds), getattr(firm, name))) for name in sizes)
    return output * intensity * scale


def values(scenario: Scenario, outcome: Outcome, annual: Floats) -> dict[str, Floats]:
    """Every quantity by episode, (n,) by name in ``QUANTITIES``; ``annual`` is what ``emissions`` says, (n,)."""
    share = 100.0 / annual
    years = sum(scenario.regime.calendar[year].years for year in scenario.periods)
    yearly = {name: share * tonnes.sum(axis=1) / years for name, tonnes in outcome.yearly.items()}
    return {
        "cost": outcome.cost_pct,
        "bank": share * outcome.bank_t,
        "carried_over": share * outcome.yearly["carried_over"].mean(axis=1),
        **{name: yearly[name] for name in ("lapsed", "borrowed", "imported", "offsets")},
        "abated": share * (outcome.totals["abated"] + outcome.totals["saved"]) / years,
        "complied": 100.0 * outcome.complied,
    }


def cell(policy: str, quantity: str, label: str, own: Floats, first: Floats | None) -> Cell:
    """A quantity with its interval, and with that of its difference to the first scenario's, episode by episode."""
    return Cell(policy, quantity, label, interval(own), None if first is None else interval(own - first))


def idle(cells: Sequence[Cell]) -> list[str]:
    """Quantities that are nothing in all cells."""
    most: dict[str, float] = {}
    for one in cells:
        most[one.quantity] = max(most.get(one.quantity, 0.0), abs(one.interval["mean"]))
    return [name for name, largest in most.items() if largest < 5e-3 and name not in ("cost", "price", "complied")]


def lines(cells: Sequence[Cell], short: Mapping[str, str], money: str) -> list[tuple[str, str, str, str]]:
    """Lines of a table, without quantities that are nothing everywhere; ``short`` is what it calls the scenarios."""
    none = idle(cells)
    return [row(one, short[one.label], money) for one in cells if one.quantity not in none]


def row(one: Cell, label: str, money: str) -> tuple[str, str, str, str]:
    """A cell as a line of a table: ``label`` is what the table calls the scenario, ``money`` the unit of prices."""
    quantity = (QUANTITIES | MARKET)[one.quantity]
    largest = max(map(abs, one.interval.values()))
    other = "" if one.difference is None else written(one.difference, largest)
    return f"{quantity.title}, {quantity.unit or money}", label, written(one.interval, largest), other


def written(interval: dict[str, float], largest: float) -> str:
    """``"4.35 [4.17, 4.53]"``; a number alone where all episodes have the same."""
    digits = 0 if largest >= 1_000.0 else 2
    numbers = [f"{interval[part]:,.{digits}f}" for part in ("mean", "low", "high")]
    numbers = [text.removeprefix("-") if not text.strip("-0.") else text for text in numbers]
    mean, low, high = numbers
    return mean if interval["low"] == interval["high"] else f"{mean} [{low}, {high}]"


def csv(cells: Sequence[Cell]) -> str:
    """Every cell as a line of text, numbers in full."""
    file = io.StringIO()
    lines = csv_files.DictWriter(file, list(cells[0].flat()), lineterminator="\n")
    lines.writeheader()
    lines.writerows(one.flat() for one in cells)
    return file.getvalue()


def apart(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[str]:
    """What makes scenarios hard to compare: other money, other months."""
    notes = []
    currencies = list(dict.fromkeys(one.market.currency for one in scenarios))
    if len(currencies) > 1:
        notes.append(
            f"Money differs ({', '.join(currencies)}): costs are shares of exposure, which compare; prices do not, and"
            " have no difference."
        )
    spans = {name: (one.start, one.end) for name, one in zip(names, scenarios, strict=True)}
    if len(set(spans.values())) > 1:
        told = "; ".join(f"{name}: {start} to {end}" for name, (start, end) in spans.items())
        notes.append(
            f"Months differ ({told}): episodes are paired by seed, a month with the month as far from the start; flows"
            " are means of a year."
        )
    return notes
