"""Price paths without a firm: the same prices that the environments show, as one array."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from tqdm import tqdm

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.core.lowering.aggregate.solved import BAR_AFTER
from nea_env.envs.arguments import one_seed
from nea_env.library import load_scenario
from nea_env.scenario import Scenario, add_months

CHUNK = 4096  # paths played at a time: bounds the memory of the batch behind them
_OF_A_LINK = ("foreign_price", "local_price", "fx", "link")


@dataclass(frozen=True, eq=False)
class PricePaths:
    """Paths of every price of a scenario; ``np.asarray(paths)`` is ``paths.values``.

    ``paths["front_price"]`` is one series, (n, months). Which series there are depends on the scenario:

    - ``long_price``, ``front_price``: home money per t;
    - ``offset_price``: of the credit on sale, home money per home-usable t;
    - for partner k of a link ``foreign_price_k``, home money per home-usable t; ``local_price_k``, the partner's
      money per t; ``fx_k``, home money per unit of the partner's; ``link_k``, 1 while the link is open, else 0;
    - under the equilibrium process ``aggregate_bank``, of the whole market in years of its baseline emissions, and
      ``lapse_probability``, that part of the running period's units will have to lapse.

    Attributes:
        values: (n, months, series) float64.
        series: names of the last axis.
        months: "YYYY-MM" of the middle axis, from the scenario's start to its last deadline.
        scenario: what was played.
        seed: of the first path; path i has seed + i.
        law: (n,) number of the law that each path plays, of those that the scenario draws from; 0 where it draws none.
    """

    values: NDArray[np.float64]
    series: tuple[str, ...]
    months: tuple[str, ...]
    scenario: Scenario
    seed: int
    law: NDArray[np.int64]

    def __getitem__(self, name: Any) -> Any:
        """One series by its name, (n, months); anything else indexes the array."""
        if not isinstance(name, str):
            return self.values[name]
        if name not in self.series:
            raise KeyError(f"{name!r} is not a series of {self.scenario.name}; allowed: {', '.join(self.series)}")
        series: NDArray[np.float64] = self.values[:, :, self.series.index(name)]
        return series

    def __contains__(self, name: object) -> bool:
        return name in self.series

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False and dtype is not None and np.dtype(dtype) != self.values.dtype:
            raise ValueError(f"values are {self.values.dtype}: {np.dtype(dtype)} needs a copy")
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, months, series)."""
        return self.values.shape

    @property
    def years(self) -> NDArray[np.float64]:
        """(months,) the middle axis in years: January 2015 is 2015.0."""
        return np.array([int(month[:4]) + (int(month[5:]) - 1) / 12.0 for month in self.months])

    @property
    def opening(self) -> int:
        """Place on the month axis from which the market is open; 0 where it never is."""
        opens = self.scenario.regime.market_opens
        return 0 if opens is None else next((t for t, month in enumerate(self.months) if month >= opens), 0)

    @property
    def deadlines(self) -> dict[int, str]:
        """Place of each surrender deadline on the month axis, and the vintages due then: "2018", "2010-2014"."""
        due: dict[int, list[str]] = {}
        for year in self.scenario.periods:
            rule = self.scenario.regime.calendar[year]
            last = int(year) + rule.years - 1
            due.setdefault(self.months.index(rule.deadline), []).append(year if rule.years == 1 else f"{year}-{last}")
        return {month: ", ".join(years) for month, years in sorted(due.items())}


MOST_PATHS = 1_000_000
"""In one call: several gigabytes."""


def price_paths(
    scenario: str | Path | Mapping[str, Any] | Scenario, n: int, seed: int = 0, *, progress: bool = True
) -> PricePaths:
    """Prices of ``n`` episodes of a scenario, in home currency.

    Path i holds the prices that ``env.reset(seed=seed + i)`` and the steps after it show, and row i of a vector
    environment after ``reset(seed=seed)``; a longer call begins with the paths of a shorter one. The firm does
    nothing, so they show no permanent impact.

    Args:
        scenario: a shipped name, a path to YAML, a mapping or a `Scenario`; `load_scenario` takes overrides.
        n: number of paths.
        seed: of the first path.
        progress: show a bar on a terminal if it takes more than two seconds.

    Raises:
        ScenarioError: the scenario is unknown or inconsistent.
        ValueError: ``n`` or ``seed`` is not a whole number in its range.
    """
    loaded = load_scenario(scenario)
    try:
        count = operator.index(n)
    except TypeError:
        raise ValueError(f"n is {n!r}: expected a whole number") from None
    if not 1 <= count <= MOST_PATHS:
        raise ValueError(f"n is {count}: expected at least 1 path and at most {MOST_PATHS:,}")
    first = one_seed(seed, "seed")
    one_seed(first + count - 1, "the last path's seed, seed + n - 1,")
    parts, laws = [], []
    look = {"desc": f"{loaded.name} prices", "unit": " paths", "unit_scale": True, "delay": BAR_AFTER, "leave": False}
    with tqdm(total=count, disable=None if progress else True, **look) as bar:  # None: if stderr is not a terminal
        for start in range(0, count, CHUNK):
            rows = min(CHUNK, count - start)
            names, values, law = _play(loaded, first + start, rows)
            parts.append(values)
            laws.append(law)
            bar.update(rows)
    months = tuple(add_months(loaded.start, month) for month in range(parts[0].shape[1]))
    values = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return PricePaths(values, names, months, loaded, first, np.concatenate(laws))


def _play(scenario: Scenario, seed: int, rows: int) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.int64]]:
    """Names of the series, their values (rows, months, series), and the number of each row's law."""
    batch = Batch(scenario, rows)
    batch.reset(np.arange(seed, seed + rows, dtype=np.int64))
    idle = np.zeros((rows, Action.size), np.float32)
    months = int(batch.horizon.max())  # the laws that one scenario draws from share their calendar
    market = batch.market()
    names = _series(scenario, market)
    values = np.empty((rows, months, len(names)))
    for month in range(months):
        if month:
            batch.step(idle)
            market = batch.market()
        for index, name in enumerate(names):
            values[:, month, index] = market[name]
    return names, values, batch.statutes


def _series(scenario: Scenario, market: Mapping[str, Any]) -> tuple[str, ...]:
    names = ["long_price", "front_price"]
    if scenario.market.offset is not None:
        names.append("offset_price")
    names += [f"{name}_{k}" for k in range(len(scenario.links)) for name in _OF_A_LINK]
    if scenario.market.law == "equilibrium":
        names += ["aggregate_bank", "lapse_probability"]
    return tuple(name for name in names if name in market)
