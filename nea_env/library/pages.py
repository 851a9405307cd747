"""The pages in docs: one per regime, an index, every system with its share of sourced figures, credits and links."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nea_env.library.catalogue import document, load_regime, names
from nea_env.library.coverage import entries, since
from nea_env.library.credits import Acceptance, accepts
from nea_env.library.entries import GENERAL, text
from nea_env.library.listing import (
    COUNTRIES,
    accepted_by,
    counts_for,
    credits,
    linked_in,
    links,
    markdown_list,
    scenarios_of,
    systems,
)
from nea_env.library.reader import Document
from nea_env.library.tables import Row, counts, period_ends, rows, runs, shares, span
from nea_env.scenario import Link, Regime

MARKDOWN = ".md"
FROM_YAML = "<!-- Written by `python -m nea_env.library docs`: change the YAML, then run it again. -->"
MEANT = {
    "ranges": " (what was known about a number before it was announced)",
    "compliance": " (as reported: information, not a rule)",
}
"""What stands behind the heading of a rule."""


def pages(out: Path) -> dict[Path, str]:
    """Every page that belongs in ``out`` and next to it: path -> text."""
    texts = {out / f"{name}{MARKDOWN}": regime_page(name) for name in names("regime")}
    texts[out / f"README{MARKDOWN}"] = _index()
    texts[out.parent / f"credits{MARKDOWN}"] = credits_page()
    texts[out.parent / f"links{MARKDOWN}"] = links_page()
    texts[out.parent / f"coverage{MARKDOWN}"] = coverage_page()
    texts[out.parent / f"systems{MARKDOWN}"] = systems_page()
    return texts


def out_of_date(wanted: dict[Path, str], out: Path) -> list[Path]:
    """Pages that are missing or differ, and pages of regimes that no longer ship."""
    return sorted({*differing(wanted), *(path for path in out.glob(f"*{MARKDOWN}") if path not in wanted)})


def differing(wanted: dict[Path, str]) -> list[Path]:
    """Pages that are missing or differ."""
    return [path for path, page in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != page]


def write(wanted: dict[Path, str]) -> None:
    """Write the pages, making their folders."""
    for path, page in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")


def is_current(path: Path | str, page: str, *, check: bool) -> bool:
    """Write one page, or with ``check`` only compare it; whether the file now holds it."""
    wanted = {Path(path): page}
    if not check:
        write(wanted)
    return not differing(wanted)


def with_block(page: str, name: str, command: str, lines: Iterable[str]) -> str:
    """A hand-written page with one table made anew, between two lines that name it and its command.

    Raises:
        ValueError: one of the two lines is not in the page.
    """
    opening, closing = f"<!-- {name}: {command} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(opening)
    _, ended, after = rest.partition(closing)
    if not found or not ended:
        raise ValueError(f"the lines {opening.strip()} and {closing} must both be in the page")
    return before + opening + "".join(f"{line}\n" for line in lines) + closing + after


def regime_page(name: str | Path) -> str:
    """One regime: what it is, every parameter with its source, the credits it accepts, the scenarios that play it."""
    law, file = load_regime(name), document("regime", name)
    footnotes: dict[str, int] = {}
    lines = [f"# {law.title}", "", FROM_YAML, "", _about(law, file), ""]
    listed = rows(file)
    for rule in dict.fromkeys(row.rule for row in listed):
        table = _table([row for row in listed if row.rule == rule], file, footnotes)
        lines += [f"## {rule}{MEANT.get(rule, '')}", "", *table, ""]
    if law.gaps:
        lines += ["## Gaps", "", "What the law has and the rules above leave out:", ""]
        lines += [*(f"- {cell(gap)}" for gap in law.gaps), ""]
    lines += ["## Credits accepted", "", *_accepted(accepts(law), period_ends(file)), ""]
    lines += ["## Scenarios", "", *_scenarios(law.name), ""]
    lines += _notes(footnotes)
    return "\n".join(lines).rstrip() + "\n"


def credits_page() -> str:
    """Every credit type: since when, at what prices, in which systems."""
    footnotes: dict[str, int] = {}
    lines = ["# Credit types", "", FROM_YAML, ""]
    for credit in credits():
        file = document("credit", credit.name)
        since = f"since {credit.since}" if credit.since else "year of first issue not known"
        users = ", ".join(f"[{name}](regimes/{name}{MARKDOWN})" for name in accepted_by(credit)) or "no shipped system"
        offered = ", ".join(f"`{kind}`" for kind in credit.offered_as)
        about = f"`{credit.name}`: {credit.country}, {since}, amounts in {credit.currency}, {credit.units} each."
        taken = f"Accepted as {offered} in {users}." if offered else "No system here accepts it under its own name."
        lines += [f"## {credit.title}", "", f"{about} {taken}", ""]
        lines += [*_table([row for row in rows(file) if row.status], file, footnotes), ""]
    lines += _notes(footnotes)
    return "\n".join(lines).rstrip() + "\n"


SYSTEMS = (
    "Every system and credit covered, the scenario to play it as, and what its figures rest on: the shares that are"
    " sourced, derived from sourced ones by stated arithmetic, or assumed and marked as such. `python -m"
    " nea_env.library show kets --year 2023` prints every rule of a year with its source; `diff kets tokyo` says how"
    " two systems differ."
)


def systems_page() -> str:
    """Every system and credit in one table."""
    return "\n".join(["# Systems", "", FROM_YAML, "", SYSTEMS, "", *markdown_list()]) + "\n"


LINKS = (
    "A scenario names up to two links to other systems: `links: [kets_tps]` in its file, or"
    " `scenario.links=[kets_tps]` for train.py. The ratio is the price of the partner's units that count as one home"
    " tonne, in home money, over the home price: measured before the link opens, then tied to the home price by its"
    " type. `full`, `exchange_rate` and `discount` hold it at 1; `border_fee` between 1 less and 1 plus the fee;"
    " `quota` between `low` and 1, with purchases up to the quota of each duty; `one_way` between 1 and `high`, or,"
    " with a quota, wherever the partner's own price takes it. Until a link opens, and after it breaks, nothing is"
    " traded."
)


COVERAGE = (
    "Every system, credit, mechanism and link that a report of the Asia Society Policy Institute names (Northeast Asia"
    " and the next generation of carbon market cooperation, 2017): the file in `nea_env/library/` and the key in it,"
    " the year or month from which it can be played, and what is left out with the reason. Where both stand, it is"
    " played in part. `*` is any one key; `scenario` has a key that every scenario can be given."
)


def coverage_page() -> str:
    """What the report names, group by group: where it is, since when, or why not."""
    lines = ["# What the report names, and where it is", "", FROM_YAML, "", COVERAGE, ""]
    listed = entries()
    for group in dict.fromkeys(entry.group for entry in listed):
        lines += [f"## {group}", "", "| named in the report | where | since | left out, and why |", "|---|---|---|---|"]
        for entry in listed:
            if entry.group == group:
                begins = min((date for date in map(since, entry.at) if date), default="")
                places = ", ".join(f"`{place}`" for place in entry.at) or "not played"
                lines.append(f"| {entry.what} | {places} | {begins} | {entry.why} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def links_page() -> str:
    """Every link: the partner, where it is used, its terms with their sources."""
    footnotes: dict[str, int] = {}
    lines = ["# Links to other systems", "", FROM_YAML, "", LINKS, ""]
    for link in links():
        file = document("link", link.name)
        lines += [f"## {link.title}", "", _about_link(link), ""]
        terms = [
            row if row.rule == GENERAL else row._replace(parameter=f"{row.rule}.{row.parameter}")
            for row in rows(file)
            if row.status
        ]
        lines += [*_table(terms, file, footnotes), ""]
    lines += _notes(footnotes)
    return "\n".join(lines).rstrip() + "\n"


def _about_link(link: Link) -> str:
    """One paragraph about a link, made from its data."""
    law = f", law `{link.regime.name}`" if link.regime is not None else ""
    users = ", ".join(f"`{name}`" for name in linked_in(link.name)) or "no shipped scenario"
    by_status = counts(document("link", link.name))
    said = [
        f"`{link.name}`: the partner's market is `{link.market.name}` in {link.market.currency}{law};"
        f" type {link.type.replace('_', ' ')}, {'both ways' if link.two_way else 'imports only'},"
        f" units left at a deadline {'are kept' if link.bankable else 'lapse'}.",
        f"Used in {users}.",
        f"Of {sum(by_status.values())} figures, {shares(by_status)} are sourced / derived / assumed.",
    ]
    return " ".join(said)


def _about(law: Regime, file: Document) -> str:
    """One paragraph about a regime, made from its data."""
    ends = period_ends(file)
    traded = f"Units trade from {law.market_opens}" if law.market_opens else "Units are not tradable"
    where = COUNTRIES.get(law.currency, "")
    opening = f"{where}, " if where else ""
    said = [
        f"{opening}{span(min(ends), max(ends.values()))}: {len(ends)} compliance periods, amounts in {law.currency}.",
        f"{traded}.",
        f"Free units: {_by_period({y: r.method for y, r in law.allocation.items()}, ends)}.",
        f"Carry-over: {_by_period({y: r.limit for y, r in law.banking.items()}, ends)}.",
    ]
    if law.borrowing:
        said.append(f"Borrowing: {_by_period({y: r.limit for y, r in law.borrowing.items()}, ends)}.")
    for title, rule in (("Auctions", law.auctions), ("Price stabilisation", law.stabilisation)):
        if rule:
            said.append(f"{title}: {', '.join(label for label, _ in runs([(y, True) for y in rule], ends))}.")
    by_status = counts(file)
    said.append(f"Of {sum(by_status.values())} figures, {shares(by_status)} are sourced / derived / assumed.")
    return " ".join(said)


def _by_period(values: dict[str, str], ends: dict[str, str]) -> str:
    spans = list(runs(list(values.items()), ends))
    words = [(label, value.replace("_", " ")) for label, value in spans]
    return words[0][1] if len(words) == 1 else ", ".join(f"{value} ({label})" for label, value in words)


def _table(listed: Iterable[Row], file: Document, footnotes: dict[str, int]) -> list[str]:
    lines = ["| parameter | value by year | status | source | note |", "|---|---|---|---|---|"]
    for row in listed:
        values = "; ".join(f"{label}: {value}" if label else value for label, value in row.values)
        marks = "".join(f"[^{_number(file.sources[key], footnotes)}]" for key in row.cited)
        cells = [f"`{row.parameter}`", cell(values), row.status, marks, cell(row.note)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _number(citation: str, footnotes: dict[str, int]) -> int:
    return footnotes.setdefault(" ".join(citation.split()), len(footnotes) + 1)


def _notes(footnotes: dict[str, int]) -> list[str]:
    return [f"[^{number}]: {cell(citation)}" for citation, number in footnotes.items()]


def cell(words: str) -> str:
    """Text that can neither break a table nor turn into markup."""
    plain = " ".join(words.split())
    for mark in ("\\", "|", "*", "<", "~"):
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def _accepted(offers: tuple[Acceptance, ...], ends: dict[str, str]) -> list[str]:
    if not any(map(counts_for, offers)):
        return ["None."]
    lines = ["| as | credit | years | limit | of | multiplier |", "|---|---|---|---|---|---|"]
    for kind in dict.fromkeys(row.type for row in offers):
        pairs = [(row.period, row[2:]) for row in offers if row.type == kind]
        for label, (offered, share, base, multiplier) in runs(pairs, ends):
            limit = "no limit" if base == "none" else text(share)
            names_ = ", ".join(offered) or "no shipped credit"
            lines.append(f"| `{kind}` | {names_} | {label} | {limit} | {base.replace('_', ' ')} | {text(multiplier)} |")
    return lines


def _scenarios(regime: str) -> list[str]:
    lines = ["| scenario | what it is | firm | market | periods |", "|---|---|---|---|---|"]
    for name in scenarios_of(regime):
        values = document("scenario", name).values
        periods = f"{values['first']} to {values['last']}"
        firm, market = (values[part] if isinstance(values[part], str) else "its own" for part in ("firm", "market"))
        lines.append(f"| `{name}` | {cell(str(values['title']))} | {firm} | {market} | {periods} |")
    return lines if len(lines) > 2 else ["None."]


def _index() -> str:
    lines = ["# Regimes", "", FROM_YAML, ""]
    lines += ["Every rule of every system, with its source and status. Credit types: ", ""]
    lines[-2] += f"[credits](../credits{MARKDOWN})."
    lines += ["| system | country | years | scenarios | sourced / derived / assumed |", "|---|---|---|---|---|"]
    for system in systems():
        users = ", ".join(f"`{name}`" for name in system.scenarios)
        link = f"[{system.title}]({system.name}{MARKDOWN})"
        lines.append(f"| {link} | {system.country} | {system.years} | {users} | {shares(system.counts)} |")
    return "\n".join(lines) + "\n"
