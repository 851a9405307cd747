"""Moments of a price process: those of its parameters and those of a sample from its kernels, with standard errors.

Years are independent but months within a year need not be, so every standard error is taken over whole years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.lowering.process_parameters import bootstrap_table, offset_parameters, process_parameters
from nea_env.core.rules.price_processes import (
    bootstrap_change,
    gbm_change,
    jump_change,
    jump_count,
    lattice_log_price,
    lattice_step,
    regime_change,
    regime_start,
    reversion_change,
)
from nea_env.scenario.market import Market, OffsetSeries

YEARS = 4000
MONTHS = 12
Month = Any  # an index of one month in every year
Walk = tuple[np.ndarray, None, np.ndarray]


class Moment(NamedTuple):
    """One moment of a price process: what it should be, what a sample gives, and the sample's standard error."""

    name: str
    target: float
    sample: float
    error: float

    @property
    def misses(self) -> float:
        """How many standard errors lie between them; 0 where both are exact."""
        gap = abs(self.sample - self.target)
        return gap / self.error if self.error > 1e-12 else 0.0 if gap < 1e-9 else math.inf


class Sample(NamedTuple):
    """Log changes (years, months); the jumps of each month, and whether it was wild, if the process has them."""

    changes: np.ndarray
    jumps: np.ndarray | None = None
    wild: np.ndarray | None = None


def moments(market: Market, seed: list[int], years: int = YEARS) -> list[Moment]:
    """Target and sample of each moment that the market's price process has.

    Args:
        market: its ``law`` is one of gbm, lattice, jumps, two_regimes, bootstrap and log_ou.
        seed: of the draws.
        years: number simulated, each from the initial price and the initial state of the process.
    """
    sample = draw(market, seed, years)
    year = sample.changes.sum(axis=1)
    listed = [Moment("sd", year_sd(market), *_sd(year))]
    if market.law == "log_ou":
        return listed
    gain = np.exp(year - market.discount_rate) - 1.0
    listed.append(Moment("gain", 0.0, *_mean(gain)))
    listed.append(Moment("kurtosis", kurtosis(market), *_kurtosis(sample.changes)))
    if sample.jumps is not None and market.jumps is not None:
        listed.append(Moment("jumps", market.jumps.rate, *_mean(sample.jumps.sum(axis=1))))
    if sample.wild is not None:
        listed.append(Moment("wild", process_parameters(market)["wild_share"], *_mean(sample.wild.mean(axis=1))))
    return listed


def offset_moments(series: OffsetSeries, seed: list[int], years: int = YEARS) -> list[Moment]:
    """Mean and sd of the log of the offset over the long price in the long run, and how much of it lasts a year.

    Args:
        series: its sd is above 0.
        seed: of the draws.
        years: number simulated, each from a ratio of the long run.
    """
    c, generator = offset_parameters(series), np.random.default_rng(seed)
    z = generator.standard_normal((years, MONTHS))
    start = c["offset_level"] + series.sd * generator.standard_normal(years)

    def pulled(log_ratio: np.ndarray, month: Month) -> tuple[np.ndarray, np.ndarray]:
        change = _each(reversion_change, log_ratio, c["offset_level"], c["offset_pull"], c["offset_sd"], z[month])
        return change, log_ratio + change

    end = start + _walk(pulled, start)[0].sum(axis=1)
    kept, measured = 0.5 ** (1.0 / series.half_life), float(np.corrcoef(start, end)[0, 1])
    return [
        Moment("mean", c["offset_level"], *_mean(end)),
        Moment("sd", series.sd, *_sd(end)),
        Moment("kept", kept, measured, (1.0 - kept**2) / math.sqrt(years)),
    ]


