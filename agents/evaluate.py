"""The comparison of a run as a file and a table; ``python -m agents.evaluate --policy module:Class`` scores any policy.

What is measured, and how, is in ``nea_env.bench``; this adds colours to the table, and the command.
"""

from __future__ import annotations

import argparse
import errno
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nea_env.atomic import write_text
from nea_env.bench.comparison import BASELINES as BASELINES
from nea_env.bench.comparison import CAPTION, headings, rows
from nea_env.bench.comparison import TOTALS as TOTALS
from nea_env.bench.comparison import USED as USED
from nea_env.bench.comparison import evaluation_seeds as evaluation_seeds
from nea_env.bench.comparison import interval_text as interval_text
from nea_env.bench.comparison import outcomes_of as outcomes_of
from nea_env.bench.comparison import summarise as summarise
from nea_env.policies.seeds import EVALUATION_SEEDS

_WIDEST = 10_000  # columns that a table may take


def write(path: Path, summary: dict[str, Any], **about: Any) -> None:
    """Write ``{**about, "policies": summary}`` as JSON, completely or not at all."""
    write_text(path, json.dumps({**about, "policies": summary}, indent=2) + "\n")


def table(summary: Mapping[str, Any], title: str) -> Table:
    """The printed comparison."""
    result = Table(title=Text(title), caption=CAPTION)
    for index, heading in enumerate(headings(summary)):
        result.add_column(Text(heading), justify="right" if index else "left", no_wrap=True)
    for first, *others in rows(summary):
        result.add_row(Text(first), *others)
    return result


def show(summary: Mapping[str, Any], title: str, console: Console | None = None) -> None:
    """Print the comparison."""
    print_wide(table(summary, title), console)


def print_wide(shown: Table, console: Console | None = None) -> None:
    """Print a table as wide as it needs to be: no name and no figure is cut."""
    console = console or Console()
    before, console.width = console.width, _WIDEST
    console.width = max(before, Measurement.get(console, console.options, shown).maximum)
    console.print(shown, crop=False)
    console.width = before


def _check(option: str, path: Path) -> None:
    """Refuse a file that can't be written before anything is played; folders above it are made."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"{option}: {path} can't be written: {error.strerror or error}") from None


def _write(option: str, path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:  # it names the draft
        raise ValueError(f"{option}: {path} can't be written: {error.strerror or error}") from None


def main(arguments: Sequence[str]) -> int:
    """Command line; 0, or 2 after a mistake in it or a policy that can't be played, in one line."""
    from nea_env.bench.evaluate import OPPONENTS, evaluate
    from nea_env.library import ScenarioError
    from nea_env.library.arguments import EXPLAINED, METAVAR, named

    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m agents.evaluate", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=(
            "Score a policy beside the rules on held-out episodes. The target is an id (nea/KETS-v0, the default, or\n"
            "nea/KETSDiscrete-v0), a shipped name or a path to YAML."
        ),
    )  # fmt: skip
    explained = (
        "module:Class or module:object, looked up in the working directory too; the file of a saved model (.zip of"
        " Stable-Baselines3 or sb3-contrib, .pt or .ts of TorchScript); a run folder of train.py; or the name of a rule"
    )
    parser.add_argument("--policy", required=True, help=explained)
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=EXPLAINED.replace("%", "%%"))
    parser.add_argument("--episodes", type=int, default=1_000, help="held-out episodes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=EVALUATION_SEEDS, help="of the first (default: %(default)s)")
    rules = ",".join(OPPONENTS)
    parser.add_argument("--opponents", default=rules, metavar="RULE,…", help="rules beside it (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures too")
    parser.add_argument("--latex", type=Path, metavar="FILE", help="write the table for a paper too")
    given = parser.parse_args(arguments)
    asked = named(given.words, ("nea/KETS-v0",))
    try:
        if len(asked.scenarios) != 1:
            raise ValueError(f"one target at a time, not {' and '.join(asked.scenarios)}")
        files = {
            option: path for option, path in (("--json", given.json), ("--latex", given.latex)) if path is not None
        }
        for option, path in files.items():
            _check(option, path)
        result = evaluate(
            given.policy, asked.scenarios[0], episodes=given.episodes, seed=given.seed, overrides=asked.overrides,
            opponents=[name for name in given.opponents.split(",") if name],
        )  # fmt: skip
        print(result)
        for option, path in files.items():
            _write(option, path, result.to_json() if option == "--json" else result.to_latex())
    except (ScenarioError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
