"""What was seen of whole markets: prices by year, units banked, and what news of the law did to prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nea_env.library.catalogue import ROOT, document
from nea_env.library.errors import did_you_mean, shown
from nea_env.library.reader import Document, Provenance, read
from nea_env.scenario import ScenarioError

FILE = "record.yaml"
NEEDED = ("title", "unit", "scenario", "set_on", "told", "seen", "reading")
KEYS = (*NEEDED, "overrides", "series", "surprise", "before", "after", "replay", "instead_of")


class Figure(NamedTuple):
    """One figure that was seen.

    Attributes:
        period: in words: a calendar year, or what the record calls it.
        first, last: its months, "YYYY-MM"; empty for the effect of a surprise.
        value: mean over them, in the unit of its table; of a surprise the change, %.
        origin: where it comes from.
        set_on: whether the market was set to it.
    """

    period: str
    first: str
    last: str
    value: float
    origin: Provenance
    set_on: bool


class Seen(NamedTuple):
    """One table of the record, and which equilibrium it is compared with.

    Attributes:
        name: key in the file.
        title, unit: of the table.
        scenario: shipped name.
        overrides: of the scenario, by dotted key.
        series: of `price_paths`; "" for a surprise.
        surprise: month in which an unexpected law is announced, "YYYY-MM"; "" for none.
        before, after: overrides under the law that was believed, and under the one announced.
        instead_of: the table whose figures these are, looked at again under another belief; "" for its own.
        told: what the market is told of what came.
        reading: what to make of the comparison.
        figures: in order of time.
    """

    name: str
    title: str
    unit: str
    scenario: str
    overrides: Mapping[str, Any]
    series: str
    surprise: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    instead_of: str
    told: str
    reading: str
    figures: tuple[Figure, ...]


def seen() -> list[Seen]:
    """All tables, in the order of the file.

    Raises:
        ScenarioError: a table has an unknown key, lacks one, or names a figure that it does not have.
    """
    file, found = read(ROOT / FILE), dict[str, Seen]()
    for name, table in file.values.items():
        found[name] = _table(name, table, file, found)
    return list(found.values())


def _table(name: str, table: Mapping[str, Any], file: Document, found: Mapping[str, Seen]) -> Seen:
    wrong = next((key for key in table if key not in KEYS), None)
    if wrong is not None:
        raise ScenarioError(f"{FILE}: {name}: {wrong}: unknown key; {did_you_mean(wrong, KEYS)}")
    lacking = [key for key in NEEDED if key not in table]
    if lacking or ("series" in table) == ("surprise" in table):
        raise ScenarioError(f"{FILE}: {name}: lacks {', '.join(lacking) or 'a series or a surprise, one of the two'}")
    other = table.get("instead_of", "")
    if other and other not in found:
        raise ScenarioError(f"{FILE}: {name}: instead_of: {shown(other)} is no table above it")
    figures = list(found[other].figures) if other else []
    figures += _recorded(table["replay"]) if "replay" in table else ()
    figures += _figures(name, table["seen"], file)
    marked = [str(period) for period in table["set_on"]]
    unknown = next((period for period in marked if period not in {figure.period for figure in figures}), None)
    if unknown is not None:
        raise ScenarioError(f"{FILE}: {name}: set_on: {shown(unknown)} is no figure of the table")
    changes = (dict(_dotted(table.get(key, {}))) for key in ("overrides", "before", "after"))
    overrides, before, after = changes
    return Seen(
        name,
        table["title"],
        table["unit"],
        table["scenario"],
        overrides,
        table.get("series", ""),
        str(table.get("surprise", "")),
        before,
        after,
        other,
        table["told"],
        table["reading"].strip(),
        tuple(figure._replace(set_on=figure.period in marked) for figure in figures),
    )


def _figures(name: str, values: Mapping[str, Any], file: Document) -> Iterator[Figure]:
    for period, value in values.items():
        path = f"{name}.seen.{period}"
        if isinstance(value, Mapping):
            origin = file.provenance[f"{path}.mean"]
            yield Figure(period, value.get("from", ""), value.get("to", ""), float(value["mean"]), origin, False)
        else:
            yield _of_year(period, value, file.provenance[path])


def _recorded(market: str) -> Iterator[Figure]:
    """The yearly means of a market's ``replay``."""
    file = document("market", market)
    for year, mean in file.values["replay"]["means"].items():
        yield _of_year(year, mean, file.provenance[f"replay.means.{year}"])


def _of_year(year: str, mean: float, origin: Provenance) -> Figure:
    return Figure(year, f"{year}-01", f"{year}-12", float(mean), origin, False)


def _dotted(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a tree of overrides, by dotted key."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
