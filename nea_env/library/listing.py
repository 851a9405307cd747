"""The systems that ship: years, currency, scenarios, and how much of each is sourced."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from nea_env.library.catalogue import document, load_regime, names, scenarios
from nea_env.library.columns import paragraph, table
from nea_env.library.compose import load_link
from nea_env.library.credits import Acceptance, Credit, accepts, load_credit
from nea_env.library.tables import STATUSES, counts, period_ends, shares, span
from nea_env.scenario import Link

COUNTRIES = {"CNY": "China", "JPY": "Japan", "KRW": "Korea"}
"""Where a regime is in force, by its currency."""
CREDITS = "credits"  # the page of docs beside that of systems


class System(NamedTuple):
    """One regime as the lists show it."""

    name: str
    title: str
    country: str
    years: str
    currency: str
    scenarios: tuple[str, ...]
    counts: Counter[str]


def systems() -> list[System]:
    """Every shipped regime, by country and name."""
    shipped = []
    for name in names("regime"):
        law, file = load_regime(name), document("regime", name)
        ends = period_ends(file)
        years = span(min(ends), max(ends.values()))
        country = COUNTRIES.get(law.currency, law.currency)
        users = scenarios_of(name)
        shipped.append(System(name, law.title, country, years, law.currency, users, counts(file)))
    return sorted(shipped, key=lambda system: (system.country, system.name))


def scenarios_of(regime: str) -> tuple[str, ...]:
    """Shipped scenarios that play a regime, the one with its name first."""
    users = [name for name in scenarios() if document("scenario", name).values.get("regime") == regime]
    return tuple(sorted(users, key=lambda name: (name != regime, name)))


def credits() -> list[Credit]:
    """Every shipped credit, by country and name."""
    return sorted(map(load_credit, names("credit")), key=lambda credit: (credit.country, credit.name))


def accepted_by(credit: Credit) -> tuple[str, ...]:
    """Shipped regimes that let their firms surrender a credit, in at least one period."""
    return tuple(
        name for name in names("regime") if any(credit.name in row.credits and counts_for(row) for row in accepts(name))
    )


def links() -> list[Link]:
    """Every shipped link, by name."""
    return [load_link(name) for name in names("link")]


def linked_in(link: str) -> tuple[str, ...]:
    """Shipped scenarios that name a link."""
    return tuple(name for name in scenarios() if link in (document("scenario", name).values.get("links") or []))


def counts_for(row: Acceptance) -> bool:
    """Whether a row of ``accepts`` lets any credit count: a share above zero, or no limit."""
    return row.limit_base == "none" or row.limit_share > 0.0


def listed(width: int) -> list[str]:
    """The plain tables of systems, credits and links, with counts of figures by status."""
    head = ["system", "title", "country", "years", "money", *STATUSES, "scenarios"]
    body = [[*system[:5], *_counted(system.counts), ", ".join(system.scenarios)] for system in systems()]
    lines = table(head, body, width)
    if credits():
        head = ["credit", "title", "country", "since", "money", *STATUSES, "accepted by"]
        lines += ["", *table(head, [_credit_row(credit) for credit in credits()], width)]
    if links():
        head = ["link", "title", "partner", "type", "money", *STATUSES, "scenarios"]
        lines += ["", *table(head, [_link_row(link) for link in links()], width)]
    total = f"{len(systems())} systems, {len(scenarios())} scenarios, {len(credits())} credits, {len(links())} links"
    return [*lines, "", *paragraph(total, width)]


def _counted(by_status: Counter[str]) -> list[str]:
    return [str(by_status[status]) for status in STATUSES]


def _credit_row(credit: Credit) -> list[str]:
    sure = _counted(counts(document("credit", credit.name)))
    accepting = ", ".join(accepted_by(credit))
    return [credit.name, credit.title, credit.country, credit.since or "", credit.currency, *sure, accepting]


def _link_row(link: Link) -> list[str]:
    sure = _counted(counts(document("link", link.name)))
    users = ", ".join(linked_in(link.name))
    return [link.name, link.title, link.market.name, link.type, link.market.currency, *sure, users]


def markdown_list() -> list[str]:
    """The table of docs/systems: one row per system, then one per credit."""
    lines = [
        "| country | system | years | play it as | sourced / derived / assumed |",
        "|---|---|---|---|---|",
    ]
    for system in systems():
        page = f"[{system.title}](regimes/{system.name}.md)"
        cells = [system.country, page, system.years, _first(system.scenarios, 1), shares(system.counts)]
        lines.append(f"| {' | '.join(cells)} |")
    for credit in credits():
        page = f"credit: [{credit.title}]({CREDITS}.md)"
        since = f"since {credit.since}" if credit.since else ""
        sure = shares(counts(document("credit", credit.name)))
        cells = [credit.country, page, since, f"in {_first(accepted_by(credit), 3) or 'no system'}", sure]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _first(all_names: tuple[str, ...], most: int) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(f"`{name}`" for name in all_names[:most]) + more
