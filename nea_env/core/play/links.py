"""Links to other systems: when they open and break, what foreign units cost, who may trade them, how many count.

The ratio is the price of the partner's units that count as one home tonne, in home money, over the home long
price. Before a link opens and after it breaks it reverts to where it started, and nobody can trade on it. While
it is open every foreign price that can be traded is a discounted martingale: tied to the home price, a bounded
martingale times the home price (California and Quebec kept within 0.4 % of each other; a quota keeps a wedge),
or, where units come in one way and in limited number, the partner's own price in home money.
"""

from __future__ import annotations

import math

from nea_env.core.jit import jit
from nea_env.core.layout import LINK_BROKEN, LINK_CLOSED, LINK_OPEN, Flow, State, World
from nea_env.core.parameters import (
    LINK_BANDED,
    LINK_COLLARED,
    LINK_FREE,
    LINK_NOT_TRADABLE,
    LINK_POOLED,
    LINK_SOLVED,
    LINK_TIED,
    NEVER,
    Static,
)
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
from nea_env.core.rules.prices import normal_cdf
from nea_env.core.rules.trading import trading_cost

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
    played = min(max(0.0, t - static[p, Static.LINK_NEWS_FROM + k]), static[p, Static.LINK_MONTHS + k])
    return math.sqrt(1.0 - static[p, Static.LINK_NEWS_SD + k] ** 2 * played)


@jit
def open_link(i, p, k, t, state, world, static):
    """Open one link: the bounded ratio goes on from where it is, moved inside its bounds."""
    world[i, World.LINK + k] = LINK_OPEN
    if static[p, Static.LINK_KIND + k] == LINK_BANDED:
        ratio = math.exp(world[i, World.LOG_FOREIGN + k] - state[i, State.LOG_PRICE])
        world[i, World.PLACE + k] = place_of(
            ratio, static[p, Static.LINK_LOW + k], static[p, Static.LINK_HIGH + k], spread_left(p, static, k, t)
        )


@jit
def start_links(i, p, state, world, static):
    """Prices of partners at the start of an episode, and the links that are open from it."""
    for k in range(int(static[p, Static.LINKS])):
        world[i, World.LOG_FX + k] = static[p, Static.START_LOG_FX + k]
        kind, chance = static[p, Static.LINK_KIND + k], static[p, Static.LINK_START_CHANCE + k]
        own_price = kind == LINK_FREE or kind == LINK_COLLARED  # whatever an equilibrium makes of the home price
        home = static[p, Static.LOG_REFERENCE] if own_price else state[i, State.LOG_PRICE]
        world[i, World.LOG_FOREIGN + k] = home + static[p, Static.LINK_LOG_RATIO + k]
        if kind != LINK_NOT_TRADABLE and static[p, Static.LINK_STARTS + k] <= 0.0 and chance <= 0.0:
            open_link(i, p, k, 0, state, world, static)
            if kind == LINK_TIED:
                world[i, World.LOG_FOREIGN + k] = state[i, State.LOG_PRICE]
            elif kind == LINK_BANDED:
                world[i, World.LOG_FOREIGN + k] = state[i, State.LOG_PRICE] + log_ratio(
                    p, k, 0, world[i, World.PLACE + k], static
                )
        if kind == LINK_COLLARED:
            low, high = static[p, Static.LINK_LOW + k], static[p, Static.LINK_HIGH + k]
            local = (
                math.exp(world[i, World.LOG_FOREIGN + k] - world[i, World.LOG_FX + k])
                / static[p, Static.LINK_UNITS + k]
            )
            world[i, World.PLACE + k] = place_of(local, low, high, 1.0)
            world[i, World.LOG_FOREIGN + k] = collared_log(i, p, k, 0, world, static)
        if kind >= LINK_SOLVED:
            world[i, World.LOG_FOREIGN + k] = solved_log(i, p, k, state, world, static)
        world[i, World.FOREIGN_PRICE + k] = math.exp(world[i, World.LOG_FOREIGN + k])


