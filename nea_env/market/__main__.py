"""``python -m nea_env.market``: pictures of prices, the table of calibrated moments, the timing of credits, claims."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nea_env.library import ScenarioError, load_scenario, scenarios


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 1 if a page is out of date, 2 for a mistake in the command."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    stray = [text for text in rest if text.startswith("-") or "=" not in text]
    if stray or (rest and options.command not in ("plot", "claim")):
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
        "Draw a scenario's prices, write the table of calibrated moments, value the timing of offset credits, or put a"
        " claim about carbon markets to the test."
    )
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.market", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    plot = commands.add_parser(
        "plot",
        allow_abbrev=False,
        help="fans of prices, prices at deadlines, front discount, partners, aggregate bank: one PNG each",
        description="Draw a scenario's prices; without a scenario, list those that ship.",
    )
    plot.add_argument("scenario", nargs="?", help="a shipped name, or a path such as mine.yaml")
    plot.add_argument("overrides", nargs="*", metavar="key=value", help="such as market.law=jumps")
    plot.add_argument("--out", type=Path, default=Path("runs/market"), help="folder for the pictures (runs/market)")
    plot.add_argument("--paths", type=int, default=5000, help="number of paths (5000)")
    plot.add_argument("--seed", type=int, default=0, help="seed of the first path (0)")
    plot.add_argument(
        "--only", action="append", default=[], metavar="PICTURE",
        help="prices, deadlines, discount, links or bank; can be repeated (default: all that have something to show)",
    )  # fmt: skip
    plot.set_defaults(run=_plot)
    table = commands.add_parser(
        "calibration", allow_abbrev=False, help="write the table of target and simulated moments, by market"
    )
    table.add_argument("--out", type=Path, default=Path("docs/calibration.md"), help="the page (docs/calibration.md)")
    table.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    table.set_defaults(run=_calibration)
    waiting = commands.add_parser(
        "waiting",
        allow_abbrev=False,
        help="what offset credits are worth when due, and what waiting for a low price adds",
    )
    waiting.add_argument("scenarios", nargs="*", default=["kets", "tps", "pilot_hubei"], metavar="SCENARIO")
    waiting.add_argument("--episodes", type=int, default=2000, help="number of episodes (2000)")
    waiting.set_defaults(run=_waiting, out=None)
    claim = commands.add_parser(
        "claim",
        allow_abbrev=False,
        help="what the equilibrium of a whole market says of a claim: sign, size, and what it hangs on",
        description="Put a claim to the test in the equilibrium of a whole market; without a name, list the claims.",
    )
    claim.add_argument("name", nargs="?", metavar="NAME", help="such as C26")
    claim.add_argument(
        "overrides", nargs="*", metavar="key=value",
        help="changes of the claim's scenario, such as links.0.quota=0.02",
    )  # fmt: skip
    claim.set_defaults(run=_claim, out=None)
    return parser


def _plot(options: argparse.Namespace) -> int:
    if options.scenario is None:
        print(
            "python -m nea_env.market plot SCENARIO [key=value ...] [--out DIR] [--paths N] [--seed S] [--only PICTURE]"
        )
        print(f"scenarios: {', '.join(scenarios())}")
        return 0
    from nea_env.market.figures import draw
    from nea_env.market.paths import price_paths

    scenario = load_scenario(options.scenario, [*options.overrides, *options.rest])
    for path in draw(price_paths(scenario, options.paths, options.seed), options.out, options.only):
        print(path)
    return 0


def _calibration(options: argparse.Namespace) -> int:
    from nea_env.market.calibration import write

    current = write(options.out, check=options.check)
    if options.check and not current:
        print(f"out of date: {options.out}")
        return 1
    return 0


def _waiting(options: argparse.Namespace) -> int:
    from nea_env.library.columns import width_of_terminal
    from nea_env.market.waiting import report

    if options.episodes < 2:
        raise ValueError(f"--episodes: {options.episodes}, allowed: 2 or more")
    print(*report(options.scenarios, options.episodes, width_of_terminal()), sep="\n")
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
