"""A scenario solved by backward induction, and how that is kept: arrays, month by month."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nea_env import scenario as scenario_package
from nea_env.core.cache import cache_folder, read_checked, write_checked
from nea_env.core.placed import Placed, Rows
from nea_env.scenario import Scenario
from nea_env.solvers import chain as chain_module
from nea_env.solvers import states as states_module
from nea_env.solvers.chain import Chain, chain
from nea_env.solvers.states import States, states

Floats = NDArray[np.float64]
MOST_STATES = 200_000
CELLS = 2**22  # rewards computed at once
TIE = 1e-12  # actions that are worth as much as the best to this are as good: the first of them is taken


@dataclass(frozen=True)
class Solution:
    """The places of a scenario and what they are worth.

    Attributes:
        chain: prices of every month and how they move.
        states: tonnes of every month and where each action leads.
        values: for each month (N, P), the value of N states of tonnes at P prices.
        best: for each month (N, P) int8, the number of the best joint action.
    """

    chain: Chain
    states: States
    values: tuple[Floats, ...]
    best: tuple[NDArray[np.int8], ...]


def action_values(
    placed: Placed, prices: Chain, tonnes: States, month: int, after: Floats | None, places: slice = slice(None)
) -> Floats:
    """(n, P, K) values of every joint action at some of a month's states.

    Args:
        placed: the scenario.
        prices: its prices.
        tonnes: its states.
        month: of them.
        after: (N', P') values of the month that follows; None: there is none.
        places: of the month's states.
    """
    rows = tonnes.rows[month]
    rows = rows.take(np.arange(len(rows.books))[places])
    worth = placed.rewards(month, rows, prices.quotes[month], placed.menu(rows))
    if after is not None:
        expected = placed.discount * (after @ prices.moves[month].T)  # (N', P)
        worth += expected[tonnes.successors[month][places]].transpose(0, 2, 1)
    return worth


def solved(placed: Placed, *, progress: bool = False) -> Solution:
    """Solve a scenario by backward induction.

    Args:
        placed: the scenario.
        progress: show a bar where it takes more than two seconds.

    Raises:
        ValueError: more than ``MOST_STATES`` states in a month, or prices that are not a chain.
    """
    prices, tonnes = chain(placed), states(placed, MOST_STATES)
    horizon, entries = placed.horizon, len(placed.scenario.menu)
    values: list[Any] = [None] * horizon
    best: list[Any] = [None] * horizon
    after = None
    for month in tqdm(reversed(range(horizon)), "months solved", horizon, disable=not progress, delay=2.0, leave=False):
        shape = len(tonnes.rows[month].books), len(prices.quotes[month])
        values[month], best[month] = np.empty(shape), np.empty(shape, np.int8)
        chunk = max(1, CELLS // (shape[1] * entries))
        for first in range(0, shape[0], chunk):
            places = slice(first, first + chunk)
            worth = action_values(placed, prices, tonnes, month, after, places)
            most = worth.max(axis=2)
            values[month][places] = most
            best[month][places] = (worth >= most[:, :, None] - TIE).argmax(axis=2)
        after = values[month]
    return Solution(prices, tonnes, tuple(values), tuple(best))


# --- the user's cache --------------------------------------------------------------------------------------


def keep(scenario: Scenario, found: Solution) -> None:
    """Keep a solution in the user's cache, where there is one."""
    if (path := path_of(scenario)) is not None:
        write_checked(path, _packed(found))


def read(scenario: Scenario) -> Solution | None:
    """The solution that is kept for this very content; None where there is none."""
    path = path_of(scenario)
    return None if path is None else _read(path)


def path_of(scenario: Scenario) -> Path | None:
    """A folder of the core's hash, a file of the scenario's content, of how it is read and of how it is solved."""
    folder, how = cache_folder(), hashlib.sha256()
    solver = (__file__, chain_module.__file__, states_module.__file__)
    for file in (*map(str, solver), *map(str, sorted(Path(scenario_package.__file__).parent.glob("*.py")))):
        how.update(Path(file).read_bytes())
    name = f"{scenario.digest}_{how.hexdigest()[:8]}.npz"
    return None if folder is None else folder / "exact" / name


def _packed(found: Solution) -> bytes:
    arrays: dict[str, np.ndarray] = {"kept": np.array(found.states.kept)}
    for month, rows in enumerate(found.states.rows):
        arrays |= {f"values_{month}": found.values[month], f"best_{month}": found.best[month]}
        arrays[f"quotes_{month}"] = found.chain.quotes[month]
        for name, table in rows._asdict().items():  # most columns are the same in every row
            differs = (table != table[0]).any(axis=0)
            arrays |= {f"{name}_first_{month}": table[0], f"{name}_columns_{month}": np.flatnonzero(differs)}
            arrays[f"{name}_{month}"] = table[:, differs]
        if month < len(found.chain.moves):
            arrays[f"moves_{month}"] = found.chain.moves[month]
            arrays[f"successors_{month}"] = found.states.successors[month]
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _read(path: Path) -> Solution | None:
    data = read_checked(path)
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:

        def listed(name: str, months: int) -> tuple[Any, ...]:
            return tuple(arrays[f"{name}_{month}"] for month in range(months))

        def table(name: str, month: int) -> NDArray[Any]:
            columns, varying = arrays[f"{name}_columns_{month}"], arrays[f"{name}_{month}"]
            whole = np.tile(arrays[f"{name}_first_{month}"], (len(varying), 1))
            whole[:, columns] = varying
            return whole

        horizon = sum(name.startswith("values_") for name in arrays.files)
        rows = tuple(Rows(*(table(name, month) for name in Rows._fields)) for month in range(horizon))
        kept = tuple(int(column) for column in arrays["kept"])
        return Solution(
            Chain(listed("quotes", horizon), listed("moves", horizon - 1)),
            States(rows, listed("successors", horizon - 1), kept),
            listed("values", horizon),
            listed("best", horizon),
        )
