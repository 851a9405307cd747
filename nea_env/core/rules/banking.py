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
def sale_to_carry(rule, surplus, carried, base, multiple, net_sales, years, small_holder, floor, unit):
    """Least sale after which all that is left of a surplus may be carried over, tonnes.

    Under NET_SALES a sale also raises the limit, by ``multiple / years`` a tonne once net sales are positive, and it
    may bring the rest below the small-holder level, by a ``unit`` at least. ``carried`` is what may be carried over
    without a sale; the other arguments are those of ``carry_limit``, ``years`` that of ``counted_sales``.
    """
    sale = surplus - carried
    if rule != NET_SALES or sale <= 0.0:
        return max(0.0, sale)
    sale = (surplus - base - multiple * net_sales) / (1.0 + multiple / years)
    if net_sales + sale / years < 0.0:
        sale = surplus - base
    sale = min(sale, surplus - floor)
    if small_holder > 0.0:
        sale = min(sale, surplus - small_holder + unit)
    return max(0.0, sale)


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
