"""What the firms may and should do in a month, as things stand at its start: the gap, limits, suggestions and masks."""

from __future__ import annotations

from nea_env.core.elementary import exp
from nea_env.core.jit import jit
from nea_env.core.layout import SLOTS, TECHS, Action, State, World
from nea_env.core.parameters import BORROW_NONE, NEVER, Event, Month, Plan, Static
from nea_env.core.play.foreign import plan_foreign, sellable
from nea_env.core.play.settlement import mean_prices
from nea_env.core.rules.abatement import LEAST_LEFT, share_at_price
from nea_env.core.rules.allocation import duty_under_cap
from nea_env.core.rules.banking import NONE, carry_limit, counted_sales, sale_to_carry
from nea_env.core.rules.borrowing import borrow_limit
from nea_env.core.rules.offsets import buyable
from nea_env.core.rules.trading import auction_price, lots_that_cover


@jit(paste=True)
def plan(firms, rules, t):
    """Everything that follows from the month and the books; what `Batch.suggestions` shows is stored in the state."""
    _foresee_duty(firms, rules, t)
    _limit_offsets(firms, rules, t)
    if rules.own[Static.LINKS] > 0.0:
        is_open = rules.monthly[t, Month.OPEN] > 0.0
        for i in range(firms.width):
            plan_foreign(i, firms, rules.own, is_open)
    else:
        for i in range(firms.width):
            firms.plan[Plan.FOREIGN, i] = 0.0
    _find_gap(firms, rules, t)
    _suggest_trade(firms, rules, t)
    _suggest_abatement(firms, rules, t)
    _find_rights(firms, rules, t)
    _suggest_target(firms, rules, t)
    open_actions(firms, rules, t)


@jit(inline=True)
def _foresee_duty(firms, rules, t):
    """What falls due at the next deadline, and the units still to come before it.

    Months still to come enter at baseline less the capacity in place.
    """
    state, plan, month = firms.state, firms.plan, rules.monthly[t]
    per_annual, future, debt_due = rules.own[Static.PER_ANNUAL], month[Month.FUTURE_ALLOCATION], month[Month.DEBT_DUE]
    for i in range(firms.width):
        plan[Plan.CAPACITY_SHARE, i] = 0.0
    for k in range(TECHS):
        saved = month[Month.SAVED_AHEAD + k]
        for i in range(firms.width):
            plan[Plan.CAPACITY_SHARE, i] += state[State.CAPACITY + k, i] * saved
    for i in range(firms.width):
        closed = 0.0
        for k in range(SLOTS):
            closed += state[State.CLOSED + k, i]
        plan[Plan.CAPACITY_SHARE, i] *= 12.0 * per_annual
        plan[Plan.CLOSED, i] = closed
        plan[Plan.DUE, i] = 0.0
        plan[Plan.ALLOCATION, i] = future - debt_due * state[State.DEBT, i]
    for k in range(SLOTS):
        if month[Month.DUE_CLOSED + k] > 0.0:
            rate, free, cap = month[Month.RATE + k], month[Month.FREE + k], month[Month.DEFICIT_CAP + k]
            for i in range(firms.width):
                waiting = state[State.CLOSED + k, i]
                final = rate * state[State.CLOSED_OUTPUT + k, i] + free * waiting
                plan[Plan.DUE, i] += duty_under_cap(waiting, final, cap)
                plan[Plan.ALLOCATION, i] += final - state[State.PREALLOCATED + k, i]
    if month[Month.DUE_ACCRUED] > 0.0:
        rate, free = month[Month.RATE_RUNNING], month[Month.FREE_RUNNING]
        for i in range(firms.width):
            plan[Plan.DUE, i] += state[State.ACCRUED, i]
            plan[Plan.ALLOCATION, i] += rate * state[State.ACCRUED_OUTPUT, i]
            plan[Plan.ALLOCATION, i] += free * state[State.ACCRUED, i]
    coming, cap = month[Month.FUTURE_EMISSIONS], month[Month.CAP_DUE]
    for i in range(firms.width):
        due = plan[Plan.DUE, i]
        ahead = due + coming * (1.0 - plan[Plan.CAPACITY_SHARE, i])
        if cap > 0.0:  # only what exceeds the cap of the whole period is owed
            ahead -= cap
            due = max(0.0, ahead)
        plan[Plan.DUE, i] = due
        plan[Plan.DUTY, i] = state[State.OWED, i] + due
        plan[Plan.AHEAD, i] = ahead + state[State.OWED, i]


