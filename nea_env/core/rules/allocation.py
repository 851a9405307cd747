"""Free allocation: what verified emissions and output turn into."""

from __future__ import annotations

from nea_env.core.jit import jit


@jit(inline=True)
def duty_under_cap(emissions, allocation, cap_share):
    """Duty of one year: emissions, or allocation plus a share of emissions where that is less.

    China 2019-22: a deficit above 20 % of verified emissions is not owed (allocation plan 2021-22, MEE
    2023). Tested year by year: merging two years gives another duty. A negative share means no cap.
    """
    if cap_share < 0.0:
        return emissions
    return min(emissions, allocation + cap_share * emissions)


@jit(inline=True)
def duty_above_baseline(emissions, cap):
    """Duty of a period under a reduction target: what exceeds the cap (Tokyo)."""
    return max(0.0, emissions - cap)


@jit(inline=True)
def book(tonnes, debt):
    """An allocation of ``tonnes`` pays debt first: (tonnes that pay debt, debt left)."""
    paid = min(tonnes, debt)
    return paid, debt - paid


@jit(inline=True)
def beyond_emissions(emissions, output, balance, band, band_share):
    """Free units beyond a firm's own emissions, as a share of them: linear in the distance from the balance.

    band_share x clip((1 - intensity / balance) / band, -1, 1): steel, cement and aluminium in China, 2025
    (allocation plan of November 2025).
    """
    distance = 1.0 - emissions / (output * balance) if output > 0.0 else 0.0
    return band_share * min(1.0, max(-1.0, distance / band))


@jit(inline=True)
def net_duty(relative, band, band_share):
    """Duty less free units that one more tonne adds under a band, at an intensity ``relative`` to the balance.

    The slope of emissions less ``own_emissions_allocation`` at constant output: inside the band
    band_share / band x (2 x relative - 1), beyond it the whole adjustment.
    """
    distance = 1.0 - relative
    if abs(distance) >= band:
        return -band_share if distance > 0.0 else band_share
    return band_share / band * (2.0 * relative - 1.0)


@jit(inline=True)
def own_emissions_allocation(emissions, output, balance, band, band_share):
    """Allocation that follows a firm's own verified emissions, t; with a band share of 0 China's position of 2024."""
    return emissions * (1.0 + beyond_emissions(emissions, output, balance, band, band_share))


@jit(inline=True)
def updated(booked, share, per_base, latest):
    """Units booked where a share of the base follows what was verified last (base-year revision)."""
    return booked * (1.0 - share + share * per_base * latest)


@jit(inline=True)
def emissions_of(output, per_output):
    """Emissions that a level of operation stands for, t: output x benchmark, or x the intensity of the base period.

    The Korean Act, Art. 17(1)3, cancels units where facilities stand still or run less, and its Enforcement Decree,
    Art. 27(1)1, counts benchmarked sites by activity data: who emits less at the same output keeps its units.
    """
    return per_output * output


@jit(inline=True)
def cancelled(active, allocation, ratio, share):
    """Units cancelled by one step: a share of those unneeded where ``active`` / allocation is at most the ratio.

    ``active`` are the emissions that the firm's operation stands for (see ``emissions_of``), t. Enforcement Decree of
    the Korean Act, Art. 29.
    """
    if active <= ratio * allocation:
        return share * (allocation - active)
    return 0.0


@jit(inline=True)
def added(emissions, expected, ratio, share):
    """Units added by one step: a share of the excess where emissions / expected emissions is at least the ratio.

    Enforcement Decree of the Korean Act, Arts. 27-28: what was expected is the base, not the allocation. Of a
    benchmarked firm the emissions are those of its operation.
    """
    if emissions >= ratio * expected and emissions > expected:
        return share * (emissions - expected)
    return 0.0


@jit(inline=True)
def true_up(final, preallocated, held):
    """Verified allocation against pre-allocation: (issued, taken back, clawback beyond what is held)."""
    difference = final - preallocated
    if difference >= 0.0:
        return difference, 0.0, 0.0
    taken = min(-difference, held)
    return 0.0, taken, -difference - taken


@jit(inline=True)
def excess_credits(years, base, factor, ceiling, emissions, issued):
    """Credits issued after ``years`` ended years of a period, t.

    max(0, min(sum of reductions, years * base * ceiling) - years * base * factor - issued so far)
    (Tokyo Metropolitan Government, "Emission trading (3): excess reductions"). A negative ceiling: none.
    """
    reductions = years * base - emissions
    if ceiling >= 0.0:
        reductions = min(reductions, years * base * ceiling)
    return max(0.0, reductions - years * base * factor - issued)
