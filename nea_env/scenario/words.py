"""Rules of the law in words: a few for each mechanism and period, with the numbers that matter most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from nea_env.scenario.regime import NOT_COUNTED, Regime
from nea_env.scenario.types import months_between


class Clause(NamedTuple):
    """What a rule says in one period: words, then a number, so that neighbours can share the words."""

    words: str
    number: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, self))


NOTHING = Clause("none")
METHODS = {
    "grandfathering": "base-year emissions",
    "historical_benchmarking": "base-year output × benchmark",
    "benchmarking": "verified output × benchmark",
    "verified_emissions": "as much as was emitted",
    "benchmark_band": "emissions, more or less by their distance from the industry's",
    "baseline": "credits for emissions below the base years' less",
}
CARRIED = {
    "unlimited": "everything",
    "none": "nothing",
    "next_period_only": "into the next period only",
    "traded_units": "units that were traded",
}


def percent(share: float) -> str:
    """``"33.3 %"``."""
    return f"{100.0 * share:.3g} %"


def quantity(value: float) -> str:
    """A number as people write it: ``"100,000"``, ``"0.9472"``, ``"10,506"``."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def listed(parts: Iterable[str]) -> str:
    """Parts joined by commas, without those that are empty."""
    return ", ".join(filter(None, parts))


def allocation(law: Regime, year: str, unit_class: str | None = None, sector: str = "") -> Clause:
    """Free units, for a class of units or in general."""
    rule = law.allocation[year]
    rule = rule if unit_class is None else rule.of_class(unit_class)
    table = {"baseline": rule.reduction_factor, "benchmark_band": rule.balance}.get(rule.method, rule.benchmark)
    chosen = table.values() if unit_class is None else [table[unit_class]] if unit_class in table else []
    shown = percent if rule.method == "baseline" else quantity
    lowest, highest = (shown(min(chosen)), shown(max(chosen))) if chosen else ("", "")
    number = lowest if lowest == highest else f"{lowest} to {highest}"
    factor = "" if rule.correction_factor is None else f"× {quantity(rule.correction_factor)}"
    sold = rule.auction_share.get(sector, rule.auction_share.get("", 0.0)) if unit_class is not None else 0.0
    if unit_class is None and rule.auction_share:
        sold = max(rule.auction_share.values())
    cap = "" if rule.deficit_cap is None else f"shortfall of at most {percent(rule.deficit_cap)}"
    base = " ".join(filter(None, (number, factor)))
    return Clause(METHODS[rule.method], listed([base, f"{percent(sold)} sold" if sold else "", cap]))


def banking(law: Regime, year: str) -> Clause:
    """What may be carried over."""
    rule = law.banking[year]
    if rule.limit == "net_sales":
        return Clause("net sales", f"× {quantity(rule.net_sales_multiple)}")
    if rule.limit == "deducted_above_base":
        tonnes = f" + {quantity(rule.base_tonnes)} t" if rule.base_tonnes else ""
        return Clause("freely up to", f"{percent(rule.base_share)} of the mean allocation{tonnes}")
    return Clause(CARRIED[rule.limit])


def borrowing(law: Regime, year: str) -> Clause:
    """What may be borrowed."""
    rule = law.borrowing.get(year)
    if rule is None or rule.limit == "none":
        return NOTHING
    if rule.limit == "gap_test":
        return Clause("", f"{percent(rule.gap_share)} of a shortfall above {percent(rule.gap_threshold)} of the duty")
    decay = f", less {quantity(rule.decay)} × the share borrowed before" if rule.limit == "decaying" else ""
    return Clause("", f"{percent(rule.share)} of the duty{decay}")


def offsets(law: Regime, year: str) -> Clause:
    """Which credits count, and up to what."""
    alike: dict[str, list[str]] = {}
    for kind, rule in law.offsets.get(year, {}).items():
        if rule.limit_base == "none":
            alike.setdefault(" without limit", []).append(kind)
        elif rule.limit_share > 0.0:
            base = rule.limit_base.replace("_", " ")
            alike.setdefault(f" {percent(rule.limit_share)} of the {base}", []).append(kind)
    return Clause(listed(", ".join(kinds) + limit for limit, kinds in alike.items())) if alike else NOTHING


