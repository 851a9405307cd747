"""Links to other systems: when they open and break, what foreign units cost, who may trade them, how many count.

The ratio is the price of the partner's units that count as one home tonne, in home money, over the home long
price. Before a link opens and after it breaks it reverts to where it started, and nobody can trade on it. While
it is open every foreign price that can be traded is a discounted martingale: tied to the home price, a bounded
martingale times the home price (California and Quebec kept within 0.4 % of each other; a quota keeps a wedge),
or, where units come in one way and in limited number, the partner's own price in home money.
"""

from __future__ import annotations

import math

from nea_env.core import parameters as col
from nea_env.core.jit import jit
from nea_env.core.layout import (
    BUYABLE,
    F_FOREIGN_BOUGHT,
    F_FOREIGN_COST,
    F_FOREIGN_SOLD,
    F_LAPSED,
    F_TRADING_COST,
    FOREIGN,
    FOREIGN_PRICE,
    FRONT_RATIO,
    HELD,
    LINK,
    LOG_FOREIGN,
    LOG_FX,
    LOG_PRICE,
    PARTNER_PRICE,
    PLACE,
    PRICE,
    ROOM,
    UNCOVERED,
)  # fmt: skip
from nea_env.core.periods import NEVER
from nea_env.core.prices import normal_cdf
from nea_env.core.rng import (
    BEGINS,
    BREAKS,
    FX,
    OWN_PRICE,
    foreign_draw,
    link_draw,
    normal,
    quantile,
    uniform,
)  # fmt: skip
from nea_env.core.trading import trading_cost

NOT_TRADABLE, TIED, BANDED, FREE, COLLARED, SOLVED, POOLED = range(7)  # kinds of foreign price
CLOSED, OPEN, BROKEN = range(3)  # states of a link
JUMP_MAX = 1.0  # of the log price, when a link opens by chance


@jit
def compensated_jump(jump, chance, happened):
    """Change of the log price when a jump happens that came with a chance, or does not: on average a factor of one."""
    return jump if happened else math.log((1.0 - chance * math.exp(jump)) / (1.0 - chance))


@jit
def place_of(ratio, low, high, spread):
    """Sum of news at which a bounded ratio has this value; ``spread`` is the sd of the news still to come."""
    share = (ratio - low) / (high - low)
    return quantile(min(max(share, 0.01), 0.99) - 0.5) * spread


@jit(inline=True)
def spread_left(p, static, k, t):
    """Sd of the news about a bounded ratio that is still to come after month ``t``."""
    played = min(max(0.0, t - static[p, col.P_LINK_NEWS_FROM + k]), static[p, col.P_LINK_MONTHS + k])
    return math.sqrt(1.0 - static[p, col.P_LINK_NEWS_SD + k] ** 2 * played)


@jit
def open_link(i, p, k, t, state, world, static):
    """Open one link: the bounded ratio goes on from where it is, moved inside its bounds."""
    world[i, LINK + k] = OPEN
    if static[p, col.P_LINK_KIND + k] == BANDED:
        ratio = math.exp(world[i, LOG_FOREIGN + k] - state[i, LOG_PRICE])
        world[i, PLACE + k] = place_of(
            ratio, static[p, col.P_LINK_LOW + k], static[p, col.P_LINK_HIGH + k], spread_left(p, static, k, t)
        )


