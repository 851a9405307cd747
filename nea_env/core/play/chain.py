"""The equilibrium price process: a chain on the aggregate bank and a shock, solved before the batch is made."""

from __future__ import annotations

import math

from nea_env.core.elementary import exp, log
from nea_env.core.jit import jit
from nea_env.core.layout import LINK_BROKEN, State, World
from nea_env.core.parameters import PARTS, WITHIN, Month, Record, Static
from nea_env.core.play.links import SETTLED_AS_ONE, is_pooled, turn_links
from nea_env.core.rng import CHAIN_BANK, CHAIN_PARTNER, CHAIN_SETTLED, CHAIN_SHOCK, process_draw, uniform


@jit(inline=True)
def start_chain(i, firms, rules):
    """The chain's place at the start of an episode, and the prices there."""
    world, own = firms.world, rules.own
    words = process_draw(firms.seeds[i], firms.episodes[i], 0)
    world[World.NODE, i] = drawn_node(own[Static.GRID_NODE], uniform(words[CHAIN_BANK]))
    world[World.PARTNER_NODE, i] = drawn_node(own[Static.GRID_PARTNER_NODE], uniform(words[CHAIN_PARTNER]))
    world[World.SHOCK, i] = own[Static.GRID_SHOCK]
    chain_prices(i, 0, firms, rules)


@jit(inline=True)
def follow_chain(i, t, firms, rules):
    """The chain, the links and the prices go on to month t."""
    state, world = firms.state, firms.world
    ended = turn_chain(i, t, firms, rules)
    if rules.own[Static.LINKS] > 0.0:  # before the prices, which hang on whether a link has just been cut
        turn_links(i, t, state[State.LOG_PRICE, i], firms, rules.own)
    chain_prices(i, t, firms, rules)
    # Where the long price is that of another vintage from now on, a credit costs what it did. The level that its ratio
    # is pulled to (play/news.py) does not follow: the step is a distance from the level like any other, half of it gone
    # after a half-life, as the credit comes to be priced against the vintage that it can still stand in for. Steps
    # that moved the level as well would add up over the vintages, and the ratio would have no bounds again.
    if rules.monthly[t - 1, Month.FRONT_RUNNING] <= 0.0:
        if rules.monthly[t, Month.FRONT_RUNNING] > 0.0:
            state[State.LOG_OFFSET_RATIO, i] += log(state[State.FRONT_RATIO, i])
        elif ended and world[World.SPLIT, i] > 0.0:
            price = max(world[World.SPLIT_PRICE, i], rules.own[Static.LEAST_PRICE])
            state[State.LOG_OFFSET_RATIO, i] += log(price) - state[State.LOG_PRICE, i]


@jit(inline=True)
def drawn_node(place, u):
    """A node of the grid next to a place between two of them, with chances that keep the mean."""
    below = math.floor(place)
    return below + 1.0 if u < place - below else below


@jit(inline=True)
def is_cut(i, world, own):
    """Whether the two systems go on alone after a chance that cut their link."""
    return own[Static.GRID_ALONE] > 0.0 and world[World.LINK, i] == LINK_BROKEN


@jit(inline=True)
def home_record(i, t, world, rules):
    """Where the record of the home market's place in month t begins."""
    if is_cut(i, world, rules.own):
        return _alone_record(i, t, world[World.NODE, i], world, rules.own)
    return chain_record(i, t, world, rules)


@jit(inline=True)
def partner_record(i, t, world, rules):
    """Where that of the partner's place begins: the same until a cut."""
    if is_cut(i, world, rules.own):
        return _alone_record(i, t, rules.own[Static.GRID_BANKS] + world[World.PARTNER_NODE, i], world, rules.own)
    return chain_record(i, t, world, rules)


@jit(inline=True)
def _alone_record(i, t, place, world, own):
    """Where a record of month t after a cut begins, of a place among the nodes of both banks, home's first."""
    places, shocks = own[Static.GRID_BANKS] + own[Static.GRID_PARTNER_BANKS], own[Static.GRID_SHOCKS]
    record = (t * places + place) * shocks + world[World.SHOCK, i]
    return int(own[Static.GRID_FIRST] + own[Static.GRID_ALONE] + record * Record.size)


@jit(inline=True)
def chain_record(i, t, world, rules):
    """Where the record of the chain's place in month t begins; see `Record` for what it holds."""
    return int(rules.own[Static.GRID_FIRST] + rules.monthly[t, Month.CHAIN] + _cell(i, t, world, rules) * Record.size)


@jit(inline=True)
def _cell(i, t, world, rules):
    """The chain's place among those of month t."""
    node = world[World.NODE, i] * rules.monthly[t, Month.CHAIN_SECOND] + world[World.PARTNER_NODE, i]
    return node * rules.own[Static.GRID_SHOCKS] + world[World.SHOCK, i]


