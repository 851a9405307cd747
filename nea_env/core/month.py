"""A month of every firm: what it does, then what the calendar does."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core import parameters as col
from nea_env.core.abatement import abatement_cost, book_value, capacity_started
from nea_env.core.jit import jit
from nea_env.core.layout import (
    ABATE,
    ACCRUED,
    ACCRUED_OUTPUT,
    AGED,
    AUCTION_PRICE,
    AUCTION_ROOM,
    AUCTIONED,
    BANK,
    BORROW,
    BUILDING,
    CAPACITY,
    CLOSED,
    DEBT,
    F_ABATED,
    F_ABATEMENT_COST,
    F_ALLOWANCE_COST,
    F_AUCTIONED,
    F_BOUGHT,
    F_CLOSING_COST,
    F_COST,
    F_EMITTED,
    F_FOREIGN_COST,
    F_INVESTED,
    F_INVESTMENT_COST,
    F_MARGIN_COST,
    F_OFFSET_COST,
    F_OFFSETS_BOUGHT,
    F_OPERATING_COST,
    F_OUTPUT,
    F_PENALTY_COST,
    F_SAVED,
    F_SOLD,
    F_SURRENDERED,
    F_TRADING_COST,
    FLOWS,
    FOREIGN_TRADE,
    FRONT,
    FRONT_RATIO,
    HISTORY,
    INVEST,
    LOG_OFFSET_RATIO,
    LOG_OUTPUT,
    LOG_PRICE,
    LONG_SALES,
    NET_SALES,
    NEXT,
    OFFSET,
    OFFSET_BUYABLE,
    OFFSETS,
    OLD,
    OLD_SOLD,
    OUTPUT,
    OWED,
    PRESSURE,
    PRICE,
    QUEUE,
    REFERENCE_SUM,
    SLOTS,
    SOLD_ALLOCATION,
    SUBSIDY,
    TECHS,
    TRADE,
    TRADED,
)  # fmt: skip
from nea_env.core.links import foreign_worth, trade_foreign
from nea_env.core.lowering import arrival as _arrival
from nea_env.core.magnitudes import LARGEST_MOVE
from nea_env.core.settle import settle
from nea_env.core.trading import feasible_trade, mean_price_factor, split_purchase, trading_cost

N_FLOWS = len(FLOWS)
ONE, LEAST = np.float32(1.0), np.float32(-1.0)
arrival = jit(_arrival)


@jit
def within(action):
    """An action inside [-1, 1]."""
    return min(max(action, LEAST), ONE)


@jit
def play_rows(
    low, high, pick, ended, months, state, world, queue, history, flows, actions, reward, terminated, static, monthly,
    events,
):  # fmt: skip
    """Play one month of rows ``low`` to ``high``; rows that had ended are left alone.

    ``pick`` (n,) is each row's scenario; actions (n, A) are clipped to [-1, 1].
    """
    for i in range(low, high):
        for f in range(N_FLOWS):
            flows[i, f] = 0.0
        reward[i] = 0.0
        terminated[i] = False
        if ended[i]:
            continue
        p, t = pick[i], months[i]
        price = state[i, PRICE]
        front_price = price * state[i, FRONT_RATIO]
        slot = t % HISTORY
        if static[p, col.P_REFERENCE_MONTHS] > 0.0:
            oldest = slot  # of a full history: the price that this month's replaces, 0 in the first years
            if static[p, col.P_REFERENCE_MONTHS] < HISTORY:
                oldest = (t + HISTORY - int(static[p, col.P_REFERENCE_MONTHS])) % HISTORY
            state[i, REFERENCE_SUM] += np.float32(front_price) - history[i, oldest]
        history[i, slot] = front_price

        # production, emissions, abatement
        output = monthly[p, t, col.M_OUTPUT] * math.exp(state[i, LOG_OUTPUT] - monthly[p, t, col.M_OUTPUT_CORRECTION])
        if static[p, col.P_FLEXIBILITY] > 0.0:
            change = within(actions[i, OUTPUT]) * static[p, col.P_FLEXIBILITY]
            flows[i, F_MARGIN_COST] = 0.5 * static[p, col.P_MARGIN_SLOPE] * change * change * output
            output *= 1.0 + change
        emissions = output * static[p, col.P_INTENSITY]
        relative = output * static[p, col.P_PER_MONTH_OUTPUT]
        saved, running_cost = 0.0, 0.0
        for k in range(TECHS):
            part = state[i, CAPACITY + k] * relative
            saved += part
            running_cost += part * static[p, col.P_OPEX + k]
        emissions -= saved
        share = max(0.0, within(actions[i, ABATE])) * static[p, col.P_ABATE_MAX]
        abated = share * emissions
        if abated > 0.0:
            flows[i, F_ABATEMENT_COST] = emissions * abatement_cost(
                share,
                static[p, col.P_ABATE_SCALE],
                static[p, col.P_ABATE_STEEPNESS],
                static[p, col.P_ABATE_PER_STEEPNESS],
            )
        emitted = emissions - abated
        state[i, ACCRUED] += emitted
        state[i, ACCRUED_OUTPUT] += output
        flows[i, F_OUTPUT] = output
        flows[i, F_SAVED] = saved
        flows[i, F_ABATED] = abated
        flows[i, F_EMITTED] = emitted
        flows[i, F_OPERATING_COST] = running_cost

        # investment: cheapest technology first, out of this month's share of the potential that is left
        if actions[i, INVEST] > 0.0 and monthly[p, t, col.M_OUTPUT] > 0.0:
            invest(i, p, t, state, queue, flows, within(actions[i, INVEST]), static)

        # trade
        share = float(within(actions[i, TRADE]))
        volume, room = monthly[p, t, col.M_VOLUME_LIMIT], state[i, AUCTION_ROOM]
        sellable = monthly[p, t, col.M_SELL_LIMIT] - state[i, SOLD_ALLOCATION]
        sellable = min(sellable, state[i, FRONT] - monthly[p, t, col.M_HOLD_MIN])
        tonnes = feasible_trade(share, volume + room if share > 0.0 else volume, state[i, FRONT], sellable)
        tonnes = min(tonnes, max(0.0, monthly[p, t, col.M_HOLD_MAX] - state[i, FRONT]))
        if tonnes != 0.0:
            state[i, NET_SALES] -= tonnes
            state[i, LONG_SALES] -= tonnes
            market = tonnes
            if tonnes > 0.0:
                flows[i, F_BOUGHT] = tonnes
                if room > 0.0:
                    pressed = static[p, col.P_IMPACT] * min(tonnes, volume) * monthly[p, t, col.M_PER_VOLUME]
                    ask = front_price * (1.0 + 0.5 * static[p, col.P_SPREAD] + pressed)
                    won = split_purchase(tonnes, room, state[i, AUCTION_PRICE], ask, volume)
                    market -= won
                    flows[i, F_AUCTIONED] = won
                    flows[i, F_ALLOWANCE_COST] = won * state[i, AUCTION_PRICE]
                    if static[p, col.P_PERMANENT] > 0.0:
                        flows[i, F_ALLOWANCE_COST] *= push(i, won, state, world, static[p])
                    e = int(monthly[p, t, col.M_AUCTION_EVENT])
                    if e >= 0 and events[p, e, col.E_OWN_USE] > 0.0:  # set off against the duty at once
                        state[i, OWED] -= won
                        flows[i, F_SURRENDERED] += won
                    else:
                        state[i, FRONT] += won
                        tag = AUCTIONED if e >= 0 and events[p, e, col.E_AUCTIONED_BANKABLE] <= 0.0 else TRADED
                        state[i, tag] += won
                state[i, FRONT] += market
                state[i, TRADED] += market
                if state[i, OLD_SOLD] > 0.0:  # what comes back is as old as what was sold
                    back = min(tonnes, state[i, OLD_SOLD])
                    state[i, OLD_SOLD] -= back
                    state[i, OLD] += back
            else:
                flows[i, F_SOLD] = -tonnes
                state[i, FRONT] = max(0.0, state[i, FRONT] + tonnes)
                state[i, SOLD_ALLOCATION] -= tonnes
                state[i, TRADED] = min(state[i, TRADED], state[i, FRONT])
                if state[i, OLD] > state[i, FRONT]:  # younger units are sold first
                    state[i, OLD_SOLD] += state[i, OLD] - state[i, FRONT]
                    state[i, OLD] = state[i, FRONT]
                state[i, AUCTIONED] = min(state[i, AUCTIONED], state[i, FRONT])  # and those that can be carried over
            if static[p, col.P_PERMANENT] > 0.0:  # the price moves as the trade goes on
                front_price = state[i, PRICE] * state[i, FRONT_RATIO]
                flows[i, F_ALLOWANCE_COST] += market * front_price * push(i, market, state, world, static[p])
            else:
                flows[i, F_ALLOWANCE_COST] += market * front_price
            flows[i, F_TRADING_COST] = trading_cost(
                market, front_price, monthly[p, t, col.M_PER_VOLUME], static[p, col.P_SPREAD], static[p, col.P_IMPACT]
            )
        if actions[i, OFFSET] > 0.0:
            credits = within(actions[i, OFFSET]) * state[i, OFFSET_BUYABLE]
            if credits > 0.0:
                state[i, OFFSETS] += credits
                flows[i, F_OFFSETS_BOUGHT] = credits
                flows[i, F_OFFSET_COST] = (
                    credits * price * math.exp(state[i, LOG_OFFSET_RATIO]) / static[p, col.P_OFFSET_MULTIPLIER]
                )

                if static[p, col.P_PERMANENT] > 0.0:  # its price is that of a market the firm does not move
                    flows[i, F_OFFSET_COST] *= math.exp(-world[i, PRESSURE])
        if static[p, col.P_LINKS] > 0.0 and actions[i, FOREIGN_TRADE] != 0.0:
            share = float(within(actions[i, FOREIGN_TRADE]))
            per_volume = monthly[p, t, col.M_PER_VOLUME]
            trade_foreign(i, p, share, volume, per_volume, state, world, flows, static)

        if monthly[p, t, col.M_LAST_EVENT] > monthly[p, t, col.M_FIRST_EVENT]:
            borrow_share = 1.0 + min(0.0, within(actions[i, BORROW]))
            bank_share = 1.0 + min(0.0, within(actions[i, BANK]))
            settle(i, t, state, world, history, flows, static[p], monthly[p], events[p], borrow_share, bank_share)

        if t + 1 >= static[p, col.P_HORIZON]:
            terminated[i] = True
            flows[i, F_CLOSING_COST] = closing_cost(i, state, world, static[p])
        cost = flows[i, F_ALLOWANCE_COST] + flows[i, F_TRADING_COST] + flows[i, F_OFFSET_COST]
        cost += flows[i, F_FOREIGN_COST]
        cost += flows[i, F_ABATEMENT_COST] + flows[i, F_OPERATING_COST] + flows[i, F_INVESTMENT_COST]
        cost += flows[i, F_MARGIN_COST] + flows[i, F_PENALTY_COST] + flows[i, F_CLOSING_COST]
        flows[i, F_COST] = cost
        reward[i] = -cost * static[p, col.P_PER_REWARD_SCALE]


@jit
def push(i, tonnes, state, world, own):
    """Move the price by a trade; returns the mean price of the trade over the price before it.

    A front at a discount moves the long price by so much less: else a firm could push the value of its other
    vintages up with units that are about to lapse.
    """
    moved = own[col.P_PERMANENT] * state[i, FRONT_RATIO] * tonnes
    world[i, PRESSURE] += moved
    state[i, LOG_PRICE] += moved
    state[i, PRICE] *= math.exp(moved)
    return mean_price_factor(moved)


@jit
def invest(i, p, t, state, queue, flows, share, static):
    """Start capacity: it waits in the queue until the quarter in which it comes on line."""
    left = 0.0
    for k in range(TECHS):
        left += max(0.0, static[p, col.P_POTENTIAL + k] - state[i, CAPACITY + k] - state[i, BUILDING + k])
    budget = share * static[p, col.P_INVEST_RATE] * left
    for k in range(TECHS):
        started = capacity_started(
            budget, static[p, col.P_POTENTIAL + k], state[i, CAPACITY + k], state[i, BUILDING + k]
        )
        if started > 0.0:
            budget -= started
            slot = (arrival(t, int(static[p, col.P_LEAD + k])) // 3) % QUEUE
            queue[i, k * QUEUE + slot] += started
            state[i, BUILDING + k] += started
            flows[i, F_INVESTED] += started
            flows[i, F_INVESTMENT_COST] += started * static[p, col.P_CAPEX + k]
            state[i, SUBSIDY] += started * static[p, col.P_CAPEX + k] * static[p, col.P_SUBSIDY]


@jit
def closing_cost(i, state, world, own):
    """At the end: debt and unmet duty are bought, holdings sold at the next price, capacity left at book value."""
    unmet = state[i, DEBT] + state[i, OWED] + state[i, ACCRUED]
    for k in range(SLOTS):
        unmet += state[i, CLOSED + k]
    credit = state[i, OFFSETS] * min(1.0, math.exp(state[i, LOG_OFFSET_RATIO]) / own[col.P_OFFSET_MULTIPLIER])
    position = state[i, FRONT] + state[i, NEXT] + credit - unmet
    if own[col.P_LINKS] > 0.0:
        position += foreign_worth(i, state, world, own)
    value = position * state[i, PRICE]
    if own[col.P_PERMANENT] > 0.0:  # what selling it all would bring
        value *= mean_price_factor(min(max(-own[col.P_PERMANENT] * position, -LARGEST_MOVE), LARGEST_MOVE))
    for k in range(TECHS):
        capex = own[col.P_CAPEX + k]
        aged = state[i, AGED + k] * own[col.P_BOOK_GROWTH] ** own[col.P_HORIZON]
        value += book_value(state[i, CAPACITY + k], aged, capex, own[col.P_LIFE_DISCOUNT + k])
        value += state[i, BUILDING + k] * capex
    return -value
