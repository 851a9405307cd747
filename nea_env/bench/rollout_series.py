"""The numbers that a picture of rollouts draws: by month or by compliance year, with bands over several episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.bench.rollout import Rollout
from nea_env.bench.rollout_text import by_year, closing_pct, period_name

Floats = NDArray[np.float64]
_SAME = 1e-9  # prices that differ by no more, relative to the highest, are one
_NOTHING = 1e-3  # years of baseline emissions: rounding and crumbs are not drawn as carried over
_KINDS = {"allowances": "effect.trade", "offset credits": "effect.offset", "foreign units": "effect.foreign"}


@dataclass(frozen=True, eq=False)
class Band:
    """A quantity over time, (T,) each: the mean and the middle 90 % of the episodes, all the same for one episode."""

    low: Floats
    mean: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Player:
    """What one rollout shows, means over its episodes where it has several.

    Attributes:
        months: (T,) beginning of each month, in years: January 2015 is 2015.0.
        long_price, front_price, bank, cost: by month; ``bank`` in t at the month's end, ``cost`` cumulative,
            discounted, % of exposure.
        penalty: (T,) penalty price per tonne where one is fixed in most episodes, else NaN; the median.
        trades: (T,) t by kind of unit, bought less sold.
        years: (Y,) beginning of each compliance year.
        emitted, allocated: (Y,) t.
        carried: place of each deadline on the month axis -> t carried over; 0 where that is next to nothing.
        closing_pct: what is left at the end, valued, discounted, % of exposure.
    """

    months: Floats
    long_price: Band
    front_price: Band
    penalty: Floats
    bank: Band
    trades: dict[str, Floats]
    years: Floats
    emitted: Floats
    allocated: Floats
    carried: dict[int, float]
    cost: Band
    closing_pct: float


@dataclass(frozen=True, eq=False)
class Series:
    """What a picture shows.

    Attributes:
        players: by the name that the key gives them.
        shares_price, shares_allocation: every player has the same.
        deadlines: end of each deadline's month, in years, and the vintages due then, such as "2018" or "2010-14".
        run_off: beginning and end of the months after production has ended; equal where there are none.
    """

    players: dict[str, Player]
    shares_price: bool
    shares_allocation: bool
    deadlines: list[tuple[float, str]] = field(default_factory=list)
    run_off: tuple[float, float] = (0.0, 0.0)


def named(rollouts: Rollout | Sequence[Rollout] | Mapping[str, Rollout]) -> dict[str, Rollout]:
    """Rollouts by the name that the key gives them: the policy's, with the scenario's where policies repeat.

    Raises:
        ValueError: there is none, one is no rollout, or they are not in one currency.
    """
    if isinstance(rollouts, Rollout):
        rollouts = [rollouts]
    if isinstance(rollouts, Mapping):
        by_name = {str(name): _of(one) for name, one in rollouts.items()}
    else:
        policies = [_of(one).policy for one in rollouts]
        by_name = {}
        for one in map(_of, rollouts):
            name = one.policy.replace("_", " ")
            if policies.count(one.policy) > 1:
                name = ", ".join((name, " ".join((one.scenario.name, *one.overrides))))
            while name in by_name:
                name += "'"
            by_name[name] = one
    currencies = {_of(one).scenario.market.currency for one in by_name.values()}
    if not by_name:
        raise ValueError("there is no rollout to draw")
    if len(currencies) > 1:
        raise ValueError(f"rollouts are in {' and '.join(sorted(currencies))}: expected one currency")
    return by_name


def _of(one: Any) -> Rollout:
    if not isinstance(one, Rollout):
        raise ValueError(f"expected rollouts, as nea_env.rollout returns them, not a {type(one).__name__}")
    return one


def series(rollouts: Mapping[str, Rollout]) -> Series:
    """Everything that the picture of some rollouts shows; deadlines and run-off are the first one's."""
    players = {name: _player(one) for name, one in rollouts.items()}
    first, one = next(iter(rollouts.values())), next(iter(players.values()))
    ends = one.months + 1.0 / 12.0
    due = [(float(ends[month]), _due(first, years)) for month, years in first.deadlines.items()]
    idle = np.flatnonzero(first.observations["producing"].reshape(-1, len(ends))[0] == 0.0)
    run_off = (float(one.months[idle[0]]), float(ends[-1])) if len(idle) else (float(ends[-1]),) * 2
    prices = [np.stack([p.long_price.mean, p.front_price.mean]) for p in players.values()]
    allocations = [p.allocated for p in players.values()]
    return Series(players, _all_same(prices), _all_same(allocations, _NOTHING), due, run_off)


def _due(rollout: Rollout, years: Sequence[str]) -> str:
    names = [period_name(rollout.scenario, year) for year in years]
    return names[0] if len(names) == 1 else f"{names[0][:4]}-{names[-1][-2:]}"


def _all_same(arrays: Sequence[Floats], within: float = _SAME) -> bool:
    first = arrays[0]
    return all(a.shape == first.shape and bool(np.abs(a - first).max() <= within * first.max()) for a in arrays)


def _player(rollout: Rollout) -> Player:
    months = np.array([int(date[:4]) + (int(date[5:]) - 1) / 12.0 for date in rollout.dates])
    strike = np.atleast_2d(rollout["market.strike"])
    names, emitted = by_year(rollout, rollout["emitted"])
    _, allocated = by_year(rollout, rollout["allocation"])
    most = np.maximum(_mean(emitted), _mean(allocated))
    own = np.flatnonzero(most > _NOTHING * most.max())  # without the years of the run-off
    opens = (rollout.scenario.regime.year_starts - 1) / 12.0
    kept = {month: float(rollout["effect.bank"][..., month].mean()) for month in rollout.deadlines}
    least = _NOTHING * rollout.scenario.firm.annual_emissions
    typical = np.median(strike, axis=0)
    return Player(
        months=months,
        long_price=_band(rollout["long_price"]),
        front_price=_band(rollout["front_price"]),
        penalty=np.where(typical > 0.0, typical, np.nan),
        bank=_band(rollout["bank"]),
        trades={kind: _mean(rollout[name]) for kind, name in _KINDS.items() if rollout[name].any()},
        years=np.array([int(names[k]) + opens for k in own]),
        emitted=_mean(emitted)[own],
        allocated=_mean(allocated)[own],
        carried={month: tonnes if tonnes > least else 0.0 for month, tonnes in kept.items()},
        cost=_band(rollout["cumulative_cost_pct"]),
        closing_pct=float(np.mean(closing_pct(rollout))),
    )


def _mean(values: NDArray[Any]) -> Floats:
    return np.asarray(np.atleast_2d(values).mean(axis=0), np.float64)


def _band(values: NDArray[Any]) -> Band:
    low, high = np.quantile(np.atleast_2d(values), (0.05, 0.95), axis=0)
    return Band(low, _mean(values), high)
