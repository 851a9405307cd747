"""Offset credits: how many count, and how many can still be bought."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.parameters import NEVER

LIMIT_NONE, LIMIT_DUTY, LIMIT_ALLOCATION, LIMIT_REDUCTION, LIMIT_CLOSED = range(5)


@jit(inline=True)
def room(base, share, duty, allocation, required_reduction):
    """Tonnes of credits that count against one verified period, by the base of its limit."""
    if base == LIMIT_DUTY:
        return share * duty
    if base == LIMIT_ALLOCATION:
        return share * allocation
    if base == LIMIT_REDUCTION:
        return share * required_reduction
    return NEVER if base == LIMIT_NONE else 0.0


@jit(inline=True)
def used(held, counted, owed):
    """Credits surrendered: what is held, what counts, what is owed, the least."""
    return min(held, min(counted, owed))


@jit(inline=True)
def buyable(limit, duty_to_date, held):
    """Credits that can still be bought: no more than would count against the duty built up so far."""
    return max(0.0, min(limit, duty_to_date) - held)
