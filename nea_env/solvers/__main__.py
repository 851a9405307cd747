"""``python -m nea_env.solvers``: the closed forms, as text or as a page, and bounds on the cost of every policy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

PAGE = Path("docs/theory.md")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 1 if a page is out of date, 2 for a mistake in the command."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except OSError as error:
        print(f"{options.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    about = "What is known to be best, to hold agents, solvers and simulators to."
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.solvers", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    forms = commands.add_parser(
        "closed_form", allow_abbrev=False, help="print the closed forms of emissions trading, a worked figure each"
    )
    forms.add_argument("--out", type=Path, help=f"write the page there, such as {PAGE}, and print nothing")
    forms.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    forms.set_defaults(run=_closed_form)
    bounds = commands.add_parser(
        "bounds", allow_abbrev=False, help="print what no policy can undercut, beside the best of the tuned rules"
    )
    bounds.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a shipped scenario's name, or a path to YAML")
    bounds.add_argument("--episodes", type=int, default=100, help="known paths of each bound (default: 100)")
    bounds.set_defaults(run=_bounds, out=None)
    return parser


def _bounds(options: argparse.Namespace) -> int:
    from nea_env.library.columns import width_of_terminal
    from nea_env.solvers.bounds import listing

    if options.episodes < 2:
        print(f"--episodes {options.episodes}: expected at least 2", file=sys.stderr)
        return 2
    try:
        print(*listing(options.scenarios, options.episodes, width_of_terminal()), sep="\n")
    except (ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _closed_form(options: argparse.Namespace) -> int:
    if options.out is None and not options.check:
        from nea_env.library.columns import width_of_terminal
        from nea_env.solvers.closed_form.page import listing

        print(*listing(width_of_terminal()), sep="\n")
        return 0
    from nea_env.solvers.closed_form.page import write

    out = options.out or PAGE
    if not write(out, check=options.check):
        print(f"out of date: {out}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
