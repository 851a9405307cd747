"""``python -m nea_env``: play policies (``rollout``), compare scenarios (``compare``), and manage what is cached."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

OTHERS = """\
other commands, each with --help:
  python -m nea_env.library    the law: list, show, diff
  python -m nea_env.market     prices: plot, claim, calibration, record
  python -m nea_env.policies.levers, .tune, .search, .compliance
                               what levers are worth, parameters of rules, whether it pays to comply
  python -m agents.evaluate    a policy of your own beside the rules (in a checkout)"""


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m nea_env",
        description="Play policies, compare scenarios, and manage the package's own files.",
        epilog=OTHERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    about = "show where compiled kernels and solved equilibria are stored"
    command = commands.add_parser(
        "cache", allow_abbrev=False, help=about, description=f"{about[0].upper()}{about[1:]}."
    )
    command.add_argument("--clear", action="store_true", help="remove them, including those of other versions")
    command.set_defaults(run=lambda options: cache(clear=options.clear))
    _add_bench(commands)
    options, rest = parser.parse_known_args(arguments)  # argparse reads no positional arguments after an option
    stray = [word for word in rest if word.startswith("-") or "words" not in options]
    if stray:
        parser.error(f"unrecognized arguments: {' '.join(stray)}")
    if rest:
        options.words = [*options.words, *rest]
    return int(options.run(options))


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from nea_env.bench import compare_command, rollout_command

    rollout_command.add_to(commands)
    compare_command.add_to(commands)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # another process has removed it
        return 0


def cache(*, clear: bool) -> int:
    """Print the folders and their sizes; with ``clear`` remove them."""
    from nea_env.core.cache import cache_folder, versions

    folder = cache_folder()
    if folder is None:
        print("No usable cache folder: each process compiles the kernels itself.")
        return 0
    for path in versions():
        note = "this version" if path == folder else "another version"
        size = sum(map(_size, path.rglob("*")))
        if clear:
            shutil.rmtree(path, ignore_errors=True)
            note += ", in use by another process: not all of it is removed" if path.exists() else ", removed"
        print(f"{path}  {size / 2**20:,.0f} MB  {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
