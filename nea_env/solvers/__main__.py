"""``python -m nea_env.solvers``: closed forms, the optimum of the exact track, bounds, and where a policy loses."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nea_env.bench import regret_command
from nea_env.envs.registration import EXACT

PAGE = Path("docs/theory.md")
EXACT_PAGE = Path("docs/exact.md")


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
    solve = commands.add_parser("solve", allow_abbrev=False, help="solve scenarios of the exact track, and keep them")
    solve.add_argument("scenarios", nargs="*", default=list(EXACT), help=f"by name (default: {' '.join(EXACT)})")
    solve.set_defaults(run=_solve, out=None)
    exact = commands.add_parser("exact", allow_abbrev=False, help="write the page on the exact track: minutes")
    exact.add_argument("--out", type=Path, default=EXACT_PAGE, help="where to (%(default)s)")
    exact.set_defaults(run=_exact)
    bracket = commands.add_parser(
        "bracket", allow_abbrev=False, help="measure what no policy can undercut, and what the best known rule costs"
    )
    bracket.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a shipped name, or a path to YAML")
    bracket.add_argument("--episodes", type=int, default=100, help="known paths of each bound (default: 100)")
    bracket.add_argument("--keep", action="store_true", help="keep the figures, which the tables of train.py show")
    bracket.set_defaults(run=_bracket, out=None)
    regret_command.add_to(commands)
    return parser


def _solve(options: argparse.Namespace) -> int:
    from nea_env.library import ScenarioError
    from nea_env.solvers import solve_exact

    for name in options.scenarios:
        try:
            exact = solve_exact(name)
        except (ScenarioError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
        states = max(n for n, _ in exact.sizes)
        print(f"{name}: best value {exact.percent(exact.value):.4f} % of exposure; {states:,} states at most")
    return 0


def _exact(options: argparse.Namespace) -> int:
    from nea_env.bench.exact_page import write

    write(options.out)
    print(options.out)
    return 0


def _bracket(options: argparse.Namespace) -> int:
    from nea_env.library.columns import width_of_terminal
    from nea_env.solvers.bracket import listing, measured

    if options.episodes < 2:
        print(f"--episodes {options.episodes}: expected at least 2", file=sys.stderr)
        return 2
    try:
        found = measured(options.scenarios, options.episodes, keep=options.keep)
    except (ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    print(*listing(found, width_of_terminal()), sep="\n")
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
