"""The page on the record: what was seen of each market beside what its equilibrium computes, misses included."""

from __future__ import annotations

import math
from functools import cache, reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.library import load_scenario
from nea_env.library.pages import is_current
from nea_env.library.record import Figure, Seen, seen
from nea_env.market.paths import PricePaths, price_paths
from nea_env.market.surprise import surprise

PATHS, SEED = 4000, 1_000_000
LOW, HIGH = 0.05, 0.95
MEGATONNES = "Mt"
FIGURE = "figures/record_prices.png"
HEAD = """\
# Seen and computed

<!-- Written by `python -m nea_env.market record`: change nea_env/library/record.yaml, then run it again. -->

What was seen of the region's markets, beside what the equilibrium of their laws computes (`market.law: equilibrium`,
with the aggregates that ship). **Computed** is the mean, over {paths:,} paths, of the price over the same months, and
the band that holds nine paths in ten; of a surprise, the change of the mean price, and the band over the states in
which the market may stand that month. Nothing is random but the news of emissions.

A market is set to start at one price (`abatement.scale`). Figures that were used to set it are marked and not counted.
A figure that is examined again under another belief is counted once. Of the {count} figures counted **{inside} lie
within the band**, where nine in ten should; {low} lie below it and {high} above.

So this is no forecast. Where nothing else is said, a market computed knows every rule to come from its first month;
the markets seen learned of them late, and in most of them units were less scarce than is assumed here. For Korea and
China a second table has the same with each rule told when it was announced. Where the band holds what was seen, it
mostly does so by being wide.

![Prices by year, seen and computed]({figure})
"""


class Computed(NamedTuple):
    """What the model has for one figure: the mean, and the band that holds nine in ten."""

    mean: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the band holds a value."""
        return self.low <= value <= self.high


class Compared(NamedTuple):
    """One table of the record with what is computed for each of its figures."""

    table: Seen
    computed: tuple[Computed, ...]

    @property
    def untouched(self) -> list[tuple[Figure, Computed]]:
        """The figures that the market was not set on, once each."""
        pairs = zip(self.table.figures, self.computed, strict=True)
        return [] if self.table.instead_of else [pair for pair in pairs if not pair[0].set_on]


def band(values: NDArray[np.float64]) -> Computed:
    """Mean and band of a sample."""
    low, high = np.quantile(values, (LOW, HIGH))
    return Computed(float(values.mean()), float(low), float(high))


@cache
def paths_of(name: str) -> PricePaths:
    """The paths that a table of the record is compared with."""
    table = next(table for table in seen() if table.name == name)
    scenario = load_scenario(table.scenario, {"market.law": "equilibrium", **table.overrides})
    return price_paths(scenario, PATHS, SEED, progress=False)


def over(paths: PricePaths, series: str, first: str, last: str) -> NDArray[np.float64]:
    """(n,) mean of a series over the months from ``first`` to ``last`` in which the market is open.

    Raises:
        ValueError: there is no such month.
    """
    open_since = paths.months[paths.opening]
    months = [t for t, month in enumerate(paths.months) if max(first, open_since) <= month <= last]
    if not months:
        raise ValueError(f"{first} to {last}: no month of {paths.scenario.name} in which its market is open")
    values: NDArray[np.float64] = paths[series][:, months].mean(axis=1)
    return values


def computed(table: Seen) -> tuple[Computed, ...]:
    """What the equilibrium has for each figure of a table, in its unit."""
    if table.surprise:
        change = surprise(load_scenario(table.scenario, dict(table.before)), table.surprise, _announced(table))
        low, high = change.quantiles(LOW, HIGH)
        return (Computed(100.0 * change.mean, 100.0 * low, 100.0 * high),) * len(table.figures)
    paths = paths_of(table.name)
    scale = 1.0
    if table.unit == MEGATONNES:
        aggregate = paths.scenario.market.aggregate
        assert aggregate is not None
        scale = aggregate.emissions / 1e6
    return tuple(band(scale * over(paths, table.series, each.first, each.last)) for each in table.figures)


def _announced(table: Seen) -> dict[str, Any]:
    """What changes from the law that was believed to the one announced, by dotted path."""
    shipped = load_scenario(table.scenario).model_dump(mode="json")
    back = {path: reduce(lambda tree, key: tree[key], path.split("."), shipped) for path in table.before}
    changes = {**back, **table.after}
    return {path: value for path, value in changes.items() if table.before.get(path) != value}


@cache
def compared() -> tuple[Compared, ...]:
    """All tables of the record."""
    return tuple(Compared(table, computed(table)) for table in seen())


def write(path: Path | str, check: bool = False) -> bool:
    """Write the page; with ``check`` only compare it. True if the file now holds the page."""
    return is_current(path, page(), check=check)


def page() -> str:
    """The page as Markdown."""
    tables = compared()
    counted = [pair for each in tables for pair in each.untouched]
    lines = HEAD.format(
        paths=PATHS,
        count=len(counted),
        inside=sum(model.holds(figure.value) for figure, model in counted),
        low=sum(figure.value < model.low for figure, model in counted),
        high=sum(figure.value > model.high for figure, model in counted),
        figure=FIGURE,
    ).splitlines()
    footnotes: dict[str, int] = {}
    by_name = {each.table.name: each for each in tables}
    for each in tables:
        lines += ["", *_section(each, footnotes, by_name.get(each.table.instead_of))]
    lines += ["", *(f"[^{number}]: {citation}" for citation, number in footnotes.items())]
    return "\n".join([*lines, ""])


def _section(each: Compared, footnotes: dict[str, int], instead_of: Compared | None) -> list[str]:
    """Of one table; beside those whose figures are looked at again, what was computed for them before."""
    table, again = each.table, instead_of.computed if instead_of else None
    before = ["computed above"] if instead_of else []
    head = [table.unit, "seen", *before, "computed", "nine in ten", "within"]
    lines = [f"## {table.title}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for place, (figure, model) in enumerate(zip(table.figures, each.computed, strict=True)):
        least, own = abs(figure.value) / 10.0, figure.origin
        cited = own.source + (f" ({own.note})" if own.note else "")
        mark = footnotes.setdefault(cited, len(footnotes) + 1)
        within = "set on it" if figure.set_on else "yes" if model.holds(figure.value) else "**no**"
        ends = " to ".join(amount(end, least) for end in (model.low, model.high))
        seen_, mean = amount(figure.value, least), amount(model.mean, least)
        other = [amount(again[place].mean, least)] if again else []
        lines.append("| " + " | ".join([figure.period, f"{seen_} [^{mark}]", *other, mean, ends, within]) + " |")
    return [*lines, "", table.reading, "", f"Told: {table.told}."]


def amount(value: float, least: float) -> str:
    """Three figures of a number, or of ``least`` where that is more; with commas between thousands."""
    digits = 2 - math.floor(math.log10(max(abs(value), least)))
    return f"{round(value, digits) + 0.0:,.10g}"
