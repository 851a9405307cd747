"""The calendar of a month: year's end, booking, credits, verification, strike, deadline - in statutory order."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.layout import HISTORY, Action, Flow, State
from nea_env.core.parameters import (
    ALLOCATE,
    AUCTION,
    BORROW_SHARE,
    CLOSE_YEAR,
    DEADLINE,
    FIX_STRIKE,
    ISSUE_CREDITS,
    NEVER,
    RESET_SALES,
    TRIGGERS,
    VERIFY,
    Event,
    Month,
    Plan,
    Static,
)
from nea_env.core.play.booking import allocated, deduct, issue, issue_credits, verify
from nea_env.core.play.foreign import allow_foreign, surrender_foreign
from nea_env.core.rules.banking import carry_limit, counted_sales, deduction
from nea_env.core.rules.borrowing import borrow_limit, borrowed, next_limit_share
from nea_env.core.rules.offsets import used
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.core.rules.price_processes import COLLARED


@jit(inline=True)
def settle(firms, rules, t):
    """Every event of the month, each for all firms of the run."""
    month = rules.monthly[t]
    for e in range(int(month[Month.FIRST_EVENT]), int(month[Month.LAST_EVENT])):
        event = rules.events[e]
        kind = int(event[Event.KIND])
        if kind == CLOSE_YEAR:
            _close_year(firms, int(event[Event.SLOT]))
        elif kind == ALLOCATE:
            _allocate(firms, event)
        elif kind == ISSUE_CREDITS:
            for i in range(firms.width):
                issue_credits(i, firms.state, firms.flows, event)
        elif kind == VERIFY:
            _verify(firms, rules.own, event)
        elif kind == FIX_STRIKE:
            _fix_strike(firms, rules, t, event)
        elif kind == DEADLINE:
            for i in range(firms.width):
                _meet_deadline(i, firms, rules.own, event)
        elif kind == RESET_SALES:
            for i in range(firms.width):
                firms.state[State.LONG_SALES, i] = 0.0
        elif kind != AUCTION and kind != TRIGGERS:
            raise ValueError("an event that nobody settles")


@jit(inline=True)
def _close_year(firms, slot):
    state = firms.state
    for i in range(firms.width):
        state[State.CLOSED + slot, i] += state[State.ACCRUED, i]
        state[State.CLOSED_OUTPUT + slot, i] += state[State.ACCRUED_OUTPUT, i]
        state[State.ACCRUED, i] = 0.0
        state[State.ACCRUED_OUTPUT, i] = 0.0


@jit(inline=True)
def _allocate(firms, event):
    state, slot, to_next = firms.state, int(event[Event.SLOT]), event[Event.TO_NEXT]
    is_advance = event[Event.PRE_SHARE] > 0.0 or event[Event.UPDATE_SHARE] > 0.0
    for i in range(firms.width):
        tonnes = allocated(i, state, event)
        if is_advance:
            state[State.PREALLOCATED + slot, i] += tonnes
        issue(i, state, firms.flows, tonnes, to_next)
        if to_next <= 0.0:  # a limit on sales counts the front's own allocation
            state[State.SOLD_ALLOCATION, i] = 0.0


@jit(inline=True)
def _verify(firms, own, event):
    state = firms.state
    for i in range(firms.width):
        before = state[State.OWED, i]
        verify(i, state, firms.flows, event)
        if own[Static.LINKS] > 0.0:
            allow_foreign(i, max(0.0, state[State.OWED, i] - before), firms, own)


@jit(inline=True)
def _fix_strike(firms, rules, t, event):
    multiple, cap, price = event[Event.MULTIPLE], event[Event.STRIKE_CAP], event[Event.STRIKE_PRICE]
    mean_prices(firms, rules, t, int(event[Event.MEAN_MONTHS]), event[Event.VOLUME_WEIGHTED] > 0.0)
    for i in range(firms.width):
        firms.state[State.STRIKE, i] = strike_price(firms.plan[Plan.MEAN_PRICE, i], multiple, cap, price)


@jit(inline=True)
def mean_prices(firms, rules, t, months, weighted):
    """Mean front price of the last ``months`` months played up to t, by market volume where the law says so."""
    plan, history, weight = firms.plan, firms.history, 0.0
    for i in range(firms.width):
        plan[Plan.MEAN_PRICE, i] = 0.0
    for back in range(min(months, t + 1)):
        w, slot = rules.monthly[t - back, Month.TURNOVER] if weighted else 1.0, (t - back) % HISTORY
        for i in range(firms.width):
            plan[Plan.MEAN_PRICE, i] += w * history[slot, i]
        weight += w
    for i in range(firms.width):
        plan[Plan.MEAN_PRICE, i] = plan[Plan.MEAN_PRICE, i] / weight if weight > 0.0 else history[t % HISTORY, i]


@jit(inline=True)
def _meet_deadline(i, firms, own, event):
    """Surrender, borrowing, penalty, carry-over, lapse, and the roll of the next vintage into front."""
    state, flows = firms.state, firms.flows
    owed = state[State.OWED, i]
    credits = used(state[State.OFFSETS, i], state[State.OFFSET_ROOM, i], owed)
    state[State.OFFSETS, i] -= credits
    if own[Static.LINKS] > 0.0:
        credits += surrender_foreign(i, owed - credits, firms, own)
    units = min(owed - credits, state[State.FRONT, i])
    gap = owed - credits - units
    missing = gap - _borrow(i, firms, own, event, gap)
    if missing <= own[Static.ROUNDING]:
        flows[Flow.FORGIVEN, i] += missing
        missing = 0.0
    flows[Flow.SURRENDERED, i] += credits + units
    _penalise(i, state, flows, event, missing)
    state[State.OWED, i] = 0.0
    state[State.FRONT, i] -= units
    state[State.OLD, i] = max(0.0, state[State.OLD, i] - units)  # carried units are used first
    state[State.AUCTIONED, i] = max(0.0, state[State.AUCTIONED, i] - units)  # as are those that cannot be carried
    state[State.TRADED, i] = min(state[State.TRADED, i], state[State.FRONT, i])
    _carry_over(i, firms, own, event)
    state[State.STRIKE, i] = 0.0
    if own[Static.PROCESS] != COLLARED:
        state[State.NEWS, i] = 0.0
    state[State.OFFSET_ROOM, i] = 0.0
    state[State.BORROW_PERMIT, i] = 0.0
    state[State.NET_SALES, i] = 0.0
    if event[Event.RESTART_LONG_SALES] > 0.0:
        state[State.LONG_SALES, i] = 0.0


@jit(inline=True)
def _penalise(i, state, flows, event, missing):
    """What a missing duty costs, in money and in units and rights."""
    flows[Flow.PENALISED, i] += missing
    flows[Flow.PENALTY_COST, i] += penalty_cost(
        missing,
        state[State.STRIKE, i],
        event[Event.LUMP_SUM],
        event[Event.MAX_TOTAL],
        event[Event.SIDE_MULTIPLE],
        state[State.PRICE, i] * state[State.FRONT_RATIO, i],
    )
    if missing > 0.0:
        if event[Event.FORFEITS] > 0.0:
            state[State.MISSED, i] = 1.0
        if event[Event.SUBSIDY_REPAID] > 0.0:
            flows[Flow.PENALTY_COST, i] += state[State.SUBSIDY, i]
            state[State.SUBSIDY, i] = 0.0
        deduct(i, state, flows, event[Event.DEDUCTED] * missing)


@jit(inline=True)
def _borrow(i, firms, own, event, gap):
    """Tonnes of the gap that are met from the allocation after."""
    state, flows = firms.state, firms.flows
    rule, owed, share = int(event[Event.BORROW_RULE]), state[State.OWED, i], event[Event.BORROW_SHARE]
    booked = event[Event.NEXT_BOOKED] > 0.0
    after = state[State.NEXT, i] if booked else NEVER
    limit = borrow_limit(rule, share, state[State.BORROW_LIMIT, i], state[State.BORROW_PERMIT, i], owed, after)
    wanted = 1.0 + min(0.0, firms.actions[Action.BORROW, i])
    loan = borrowed(gap, limit, wanted) if gap > own[Static.ROUNDING] else 0.0
    ratio = loan / owed if owed > 0.0 else 0.0
    limit_share = share if rule == BORROW_SHARE else state[State.BORROW_LIMIT, i]
    state[State.BORROW_LIMIT, i] = next_limit_share(limit_share, event[Event.BORROW_DECAY], ratio)
    flows[Flow.BORROWED, i] += loan
    if booked:  # the vintage after is a holding already: the loan comes straight out of it
        state[State.NEXT, i] -= loan
        flows[Flow.DEDUCTED, i] += loan
    else:
        state[State.DEBT, i] += loan
    return loan


@jit(inline=True)
def _carry_over(i, firms, own, event):
    """What is left lives on as far as the rule and the firm let it; the rest lapses, and the next vintage rolls in."""
    state, flows = firms.state, firms.flows
    rule, left = int(event[Event.BANK_RULE]), state[State.FRONT, i]
    sales = counted_sales(
        state[State.NET_SALES, i],
        state[State.LONG_SALES, i],
        event[Event.BANK_LONG_SALES],
        event[Event.BANK_SALES_YEARS],
    )
    exempt = event[Event.DEFICIT_EXEMPT] > 0.0 and state[State.DEFICIT, i] > 0.0
    forfeited = event[Event.LOST_IF_MISSED] > 0.0 and state[State.MISSED, i] > 0.0
    share = 1.0 + min(0.0, firms.actions[Action.BANK, i])
    carried = share * carry_limit(
        rule, left - state[State.AUCTIONED, i], state[State.OLD, i], event[Event.BANK_BASE],
        event[Event.BANK_MULTIPLE], sales, event[Event.SMALL_HOLDER], event[Event.CARRY_FLOOR], exempt, forfeited,
        state[State.TRADED, i],
    )  # fmt: skip
    deduct(i, state, flows, deduction(rule, carried, event[Event.BANK_BASE]))
    flows[Flow.LAPSED, i] += left - carried
    state[State.OLD, i] = carried if own[Static.CARRIES_ONCE] > 0.0 else 0.0
    state[State.OLD_SOLD, i] = 0.0
    state[State.FRONT, i] = carried + state[State.NEXT, i]
    state[State.NEXT, i] = 0.0
    state[State.TRADED, i] = min(carried, state[State.TRADED, i])
    state[State.AUCTIONED, i] = 0.0
    if event[Event.NEXT_BOOKED] > 0.0:  # else a limit on sales holds until the next allocation is booked
        state[State.SOLD_ALLOCATION, i] = 0.0
    if event[Event.OFFSETS_BANKABLE] <= 0.0:
        flows[Flow.LAPSED, i] += state[State.OFFSETS, i]
        state[State.OFFSETS, i] = 0.0
