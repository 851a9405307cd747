"""Links to other systems: when they open and break, and what foreign units cost.

The ratio is the price of the partner's units that count as one home tonne, in home money, over the home long
price. Before a link opens and after it breaks it reverts to where it started, and nobody can trade on it. While
it is open every foreign price that can be traded is a discounted martingale: tied to the home price, a bounded
martingale times the home price (California and Quebec kept within 0.4 % of each other; a quota keeps a wedge),
or, where units come in one way and in limited number, the partner's own price in home money.
"""

from __future__ import annotations

import math

from nea_env.core.elementary import exp, log, normal, normal_cdf, quantile
from nea_env.core.jit import jit
from nea_env.core.layout import LINK_BROKEN, LINK_CLOSED, LINK_OPEN, State, World
from nea_env.core.parameters import (
    LINK_BANDED,
    LINK_COLLARED,
    LINK_FREE,
    LINK_NOT_TRADABLE,
    LINK_POOLED,
    LINK_SOLVED,
    LINK_TIED,
    Static,
)
from nea_env.core.rng import (
    BEGINS,
    BREAKS,
    FX,
    OWN_PRICE,
    foreign_draw,
    link_draw,
    uniform,
)  # fmt: skip

JUMP_MAX = 1.0  # of the log price, when a link opens by chance
SETTLED_AS_ONE = 2.0  # of World.PARTNER_SPLIT


@jit
def compensated_jump(jump, chance, happened):
    """Change of the log price when a jump happens that came with a chance, or does not: on average a factor of one."""
    return jump if happened else log((1.0 - chance * exp(jump)) / (1.0 - chance))


@jit
def place_of(ratio, low, high, spread):
    """Sum of news at which a bounded ratio has this value; ``spread`` is the sd of the news still to come."""
    share = (ratio - low) / (high - low)
    return quantile(min(max(share, 0.01), 0.99) - 0.5) * spread


@jit(inline=True)
def spread_left(k, t, own):
    """Sd of the news about a bounded ratio that is still to come after month ``t``."""
    played = min(max(0.0, t - own[Static.LINK_NEWS_FROM + k]), own[Static.LINK_MONTHS + k])
    return math.sqrt(1.0 - own[Static.LINK_NEWS_SD + k] ** 2 * played)


@jit(inline=True)
def open_link(i, k, t, log_price, firms, own):
    """Open one link at a home price: the bounded ratio goes on from where it is, moved inside its bounds."""
    world = firms.world
    world[World.LINK + k, i] = LINK_OPEN
    if own[Static.LINK_KIND + k] == LINK_BANDED:
        ratio = exp(world[World.LOG_FOREIGN + k, i] - log_price)
        world[World.PLACE + k, i] = place_of(
            ratio, own[Static.LINK_LOW + k], own[Static.LINK_HIGH + k], spread_left(k, t, own)
        )


@jit(inline=True)
def start_links(i, firms, own):
    """Prices of partners at the start of an episode, and the links that are open from it."""
    state, world = firms.state, firms.world
    for k in range(int(own[Static.LINKS])):
        world[World.LOG_FX + k, i] = own[Static.START_LOG_FX + k]
        kind, chance = own[Static.LINK_KIND + k], own[Static.LINK_START_CHANCE + k]
        own_price = kind == LINK_FREE or kind == LINK_COLLARED  # whatever an equilibrium makes of the home price
        home = own[Static.LOG_REFERENCE] if own_price else state[State.LOG_PRICE, i]
        world[World.LOG_FOREIGN + k, i] = home + own[Static.LINK_LOG_RATIO + k]
        if kind != LINK_NOT_TRADABLE and own[Static.LINK_STARTS + k] <= 0.0 and chance <= 0.0:
            open_link(i, k, 0, state[State.LOG_PRICE, i], firms, own)
            if kind == LINK_TIED:
                world[World.LOG_FOREIGN + k, i] = state[State.LOG_PRICE, i]
            elif kind == LINK_BANDED:
                world[World.LOG_FOREIGN + k, i] = state[State.LOG_PRICE, i] + log_ratio(
                    k, 0, world[World.PLACE + k, i], own
                )
        if kind == LINK_COLLARED:
            low, high = own[Static.LINK_LOW + k], own[Static.LINK_HIGH + k]
            local = exp(world[World.LOG_FOREIGN + k, i] - world[World.LOG_FX + k, i]) / own[Static.LINK_UNITS + k]
            world[World.PLACE + k, i] = place_of(local, low, high, 1.0)
            world[World.LOG_FOREIGN + k, i] = collared_log(i, k, 0, firms, own)
        if kind >= LINK_SOLVED:
            world[World.LOG_FOREIGN + k, i] = solved_log(i, k, firms, own)
        world[World.FOREIGN_PRICE + k, i] = exp(world[World.LOG_FOREIGN + k, i])


@jit(inline=True)
def log_ratio(k, t, place, own):
    """Log of a bounded ratio at a sum of news."""
    low, high = own[Static.LINK_LOW + k], own[Static.LINK_HIGH + k]
    return log(low + (high - low) * normal_cdf(place / spread_left(k, t, own)))


