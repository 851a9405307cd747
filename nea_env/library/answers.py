"""Whether a price answers a change of the law, and where not, why: one line for whoever asked.

Under an exogenous process no rule moves the price. Under ``market.law=equilibrium`` every rule does that the whole
market's solution knows; `SILENT` lists the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nea_env.library.slack import slack
from nea_env.scenario import Market, Regime, Scenario
from nea_env.scenario.gaps import NO_GAP

DATES = ("calendar", "market_opens", "year_starts")
"""They belong to every price: the front is the vintage due next."""

UNMOVED = ("collared", "replay")
"""Processes of which no committee moves the price."""

INFORMATION = ("name", "title", "currency", "compliance", "gaps")

_EVEN = "a unit that is still to come is worth as much as one booked: units come evenly over the months of emission"
_KNOWN = "the market knows its law from the start, or learns it in the month of market.beliefs or of a range"
_ONE_FIRM = "it depends on what one firm holds or did, and the market is all firms together"
_CLASS = "the market is counted as one class of units, market.aggregate.unit_class"
_FACTORS = "market.aggregate.allocation says what a class is given in all, over its benchmark"
_MISSED = "a market that misses its duty has surrendered all it has, and nothing is left to be carried over"
_TAILS = "it counts for a firm that is far from its base years, and the market is at the mean of its firms"
_START = "multiples are taken of the price at the start, grown at the discount rate"
_BIDS = "whoever bids and whatever it costs, the market gets what is on offer"
_TRIGGER = "an intervention sells or buys market.aggregate's reserve at its trigger, as often as it acts"
_SECTOR = "the market is counted as one sector, market.aggregate.sector"

SILENT: dict[str, str] = {
    "calendar.*.announced": _KNOWN,
    "calendar.*.allocated": _EVEN,
    "calendar.*.completed": _EVEN,
    "calendar.*.verified": "only the deadline settles a period",
    "calendar.*.credits_issued": _EVEN,
    "allocation.*.basis": _FACTORS,
    "allocation.*.load": _FACTORS,
    "allocation.*.air_cooling": _FACTORS,
    "allocation.*.heat_supply": _FACTORS,
    "allocation.*.heat_benchmark": _FACTORS,
    "allocation.*.pre_share": _EVEN,
    "allocation.*.pre_year": _EVEN,
    "allocation.*.pre_on": _EVEN,
    "allocation.*.interim_factor": _EVEN,
    "allocation.*.update_share": "base years of the whole market stay as they are",
    "allocation.*.certified": "the market is counted at the factor of sites that are not certified, as nearly all are",
    "allocation.*.issuance_ceiling": _TAILS,
    "allocation.*.cancellation": _TAILS,
    "allocation.*.addition": _TAILS,
    "banking.*.announced": _KNOWN,
    "banking.*.small_holder_tonnes.site": "the market is counted by the firm; how many are one site is not known",
    "banking.*.small_holder_floor": _ONE_FIRM,
    "banking.*.lost_if_missed": _MISSED,
    "banking.*.offsets_bankable": "credits are used in the year in which they are bought",
    "banking.*.auctioned_bankable": "auctioned units are not told from others",
    "borrowing.*.announced": _KNOWN,
    "offsets.*.*.announced": _KNOWN,
    "penalty.*.announced": _KNOWN,
    "penalty.*.forfeits_carry": _MISSED,
    "penalty.*.subsidy_repaid": "nobody's subsidies are known",
    "auctions.*.bid_share": _BIDS,
    "auctions.*.emission_share": _BIDS,
    "auctions.*.filled_share": _BIDS,
    "auctions.*.discount": _BIDS,
    "auctions.*.fee": _BIDS,
    "auctions.*.short_only": _BIDS,
    "auctions.*.short_share": _BIDS,
    "auctions.*.own_use": "auctioned units are not told from others",
    "auctions.*.reserve_months": _START,
    "auctions.*.reserve_cap": _START,
    "stabilisation.*.reference_months": _TRIGGER,
    "stabilisation.*.trigger_months": _TRIGGER,
    "stabilisation.*.price_move": _TRIGGER,
    "stabilisation.*.reserve_sale_share": "it is on offer to one firm",
    "holding": _ONE_FIRM,
    "grid_factor": "emissions of the market are given in tonnes as they count",
    "phases.*.leakage_tests": "market.aggregate.exempt says how much is exempt",
    "sell_limit_share": _ONE_FIRM,
    "sell_limit_counts": _ONE_FIRM,
    "subsidy_share": "market.aggregate.abatement is what abatement costs the firms",
}
"""Rules that no price answers, and why, by path with ``*`` for years and types of credit: what is below counts too."""

BY_MARKET: dict[str, str] = {
    "allocation.*.classes.CLASS": _CLASS,
    "allocation.*.benchmark.CLASS": _CLASS,
    "allocation.*.balance.CLASS": _CLASS,
    "allocation.*.reduction_factor.CLASS": _CLASS,
    "allocation.*.auction_share.SECTOR": _SECTOR,
}
"""Rules that a price answers or not, as the market has it: other classes and sectors."""


def unanswered(base: Scenario, changed: Scenario) -> list[str]:
    """Changes of the law that the price ignores, a line for each reason; none where it answers all of them.

    Args:
        base: the scenario before.
        changed: and after, with the process that its prices now have.
    """
    market, lines = changed.market, list[str]()
    answered = DATES if market.law in UNMOVED else (*DATES, "stabilisation")
    partners = {f"links.{place}.regime": link.market for place, link in enumerate(changed.links)}
    for prefix, before, after in _laws(base, changed):
        found = list(changed_rules(before, after))
        rules = [path for path in found if path.split(".")[0] != "ranges"]
        found = rules or found  # ranges of numbers that went with a rule
        if market.law == "equilibrium":
            whose = market if prefix == "regime" else partners[prefix]
            lines += _of_equilibrium(prefix, found, before, after, changed, whose)
            continue
        ignored = [path.split(".")[0] for path in found if path.split(".")[0] not in answered]
        if ignored:
            gaps = _told_gaps(base.market, market) if prefix == "regime" else ""
            lines.append(f"{_listed(prefix, ignored)}: {_process(market)}{gaps}. {_which_answers(changed, prefix)}.")
    return lines


def _of_equilibrium(
    prefix: str, found: list[str], before: Regime, after: Regime, changed: Scenario, market: Market
) -> list[str]:
    """What the solution of a whole market does not know, and what it knows but does not bind in any of its years."""
    together = all(link.regime is None for link in changed.links)  # two markets may settle each year as it ends
    unknown, unbound = dict[str, list[str]](), dict[str, list[str]]()
    moving = set[str]()
    for path in found:
        if path.startswith("ranges"):
            why = "" if changed.policy.mode == "randomised" else "the law is played as it was (policy.mode)"
        else:
            why = silent(path, after, market)
        if why:
            unknown.setdefault(why, []).append(_short(path))
        elif idle := slack(path, before, after, market, changed.start, together=together):
            unbound.setdefault(idle, []).append(_short(path))
        else:
            moving.add(_short(path))
    still = {why: [path for path in paths if path not in moving] for why, paths in unbound.items()}
    return [
        *(f"{_listed(prefix, paths)}: no price answers: {why}" for why, paths in unknown.items()),
        *(f"{_listed(prefix, paths)}: the price stays as it is: {why}" for why, paths in still.items() if paths),
    ]


def silent(path: str, law: Regime, market: Market) -> str:
    """Why no price answers a rule at a dotted path; nothing where an equilibrium does.

    Args:
        path: in the regime, for instance ``banking.2018.lost_if_missed``.
        law: after the change.
        market: whose price it is.
    """
    keys, aggregate = path.split("."), market.aggregate
    if keys[0] == "allocation" and aggregate is not None and len(keys) > 3:
        if keys[2] == "classes" and keys[3] != aggregate.unit_class:
            return _CLASS
        keys = [*keys[:2], *keys[4:]] if keys[2] == "classes" else keys
        if keys[2:3] in (["benchmark"], ["balance"], ["reduction_factor"]) and keys[3:4] != [aggregate.unit_class]:
            return _CLASS
        shares = (
            law.allocation[keys[1]].of_class(aggregate.unit_class).auction_share if keys[1] in law.allocation else {}
        )
        counts = aggregate.sector if aggregate.sector in shares else ""
        if keys[2:3] == ["auction_share"] and len(keys) > 3 and keys[3] != counts:
            return _SECTOR
    return next((why for pattern, why in SILENT.items() if _leads_to(pattern.split("."), keys)), "")


def _leads_to(pattern: list[str], keys: list[str]) -> bool:
    return len(pattern) <= len(keys) and all(part in ("*", key) for part, key in zip(pattern, keys, strict=False))


def rows() -> list[str]:
    """The rules that no price answers as rows of a table in Markdown, those of one reason together."""
    together: dict[str, list[str]] = {}
    for path, why in (SILENT | BY_MARKET).items():
        together.setdefault(why, []).append(f"`{path.replace('.*', '')}`")
    return [f"| {', '.join(paths)} | {why} |" for why, paths in together.items()]


def changed_rules(before: Regime, after: Regime) -> Iterator[str]:
    """Dotted paths at which two laws differ, as deep as both have something; information left out."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    for key in one:
        if key not in INFORMATION:
            yield from _differing(key, one[key], other[key])


