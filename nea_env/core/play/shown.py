"""Prices as they are shown outside: every exponential is the kernels' own.

NumPy's ``exp`` depends on what the processor can do and may differ from the kernels' in the last bit, so a price
recomputed with it would not be the price that was traded at.
"""

from __future__ import annotations

import math

from nea_env.core.jit import jit
from nea_env.core.layout import State, World
from nea_env.core.parameters import Static


@jit
def show_prices(pick, state, world, static, offset_price, quote, fx):
    """Write ``offset_price`` and ``quote`` (n,), money/t, and ``fx`` (n, PARTNERS), home money per unit of theirs.

    The offset price is 0 where no credit is on sale, a rate 0 beyond the last partner. The quote is the price
    itself where prices are disclosed.
    """
    for i in range(pick.shape[0]):
        p = pick[i]
        offset_price[i], quote[i] = 0.0, state[i, State.PRICE]
        if static[p, Static.HAS_OFFSET] > 0.0:
            offset_price[i] = state[i, State.PRICE] * math.exp(state[i, State.LOG_OFFSET_RATIO])
        if static[p, Static.QUOTE_SD] > 0.0:
            quote[i] = state[i, State.PRICE] * math.exp(state[i, State.QUOTE_ERROR])
        for k in range(fx.shape[1]):
            fx[i, k] = math.exp(world[i, World.LOG_FX + k]) if static[p, Static.LINKS] > k else 0.0
