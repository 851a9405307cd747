"""The calendar of a month: year's end, booking, credits, verification, strike, deadline - in statutory order."""

from __future__ import annotations

from nea_env.core import parameters as col
from nea_env.core.banking import carry_limit, deduction
from nea_env.core.booking import allocated, deduct, issue, issue_credits, verify
from nea_env.core.borrowing import borrowed, next_limit_share
from nea_env.core.jit import jit
from nea_env.core.layout import (
    ACCRUED,
    ACCRUED_OUTPUT,
    AUCTIONED,
    BORROW_LIMIT,
    BORROW_PERMIT,
    CLOSED,
    CLOSED_OUTPUT,
    DEBT,
    DEFICIT,
    F_BORROWED,
    F_DEDUCTED,
    F_FORGIVEN,
    F_LAPSED,
    F_PENALISED,
    F_PENALTY_COST,
    F_SURRENDERED,
    FRONT,
    FRONT_RATIO,
    HISTORY,
    LONG_SALES,
    MISSED,
    NET_SALES,
    NEWS,
    NEXT,
    OFFSET_ROOM,
    OFFSETS,
    OLD,
    OLD_SOLD,
    OWED,
    PREALLOCATED,
    PRICE,
    SOLD_ALLOCATION,
    STRIKE,
    SUBSIDY,
    TRADED,
)  # fmt: skip
from nea_env.core.links import allow_foreign, surrender_foreign
from nea_env.core.offsets import used
from nea_env.core.penalty import penalty_cost, strike_price
from nea_env.core.price_laws import COLLARED


@jit
def mean_price(i, t, history, monthly, months, weighted):
    """Mean front price of the last ``months`` months played, by market volume where the law says so."""
    total, weight = 0.0, 0.0
    for back in range(min(months, t + 1)):
        w = monthly[t - back, col.M_TURNOVER] if weighted else 1.0
        total += w * history[i, (t - back) % HISTORY]
        weight += w
    return total / weight if weight > 0.0 else float(history[i, t % HISTORY])


@jit
def deadline(i, state, world, flows, static, event, borrow_share, bank_share):
    """Surrender, borrowing, penalty, carry-over, lapse, and the roll of the next vintage into front."""
    owed = state[i, OWED]
    credits = used(state[i, OFFSETS], state[i, OFFSET_ROOM], owed)
    state[i, OFFSETS] -= credits
    if static[col.P_LINKS] > 0.0:
        credits += surrender_foreign(i, owed - credits, state, world, flows, static)
    units = min(owed - credits, state[i, FRONT])
    gap = owed - credits - units
    loan = _borrow(i, state, flows, static, event, gap, borrow_share)
    missing = gap - loan
    if missing <= static[col.P_ROUNDING]:
        flows[i, F_FORGIVEN] += missing
        missing = 0.0
    flows[i, F_SURRENDERED] += credits + units
    flows[i, F_PENALISED] += missing
    flows[i, F_PENALTY_COST] += penalty_cost(
        missing,
        state[i, STRIKE],
        event[col.E_LUMP_SUM],
        event[col.E_MAX_TOTAL],
        event[col.E_SIDE_MULTIPLE],
        state[i, PRICE] * state[i, FRONT_RATIO],
    )
    if missing > 0.0:
        if event[col.E_FORFEITS] > 0.0:
            state[i, MISSED] = 1.0
        if event[col.E_SUBSIDY_REPAID] > 0.0:
            flows[i, F_PENALTY_COST] += state[i, SUBSIDY]
            state[i, SUBSIDY] = 0.0
        deduct(i, state, flows, event[col.E_DEDUCTED] * missing)
    state[i, OWED] = 0.0
    state[i, FRONT] -= units
    state[i, OLD] = max(0.0, state[i, OLD] - units)  # carried units are used first
    state[i, AUCTIONED] = max(0.0, state[i, AUCTIONED] - units)  # as are those that cannot be carried
    state[i, TRADED] = min(state[i, TRADED], state[i, FRONT])
    _carry_over(i, state, flows, static, event, bank_share)
    state[i, STRIKE] = 0.0
    if static[col.P_LAW] != COLLARED:
        state[i, NEWS] = 0.0
    state[i, OFFSET_ROOM] = 0.0
    state[i, BORROW_PERMIT] = 0.0
    state[i, NET_SALES] = 0.0
    if event[col.E_RESTART_LONG_SALES] > 0.0:
        state[i, LONG_SALES] = 0.0


