"""What is booked and taken back: allocation, verification with its true-up, ex-post adjustment, interim credits."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.layout import TIERS, Flow, State
from nea_env.core.parameters import BOOKED_BEFORE, BY_OUTPUT, Event
from nea_env.core.rules.allocation import (
    added,
    book,
    cancelled,
    duty_above_baseline,
    duty_under_cap,
    emissions_of,
    excess_credits,
    own_emissions_allocation,
    true_up,
    updated,
)  # fmt: skip
from nea_env.core.rules.borrowing import gap_permit
from nea_env.core.rules.offsets import room


@jit(inline=True)
def issue(i, state, flows, tonnes, to_next):
    """Book ``tonnes``: debt first, the rest into front or the vintage after."""
    paid, state[State.DEBT, i] = book(tonnes, state[State.DEBT, i])
    flows[Flow.ISSUED, i] += tonnes
    flows[Flow.DEDUCTED, i] += paid
    if to_next > 0.0:
        state[State.NEXT, i] += tonnes - paid
    else:
        state[State.FRONT, i] += tonnes - paid


@jit(inline=True)
def deduct(i, state, flows, tonnes):
    """Take ``tonnes`` from the vintage after; what it does not hold becomes debt, paid by the next allocation."""
    taken = min(tonnes, state[State.NEXT, i])
    state[State.NEXT, i] -= taken
    state[State.DEBT, i] += tonnes - taken
    flows[Flow.DEDUCTED, i] += taken


@jit(inline=True)
def take_back(i, state, flows, taken, unmet):
    """A clawback takes what is held of the front and adds the rest to the duty."""
    state[State.FRONT, i] -= taken
    for part in (State.OLD, State.TRADED, State.AUCTIONED):
        state[part, i] = min(state[part, i], state[State.FRONT, i])
    flows[Flow.DEDUCTED, i] += taken
    state[State.OWED, i] += unmet
    flows[Flow.CLAWBACK_UNMET, i] += unmet


@jit(inline=True)
def allocated(i, state, event):
    """Tonnes that one booking brings: a fixed amount, one that follows the period verified last, or an advance."""
    if event[Event.PRE_SHARE] > 0.0:
        slot, on_emissions = int(event[Event.PRE_SLOT]), event[Event.PRE_ON_EMISSIONS] > 0.0
        if slot >= 0:
            latest = state[State.CLOSED + slot, i] if on_emissions else state[State.CLOSED_OUTPUT + slot, i]
        else:
            latest = state[State.LAST_EMISSIONS, i] if on_emissions else state[State.LAST_OUTPUT, i]
        return event[Event.PRE_SHARE] * event[Event.RATE] * latest
    if event[Event.UPDATE_SHARE] > 0.0:
        latest = state[State.LAST_OUTPUT, i] if event[Event.UPDATE_ON_OUTPUT] > 0.0 else state[State.LAST_EMISSIONS, i]
        return updated(event[Event.AMOUNT], event[Event.UPDATE_SHARE], event[Event.PER_BASE], latest)
    return event[Event.AMOUNT]


@jit(inline=True)
def adjust(i, state, flows, event, emissions, output, allocation):
    """Ex-post cancellation where output fell and addition for growth: the furthest step reached decides."""
    gone, more, active = 0.0, 0.0, emissions_of(output, event[Event.PER_OUTPUT])
    grown = active if event[Event.GROWS_BY_OUTPUT] > 0.0 else emissions
    for k in range(TIERS):
        gone = max(gone, cancelled(active, allocation, event[Event.CANCEL_RATIO + k], event[Event.CANCEL_SHARE + k]))
        more = max(more, added(grown, event[Event.EXPECTED], event[Event.ADD_RATIO + k], event[Event.ADD_SHARE + k]))
    if gone > 0.0:
        taken = min(gone, state[State.FRONT, i])
        take_back(i, state, flows, taken, gone - taken)
    if more > 0.0:
        issue(i, state, flows, more, event[Event.TO_NEXT])


@jit(inline=True)
def verify(i, state, flows, event):
    """Turn one ended period's emissions into a duty, and its pre-allocation into the final allocation."""
    slot = int(event[Event.SLOT])
    emissions, output, prebooked = (
        state[State.CLOSED + slot, i],
        state[State.CLOSED_OUTPUT + slot, i],
        state[State.PREALLOCATED + slot, i],
    )
    state[State.CLOSED + slot, i] = 0.0
    state[State.CLOSED_OUTPUT + slot, i] = 0.0
    state[State.PREALLOCATED + slot, i] = 0.0
    method, duty = int(event[Event.METHOD]), emissions
    allocation = event[Event.AMOUNT]
    if method == BOOKED_BEFORE:
        if event[Event.UPDATE_SHARE] > 0.0 and prebooked > 0.0:
            allocation = prebooked
        if event[Event.CAP] > 0.0:
            duty = duty_above_baseline(emissions, event[Event.CAP])
        else:
            adjust(i, state, flows, event, emissions, output, allocation)
    else:
        if method == BY_OUTPUT:
            allocation = event[Event.RATE] * output
        else:
            allocation = own_emissions_allocation(
                emissions, output, event[Event.BALANCE], event[Event.BAND], event[Event.BAND_SHARE]
            )
        issued, taken, unmet = true_up(allocation, prebooked, state[State.FRONT, i])
        issue(i, state, flows, issued, event[Event.TO_NEXT])
        take_back(i, state, flows, taken, unmet)
        duty = duty_under_cap(emissions, allocation, event[Event.DEFICIT_CAP])
    state[State.OWED, i] += duty
    flows[Flow.FORGIVEN, i] += emissions - duty
    state[State.LAST_OUTPUT, i] = output / event[Event.YEARS]
    state[State.LAST_EMISSIONS, i] = emissions / event[Event.YEARS]
    state[State.DEFICIT, i] = 1.0 if allocation < emissions else 0.0
    state[State.CREDITS_ISSUED, i] = 0.0
    state[State.BORROW_PERMIT, i] += gap_permit(duty, allocation, event[Event.GAP_THRESHOLD], event[Event.GAP_SHARE])
    state[State.OFFSET_ROOM, i] += room(
        int(event[Event.OFFSET_BASE]), event[Event.OFFSET_SHARE], duty, allocation, event[Event.REQUIRED_REDUCTION]
    )


@jit(inline=True)
def issue_credits(i, state, flows, event):
    """Interim excess credits: units for the firm, and as much added to the period's duty (Tokyo)."""
    slot = int(event[Event.SLOT])
    emissions = state[State.CLOSED + slot, i] - state[State.CREDITS_ISSUED, i]
    credits = excess_credits(
        event[Event.YEARS],
        event[Event.BASE_EMISSIONS],
        event[Event.FACTOR],
        event[Event.CEILING],
        emissions,
        state[State.CREDITS_ISSUED, i],
    )
    state[State.CREDITS_ISSUED, i] += credits
    state[State.CLOSED + slot, i] += credits
    flows[Flow.CREDITS_ISSUED, i] += credits
    issue(i, state, flows, credits, event[Event.TO_NEXT])
