"""What the firms see of a month: the plan and the books, as numbers of order one."""

from __future__ import annotations

import numpy as np

from nea_env.core.elementary import log
from nea_env.core.jit import jit
from nea_env.core.layout import DEADLINE_SCALE, LINK_OPEN, PARTNERS, QUEUE, TECHS, Known, Observation, State, World
from nea_env.core.parameters import Event, Month, Plan, Static
from nea_env.core.play.foreign import foreign_ask
from nea_env.core.rules.abatement import arrival, book_value, invest_value
from nea_env.core.rules.price_processes import EQUILIBRIUM, TWO_REGIMES

ONE = np.float32(1.0)


@jit(inline=True)
def squash(value):
    """Y / (1 + |y|): bounded, smooth, and near y for small y; in float32, which divides faster."""
    single = np.float32(value)
    return single / (ONE + abs(single))


@jit(inline=True)
def clip(value, low, high):
    """Value inside [low, high]."""
    return min(max(value, low), high)


@jit(paste=True)
def observe(firms, rules, t):
    """Fill ``firms.seen``."""
    _see_month(firms, rules, t)
    _see_prices(firms, rules)
    _see_books(firms, rules, t)
    _see_plan(firms, rules)
    _see_technologies(firms, rules, t)
    _see_arrivals(firms, rules, t)
    _see_book_values(firms, rules.own)
    _see_world(firms, rules, t)


@jit(inline=True)
def _see_month(firms, rules, t):
    """What every firm of the run sees alike."""
    seen, own, month = firms.seen, rules.own, rules.monthly[t]
    progress, volume = t * own[Static.PER_HORIZON], month[Month.VOLUME_LIMIT]
    producing = 1.0 if month[Month.OUTPUT] > 0.0 else 0.0
    for i in range(firms.width):
        seen[Observation.PROGRESS, i] = progress
        seen[Observation.SEASON_SIN, i] = month[Month.SEASON_SIN]
        seen[Observation.SEASON_COS, i] = month[Month.SEASON_COS]
        seen[Observation.TO_DEADLINE, i] = clip(month[Month.TO_DEADLINE] * (1.0 / DEADLINE_SCALE), 0.0, 4.0)
        seen[Observation.MARKET_OPEN, i] = month[Month.OPEN]
        seen[Observation.PRODUCING, i] = producing
        seen[Observation.VOLUME_LIMIT, i] = squash(volume * own[Static.PER_ANNUAL])
        seen[Observation.ALLOCATION_KNOWN, i] = month[Month.ALLOCATION_KNOWN]
        seen[Observation.ALLOCATION_RATE, i] = clip(month[Month.ALLOCATION_RATE], 0.0, 2.0)
    for k in range(Known.size):
        for i in range(firms.width):
            seen[Observation.KNOWN + k, i] = month[Month.KNOWN + k]


@jit(inline=True)
def _see_prices(firms, rules):
    """Prices, as quoted, and what past prices set off."""
    state, plan, seen, log_reference = firms.state, firms.plan, firms.seen, rules.own[Static.LOG_REFERENCE]
    for i in range(firms.width):
        ratio, strike = state[State.FRONT_RATIO, i], state[State.STRIKE, i]
        quoted = state[State.LOG_PRICE, i] + state[State.QUOTE_ERROR, i]
        seen[Observation.LOG_PRICE, i] = clip(quoted - log_reference, -8.0, 8.0)
        seen[Observation.FRONT_GAP, i] = clip(ratio - 1.0, -1.0, 1.0)
        seen[Observation.LOG_OFFSET_RATIO, i] = clip(state[State.LOG_OFFSET_RATIO, i], -8.0, 8.0)
        seen[Observation.STRIKE, i] = strike / (strike + plan[Plan.QUOTE, i] * ratio) if strike > 0.0 else 0.0
        seen[Observation.TRIGGER_RUN, i] = clip(state[State.TRIGGER_RUN, i] * (1.0 / 12.0), -2.0, 2.0)
        seen[Observation.INTERVENED, i] = state[State.INTERVENED, i]