@jit
def _borrow(i, state, flows, static, event, gap, share):
    rule = int(event[col.E_BORROW_RULE])
    limit, limit_share = 0.0, state[i, BORROW_LIMIT]
    if rule == col.BORROW_SHARE:
        limit_share = event[col.E_BORROW_SHARE]
    if rule == col.BORROW_GAP_TEST:
        limit = state[i, BORROW_PERMIT]
    elif rule != col.BORROW_NONE:
        limit = limit_share * state[i, OWED]
    booked = event[col.E_NEXT_BOOKED] > 0.0
    if booked:
        limit = min(limit, state[i, NEXT])
    loan = borrowed(gap, limit, share) if gap > static[col.P_ROUNDING] else 0.0
    ratio = loan / state[i, OWED] if state[i, OWED] > 0.0 else 0.0
    state[i, BORROW_LIMIT] = next_limit_share(limit_share, event[col.E_BORROW_DECAY], ratio)
    flows[i, F_BORROWED] += loan
    if booked:  # the vintage after is a holding already: the loan comes straight out of it
        state[i, NEXT] -= loan
        flows[i, F_DEDUCTED] += loan
    else:
        state[i, DEBT] += loan
    return loan


@jit
def _carry_over(i, state, flows, static, event, share):
    rule = int(event[col.E_BANK_RULE])
    left = state[i, FRONT]
    sales = (
        state[i, LONG_SALES] / event[col.E_BANK_SALES_YEARS]
        if event[col.E_BANK_LONG_SALES] > 0.0
        else state[i, NET_SALES]
    )
    exempt = event[col.E_DEFICIT_EXEMPT] > 0.0 and state[i, DEFICIT] > 0.0
    forfeited = event[col.E_LOST_IF_MISSED] > 0.0 and state[i, MISSED] > 0.0
    carried = share * carry_limit(
        rule, left - state[i, AUCTIONED], state[i, OLD], event[col.E_BANK_BASE], event[col.E_BANK_MULTIPLE], sales,
        event[col.E_SMALL_HOLDER], exempt, forfeited, state[i, TRADED],
    )  # fmt: skip
    deduct(i, state, flows, deduction(rule, carried, event[col.E_BANK_BASE]))
    flows[i, F_LAPSED] += left - carried
    state[i, OLD] = carried if static[col.P_CARRIES_ONCE] > 0.0 else 0.0
    state[i, OLD_SOLD] = 0.0
    state[i, FRONT] = carried + state[i, NEXT]
    state[i, NEXT] = 0.0
    state[i, TRADED] = min(carried, state[i, TRADED])
    state[i, AUCTIONED] = 0.0
    if event[col.E_NEXT_BOOKED] > 0.0:  # else a limit on sales holds until the next allocation is booked
        state[i, SOLD_ALLOCATION] = 0.0
    if event[col.E_OFFSETS_BANKABLE] <= 0.0:
        flows[i, F_LAPSED] += state[i, OFFSETS]
        state[i, OFFSETS] = 0.0


@jit
def settle(i, t, state, world, history, flows, static, monthly, events, borrow_share, bank_share):
    """Every event of month ``t`` for firm ``i``."""
    for e in range(int(monthly[t, col.M_FIRST_EVENT]), int(monthly[t, col.M_LAST_EVENT])):
        event = events[e]
        kind = int(event[col.E_KIND])
        slot = int(event[col.E_SLOT])
        if kind == col.CLOSE_YEAR:
            state[i, CLOSED + slot] += state[i, ACCRUED]
            state[i, CLOSED_OUTPUT + slot] += state[i, ACCRUED_OUTPUT]
            state[i, ACCRUED] = 0.0
            state[i, ACCRUED_OUTPUT] = 0.0
        elif kind == col.ALLOCATE:
            tonnes = allocated(i, state, event)
            if event[col.E_PRE_SHARE] > 0.0 or event[col.E_UPDATE_SHARE] > 0.0:
                state[i, PREALLOCATED + slot] += tonnes
            issue(i, state, flows, tonnes, event[col.E_TO_NEXT])
            if event[col.E_TO_NEXT] <= 0.0:  # a limit on sales counts the front's own allocation
                state[i, SOLD_ALLOCATION] = 0.0
        elif kind == col.ISSUE_CREDITS:
            issue_credits(i, state, flows, event)
        elif kind == col.VERIFY:
            before = state[i, OWED]
            verify(i, state, flows, event)
            if static[col.P_LINKS] > 0.0:
                allow_foreign(i, max(0.0, state[i, OWED] - before), world, static)
        elif kind == col.FIX_STRIKE:
            mean = mean_price(i, t, history, monthly, int(event[col.E_MEAN_MONTHS]), event[col.E_VOLUME_WEIGHTED] > 0.0)
            state[i, STRIKE] = strike_price(
                mean, event[col.E_MULTIPLE], event[col.E_STRIKE_CAP], event[col.E_STRIKE_PRICE]
            )
        elif kind == col.DEADLINE:
            deadline(i, state, world, flows, static, event, borrow_share, bank_share)
        elif kind == col.RESET_SALES:
            state[i, LONG_SALES] = 0.0
