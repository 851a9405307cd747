"""``python -m nea_env.market``: pictures of prices, calibrated moments, the record, the timing of credits, claims."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nea_env.library import ScenarioError, scenarios
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, load_in_one_line, named


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 1 if a page is out of date, 2 for a mistake in the command."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    stray = [text for text in rest if text.startswith("-") or "=" not in text]
    if stray or (rest and options.command in ("calibration", "record", "errors")):
        parser.error(f"unrecognized arguments: {' '.join(stray or rest)}")
    options.rest = rest  # argparse reads no positional arguments after an option
    try:
        return int(options.run(options))
    except (ScenarioError, ValueError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    about = (
        "Draw a scenario's prices, write the tables of calibrated moments, of what was seen and what is computed or of "
        "how exact that is, "
        "value the timing of offset credits, or put a claim about carbon markets to the test."
    )
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.market", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    plot = commands.add_parser(
        "plot",
        allow_abbrev=False,
        help="pictures of a scenario, one PNG each: prices, also at deadlines, front discount, partners, bank and laws",
        description="Draw a scenario's prices; without a scenario, list those that ship.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    plot.add_argument("words", nargs="*", metavar=METAVAR, help=WORDS)
    plot.add_argument("--out", type=Path, default=Path("runs/market"), help="folder for the pictures (runs/market)")
    plot.add_argument("--paths", type=int, default=5000, help="number of paths (5000)")
    plot.add_argument("--seed", type=int, default=0, help="seed of the first path (0)")
    plot.add_argument(
        "--only", action="append", default=[], metavar="PICTURE",
        help="prices, deadlines, discount, links, bank or laws; can be repeated (default: all that show something)",
    )  # fmt: skip
    plot.set_defaults(run=_plot)
    table = commands.add_parser(
        "calibration", allow_abbrev=False, help="write the table of target and simulated moments, by market"
    )
    table.add_argument("--out", type=Path, default=Path("docs/calibration.md"), help="the page (docs/calibration.md)")
    table.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    table.set_defaults(run=_calibration)
    record = commands.add_parser(
        "record", allow_abbrev=False, help="write what was seen of each market beside what its equilibrium computes"
    )
    record.add_argument("--out", type=Path, default=Path("docs/record.md"), help="the page (docs/record.md)")
    record.add_argument("--no-picture", action="store_true", help="write the page alone")
    record.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    record.set_defaults(run=_record)
    errors = commands.add_parser(
        "errors", allow_abbrev=False, help="write how exact the equilibrium is on its grids (some eight minutes)"
    )
    errors.add_argument("--out", type=Path, default=Path("docs/errors.md"), help="the page (docs/errors.md)")
    errors.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    errors.set_defaults(run=_errors)
    waiting = commands.add_parser(
        "waiting",
        allow_abbrev=False,
        help="what offset credits are worth when due, and what waiting for a low price adds",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    shipped = ("kets", "tps", "pilot_hubei")
    described = f"{WORDS} (default: {' '.join(shipped)})"
    waiting.add_argument("words", nargs="*", metavar=METAVAR, help=described)
    waiting.add_argument("--episodes", type=int, default=2000, help="number of episodes (2000)")
    waiting.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the table into a page, docs/markets.md, instead"
    )
    waiting.set_defaults(run=_waiting, out=None, shipped=shipped)
    claim = commands.add_parser(
        "claim",
        allow_abbrev=False,
        help="what the equilibrium of a whole market says about a claim: sign, size and what it depends on",
        description="Put a claim to the test in the equilibrium of a whole market; without a name, list the claims.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    claim.add_argument("name", nargs="?", metavar="NAME", help="such as C6")
    claim.add_argument(
        "overrides", nargs="*", metavar="key=value",
        help="changes of the claim's scenario, such as market.aggregate.output_response.elasticity=0.2",
    )  # fmt: skip
    claim.set_defaults(run=_claim, out=None)
    return parser


def _plot(options: argparse.Namespace) -> int:
    given = named([*options.words, *options.rest], ())
    if not given.scenarios and not given.overrides:
        print(
            "python -m nea_env.market plot SCENARIO [KEY=VALUE ...] [--out DIR] [--paths N] [--seed S] [--only PICTURE]"
        )
        print(f"scenarios: {', '.join(scenarios())}")
        return 0
    from nea_env.market.figures import draw
    from nea_env.market.paths import price_paths

    if len(given.scenarios) != 1:
        raise ValueError(f"{' '.join(given.scenarios) or 'no scenario'}: name one scenario, such as kets")
    scenario = load_in_one_line(given.scenarios[0], given.overrides)
    for path in draw(price_paths(scenario, options.paths, options.seed), options.out, options.only):
        print(path)
    return 0


def _calibration(options: argparse.Namespace) -> int:
    from nea_env.market.calibration import write

    return _written(options, write)


def _errors(options: argparse.Namespace) -> int:
    from nea_env.market.errors import write

    return _written(options, write)


def _record(options: argparse.Namespace) -> int:
    from nea_env.market.record import FIGURE, write
    from nea_env.market.record_figure import draw

    status = _written(options, write)
    if not (options.check or options.no_picture):
        draw(options.out.parent / FIGURE)
    return status


def _written(options: argparse.Namespace, write: Callable[..., bool]) -> int:
    """Write a page, or say that it is out of date and return 1."""
    current = write(options.out, check=options.check)
    if options.check and not current:
        print(f"out of date: {options.out}")
        return 1
    return 0


def _waiting(options: argparse.Namespace) -> int:
    from nea_env.library.columns import width_of_terminal
    from nea_env.market.waiting import report, write

    if options.episodes < 2:
        raise ValueError(f"--episodes: {options.episodes}, allowed: 2 or more")
    given = named([*options.words, *options.rest], options.shipped)
    if options.write is not None:
        write(options.write, given, options.episodes)
        return 0
    print(*report(given, options.episodes, width_of_terminal()), sep="\n")
    return 0


def _claim(options: argparse.Namespace) -> int:
    from nea_env.library.columns import table, width_of_terminal
    from nea_env.market.claims import questions, report

    if options.name is None:
        body = [[name, question] for name, question in questions().items()]
        print(*table(["claim", "question"], body, width_of_terminal()), sep="\n")
        return 0
    print(*report(options.name, [*options.overrides, *options.rest], width_of_terminal()), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
