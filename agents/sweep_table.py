"""The results of a sweep: one row per job, read from what the jobs left in their folders."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from agents import refusal, resume_sweep
from agents.command_line import Sweep
from agents.evaluate import interval_text, print_wide
from agents.run_folder import RunFolder
from agents.sweep import values_by_key
from agents.sweep_folder import SweepFolder
from nea_env.atomic import write_text

RULE = "tuned_rule"
"""The baseline that the table compares with, if the jobs evaluate it."""

_FIGURES = ("cost_pct", f"vs_{RULE}")
_BOUNDS = {"mean": "", "low": "_low", "high": "_high"}


def figures(folder: RunFolder) -> dict[str, dict[str, float]] | None:
    """The algorithm's figures of a finished run, each with ``mean``, ``low`` and ``high``; None if it is not finished.

    An evaluation after fewer steps than the settings ask for is an earlier one, of a run that is being continued.

    Args:
        folder: of the run.
    """
    try:
        evaluation = json.loads(folder.evaluation.read_text(encoding="utf-8"))
        budget = folder.total_steps
        if budget is None or evaluation["steps"] < budget:
            return None
        row = evaluation["policies"][evaluation["algorithm"]]
        numbers = {name: {bound: _number(row[name][bound]) for bound in _BOUNDS} for name in _FIGURES if name in row}
        return numbers if "cost_pct" in numbers else None
    except refusal.JSON_ERRORS:
        return None


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def finished(sweep: SweepFolder) -> set[int]:
    """Numbers of the jobs that have finished."""
    return {job.number for job in sweep.jobs() if figures(job.folder) is not None}


def tell(sweep: Sweep, skipped: set[int], unfinished: str) -> None:
    """Write and print the table of a sweep that has ended, and how to continue it if anything is left to do.

    Args:
        sweep: its jobs and its folder.
        skipped: numbers of jobs that had finished before.
        unfinished: the status of jobs that have begun but noted no end, because their process was killed.
    """
    planned = [values_by_key(job) for job in sweep.jobs.overrides] if sweep.jobs.complete else []
    table = rows(sweep.folder, planned, skipped, unfinished)
    if all(row["status"] == "not run" for row in table):
        return
    show(sweep.folder, table)
    try:
        write(sweep.folder, table)
    except OSError as error:
        refusal.tell(f"{sweep.folder.table}: can't be written, {error.strerror or error}")
    if not all(row["status"] in ("finished", "skipped") for row in table):
        refusal.tell(resume_sweep.hint(sweep.folder))


def rows(
    sweep: SweepFolder, planned: Sequence[Mapping[str, str]], skipped: set[int], unfinished: str
) -> list[dict[str, Any]]:
    """One row per job: ``job``, ``status``, a column for each key in which jobs differ, the figures, ``folder``.

    Args:
        sweep: its folder.
        planned: values by key of every job, if they are known; otherwise only jobs that have begun are shown.
        skipped: numbers of jobs that had finished before.
        unfinished: the status of jobs that have begun but noted no end, because their process was killed.
    """
    begun = {job.number: job for job in sweep.jobs()}
    overrides = {**dict(enumerate(planned)), **{number: job.overrides for number, job in begun.items()}}
    values = {number: overrides[number] for number in sorted(overrides)}
    keys = dict.fromkeys(key for job in values.values() for key in job)
    differing = [key for key in keys if len({job.get(key) for job in values.values()}) > 1]
    result = []
    for number, own in values.items():
        job = begun.get(number)
        measured = None if job is None else figures(job.folder)
        if measured:
            status = "skipped" if number in skipped else "finished"
        else:
            status = job.ended or unfinished if job else "not run"
        row: dict[str, Any] = {"job": number, "status": status}
        row |= {key: own.get(key, "") for key in differing}
        for name in _FIGURES:
            known = (measured or {}).get(name, {})
            row |= {f"{name}{ending}": known.get(bound, "") for bound, ending in _BOUNDS.items()}
        result.append(row | {"folder": sweep.relative(job.folder) if job else ""})
    return result


def write(sweep: SweepFolder, table: Sequence[Mapping[str, Any]]) -> None:
    """Write ``sweep.csv``, completely or not at all."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    write_text(sweep.table, text.getvalue())


def show(sweep: SweepFolder, table: Sequence[Mapping[str, Any]]) -> None:
    """Print the table, as wide as it needs to be."""
    statuses = [row["status"] for row in table]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    printed = Table(
        title=Text(f"sweep of {len(table)} jobs: {counts}"),
        caption="cost in % of exposure, 95 % intervals; vs: paired difference, negative is cheaper",
    )
    figures_of = {name: [f"{name}{ending}" for ending in _BOUNDS.values()] for name in _FIGURES}
    hidden = {"folder", *(column for columns in figures_of.values() for column in columns)}
    plain = [column for column in table[0] if column not in hidden]
    for heading in (*plain, "cost", f"vs {RULE.replace('_', ' ')}"):
        printed.add_column(Text(heading), justify="left" if heading == "status" else "right", no_wrap=True)
    for row in table:
        cells = [str(row[column]) for column in plain]
        for name, columns in figures_of.items():
            known = row[name] != ""
            cells.append(
                interval_text(dict(zip(_BOUNDS, (row[column] for column in columns), strict=True))) if known else "-"
            )
        printed.add_row(*map(Text, cells))
    print_wide(printed)
    print(f"sweep folder: {sweep.path}", flush=True)