def _differing(path: str, one: Any, other: Any) -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            yield from _differing(f"{path}.{key}", one.get(key), other.get(key))
    else:
        yield path


def _laws(base: Scenario, changed: Scenario) -> Iterator[tuple[str, Regime, Regime]]:
    """The law at home and those of partners that both scenarios have, with the path of each."""
    yield "regime", base.regime, changed.regime
    for place, (one, other) in enumerate(zip(base.links, changed.links, strict=False)):
        if one.name == other.name and one.regime is not None and other.regime is not None:
            yield f"links.{place}.regime", one.regime, other.regime


def _process(market: Market) -> str:
    if market.law == "replay":
        return "the price is the one on record, which no rule moves: only this firm's own options change"
    article = "an" if market.law[0] in "aeiou" else "a"
    return f"the price is {article} {market.law} process, which no rule moves: only this firm's own options change"


def _told_gaps(before: Market, after: Market) -> str:
    """What became of the bounds of the front's discount."""
    years = [y for y in sorted({*before.gap, *after.gap}) if before.gap.get(y, NO_GAP) != after.gap.get(y, NO_GAP)]
    if not years or after.law in ("replay", "collared"):
        return ""
    told = {year: after.gap.get(year, NO_GAP) for year in years}
    bounds = {"none" if gap == NO_GAP else f"-{gap.down:.3g} to {gap.up:.3g}" for gap in told.values()}
    span = years[0] if len(years) == 1 else f"{len(years)} vintages of {years[0]}-{years[-1]}"
    each = bounds.pop() if len(bounds) == 1 else "differing"
    return f", and the bounds of the front's discount (market.gap of {span}: now {each})"


def _which_answers(changed: Scenario, prefix: str) -> str:
    partners = [link.market for place, link in enumerate(changed.links) if prefix == f"links.{place}.regime"]
    for market in (changed.market, *partners):
        if market.aggregate is None:
            return f"No process answers: an equilibrium needs market.aggregate, which {market.name} does not have"
    if changed.regime.carbon_tax:
        return "No process answers: an equilibrium of a whole market has no carbon tax (regime.carbon_tax)"
    return "With market.law=equilibrium the price answers"


def _short(path: str) -> str:
    """A path without its year."""
    return ".".join(key for key in path.split(".") if not key.isdecimal())


def _listed(prefix: str, paths: list[str]) -> str:
    names = list(dict.fromkeys(paths))
    shown = names if len(names) < 4 else [*names[:3], f"{len(names) - 3} more"]
    return ", ".join([f"{prefix}.{shown[0]}", *shown[1:]])
