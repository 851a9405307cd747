"""Trading front units: what a request becomes, and what it costs."""

from __future__ import annotations

import math

from nea_env.core.elementary import expm1
from nea_env.core.jit import jit

ROUND_OFF = 1e-6  # lots: a trade that exceeds a whole number of lots by less is that number


@jit(inline=True)
def lots_that_cover(tonnes, lot, per_lot):
    """The least trade in whole lots that is not below ``tonnes``, itself where there are no lots: sales round down."""
    return lot * math.ceil(tonnes * per_lot - ROUND_OFF) if lot > 0.0 else tonnes


@jit(inline=True)
def feasible_trade(share, volume_limit, held, sellable, lot, per_lot):
    """Tonnes bought (+) or sold (-): a share of the monthly limit, selling only what is held and sellable.

    What is asked for is rounded to whole lots within the limit; a holding that is no multiple of the lot can be sold as
    a whole.
    """
    tonnes = share * volume_limit
    if lot > 0.0:
        most = lot * math.floor(volume_limit * per_lot + ROUND_OFF)
        tonnes = min(max(lot * math.floor(tonnes * per_lot + 0.5), -most), most)
    if tonnes < 0.0:
        tonnes = -min(-tonnes, held, max(sellable, 0.0))
    return tonnes


@jit(inline=True)
def mean_price_factor(moved):
    """Mean price of a trade that moves the log price by ``moved``, over the price before it.

    The price a trade pays is that of every tonne in turn, so what it costs depends on where it begins and ends
    alone: trading in circles earns nothing (Huberman and Stanzl, "Price manipulation and quasi-arbitrage",
    Econometrica 72, 2004).
    """
    return expm1(moved) / moved if moved != 0.0 else 1.0


@jit(inline=True)
def auction_price(front_price, discount, reserve, fee):
    """What a tonne costs at auction: the front price less a discount, at least the reserve, and the fee."""
    return max(front_price * (1.0 - discount), reserve) * (1.0 + fee)


@jit(inline=True)
def split_purchase(tonnes, auction_room, auction_price, ask, volume_limit):
    """Tonnes of a purchase bought at auction: first where that costs no more than the market's ask, else last."""
    if auction_price <= ask:
        return min(tonnes, auction_room)
    return min(max(tonnes - volume_limit, 0.0), auction_room)


@jit(inline=True)
def trading_cost(tonnes, price, per_volume, spread, impact):
    """Half the spread plus a price that moves ``impact`` against a trade at the volume limit, 1 / ``per_volume``."""
    size = abs(tonnes)
    return size * price * (0.5 * spread + impact * size * per_volume)
