"""Processes of the long price: the month's change of its log.

Under every process but log_ou and replay the change satisfies E[exp(change)] = exp(r / 12) given all that is known,
so the discounted price is a martingale; replay reads the price from a table. A change takes at most one uniform ``u``
and one standard normal ``z``, both the caller's. Numbers are per month. A year's change of the log price has the
variance volatility**2 under gbm, jumps, two_regimes and bootstrap, and under lattice while no end is near; log_ou
takes it as the strength of its news.
"""

from __future__ import annotations

import math

from nea_env.core.elementary import exp
from nea_env.core.jit import jit

GBM, LATTICE, JUMPS, TWO_REGIMES, BOOTSTRAP, COLLARED, EQUILIBRIUM, LOG_OU, REPLAY = range(9)
JUMPS_MAX = 40  # in one month; at the largest rate, 60 a year, more have a chance below 1e-22


@jit(inline=True)
def gbm_change(drift, sd, z):
    """Geometric Brownian motion; ``drift`` = r / 12 - sd**2 / 2."""
    return drift + sd * z


@jit(inline=True)
def jump_count(mean, u):
    """Poisson number of jumps, at most JUMPS_MAX, by inversion of one uniform."""
    chance = exp(-mean)
    below, count = chance, 0
    while u > below and count < JUMPS_MAX:
        count += 1
        chance *= mean / count
        below += chance
    return count


@jit(inline=True)
def jump_change(drift, diffusion_sd, jump_chance, jump_sd, u, z):
    """Diffusion and ``jump_chance`` jumps a month on average, each normal with mean zero (Merton 1976, JFE 3).

    Given the number of jumps the change is normal, so one ``z`` draws it; ``drift`` compensates for both.
    """
    return drift + math.sqrt(diffusion_sd**2 + jump_count(jump_chance, u) * jump_sd**2) * z


@jit(inline=True)
def regime_start(wild_share, u):
    """1.0 where the first month is a wild one, at the chance of the long run; else 0.0."""
    return 1.0 if u < wild_share else 0.0


@jit(inline=True)
def regime_change(wild, growth, calm_sd, wild_sd, begins, ends, u, z):
    """(change, next regime): the month's volatility is that of the regime at its start, then the regime moves.

    ``growth`` = r / 12; ``wild`` is 0.0 or 1.0; ``u`` moves the regime, ``z`` the price.
    """
    if wild > 0.5:
        return growth + wild_sd * (z - 0.5 * wild_sd), 0.0 if u < ends else 1.0
    return growth + calm_sd * (z - 0.5 * calm_sd), 1.0 if u < begins else 0.0


@jit(inline=True)
def bootstrap_change(table, entries, u):
    """One of the first ``entries`` values of ``table`` at equal odds; their mean of exp is exp(r / 12)."""
    return table[min(int(u * entries), int(entries) - 1)]


@jit(inline=True)
def lattice_step(index, states, up_chance, u):
    """Next place on the lattice 0 .. states - 1: one up or down, staying for good at either end."""
    if index <= 0.0 or index >= states - 1.0:
        return index
    return index + 1.0 if u >= 1.0 - up_chance else index - 1.0


@jit(inline=True)
def lattice_log_price(start, month, growth, place, states, log_step):
    """Log of the price at a place of the lattice: the discounted price has ``states`` values, its growth is r / 12.

    A function of month and place alone: paths that meet have the same price to the last bit.
    """
    return start + month * growth + (place - 0.5 * (states - 1.0)) * log_step


@jit(inline=True)
def reversion_change(log_value, log_level, pull, sd, z):
    """Log-normal Ornstein-Uhlenbeck price, or ratio of two prices, over one month, exact; no martingale.

    ``pull`` = 1 - exp(-kappa / 12) is the share of the distance to ``log_level`` that goes.
    """
    return pull * (log_level - log_value) + sd * z