@jit(inline=True)
def log_ratio(p, k, t, place, static):
    """Log of a bounded ratio at a sum of news."""
    low, high = static[p, Static.LINK_LOW + k], static[p, Static.LINK_HIGH + k]
    return math.log(low + (high - low) * normal_cdf(place / spread_left(p, static, k, t)))


@jit(inline=True)
def turn_links(i, p, t, seed, episode, state, world, static):
    """Links open and break; returns the change that this brings to the log of the home price."""
    change = 0.0
    for k in range(int(static[p, Static.LINKS])):
        if static[p, Static.LINK_KIND + k] == LINK_NOT_TRADABLE:
            continue
        if world[i, World.LINK + k] == LINK_CLOSED:
            chance = static[p, Static.LINK_START_CHANCE + k]
            if t < static[p, Static.LINK_STARTS + k]:
                continue
            opened = chance <= 0.0 or uniform(link_draw(seed, episode, t)[BEGINS + k]) < chance
            weight = static[p, Static.LINK_WEIGHT + k]
            if chance > 0.0 and weight > 0.0:  # an announced date moves nothing: prices have long known
                jump = weight * (world[i, World.LOG_FOREIGN + k] - state[i, State.LOG_PRICE])
                change += compensated_jump(min(max(jump, -JUMP_MAX), JUMP_MAX), chance, opened)
            if opened:
                open_link(i, p, k, t, state, world, static)
        elif world[i, World.LINK + k] == LINK_OPEN:
            if t < static[p, Static.LINK_ENDS + k]:
                continue
            chance = static[p, Static.LINK_END_CHANCE + k]
            if chance <= 0.0 or uniform(link_draw(seed, episode, t)[BREAKS + k]) < chance:
                world[i, World.LINK + k] = LINK_BROKEN
    return change


@jit(inline=True)
def foreign_prices(i, p, t, before, z_home, seed, episode, state, world, static):
    """The month's news of rates and foreign prices; ``before`` is the log of the home price a month ago."""
    words = foreign_draw(seed, episode, t)
    first, first_fx = 0.0, 0.0
    for k in range(int(static[p, Static.LINKS])):
        tied = world[i, World.LINK + k] == LINK_OPEN and static[p, Static.LINK_KIND + k] == LINK_TIED
        z = 0.0
        if not tied or (k == 0 and static[p, Static.LINK_ROTATION] != 0.0):
            z = normal(words[OWN_PRICE + k])
        rate = static[p, Static.FX_DRIFT + k]
        z_fx = normal(words[FX + k]) if static[p, Static.FX_SD + k] > 0.0 else 0.0
        if k == 0:
            first, first_fx = z, z_fx
        else:
            z = rotated(first, z, static[p, Static.LINK_ROTATION])
            z_fx = rotated(first_fx, z_fx, static[p, Static.FX_ROTATION])
        rate += static[p, Static.FX_SD + k] * z_fx
        world[i, World.LOG_FX + k] += rate
        if static[p, Static.LINK_KIND + k] >= LINK_SOLVED:
            world[i, World.LOG_FOREIGN + k] = solved_log(i, p, k, state, world, static)
        elif static[p, Static.LINK_KIND + k] == LINK_COLLARED:  # whether or not the link is open
            world[i, World.PLACE + k] += static[p, Static.LINK_NEWS_SD + k] * z
            world[i, World.LOG_FOREIGN + k] = collared_log(i, p, k, t, world, static)
        elif tied:
            world[i, World.LOG_FOREIGN + k] = state[i, State.LOG_PRICE]
        elif world[i, World.LINK + k] != LINK_OPEN:
            mean = static[p, Static.LINK_LOG_RATIO + k]
            away = world[i, World.LOG_FOREIGN + k] - before - mean
            away = static[p, Static.LINK_PERSISTENCE + k] * away + static[p, Static.LINK_INNOVATION_SD + k] * z
            world[i, World.LOG_FOREIGN + k] = state[i, State.LOG_PRICE] + mean + away
        elif static[p, Static.LINK_KIND + k] == LINK_FREE:
            z = rotated(z_home, z, static[p, Static.LINK_CORRELATION + k])
            world[i, World.LOG_FOREIGN + k] += (
                static[p, Static.LINK_DRIFT + k] + static[p, Static.LINK_SD + k] * z + rate
            )
        else:
            if t <= static[p, Static.LINK_NEWS_FROM + k] + static[p, Static.LINK_MONTHS + k]:
                world[i, World.PLACE + k] += static[p, Static.LINK_NEWS_SD + k] * z
            world[i, World.LOG_FOREIGN + k] = state[i, State.LOG_PRICE] + log_ratio(
                p, k, t, world[i, World.PLACE + k], static
            )
        world[i, World.FOREIGN_PRICE + k] = state[i, State.PRICE] if tied else math.exp(world[i, World.LOG_FOREIGN + k])


