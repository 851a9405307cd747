"""What the firms do in a month: produce, abate, invest; and what they order on the market."""

from __future__ import annotations

import numpy as np

from nea_env.core.elementary import exp
from nea_env.core.jit import jit
from nea_env.core.layout import HISTORY, QUEUE, TECHS, Action, Flow, State
from nea_env.core.parameters import Month, Order, Static
from nea_env.core.rules.abatement import abatement_cost, arrival, capacity_started
from nea_env.core.rules.trading import feasible_trade


@jit(inline=True)
def remember_price(firms, rules, t):
    """The month's front price joins the history, and the sum that the triggers' reference is the mean of."""
    state, history, slot = firms.state, firms.history, t % HISTORY
    months = rules.own[Static.REFERENCE_MONTHS]
    if months > 0.0:
        oldest = slot  # of a full history: the price that this month's replaces, 0 in the first years
        if months < HISTORY:
            oldest = (t + HISTORY - int(months)) % HISTORY
        for i in range(firms.width):
            front_price = state[State.PRICE, i] * state[State.FRONT_RATIO, i]
            state[State.REFERENCE_SUM, i] += np.float32(front_price) - history[oldest, i]
    for i in range(firms.width):
        history[slot, i] = state[State.PRICE, i] * state[State.FRONT_RATIO, i]


@jit(inline=True)
def produce(firms, rules, t):
    """Output, emissions and operational abatement of the month."""
    state, flows, actions, own = firms.state, firms.flows, firms.actions, rules.own
    baseline, correction = rules.monthly[t, Month.OUTPUT], rules.monthly[t, Month.OUTPUT_CORRECTION]
    for i in range(firms.width):
        flows[Flow.OUTPUT, i] = baseline * exp(state[State.LOG_OUTPUT, i] - correction)
    flexibility, slope = own[Static.FLEXIBILITY], own[Static.MARGIN_SLOPE]
    if flexibility > 0.0:
        for i in range(firms.width):
            change = actions[Action.OUTPUT, i] * flexibility
            flows[Flow.MARGIN_COST, i] = 0.5 * slope * change * change * flows[Flow.OUTPUT, i]
            flows[Flow.OUTPUT, i] *= 1.0 + change
    intensity, per_output, largest = (
        rules.monthly[t, Month.INTENSITY], own[Static.PER_MONTH_OUTPUT], own[Static.ABATE_MAX],
    )  # fmt: skip
    for k in range(TECHS):
        saved, cost = rules.monthly[t, Month.SAVED + k], own[Static.OPEX + k] - rules.monthly[t, Month.INCOME + k]
        for i in range(firms.width):
            used = state[State.CAPACITY + k, i] * (flows[Flow.OUTPUT, i] * per_output)
            flows[Flow.SAVED, i] += used * saved
            flows[Flow.OPERATING_COST, i] += used * cost
    for i in range(firms.width):
        output = flows[Flow.OUTPUT, i]
        emissions = output * intensity - flows[Flow.SAVED, i]
        abated = max(0.0, actions[Action.ABATE, i]) * largest * emissions
        emitted = emissions - abated
        state[State.ACCRUED, i] += emitted
        state[State.ACCRUED_OUTPUT, i] += output
        flows[Flow.ABATED, i] = abated
        flows[Flow.EMITTED, i] = emitted
    tax = rules.monthly[t, Month.TAX]
    if tax > 0.0:
        for i in range(firms.width):
            flows[Flow.TAX_COST, i] = tax * flows[Flow.EMITTED, i]
    if largest > 0.0:
        scale, steepness, per_steepness = (
            own[Static.ABATE_SCALE], own[Static.ABATE_STEEPNESS], own[Static.ABATE_PER_STEEPNESS],
        )  # fmt: skip
        for i in range(firms.width):
            share = max(0.0, actions[Action.ABATE, i]) * largest
            emissions = flows[Flow.OUTPUT, i] * intensity - flows[Flow.SAVED, i]
            cost = emissions * abatement_cost(share, scale, steepness, per_steepness)
            flows[Flow.ABATEMENT_COST, i] = cost if flows[Flow.ABATED, i] > 0.0 else 0.0


@jit(inline=True)
def invest(firms, rules, t):
    """Start capacity, cheapest technology first, out of the month's share of the potential that is left.

    It waits in the queue until the quarter in which it comes on line.
    """
    state, flows, queue, orders, own = firms.state, firms.flows, firms.queue, firms.orders, rules.own
    if rules.monthly[t, Month.OUTPUT] <= 0.0:
        return
    rate = own[Static.INVEST_RATE]
    for i in range(firms.width):
        left = 0.0
        for k in range(TECHS):
            left += max(0.0, own[Static.POTENTIAL + k] - state[State.CAPACITY + k, i] - state[State.BUILDING + k, i])
        orders[Order.CAPACITY, i] = max(firms.actions[Action.INVEST, i], 0.0) * rate * left
    for k in range(TECHS):
        potential, capex, subsidy = own[Static.POTENTIAL + k], own[Static.CAPEX + k], own[Static.SUBSIDY]
        if potential > 0.0:
            place = k * QUEUE + (arrival(t, int(own[Static.LEAD + k])) // 3) % QUEUE
            for i in range(firms.width):
                started = capacity_started(
                    orders[Order.CAPACITY, i], potential, state[State.CAPACITY + k, i], state[State.BUILDING + k, i]
                )
                orders[Order.CAPACITY, i] -= started
                queue[place, i] += started
                state[State.BUILDING + k, i] += started
                flows[Flow.INVESTED, i] += started
                flows[Flow.INVESTMENT_COST, i] += started * capex
                state[State.SUBSIDY, i] += started * capex * subsidy


@jit(inline=True)
def order(firms, rules, t):
    """What each firm wants to trade: front units, offset credits and foreign units, as far as the rules let it."""
    state, actions, orders, month = firms.state, firms.actions, firms.orders, rules.monthly[t]
    volume, sell_limit = month[Month.VOLUME_LIMIT], month[Month.SELL_LIMIT]
    hold_min, hold_max = month[Month.HOLD_MIN], month[Month.HOLD_MAX]
    lot, per_lot = rules.own[Static.LOT], rules.own[Static.PER_LOT]
    for i in range(firms.width):
        share, front = float(actions[Action.TRADE, i]), state[State.FRONT, i]
        limit = volume + state[State.AUCTION_ROOM, i] if share > 0.0 else volume
        sellable = min(sell_limit - state[State.SOLD_ALLOCATION, i], front - hold_min)
        tonnes = feasible_trade(share, limit, front, sellable, lot, per_lot)
        orders[Order.FRONT, i] = min(tonnes, max(0.0, hold_max - front))
    for i in range(firms.width):
        orders[Order.OFFSETS, i] = max(0.0, actions[Action.OFFSET, i]) * state[State.OFFSET_BUYABLE, i]
        orders[Order.FOREIGN, i] = float(actions[Action.FOREIGN, i]) * volume