@jit
def start_links(i, p, state, world, static):
    """Prices of partners at the start of an episode, and the links that are open from it."""
    for k in range(int(static[p, col.P_LINKS])):
        world[i, LOG_FX + k] = static[p, col.P_START_LOG_FX + k]
        kind, chance = static[p, col.P_LINK_KIND + k], static[p, col.P_LINK_START_CHANCE + k]
        own_price = kind == FREE or kind == COLLARED  # whatever an equilibrium makes of the home price
        home = static[p, col.P_LOG_REFERENCE] if own_price else state[i, LOG_PRICE]
        world[i, LOG_FOREIGN + k] = home + static[p, col.P_LINK_LOG_RATIO + k]
        if kind != NOT_TRADABLE and static[p, col.P_LINK_STARTS + k] <= 0.0 and chance <= 0.0:
            open_link(i, p, k, 0, state, world, static)
            if kind == TIED:
                world[i, LOG_FOREIGN + k] = state[i, LOG_PRICE]
            elif kind == BANDED:
                world[i, LOG_FOREIGN + k] = state[i, LOG_PRICE] + log_ratio(p, k, 0, world[i, PLACE + k], static)
        if kind == COLLARED:
            low, high = static[p, col.P_LINK_LOW + k], static[p, col.P_LINK_HIGH + k]
            local = math.exp(world[i, LOG_FOREIGN + k] - world[i, LOG_FX + k]) / static[p, col.P_LINK_UNITS + k]
            world[i, PLACE + k] = place_of(local, low, high, 1.0)
            world[i, LOG_FOREIGN + k] = collared_log(i, p, k, 0, world, static)
        if kind >= SOLVED:
            world[i, LOG_FOREIGN + k] = solved_log(i, p, k, state, world, static)
        world[i, FOREIGN_PRICE + k] = math.exp(world[i, LOG_FOREIGN + k])


@jit(inline=True)
def log_ratio(p, k, t, place, static):
    """Log of a bounded ratio at a sum of news."""
    low, high = static[p, col.P_LINK_LOW + k], static[p, col.P_LINK_HIGH + k]
    return math.log(low + (high - low) * normal_cdf(place / spread_left(p, static, k, t)))


@jit(inline=True)
def turn_links(i, p, t, seed, episode, state, world, static):
    """Links open and break; returns the change that this brings to the log of the home price."""
    change = 0.0
    for k in range(int(static[p, col.P_LINKS])):
        if static[p, col.P_LINK_KIND + k] == NOT_TRADABLE:
            continue
        if world[i, LINK + k] == CLOSED:
            chance = static[p, col.P_LINK_START_CHANCE + k]
            if t < static[p, col.P_LINK_STARTS + k]:
                continue
            opened = chance <= 0.0 or uniform(link_draw(seed, episode, t)[BEGINS + k]) < chance
            weight = static[p, col.P_LINK_WEIGHT + k]
            if chance > 0.0 and weight > 0.0:  # an announced date moves nothing: prices have long known
                jump = weight * (world[i, LOG_FOREIGN + k] - state[i, LOG_PRICE])
                change += compensated_jump(min(max(jump, -JUMP_MAX), JUMP_MAX), chance, opened)
            if opened:
                open_link(i, p, k, t, state, world, static)
        elif world[i, LINK + k] == OPEN:
            if t < static[p, col.P_LINK_ENDS + k]:
                continue
            chance = static[p, col.P_LINK_END_CHANCE + k]
            if chance <= 0.0 or uniform(link_draw(seed, episode, t)[BREAKS + k]) < chance:
                world[i, LINK + k] = BROKEN
    return change