@jit
def collared_log(i, p, k, t, world, static):
    """Log of the home-money price of a partner whose own price stays between bounds that grow at its discount rate."""
    growth = static[p, Static.LINK_GROWTH + k] ** t
    low, high = growth * static[p, Static.LINK_LOW + k], growth * static[p, Static.LINK_HIGH + k]
    local = low + (high - low) * normal_cdf(world[i, World.PLACE + k] / spread_left(p, static, k, t))
    return math.log(local * static[p, Static.LINK_UNITS + k]) + world[i, World.LOG_FX + k]


@jit
def solved_log(i, p, k, state, world, static):
    """Log of the foreign price in an equilibrium of both systems, home money: in an open pool that of the front."""
    if static[p, Static.LINK_KIND + k] == LINK_POOLED and world[i, World.LINK + k] == LINK_OPEN:
        return state[i, State.LOG_PRICE] + math.log(state[i, State.FRONT_RATIO])
    return math.log(world[i, World.PARTNER_PRICE] * static[p, Static.LINK_UNITS + k]) + world[i, World.LOG_FX + k]


@jit
def rotated(with_this, alone, correlation):
    """Standard normal news correlated with other such news."""
    return correlation * with_this + math.sqrt(1.0 - correlation * correlation) * alone


@jit(inline=True)
def foreign_ask(i, p, k, state, world, static):
    """What a home-usable tonne of a partner costs, its fee included, before the spread; money/t."""
    return world[i, World.FOREIGN_PRICE + k] + static[p, Static.LINK_FEE + k] * state[i, State.PRICE]


@jit(inline=True)
def trade_foreign(i, p, share, volume, per_volume, state, world, flows, static):
    """Buy from the cheapest open partner first, or sell what is held to the dearest that takes it back.

    A purchase goes on to the other partner only where that costs no more than the front.
    """
    left = abs(share) * volume
    links = int(static[p, Static.LINKS])
    first = 0
    if links > 1:
        if share > 0.0:
            cheaper = foreign_ask(i, p, 1, state, world, static) < foreign_ask(i, p, 0, state, world, static)
            first = 1 if cheaper else 0
        else:
            first = 1 if world[i, World.FOREIGN_PRICE + 1] > world[i, World.FOREIGN_PRICE] else 0
    for n in range(links):
        k = abs(first - n)
        price = world[i, World.FOREIGN_PRICE + k]
        if share > 0.0:
            tonnes = min(left, world[i, World.BUYABLE + k])
            if (
                tonnes > world[i, World.UNCOVERED] and world[i, World.BUYABLE + k] < NEVER
            ):  # the other partner covered it just now
                tonnes = world[i, World.UNCOVERED]
            if (
                n > 0
                and foreign_ask(i, p, k, state, world, static) > state[i, State.PRICE] * state[i, State.FRONT_RATIO]
            ):
                tonnes = 0.0
            flows[i, Flow.FOREIGN_BOUGHT] += tonnes
            flows[i, Flow.FOREIGN_COST] += tonnes * foreign_ask(i, p, k, state, world, static)
            world[i, World.HELD + k] += tonnes
            world[i, World.UNCOVERED] = max(0.0, world[i, World.UNCOVERED] - tonnes)
        else:
            tonnes = min(left, world[i, World.HELD + k]) if sellable(i, p, k, world, static) else 0.0
            flows[i, Flow.FOREIGN_SOLD] += tonnes
            flows[i, Flow.FOREIGN_COST] -= tonnes * price
            world[i, World.HELD + k] -= tonnes
        if tonnes > 0.0:
            left -= tonnes
            flows[i, Flow.TRADING_COST] += trading_cost(
                tonnes, price, per_volume, static[p, Static.LINK_SPREAD + k], static[p, Static.IMPACT]
            )
    state[i, State.FOREIGN] = world[i, World.HELD] + world[i, World.HELD + 1]