@jit(inline=True)
def _see_books(firms, rules, t):
    """What a firm holds and owes, in shares of a year's emissions, and the sales that the next deadline counts."""
    state, plan, seen, year = firms.state, firms.plan, firms.seen, rules.own[Static.PER_ANNUAL]
    e = int(rules.monthly[t, Month.DEADLINE_EVENT])
    sales = State.LONG_SALES if e >= 0 and rules.events[e, Event.BANK_LONG_SALES] > 0.0 else State.NET_SALES
    for i in range(firms.width):
        seen[Observation.FRONT, i] = squash(state[State.FRONT, i] * year)
        seen[Observation.OLD, i] = squash(state[State.OLD, i] * year)
        seen[Observation.NEXT, i] = squash(state[State.NEXT, i] * year)
        seen[Observation.OFFSETS, i] = squash(state[State.OFFSETS, i] * year)
        seen[Observation.FOREIGN, i] = squash(state[State.FOREIGN, i] * year)
        seen[Observation.ACCRUED, i] = squash(state[State.ACCRUED, i] * year)
        seen[Observation.CLOSED, i] = squash(plan[Plan.CLOSED, i] * year)
        seen[Observation.OWED, i] = squash(state[State.OWED, i] * year)
        seen[Observation.DEBT, i] = squash(state[State.DEBT, i] * year)
        seen[Observation.NET_SALES, i] = squash(10.0 * state[sales, i] * year)
        seen[Observation.CREDITS_ISSUED, i] = squash(state[State.CREDITS_ISSUED, i] * year)
        seen[Observation.LOG_OUTPUT, i] = clip(state[State.LOG_OUTPUT, i], -2.0, 2.0)


@jit(inline=True)
def _see_plan(firms, rules):
    """The gap, the suggestions, rights and limits."""
    state, plan, seen, year = firms.state, firms.plan, firms.seen, rules.own[Static.PER_ANNUAL]
    for i in range(firms.width):
        seen[Observation.GAP, i] = squash(10.0 * plan[Plan.GAP, i] * year)
        seen[Observation.EVEN_TRADE, i] = state[State.EVEN_TRADE, i]
        seen[Observation.TARGET_TRADE, i] = state[State.TARGET_TRADE, i]
        seen[Observation.ABATE_AT_PRICE, i] = state[State.ABATE_AT_PRICE, i]
        seen[Observation.CARRY_RIGHT, i] = squash(10.0 * plan[Plan.CARRY, i] * year)
        seen[Observation.BORROW_RIGHT, i] = clip(plan[Plan.BORROW, i] * year, 0.0, 1.0)
        seen[Observation.OFFSET_ROOM, i] = squash(10.0 * state[State.OFFSET_BUYABLE, i] * year)
        room, front_price = state[State.AUCTION_ROOM, i], state[State.PRICE, i] * state[State.FRONT_RATIO, i]
        premium = clip(state[State.AUCTION_PRICE, i] / front_price - 1.0, -1.0, 1.0)
        seen[Observation.AUCTION_ROOM, i] = squash(10.0 * room * year)
        seen[Observation.AUCTION_PREMIUM, i] = premium if room > 0.0 else 0.0


@jit(inline=True)
def _see_technologies(firms, rules, t):
    """Capacity in place and under construction, and what starting more is worth at the price due."""
    state, plan, seen, own, month = firms.state, firms.plan, firms.seen, rules.own, rules.monthly[t]
    for k in range(TECHS):
        per_potential = own[Static.PER_POTENTIAL + k]
        months, running_cost, residual = (
            month[Month.SAVING_MONTHS + k], month[Month.RUNNING_COST + k], month[Month.RESIDUAL + k],
        )  # fmt: skip
        for i in range(firms.width):
            value = invest_value(plan[Plan.PRICE_DUE, i], months, running_cost, residual)
            seen[Observation.CAPACITY + k, i] = min(1.0, state[State.CAPACITY + k, i] * per_potential)
            seen[Observation.BUILDING + k, i] = min(1.0, state[State.BUILDING + k, i] * per_potential)
            seen[Observation.INVEST_VALUE + k, i] = clip(value, -2.0, 6.0) if per_potential > 0.0 else 0.0