def penalty(law: Regime, year: str) -> Clause:
    """What a missing tonne costs."""
    rule, money = law.penalty[year], law.currency
    mean = "price" if rule.mean_months == 1 else f"mean price of {rule.mean_months} months"
    parts = [
        f"{quantity(rule.multiple)} × the {mean}" if rule.multiple else "",
        f"{quantity(rule.price)} {money}/t" if rule.price else "",
        f"at most {quantity(rule.cap)} {money}/t" if rule.cap else "",
        f"{quantity(rule.lump_sum)} {money} once" if rule.lump_sum else "",
        f"at most {quantity(rule.max_total)} {money} in all" if rule.max_total else "",
        f"{quantity(rule.deducted)} t a tonne off the next allocation" if rule.deducted else "",
        f"{quantity(rule.side_multiple)} × the price in lost subsidies and standing" if rule.side_multiple else "",
        "carry-over forfeited" if rule.forfeits_carry else "",
        "subsidies repaid" if rule.subsidy_repaid else "",
    ]
    return Clause(listed(parts)) if any(parts) else NOTHING


def auctions(law: Regime, year: str) -> Clause:
    """What all auctions of a vintage offer together."""
    rule = law.auctions.get(year)
    if rule is None:
        return NOTHING
    return Clause("", f"{rule.offered / 1e6:.3g} Mt")


def stabilisation(law: Regime, year: str) -> Clause:
    """What lets a committee intervene."""
    rule, money = law.stabilisation.get(year), law.currency
    if rule is None:
        return NOTHING
    sides = {"above": (rule.high_multiple, rule.high_price), "below": (rule.low_multiple, rule.low_price)}
    mean = f"the mean of {rule.reference_months} months"
    multiples = [f"{side} {quantity(multiple)} ×" for side, (multiple, _) in sides.items() if multiple]
    prices = [f"{side} {quantity(price)} {money}" for side, (_, price) in sides.items() if price]
    ends = [*([f"{' or '.join(multiples)} {mean}"] if multiples else []), *prices]
    return Clause("", " or ".join(ends)) if ends else NOTHING


def holding(law: Regime, year: str) -> Clause:
    """Bounds of holdings, where they are in force."""
    rule = law.holding.get(year)
    if rule is None or not rule.active:
        return NOTHING
    most = "" if rule.max_share is None else f" and at most {percent(rule.max_share)}"
    return Clause("", f"at least {percent(rule.min_share)}{most} of the year's allocation")


def grid_factor(law: Regime, year: str) -> Clause:
    """What power bought counts as."""
    factor = law.grid_in(year)
    return NOTHING if factor == NOT_COUNTED else Clause("power bought counts", f"{quantity(factor.factor)} t/MWh")


def calendar(law: Regime, year: str) -> Clause:
    """How long a period is, and how long after its end the duty is due."""
    rule = law.calendar[year]
    last = f"{int(year) + rule.years - (law.year_starts == 1):04d}-{(law.year_starts + 10) % 12 + 1:02d}"
    length = "a year" if rule.years == 1 else f"{rule.years} years"
    return Clause(f"{length} each, duty due after", f"{months_between(last, rule.deadline)} months")


def credits_issued(law: Regime, year: str) -> Clause:
    """Credits issued before a period has ended."""
    months = law.calendar[year].credits_issued
    return Clause(f"after each of years {', '.join(months)}") if months else NOTHING


MECHANISMS: dict[str, tuple[str, Callable[[Regime, str], Clause]]] = {
    "calendar": ("periods", calendar),
    "credits_issued": ("early credits", credits_issued),
    "allocation": ("allocation", allocation),
    "banking": ("carry-over", banking),
    "borrowing": ("borrowing", borrowing),
    "offsets": ("offset credits", offsets),
    "penalty": ("missing tonne", penalty),
    "auctions": ("auctions", auctions),
    "stabilisation": ("price triggers", stabilisation),
    "holding": ("holding limits", holding),
    "grid_factor": ("grid factor", grid_factor),
}
"""Mechanism -> (what readers call it, what it says in a period)."""


def year_span(first: str, last: str) -> str:
    """``"2015"`` or ``"2015-2019"``."""
    return first if first == last else f"{first}-{last}"


def by_years(clauses: Iterable[tuple[tuple[str, str], Clause]], *, skip: Clause | None = None) -> str:
    """Clauses of periods in order, ((first year, last year), clause), equal neighbours together.

    A clause that has the words of the one before gives its number alone; where all agree no year is named. ``skip``
    leaves a clause out.
    """
    runs = list(_runs(clauses))
    if len(runs) == 1:
        return str(runs[0][1])
    said, words = [], None
    for years, clause in runs:
        if clause != skip:
            told = clause.number if clause.words == words and clause.number else str(clause)
            said.append(f"{told} ({years})")
            words = clause.words
    return "; ".join(said)


def _runs(clauses: Iterable[tuple[tuple[str, str], Clause]]) -> Iterator[tuple[str, Clause]]:
    key: Callable[[Any], Clause] = lambda pair: pair[1]  # noqa: E731
    for clause, group in groupby(clauses, key):
        spans = [years for years, _ in group]
        yield year_span(spans[0][0], spans[-1][1]), clause
