"""``python -m nea_env.library``: list what ships, show one file, compare two regimes, write the pages in docs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nea_env.library.catalogue import KINDS, Kind, document, load_regime, names, validated
from nea_env.library.columns import width_of_terminal
from nea_env.library.comparison import differences
from nea_env.library.compose import load_link
from nea_env.library.credits import Credit
from nea_env.library.errors import did_you_mean
from nea_env.library.file_names import is_file_name
from nea_env.library.listing import listed, markdown_list
from nea_env.library.pages import out_of_date, pages, write
from nea_env.library.reader import Document, read
from nea_env.library.show import shown_in, shown_throughout
from nea_env.scenario import Firm, Market, Model, Regime, ScenarioError

MODELS: dict[str, type[Model]] = {"regime": Regime, "firm": Firm, "market": Market, "credit": Credit}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 1 if a page is out of date, 2 for a mistake in the command."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{error.filename or getattr(options, 'out', '')}: {error.strerror or error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    about = "List what ships, show one file, compare two regimes, write the pages in docs."
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.library", description=about)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser(
        "show", allow_abbrev=False, help="rules, parameters, values, status and sources of one file"
    )
    show.add_argument("name", help="a shipped name, or a path such as mine.yaml")
    show.add_argument("--year", default="", help="one year, with sources and notes; default: every year")
    show.add_argument("--kind", choices=KINDS, help="default: regime, unless only another kind has the name")
    show.set_defaults(run=_show)
    diff = commands.add_parser(
        "diff", allow_abbrev=False, help="what differs between two regimes, in words and numbers"
    )
    diff.add_argument("names", nargs=2, metavar="REGIME", help="a shipped name, or a path such as mine.yaml")
    diff.add_argument("--year", default="", help="one year; default: the years that both have")
    diff.add_argument("--all", action="store_true", help="list every parameter, also those that are counted otherwise")
    diff.set_defaults(run=_diff)
    listing = commands.add_parser("list", allow_abbrev=False, help="what ships, and how much of it is sourced")
    listing.add_argument("--markdown", action="store_true", help="as the table of docs/systems")
    listing.set_defaults(run=_list)
    docs = commands.add_parser(
        "docs",
        allow_abbrev=False,
        help="write a page for every regime, and those of systems, credits, links and the report",
    )
    docs.add_argument("--out", type=Path, default=Path("docs/regimes"), help="folder for the pages (docs/regimes)")
    docs.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    docs.set_defaults(run=_docs)
    return parser


def _show(options: argparse.Namespace) -> int:
    file = _file(options.name, options.kind)
    width = width_of_terminal()
    _print(shown_in(file, options.year, width) if options.year else shown_throughout(file, width))
    return 0


def _diff(options: argparse.Namespace) -> int:
    first, second = options.names
    files = (document("regime", first), document("regime", second))
    laws = (load_regime(first), load_regime(second))
    _print(differences(files, laws, options.year, width_of_terminal(), everything=options.all))
    return 0


def _list(options: argparse.Namespace) -> int:
    _print(markdown_list() if options.markdown else listed(width_of_terminal()))
    return 0


def _docs(options: argparse.Namespace) -> int:
    wanted = pages(options.out)
    stale = out_of_date(wanted, options.out)
    if options.check:
        _print([f"out of date: {path}" for path in stale])
        return 1 if stale else 0
    write(wanted)
    return 0


def _file(name: str, kind: Kind | None) -> Document:
    """The file of a name; without a kind the first kind that has it."""
    if is_file_name(name):
        file = read(Path(name))
        kind = kind or _kind_of(file)
        if kind == "link":
            load_link(name)
        elif kind in MODELS:
            validated(MODELS[kind], file)
        return file
    if kind is not None:
        return document(kind, name)
    for candidate in ("regime", "scenario", "firm", "market", "credit", "link"):
        if name in names(candidate):
            return document(candidate, name)
    known = sorted({shipped for candidate in KINDS for shipped in names(candidate)})
    raise ScenarioError(f"name: {name!r} does not ship; {did_you_mean(name, known)}")


def _kind_of(file: Document) -> Kind:
    marks: dict[str, Kind] = {
        "calendar": "regime", "type": "link", "regime": "scenario", "offered_as": "credit", "output": "firm"
    }  # fmt: skip
    return next((kind for mark, kind in marks.items() if mark in file.values), "market")


def _print(lines: Sequence[str]) -> None:
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
