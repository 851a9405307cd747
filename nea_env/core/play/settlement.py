"""The calendar of a month: year's end, booking, credits, verification, strike, deadline - in statutory order."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.layout import HISTORY, Flow, State
from nea_env.core.parameters import (
    ALLOCATE,
    BORROW_GAP_TEST,
    BORROW_NONE,
    BORROW_SHARE,
    CLOSE_YEAR,
    DEADLINE,
    FIX_STRIKE,
    ISSUE_CREDITS,
    RESET_SALES,
    VERIFY,
    Event,
    Month,
    Static,
)
from nea_env.core.play.booking import allocated, deduct, issue, issue_credits, verify
from nea_env.core.play.links import allow_foreign, surrender_foreign
from nea_env.core.rules.banking import carry_limit, deduction
from nea_env.core.rules.borrowing import borrowed, next_limit_share
from nea_env.core.rules.offsets import used
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.core.rules.price_processes import COLLARED


@jit
def mean_price(i, t, history, monthly, months, weighted):
    """Mean front price of the last ``months`` months played, by market volume where the law says so."""
    total, weight = 0.0, 0.0
    for back in range(min(months, t + 1)):
        w = monthly[t - back, Month.TURNOVER] if weighted else 1.0
        total += w * history[i, (t - back) % HISTORY]
        weight += w
    return total / weight if weight > 0.0 else float(history[i, t % HISTORY])


@jit
def deadline(i, state, world, flows, static, event, borrow_share, bank_share):
    """Surrender, borrowing, penalty, carry-over, lapse, and the roll of the next vintage into front."""
    owed = state[i, State.OWED]
    credits = used(state[i, State.OFFSETS], state[i, State.OFFSET_ROOM], owed)
    state[i, State.OFFSETS] -= credits
    if static[Static.LINKS] > 0.0:
        credits += surrender_foreign(i, owed - credits, state, world, flows, static)
    units = min(owed - credits, state[i, State.FRONT])
    gap = owed - credits - units
    loan = _borrow(i, state, flows, static, event, gap, borrow_share)
    missing = gap - loan
    if missing <= static[Static.ROUNDING]:
        flows[i, Flow.FORGIVEN] += missing
        missing = 0.0
    flows[i, Flow.SURRENDERED] += credits + units
    flows[i, Flow.PENALISED] += missing
    flows[i, Flow.PENALTY_COST] += penalty_cost(
        missing,
        state[i, State.STRIKE],
        event[Event.LUMP_SUM],
        event[Event.MAX_TOTAL],
        event[Event.SIDE_MULTIPLE],
        state[i, State.PRICE] * state[i, State.FRONT_RATIO],
    )
    if missing > 0.0:
        if event[Event.FORFEITS] > 0.0:
            state[i, State.MISSED] = 1.0
        if event[Event.SUBSIDY_REPAID] > 0.0:
            flows[i, Flow.PENALTY_COST] += state[i, State.SUBSIDY]
            state[i, State.SUBSIDY] = 0.0
        deduct(i, state, flows, event[Event.DEDUCTED] * missing)
    state[i, State.OWED] = 0.0
    state[i, State.FRONT] -= units
    state[i, State.OLD] = max(0.0, state[i, State.OLD] - units)  # carried units are used first
    state[i, State.AUCTIONED] = max(0.0, state[i, State.AUCTIONED] - units)  # as are those that cannot be carried
    state[i, State.TRADED] = min(state[i, State.TRADED], state[i, State.FRONT])
    _carry_over(i, state, flows, static, event, bank_share)
    state[i, State.STRIKE] = 0.0
    if static[Static.PROCESS] != COLLARED:
        state[i, State.NEWS] = 0.0
    state[i, State.OFFSET_ROOM] = 0.0
    state[i, State.BORROW_PERMIT] = 0.0
    state[i, State.NET_SALES] = 0.0
    if event[Event.RESTART_LONG_SALES] > 0.0:
        state[i, State.LONG_SALES] = 0.0


@jit
def _borrow(i, state, flows, static, event, gap, share):
    rule = int(event[Event.BORROW_RULE])
    limit, limit_share = 0.0, state[i, State.BORROW_LIMIT]
    if rule == BORROW_SHARE:
        limit_share = event[Event.BORROW_SHARE]
    if rule == BORROW_GAP_TEST:
        limit = state[i, State.BORROW_PERMIT]
    elif rule != BORROW_NONE:
        limit = limit_share * state[i, State.OWED]
    booked = event[Event.NEXT_BOOKED] > 0.0
    if booked:
        limit = min(limit, state[i, State.NEXT])
    loan = borrowed(gap, limit, share) if gap > static[Static.ROUNDING] else 0.0
    ratio = loan / state[i, State.OWED] if state[i, State.OWED] > 0.0 else 0.0
    state[i, State.BORROW_LIMIT] = next_limit_share(limit_share, event[Event.BORROW_DECAY], ratio)
    flows[i, Flow.BORROWED] += loan
    if booked:  # the vintage after is a holding already: the loan comes straight out of it
        state[i, State.NEXT] -= loan
        flows[i, Flow.DEDUCTED] += loan
    else:
        state[i, State.DEBT] += loan
    return loan


@jit
def _carry_over(i, state, flows, static, event, share):
    rule = int(event[Event.BANK_RULE])
    left = state[i, State.FRONT]
    sales = (
        state[i, State.LONG_SALES] / event[Event.BANK_SALES_YEARS]
        if event[Event.BANK_LONG_SALES] > 0.0
        else state[i, State.NET_SALES]
    )
    exempt = event[Event.DEFICIT_EXEMPT] > 0.0 and state[i, State.DEFICIT] > 0.0
    forfeited = event[Event.LOST_IF_MISSED] > 0.0 and state[i, State.MISSED] > 0.0
    carried = share * carry_limit(
        rule, left - state[i, State.AUCTIONED], state[i, State.OLD], event[Event.BANK_BASE],
        event[Event.BANK_MULTIPLE], sales,
        event[Event.SMALL_HOLDER], exempt, forfeited, state[i, State.TRADED],
    )  # fmt: skip
    deduct(i, state, flows, deduction(rule, carried, event[Event.BANK_BASE]))
    flows[i, Flow.LAPSED] += left - carried
    state[i, State.OLD] = carried if static[Static.CARRIES_ONCE] > 0.0 else 0.0
    state[i, State.OLD_SOLD] = 0.0
    state[i, State.FRONT] = carried + state[i, State.NEXT]
    state[i, State.NEXT] = 0.0
    state[i, State.TRADED] = min(carried, state[i, State.TRADED])
    state[i, State.AUCTIONED] = 0.0
    if event[Event.NEXT_BOOKED] > 0.0:  # else a limit on sales holds until the next allocation is booked
        state[i, State.SOLD_ALLOCATION] = 0.0
    if event[Event.OFFSETS_BANKABLE] <= 0.0:
        flows[i, Flow.LAPSED] += state[i, State.OFFSETS]
        state[i, State.OFFSETS] = 0.0


@jit
def settle(i, t, state, world, history, flows, static, monthly, events, borrow_share, bank_share):
    """Every event of month ``t`` for firm ``i``."""
    for e in range(int(monthly[t, Month.FIRST_EVENT]), int(monthly[t, Month.LAST_EVENT])):
        event = events[e]
        kind = int(event[Event.KIND])
        slot = int(event[Event.SLOT])
        if kind == CLOSE_YEAR:
            state[i, State.CLOSED + slot] += state[i, State.ACCRUED]
            state[i, State.CLOSED_OUTPUT + slot] += state[i, State.ACCRUED_OUTPUT]
            state[i, State.ACCRUED] = 0.0
            state[i, State.ACCRUED_OUTPUT] = 0.0
        elif kind == ALLOCATE:
            tonnes = allocated(i, state, event)
            if event[Event.PRE_SHARE] > 0.0 or event[Event.UPDATE_SHARE] > 0.0:
                state[i, State.PREALLOCATED + slot] += tonnes
            issue(i, state, flows, tonnes, event[Event.TO_NEXT])
            if event[Event.TO_NEXT] <= 0.0:  # a limit on sales counts the front's own allocation
                state[i, State.SOLD_ALLOCATION] = 0.0
        elif kind == ISSUE_CREDITS:
            issue_credits(i, state, flows, event)
        elif kind == VERIFY:
            before = state[i, State.OWED]
            verify(i, state, flows, event)
            if static[Static.LINKS] > 0.0:
                allow_foreign(i, max(0.0, state[i, State.OWED] - before), world, static)
        elif kind == FIX_STRIKE:
            mean = mean_price(i, t, history, monthly, int(event[Event.MEAN_MONTHS]), event[Event.VOLUME_WEIGHTED] > 0.0)
            state[i, State.STRIKE] = strike_price(
                mean, event[Event.MULTIPLE], event[Event.STRIKE_CAP], event[Event.STRIKE_PRICE]
            )
        elif kind == DEADLINE:
            deadline(i, state, world, flows, static, event, borrow_share, bank_share)
        elif kind == RESET_SALES:
            state[i, State.LONG_SALES] = 0.0
