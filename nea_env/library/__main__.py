"""``python -m nea_env.library``: list what ships, show one file, compare two regimes, write the pages in docs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nea_env.library.arguments import EXPLAINED, WORDS, Named, named
from nea_env.library.catalogue import KINDS, Kind, document, names, validated
from nea_env.library.changed_files import changed
from nea_env.library.columns import width_of_terminal
from nea_env.library.comparison import differences
from nea_env.library.compose import load_link
from nea_env.library.credits import Credit
from nea_env.library.errors import did_you_mean
from nea_env.library.file_names import is_file_name
from nea_env.library.grammar import label
from nea_env.library.listing import listed, markdown_list
from nea_env.library.pages import out_of_date, pages, write
from nea_env.library.reader import Document, read
from nea_env.library.show import shown_in, shown_throughout
from nea_env.scenario import Firm, Market, Model, Regime, ScenarioError

MODELS: dict[str, type[Model]] = {"regime": Regime, "firm": Firm, "market": Market, "credit": Credit}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 1 if a page is out of date, 2 for a mistake in the command."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if [word for word in rest if word.startswith("-") or "=" not in word] or (rest and "words" not in options):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest  # argparse reads no positional arguments after an option
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
        "show", allow_abbrev=False, help="rules, parameters, values, status and sources of one file",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    show.add_argument("words", nargs="+", metavar="NAME | KEY=VALUE", help=WORDS.replace("every scenario named", "it"))
    show.add_argument("--year", default="", help="one year, with sources and notes; default: every year")
    show.add_argument("--kind", choices=KINDS, help="default: regime, unless only another kind has the name")
    show.set_defaults(run=_show)
    diff = commands.add_parser(
        "diff",
        allow_abbrev=False,
        help="what differs between two regimes, or between one and itself with changes, in words and numbers",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXPLAINED,
    )
    diff.add_argument("words", nargs="+", metavar="REGIME | KEY=VALUE", help=WORDS.replace("scenario", "regime"))
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
    given = _words(options, most=1)
    file = changed(_file(given.scenarios[0], options.kind), given.overrides)
    width = width_of_terminal()
    _print(shown_in(file, options.year, width) if options.year else shown_throughout(file, width))
    return 0


def _diff(options: argparse.Namespace) -> int:
    given = _words(options, most=2)
    names = [word for word in options.words if "=" not in word] or given.scenarios  # a regime may be named twice
    if len(names) < 2 and not given.overrides:
        raise ScenarioError(f"diff {' '.join(names)}: name two regimes, or one and what is changed in it")
    plain = [document("regime", name) for name in names]
    after = [changed(file, given.overrides) for file in plain]
    files = (after[0], after[1]) if len(names) == 2 else (plain[0], after[0])
    changes = [given.overrides if len(names) == 2 else (), given.overrides]
    laws = (_called(files[0], plain[0], changes[0]), _called(files[1], plain[-1], changes[1]))
    _print(differences(files, laws, options.year, width_of_terminal(), everything=options.all))
    return 0


def _called(file: Document, plain: Document, overrides: Sequence[str]) -> Regime:
    """The regime of a file under a name, which heads a column, that tells what was changed; so the title need not."""
    law = validated(Regime, file)
    title = plain.values.get("title", law.title)
    return law.model_copy(update={"name": label(law.name, overrides), "title": title})


def _words(options: argparse.Namespace, most: int) -> Named:
    """The names and changes of the command line."""
    given = named([*options.words, *options.rest], ())
    if not 1 <= len(given.scenarios) <= most:
        allowed = "one name" if most == 1 else "one or two names"
        raise ScenarioError(f"{' '.join(given.scenarios) or 'no name'}: allowed: {allowed}, and KEY=VALUE")
    return given


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
