"""What is booked and taken back: allocation, verification with its true-up, ex-post adjustment, interim credits."""

from __future__ import annotations

from nea_env.core import parameters as col
from nea_env.core.allocation import (
    added,
    book,
    cancelled,
    duty_above_baseline,
    duty_under_cap,
    excess_credits,
    own_emissions_allocation,
    true_up,
    updated,
)  # fmt: skip
from nea_env.core.borrowing import gap_permit
from nea_env.core.jit import jit
from nea_env.core.layout import (
    AUCTIONED,
    BORROW_PERMIT,
    CLOSED,
    CLOSED_OUTPUT,
    CREDITS_ISSUED,
    DEBT,
    DEFICIT,
    F_CLAWBACK_UNMET,
    F_CREDITS_ISSUED,
    F_DEDUCTED,
    F_FORGIVEN,
    F_ISSUED,
    FRONT,
    LAST_EMISSIONS,
    LAST_OUTPUT,
    NEXT,
    OFFSET_ROOM,
    OLD,
    OWED,
    PREALLOCATED,
    TIERS,
    TRADED,
)  # fmt: skip
from nea_env.core.offsets import room


@jit
def issue(i, state, flows, tonnes, to_next):
    """Book ``tonnes``: debt first, the rest into front or the vintage after."""
    paid, state[i, DEBT] = book(tonnes, state[i, DEBT])
    flows[i, F_ISSUED] += tonnes
    flows[i, F_DEDUCTED] += paid
    if to_next > 0.0:
        state[i, NEXT] += tonnes - paid
    else:
        state[i, FRONT] += tonnes - paid


@jit
def deduct(i, state, flows, tonnes):
    """Take ``tonnes`` from the vintage after; what it does not hold becomes debt, paid by the next allocation."""
    taken = min(tonnes, state[i, NEXT])
    state[i, NEXT] -= taken
    state[i, DEBT] += tonnes - taken
    flows[i, F_DEDUCTED] += taken


@jit
def take_back(i, state, flows, taken, unmet):
    """A clawback takes what is held of the front and adds the rest to the duty."""
    state[i, FRONT] -= taken
    for part in (OLD, TRADED, AUCTIONED):
        state[i, part] = min(state[i, part], state[i, FRONT])
    flows[i, F_DEDUCTED] += taken
    state[i, OWED] += unmet
    flows[i, F_CLAWBACK_UNMET] += unmet


@jit
def allocated(i, state, event):
    """Tonnes that one booking brings: a fixed amount, one that follows the period verified last, or an advance."""
    if event[col.E_PRE_SHARE] > 0.0:
        latest = state[i, LAST_EMISSIONS] if event[col.E_PRE_ON_EMISSIONS] > 0.0 else state[i, LAST_OUTPUT]
        return event[col.E_PRE_SHARE] * event[col.E_RATE] * latest
    if event[col.E_UPDATE_SHARE] > 0.0:
        latest = state[i, LAST_OUTPUT] if event[col.E_UPDATE_ON_OUTPUT] > 0.0 else state[i, LAST_EMISSIONS]
        return updated(event[col.E_AMOUNT], event[col.E_UPDATE_SHARE], event[col.E_PER_BASE], latest)
    return event[col.E_AMOUNT]


@jit
def adjust(i, state, flows, event, emissions, allocation):
    """Ex-post cancellation of unused units and addition for growth: the furthest step reached decides."""
    gone, more = 0.0, 0.0
    for k in range(TIERS):
        gone = max(gone, cancelled(emissions, allocation, event[col.E_CANCEL_RATIO + k], event[col.E_CANCEL_SHARE + k]))
        more = max(
            more, added(emissions, event[col.E_EXPECTED], event[col.E_ADD_RATIO + k], event[col.E_ADD_SHARE + k])
        )
    if gone > 0.0:
        taken = min(gone, state[i, FRONT])
        take_back(i, state, flows, taken, gone - taken)
    if more > 0.0:
        issue(i, state, flows, more, event[col.E_TO_NEXT])


@jit
def verify(i, state, flows, event):
    """Turn one ended period's emissions into a duty, and its pre-allocation into the final allocation."""
    slot = int(event[col.E_SLOT])
    emissions, output, prebooked = (
        state[i, CLOSED + slot],
        state[i, CLOSED_OUTPUT + slot],
        state[i, PREALLOCATED + slot],
    )
    state[i, CLOSED + slot] = 0.0
    state[i, CLOSED_OUTPUT + slot] = 0.0
    state[i, PREALLOCATED + slot] = 0.0
    method, duty = int(event[col.E_METHOD]), emissions
    allocation = event[col.E_AMOUNT]
    if method == col.BOOKED_BEFORE:
        if event[col.E_UPDATE_SHARE] > 0.0 and prebooked > 0.0:
            allocation = prebooked
        if event[col.E_CAP] > 0.0:
            duty = duty_above_baseline(emissions, event[col.E_CAP])
        else:
            adjust(i, state, flows, event, emissions, allocation)
    else:
        if method == col.BY_OUTPUT:
            allocation = event[col.E_RATE] * output
        else:
            allocation = own_emissions_allocation(
                emissions, output, event[col.E_BALANCE], event[col.E_BAND], event[col.E_BAND_SHARE]
            )
        issued, taken, unmet = true_up(allocation, prebooked, state[i, FRONT])
        issue(i, state, flows, issued, event[col.E_TO_NEXT])
        take_back(i, state, flows, taken, unmet)
        duty = duty_under_cap(emissions, allocation, event[col.E_DEFICIT_CAP])
    state[i, OWED] += duty
    flows[i, F_FORGIVEN] += emissions - duty
    state[i, LAST_OUTPUT] = output / event[col.E_YEARS]
    state[i, LAST_EMISSIONS] = emissions / event[col.E_YEARS]
    state[i, DEFICIT] = 1.0 if allocation < emissions else 0.0
    state[i, CREDITS_ISSUED] = 0.0
    state[i, BORROW_PERMIT] += gap_permit(duty, allocation, event[col.E_GAP_THRESHOLD], event[col.E_GAP_SHARE])
    state[i, OFFSET_ROOM] += room(
        int(event[col.E_OFFSET_BASE]), event[col.E_OFFSET_SHARE], duty, allocation, event[col.E_REQUIRED]
    )


@jit
def issue_credits(i, state, flows, event):
    """Interim excess credits: units for the firm, and as much added to the period's duty (Tokyo)."""
    slot = int(event[col.E_SLOT])
    emissions = state[i, CLOSED + slot] - state[i, CREDITS_ISSUED]
    credits = excess_credits(
        event[col.E_YEARS],
        event[col.E_BASE_EMISSIONS],
        event[col.E_FACTOR],
        event[col.E_CEILING],
        emissions,
        state[i, CREDITS_ISSUED],
    )
    state[i, CREDITS_ISSUED] += credits
    state[i, CLOSED + slot] += credits
    flows[i, F_CREDITS_ISSUED] += credits
    issue(i, state, flows, credits, event[col.E_TO_NEXT])