@jit(inline=True)
def turn_chain(i, t, firms, rules):
    """The equilibrium's chain goes from month t - 1 to month t; returns whether a period ended."""
    world, own, grids = firms.world, rules.own, rules.grids
    words = process_draw(firms.seeds[i], firms.episodes[i], t)
    here = home_record(i, t - 1, world, rules)
    there = here
    outcome = grids[here + Record.OUTCOME]
    ended = outcome >= 0.0
    world[World.SPLIT_PRICE, i] /= own[Static.DISCOUNT]
    if ended:
        world[World.SPLIT, i] = 0.0 if outcome == WITHIN else 1.0
        world[World.SPLIT_PRICE, i] = grids[here + Record.RUNNING] / own[Static.DISCOUNT]
    if own[Static.LINKS] > 0.0:
        there = partner_record(i, t - 1, world, rules)
        outcome, growth = grids[there + Record.PARTNER_OUTCOME], own[Static.LINK_GROWTH]
        world[World.PARTNER_SPLIT_PRICE, i] *= growth
        pooled = ended and own[Static.GRID_ALONE] > 0.0 and is_pooled(i, 0, world, own)
        if pooled:
            world[World.PARTNER_SPLIT, i] = SETTLED_AS_ONE
        if outcome >= 0.0:
            if world[World.PARTNER_SPLIT, i] != SETTLED_AS_ONE:
                world[World.PARTNER_SPLIT, i] = 0.0 if outcome == WITHIN else 1.0
            world[World.PARTNER_SPLIT_PRICE, i] = grids[there + Record.PARTNER_RUNNING] * growth
    world[World.PARTNER_NODE, i] = drawn_node(grids[there + Record.PARTNER_LANDING], uniform(words[CHAIN_PARTNER]))
    world[World.NODE, i] = drawn_node(grids[here + Record.LANDING], uniform(words[CHAIN_BANK]))
    shocks = int(own[Static.GRID_SHOCKS])
    chances = int(own[Static.GRID_FIRST]) + int(world[World.SHOCK, i]) * shocks
    u, shock = uniform(words[CHAIN_SHOCK]), 0
    while shock < shocks - 1 and u >= grids[chances + shock]:
        shock += 1
    world[World.SHOCK, i] = shock
    if rules.monthly[t, Month.CHAIN_SETTLES] > 0.0:
        _settle_waiting(i, t, world, rules, uniform(words[CHAIN_SETTLED]))
    return ended


@jit(inline=True)
def _settle_waiting(i, t, world, rules, u):
    """Settle the period that waited, at one of the banks that its node stands for; ``u`` is uniform."""
    own, grids = rules.own, rules.grids
    part = math.floor(u * PARTS)
    node = (part * own[Static.GRID_BANKS] + world[World.NODE, i]) * own[Static.GRID_PARTNER_BANKS]
    cell = (node + world[World.PARTNER_NODE, i]) * own[Static.GRID_SHOCKS] + world[World.SHOCK, i]
    here = int(own[Static.GRID_FIRST] + rules.monthly[t, Month.CHAIN_SETTLES] + cell * Record.size)
    world[World.SPLIT, i] = 0.0 if grids[here + Record.OUTCOME] == WITHIN else 1.0
    world[World.SPLIT_PRICE, i] = grids[here + Record.FRONT]
    world[World.NODE, i] = drawn_node(grids[here + Record.LANDING], u * PARTS - part)
    world[World.PARTNER_NODE, i] = 0.0


@jit(inline=True)
def chain_prices(i, t, firms, rules):
    """Long and front price at the chain's place in month t, and the partner's where both are solved together."""
    state, world, own, grids = firms.state, firms.world, rules.own, rules.grids
    here, least = home_record(i, t, world, rules), own[Static.LEAST_PRICE]
    front_running = rules.monthly[t, Month.FRONT_RUNNING] > 0.0
    running = max(grids[here + Record.RUNNING], least)
    if front_running:
        long, front = max(grids[here + Record.AFTER], least), running
    elif rules.monthly[t, Month.WAITS] > 0.0:
        long, front = running, max(grids[here + Record.FRONT], least)
    else:
        # Until its deadline a unit of the period that ended is worth what it will be when carried over, unless some
        # lapse or are missing.
        split = world[World.SPLIT, i] > 0.0
        long, front = running, max(world[World.SPLIT_PRICE, i] if split else grids[here + Record.WORTH], least)
    state[State.LOG_PRICE, i] = log(long)
    state[State.PRICE, i] = long
    if own[Static.PERMANENT] > 0.0:
        state[State.LOG_PRICE, i] += world[World.PRESSURE, i]
        state[State.PRICE, i] *= exp(world[World.PRESSURE, i])
    state[State.FRONT_RATIO, i] = front / long
    if own[Static.LINKS] > 0.0:
        there = partner_record(i, t, world, rules)
        if front_running and world[World.PARTNER_SPLIT, i] == SETTLED_AS_ONE:
            world[World.PARTNER_SPLIT, i] = 0.0
        price = grids[there + Record.PARTNER_RUNNING]
        if not front_running:
            split = world[World.PARTNER_SPLIT, i] == 1.0
            price = world[World.PARTNER_SPLIT_PRICE, i] if split else grids[there + Record.PARTNER_WORTH]
        world[World.PARTNER_PRICE, i] = max(price, own[Static.PARTNER_LEAST])
