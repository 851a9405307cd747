"""The command line: write the file of hashes, or hold what is played now against it."""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

from tqdm import tqdm

from tests.golden.archive import Archive, machine, write
from tests.golden.cases import Case, cases
from tests.golden.play import Outcome, Record, first_difference, outcome, played, record

COLUMNS_TOLD, ROWS_SHOWN = 6, 5


def main(arguments: Sequence[str], about: str | None = None) -> int:
    """Returns 1 where anything differs, is gone or has failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="written where it does not exist, else compared with")
    parser.add_argument("--only", default="", metavar="PREFIX", help="cases whose name begins so")
    parser.add_argument("--processes", default="*", metavar="GLOB", help="cases whose middle part matches")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that play (1)")
    parser.add_argument("--show", metavar="CASE", help="print what this case's columns hold in the month that differs")
    parser.add_argument("--month", type=int, help="with --show: another month, all columns")
    options = parser.parse_args(arguments)
    chosen = [case for case in cases() if case.name == (options.show or case.name) and _is_chosen(case.name, options)]
    if not chosen:
        parser.error("no case is called so")
    before = Archive(options.file) if options.file.exists() else {}
    if isinstance(before, Archive) and before.machine != machine():
        parser.error(f"{options.file} was written on {before.machine}, not on {machine()}")
    if options.show:
        return _show(chosen[0], before, options.month)
    if before:
        return _compare(chosen, before, [name for name in before if _is_chosen(name, options)], options.workers)
    return _write(chosen, options.file, options.workers)


def _is_chosen(name: str, options: argparse.Namespace) -> bool:
    return name.startswith(options.only) and fnmatch(name.split("/")[1], options.processes)


def _outcomes(chosen: Sequence[Case], workers: int) -> Iterator[tuple[str, Outcome]]:
    """What became of each case, in order; faults are told at once."""
    with contextlib.ExitStack() as stack:
        found = map(outcome, chosen)
        if workers > 1:
            found = stack.enter_context(ProcessPoolExecutor(workers)).map(outcome, chosen, chunksize=6)
        bar = tqdm(found, total=len(chosen), unit=" cases", smoothing=0)
        for case, one in zip(chosen, bar, strict=True):
            if one.fault:
                tqdm.write(f"{case.name}: {one.fault}")
            yield case.name, one


def _write(chosen: Sequence[Case], file: Path, workers: int) -> int:
    records, refused, faults = {}, 0, 0
    for name, one in _outcomes(chosen, workers):
        refused, faults = refused + bool(one.refused), faults + bool(one.fault)
        if one.record is not None:
            records[name] = one.record
    if faults:
        print(f"{faults} of {len(chosen)} cases failed: nothing written")
        return 1
    write(file, records)
    print(f"{len(records)} cases written to {file}; {refused} combinations are refused")
    return 0


def _compare(chosen: Sequence[Case], before: Mapping[str, Record], expected: Sequence[str], workers: int) -> int:
    compared, differ, faults, new = set[str](), 0, 0, 0
    appeared, vanished = Counter[str](), Counter[str]()
    for name, one in _outcomes(chosen, workers):
        faults += bool(one.fault)
        if one.record is None or name not in before:
            new += one.record is not None
            continue
        compared.add(name)
        old = before[name]
        appeared.update(set(one.record.names) - set(old.names))
        vanished.update(set(old.names) - set(one.record.names))
        if difference := first_difference(old, one.record):
            differ += 1
            more = len(difference.names) - COLUMNS_TOLD
            told = difference._replace(names=difference.names[:COLUMNS_TOLD])
            tqdm.write(f"{name}: {told}{f' and {more} more columns' if more > 0 else ''}")
    gone = [name for name in expected if name not in compared]
    for title, counts in (("new column, not compared", appeared), ("column gone", vanished)):
        for name, count in sorted(counts.items()):
            print(f"{title}: {name}, in {count} cases")
    for name in gone:
        print(f"case gone, refused or failed: {name}")
    if new:
        print(f"{new} cases are not in the file")
    print(f"{len(compared)} cases, {differ} differ")
    return int(bool(differ or faults or gone or vanished))


def _show(case: Case, before: Mapping[str, Record], month: int | None) -> int:
    """Print the columns that differ first, or all of a month; 1 where something differs."""
    months = list(played(case))
    difference = first_difference(before[case.name], record(iter(months))) if case.name in before else None
    if month is None and difference is None:
        print(f"{case.name}: nothing differs; --month M shows a month")
        return 0
    at = min(difference.month if month is None else month, len(months) - 1)
    print(f"{case.name}, month {at} of {len(months) - 1}")
    for name in months[at] if month is not None else difference.names:
        values = months[at][name].tolist() if name in months[at] else []
        print(f"  {name:<32} {' '.join(map(repr, values[:ROWS_SHOWN]))}{' …' if len(values) > ROWS_SHOWN else ''}")
    return int(difference is not None)
