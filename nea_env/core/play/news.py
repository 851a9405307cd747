"""The home price of a new month under every law but the default, and the market's state at the start of an episode.

The laws themselves are in ``price_laws.py`` (changes of the log price), ``prices.py`` (the collar) and
``equilibrium/solve.py`` (a chain on aggregate bank and shock, solved before the batch is made).
"""

from __future__ import annotations

import math

from nea_env.core.jit import jit
from nea_env.core.layout import State, World
from nea_env.core.parameters import WITHIN, Month, Record, Static
from nea_env.core.rng import (
    CHAIN_BANK,
    CHAIN_PARTNER,
    CHAIN_SHOCK,
    COUNT,
    REGIME,
    STALE,
    law_draw,
    normal,
    second_draw,
    uniform,
)  # fmt: skip
from nea_env.core.rules.price_processes import (
    BOOTSTRAP,
    COLLARED,
    EQUILIBRIUM,
    JUMPS,
    LATTICE,
    TWO_REGIMES,
    bootstrap_change,
    jump_change,
    lattice_change,
    regime_change,
    regime_start,
    reversion_change,
)  # fmt: skip
from nea_env.core.rules.prices import collared_price


@jit
def start_market(i, p, seed, episode, state, world, static, monthly, grids):
    """The state that a law keeps, and the price where the law, not the scenario, sets it."""
    law = static[p, Static.PROCESS]
    if law == LATTICE:
        world[i, World.NODE] = 0.5 * (static[p, Static.STATES] - 1.0)
    elif law == TWO_REGIMES:
        world[i, World.WILD] = regime_start(static[p, Static.WILD_SHARE], uniform(law_draw(seed, episode, 0)[REGIME]))
    elif law == EQUILIBRIUM:
        words = law_draw(seed, episode, 0)
        world[i, World.NODE] = drawn_node(static[p, Static.GRID_NODE], uniform(words[CHAIN_BANK]))
        world[i, World.PARTNER_NODE] = drawn_node(static[p, Static.GRID_PARTNER_NODE], uniform(words[CHAIN_PARTNER]))
        world[i, World.SHOCK] = static[p, Static.GRID_SHOCK]
        chain_prices(i, p, 0, state, world, static, monthly, grids)


@jit(inline=True)
def law_price(i, p, t, seed, episode, word, state, world, static, monthly, grids):
    """The new month's log price before any intervention, for laws that move it by steps."""
    law = static[p, Static.PROCESS]
    growth, log_price = static[p, Static.LOG_DRIFT], state[i, State.LOG_PRICE]
    if monthly[p, t, Month.PRICE_MOVES] <= 0.0:  # before the market opens
        return log_price + growth
    if law == LATTICE:
        change, world[i, World.NODE] = lattice_change(
            world[i, World.NODE],
            growth,
            static[p, Static.LOG_STEP],
            static[p, Static.STATES],
            static[p, Static.UP_CHANCE],
            uniform(word),
        )
        log_price += change
    elif law == JUMPS:
        log_price += jump_change(
            static[p, Static.PROCESS_DRIFT], static[p, Static.DIFFUSION_SD], static[p, Static.JUMP_CHANCE],
            static[p, Static.JUMP_SD], uniform(law_draw(seed, episode, t)[COUNT]), normal(word),
        )  # fmt: skip
    elif law == TWO_REGIMES:
        change, world[i, World.WILD] = regime_change(
            world[i, World.WILD], growth, static[p, Static.CALM_SD], static[p, Static.WILD_SD],
            static[p, Static.BEGINS], static[p, Static.ENDS], uniform(law_draw(seed, episode, t)[REGIME]), normal(word),
        )  # fmt: skip
        log_price += change
    elif law == BOOTSTRAP:
        first = int(static[p, Static.GRID_FIRST])
        log_price += bootstrap_change(grids[first:], static[p, Static.ENTRIES], uniform(word))
    else:
        log_price += reversion_change(
            log_price, static[p, Static.LOG_LEVEL], static[p, Static.PULL], static[p, Static.PROCESS_SD], normal(word)
        )
    return log_price


@jit(inline=True)
def bounded_price(i, p, t, word, state, world, static, monthly, grids, seed, episode):
    """The new month's price where it is a function of the law's own state: the collar, or the equilibrium."""
    if static[p, Static.PROCESS] == COLLARED:
        state[i, State.NEWS] += monthly[p, t, Month.GAP_SD] * normal(word)
        price = collared_price(
            state[i, State.NEWS],
            monthly[p, t, Month.GAP_OFFSET],
            monthly[p, t, Month.GAP_INVERSE_SPREAD],
            monthly[p, t, Month.GAP_DOWN],
            monthly[p, t, Month.GAP_UP],
        )
        state[i, State.PRICE] = (
            price * math.exp(world[i, World.PRESSURE]) if static[p, Static.PERMANENT] > 0.0 else price
        )
        state[i, State.LOG_PRICE] = math.log(state[i, State.PRICE])
    else:
        ended = turn_chain(i, p, t, law_draw(seed, episode, t), world, static, grids)
        chain_prices(i, p, t, state, world, static, monthly, grids)
        # where the long price is that of another vintage from now on, a credit costs what it did
        if monthly[p, t - 1, Month.FRONT_RUNNING] <= 0.0:
            if monthly[p, t, Month.FRONT_RUNNING] > 0.0:
                state[i, State.LOG_OFFSET_RATIO] += math.log(state[i, State.FRONT_RATIO])
            elif ended and world[i, World.SPLIT] > 0.0:
                price = max(world[i, World.SPLIT_PRICE], static[p, Static.LEAST_PRICE])
                state[i, State.LOG_OFFSET_RATIO] += math.log(price) - state[i, State.LOG_PRICE]