@jit(inline=True)
def sellable(i, p, k, world, static):
    """Whether a partner takes its units back."""
    return world[i, World.LINK + k] == LINK_OPEN and static[p, Static.LINK_TWO_WAY + k] > 0.0


@jit(inline=True)
def see_links(i, p, due, duty, market_open, state, world, static):
    """How many of the foreign units held will count at the next deadline, t; and what can be bought, by partner."""
    covered = 0.0
    world[i, World.UNCOVERED] = max(0.0, duty - state[i, State.FOREIGN])
    for k in range(int(static[p, Static.LINKS])):
        quota, held = static[p, Static.LINK_QUOTA + k], world[i, World.HELD + k]
        limit = NEVER if quota >= NEVER else quota * due + world[i, World.ROOM + k]
        covered += min(held, limit)
        world[i, World.BUYABLE + k] = 0.0
        if world[i, World.LINK + k] == LINK_OPEN and market_open:
            if static[p, Static.LINK_TWO_WAY + k] > 0.0 and quota >= NEVER:  # nothing but the month's volume limits it
                world[i, World.BUYABLE + k] = NEVER
            else:
                world[i, World.BUYABLE + k] = max(0.0, min(limit - held, world[i, World.UNCOVERED]))
    return min(covered, duty)


@jit
def allow_foreign(i, duty, world, own):
    """A duty is verified: so many more foreign units count at its deadline."""
    for k in range(int(own[Static.LINKS])):
        quota = own[Static.LINK_QUOTA + k]
        world[i, World.ROOM + k] += quota * duty if quota < NEVER else 0.0


@jit
def surrender_foreign(i, owed, state, world, flows, own):
    """Foreign units surrendered against what is owed, those that cannot be kept first; what is left of them lapses."""
    used, links = 0.0, int(own[Static.LINKS])
    first = 1 if links > 1 and own[Static.LINK_BANKABLE + 1] < own[Static.LINK_BANKABLE] else 0
    for n in range(links):
        k = abs(first - n)
        counts = NEVER if own[Static.LINK_QUOTA + k] >= NEVER else world[i, World.ROOM + k]
        units = min(min(world[i, World.HELD + k], counts), owed - used)
        used += units
        world[i, World.HELD + k] -= units
        world[i, World.ROOM + k] = 0.0
        if own[Static.LINK_BANKABLE + k] <= 0.0:
            flows[i, Flow.LAPSED] += world[i, World.HELD + k]
            world[i, World.HELD + k] = 0.0
    state[i, State.FOREIGN] = world[i, World.HELD] + world[i, World.HELD + 1]
    return used


@jit
def foreign_worth(i, state, world, own):
    """Foreign units held, in tonnes at the long price: what they cost, where that is less."""
    tonnes = 0.0
    for k in range(int(own[Static.LINKS])):
        tonnes += world[i, World.HELD + k] * min(1.0, world[i, World.FOREIGN_PRICE + k] / state[i, State.PRICE])
    return tonnes