@jit(inline=True)
def foreign_prices(i, p, t, before, z_home, seed, episode, state, world, static):
    """The month's news of rates and foreign prices; ``before`` is the log of the home price a month ago."""
    words = foreign_draw(seed, episode, t)
    first, first_fx = 0.0, 0.0
    for k in range(int(static[p, col.P_LINKS])):
        tied = world[i, LINK + k] == OPEN and static[p, col.P_LINK_KIND + k] == TIED
        z = 0.0
        if not tied or (k == 0 and static[p, col.P_LINK_ROTATION] != 0.0):
            z = normal(words[OWN_PRICE + k])
        rate = static[p, col.P_FX_DRIFT + k]
        z_fx = normal(words[FX + k]) if static[p, col.P_FX_SD + k] > 0.0 else 0.0
        if k == 0:
            first, first_fx = z, z_fx
        else:
            z = rotated(first, z, static[p, col.P_LINK_ROTATION])
            z_fx = rotated(first_fx, z_fx, static[p, col.P_FX_ROTATION])
        rate += static[p, col.P_FX_SD + k] * z_fx
        world[i, LOG_FX + k] += rate
        if static[p, col.P_LINK_KIND + k] >= SOLVED:
            world[i, LOG_FOREIGN + k] = solved_log(i, p, k, state, world, static)
        elif static[p, col.P_LINK_KIND + k] == COLLARED:  # whether or not the link is open
            world[i, PLACE + k] += static[p, col.P_LINK_NEWS_SD + k] * z
            world[i, LOG_FOREIGN + k] = collared_log(i, p, k, t, world, static)
        elif tied:
            world[i, LOG_FOREIGN + k] = state[i, LOG_PRICE]
        elif world[i, LINK + k] != OPEN:
            mean = static[p, col.P_LINK_LOG_RATIO + k]
            away = world[i, LOG_FOREIGN + k] - before - mean
            away = static[p, col.P_LINK_PERSISTENCE + k] * away + static[p, col.P_LINK_WANDER + k] * z
            world[i, LOG_FOREIGN + k] = state[i, LOG_PRICE] + mean + away
        elif static[p, col.P_LINK_KIND + k] == FREE:
            z = rotated(z_home, z, static[p, col.P_LINK_CORRELATION + k])
            world[i, LOG_FOREIGN + k] += static[p, col.P_LINK_DRIFT + k] + static[p, col.P_LINK_SD + k] * z + rate
        else:
            if t <= static[p, col.P_LINK_NEWS_FROM + k] + static[p, col.P_LINK_MONTHS + k]:
                world[i, PLACE + k] += static[p, col.P_LINK_NEWS_SD + k] * z
            world[i, LOG_FOREIGN + k] = state[i, LOG_PRICE] + log_ratio(p, k, t, world[i, PLACE + k], static)
        world[i, FOREIGN_PRICE + k] = state[i, PRICE] if tied else math.exp(world[i, LOG_FOREIGN + k])


@jit
def collared_log(i, p, k, t, world, static):
    """Log of the home-money price of a partner whose own price stays between bounds that grow at its discount rate."""
    growth = static[p, col.P_LINK_GROWTH + k] ** t
    low, high = growth * static[p, col.P_LINK_LOW + k], growth * static[p, col.P_LINK_HIGH + k]
    local = low + (high - low) * normal_cdf(world[i, PLACE + k] / spread_left(p, static, k, t))
    return math.log(local * static[p, col.P_LINK_UNITS + k]) + world[i, LOG_FX + k]


@jit
def solved_log(i, p, k, state, world, static):
    """Log of the foreign price in an equilibrium of both systems, home money: in an open pool that of the front."""
    if static[p, col.P_LINK_KIND + k] == POOLED and world[i, LINK + k] == OPEN:
        return state[i, LOG_PRICE] + math.log(state[i, FRONT_RATIO])
    return math.log(world[i, PARTNER_PRICE] * static[p, col.P_LINK_UNITS + k]) + world[i, LOG_FX + k]


@jit
def rotated(with_this, alone, correlation):
    """Standard normal news correlated with other such news."""
    return correlation * with_this + math.sqrt(1.0 - correlation * correlation) * alone


@jit(inline=True)
def foreign_ask(i, p, k, state, world, static):
    """What a home-usable tonne of a partner costs, its fee included, before the spread; money/t."""
    return world[i, FOREIGN_PRICE + k] + static[p, col.P_LINK_FEE + k] * state[i, PRICE]


