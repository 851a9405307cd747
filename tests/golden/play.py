"""Plays a case month by month, and keeps a hash of every column of every month."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nea_env import ScenarioError, load_scenario
from nea_env.core.batch import Batch
from nea_env.scenario import Scenario
from tests.golden.cases import Case
from tests.golden.columns import Columns, columns

MORE = 8
"""Months played after the longest episode's end."""


class Record(NamedTuple):
    """Hashes of one case: (months + 1, columns) uint32, the first row that of the reset, and the columns' names."""

    names: tuple[str, ...]
    hashes: NDArray[np.uint32]


class Difference(NamedTuple):
    """The first month in which two records differ (0: the reset), and the columns that do."""

    month: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"month {self.month}: {', '.join(self.names)}"


class Outcome(NamedTuple):
    """What became of a case: its record, or why its scenario was refused, or what went wrong."""

    record: Record | None
    refused: str = ""
    fault: str = ""


def outcome(case: Case) -> Outcome:
    """Play a case."""
    try:
        found = record(played(case))
        if case.put_back:
            plain = record(played(case._replace(put_back=False)))
            if difference := first_difference(plain, found):
                return Outcome(None, fault=f"not as without putting the state back: {difference}")
        return Outcome(found)
    except ScenarioError as error:
        return Outcome(None, refused=str(error))
    except Exception as error:
        return Outcome(None, fault=f"{type(error).__name__}: {error}")


def played(case: Case) -> Iterator[Columns]:
    """The columns of the reset, then of each month: the longest episode and the beginning of the next."""
    batch, rng = _batch(case), case.rng("phases")
    seeds = case.rng("seeds").integers(0, 2**62, case.rows)
    yield columns(batch, batch.reset(seeds))
    months = int(np.max(batch.horizon)) + MORE
    for month, actions in enumerate(case.actions(months)):
        if case.put_back and month == months // 2:
            batch = _put_back(batch, case, actions)
        if case.ending and month % 9 == 7:
            batch.end(rng.random(case.rows) < 0.3)
        if case.phased and month % 11 == 4:
            anew = seeds + month if month % 2 else None
            batch.reset(anew, rng.random(case.rows) < 0.3)
        observation, reward, terminated = batch.step(actions, autoreset=case.autoreset)
        yield columns(batch, observation, reward, terminated)
        if not case.autoreset:
            batch.reset(mask=terminated)


def record(months: Iterator[Columns]) -> Record:
    """Hash what was played."""
    hashed = [{name: crc32(values.tobytes()) for name, values in month.items()} for month in months]
    names = tuple(dict.fromkeys(name for month in hashed for name in month))
    return Record(names, np.array([[month.get(name, 0) for name in names] for month in hashed], np.uint32))


def first_difference(old: Record, new: Record) -> Difference | None:
    """Where two records begin to differ in the columns that both have; wherever a column stands."""
    both = [name for name in old.names if name in new.names]
    before, after = (one.hashes[:, [one.names.index(name) for name in both]] for one in (old, new))
    months = min(len(before), len(after))
    unequal = before[:months] != after[:months]
    if unequal.any():
        month = int(np.argmax(unequal.any(axis=1)))
        return Difference(month, tuple(name for name, differs in zip(both, unequal[month], strict=True) if differs))
    return None if len(before) == len(after) else Difference(months, ("number of months",))


def _batch(case: Case) -> Batch:
    scenarios = [_scenario(name, json.dumps(changes, sort_keys=True)) for name, changes in case.parts]
    shares = case.rng("shares").permutation(np.arange(case.rows) % len(scenarios))
    return Batch(scenarios, case.rows, scenario_of=shares, threads=1)


@lru_cache(256)
def _scenario(name: str, changes: str) -> Scenario:
    return load_scenario(name, json.loads(changes))


def _put_back(batch: Batch, case: Case, actions: NDArray[np.float32]) -> Batch:
    """The batch as it is, after three months were taken back, in another batch that stood elsewhere."""
    saved = batch.get_state()
    for _ in range(3):
        batch.step(actions, autoreset=True)
    batch.set_state(saved)
    other = _batch(case)
    other.reset(np.arange(case.rows))
    other.step(-actions)
    other.set_state(batch.get_state())
    return other
