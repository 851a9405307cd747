"""``python -m nea_env.envs.reference``: write the reference pages, and with ``--readme`` the tables of the README."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from nea_env.atomic import write_text
from nea_env.envs.reference import pages
from nea_env.envs.reference.front_page import stored_from, with_tables
from nea_env.library.pages import differing, out_of_date, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if a page is out of date, 2 if one cannot be written."""
    about = "Write the reference pages of observations, actions, flows and state."
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m nea_env.envs.reference", description=about)
    parser.add_argument(
        "--out", type=Path, default=Path("docs/reference"), help="folder for the pages (docs/reference)"
    )
    parser.add_argument("--readme", type=Path, help="also make the tables between the markers in this file anew")
    parser.add_argument(
        "--results", type=Path, default=Path("docs/results/kets.json"),
        help="stored results that the README shows (docs/results/kets.json)",
    )  # fmt: skip
    parser.add_argument("--run", type=Path, help="a finished run of train.py whose evaluation is stored there first")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    options = parser.parse_args(arguments)
    wanted = pages(options.out)
    try:
        stale = out_of_date(wanted, options.out)
        if options.run is not None:
            write_text(options.results, json.dumps(stored_from(options.run), indent=2) + "\n")
        if options.readme is not None:
            tables = with_tables(options.readme, options.results)
            stale += differing(tables)
            wanted |= tables
        if options.check:
            print("\n".join(f"out of date: {path}" for path in stale), end="\n" if stale else "")
            return 1 if stale else 0
        write(wanted)
    except OSError as error:
        print(f"{error.filename or options.out}: {error.strerror or error}", file=sys.stderr)
        return 2
    except (ValueError, KeyError) as error:
        print(f"{options.readme}, {options.results}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
