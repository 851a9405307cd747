"""What a firm sees: the observation of the month that is about to be played, and what it suggests."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core import parameters as col
from nea_env.core.abatement import invest_value, share_at_price
from nea_env.core.allocation import duty_under_cap
from nea_env.core.banking import NONE, carry_limit
from nea_env.core.jit import jit
from nea_env.core.layout import (
    ABATE,
    ABATE_AT_PRICE,
    ACCRUED,
    ACCRUED_OUTPUT,
    ACTIONS,
    AUCTION_PRICE,
    AUCTION_ROOM,
    AUCTIONED,
    BANK,
    BORROW,
    BORROW_LIMIT,
    BORROW_PERMIT,
    BUILDING,
    BUYABLE,
    CAPACITY,
    CLOSED,
    CLOSED_OUTPUT,
    CREDITS_ISSUED,
    DEBT,
    DEFICIT,
    EVEN_TRADE,
    FOREIGN,
    FOREIGN_TRADE,
    FRONT,
    FRONT_RATIO,
    HELD,
    INTERVENED,
    INVEST,
    LAW,
    LINK,
    LOG_FOREIGN,
    LOG_OFFSET_RATIO,
    LOG_OUTPUT,
    LOG_PRICE,
    LONG_SALES,
    MISSED,
    NET_SALES,
    NEXT,
    NODE,
    OBS_INDEX,
    OFFSET,
    OFFSET_BUYABLE,
    OFFSET_ROOM,
    OFFSETS,
    OLD,
    OUTPUT,
    OWED,
    PARTNERS,
    PREALLOCATED,
    PRICE,
    QUOTE_ERROR,
    SLOTS,
    STRIKE,
    TECHS,
    TRADE,
    TRADED,
    TRIGGER_RUN,
    UNCOVERED,
    WILD,
)  # fmt: skip
from nea_env.core.links import OPEN, foreign_ask, see_links, sellable
from nea_env.core.offsets import buyable
from nea_env.core.periods import NEVER
from nea_env.core.price_laws import EQUILIBRIUM, TWO_REGIMES
from nea_env.core.settle import mean_price
from nea_env.core.trading import auction_price

N_ACTIONS = len(ACTIONS)
N_LAW = len(LAW)
O_MARKET = OBS_INDEX["wild"]
N_MARKET = len(OBS_INDEX) - O_MARKET
O_AUCTION, O_LAW = OBS_INDEX["auction_room"], OBS_INDEX[LAW[0]]
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
    reserve = event[col.E_RESERVE_PRICE]
    if event[col.E_RESERVE_MULTIPLE] > 0.0 and t > 0:
        mean = mean_price(i, t - 1, history, own_monthly, int(event[col.E_MEAN_MONTHS]), True)
        reserve = min(max(reserve, event[col.E_RESERVE_MULTIPLE] * mean), event[col.E_RESERVE_CAP])
    return reserve


@jit
def observe_rows(low, high, pick, months, state, world, history, static, monthly, events, observation, mask):
    """Write observations (n, OBSERVATION) float32 and masks (n, ACTIONS) bool of rows ``low`` to ``high``.

    A mask says which actions can change anything this month. What the observation suggests is kept in the state.
    """
    for i in range(low, high):
        p, t = pick[i], months[i]
        year = static[p, col.P_PER_ANNUAL]
        capacity_share = 0.0
        for k in range(TECHS):
            capacity_share += state[i, CAPACITY + k]
        capacity_share *= 12.0 * year

        # what falls due at the next deadline; months still to come enter at baseline less the capacity in place
        closed, due, allocation = (
            0.0,
            0.0,
            monthly[p, t, col.M_FUTURE_ALLOCATION] - monthly[p, t, col.M_DEBT_DUE] * state[i, DEBT],
        )
        for k in range(SLOTS):
            waiting = state[i, CLOSED + k]
            closed += waiting
            if monthly[p, t, col.M_DUE_CLOSED + k] > 0.0:
                final = monthly[p, t, col.M_RATE + k] * state[i, CLOSED_OUTPUT + k]
                final += monthly[p, t, col.M_FREE + k] * waiting
                due += duty_under_cap(waiting, final, monthly[p, t, col.M_DEFICIT_CAP + k])
                allocation += final - state[i, PREALLOCATED + k]
        if monthly[p, t, col.M_DUE_ACCRUED] > 0.0:
            due += state[i, ACCRUED]
            allocation += monthly[p, t, col.M_RATE_RUNNING] * state[i, ACCRUED_OUTPUT]
            allocation += monthly[p, t, col.M_FREE_RUNNING] * state[i, ACCRUED]
        duty_ahead = due + monthly[p, t, col.M_FUTURE_EMISSIONS] * (1.0 - capacity_share)
        if monthly[p, t, col.M_CAP_DUE] > 0.0:  # only what exceeds the cap of the whole period is owed
            duty_ahead -= monthly[p, t, col.M_CAP_DUE]
            due = max(0.0, duty_ahead)
        duty = state[i, OWED] + due
        duty_ahead += state[i, OWED]

        # offset credits that can still be bought
        limit = monthly[p, t, col.M_OFFSET_SHARE] * due + monthly[p, t, col.M_OFFSET_FIXED] + state[i, OFFSET_ROOM]
        offset_open = static[p, col.P_HAS_OFFSET] * monthly[p, t, col.M_OPEN]
        state[i, OFFSET_BUYABLE] = offset_open * buyable(limit, duty, state[i, OFFSETS])

        foreign = 0.0
        if static[p, col.P_LINKS] > 0.0:
            foreign = see_links(i, p, due, duty, monthly[p, t, col.M_OPEN] > 0.0, state, world, static)

        # the gap at the next deadline, the trade that closes it evenly, and the abatement that meets the price
        gap = 0.0
        even = 0.0
        room = 0.0
        volume = monthly[p, t, col.M_VOLUME_LIMIT]
        seen = state[i, PRICE]
        if static[p, col.P_QUOTE_SD] > 0.0:
            seen *= math.exp(state[i, QUOTE_ERROR])
        if monthly[p, t, col.M_DEADLINE_EVENT] >= 0.0:
            gap = duty_ahead - allocation - state[i, FRONT] - min(state[i, OFFSETS], limit) - foreign
            held = int(monthly[p, t, col.M_AUCTION_EVENT])
            front_price = state[i, PRICE] * state[i, FRONT_RATIO]
            state[i, AUCTION_PRICE] = front_price
            if held >= 0:
                reserve = events[p, held, col.E_RESERVE_PRICE]
                if events[p, held, col.E_RESERVE_MULTIPLE] > 0.0:
                    reserve = reserve_price(i, t, history, monthly[p], events[p, held])
                state[i, AUCTION_PRICE] = auction_price(
                    front_price, events[p, held, col.E_DISCOUNT], reserve, events[p, held, col.E_FEE]
                )
                room = events[p, held, col.E_AMOUNT]
                if events[p, held, col.E_SHORT_ONLY] > 0.0:
                    room = min(room, max(0.0, gap))
                if events[p, held, col.E_OWN_USE] > 0.0:  # nothing but the verified duty that is not covered yet
                    covered = state[i, FRONT] + min(state[i, OFFSETS], limit) + foreign
                    room = min(room, max(0.0, state[i, OWED] - covered))
            trigger = int(monthly[p, t, col.M_TRIGGER_EVENT])
            own_use = held >= 0 and events[p, held, col.E_OWN_USE] > 0.0
            if trigger >= 0 and state[i, INTERVENED] > 0.0 and not own_use:  # a reserve sale follows high prices
                room += events[p, trigger, col.E_SALE_SHARE] * max(0.0, gap)
            if monthly[p, t, col.M_MONTHS_TO_TRADE] > 0.0:
                reach = monthly[p, t, col.M_MONTHS_TO_TRADE] * (volume + room if gap > 0.0 else volume)
                even = clip(gap / reach, -1.0, 1.0)
        state[i, AUCTION_ROOM] = room
        price_due = seen * (state[i, FRONT_RATIO] if monthly[p, t, col.M_PRICE_DUE_FRONT] > 0.0 else 1.0)
        at_price = 0.0
        if monthly[p, t, col.M_OUTPUT] > 0.0:
            at_price = share_at_price(
                price_due * max(0.0, monthly[p, t, col.M_MARGINAL]),
                static[p, col.P_ABATE_PER_SCALE],
                static[p, col.P_ABATE_PER_SHARE],
            )
            if static[p, col.P_TRADABLE] <= 0.0:  # abatement alone meets the target: evenly to year's end
                target = monthly[p, t, col.M_ALLOCATION_RATE] * static[p, col.P_ANNUAL] - state[i, ACCRUED]
                coming = monthly[p, t, col.M_YEAR_LEFT] * (1.0 - capacity_share)
                possible = static[p, col.P_ABATE_MAX] * coming
                at_price = clip((coming - target) / possible, 0.0, 1.0) if possible > 0.0 else 0.0
        state[i, EVEN_TRADE] = even
        state[i, ABATE_AT_PRICE] = at_price

        producing = monthly[p, t, col.M_OUTPUT] > 0.0
        settles = monthly[p, t, col.M_TO_DEADLINE] == 0.0
        potential_rate = 0.0
        for k in range(TECHS):
            potential_rate += static[p, col.P_POTENTIAL + k] * static[p, col.P_INVEST_RATE]
        mask[i, TRADE] = volume + room > 0.0
        mask[i, ABATE] = producing and static[p, col.P_ABATE_MAX] > 0.0
        mask[i, INVEST] = producing and potential_rate > 0.0
        mask[i, OFFSET] = state[i, OFFSET_BUYABLE] > 0.0
        mask[i, BORROW], mask[i, BANK] = False, False
        mask[i, FOREIGN_TRADE] = False
        mask[i, OUTPUT] = producing and static[p, col.P_FLEXIBILITY] > 0.0

        carry, borrow = 0.0, 0.0
        if monthly[p, t, col.M_DEADLINE_EVENT] >= 0.0:
            e = int(monthly[p, t, col.M_DEADLINE_EVENT])
            surplus = max(0.0, -gap)
            if state[i, AUCTIONED] > 0.0:  # surrendered first, and what is left of them cannot be carried
                surplus -= min(surplus, max(0.0, state[i, AUCTIONED] + surplus - state[i, FRONT]))
            sales = state[i, NET_SALES]
            if events[p, e, col.E_BANK_LONG_SALES] > 0.0:
                sales = state[i, LONG_SALES] / events[p, e, col.E_BANK_SALES_YEARS]
            carry = carry_limit(
                int(events[p, e, col.E_BANK_RULE]), surplus, min(surplus, state[i, OLD]), events[p, e, col.E_BANK_BASE],
                events[p, e, col.E_BANK_MULTIPLE], sales, events[p, e, col.E_SMALL_HOLDER],
                events[p, e, col.E_DEFICIT_EXEMPT] * state[i, DEFICIT] > 0.0,
                events[p, e, col.E_LOST_IF_MISSED] * state[i, MISSED] > 0.0, min(surplus, state[i, TRADED]),
            )  # fmt: skip
            rule = int(events[p, e, col.E_BORROW_RULE])
            mask[i, BORROW] = settles and rule != col.BORROW_NONE
            mask[i, BANK] = settles and events[p, e, col.E_BANK_RULE] != NONE
            if rule == col.BORROW_SHARE:
                borrow = events[p, e, col.E_BORROW_SHARE] * duty
            elif rule == col.BORROW_DECAYING:
                borrow = state[i, BORROW_LIMIT] * duty
            elif rule == col.BORROW_GAP_TEST:
                borrow = state[i, BORROW_PERMIT]

        ratio = state[i, FRONT_RATIO]
        strike = state[i, STRIKE]
        observation[i, 0] = t * static[p, col.P_PER_HORIZON]
        observation[i, 1] = monthly[p, t, col.M_SEASON_SIN]
        observation[i, 2] = monthly[p, t, col.M_SEASON_COS]
        observation[i, 3] = clip(monthly[p, t, col.M_TO_DEADLINE] * (1.0 / 24.0), 0.0, 4.0)
        observation[i, 4] = monthly[p, t, col.M_OPEN]
        observation[i, 5] = 1.0 if monthly[p, t, col.M_OUTPUT] > 0.0 else 0.0
        observation[i, 6] = clip(
            state[i, LOG_PRICE] + state[i, QUOTE_ERROR] - static[p, col.P_LOG_REFERENCE], -8.0, 8.0
        )
        observation[i, 7] = clip(ratio - 1.0, -1.0, 1.0)
        observation[i, 8] = clip(state[i, LOG_OFFSET_RATIO], -8.0, 8.0)
        observation[i, 9] = strike / (strike + seen * ratio) if strike > 0.0 else 0.0
        observation[i, 10] = squash(state[i, FRONT] * year)
        observation[i, 11] = squash(state[i, OLD] * year)
        observation[i, 12] = squash(state[i, NEXT] * year)
        observation[i, 13] = squash(state[i, OFFSETS] * year)
        observation[i, 14] = squash(state[i, FOREIGN] * year)
        observation[i, 15] = squash(state[i, ACCRUED] * year)
        observation[i, 16] = squash(closed * year)
        observation[i, 17] = squash(state[i, OWED] * year)
        observation[i, 18] = squash(state[i, DEBT] * year)
        observation[i, 19] = squash(10.0 * gap * year)
        observation[i, 20] = even
        observation[i, 21] = squash(volume * year)
        observation[i, 22] = at_price
        observation[i, 23] = squash(10.0 * state[i, NET_SALES] * year)
        observation[i, 24] = squash(10.0 * carry * year)
        observation[i, 25] = clip(borrow * year, 0.0, 1.0)
        observation[i, 26] = squash(10.0 * state[i, OFFSET_BUYABLE] * year)
        observation[i, 27] = squash(state[i, CREDITS_ISSUED] * year)
        observation[i, 28] = monthly[p, t, col.M_ALLOCATION_KNOWN]
        observation[i, 29] = clip(monthly[p, t, col.M_ALLOCATION_RATE], 0.0, 2.0)
        observation[i, 30] = clip(state[i, LOG_OUTPUT], -2.0, 2.0)
        for k in range(TECHS):
            per_potential = static[p, col.P_PER_POTENTIAL + k]
            value = 0.0
            if per_potential > 0.0:
                value = invest_value(
                    price_due,
                    monthly[p, t, col.M_SAVING_MONTHS + k],
                    monthly[p, t, col.M_RUNNING_COST + k],
                    monthly[p, t, col.M_RESIDUAL + k],
                )
            observation[i, 31 + k] = min(1.0, state[i, CAPACITY + k] * per_potential)
            observation[i, 31 + TECHS + k] = min(1.0, state[i, BUILDING + k] * per_potential)
            observation[i, 31 + 2 * TECHS + k] = clip(value, -2.0, 6.0)
        observation[i, O_AUCTION] = squash(10.0 * room * year)
        observation[i, O_AUCTION + 1] = 0.0
        if room > 0.0:
            observation[i, O_AUCTION + 1] = clip(state[i, AUCTION_PRICE] / (state[i, PRICE] * ratio) - 1.0, -1.0, 1.0)
        observation[i, O_AUCTION + 2] = clip(state[i, TRIGGER_RUN] * (1.0 / 12.0), -2.0, 2.0)
        observation[i, O_AUCTION + 3] = state[i, INTERVENED]
        for k in range(N_LAW):
            observation[i, O_LAW + k] = monthly[p, t, col.M_LAW + k]
        for k in range(N_MARKET):
            observation[i, O_MARKET + k] = 0.0
        if static[p, col.P_LAW] == TWO_REGIMES or static[p, col.P_LAW] == EQUILIBRIUM or static[p, col.P_LINKS] > 0.0:
            observe_market(i, p, volume, year, state, world, static, observation, mask)
        any_action = False
        for a in range(N_ACTIONS):
            any_action = any_action or mask[i, a]
        mask[i, ABATE] = mask[i, ABATE] or not any_action  # agents with masks need a choice, even an idle one


@jit(inline=True)
def observe_market(i, p, volume, year, state, world, static, observation, mask):
    """The regime of prices, the aggregate bank, and the links; and whether foreign units can be traded."""
    observation[i, O_MARKET] = world[i, WILD]
    if static[p, col.P_LAW] == EQUILIBRIUM:
        bank = static[p, col.P_GRID_LOW] + static[p, col.P_GRID_STEP] * world[i, NODE]
        observation[i, O_MARKET + 1] = squash(bank)
    room = 0.0
    for k in range(int(static[p, col.P_LINKS])):
        opened = world[i, LINK + k] == OPEN
        observation[i, O_MARKET + 2 + k] = 1.0 if opened else 0.0
        premium = world[i, LOG_FOREIGN + k] - state[i, LOG_PRICE]
        if static[p, col.P_LINK_FEE + k] > 0.0:
            premium = math.log(foreign_ask(i, p, k, state, world, static) / state[i, PRICE])
        observation[i, O_MARKET + 2 + PARTNERS + k] = clip(premium, -4.0, 4.0)
        tradable = world[i, BUYABLE + k] > 0.0 or (world[i, HELD + k] > 0.0 and sellable(i, p, k, world, static))
        mask[i, FOREIGN_TRADE] = mask[i, FOREIGN_TRADE] or (volume > 0.0 and tradable)
        room += world[i, BUYABLE + k]
    if room < NEVER:  # partners whose units count against the duty alone share it
        room = min(room, world[i, UNCOVERED])
    observation[i, O_MARKET + 2 + 2 * PARTNERS] = squash(10.0 * min(room, volume) * year)
