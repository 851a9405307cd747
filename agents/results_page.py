"""Results of training runs that are kept, a line of JSON for each, and the page that is made from them: its command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from agents.refusal import JSON_ERRORS, CheckpointError, SettingsError
from agents.run_folder import RunFolder
from nea_env.atomic import write_text
from nea_env.library.pages import is_current

Result = dict[str, Any]
Cell = TypeVar("Cell", bound=Hashable)


class ResultsPage(NamedTuple, Generic[Cell]):
    """A page and the results that it is made from.

    Attributes:
        module: whose command writes it, such as ``agents.learners``.
        about: help of the command.
        results: where a line of JSON for each run is kept.
        out: the page.
        planned: the runs that the page shows, in its order.
        measured: what is kept of a run's folder; None if it has not finished, or is none.
        cell_of: the run that a result is of.
        page: the page's text from the results that are kept.
    """

    module: str
    about: str
    results: Path
    out: Path
    planned: Sequence[Cell]
    measured: Callable[[RunFolder], Result | None]
    cell_of: Callable[[Result], Cell]
    page: Callable[[dict[Cell, Result], Sequence[Cell]], str]

    def gather(self, folders: Iterable[Path]) -> Iterator[Result]:
        """What is kept of the finished runs below ``folders`` that the plan names."""
        for folder in folders:
            for path in sorted(folder.rglob("evaluation.json")):
                found = self.measured(RunFolder(path.parent))
                if found is not None and self.cell_of(found) in self.planned:
                    yield found

    def stored(self, path: Path | None = None) -> dict[Cell, Result]:
        """The results that are kept, by cell; in ``results`` unless a path is given."""
        path = self.results if path is None else path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return {self.cell_of(found): found for found in map(json.loads, lines)}

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run the command; 0 on success, 1 if the page is out of date, 2 for what can't be read or written."""
        prog = f"python -m {self.module}"
        parser = argparse.ArgumentParser(allow_abbrev=False, prog=prog, description=self.about)
        parser.add_argument(
            "folders", nargs="*", type=Path, help="with finished runs below them, such as runs/learners"
        )
        parser.add_argument(
            "--results", type=Path, default=self.results, help="a line of JSON for each run is kept there"
        )
        parser.add_argument("--out", type=Path, default=self.out, help="the page")
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
        options = parser.parse_args(arguments)
        try:
            results = self.stored(options.results)
            for found in self.gather(options.folders):
                results[self.cell_of(found)] = found
            if options.folders and not options.check:
                kept = (results[cell] for cell in self.planned if cell in results)
                write_text(options.results, "".join(f"{json.dumps(one)}\n" for one in kept))
            is_written = is_current(options.out, self.page(results, self.planned), check=options.check)
        except (*JSON_ERRORS, SettingsError, CheckpointError) as error:
            print(f"{prog}: {error}", file=sys.stderr)
            return 2
        if not is_written:
            print(f"out of date: {options.out}")
            return 1
        return 0