@jit(inline=True)
def stale_price(i, p, t, seed, episode, state, static):
    """With some chance trade settles at the price of the month before, while the true price goes on."""
    if uniform(second_draw(seed, episode, t)[STALE]) >= static[p, Static.STALE]:
        state[i, State.PRICE] = math.exp(state[i, State.LOG_PRICE])
    state[i, State.QUOTE_ERROR] = math.log(state[i, State.PRICE]) - state[i, State.LOG_PRICE]


@jit(inline=True)
def drawn_node(place, u):
    """A node of the grid next to a place between two of them, with chances that keep the mean."""
    below = math.floor(place)
    return below + 1.0 if u < place - below else below


@jit(inline=True)
def chain_record(i, p, t, world, static):
    """Where the record of the chain's place in month t begins; see ``equilibrium.tables`` for what it holds."""
    shocks, partner_banks = static[p, Static.GRID_SHOCKS], static[p, Static.GRID_PARTNER_BANKS]
    cell = (world[i, World.NODE] * partner_banks + world[i, World.PARTNER_NODE]) * shocks + world[i, World.SHOCK]
    cells = static[p, Static.GRID_BANKS] * partner_banks * shocks
    return int(static[p, Static.GRID_FIRST] + shocks * shocks + (t * cells + cell) * Record.size)


@jit(inline=True)
def turn_chain(i, p, t, words, world, static, grids):
    """The equilibrium's chain goes from month t - 1 to month t; returns whether a period ended."""
    here = chain_record(i, p, t - 1, world, static)
    outcome = grids[here + Record.OUTCOME]
    ended = outcome >= 0.0
    world[i, World.SPLIT_PRICE] /= static[p, Static.DISCOUNT]
    if ended:
        world[i, World.SPLIT] = 0.0 if outcome == WITHIN else 1.0
        world[i, World.SPLIT_PRICE] = grids[here + Record.RUNNING] / static[p, Static.DISCOUNT]
    if static[p, Static.LINKS] > 0.0:
        outcome, growth = grids[here + Record.PARTNER_OUTCOME], static[p, Static.LINK_GROWTH]
        world[i, World.PARTNER_SPLIT_PRICE] *= growth
        if outcome >= 0.0:
            world[i, World.PARTNER_SPLIT] = 0.0 if outcome == WITHIN else 1.0
            world[i, World.PARTNER_SPLIT_PRICE] = grids[here + Record.PARTNER_RUNNING] * growth
        world[i, World.PARTNER_NODE] = drawn_node(grids[here + Record.PARTNER_LANDING], uniform(words[CHAIN_PARTNER]))
    world[i, World.NODE] = drawn_node(grids[here + Record.LANDING], uniform(words[CHAIN_BANK]))
    shocks = int(static[p, Static.GRID_SHOCKS])
    chances = int(static[p, Static.GRID_FIRST]) + int(world[i, World.SHOCK]) * shocks
    u, shock = uniform(words[CHAIN_SHOCK]), 0
    while shock < shocks - 1 and u >= grids[chances + shock]:
        shock += 1
    world[i, World.SHOCK] = shock
    return ended


@jit(inline=True)
def chain_prices(i, p, t, state, world, static, monthly, grids):
    """Long and front price at the chain's place in month t, and the partner's where both are solved together."""
    here, least = chain_record(i, p, t, world, static), static[p, Static.LEAST_PRICE]
    running = max(grids[here + Record.RUNNING], least)
    if monthly[p, t, Month.FRONT_RUNNING] > 0.0:
        long, front = max(grids[here + Record.AFTER], least), running
    else:
        long, front = running, running
        if world[i, World.SPLIT] > 0.0:
            front = max(world[i, World.SPLIT_PRICE], least)
    state[i, State.LOG_PRICE] = math.log(long)
    state[i, State.PRICE] = long
    if static[p, Static.PERMANENT] > 0.0:
        state[i, State.LOG_PRICE] += world[i, World.PRESSURE]
        state[i, State.PRICE] *= math.exp(world[i, World.PRESSURE])
    state[i, State.FRONT_RATIO] = front / long
    if static[p, Static.LINKS] > 0.0:
        price = grids[here + Record.PARTNER_RUNNING]
        if monthly[p, t, Month.FRONT_RUNNING] <= 0.0 and world[i, World.PARTNER_SPLIT] > 0.0:
            price = world[i, World.PARTNER_SPLIT_PRICE]
        world[i, World.PARTNER_PRICE] = max(price, static[p, Static.PARTNER_LEAST])
