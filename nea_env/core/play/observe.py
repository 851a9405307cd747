"""What a firm sees: the observation of the month that is about to be played, and what it suggests."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core.jit import jit
from nea_env.core.layout import (
    LINK_OPEN,
    SLOTS,
    TECHS,
    Action,
    Known,
    Observation,
    State,
    World,
)
from nea_env.core.parameters import (
    BORROW_DECAYING,
    BORROW_GAP_TEST,
    BORROW_NONE,
    BORROW_SHARE,
    NEVER,
    Event,
    Month,
    Static,
)
from nea_env.core.play.links import foreign_ask, see_links, sellable
from nea_env.core.play.settlement import mean_price
from nea_env.core.rules.abatement import invest_value, share_at_price
from nea_env.core.rules.allocation import duty_under_cap
from nea_env.core.rules.banking import NONE, carry_limit
from nea_env.core.rules.offsets import buyable
from nea_env.core.rules.price_processes import EQUILIBRIUM, TWO_REGIMES
from nea_env.core.rules.trading import auction_price

ONE = np.float32(1.0)


@jit
def squash(value):
    """Y / (1 + |y|): bounded, smooth, and near y for small y; in float32, which divides faster."""
    single = np.float32(value)
    return single / (ONE + abs(single))


@jit
def clip(value, low, high):
    """Value inside [low, high]."""
    return min(max(value, low), high)


@jit
def reserve_price(i, t, history, own_monthly, event):
    """What an auction asks at least: a fixed price, or a multiple of the mean front price of the months before."""
    reserve = event[Event.RESERVE_PRICE]
    if event[Event.RESERVE_MULTIPLE] > 0.0 and t > 0:
        mean = mean_price(i, t - 1, history, own_monthly, int(event[Event.MEAN_MONTHS]), True)
        reserve = min(max(reserve, event[Event.RESERVE_MULTIPLE] * mean), event[Event.RESERVE_CAP])
    return reserve


@jit
def observe_rows(low, high, pick, months, state, world, history, static, monthly, events, observation, mask):
    """Write observations (n, OBSERVATION) float32 and masks (n, ACTIONS) bool of rows ``low`` to ``high``.

    A mask says which actions can change anything this month. What the observation suggests is kept in the state.
    """
    for i in range(low, high):
        p, t = pick[i], months[i]
        year = static[p, Static.PER_ANNUAL]
        capacity_share = 0.0
        for k in range(TECHS):
            capacity_share += state[i, State.CAPACITY + k]
        capacity_share *= 12.0 * year

        # what falls due at the next deadline; months still to come enter at baseline less the capacity in place
        closed, due, allocation = (
            0.0,
            0.0,
            monthly[p, t, Month.FUTURE_ALLOCATION] - monthly[p, t, Month.DEBT_DUE] * state[i, State.DEBT],
        )
        for k in range(SLOTS):
            waiting = state[i, State.CLOSED + k]
            closed += waiting
            if monthly[p, t, Month.DUE_CLOSED + k] > 0.0:
                final = monthly[p, t, Month.RATE + k] * state[i, State.CLOSED_OUTPUT + k]
                final += monthly[p, t, Month.FREE + k] * waiting
                due += duty_under_cap(waiting, final, monthly[p, t, Month.DEFICIT_CAP + k])
                allocation += final - state[i, State.PREALLOCATED + k]
        if monthly[p, t, Month.DUE_ACCRUED] > 0.0:
            due += state[i, State.ACCRUED]
            allocation += monthly[p, t, Month.RATE_RUNNING] * state[i, State.ACCRUED_OUTPUT]
            allocation += monthly[p, t, Month.FREE_RUNNING] * state[i, State.ACCRUED]
        duty_ahead = due + monthly[p, t, Month.FUTURE_EMISSIONS] * (1.0 - capacity_share)
        if monthly[p, t, Month.CAP_DUE] > 0.0:  # only what exceeds the cap of the whole period is owed
            duty_ahead -= monthly[p, t, Month.CAP_DUE]
            due = max(0.0, duty_ahead)
        duty = state[i, State.OWED] + due
        duty_ahead += state[i, State.OWED]

        # offset credits that can still be bought
        limit = (
            monthly[p, t, Month.OFFSET_SHARE] * due + monthly[p, t, Month.OFFSET_FIXED] + state[i, State.OFFSET_ROOM]
        )
        offset_open = static[p, Static.HAS_OFFSET] * monthly[p, t, Month.OPEN]
        state[i, State.OFFSET_BUYABLE] = offset_open * buyable(limit, duty, state[i, State.OFFSETS])

        foreign = 0.0
        if static[p, Static.LINKS] > 0.0:
            foreign = see_links(i, p, due, duty, monthly[p, t, Month.OPEN] > 0.0, state, world, static)

        # the gap at the next deadline, the trade that closes it evenly, and the abatement that meets the price
        gap = 0.0
        even = 0.0
        room = 0.0
        volume = monthly[p, t, Month.VOLUME_LIMIT]
        seen = state[i, State.PRICE]
        if static[p, Static.QUOTE_SD] > 0.0:
            seen *= math.exp(state[i, State.QUOTE_ERROR])
        if monthly[p, t, Month.DEADLINE_EVENT] >= 0.0:
            gap = duty_ahead - allocation - state[i, State.FRONT] - min(state[i, State.OFFSETS], limit) - foreign
            held = int(monthly[p, t, Month.AUCTION_EVENT])
            front_price = state[i, State.PRICE] * state[i, State.FRONT_RATIO]
            state[i, State.AUCTION_PRICE] = front_price
            if held >= 0:
                reserve = events[p, held, Event.RESERVE_PRICE]
                if events[p, held, Event.RESERVE_MULTIPLE] > 0.0:
                    reserve = reserve_price(i, t, history, monthly[p], events[p, held])
                state[i, State.AUCTION_PRICE] = auction_price(
                    front_price, events[p, held, Event.DISCOUNT], reserve, events[p, held, Event.FEE]
                )
                room = events[p, held, Event.AMOUNT]
                if events[p, held, Event.SHORT_ONLY] > 0.0:
                    room = min(room, max(0.0, gap))
                if events[p, held, Event.OWN_USE] > 0.0:  # nothing but the verified duty that is not covered yet
                    covered = state[i, State.FRONT] + min(state[i, State.OFFSETS], limit) + foreign
                    room = min(room, max(0.0, state[i, State.OWED] - covered))
            trigger = int(monthly[p, t, Month.TRIGGER_EVENT])
            own_use = held >= 0 and events[p, held, Event.OWN_USE] > 0.0
            if trigger >= 0 and state[i, State.INTERVENED] > 0.0 and not own_use:  # a reserve sale follows high prices
                room += events[p, trigger, Event.SALE_SHARE] * max(0.0, gap)
            if monthly[p, t, Month.MONTHS_TO_TRADE] > 0.0:
                reach = monthly[p, t, Month.MONTHS_TO_TRADE] * (volume + room if gap > 0.0 else volume)
                even = clip(gap / reach, -1.0, 1.0)
        state[i, State.AUCTION_ROOM] = room
        price_due = seen * (state[i, State.FRONT_RATIO] if monthly[p, t, Month.PRICE_DUE_FRONT] > 0.0 else 1.0)
        at_price = 0.0
        if monthly[p, t, Month.OUTPUT] > 0.0:
            at_price = share_at_price(
                price_due * max(0.0, monthly[p, t, Month.MARGINAL]),
                static[p, Static.ABATE_PER_SCALE],
                static[p, Static.ABATE_PER_SHARE],
            )
            if static[p, Static.TRADABLE] <= 0.0:  # abatement alone meets the target: evenly to year's end
                target = (
                    monthly[p, t, Month.ALLOCATION_RATE] * static[p, Static.ANNUAL_EMISSIONS] - state[i, State.ACCRUED]
                )
                coming = monthly[p, t, Month.YEAR_LEFT] * (1.0 - capacity_share)
                possible = static[p, Static.ABATE_MAX] * coming
                at_price = clip((coming - target) / possible, 0.0, 1.0) if possible > 0.0 else 0.0
        state[i, State.EVEN_TRADE] = even
        state[i, State.ABATE_AT_PRICE] = at_price

        producing = monthly[p, t, Month.OUTPUT] > 0.0
        settles = monthly[p, t, Month.TO_DEADLINE] == 0.0
        potential_rate = 0.0
        for k in range(TECHS):
            potential_rate += static[p, Static.POTENTIAL + k] * static[p, Static.INVEST_RATE]
        mask[i, Action.TRADE] = volume + room > 0.0
        mask[i, Action.ABATE] = producing and static[p, Static.ABATE_MAX] > 0.0
        mask[i, Action.INVEST] = producing and potential_rate > 0.0
        mask[i, Action.OFFSET] = state[i, State.OFFSET_BUYABLE] > 0.0
        mask[i, Action.BORROW], mask[i, Action.BANK] = False, False
        mask[i, Action.FOREIGN] = False
        mask[i, Action.OUTPUT] = producing and static[p, Static.FLEXIBILITY] > 0.0

        carry, borrow = 0.0, 0.0
        if monthly[p, t, Month.DEADLINE_EVENT] >= 0.0:
            e = int(monthly[p, t, Month.DEADLINE_EVENT])
            surplus = max(0.0, -gap)
            if state[i, State.AUCTIONED] > 0.0:  # surrendered first, and what is left of them cannot be carried
                surplus -= min(surplus, max(0.0, state[i, State.AUCTIONED] + surplus - state[i, State.FRONT]))
            sales = state[i, State.NET_SALES]
            if events[p, e, Event.BANK_LONG_SALES] > 0.0:
                sales = state[i, State.LONG_SALES] / events[p, e, Event.BANK_SALES_YEARS]
            carry = carry_limit(
                int(events[p, e, Event.BANK_RULE]), surplus, min(surplus, state[i, State.OLD]),
                events[p, e, Event.BANK_BASE], events[p, e, Event.BANK_MULTIPLE], sales,
                events[p, e, Event.SMALL_HOLDER], events[p, e, Event.DEFICIT_EXEMPT] * state[i, State.DEFICIT] > 0.0,
                events[p, e, Event.LOST_IF_MISSED] * state[i, State.MISSED] > 0.0, min(surplus, state[i, State.TRADED]),
            )  # fmt: skip
            rule = int(events[p, e, Event.BORROW_RULE])
            mask[i, Action.BORROW] = settles and rule != BORROW_NONE
            mask[i, Action.BANK] = settles and events[p, e, Event.BANK_RULE] != NONE
            if rule == BORROW_SHARE:
                borrow = events[p, e, Event.BORROW_SHARE] * duty
            elif rule == BORROW_DECAYING:
                borrow = state[i, State.BORROW_LIMIT] * duty
            elif rule == BORROW_GAP_TEST:
                borrow = state[i, State.BORROW_PERMIT]

        ratio = state[i, State.FRONT_RATIO]
        strike = state[i, State.STRIKE]
        observation[i, Observation.PROGRESS] = t * static[p, Static.PER_HORIZON]
        observation[i, Observation.SEASON_SIN] = monthly[p, t, Month.SEASON_SIN]
        observation[i, Observation.SEASON_COS] = monthly[p, t, Month.SEASON_COS]
        observation[i, Observation.TO_DEADLINE] = clip(monthly[p, t, Month.TO_DEADLINE] * (1.0 / 24.0), 0.0, 4.0)
        observation[i, Observation.MARKET_OPEN] = monthly[p, t, Month.OPEN]
        observation[i, Observation.PRODUCING] = 1.0 if monthly[p, t, Month.OUTPUT] > 0.0 else 0.0
        observation[i, Observation.LOG_PRICE] = clip(
            state[i, State.LOG_PRICE] + state[i, State.QUOTE_ERROR] - static[p, Static.LOG_REFERENCE], -8.0, 8.0
        )
        observation[i, Observation.FRONT_GAP] = clip(ratio - 1.0, -1.0, 1.0)
        observation[i, Observation.LOG_OFFSET_RATIO] = clip(state[i, State.LOG_OFFSET_RATIO], -8.0, 8.0)
        observation[i, Observation.STRIKE] = strike / (strike + seen * ratio) if strike > 0.0 else 0.0
        observation[i, Observation.FRONT] = squash(state[i, State.FRONT] * year)
        observation[i, Observation.OLD] = squash(state[i, State.OLD] * year)
        observation[i, Observation.NEXT] = squash(state[i, State.NEXT] * year)
        observation[i, Observation.OFFSETS] = squash(state[i, State.OFFSETS] * year)
        observation[i, Observation.FOREIGN] = squash(state[i, State.FOREIGN] * year)
        observation[i, Observation.ACCRUED] = squash(state[i, State.ACCRUED] * year)
        observation[i, Observation.CLOSED] = squash(closed * year)
        observation[i, Observation.OWED] = squash(state[i, State.OWED] * year)
        observation[i, Observation.DEBT] = squash(state[i, State.DEBT] * year)
        observation[i, Observation.GAP] = squash(10.0 * gap * year)
        observation[i, Observation.EVEN_TRADE] = even
        observation[i, Observation.VOLUME_LIMIT] = squash(volume * year)
        observation[i, Observation.ABATE_AT_PRICE] = at_price
        observation[i, Observation.NET_SALES] = squash(10.0 * state[i, State.NET_SALES] * year)
        observation[i, Observation.CARRY_RIGHT] = squash(10.0 * carry * year)
        observation[i, Observation.BORROW_RIGHT] = clip(borrow * year, 0.0, 1.0)
        observation[i, Observation.OFFSET_ROOM] = squash(10.0 * state[i, State.OFFSET_BUYABLE] * year)
        observation[i, Observation.CREDITS_ISSUED] = squash(state[i, State.CREDITS_ISSUED] * year)
        observation[i, Observation.ALLOCATION_KNOWN] = monthly[p, t, Month.ALLOCATION_KNOWN]
        observation[i, Observation.ALLOCATION_RATE] = clip(monthly[p, t, Month.ALLOCATION_RATE], 0.0, 2.0)
        observation[i, Observation.LOG_OUTPUT] = clip(state[i, State.LOG_OUTPUT], -2.0, 2.0)
        for k in range(TECHS):
            per_potential = static[p, Static.PER_POTENTIAL + k]
            value = 0.0
            if per_potential > 0.0:
                value = invest_value(
                    price_due,
                    monthly[p, t, Month.SAVING_MONTHS + k],
                    monthly[p, t, Month.RUNNING_COST + k],
                    monthly[p, t, Month.RESIDUAL + k],
                )
            observation[i, Observation.CAPACITY + k] = min(1.0, state[i, State.CAPACITY + k] * per_potential)
            observation[i, Observation.BUILDING + k] = min(1.0, state[i, State.BUILDING + k] * per_potential)
            observation[i, Observation.INVEST_VALUE + k] = clip(value, -2.0, 6.0)
        observation[i, Observation.AUCTION_ROOM] = squash(10.0 * room * year)
        observation[i, Observation.AUCTION_PREMIUM] = 0.0
        if room > 0.0:
            observation[i, Observation.AUCTION_PREMIUM] = clip(
                state[i, State.AUCTION_PRICE] / (state[i, State.PRICE] * ratio) - 1.0, -1.0, 1.0
            )
        observation[i, Observation.TRIGGER_RUN] = clip(state[i, State.TRIGGER_RUN] * (1.0 / 12.0), -2.0, 2.0)
        observation[i, Observation.INTERVENED] = state[i, State.INTERVENED]
        for k in range(Known.size):
            observation[i, Observation.KNOWN + k] = monthly[p, t, Month.KNOWN + k]
        for column in range(Observation.WILD, Observation.FOREIGN_ROOM + 1):
            observation[i, column] = 0.0
        if (
            static[p, Static.PROCESS] == TWO_REGIMES
            or static[p, Static.PROCESS] == EQUILIBRIUM
            or static[p, Static.LINKS] > 0.0
        ):
            observe_market(i, p, volume, year, state, world, static, observation, mask)
        any_action = False
        for a in range(Action.size):
            any_action = any_action or mask[i, a]
        mask[i, Action.ABATE] = (
            mask[i, Action.ABATE] or not any_action
        )  # agents with masks need a choice, even an idle one


@jit(inline=True)
def observe_market(i, p, volume, year, state, world, static, observation, mask):
    """The regime of prices, the aggregate bank, and the links; and whether foreign units can be traded."""
    observation[i, Observation.WILD] = world[i, World.WILD]
    if static[p, Static.PROCESS] == EQUILIBRIUM:
        bank = static[p, Static.GRID_LOW] + static[p, Static.GRID_STEP] * world[i, World.NODE]
        observation[i, Observation.AGGREGATE_BANK] = squash(bank)
    room = 0.0
    for k in range(int(static[p, Static.LINKS])):
        opened = world[i, World.LINK + k] == LINK_OPEN
        observation[i, Observation.LINK + k] = 1.0 if opened else 0.0
        premium = world[i, World.LOG_FOREIGN + k] - state[i, State.LOG_PRICE]
        if static[p, Static.LINK_FEE + k] > 0.0:
            premium = math.log(foreign_ask(i, p, k, state, world, static) / state[i, State.PRICE])
        observation[i, Observation.FOREIGN_PREMIUM + k] = clip(premium, -4.0, 4.0)
        tradable = world[i, World.BUYABLE + k] > 0.0 or (
            world[i, World.HELD + k] > 0.0 and sellable(i, p, k, world, static)
        )
        mask[i, Action.FOREIGN] = mask[i, Action.FOREIGN] or (volume > 0.0 and tradable)
        room += world[i, World.BUYABLE + k]
    if room < NEVER:  # partners whose units count against the duty alone share it
        room = min(room, world[i, World.UNCOVERED])
    observation[i, Observation.FOREIGN_ROOM] = squash(10.0 * min(room, volume) * year)
