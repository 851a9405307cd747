"""``python -m nea_env compare kets "kets regime.banking.*.limit=unlimited"``: scenarios as a table and a picture."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from nea_env.atomic import replacing
from nea_env.bench.scenario_arguments import PRICES
from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, told_in_one_line
from nea_env.scenario import ScenarioWarning

if TYPE_CHECKING:
    from nea_env.bench.compare import Comparison

PICTURES, TABLES = (".pdf", ".svg", ".png"), (".csv", ".json", ".tex")
WORDS = "a shipped name or a path, with its own changes in the same quotes; KEY=VALUE outside changes every scenario"
EPILOG = f"""\
The first scenario is what the others are compared with, on the same draws. A change of the law has two worths:
  at given prices    this firm alone has it (firm.rights); price and front discount stay those of the first
  through the price  it holds for everybody; with --price equilibrium the market answers
For instance:
  python -m nea_env compare kets "kets regime.banking.*.limit=unlimited" --price equilibrium --out banking.png
  python -m nea_env compare pilot_tianjin "pilot_tianjin regime.penalty=pilot_beijing.penalty"
  python -m nea_env compare kets "kets links=[kets_tps]"

{EXPLAINED}"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``compare`` to those of ``python -m nea_env``."""
    command = commands.add_parser(
        "compare", allow_abbrev=False, help="scenarios side by side on common draws: a table and a picture",
        description="Play the same policies in several scenarios on the same draws, and show what differs.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
    )  # fmt: skip
    command.add_argument("words", nargs="+", metavar="'SCENARIO KEY=VALUE …'", help=WORDS)
    prices = f"{' or '.join(PRICES)}: as each scenario has it, or market.law=equilibrium (given)"
    command.add_argument("--price", default="given", metavar="PROCESS", help=prices)
    command.add_argument("--policy", action="append", default=[], metavar="POLICY",
                         help="a rule, module:object, a saved model or a run folder; can be repeated"
                              " (just_in_time and lever_rule)")  # fmt: skip
    command.add_argument("--episodes", type=int, default=1_000, help="number of them (1000)")
    command.add_argument("--seed", type=int, default=1_000_000, help="of the first episode (1000000)")
    command.add_argument("--width", type=float, default=174.0, metavar="MM", help="of the picture (174)")
    files = f"{', '.join(PICTURES + TABLES)}: by its ending a picture or a table; can be repeated"
    command.add_argument("--out", type=Path, action="append", default=[], metavar="FILE", help=files)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print, and write what was asked for; 0, or 2 after one line about a mistake."""
    try:
        return _run(options)
    except (ScenarioError, ValueError, TypeError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or options.out[0]}: cannot be written: {error.strerror or error}", file=sys.stderr)
    return 2


def _run(options: argparse.Namespace) -> int:
    # with the core: not needed to show how the command is used
    from nea_env.bench.compare import POLICIES, compare_loaded
    from nea_env.bench.figure_style import check
    from nea_env.bench.scenario_arguments import loaded, on_menu

    for out in options.out:
        if out.suffix.lower() not in PICTURES + TABLES:
            raise ValueError(f"--out: {str(out)!r} ends in {out.suffix!r}: expected {', '.join(PICTURES + TABLES)}")
    check(None, options.width)
    common = [word for word in options.words if _is_change(word)]
    arguments = [word for word in options.words if not _is_change(word)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScenarioWarning)
        scenarios = loaded(arguments, common, options.price)
    for text in dict.fromkeys(told_in_one_line(caught)):
        print(f"warning: {text}", file=sys.stderr, flush=True)
    policies = list(dict.fromkeys(options.policy)) or POLICIES
    menu = on_menu(arguments)
    found = compare_loaded(scenarios, menu=menu, policies=policies, episodes=options.episodes, seed=options.seed)
    print(found)
    for out in options.out:
        _write(found, out, options.width)
        print(out)
    return 0


def _is_change(word: str) -> bool:
    key, equals, _ = word.partition("=")
    return bool(equals) and not any(sign.isspace() for sign in key.strip()) and key not in ("scenario", "env")


def _write(found: Comparison, out: Path, width: float) -> None:
    ending = out.suffix.lower()
    if ending in PICTURES:
        found.plot(out, width_mm=width)
        return
    text = {".csv": found.to_csv, ".json": found.to_json, ".tex": found.to_latex}[ending]()
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as draft:
        draft.write_text(text, encoding="utf-8")
