"""Free allocation: what verified emissions and output turn into."""

from __future__ import annotations

from nea_env.core.jit import jit


@jit
def duty_under_cap(emissions, allocation, cap_share):
    """Duty of one year: emissions, or allocation plus a share of emissions where that is less.

    China 2019-22: a deficit above 20 % of verified emissions is not owed (allocation plan 2021-22, MEE
    2023). Tested year by year: merging two years gives another duty. A negative share means no cap.
    """
    if cap_share < 0.0:
        return emissions
    return min(emissions, allocation + cap_share * emissions)


@jit
def duty_above_baseline(emissions, cap):
    """Duty of a period under a reduction target: what exceeds the cap (Tokyo)."""
    return max(0.0, emissions - cap)


@jit
def book(tonnes, debt):
    """An allocation of ``tonnes`` pays debt first: (tonnes that pay debt, debt left)."""
    paid = min(tonnes, debt)
    return paid, debt - paid


@jit
def true_up(final, preallocated, held):
    """Verified allocation against pre-allocation: (issued, taken back, clawback beyond what is held)."""
    difference = final - preallocated
    if difference >= 0.0:
        return difference, 0.0, 0.0
    taken = min(-difference, held)
    return 0.0, taken, -difference - taken


@jit
def excess_credits(years, base, factor, ceiling, emissions, issued):
    """Credits issued after ``years`` ended years of a period, t.

    max(0, min(sum of reductions, years * base * ceiling) - years * base * factor - issued so far)
    (Tokyo Metropolitan Government, "Emission trading (3): excess reductions"). A negative ceiling: none.
    """
    reductions = years * base - emissions
    if ceiling >= 0.0:
        reductions = min(reductions, years * base * ceiling)
    return max(0.0, reductions - years * base * factor - issued)
