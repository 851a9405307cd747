"""``python -m nea_env rollout kets --policies just_in_time --out kets.pdf``: episodes as a picture or a table."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nea_env.atomic import replacing
from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, load_in_one_line, named

if TYPE_CHECKING:
    from nea_env.bench.rollout import Rollout

ENDINGS = (".pdf", ".svg", ".png", ".csv")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``rollout`` to those of ``python -m nea_env``."""
    command = commands.add_parser(
        "rollout", allow_abbrev=False, help="play policies month by month: a picture, a table or a summary",
        description="Play rules on the same draws; draw them, write every column to a table, or print a summary.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    command.add_argument("words", nargs="+", metavar=METAVAR, help=f"one scenario: an id, {WORDS}")
    command.add_argument("--policies", default="just_in_time,tuned_rule", metavar="RULE,…",
                         help="rules by name (just_in_time,tuned_rule)")  # fmt: skip
    command.add_argument("--seed", type=int, default=1_000_000, help="of the episode, or of the first (1000000)")
    command.add_argument("--episodes", type=int, help="play so many and draw their mean")
    command.add_argument("--width", type=float, default=85.0, metavar="MM",
                         help="of the picture: 85 for a column, 174 for a page (85)")  # fmt: skip
    command.add_argument("--out", type=Path, help=f"{', '.join(ENDINGS)}: by its ending a picture or a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play, and write what was asked for; 0, or 2 after one line about a mistake."""
    try:
        return _run(options)
    except (ScenarioError, ValueError, TypeError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{options.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
    return 2


def _run(options: argparse.Namespace) -> int:
    from nea_env.bench.policies import as_policy  # with the core: not needed to show how the command is used
    from nea_env.bench.rollout import rollout
    from nea_env.bench.rollout_figure import plot
    from nea_env.bench.target import is_discrete, loadable

    given = named(options.words, ())
    if len(given.scenarios) != 1:
        raise ValueError(f"{' '.join(given.scenarios) or 'no scenario'}: name one scenario, such as kets")
    out: Path | None = options.out
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise ValueError(f"--out: {str(out)!r} ends in {out.suffix!r}: expected {', '.join(ENDINGS)}")
    rules = list(dict.fromkeys(name for name in options.policies.split(",") if name))
    if not rules:
        raise ValueError("--policies names no rule: expected some, such as just_in_time,tuned_rule")
    target = given.scenarios[0]
    scenario = load_in_one_line(loadable(target), given.overrides)
    played = {
        rule.replace("_", " "): rollout(
            as_policy(rule, scenario, discrete=is_discrete(target)), scenario, seed=options.seed,
            episodes=options.episodes,
        )
        for rule in rules
    }  # fmt: skip
    if out is None:
        print(*played.values(), sep="\n\n")
    elif out.suffix.lower() == ".csv":
        write_csv(played, out)
        print(out)
    else:
        plot(played, path=out, width_mm=options.width)
        print(out)
    return 0


def write_csv(rollouts: Mapping[str, Rollout], path: Path) -> None:
    """One line a month: policy, seed, month, then every column; the second line holds the units."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for one in rollouts.values() for name in one))
    units = {name: unit for one in rollouts.values() for name, unit in one.units.items()}
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["policy", "seed", "month", *names])
        lines.writerow(["", "", "", *(units[name] for name in names)])
        for policy, one in rollouts.items():
            table = [one[name].reshape(len(one.seeds), -1) if name in one else None for name in names]
            for row, seed in enumerate(one.seeds):
                for month, date in enumerate(one.dates):
                    numbers = ("" if column is None else column[row, month] for column in table)
                    lines.writerow([policy, seed, date, *numbers])
