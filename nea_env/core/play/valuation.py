"""What a firm's position is worth at a price: the mark to market of its books, and what the end of an episode costs.

At a martingale price every tonne held or owed is worth the long price, and capacity is worth its saving to
the end of production plus its residual. Both are linear in the price: value = tonnes x price + money.
"""

from __future__ import annotations

from nea_env.core.elementary import exp
from nea_env.core.jit import jit
from nea_env.core.layout import QUEUE, SLOTS, TECHS, Flow, State
from nea_env.core.parameters import LARGEST_MOVE, Month, Static
from nea_env.core.play.foreign import foreign_worth
from nea_env.core.rules.abatement import book_value
from nea_env.core.rules.trading import mean_price_factor


@jit(inline=True)
def close(firms, rules):
    """The end: debt and unmet duty are bought, holdings sold at the next price, capacity left at book value."""
    for i in range(firms.width):
        firms.flows[Flow.CLOSING_COST, i] = _closing_cost(i, firms, rules.own)


@jit(inline=True)
def _closing_cost(i, firms, own):
    state = firms.state
    unmet = state[State.DEBT, i] + state[State.OWED, i] + state[State.ACCRUED, i]
    for k in range(SLOTS):
        unmet += state[State.CLOSED + k, i]
    position = state[State.FRONT, i] + state[State.NEXT, i] + _credit(i, state, own) - unmet
    if own[Static.LINKS] > 0.0:
        position += foreign_worth(i, firms, own)
    value = position * state[State.PRICE, i]
    if own[Static.PERMANENT] > 0.0:  # what selling it all would bring
        value *= mean_price_factor(min(max(-own[Static.PERMANENT] * position, -LARGEST_MOVE), LARGEST_MOVE))
    for k in range(TECHS):
        capex = own[Static.CAPEX + k]
        aged = state[State.AGED + k, i] * own[Static.BOOK_GROWTH] ** own[Static.HORIZON]
        value += book_value(state[State.CAPACITY + k, i], aged, capex, own[Static.LIFE_DISCOUNT + k])
        value += state[State.BUILDING + k, i] * capex
    return -value


@jit(inline=True)
def _credit(i, state, own):
    """Offset credits held, in tonnes at the long price: what they cost, where that is less."""
    ratio = exp(state[State.LOG_OFFSET_RATIO, i]) / own[Static.OFFSET_MULTIPLIER]
    return state[State.OFFSETS, i] * min(1.0, ratio)


@jit(inline=True)
def mark(i, firms, rules, t):
    """The position of one firm: tonnes worth the long price each, and money besides."""
    state, own = firms.state, rules.own
    months_left, horizon = rules.monthly[t, Month.PRODUCING_MONTHS], int(own[Static.HORIZON])
    discount, growth = own[Static.DISCOUNT], own[Static.BOOK_GROWTH]
    tonnes = state[State.FRONT, i] + state[State.NEXT, i] - state[State.OWED, i]
    tonnes -= state[State.DEBT, i]
    tonnes -= state[State.ACCRUED, i]
    tonnes += _credit(i, state, own)
    if own[Static.LINKS] > 0.0:
        tonnes += foreign_worth(i, firms, own)
    for k in range(SLOTS):
        tonnes -= state[State.CLOSED + k, i]
    money = 0.0
    closing = discount ** (horizon - 1 - t)
    for k in range(TECHS):
        capacity, opex = state[State.CAPACITY + k, i], own[Static.OPEX + k]
        capex, life = own[Static.CAPEX + k], own[Static.LIFE_DISCOUNT + k]
        tonnes += capacity * rules.monthly[t, Month.SAVED_LEFT + k]
        money += capacity * rules.monthly[t, Month.EARNED_LEFT + k]
        money -= opex * capacity * annuity(discount, 0, months_left)
        money += closing * book_value(capacity, state[State.AGED + k, i] * growth**horizon, capex, life)
        for q in range(QUEUE):
            building = float(firms.queue[k * QUEUE + q, i])
            if building > 0.0:
                wait = (q - t // 3 - 1) % QUEUE + 1  # quarters until it comes on line, 1 to QUEUE
                online = 3 * (t // 3 + wait) - t
                saving = max(0.0, months_left - online)
                month = min(t + online, horizon)
                tonnes += building * rules.monthly[month, Month.SAVED_LEFT + k]
                money += building * discount**online * rules.monthly[month, Month.EARNED_LEFT + k]
                money -= opex * building * annuity(discount, online, saving)
                age = max(0, horizon - t - online)
                money += closing * book_value(building, building * growth**age, capex, life)
    return tonnes, money


@jit
def annuity(discount, wait, months):
    """Present value of one unit of money in each of ``months`` months, the first after ``wait`` months."""
    if discount >= 1.0:
        return months
    return discount**wait * (1.0 - discount**months) / (1.0 - discount)
