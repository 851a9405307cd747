"""Borrowing from the next allocation."""

from __future__ import annotations

from nea_env.core.jit import jit
from nea_env.core.parameters import BORROW_DECAYING, BORROW_GAP_TEST, BORROW_SHARE


@jit(inline=True)
def gap_permit(duty, allocation, threshold, share):
    """Tonnes that one year's gap permits to borrow: a share of it where it reaches the threshold of duty.

    China 2021-22: a gap of at least 10 % of the duty may be borrowed up to half (allocation plan, MEE 2023).
    """
    gap = duty - allocation
    if share <= 0.0 or duty <= 0.0 or gap < threshold * duty:
        return 0.0
    return share * gap


@jit(inline=True)
def borrow_limit(rule, share, decaying_share, permit, duty, after):
    """Tonnes that may be borrowed at a deadline against ``duty``, by the rule of its period.

    BORROW_SHARE: a share of the duty. BORROW_DECAYING: a share that past borrowing has lowered (Korea).
    BORROW_GAP_TEST: what the yearly test of the gap permitted (China). BORROW_NONE: nothing. A loan comes out of the
    vintage after: at most ``after``, what is held of it (NEVER where it is not booked yet).
    """
    if rule == BORROW_SHARE:
        return min(share * duty, after)
    if rule == BORROW_DECAYING:
        return min(decaying_share * duty, after)
    if rule == BORROW_GAP_TEST:
        return min(permit, after)
    return 0.0


@jit(inline=True)
def borrowed(gap, limit, share):
    """Tonnes borrowed at a deadline: a share of the gap within the limit; only a firm that is short has a gap."""
    return share * min(gap, max(limit, 0.0))


@jit(inline=True)
def next_limit_share(limit_share, decay, ratio):
    """Limit of the period after: limit - decay * share borrowed (Enforcement Decree of the Korean Act, Art. 45)."""
    return max(0.0, limit_share - decay * ratio)