@jit(inline=True)
def _see_arrivals(firms, rules, t):
    """Months until capacity under construction next comes on line, at the start of a quarter."""
    seen, queue, own, quarter = firms.seen, firms.queue, rules.own, t // 3
    for i in range(firms.width):
        seen[Observation.TO_ARRIVAL, i] = 0.0
    for k in range(TECHS):
        if own[Static.POTENTIAL + k] > 0.0:
            furthest = arrival(t, int(own[Static.LEAD + k])) // 3 - quarter
            for ahead in range(furthest, 0, -1):
                place, months = k * QUEUE + (quarter + ahead) % QUEUE, np.float32(3 * (quarter + ahead) - t)
                share = months / np.float32(DEADLINE_SCALE)
                for i in range(firms.width):
                    comes = queue[place, i] > 0.0 and (
                        seen[Observation.TO_ARRIVAL, i] == 0.0 or share < seen[Observation.TO_ARRIVAL, i]
                    )
                    seen[Observation.TO_ARRIVAL, i] = share if comes else seen[Observation.TO_ARRIVAL, i]


@jit(inline=True)
def _see_book_values(firms, own):
    """What capacity in place will count for at the end of the episode."""
    state, seen, growth = firms.state, firms.seen, own[Static.BOOK_GROWTH] ** own[Static.HORIZON]
    for k in range(TECHS):
        per_potential, life = own[Static.PER_POTENTIAL + k], own[Static.LIFE_DISCOUNT + k]
        for i in range(firms.width):
            left = book_value(state[State.CAPACITY + k, i], state[State.AGED + k, i] * growth, per_potential, life)
            seen[Observation.BOOK_VALUE + k, i] = clip(left, 0.0, 1.0) if per_potential > 0.0 else 0.0


@jit(inline=True)
def _see_world(firms, rules, t):
    """The regime of prices, the aggregate bank, and the links, where the scenario has them."""
    seen, own = firms.seen, rules.own
    for i in range(firms.width):
        seen[Observation.WILD, i] = 0.0
        seen[Observation.AGGREGATE_BANK, i] = 0.0
        seen[Observation.FOREIGN_ROOM, i] = 0.0
        for k in range(PARTNERS):
            seen[Observation.LINK + k, i] = 0.0
            seen[Observation.FOREIGN_PREMIUM + k, i] = 0.0
    if own[Static.PROCESS] == TWO_REGIMES:
        for i in range(firms.width):
            seen[Observation.WILD, i] = firms.world[World.WILD, i]
    if own[Static.PROCESS] == EQUILIBRIUM:
        for i in range(firms.width):
            bank = own[Static.GRID_LOW] + own[Static.GRID_STEP] * firms.world[World.NODE, i]
            bank += rules.monthly[t, Month.SECOND_LOW]
            bank += rules.monthly[t, Month.SECOND_STEP] * firms.world[World.PARTNER_NODE, i]
            seen[Observation.AGGREGATE_BANK, i] = squash(bank)
    if own[Static.LINKS] > 0.0:
        for i in range(firms.width):
            _show_links(i, firms, own)


@jit(inline=True)
def _show_links(i, firms, own):
    state, world, seen = firms.state, firms.world, firms.seen
    for k in range(int(own[Static.LINKS])):
        seen[Observation.LINK + k, i] = 1.0 if world[World.LINK + k, i] == LINK_OPEN else 0.0
        premium = world[World.LOG_FOREIGN + k, i] - state[State.LOG_PRICE, i]
        if own[Static.LINK_FEE + k] > 0.0:
            premium = log(foreign_ask(i, k, firms, own) / state[State.PRICE, i])
        seen[Observation.FOREIGN_PREMIUM + k, i] = clip(premium, -4.0, 4.0)
    seen[Observation.FOREIGN_ROOM, i] = squash(10.0 * firms.plan[Plan.FOREIGN_ROOM, i] * own[Static.PER_ANNUAL])
