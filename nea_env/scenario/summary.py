"""A scenario on one screen: what printing it shows."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from nea_env.scenario.types import months_between
from nea_env.scenario.words import MECHANISMS, NOTHING, allocation, by_years, listed, percent, quantity, year_span

if TYPE_CHECKING:
    from nea_env.scenario.links import Link
    from nea_env.scenario.scenario import Scenario

LINES, COLUMNS = 24, 100
"""What fits on a screen."""
LABEL = 16  # columns of the labels
SPARED = ("changed", "market", "firm", "allocation", "carry-over", "missing tonne")
"""Entries that are cut last, the most important first."""
ELLIPSIS = " …"
HELD = "\x1f"  # stands for a blank at which no line ends
TOGETHER = re.compile(r"(?<=×) | (?=%)| (?=\(\d{4})| (?=Mt\b)| (?=t\b)")
"""Blanks between a number and its sign, unit or years."""


def summary(scenario: Scenario) -> str:
    """The scenario in at most `LINES` lines of at most `COLUMNS` characters."""
    entries = [("changed", listed(scenario.changes))] if scenario.changes else []
    entries += [("system", _system(scenario)), ("played", _played(scenario))]
    entries += [("firm", _firm(scenario)), ("abatement", _abatement(scenario)), ("market", _market(scenario))]
    entries += _law(scenario)
    entries += [("link", _link(link)) for link in scenario.links]
    entries += [] if scenario.links else [("links", "none")]
    entries += [("law played", _drawn(scenario)), ("digest", scenario.digest)]
    heading = textwrap.wrap(_plain(f"{scenario.name}: {scenario.title}"), COLUMNS, subsequent_indent="  ")
    blocks = [heading, *(_wrapped(label, text) for label, text in entries)]
    _fit(blocks, ["", *(label for label, _ in entries)])
    return "\n".join(line for block in blocks for line in block)


def _fit(blocks: list[list[str]], labels: list[str]) -> None:
    """Cut the last line of the longest block, of two alike the less important one, until all fit."""
    weight = {label: place for place, label in enumerate(SPARED[::-1])}
    while sum(map(len, blocks)) > LINES:
        longest = max(range(len(blocks)), key=lambda k: (len(blocks[k]), -weight.get(labels[k], -1), k))
        kept = blocks[longest][:-1]
        blocks[longest] = [*kept[:-1], _cut(kept[-1] + " " * COLUMNS, COLUMNS)]


def _plain(words: str) -> str:
    """On one line, and nothing that a terminal would act on."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in words).split())


def _cut(words: str, room: int) -> str:
    """Words that fit, with a sign where some are left out: after a whole part where there is one, never in a number."""
    if len(words) <= room:
        return words
    kept = words[: room - len(ELLIPSIS)]
    ends = [kept.rfind(mark) for mark in ("; ", ", ", " ")]
    kept = kept[: next((end for end in ends if end > len(kept) // 3), len(kept))]
    return kept.rstrip(" ,;") + ELLIPSIS


def _wrapped(label: str, words: str) -> list[str]:
    held = TOGETHER.sub(HELD, _plain(words))
    lines = [line.replace(HELD, " ") for line in textwrap.wrap(held, COLUMNS - LABEL - 2, break_on_hyphens=False)]
    heads = [_cut(label, LABEL - 1), *("" for _ in lines[1:])]
    return [f"  {head:<{LABEL}}{line}" for head, line in zip(heads, lines, strict=True)]


def _system(scenario: Scenario) -> str:
    law = scenario.regime
    traded = f"units trade from {law.market_opens}" if law.market_opens else "units are not traded"
    return f"{law.title} ({law.name}), {law.currency}, {traded}"


def _played(scenario: Scenario) -> str:
    periods, months = scenario.periods, months_between(scenario.start, scenario.end) + 1
    last = _last_year(scenario, periods[-1])
    count = f"{len(periods)} compliance period{'' if len(periods) == 1 else 's'}"
    return f"{scenario.start} to {scenario.end}, {months} months; {count}, {year_span(periods[0], last)}"


def _last_year(scenario: Scenario, period: str) -> str:
    return f"{int(period) + scenario.regime.calendar[period].years - 1:04d}"


def _firm(scenario: Scenario) -> str:
    firm = scenario.firm
    unit_class = f"class {firm.unit_class}" if firm.unit_class else ""
    emits = f"emits {quantity(firm.annual_emissions)} t a year"
    chooses = f"may change output by {percent(firm.output_choice.flexibility)}" if firm.output_choice else ""
    return listed([firm.title, f"sector {firm.sector}", unit_class, emits, chooses])


def _abatement(scenario: Scenario) -> str:
    firm = scenario.firm
    built = listed(f"{tech.name} {percent(tech.potential_share)}" for tech in firm.technologies)
    by_operation = f"by operation up to {percent(firm.abatement.max_share)} of emissions"
    return f"{by_operation}; by investment {built or 'none'}"


def _market(scenario: Scenario) -> str:
    market = scenario.market
    monthly = math.exp(-market.discount_rate / 12.0)
    moves = "" if market.law in ("collared", "replay") else f"volatility {percent(market.volatility)}"
    if market.collar is not None:
        moves = listed([moves, f"between {quantity(market.collar.floor)} and {quantity(market.collar.ceiling)}"])
    parts = [
        f"{market.title}: {market.law} from {quantity(market.price)} {market.currency}/t",
        moves,
        f"discount {percent(market.discount_rate)} a year, {monthly:.4f} a month",
        f"credits ({market.offset.type}) at {quantity(market.offset.ratio)} × the price" if market.offset else "",
    ]
    return listed(parts)


def _law(scenario: Scenario) -> list[tuple[str, str]]:
    """The mechanisms in force, each with its numbers by period."""
    law, firm = scenario.regime, scenario.firm
    found = []
    for mechanism, (label, said) in MECHANISMS.items():
        clauses = []
        for year in scenario.periods:
            own = mechanism == "allocation"
            clause = allocation(law, year, firm.unit_class, firm.sector) if own else said(law, year)
            clauses.append(((year, _last_year(scenario, year)), clause))
        if any(clause != NOTHING for _, clause in clauses) and (mechanism != "grid_factor" or firm.electricity > 0.0):
            found.append((label, by_years(clauses, skip=NOTHING)))
    if law.sell_limit_share is not None:
        found.append(("sales", f"at most {percent(law.sell_limit_share)} of the free allocation"))
    if law.carbon_tax:
        months = [(month, rate) for month, rate in law.carbon_tax.items() if month <= scenario.end]
        taxed = listed(f"{quantity(rate)} {law.currency}/t from {month}" for month, rate in months)
        found += [("carbon tax", taxed)] if taxed else []
    return found


def _link(link: Link) -> str:
    quota = "" if link.quota is None else f"quota {percent(link.quota)} of the duty"
    since = f"open from {link.starts}" if link.starts else ""
    until = f"may end from {link.ends}" if link.ends else ""
    way = "both ways" if link.two_way else "imports only"
    return f"{link.name}: {listed([f'type {link.type}', quota, way, since, until])}; {link.title}"


def _drawn(scenario: Scenario) -> str:
    draws, ranges = scenario.policy, len(scenario.regime.ranges)
    if draws.mode == "historical":
        known = f"; {ranges} numbers have ranges that could be drawn" if ranges else ""
        return f"as it was{known}"
    return f"one of {draws.draws} drawn from the ranges of {ranges} numbers, seed {draws.seed}"
