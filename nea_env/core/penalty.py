"""What a missing tonne costs."""

from __future__ import annotations

from nea_env.core.jit import jit


@jit
def strike_price(mean_price, multiple, cap):
    """Penalty per missing tonne: a multiple of a mean price, at most the cap."""
    return min(multiple * mean_price, cap)


@jit
def penalty_cost(missing, strike, lump_sum, side_multiple, front_price):
    """Penalty on ``missing`` tonnes: per tonne, lump sum, and side penalties at the front price."""
    if missing <= 0.0:
        return 0.0
    return missing * (strike + side_multiple * front_price) + lump_sum
