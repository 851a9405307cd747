"""The home price of a new month under every law but the default, and the market's state at the start of an episode.

The laws themselves are in ``price_laws.py`` (changes of the log price), ``prices.py`` (the collar) and
``equilibrium/solve.py`` (a chain on aggregate bank and shock, solved before the batch is made).
"""

from __future__ import annotations

import math

from nea_env.core import parameters as col
from nea_env.core.equilibrium.problem import WITHIN
from nea_env.core.equilibrium.tables import (
    AFTER,
    LANDING,
    OUTCOME,
    PARTNER_LANDING,
    PARTNER_OUTCOME,
    PARTNER_RUNNING,
    RECORD,
    RUNNING,
)  # fmt: skip
from nea_env.core.jit import jit
from nea_env.core.layout import (
    FRONT_RATIO,
    LOG_OFFSET_RATIO,
    LOG_PRICE,
    NEWS,
    NODE,
    PARTNER_NODE,
    PARTNER_PRICE,
    PARTNER_SPLIT,
    PARTNER_SPLIT_PRICE,
    PRESSURE,
    PRICE,
    QUOTE_ERROR,
    SHOCK,
    SPLIT,
    SPLIT_PRICE,
    WILD,
)  # fmt: skip
from nea_env.core.price_laws import (
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
from nea_env.core.prices import collared_price
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


@jit
def start_market(i, p, seed, episode, state, world, static, monthly, grids):
    """The state that a law keeps, and the price where the law, not the scenario, sets it."""
    law = static[p, col.P_LAW]
    if law == LATTICE:
        world[i, NODE] = 0.5 * (static[p, col.P_STATES] - 1.0)
    elif law == TWO_REGIMES:
        world[i, WILD] = regime_start(static[p, col.P_WILD_SHARE], uniform(law_draw(seed, episode, 0)[REGIME]))
    elif law == EQUILIBRIUM:
        words = law_draw(seed, episode, 0)
        world[i, NODE] = drawn_node(static[p, col.P_GRID_NODE], uniform(words[CHAIN_BANK]))
        world[i, PARTNER_NODE] = drawn_node(static[p, col.P_GRID_PARTNER_NODE], uniform(words[CHAIN_PARTNER]))
        world[i, SHOCK] = static[p, col.P_GRID_SHOCK]
        chain_prices(i, p, 0, state, world, static, monthly, grids)


@jit(inline=True)
def law_price(i, p, t, seed, episode, word, state, world, static, monthly, grids):
    """The new month's log price before any intervention, for laws that move it by steps."""
    law = static[p, col.P_LAW]
    growth, log_price = static[p, col.P_LOG_DRIFT], state[i, LOG_PRICE]
    if monthly[p, t, col.M_PRICE_MOVES] <= 0.0:  # before the market opens
        return log_price + growth
    if law == LATTICE:
        change, world[i, NODE] = lattice_change(
            world[i, NODE],
            growth,
            static[p, col.P_LOG_STEP],
            static[p, col.P_STATES],
            static[p, col.P_UP_CHANCE],
            uniform(word),
        )
        log_price += change
    elif law == JUMPS:
        log_price += jump_change(
            static[p, col.P_LAW_DRIFT], static[p, col.P_DIFFUSION_SD], static[p, col.P_JUMP_CHANCE],
            static[p, col.P_JUMP_SD], uniform(law_draw(seed, episode, t)[COUNT]), normal(word),
        )  # fmt: skip
    elif law == TWO_REGIMES:
        change, world[i, WILD] = regime_change(
            world[i, WILD], growth, static[p, col.P_CALM_SD], static[p, col.P_WILD_SD], static[p, col.P_BEGINS],
            static[p, col.P_ENDS], uniform(law_draw(seed, episode, t)[REGIME]), normal(word),
        )  # fmt: skip
        log_price += change
    elif law == BOOTSTRAP:
        first = int(static[p, col.P_GRID_FIRST])
        log_price += bootstrap_change(grids[first:], static[p, col.P_ENTRIES], uniform(word))
    else:
        log_price += reversion_change(
            log_price, static[p, col.P_LOG_LEVEL], static[p, col.P_PULL], static[p, col.P_LAW_SD], normal(word)
        )
    return log_price


@jit(inline=True)
def bounded_price(i, p, t, word, state, world, static, monthly, grids, seed, episode):
    """The new month's price where it is a function of the law's own state: the collar, or the equilibrium."""
    if static[p, col.P_LAW] == COLLARED:
        state[i, NEWS] += monthly[p, t, col.M_GAP_SD] * normal(word)
        price = collared_price(
            state[i, NEWS],
            monthly[p, t, col.M_GAP_OFFSET],
            monthly[p, t, col.M_GAP_INVERSE_SPREAD],
            monthly[p, t, col.M_GAP_DOWN],
            monthly[p, t, col.M_GAP_UP],
        )
        state[i, PRICE] = price * math.exp(world[i, PRESSURE]) if static[p, col.P_PERMANENT] > 0.0 else price
        state[i, LOG_PRICE] = math.log(state[i, PRICE])
    else:
        ended = turn_chain(i, p, t, law_draw(seed, episode, t), world, static, grids)
        chain_prices(i, p, t, state, world, static, monthly, grids)
        # where the long price is that of another vintage from now on, a credit costs what it did
        if monthly[p, t - 1, col.M_FRONT_RUNNING] <= 0.0:
            if monthly[p, t, col.M_FRONT_RUNNING] > 0.0:
                state[i, LOG_OFFSET_RATIO] += math.log(state[i, FRONT_RATIO])
            elif ended and world[i, SPLIT] > 0.0:
                price = max(world[i, SPLIT_PRICE], static[p, col.P_LEAST_PRICE])
                state[i, LOG_OFFSET_RATIO] += math.log(price) - state[i, LOG_PRICE]


@jit(inline=True)
def stale_price(i, p, t, seed, episode, state, static):
    """With some chance trade settles at the price of the month before, while the true price goes on."""
    if uniform(second_draw(seed, episode, t)[STALE]) >= static[p, col.P_STALE]:
        state[i, PRICE] = math.exp(state[i, LOG_PRICE])
    state[i, QUOTE_ERROR] = math.log(state[i, PRICE]) - state[i, LOG_PRICE]


@jit(inline=True)
def drawn_node(place, u):
    """A node of the grid next to a place between two of them, with chances that keep the mean."""
    below = math.floor(place)
    return below + 1.0 if u < place - below else below


@jit(inline=True)
def chain_record(i, p, t, world, static):
    """Where the record of the chain's place in month t begins; see ``equilibrium.tables`` for what it holds."""
    shocks, partner_banks = static[p, col.P_GRID_SHOCKS], static[p, col.P_GRID_PARTNER_BANKS]
    cell = (world[i, NODE] * partner_banks + world[i, PARTNER_NODE]) * shocks + world[i, SHOCK]
    cells = static[p, col.P_GRID_BANKS] * partner_banks * shocks
    return int(static[p, col.P_GRID_FIRST] + shocks * shocks + (t * cells + cell) * RECORD)


@jit(inline=True)
def turn_chain(i, p, t, words, world, static, grids):
    """The equilibrium's chain goes from month t - 1 to month t; returns whether a period ended."""
    here = chain_record(i, p, t - 1, world, static)
    outcome = grids[here + OUTCOME]
    ended = outcome >= 0.0
    world[i, SPLIT_PRICE] /= static[p, col.P_DISCOUNT]
    if ended:
        world[i, SPLIT] = 0.0 if outcome == WITHIN else 1.0
        world[i, SPLIT_PRICE] = grids[here + RUNNING] / static[p, col.P_DISCOUNT]
    if static[p, col.P_LINKS] > 0.0:
        outcome, growth = grids[here + PARTNER_OUTCOME], static[p, col.P_LINK_GROWTH]
        world[i, PARTNER_SPLIT_PRICE] *= growth
        if outcome >= 0.0:
            world[i, PARTNER_SPLIT] = 0.0 if outcome == WITHIN else 1.0
            world[i, PARTNER_SPLIT_PRICE] = grids[here + PARTNER_RUNNING] * growth
        world[i, PARTNER_NODE] = drawn_node(grids[here + PARTNER_LANDING], uniform(words[CHAIN_PARTNER]))
    world[i, NODE] = drawn_node(grids[here + LANDING], uniform(words[CHAIN_BANK]))
    shocks = int(static[p, col.P_GRID_SHOCKS])
    chances = int(static[p, col.P_GRID_FIRST]) + int(world[i, SHOCK]) * shocks
    u, shock = uniform(words[CHAIN_SHOCK]), 0
    while shock < shocks - 1 and u >= grids[chances + shock]:
        shock += 1
    world[i, SHOCK] = shock
    return ended


@jit(inline=True)
def chain_prices(i, p, t, state, world, static, monthly, grids):
    """Long and front price at the chain's place in month t, and the partner's where both are solved together."""
    here, least = chain_record(i, p, t, world, static), static[p, col.P_LEAST_PRICE]
    running = max(grids[here + RUNNING], least)
    if monthly[p, t, col.M_FRONT_RUNNING] > 0.0:
        long, front = max(grids[here + AFTER], least), running
    else:
        long, front = running, running
        if world[i, SPLIT] > 0.0:
            front = max(world[i, SPLIT_PRICE], least)
    state[i, LOG_PRICE] = math.log(long)
    state[i, PRICE] = long
    if static[p, col.P_PERMANENT] > 0.0:
        state[i, LOG_PRICE] += world[i, PRESSURE]
        state[i, PRICE] *= math.exp(world[i, PRESSURE])
    state[i, FRONT_RATIO] = front / long
    if static[p, col.P_LINKS] > 0.0:
        price = grids[here + PARTNER_RUNNING]
        if monthly[p, t, col.M_FRONT_RUNNING] <= 0.0 and world[i, PARTNER_SPLIT] > 0.0:
            price = world[i, PARTNER_SPLIT_PRICE]
        world[i, PARTNER_PRICE] = max(price, static[p, col.P_PARTNER_LEAST])