@jit(inline=True)
def _limit_offsets(firms, rules, t):
    """Offset credits that will count, and those that can still be bought."""
    state, plan, month = firms.state, firms.plan, rules.monthly[t]
    share, fixed = month[Month.OFFSET_SHARE], month[Month.OFFSET_FIXED]
    on_sale = rules.own[Static.HAS_OFFSET] * month[Month.OPEN]
    for i in range(firms.width):
        limit = share * plan[Plan.DUE, i] + fixed + state[State.OFFSET_ROOM, i]
        plan[Plan.OFFSET_LIMIT, i] = limit
        state[State.OFFSET_BUYABLE, i] = on_sale * buyable(limit, plan[Plan.DUTY, i], state[State.OFFSETS, i])


@jit(inline=True)
def _find_gap(firms, rules, t):
    """The shortfall at the next deadline, and what the auction of the month offers, and at what price."""
    state, plan, month = firms.state, firms.plan, rules.monthly[t]
    if month[Month.DEADLINE_EVENT] < 0.0:
        for i in range(firms.width):
            plan[Plan.GAP, i] = 0.0
            state[State.AUCTION_ROOM, i] = 0.0
        return
    for i in range(firms.width):
        usable = min(state[State.OFFSETS, i], plan[Plan.OFFSET_LIMIT, i])
        gap = plan[Plan.AHEAD, i] - plan[Plan.ALLOCATION, i] - state[State.FRONT, i] - usable - plan[Plan.FOREIGN, i]
        plan[Plan.GAP, i] = gap
        state[State.AUCTION_PRICE, i] = state[State.PRICE, i] * state[State.FRONT_RATIO, i]
        state[State.AUCTION_ROOM, i] = 0.0
    held, own_use = int(month[Month.AUCTION_EVENT]), False
    if held >= 0:
        own_use = rules.events[held, Event.OWN_USE] > 0.0
        _hold_auction(firms, rules, t, rules.events[held])
    trigger = int(month[Month.TRIGGER_EVENT])
    if trigger >= 0 and not own_use:  # a reserve sale follows high prices
        share = rules.events[trigger, Event.SALE_SHARE]
        for i in range(firms.width):
            sale = share * max(0.0, plan[Plan.GAP, i])
            state[State.AUCTION_ROOM, i] += sale if state[State.INTERVENED, i] > 0.0 else 0.0


@jit(inline=True)
def _hold_auction(firms, rules, t, event):
    """What an auction offers a firm, and its price: at least a reserve, fixed or a multiple of a past mean price."""
    state, plan = firms.state, firms.plan
    discount, fee, amount = event[Event.DISCOUNT], event[Event.FEE], event[Event.AMOUNT]
    short_share, own_use = event[Event.SHORT_SHARE], event[Event.OWN_USE] > 0.0
    reserve_price, multiple, cap = event[Event.RESERVE_PRICE], event[Event.RESERVE_MULTIPLE], event[Event.RESERVE_CAP]
    follows_price = multiple > 0.0 and t > 0
    if follows_price:
        mean_prices(firms, rules, t - 1, int(event[Event.MEAN_MONTHS]), True)
    for i in range(firms.width):
        reserve = reserve_price
        if follows_price:
            reserve = min(max(reserve, multiple * plan[Plan.MEAN_PRICE, i]), cap)
        state[State.AUCTION_PRICE, i] = auction_price(state[State.AUCTION_PRICE, i], discount, reserve, fee)
        room = amount
        if short_share > 0.0:
            room = min(room, short_share * max(0.0, plan[Plan.GAP, i]))
        if own_use:  # nothing but the verified duty that is not covered yet
            usable = min(state[State.OFFSETS, i], plan[Plan.OFFSET_LIMIT, i])
            covered = state[State.FRONT, i] + usable + plan[Plan.FOREIGN, i]
            room = min(room, max(0.0, state[State.OWED, i] - covered))
        state[State.AUCTION_ROOM, i] = room


@jit(inline=True)
def _suggest_trade(firms, rules, t):
    """The trade that closes the gap evenly over the months left to do so."""
    state, plan, month, lot, per_lot = (
        firms.state, firms.plan, rules.monthly[t], rules.own[Static.LOT], rules.own[Static.PER_LOT],
    )  # fmt: skip
    left, volume = month[Month.MONTHS_TO_TRADE], month[Month.VOLUME_LIMIT]
    if month[Month.DEADLINE_EVENT] < 0.0 or left <= 0.0:
        for i in range(firms.width):
            state[State.EVEN_TRADE, i] = 0.0
        return
    for i in range(firms.width):
        gap = plan[Plan.GAP, i]
        reach = left * (volume + state[State.AUCTION_ROOM, i] if gap > 0.0 else volume)
        state[State.EVEN_TRADE, i] = min(max(gap / reach, -1.0), 1.0)
    if lot > 0.0:
        for i in range(firms.width):
            limit = volume + state[State.AUCTION_ROOM, i] if state[State.EVEN_TRADE, i] > 0.0 else volume
            tonnes = lots_that_cover(state[State.EVEN_TRADE, i] * limit, lot, per_lot)
            state[State.EVEN_TRADE, i] = min(max(tonnes / limit, -1.0), 1.0)


