"""Foreign units: what they cost, who takes them back, what is traded, how many count, and what surrender leaves."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.layout import LINK_OPEN, Flow, State, World
from nea_env.core.parameters import NEVER, Month, Order, Plan, Static
from nea_env.core.rules.trading import trading_cost


@jit(inline=True)
def foreign_ask(i, k, firms, own):
    """What a home-usable tonne of partner ``k`` costs, its fee included, before the spread; money/t."""
    return firms.world[World.FOREIGN_PRICE + k, i] + own[Static.LINK_FEE + k] * firms.state[State.PRICE, i]


@jit(inline=True)
def sellable(i, k, firms, own):
    """Whether a partner takes its units back."""
    return firms.world[World.LINK + k, i] == LINK_OPEN and own[Static.LINK_TWO_WAY + k] > 0.0


@jit(inline=True)
def fill_foreign(firms, rules, t):
    """Foreign units are bought from the cheapest partner and sold to the best-paying."""
    if rules.own[Static.LINKS] > 0.0:
        for i in range(firms.width):
            if firms.orders[Order.FOREIGN, i] != 0.0:
                _trade_foreign(i, firms, rules.own, rules.monthly[t, Month.PER_VOLUME])


@jit(inline=True)
def _trade_foreign(i, firms, own, per_volume):
    """Buy from the cheapest open partner first, or sell what is held to the best-paying one that takes it back.

    A purchase moves on to the other partner only where that costs no more than the front.
    """
    state, world, flows = firms.state, firms.world, firms.flows
    wanted, links = firms.orders[Order.FOREIGN, i], int(own[Static.LINKS])
    buys, left = wanted > 0.0, abs(wanted)
    first = 0
    if links > 1:
        if buys:
            first = 1 if foreign_ask(i, 1, firms, own) < foreign_ask(i, 0, firms, own) else 0
        else:
            first = 1 if world[World.FOREIGN_PRICE + 1, i] > world[World.FOREIGN_PRICE, i] else 0
    for n in range(links):
        k = abs(first - n)
        price = world[World.FOREIGN_PRICE + k, i]
        if buys:
            tonnes = min(left, world[World.BUYABLE + k, i])
            if tonnes > world[World.UNCOVERED, i] and world[World.BUYABLE + k, i] < NEVER:
                tonnes = world[World.UNCOVERED, i]  # the other partner covered it just now
            if n > 0 and foreign_ask(i, k, firms, own) > state[State.PRICE, i] * state[State.FRONT_RATIO, i]:
                tonnes = 0.0
            flows[Flow.FOREIGN_BOUGHT, i] += tonnes
            flows[Flow.FOREIGN_COST, i] += tonnes * foreign_ask(i, k, firms, own)
            world[World.HELD + k, i] += tonnes
            world[World.UNCOVERED, i] = max(0.0, world[World.UNCOVERED, i] - tonnes)
        else:
            tonnes = min(left, world[World.HELD + k, i]) if sellable(i, k, firms, own) else 0.0
            flows[Flow.FOREIGN_SOLD, i] += tonnes
            flows[Flow.FOREIGN_COST, i] -= tonnes * price
            world[World.HELD + k, i] -= tonnes
        if tonnes > 0.0:
            left -= tonnes
            flows[Flow.TRADING_COST, i] += trading_cost(
                tonnes, price, per_volume, own[Static.LINK_SPREAD + k], own[Static.IMPACT]
            )
    state[State.FOREIGN, i] = world[World.HELD, i] + world[World.HELD + 1, i]


@jit(inline=True)
def plan_foreign(i, firms, own, market_open):
    """How many of the foreign units held will count at the next deadline, and what can be bought, by partner."""
    world, plan = firms.world, firms.plan
    due, duty = plan[Plan.DUE, i], plan[Plan.DUTY, i]
    covered = 0.0
    world[World.UNCOVERED, i] = max(0.0, duty - firms.state[State.FOREIGN, i])
    for k in range(int(own[Static.LINKS])):
        quota, held = own[Static.LINK_QUOTA + k], world[World.HELD + k, i]
        limit = NEVER if quota >= NEVER else quota * due + world[World.ROOM + k, i]
        covered += min(held, limit)
        world[World.BUYABLE + k, i] = 0.0
        if world[World.LINK + k, i] == LINK_OPEN and market_open:
            if own[Static.LINK_TWO_WAY + k] > 0.0 and quota >= NEVER:  # nothing but the month's volume limits it
                world[World.BUYABLE + k, i] = NEVER
            else:
                world[World.BUYABLE + k, i] = max(0.0, min(limit - held, world[World.UNCOVERED, i]))
    plan[Plan.FOREIGN, i] = min(covered, duty)


@jit(inline=True)
def allow_foreign(i, duty, firms, own):
    """A duty is verified: so many more foreign units count at its deadline."""
    for k in range(int(own[Static.LINKS])):
        quota = own[Static.LINK_QUOTA + k]
        firms.world[World.ROOM + k, i] += quota * duty if quota < NEVER else 0.0


@jit(inline=True)
def surrender_foreign(i, owed, firms, own):
    """Foreign units surrendered against what is owed, those that cannot be kept first; what is left of them lapses."""
    world = firms.world
    used, links = 0.0, int(own[Static.LINKS])
    first = 1 if links > 1 and own[Static.LINK_BANKABLE + 1] < own[Static.LINK_BANKABLE] else 0
    for n in range(links):
        k = abs(first - n)
        counts = NEVER if own[Static.LINK_QUOTA + k] >= NEVER else world[World.ROOM + k, i]
        units = min(min(world[World.HELD + k, i], counts), owed - used)
        used += units
        world[World.HELD + k, i] -= units
        world[World.ROOM + k, i] = 0.0
        if own[Static.LINK_BANKABLE + k] <= 0.0:
            firms.flows[Flow.LAPSED, i] += world[World.HELD + k, i]
            world[World.HELD + k, i] = 0.0
    firms.state[State.FOREIGN, i] = world[World.HELD, i] + world[World.HELD + 1, i]
    return used


@jit(inline=True)
def foreign_worth(i, firms, own):
    """Foreign units held, in tonnes at the long price: what they cost, where that is less."""
    tonnes = 0.0
    for k in range(int(own[Static.LINKS])):
        share = firms.world[World.FOREIGN_PRICE + k, i] / firms.state[State.PRICE, i]
        tonnes += firms.world[World.HELD + k, i] * min(1.0, share)
    return tonnes
