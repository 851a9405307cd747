"""What a price process needs of a market: its code and its numbers, per month, and the tables that some read."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core.rules.price_processes import (
    BOOTSTRAP,
    COLLARED,
    EQUILIBRIUM,
    GBM,
    JUMPS,
    JUMPS_MAX,
    LATTICE,
    LOG_OU,
    REPLAY,
    TWO_REGIMES,
)
from nea_env.scenario.market import Market, OffsetSeries, PriceProcess

CODES: dict[PriceProcess, int] = {
    "gbm": GBM,
    "lattice": LATTICE,
    "jumps": JUMPS,
    "two_regimes": TWO_REGIMES,
    "bootstrap": BOOTSTRAP,
    "collared": COLLARED,
    "equilibrium": EQUILIBRIUM,
    "log_ou": LOG_OU,
    "replay": REPLAY,
}
"""Name of a process (``market.law``) -> the code that kernels know it by."""

JUMP_SD_MAX = 1.0  # a jump of one sd multiplies or divides the price by e

PARAMETERS = (
    "process", "growth", "process_drift", "process_sd", "jump_chance", "jump_sd", "diffusion_sd", "calm_sd", "wild_sd",
    "begins", "ends", "wild_share", "entries", "states", "log_step", "up_chance", "log_level", "pull", "start",
)  # fmt: skip
"""Names of the parameters: columns of `Static`, but for growth and start, which no kernel reads."""


def process_parameters(market: Market) -> dict[str, float]:
    """Parameters of the market's price process by name; zero where the process has no use for one.

    Beside columns of `Static`: growth (r / 12), and start (of the process's own state: the middle of the lattice; for
    two_regimes the caller draws regime_start). process_drift and process_sd are those of gbm, unless jumps or log_ou
    have their own.

    Raises:
        ValueError: no code is known for the process, or it cannot have these parameters.
    """
    if market.law not in CODES:
        raise ValueError(f"market.law: {market.law}: no kernel plays this price process; allowed: {', '.join(CODES)}")
    columns = dict.fromkeys(PARAMETERS, 0.0)
    growth, sd = market.discount_rate / 12.0, market.volatility / math.sqrt(12.0)
    columns["process"] = float(CODES[market.law])
    columns |= {"growth": growth, "process_drift": growth - 0.5 * sd**2, "process_sd": sd}
    fill = _FILL.get(market.law)
    return columns if fill is None else columns | fill(market, growth, sd)


def offset_parameters(series: OffsetSeries | None) -> dict[str, float]:
    """Parameters of the ratio of the offset to the long price by name, columns of `Static`; zero without a series.

    An autoregression of the log ratio whose variance in the long run is ``sd**2``, so that a month's news has the
    variance sd**2 x (1 - kept**2), where kept**(12 x half_life) = 1/2.
    """
    if series is None:
        return dict.fromkeys(("start_log_offset_ratio", "offset_level", "offset_pull", "offset_sd"), 0.0)
    decay = math.log(2.0) / (12.0 * series.half_life)
    return {
        "start_log_offset_ratio": math.log(series.ratio),
        "offset_level": math.log(series.median),
        "offset_pull": -math.expm1(-decay),
        "offset_sd": series.sd * math.sqrt(-math.expm1(-2.0 * decay)),
    }


def bootstrap_table(market: Market) -> np.ndarray:
    """The changes that bootstrap draws from, (entries,), scaled to the volatility and recentred; else empty."""
    if market.law != "bootstrap":
        return np.zeros(0)
    assert market.bootstrap is not None
    changes = np.array(market.bootstrap.changes)
    if changes.max() == changes.min():
        raise ValueError(
            f"market.bootstrap.changes: all are equal, {changes[0]:g}, so no scale gives them a volatility;"
            " allowed: two that differ"
        )
    changes.sort()  # a higher draw is a higher change: news abroad may be correlated with it
    scaled = (changes - changes.mean()) * (market.volatility / math.sqrt(12.0) / changes.std())
    mean = sum(map(math.exp, scaled)) / len(scaled)  # NumPy's exp would depend on the processor
    return scaled - math.log(mean) + market.discount_rate / 12.0


def lattice(market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Discounted prices (states,) in money of the start, and the chances of a move (states, states) in a month."""
    states, (log_step, up) = market.lattice.states, lattice_odds(market.volatility / math.sqrt(12.0))
    nodes = market.price * np.exp(log_step * (np.arange(states) - (states - 1) / 2))
    chances = np.zeros((states, states))
    chances[0, 0] = chances[-1, -1] = 1.0
    inner = np.arange(1, states - 1)
    chances[inner, inner + 1], chances[inner, inner - 1] = up, 1.0 - up
    return nodes, chances


