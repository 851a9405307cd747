"""What a missing tonne costs."""

from __future__ import annotations

from nea_env.core.jit import jit


@jit(inline=True)
def strike_price(mean_price, multiple, cap, price):
    """Penalty per missing tonne: a multiple of a mean price, at most the cap, and a price fixed by law."""
    return min(multiple * mean_price, cap) + price


@jit(inline=True)
def penalty_cost(missing, strike, lump_sum, max_total, side_multiple, front_price):
    """Penalty on ``missing`` tonnes: per tonne and lump sum, at most a total, and side penalties at the front price."""
    if missing <= 0.0:
        return 0.0
    return min(missing * strike + lump_sum, max_total) + missing * side_multiple * front_price
