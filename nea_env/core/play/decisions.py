"""A month of every firm: what it does, then what the calendar does."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core.jit import jit
from nea_env.core.layout import HISTORY, QUEUE, SLOTS, TECHS, Action, Flow, State, World
from nea_env.core.parameters import LARGEST_MOVE, Event, Month, Static
from nea_env.core.play.links import foreign_worth, trade_foreign
from nea_env.core.play.settlement import settle
from nea_env.core.rules.abatement import abatement_cost, arrival, book_value, capacity_started
from nea_env.core.rules.trading import feasible_trade, mean_price_factor, split_purchase, trading_cost

ONE, LEAST = np.float32(1.0), np.float32(-1.0)


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
        for f in range(Flow.size):
            flows[i, f] = 0.0
        reward[i] = 0.0
        terminated[i] = False
        if ended[i]:
            continue
        p, t = pick[i], months[i]
        price = state[i, State.PRICE]
        front_price = price * state[i, State.FRONT_RATIO]
        slot = t % HISTORY
        if static[p, Static.REFERENCE_MONTHS] > 0.0:
            oldest = slot  # of a full history: the price that this month's replaces, 0 in the first years
            if static[p, Static.REFERENCE_MONTHS] < HISTORY:
                oldest = (t + HISTORY - int(static[p, Static.REFERENCE_MONTHS])) % HISTORY
            state[i, State.REFERENCE_SUM] += np.float32(front_price) - history[i, oldest]
        history[i, slot] = front_price

        # production, emissions, abatement
        output = monthly[p, t, Month.OUTPUT] * math.exp(
            state[i, State.LOG_OUTPUT] - monthly[p, t, Month.OUTPUT_CORRECTION]
        )
        if static[p, Static.FLEXIBILITY] > 0.0:
            change = within(actions[i, Action.OUTPUT]) * static[p, Static.FLEXIBILITY]
            flows[i, Flow.MARGIN_COST] = 0.5 * static[p, Static.MARGIN_SLOPE] * change * change * output
            output *= 1.0 + change
        emissions = output * static[p, Static.INTENSITY]
        relative = output * static[p, Static.PER_MONTH_OUTPUT]
        saved, running_cost = 0.0, 0.0
        for k in range(TECHS):
            part = state[i, State.CAPACITY + k] * relative
            saved += part
            running_cost += part * static[p, Static.OPEX + k]
        emissions -= saved
        share = max(0.0, within(actions[i, Action.ABATE])) * static[p, Static.ABATE_MAX]
        abated = share * emissions
        if abated > 0.0:
            flows[i, Flow.ABATEMENT_COST] = emissions * abatement_cost(
                share,
                static[p, Static.ABATE_SCALE],
                static[p, Static.ABATE_STEEPNESS],
                static[p, Static.ABATE_PER_STEEPNESS],
            )
        emitted = emissions - abated
        state[i, State.ACCRUED] += emitted
        state[i, State.ACCRUED_OUTPUT] += output
        flows[i, Flow.OUTPUT] = output
        flows[i, Flow.SAVED] = saved
        flows[i, Flow.ABATED] = abated
        flows[i, Flow.EMITTED] = emitted
        flows[i, Flow.OPERATING_COST] = running_cost

        # investment: cheapest technology first, out of this month's share of the potential that is left
        if actions[i, Action.INVEST] > 0.0 and monthly[p, t, Month.OUTPUT] > 0.0:
            invest(i, p, t, state, queue, flows, within(actions[i, Action.INVEST]), static)

        # trade
        share = float(within(actions[i, Action.TRADE]))
        volume, room = monthly[p, t, Month.VOLUME_LIMIT], state[i, State.AUCTION_ROOM]
        sellable = monthly[p, t, Month.SELL_LIMIT] - state[i, State.SOLD_ALLOCATION]
        sellable = min(sellable, state[i, State.FRONT] - monthly[p, t, Month.HOLD_MIN])
        tonnes = feasible_trade(share, volume + room if share > 0.0 else volume, state[i, State.FRONT], sellable)
        tonnes = min(tonnes, max(0.0, monthly[p, t, Month.HOLD_MAX] - state[i, State.FRONT]))
        if tonnes != 0.0:
            state[i, State.NET_SALES] -= tonnes
            state[i, State.LONG_SALES] -= tonnes
            market = tonnes
            if tonnes > 0.0:
                flows[i, Flow.BOUGHT] = tonnes
                if room > 0.0:
                    pressed = static[p, Static.IMPACT] * min(tonnes, volume) * monthly[p, t, Month.PER_VOLUME]
                    ask = front_price * (1.0 + 0.5 * static[p, Static.SPREAD] + pressed)
                    won = split_purchase(tonnes, room, state[i, State.AUCTION_PRICE], ask, volume)
                    market -= won
                    flows[i, Flow.AUCTIONED] = won
                    flows[i, Flow.ALLOWANCE_COST] = won * state[i, State.AUCTION_PRICE]
                    if static[p, Static.PERMANENT] > 0.0:
                        flows[i, Flow.ALLOWANCE_COST] *= push(i, won, state, world, static[p])
                    e = int(monthly[p, t, Month.AUCTION_EVENT])
                    if e >= 0 and events[p, e, Event.OWN_USE] > 0.0:  # set off against the duty at once
                        state[i, State.OWED] -= won
                        flows[i, Flow.SURRENDERED] += won
                    else:
                        state[i, State.FRONT] += won
                        tag = (
                            State.AUCTIONED
                            if e >= 0 and events[p, e, Event.AUCTIONED_BANKABLE] <= 0.0
                            else State.TRADED
                        )
                        state[i, tag] += won
                state[i, State.FRONT] += market
                state[i, State.TRADED] += market
                if state[i, State.OLD_SOLD] > 0.0:  # what comes back is as old as what was sold
                    back = min(tonnes, state[i, State.OLD_SOLD])
                    state[i, State.OLD_SOLD] -= back
                    state[i, State.OLD] += back
            else:
                flows[i, Flow.SOLD] = -tonnes
                state[i, State.FRONT] = max(0.0, state[i, State.FRONT] + tonnes)
                state[i, State.SOLD_ALLOCATION] -= tonnes
                state[i, State.TRADED] = min(state[i, State.TRADED], state[i, State.FRONT])
                if state[i, State.OLD] > state[i, State.FRONT]:  # younger units are sold first
                    state[i, State.OLD_SOLD] += state[i, State.OLD] - state[i, State.FRONT]
                    state[i, State.OLD] = state[i, State.FRONT]
                state[i, State.AUCTIONED] = min(
                    state[i, State.AUCTIONED], state[i, State.FRONT]
                )  # and those that can be carried over
            if static[p, Static.PERMANENT] > 0.0:  # the price moves as the trade goes on
                front_price = state[i, State.PRICE] * state[i, State.FRONT_RATIO]
                flows[i, Flow.ALLOWANCE_COST] += market * front_price * push(i, market, state, world, static[p])
            else:
                flows[i, Flow.ALLOWANCE_COST] += market * front_price
            flows[i, Flow.TRADING_COST] = trading_cost(
                market, front_price, monthly[p, t, Month.PER_VOLUME], static[p, Static.SPREAD], static[p, Static.IMPACT]
            )
        if actions[i, Action.OFFSET] > 0.0:
            credits = within(actions[i, Action.OFFSET]) * state[i, State.OFFSET_BUYABLE]
            if credits > 0.0:
                state[i, State.OFFSETS] += credits
                flows[i, Flow.OFFSETS_BOUGHT] = credits
                flows[i, Flow.OFFSET_COST] = (
                    credits * price * math.exp(state[i, State.LOG_OFFSET_RATIO]) / static[p, Static.OFFSET_MULTIPLIER]
                )

                if static[p, Static.PERMANENT] > 0.0:  # its price is that of a market the firm does not move
                    flows[i, Flow.OFFSET_COST] *= math.exp(-world[i, World.PRESSURE])
        if static[p, Static.LINKS] > 0.0 and actions[i, Action.FOREIGN] != 0.0:
            share = float(within(actions[i, Action.FOREIGN]))
            per_volume = monthly[p, t, Month.PER_VOLUME]
            trade_foreign(i, p, share, volume, per_volume, state, world, flows, static)

        if monthly[p, t, Month.LAST_EVENT] > monthly[p, t, Month.FIRST_EVENT]:
            borrow_share = 1.0 + min(0.0, within(actions[i, Action.BORROW]))
            bank_share = 1.0 + min(0.0, within(actions[i, Action.BANK]))
            settle(i, t, state, world, history, flows, static[p], monthly[p], events[p], borrow_share, bank_share)

        if t + 1 >= static[p, Static.HORIZON]:
            terminated[i] = True
            flows[i, Flow.CLOSING_COST] = closing_cost(i, state, world, static[p])
        cost = flows[i, Flow.ALLOWANCE_COST] + flows[i, Flow.TRADING_COST] + flows[i, Flow.OFFSET_COST]
        cost += flows[i, Flow.FOREIGN_COST]
        cost += flows[i, Flow.ABATEMENT_COST] + flows[i, Flow.OPERATING_COST] + flows[i, Flow.INVESTMENT_COST]
        cost += flows[i, Flow.MARGIN_COST] + flows[i, Flow.PENALTY_COST] + flows[i, Flow.CLOSING_COST]
        flows[i, Flow.COST] = cost
        reward[i] = -cost * static[p, Static.PER_REWARD_SCALE]


@jit
def push(i, tonnes, state, world, own):
    """Move the price by a trade; returns the mean price of the trade over the price before it.

    A front at a discount moves the long price by so much less: else a firm could push the value of its other
    vintages up with units that are about to lapse.
    """
    moved = own[Static.PERMANENT] * state[i, State.FRONT_RATIO] * tonnes
    world[i, World.PRESSURE] += moved
    state[i, State.LOG_PRICE] += moved
    state[i, State.PRICE] *= math.exp(moved)
    return mean_price_factor(moved)


@jit
def invest(i, p, t, state, queue, flows, share, static):
    """Start capacity: it waits in the queue until the quarter in which it comes on line."""
    left = 0.0
    for k in range(TECHS):
        left += max(0.0, static[p, Static.POTENTIAL + k] - state[i, State.CAPACITY + k] - state[i, State.BUILDING + k])
    budget = share * static[p, Static.INVEST_RATE] * left
    for k in range(TECHS):
        started = capacity_started(
            budget, static[p, Static.POTENTIAL + k], state[i, State.CAPACITY + k], state[i, State.BUILDING + k]
        )
        if started > 0.0:
            budget -= started
            slot = (arrival(t, int(static[p, Static.LEAD + k])) // 3) % QUEUE
            queue[i, k * QUEUE + slot] += started
            state[i, State.BUILDING + k] += started
            flows[i, Flow.INVESTED] += started
            flows[i, Flow.INVESTMENT_COST] += started * static[p, Static.CAPEX + k]
            state[i, State.SUBSIDY] += started * static[p, Static.CAPEX + k] * static[p, Static.SUBSIDY]


@jit
def closing_cost(i, state, world, own):
    """At the end: debt and unmet duty are bought, holdings sold at the next price, capacity left at book value."""
    unmet = state[i, State.DEBT] + state[i, State.OWED] + state[i, State.ACCRUED]
    for k in range(SLOTS):
        unmet += state[i, State.CLOSED + k]
    credit = state[i, State.OFFSETS] * min(
        1.0, math.exp(state[i, State.LOG_OFFSET_RATIO]) / own[Static.OFFSET_MULTIPLIER]
    )
    position = state[i, State.FRONT] + state[i, State.NEXT] + credit - unmet
    if own[Static.LINKS] > 0.0:
        position += foreign_worth(i, state, world, own)
    value = position * state[i, State.PRICE]
    if own[Static.PERMANENT] > 0.0:  # what selling it all would bring
        value *= mean_price_factor(min(max(-own[Static.PERMANENT] * position, -LARGEST_MOVE), LARGEST_MOVE))
    for k in range(TECHS):
        capex = own[Static.CAPEX + k]
        aged = state[i, State.AGED + k] * own[Static.BOOK_GROWTH] ** own[Static.HORIZON]
        value += book_value(state[i, State.CAPACITY + k], aged, capex, own[Static.LIFE_DISCOUNT + k])
        value += state[i, State.BUILDING + k] * capex
    return -value