def lattice_odds(sd: float) -> tuple[float, float]:
    """Log step s and chance of going up, 1 / (1 + exp(s)), for which a step has this sd: s / cosh(s / 2) = sd.

    Raises:
        ValueError: a step of two prices cannot move this much and keep the mean of the price.
    """
    low, high = sd, 2.399  # s / cosh(s / 2) rises up to here, where it is 1.325
    if sd > 1.32:
        raise ValueError(
            f"volatility: {sd * math.sqrt(12.0):.3g} is more than a lattice of monthly steps can have, 4.57"
        )
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle / math.cosh(0.5 * middle) < sd else (low, middle)
    return low, 1.0 / (1.0 + math.exp(low))


def _jumps(market: Market, growth: float, sd: float) -> dict[str, float]:
    """Mean zero jumps carry ``share`` of the variance; the drift takes off the log of E[exp] as drawn."""
    assert market.jumps is not None
    mean, share = market.jumps.rate / 12.0, market.jumps.share
    jump_sd, diffusion_sd = sd * math.sqrt(share / mean), sd * math.sqrt(1.0 - share)
    if jump_sd > JUMP_SD_MAX:
        raise ValueError(
            f"jumps: {market.jumps.rate:g} a year with a share of {share:g} have a sd of {jump_sd:.2g}, "
            f"at most {JUMP_SD_MAX:g}"
        )
    chance, terms = math.exp(-mean), []
    for count in range(1, 2 * JUMPS_MAX):
        chance *= mean / count
        terms.append(chance * math.expm1(0.5 * min(count, JUMPS_MAX) * jump_sd**2))
    moment = math.fsum(terms)
    drift = growth - 0.5 * diffusion_sd**2 - math.log1p(moment)
    return {"process_drift": drift, "jump_chance": mean, "jump_sd": jump_sd, "diffusion_sd": diffusion_sd}


def _two_regimes(market: Market, growth: float, sd: float) -> dict[str, float]:
    """Volatilities for which a year from a stationary start has variance 12 sd**2.

    With c the calm variance of a month, w the share of wild months, k the ratio squared and rho = 1 - begins -
    ends, the variance is 12 c (1 - w + w k) + c**2 (k - 1)**2 w (1 - w) / 4 (12 + 2 sum_h (12 - h) rho**h): the
    second part comes from the compensation, -c / 2 or -k c / 2, which moves with the regime.
    """
    assert market.turbulence is not None
    begins, ends, k = market.turbulence.begins, market.turbulence.ends, market.turbulence.ratio**2
    wild = begins / (begins + ends)
    together = 12.0 + 2.0 * sum((12 - h) * (1.0 - begins - ends) ** h for h in range(1, 12))
    linear = 12.0 * (1.0 - wild + wild * k)
    square = 0.25 * together * wild * (1.0 - wild) * (k - 1.0) ** 2
    target = 12.0 * sd**2
    calm = 2.0 * target / (linear + math.sqrt(linear**2 + 4.0 * square * target))  # root of square c^2 + linear c
    chances = {"begins": begins, "ends": ends, "wild_share": wild}
    return {"calm_sd": math.sqrt(calm), "wild_sd": math.sqrt(k * calm)} | chances


def _bootstrap(market: Market, growth: float, sd: float) -> dict[str, float]:
    return {"entries": float(len(bootstrap_table(market)))}


def _lattice(market: Market, growth: float, sd: float) -> dict[str, float]:
    states = market.lattice.states
    log_step, up = lattice_odds(sd)
    return {"states": float(states), "log_step": log_step, "up_chance": up, "start": (states - 1) / 2.0}


def _log_ou(market: Market, growth: float, sd: float) -> dict[str, float]:
    """Exact over a month: variance volatility**2 (1 - exp(-2 kappa / 12)) / (2 kappa)."""
    assert market.reversion is not None
    kappa = market.reversion.rate
    month_sd = market.volatility * math.sqrt(-math.expm1(-kappa / 6.0) / (2.0 * kappa))
    pull = -math.expm1(-kappa / 12.0)
    return {"process_drift": 0.0, "process_sd": month_sd, "pull": pull, "log_level": math.log(market.reversion.level)}


_FILL = {"jumps": _jumps, "two_regimes": _two_regimes, "bootstrap": _bootstrap, "lattice": _lattice, "log_ou": _log_ou}