def draw(market: Market, seed: list[int], years: int) -> Sample:
    """The kernels of the market's price process, fed by a generator of NumPy."""
    c, table, generator = process_parameters(market), bootstrap_table(market), np.random.default_rng(seed)
    u, z = generator.random((years, MONTHS)), generator.standard_normal((years, MONTHS))
    numbers: tuple[float, ...]
    if market.law == "gbm":
        return Sample(_each(gbm_change, c["process_drift"], c["process_sd"], z))
    if market.law == "bootstrap":
        return Sample(_each(lambda u: bootstrap_change(table, c["entries"], u), u))
    if market.law == "jumps":
        numbers = c["process_drift"], c["diffusion_sd"], c["jump_chance"], c["jump_sd"]
        return Sample(_each(jump_change, *numbers, u, z), jumps=_each(jump_count, c["jump_chance"], u))
    if market.law == "two_regimes":
        numbers = c["growth"], c["calm_sd"], c["wild_sd"], c["begins"], c["ends"]
        first = _each(regime_start, c["wild_share"], generator.random(years))
        return Sample(*_walk(lambda wild, month: _pair(regime_change, wild, *numbers, u[month], z[month]), first))
    if market.law == "lattice":

        def moved(place: np.ndarray, month: Month) -> tuple[np.ndarray, np.ndarray]:
            after = _each(lattice_step, place, c["states"], c["up_chance"], u[month])
            before, now = (
                _each(lattice_log_price, 0.0, age, c["growth"], at, c["states"], c["log_step"])
                for age, at in ((0.0, place), (1.0, after))
            )
            return now - before, after

        return Sample(_walk(moved, np.full(years, c["start"]))[0])
    if market.law != "log_ou":
        raise ValueError(f"market.law: {market.law} has no moments here")

    def pulled(log_price: np.ndarray, month: Month) -> tuple[np.ndarray, np.ndarray]:
        change = _each(reversion_change, log_price, c["log_level"], c["pull"], c["process_sd"], z[month])
        return change, log_price + change

    return Sample(_walk(pulled, np.full(years, math.log(market.price)))[0])


def year_sd(market: Market) -> float:
    """Of a year's change of the log price: the volatility, unless the price is pulled back within the year."""
    if market.law != "log_ou" or market.reversion is None:
        return market.volatility
    kappa = market.reversion.rate
    return market.volatility * math.sqrt(-math.expm1(-2.0 * kappa) / (2.0 * kappa))


def kurtosis(market: Market) -> float:
    """Excess kurtosis of a month's change, in closed form."""
    c = process_parameters(market)
    if market.law == "lattice":
        return 1.0 / (c["up_chance"] * (1.0 - c["up_chance"])) - 6.0
    if market.law == "jumps":
        return 3.0 * c["jump_chance"] * c["jump_sd"] ** 4 / c["process_sd"] ** 4
    if market.law == "bootstrap":
        away = bootstrap_table(market) - bootstrap_table(market).mean()
        return float((away**4).mean() / (away**2).mean() ** 2 - 3.0)
    if market.law == "two_regimes":
        weight = np.array([1.0 - c["wild_share"], c["wild_share"]])
        variance = np.array([c["calm_sd"], c["wild_sd"]]) ** 2
        mean = -0.5 * variance + 0.5 * weight @ variance
        fourth = weight @ (mean**4 + 6.0 * mean**2 * variance + 3.0 * variance**2)
        return float(fourth / (weight @ (mean**2 + variance)) ** 2 - 3.0)
    if market.law in ("gbm", "log_ou"):
        return 0.0
    raise ValueError(f"market.law: {market.law} has no moments here")


def _walk(step: Callable[[np.ndarray, Month], tuple[np.ndarray, np.ndarray]], state: np.ndarray) -> Walk:
    """(changes, None, states at the start of each month), each (years, months): the fields of a Sample."""
    changes, states = np.zeros((len(state), MONTHS)), np.zeros((len(state), MONTHS))
    for month in range(MONTHS):
        states[:, month] = state
        changes[:, month], state = step(state, np.s_[:, month])
    return changes, None, states


def _each(kernel: Callable[..., float], *arguments: float | np.ndarray) -> np.ndarray:
    return np.frompyfunc(kernel, len(arguments), 1)(*arguments).astype(float)


def _pair(kernel: Callable[..., tuple[float, float]], *arguments: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.frompyfunc(kernel, len(arguments), 2)(*arguments)
    return first.astype(float), second.astype(float)


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def _sd(values: np.ndarray) -> tuple[float, float]:
    squares = (values - values.mean()) ** 2
    sd = math.sqrt(squares.mean())
    return sd, float(squares.std() / math.sqrt(len(values)) / (2.0 * sd))


def _kurtosis(changes: np.ndarray) -> tuple[float, float]:
    """Excess kurtosis over all months; its error by the delta method over years."""
    away = changes - changes.mean()
    second, third, fourth = ((away**power).mean() for power in (2, 3, 4))
    influence = (away**4 - fourth - 4.0 * third * away) / second**2 - 2.0 * fourth * (away**2 - second) / second**3
    error = influence.sum(axis=1).std() / (changes.shape[1] * math.sqrt(len(changes)))
    return float(fourth / second**2 - 3.0), float(error)