@jit(inline=True)
def turn_links(i, t, log_price, firms, own):
    """Links open and break; returns the change that this brings to the log of the home price, ``log_price``."""
    world, seed, episode = firms.world, firms.seeds[i], firms.episodes[i]
    change = 0.0
    for k in range(int(own[Static.LINKS])):
        if own[Static.LINK_KIND + k] == LINK_NOT_TRADABLE:
            continue
        if world[World.LINK + k, i] == LINK_CLOSED:
            chance = own[Static.LINK_START_CHANCE + k]
            if t < own[Static.LINK_STARTS + k]:
                continue
            opened = chance <= 0.0 or uniform(link_draw(seed, episode, t)[BEGINS + k]) < chance
            weight = own[Static.LINK_WEIGHT + k]
            if chance > 0.0 and weight > 0.0:  # an announced date moves nothing: prices have long known
                jump = weight * (world[World.LOG_FOREIGN + k, i] - log_price)
                change += compensated_jump(min(max(jump, -JUMP_MAX), JUMP_MAX), chance, opened)
            if opened:
                open_link(i, k, t, log_price, firms, own)
        elif world[World.LINK + k, i] == LINK_OPEN:
            if t < own[Static.LINK_ENDS + k]:
                continue
            chance = own[Static.LINK_END_CHANCE + k]
            if chance <= 0.0 or uniform(link_draw(seed, episode, t)[BREAKS + k]) < chance:
                world[World.LINK + k, i] = LINK_BROKEN
    return change


@jit(inline=True)
def foreign_prices(i, t, before, z_home, firms, own):
    """The month's news of rates and foreign prices; ``before`` is the log of the home price a month ago."""
    state, world = firms.state, firms.world
    words = foreign_draw(firms.seeds[i], firms.episodes[i], t)
    first, first_fx = 0.0, 0.0
    for k in range(int(own[Static.LINKS])):
        tied = world[World.LINK + k, i] == LINK_OPEN and own[Static.LINK_KIND + k] == LINK_TIED
        z = 0.0
        if not tied or (k == 0 and own[Static.LINK_ROTATION] != 0.0):
            z = normal(words[OWN_PRICE + k])
        rate = own[Static.FX_DRIFT + k]
        z_fx = normal(words[FX + k]) if own[Static.FX_SD + k] > 0.0 else 0.0
        if k == 0:
            first, first_fx = z, z_fx
        else:
            z = rotated(first, z, own[Static.LINK_ROTATION])
            z_fx = rotated(first_fx, z_fx, own[Static.FX_ROTATION])
        rate += own[Static.FX_SD + k] * z_fx
        world[World.LOG_FX + k, i] += rate
        if own[Static.LINK_KIND + k] >= LINK_SOLVED:
            world[World.LOG_FOREIGN + k, i] = solved_log(i, k, firms, own)
        elif own[Static.LINK_KIND + k] == LINK_COLLARED:  # whether or not the link is open
            world[World.PLACE + k, i] += own[Static.LINK_NEWS_SD + k] * z
            world[World.LOG_FOREIGN + k, i] = collared_log(i, k, t, firms, own)
        elif tied:
            world[World.LOG_FOREIGN + k, i] = state[State.LOG_PRICE, i]
        elif world[World.LINK + k, i] != LINK_OPEN:
            mean = own[Static.LINK_LOG_RATIO + k]
            away = world[World.LOG_FOREIGN + k, i] - before - mean
            away = own[Static.LINK_PERSISTENCE + k] * away + own[Static.LINK_INNOVATION_SD + k] * z
            world[World.LOG_FOREIGN + k, i] = state[State.LOG_PRICE, i] + mean + away
        elif own[Static.LINK_KIND + k] == LINK_FREE:
            z = rotated(z_home, z, own[Static.LINK_CORRELATION + k])
            world[World.LOG_FOREIGN + k, i] += own[Static.LINK_DRIFT + k] + own[Static.LINK_SD + k] * z + rate
        else:
            if t <= own[Static.LINK_NEWS_FROM + k] + own[Static.LINK_MONTHS + k]:
                world[World.PLACE + k, i] += own[Static.LINK_NEWS_SD + k] * z
            world[World.LOG_FOREIGN + k, i] = state[State.LOG_PRICE, i] + log_ratio(
                k, t, world[World.PLACE + k, i], own
            )
        world[World.FOREIGN_PRICE + k, i] = state[State.PRICE, i] if tied else exp(world[World.LOG_FOREIGN + k, i])


@jit(inline=True)
def collared_log(i, k, t, firms, own):
    """Log of the home-money price of a partner whose own price stays between bounds that grow at its discount rate."""
    world = firms.world
    growth = own[Static.LINK_GROWTH + k] ** t
    low, high = growth * own[Static.LINK_LOW + k], growth * own[Static.LINK_HIGH + k]
    local = low + (high - low) * normal_cdf(world[World.PLACE + k, i] / spread_left(k, t, own))
    return log(local * own[Static.LINK_UNITS + k]) + world[World.LOG_FX + k, i]


@jit(inline=True)
def is_pooled(i, k, world, own):
    """Whether a partner is one market with home now."""
    return own[Static.LINK_KIND + k] == LINK_POOLED and world[World.LINK + k, i] == LINK_OPEN


@jit(inline=True)
def solved_log(i, k, firms, own):
    """Log of the foreign price in an equilibrium of both systems, home money: in an open pool that of the front.

    Units of a period that ended in the pool keep that price until its deadline, also where a chance cuts the link in
    between: the period was settled as one, and a foreign unit held still counts at home.
    """
    state, world = firms.state, firms.world
    if is_pooled(i, k, world, own) or world[World.PARTNER_SPLIT, i] == SETTLED_AS_ONE:
        return state[State.LOG_PRICE, i] + log(state[State.FRONT_RATIO, i])
    return log(world[World.PARTNER_PRICE, i] * own[Static.LINK_UNITS + k]) + world[World.LOG_FX + k, i]


@jit
def rotated(with_this, alone, correlation):
    """Standard normal news correlated with other such news."""
    return correlation * with_this + math.sqrt(1.0 - correlation * correlation) * alone