@jit(inline=True)
def trade_foreign(i, p, share, volume, per_volume, state, world, flows, static):
    """Buy from the cheapest open partner first, or sell what is held to the dearest that takes it back.

    A purchase goes on to the other partner only where that costs no more than the front.
    """
    left = abs(share) * volume
    links = int(static[p, col.P_LINKS])
    first = 0
    if links > 1:
        if share > 0.0:
            cheaper = foreign_ask(i, p, 1, state, world, static) < foreign_ask(i, p, 0, state, world, static)
            first = 1 if cheaper else 0
        else:
            first = 1 if world[i, FOREIGN_PRICE + 1] > world[i, FOREIGN_PRICE] else 0
    for n in range(links):
        k = abs(first - n)
        price = world[i, FOREIGN_PRICE + k]
        if share > 0.0:
            tonnes = min(left, world[i, BUYABLE + k])
            if tonnes > world[i, UNCOVERED] and world[i, BUYABLE + k] < NEVER:  # the other partner covered it just now
                tonnes = world[i, UNCOVERED]
            if n > 0 and foreign_ask(i, p, k, state, world, static) > state[i, PRICE] * state[i, FRONT_RATIO]:
                tonnes = 0.0
            flows[i, F_FOREIGN_BOUGHT] += tonnes
            flows[i, F_FOREIGN_COST] += tonnes * foreign_ask(i, p, k, state, world, static)
            world[i, HELD + k] += tonnes
            world[i, UNCOVERED] = max(0.0, world[i, UNCOVERED] - tonnes)
        else:
            tonnes = min(left, world[i, HELD + k]) if sellable(i, p, k, world, static) else 0.0
            flows[i, F_FOREIGN_SOLD] += tonnes
            flows[i, F_FOREIGN_COST] -= tonnes * price
            world[i, HELD + k] -= tonnes
        if tonnes > 0.0:
            left -= tonnes
            flows[i, F_TRADING_COST] += trading_cost(
                tonnes, price, per_volume, static[p, col.P_LINK_SPREAD + k], static[p, col.P_IMPACT]
            )
    state[i, FOREIGN] = world[i, HELD] + world[i, HELD + 1]


@jit(inline=True)
def sellable(i, p, k, world, static):
    """Whether a partner takes its units back."""
    return world[i, LINK + k] == OPEN and static[p, col.P_LINK_TWO_WAY + k] > 0.0


@jit(inline=True)
def see_links(i, p, due, duty, market_open, state, world, static):
    """How many of the foreign units held will count at the next deadline, t; and what can be bought, by partner."""
    covered = 0.0
    world[i, UNCOVERED] = max(0.0, duty - state[i, FOREIGN])
    for k in range(int(static[p, col.P_LINKS])):
        quota, held = static[p, col.P_LINK_QUOTA + k], world[i, HELD + k]
        limit = NEVER if quota >= NEVER else quota * due + world[i, ROOM + k]
        covered += min(held, limit)
        world[i, BUYABLE + k] = 0.0
        if world[i, LINK + k] == OPEN and market_open:
            if static[p, col.P_LINK_TWO_WAY + k] > 0.0 and quota >= NEVER:  # nothing but the month's volume limits it
                world[i, BUYABLE + k] = NEVER
            else:
                world[i, BUYABLE + k] = max(0.0, min(limit - held, world[i, UNCOVERED]))
    return min(covered, duty)


@jit
def allow_foreign(i, duty, world, own):
    """A duty is verified: so many more foreign units count at its deadline."""
    for k in range(int(own[col.P_LINKS])):
        quota = own[col.P_LINK_QUOTA + k]
        world[i, ROOM + k] += quota * duty if quota < NEVER else 0.0


@jit
def surrender_foreign(i, owed, state, world, flows, own):
    """Foreign units surrendered against what is owed, those that cannot be kept first; what is left of them lapses."""
    used, links = 0.0, int(own[col.P_LINKS])
    first = 1 if links > 1 and own[col.P_LINK_BANKABLE + 1] < own[col.P_LINK_BANKABLE] else 0
    for n in range(links):
        k = abs(first - n)
        counts = NEVER if own[col.P_LINK_QUOTA + k] >= NEVER else world[i, ROOM + k]
        units = min(min(world[i, HELD + k], counts), owed - used)
        used += units
        world[i, HELD + k] -= units
        world[i, ROOM + k] = 0.0
        if own[col.P_LINK_BANKABLE + k] <= 0.0:
            flows[i, F_LAPSED] += world[i, HELD + k]
            world[i, HELD + k] = 0.0
    state[i, FOREIGN] = world[i, HELD] + world[i, HELD + 1]
    return used


@jit
def foreign_worth(i, state, world, own):
    """Foreign units held, in tonnes at the long price: what they cost, where that is less."""
    tonnes = 0.0
    for k in range(int(own[col.P_LINKS])):
        tonnes += world[i, HELD + k] * min(1.0, world[i, FOREIGN_PRICE + k] / state[i, PRICE])
    return tonnes
