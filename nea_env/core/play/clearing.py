"""The price at which orders are filled, and the books after it.

Every firm of a batch is alone in its market: it trades at the market's price, which its own trades move where the
scenario says so.
"""

from __future__ import annotations

from nea_env.core.elementary import exp
from nea_env.core.jit import jit
from nea_env.core.layout import Flow, State, World
from nea_env.core.parameters import Event, Month, Order, Static
from nea_env.core.rules.trading import mean_price_factor, split_purchase, trading_cost


@jit(inline=True)
def clear(firms, rules, t):
    """The prices of the month, and how much of a purchase is won at auction."""
    state, orders, own, month = firms.state, firms.orders, rules.own, rules.monthly[t]
    volume, per_volume = month[Month.VOLUME_LIMIT], month[Month.PER_VOLUME]
    spread, impact = own[Static.SPREAD], own[Static.IMPACT]
    for i in range(firms.width):
        price = state[State.PRICE, i]
        front_price = price * state[State.FRONT_RATIO, i]
        tonnes, room = orders[Order.FRONT, i], state[State.AUCTION_ROOM, i]
        ask = front_price * (1.0 + 0.5 * spread + impact * min(tonnes, volume) * per_volume)
        won = split_purchase(tonnes, room, state[State.AUCTION_PRICE, i], ask, volume)
        orders[Order.WON, i] = won if tonnes > 0.0 and room > 0.0 else 0.0
        orders[Order.FRONT_PRICE, i] = front_price
        orders[Order.LONG_PRICE, i] = price


@jit(inline=True)
def fill_front(firms, rules, t):
    """Front units change hands: what they cost, and the books."""
    state, flows, orders, own, month = firms.state, firms.flows, firms.orders, rules.own, rules.monthly[t]
    for i in range(firms.width):
        flows[Flow.ALLOWANCE_COST, i] = orders[Order.WON, i] * state[State.AUCTION_PRICE, i]
    if own[Static.PERMANENT] > 0.0:
        for i in range(firms.width):
            _fill_and_move_price(i, firms, own)
    else:
        for i in range(firms.width):
            market = orders[Order.FRONT, i] - orders[Order.WON, i]
            flows[Flow.ALLOWANCE_COST, i] += market * orders[Order.FRONT_PRICE, i]
    per_volume, spread, impact = month[Month.PER_VOLUME], own[Static.SPREAD], own[Static.IMPACT]
    for i in range(firms.width):
        tonnes, won = orders[Order.FRONT, i], orders[Order.WON, i]
        flows[Flow.BOUGHT, i] = tonnes if tonnes > 0.0 else 0.0
        flows[Flow.SOLD, i] = -tonnes if tonnes < 0.0 else 0.0
        flows[Flow.AUCTIONED, i] = won
        flows[Flow.TRADING_COST, i] = trading_cost(
            tonnes - won, orders[Order.FRONT_PRICE, i], per_volume, spread, impact
        )
        state[State.NET_SALES, i] -= tonnes
        state[State.LONG_SALES, i] -= tonnes
    e = int(month[Month.AUCTION_EVENT])
    own_use = e >= 0 and rules.events[e, Event.OWN_USE] > 0.0
    bankable = e < 0 or rules.events[e, Event.AUCTIONED_BANKABLE] > 0.0
    _book_front(firms, own_use, bankable)


@jit(inline=True)
def _fill_and_move_price(i, firms, own):
    """What an order costs where the price moves as it is filled: the auction's part first, then the market's."""
    flows, orders = firms.flows, firms.orders
    tonnes, won = orders[Order.FRONT, i], orders[Order.WON, i]
    if tonnes == 0.0:
        return
    if firms.state[State.AUCTION_ROOM, i] > 0.0 and tonnes > 0.0:
        flows[Flow.ALLOWANCE_COST, i] *= _move_price(i, won, firms, own)
    front_price = firms.state[State.PRICE, i] * firms.state[State.FRONT_RATIO, i]
    orders[Order.FRONT_PRICE, i] = front_price
    flows[Flow.ALLOWANCE_COST, i] += (tonnes - won) * front_price * _move_price(i, tonnes - won, firms, own)


@jit(inline=True)
def _move_price(i, tonnes, firms, own):
    """Move the price by a trade; returns the mean price of the trade over the price before it.

    A front at a discount moves the long price by so much less: otherwise a firm could push the value of its other
    vintages up with units that are about to lapse.
    """
    moved = own[Static.PERMANENT] * firms.state[State.FRONT_RATIO, i] * tonnes
    firms.world[World.PRESSURE, i] += moved
    firms.state[State.LOG_PRICE, i] += moved
    firms.state[State.PRICE, i] *= exp(moved)
    return mean_price_factor(moved)


@jit(inline=True)
def _book_front(firms, own_use, bankable):
    """Holdings after the trade in front units.

    What is won at auction is set off against the duty at once (``own_use``), or may be carried over (``bankable``).
    """
    state, flows, orders = firms.state, firms.flows, firms.orders
    for i in range(firms.width):
        tonnes, won = orders[Order.FRONT, i], orders[Order.WON, i]
        market, buys, sells = tonnes - won, tonnes > 0.0, tonnes < 0.0
        surrendered = won if own_use else 0.0
        held = 0.0 if own_use else won
        state[State.OWED, i] -= surrendered
        flows[Flow.SURRENDERED, i] += surrendered
        bought = state[State.FRONT, i] + held + market
        sold = max(0.0, state[State.FRONT, i] + tonnes)
        front = bought if buys else sold if sells else state[State.FRONT, i]
        traded = state[State.TRADED, i] + (held if bankable else 0.0)
        auctioned = state[State.AUCTIONED, i] + (0.0 if bankable else held)
        old, old_sold = state[State.OLD, i], state[State.OLD_SOLD, i]
        # younger units are sold first, and those that can be carried over; what comes back is as old as what was sold
        back = min(tonnes, old_sold) if buys else 0.0
        excess = old - front if sells and old > front else 0.0
        state[State.FRONT, i] = front
        state[State.TRADED, i] = traded + market if buys else min(traded, front) if sells else traded
        state[State.AUCTIONED, i] = min(auctioned, front) if sells else auctioned
        state[State.OLD_SOLD, i] = old_sold - back + excess
        state[State.OLD, i] = front if excess > 0.0 else old + back
        state[State.SOLD_ALLOCATION, i] -= tonnes if sells else 0.0


@jit(inline=True)
def fill_offsets(firms, rules):
    """Offset credits are bought at their own price."""
    state, flows, orders, own = firms.state, firms.flows, firms.orders, rules.own
    if own[Static.HAS_OFFSET] <= 0.0:
        return
    multiplier = own[Static.OFFSET_MULTIPLIER]
    for i in range(firms.width):
        credits = orders[Order.OFFSETS, i]
        state[State.OFFSETS, i] += credits
        flows[Flow.OFFSETS_BOUGHT, i] = credits
        flows[Flow.OFFSET_COST, i] = (
            credits * orders[Order.LONG_PRICE, i] * exp(state[State.LOG_OFFSET_RATIO, i]) / multiplier
        )
    if own[Static.PERMANENT] > 0.0:  # its price is that of a market the firm does not move
        for i in range(firms.width):
            flows[Flow.OFFSET_COST, i] *= exp(-firms.world[World.PRESSURE, i])
