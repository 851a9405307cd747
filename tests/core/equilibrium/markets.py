"""Hand-made markets for tests of the equilibrium price: nothing but what a test names, and random ones with all."""

from __future__ import annotations

from typing import Any

import numpy as np

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.shocks import shock_chain

NEVER_MISSING = 1e4  # money/t: so dear that firms abate to the last unit rather than miss one
BY_MONTH = (
    "emissions supply auctioned reserve_price offsets offset_price released release_price bought_back buy_back_price "
    "response following output_slope year_end wait carry_multiple carry_base unlimited deficit borrowing "
    "shortage_price lapse_price"
).split()


def market(months: int, **fields: Any) -> Problem:
    """A market of so many months; a number stands for every month, and what is not named is zero or absent."""
    known: dict[str, Any] = dict.fromkeys(BY_MONTH, 0.0)
    known |= {
        "discount": 1.0,
        "offset_spread": 0.005,
        "brokers": 0.0,
        "scale": 1.0,
        "steepness": 1.0,
        "max_share": 0.0,
        "surplus_share": 0.5,
        "least_output": 0.0,
        "shocks": np.zeros(1),
        "chances": np.ones((1, 1)),
        "banks": np.linspace(-1.0, 1.0, 41),
        "start_bank": 0.0,
        "start_shock": 0,
    }
    known |= fields
    for name in BY_MONTH:
        known[name] = np.broadcast_to(np.asarray(known[name], float), (months,)).copy()
    known.setdefault("terminal", np.zeros((len(known["banks"]), len(known["shocks"]))))
    return Problem(**known)


def linear(slope: float) -> dict[str, float]:
    """Abatement at a marginal cost of ``slope`` times the share abated: an exponential so flat that it is a line."""
    return {"scale": slope / 1e-12, "steepness": 1e-12, "max_share": 1.0}


def falling_terminal(banks: Array, states: int, top: float, start: float = 0.0, end: float = 0.0) -> Array:
    """(B, Z) a last price: ``top`` up to the bank ``start``, nothing from the bank ``end``, and even in between."""
    left = (end - banks) / (end - start) if end > start else np.where(banks < end, 1.0, 0.0)
    return np.tile((top * np.clip(left, 0.0, 1.0))[:, None], (1, states))


def last_of_years(years: int, value: float = 1.0) -> np.ndarray:
    """(12 years,) a value in the last month of every year, else zero."""
    return np.tile(np.r_[np.zeros(11), value], years)


def ordinary(years: int = 4, **fields: Any) -> Problem:
    """Years of a plain market: given what it emits, abating 15 % at most, a penalty of 100, carrying net sales.

    Emissions are one a year; the price ends where banks are worth nothing above half a year's emissions.
    """
    shocks, chances = shock_chain(0.9, 0.03, 5)
    known: dict[str, Any] = {
        "discount": np.exp(-0.03 / 12),
        "emissions": 1 / 12,
        "supply": 0.97 / 12,
        "year_end": last_of_years(years),
        "wait": 6.0,
        "carry_multiple": 1.0,
        "carry_base": 0.02,
        "deficit": 0.08,
        "borrowing": 0.03,
        "shortage_price": 100.0,
        "scale": 20.0,
        "steepness": 18.3,
        "max_share": 0.15,
        "shocks": shocks,
        "chances": chances,
        "banks": np.linspace(-0.6, 1.0, 81),
        "start_shock": 2,
    }
    known |= fields
    known.setdefault("terminal", falling_terminal(known["banks"], len(known["shocks"]), 80.0, start=-0.3, end=0.5))
    return market(12 * years, **known)


def anything(seed: int, years: int = 4, **fields: Any) -> Problem:
    """A random market in which every instrument has its part, but for what is named."""
    draws = np.random.default_rng(seed)

    def yearly(low: float, high: float) -> np.ndarray:
        return np.repeat(draws.uniform(low, high, years), 12)

    shocks, chances = shock_chain(draws.uniform(0.0, 0.95), draws.uniform(0.01, 0.05), 5)
    known: dict[str, Any] = {
        "emissions": yearly(0.9, 1.1) / 12,
        "supply": yearly(0.85, 1.0) / 12,
        "auctioned": yearly(0.0, 0.1) / 12,
        "reserve_price": yearly(0.0, 20.0),
        "offsets": yearly(0.0, 0.1) / 12,
        "offset_price": yearly(5.0, 40.0),
        "released": yearly(0.0, 0.05) / 12,
        "release_price": yearly(40.0, 80.0),
        "response": yearly(0.0, 0.05),
        "wait": np.repeat(draws.integers(0, 8, years), 12),
        "carry_multiple": yearly(0.0, 3.0),
        "carry_base": yearly(0.0, 0.05),
        "unlimited": np.repeat(draws.random(years) < 0.3, 12),
        "deficit": yearly(0.0, 0.15),
        "brokers": draws.uniform(0.0, 0.05),
        "borrowing": yearly(0.0, 0.1),
        "shortage_price": yearly(50.0, 130.0),
        "lapse_price": yearly(0.0, 5.0),
        "bought_back": yearly(0.0, 0.05) / 12,
        "buy_back_price": yearly(5.0, 30.0),
        "offset_spread": draws.uniform(0.005, 0.9),
        "shocks": shocks,
        "chances": chances,
        "start_shock": 2,
    }
    return ordinary(years, **(known | fields))


def of_landing(chain: Chain, values: np.ndarray) -> np.ndarray:
    """(T, B, Z) mean over where a month leads of values (T + 1, B, Z) one month on."""
    onward = values[1:] @ chain.problem.chances.T
    below = np.floor(chain.landing).astype(int)
    above = np.ceil(chain.landing).astype(int)
    share = chain.landing - below
    return (1 - share) * np.take_along_axis(onward, below, 1) + share * np.take_along_axis(onward, above, 1)