@jit(inline=True)
def _suggest_abatement(firms, rules, t):
    """The quoted price that a tonne emitted now falls due against, and the abatement whose marginal cost meets it."""
    state, plan, own, month = firms.state, firms.plan, rules.own, rules.monthly[t]
    for i in range(firms.width):
        plan[Plan.QUOTE, i] = state[State.PRICE, i]
    if own[Static.QUOTE_SD] > 0.0:
        for i in range(firms.width):
            plan[Plan.QUOTE, i] *= exp(state[State.QUOTE_ERROR, i])
    against_front = month[Month.PRICE_DUE_FRONT] > 0.0
    for i in range(firms.width):
        plan[Plan.PRICE_DUE, i] = plan[Plan.QUOTE, i] * (state[State.FRONT_RATIO, i] if against_front else 1.0)
    if month[Month.OUTPUT] <= 0.0:
        for i in range(firms.width):
            state[State.ABATE_AT_PRICE, i] = 0.0
    elif own[Static.TRADABLE] > 0.0:
        marginal, tax = max(0.0, month[Month.MARGINAL]), month[Month.TAX]
        per_scale, per_share = own[Static.ABATE_PER_SCALE], own[Static.ABATE_PER_SHARE]
        for i in range(firms.width):
            saved = plan[Plan.PRICE_DUE, i] * marginal + tax
            state[State.ABATE_AT_PRICE, i] = share_at_price(saved, per_scale, per_share)
    else:  # abatement alone meets the target: evenly to year's end
        target, year_left = month[Month.ALLOCATION_RATE] * own[Static.ANNUAL_EMISSIONS], month[Month.YEAR_LEFT]
        for i in range(firms.width):
            coming = year_left * (1.0 - plan[Plan.CAPACITY_SHARE, i])
            possible = own[Static.ABATE_MAX] * coming
            share = (coming - (target - state[State.ACCRUED, i])) / possible if possible > 0.0 else 0.0
            state[State.ABATE_AT_PRICE, i] = min(max(share, 0.0), 1.0)


@jit(inline=True)
def _find_rights(firms, rules, t):
    """What may be carried over and borrowed at the next deadline, as things stand."""
    state, plan, e = firms.state, firms.plan, int(rules.monthly[t, Month.DEADLINE_EVENT])
    if e < 0:
        for i in range(firms.width):
            plan[Plan.CARRY, i] = 0.0
            plan[Plan.BORROW, i] = 0.0
        return
    event = rules.events[e]
    bank, base, multiple = int(event[Event.BANK_RULE]), event[Event.BANK_BASE], event[Event.BANK_MULTIPLE]
    counts_long, years = event[Event.BANK_LONG_SALES], event[Event.BANK_SALES_YEARS]
    holder, floor = event[Event.SMALL_HOLDER], event[Event.CARRY_FLOOR]
    for i in range(firms.width):
        surplus = max(0.0, -plan[Plan.GAP, i])
        if state[State.AUCTIONED, i] > 0.0:  # surrendered first, and what is left of them cannot be carried
            surplus -= min(surplus, max(0.0, state[State.AUCTIONED, i] + surplus - state[State.FRONT, i]))
        sales = counted_sales(state[State.NET_SALES, i], state[State.LONG_SALES, i], counts_long, years)
        plan[Plan.CARRY, i] = carry_limit(
            bank, surplus, min(surplus, state[State.OLD, i]), base, multiple, sales, holder, floor,
            event[Event.DEFICIT_EXEMPT] * state[State.DEFICIT, i] > 0.0,
            event[Event.LOST_IF_MISSED] * state[State.MISSED, i] > 0.0, min(surplus, state[State.TRADED, i]),
        )  # fmt: skip
    rule, share, booked = int(event[Event.BORROW_RULE]), event[Event.BORROW_SHARE], rules.monthly[t, Month.NEXT_BOOKED]
    for i in range(firms.width):
        after = state[State.NEXT, i] if booked > 0.0 else NEVER
        plan[Plan.BORROW, i] = borrow_limit(
            rule, share, state[State.BORROW_LIMIT, i], state[State.BORROW_PERMIT, i], plan[Plan.DUTY, i], after
        )


