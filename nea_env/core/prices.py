"""Prices of a month: the long price, the front's discount or premium, the offset ratio.

Everything that can be traded is a discounted martingale up to its own deadline, so no rule that only
trades can earn from the price law.
"""

from __future__ import annotations

import math

from nea_env.core.jit import jit


@jit
def normal_cdf(y):
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-0.7071067811865476 * y)


@jit
def next_log_price(log_price, drift, sd, z):
    """Geometric Brownian motion; ``drift`` = (r - volatility**2 / 2) a month makes d E[M'] = M."""
    return log_price + drift + sd * z


@jit
def front_ratio(news, offset, inverse_spread, down, up):
    """Front over long price, 1 + x.

    x = -down + (down + up) * N((offset + news) * inverse_spread): the conditional probability that the
    carry-over limit will bind, given the news so far, so a martingale inside [-down, up]; ``offset``
    makes its mean zero.
    """
    return 1.0 - down + (down + up) * normal_cdf((offset + news) * inverse_spread)


@jit
def next_log_output(log_output, persistence, volatility, z):
    """AR(1) of the log deviation of output."""
    return persistence * log_output + volatility * z
