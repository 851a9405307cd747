"""Prices of a month: the long price, the front's discount or premium, the offset ratio.

Everything that can be traded is a discounted martingale up to its own deadline, so no rule that only
trades can earn from the price process.
"""

from __future__ import annotations

from nea_env.core.elementary import normal_cdf
from nea_env.core.jit import jit


@jit(inline=True)
def front_ratio(news, offset, inverse_spread, down, up):
    """Front over long price, 1 + x.

    x = -down + (down + up) * N((offset + news) * inverse_spread): the conditional probability that the
    carry-over limit will bind, given the news so far, so a martingale inside [-down, up]; ``offset``
    makes its mean zero.
    """
    return 1.0 - down + (down + up) * normal_cdf((offset + news) * inverse_spread)


@jit(inline=True)
def next_gap_state(gap_state, chance, down, up, u):
    """Next of three states of the front's discount or premium: 0 open, -1 at the discount, 1 at the premium.

    An open one is decided with this chance, at odds that keep the mean of x at zero, and stays decided; ``u`` is
    uniform on 0..1.
    """
    if gap_state != 0.0 or u >= chance:
        return gap_state
    return -1.0 if u < chance * up / (down + up) else 1.0


@jit(inline=True)
def front_ratio_of_state(gap_state, down, up):
    """Front over long price, 1 + x, at one of those states."""
    return 1.0 - down if gap_state < 0.0 else 1.0 + up if gap_state > 0.0 else 1.0


@jit(inline=True)
def collared_price(news, offset, inverse_spread, floor, ceiling):
    """A price between a floor and a ceiling that both grow at the discount rate.

    floor + (ceiling - floor) * N((offset + news) * inverse_spread): the conditional expectation of where in
    the band the price ends, so a discounted martingale that never leaves it.
    """
    return floor + (ceiling - floor) * normal_cdf((offset + news) * inverse_spread)


@jit(inline=True)
def trigger_run(run, price, high, low):
    """Months in a row beyond a trigger: positive above ``high``, negative below ``low``."""
    if price >= high:
        return max(run, 0.0) + 1.0
    if price <= low:
        return min(run, 0.0) - 1.0
    return 0.0


@jit(inline=True)
def intervention(run, acts, move, u):
    """(what the committee did, factor on the price) while a trigger is met; ``u`` is uniform on 0..1.

    It acts with probability ``acts`` and moves the price by ``move`` towards the band; when it does not, the
    price moves the other way by move * acts / (1 - acts), so that its expectation stays where it was.
    """
    sign = 1.0 if run > 0.0 else -1.0
    if u < acts:
        return sign, 1.0 - sign * move
    return 0.0, 1.0 + sign * move * acts / (1.0 - acts)


@jit(inline=True)
def next_log_output(log_output, persistence, volatility, z):
    """AR(1) of the log deviation of output."""
    return persistence * log_output + volatility * z