@jit(inline=True)
def _suggest_target(firms, rules, t):
    """The trade that leaves neither a shortfall nor a surplus that may not be carried over."""
    state, plan, month, own = firms.state, firms.plan, rules.monthly[t], rules.own
    e, volume = int(month[Month.DEADLINE_EVENT]), month[Month.VOLUME_LIMIT]
    lot, per_lot = own[Static.LOT], own[Static.PER_LOT]
    if e < 0 or volume <= 0.0:
        for i in range(firms.width):
            state[State.TARGET_TRADE, i] = 0.0
        return
    event, unit = rules.events[e], max(lot, own[Static.ROUNDING])
    rule, base, multiple = int(event[Event.BANK_RULE]), event[Event.BANK_BASE], event[Event.BANK_MULTIPLE]
    counts_long, holder, floor = event[Event.BANK_LONG_SALES], event[Event.SMALL_HOLDER], event[Event.CARRY_FLOOR]
    years = event[Event.BANK_SALES_YEARS] if counts_long > 0.0 else 1.0
    for i in range(firms.width):
        tonnes, limit = plan[Plan.GAP, i], volume
        if tonnes > 0.0:
            limit += state[State.AUCTION_ROOM, i]
            tonnes = lots_that_cover(tonnes, lot, per_lot)
        else:
            surplus = -tonnes
            sales = counted_sales(state[State.NET_SALES, i], state[State.LONG_SALES, i], counts_long, years)
            sale = sale_to_carry(
                rule, surplus, plan[Plan.CARRY, i], base, multiple, sales, years, holder, floor, unit
            )  # fmt: skip
            tonnes = max(-lots_that_cover(sale, lot, per_lot), lots_that_cover(-surplus, lot, per_lot))
        state[State.TARGET_TRADE, i] = min(max(tonnes / limit, -1.0), 1.0)


@jit(inline=True)
def open_actions(firms, rules, t):
    """Which actions can change anything this month: a bit each."""
    state, own, month = firms.state, rules.own, rules.monthly[t]
    producing, volume, e = month[Month.OUTPUT] > 0.0, month[Month.VOLUME_LIMIT], int(month[Month.DEADLINE_EVENT])
    settles = e >= 0 and month[Month.TO_DEADLINE] == 0.0
    borrows = settles and rules.events[e, Event.BORROW_RULE] != BORROW_NONE
    banks = settles and rules.events[e, Event.BANK_RULE] != NONE
    abates, chooses_output = producing and own[Static.ABATE_MAX] > 0.0, producing and own[Static.FLEXIBILITY] > 0.0
    alike = (abates << Action.ABATE) | (borrows << Action.BORROW)
    alike |= (banks << Action.BANK) | (chooses_output << Action.OUTPUT)
    for i in range(firms.width):
        trades, offsets = volume + state[State.AUCTION_ROOM, i] > 0.0, state[State.OFFSET_BUYABLE, i] > 0.0
        firms.open[i] = alike | (trades << Action.TRADE) | (offsets << Action.OFFSET)
    if producing and own[Static.INVEST_RATE] > 0.0:
        for k in range(TECHS):
            least = LEAST_LEFT * own[Static.POTENTIAL + k]
            for i in range(firms.width):
                left = own[Static.POTENTIAL + k] - state[State.CAPACITY + k, i] - state[State.BUILDING + k, i]
                firms.open[i] |= (left > least) << Action.INVEST
    if own[Static.LINKS] > 0.0:
        for i in range(firms.width):
            firms.open[i] |= _plan_foreign_trade(i, firms, own, volume) << Action.FOREIGN
    uses = int(own[Static.MENU_USES])
    for i in range(firms.width):
        firms.open[i] &= uses
        if firms.open[i] == 0:  # a masked agent needs a choice, even an idle one
            firms.open[i] = 1 << Action.ABATE


@jit(inline=True)
def _plan_foreign_trade(i, firms, own, volume):
    """Plan how many foreign units can be bought and would count; returns whether any can be traded."""
    world, room, opens = firms.world, 0.0, False
    for k in range(int(own[Static.LINKS])):
        tradable = world[World.BUYABLE + k, i] > 0.0 or (world[World.HELD + k, i] > 0.0 and sellable(i, k, firms, own))
        opens = opens or (volume > 0.0 and tradable)
        room += world[World.BUYABLE + k, i]
    if room < NEVER:  # partners whose units count against the duty alone share it
        room = min(room, world[World.UNCOVERED, i])
    firms.plan[Plan.FOREIGN_ROOM, i] = min(room, volume)
    return opens
