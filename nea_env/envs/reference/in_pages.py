"""``python -m nea_env.envs.reference.in_pages``: the tables that code makes inside pages written by hand.

Each stands between two lines that name it and the command; what is around them is left as it is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nea_env.atomic import write_text
from nea_env.envs.registration import SYSTEMS
from nea_env.library import load_scenario
from nea_env.library.answers import rows
from nea_env.library.pages import with_block
from nea_env.scenario import Scenario, months_between

COMMAND = "python -m nea_env.envs.reference.in_pages"

WORDS = {
    "KETS": ("K-ETS {years}, phases I–III", "when to invest; banking tied to past net sales"),
    "TPS": (
        "China's national market {years}, power",
        "output-based allocation, announced late; a cap on the shortfall",
    ),
    "Tokyo": (
        "Tokyo cap-and-trade, periods 1–3 ({years})",
        "five-year duties; credits can be earned before a period ends",
    ),
    "LinkedKETS": (
        "K-ETS {years}, Chinese units for {quota:.3g} % of the duty",
        "which country is cheaper changes over time",
    ),
    "LinkedTPS": (
        "China {years}, Korean units for {quota:.3g} % of the duty",
        "foreign units that cost more at first; the carry-over rule",
    ),
    "LinkedTokyo": ("Tokyo {years}, with Saitama and Korea", "three prices, two currencies"),
    "KETSExact": ("K-ETS {years}, a small holder; optimum known", "a cliff in the carry-over; one lump of investment"),
    "TPSExact": ("China {years}, a small unit; optimum known", "a carry-over tied to sales; abate all or nothing"),
    "TokyoExact": ("Tokyo {years}, a surplus; optimum known", "when to build; what to sell before the deadline"),
}
"""System in the id -> what is played, and what makes it hard."""


def ids() -> list[str]:
    """The README's table of ids: what is played, for how many months, and what makes it hard."""
    lines = [
        "| id (`Discrete` twins: `nea/KETSDiscrete-v0`, …) | system | months | what makes it hard |",
        "|---|---|---|---|",
    ]
    for system, (played, hard) in WORDS.items():
        scenario = load_scenario(SYSTEMS[system])
        quota = next((100.0 * link.quota for link in scenario.links if link.quota is not None), 0.0)
        told = played.format(years=_years(scenario), quota=quota)
        months = months_between(scenario.start, scenario.end) + 1
        lines.append(f"| `nea/{system}-v0` | {told} | {months} | {hard} |")
    return lines


def _years(scenario: Scenario) -> str:
    last = int(scenario.last) + scenario.regime.calendar[scenario.last].years - 1
    return f"{scenario.first}–{last}"


def unanswered() -> list[str]:
    """The rules that no equilibrium price answers, and why."""
    return ["| rule of the regime | why no price answers |", "|---|---|", *rows()]


TABLES: Mapping[str, Mapping[str, Callable[[], list[str]]]] = {
    "README.md": {"ids": ids},
    "docs/markets.md": {"unanswered": unanswered},
}
"""Page -> name of a table in it -> its lines."""


def with_tables(root: Path) -> dict[Path, str]:
    """The pages with their tables made anew: path -> text.

    Raises:
        ValueError: a line that encloses a table is missing.
    """
    pages = {}
    for name, tables in TABLES.items():
        text = (root / name).read_text(encoding="utf-8")
        for table, made in tables.items():
            text = with_block(text, table, COMMAND, made())
        pages[root / name] = text
    return pages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if a page is out of date, 2 if one cannot be written."""
    about = f"Make the tables of {' and '.join(TABLES)} that come from the code."
    parser = argparse.ArgumentParser(allow_abbrev=False, prog=COMMAND, description=about)
    parser.add_argument("--root", type=Path, default=Path(), help="folder of the checkout (here)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    options = parser.parse_args(arguments)
    try:
        wanted = with_tables(options.root)
        stale = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
        for path in stale:
            if options.check:
                print(f"out of date: {path}")
            else:
                write_text(path, wanted[path])
    except OSError as error:
        print(f"{error.filename or options.root}: {error.strerror or error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
