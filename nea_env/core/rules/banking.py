"""Carry-over: how much of what is left after surrender lives on."""

from __future__ import annotations

from nea_env.core.jit import jit

UNLIMITED, DEDUCTED_ABOVE_BASE, NET_SALES, TRADED_UNITS, NEXT_PERIOD_ONLY, NONE = range(6)


@jit(inline=True)
def carry_limit(rule, left, old, base, multiple, net_sales, small_holder, floor, exempt, forfeited, traded):
    """Tonnes of ``left`` that may be carried over.

    NET_SALES: base + multiple * net sales, but at least the floor; all of it below the small-holder level (a cliff,
    not a base) or for an exempt deficit firm. DEDUCTED_ABOVE_BASE: all of it (see ``deduction``). TRADED_UNITS: only
    units traded at least once (Hubei). NEXT_PERIOD_ONLY: not what was carried once already (Tokyo).
    """
    if forfeited or rule == NONE:
        return 0.0
    if rule == NEXT_PERIOD_ONLY:
        return left - old
    if rule == TRADED_UNITS:
        return min(left, traded)
    if rule == NET_SALES and not exempt and left >= small_holder:
        return min(left, max(base + multiple * max(0.0, net_sales), floor))
    return left


@jit(inline=True)
def deduction(rule, carried, base):
    """Tonnes taken from the allocation after: what is carried above the base (KAU17 into phase II)."""
    if rule == DEDUCTED_ABOVE_BASE:
        return max(0.0, carried - base)
    return 0.0


@jit(inline=True)
def counted_sales(net_sales, long_sales, counts_long, years):
    """Net sales that a limit counts, t: since the last deadline, or a yearly mean since a date where it counts long."""
    return long_sales / years if counts_long > 0.0 else net_sales
