"""The tables of several scenarios, one under the other, as a batch hands them to the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.tables import Lowered
from nea_env.core.parameters import Event, Month, Static
from nea_env.scenario import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stacked:
    """Every law of every scenario, in order.

    Attributes:
        laws: (L,) of all scenarios.
        first: (scenarios,) place of each one's first law.
        arrays: (L, Static.size), (L, months, Month.size), (L, events, Event.size), and the tables of price processes
            and menus (G,).
        exposure: (L,) money.
    """

    laws: tuple[Scenario, ...]
    first: NDArray[np.int64]
    arrays: tuple[Floats, Floats, Floats, Floats]
    exposure: Floats


def stack(drawn: Sequence[Lowered]) -> Stacked:
    """Stack the tables of scenarios; shorter ones end in zeros, and laws of one tree share their price table."""
    tables = [table for group in drawn for table in group.tables]
    first = np.cumsum([0, *(len(group.laws) for group in drawn[:-1])])  # row of each scenario's first law
    static = np.stack([table.static for table in tables])
    for start, group in zip(first, drawn, strict=True):
        rows = slice(start, start + len(group.laws))
        static[rows, [Static.FIRST_STATUTE, Static.STATUTES]] = start, len(group.laws)
    monthly = np.zeros((len(tables), max(table.horizon for table in tables) + 1, Month.size))
    events = np.zeros((len(tables), max(len(table.events) for table in tables), Event.size))
    for k, table in enumerate(tables):
        monthly[k, : table.horizon + 1] = table.monthly
        events[k, : len(table.events)] = table.events
    used = {id(part): part for table in tables for part in (table.grid, table.menu) if len(part)}
    starts = dict(zip(used, np.cumsum([0, *map(len, used.values())]), strict=False))
    static[:, Static.GRID_FIRST] = [starts.get(id(table.grid), 0) for table in tables]
    static[:, Static.MENU_FIRST] = [starts.get(id(table.menu), 0) for table in tables]
    grids = list(used.values()) or [np.zeros(1)]
    return Stacked(
        laws=tuple(law for group in drawn for law in group.laws),
        first=first,
        arrays=(static, monthly, events, grids[0] if len(grids) == 1 else np.concatenate(grids)),  # one alone is shared
        exposure=np.array([table.exposure for table in tables]),
    )
