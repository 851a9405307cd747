"""``python -m nea_env.solvers regret ID --policy model.zip``: where a policy loses against the optimum."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, load_in_one_line, named

EXPLAINS = (
    "module:Class or module:object, looked up in the working directory too; the file of a saved model (.zip of"
    " Stable-Baselines3 or sb3-contrib, .pt or .ts of TorchScript); a run folder of train.py; or the name of a rule"
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``regret`` to those of ``python -m nea_env.solvers``."""
    command = commands.add_parser(
        "regret", allow_abbrev=False, help="tell where a policy loses against the optimum of the exact track",
        description="Push a policy's own distribution forward and tell where it loses against the optimum.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    command.add_argument("words", nargs="+", metavar=METAVAR, help=f"one scenario of the exact track: an id, {WORDS}")
    command.add_argument("--policy", required=True, help=EXPLAINS)
    command.add_argument("--out", type=Path, metavar="FILE", help="draw it: .pdf, .svg or .png")
    command.add_argument("--width", type=float, default=183.0, metavar="MM", help="of the picture (183)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell, and draw what was asked for; 0, or 2 after one line about a mistake."""
    try:
        return _run(options)
    except (ScenarioError, ValueError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{options.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
    return 2


def _run(options: argparse.Namespace) -> int:
    from nea_env.bench import figure_style  # with the core: not needed to show how the command is used
    from nea_env.bench.policies import as_policy
    from nea_env.bench.regret import regret
    from nea_env.bench.regret_figure import plot_regret
    from nea_env.bench.target import is_discrete, loadable

    given = named(options.words, ())
    if len(given.scenarios) != 1:
        raise ValueError(f"{' '.join(given.scenarios) or 'no scenario'}: name one scenario, such as nea/KETSExact-v0")
    figure_style.check(options.out, options.width)
    target = given.scenarios[0]
    scenario = load_in_one_line(loadable(target), given.overrides)
    found = regret(as_policy(options.policy, scenario, discrete=is_discrete(target)), scenario)
    print(found)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        plot_regret(found, options.out, width_mm=options.width)
        print(options.out)
    return 0
