"""What a law never reads of a firm's books, nor a firm sees: states that differ in nothing else are one."""

from __future__ import annotations

import numpy as np

from nea_env.core.layout import State
from nea_env.core.parameters import BORROW_DECAYING, NEVER, Event, Month, Static
from nea_env.core.rules.banking import NEXT_PERIOD_ONLY, TRADED_UNITS

FOUND = (
    State.OFFSET_BUYABLE, State.AUCTION_ROOM, State.AUCTION_PRICE, State.EVEN_TRADE, State.ABATE_AT_PRICE,
    State.TARGET_TRADE,
)  # fmt: skip
"""Columns that are found anew from the others at the start of each month."""


def unread(static: np.ndarray, monthly: np.ndarray, events: np.ndarray) -> frozenset[int]:
    """Columns of `State` that no month of a law reads and no observation shows, or that each month finds anew.

    Args:
        static: (Static.size,) the law's numbers.
        monthly: (months, Month.size) its months.
        events: (e, Event.size) its events.
    """
    banks = events[:, Event.BANK_RULE]
    due = monthly[:, Month.DEADLINE_EVENT]
    counts_long = events[due[due >= 0.0].astype(int), Event.BANK_LONG_SALES] > 0.0  # which sales each month shows
    advance = (events[:, Event.UPDATE_SHARE] > 0.0) | (events[:, Event.PRE_SHARE] > 0.0)
    cases: tuple[tuple[bool, tuple[int, ...]], ...] = (
        (not counts_long.all(), (State.NET_SALES,)),
        (bool(counts_long.any()), (State.LONG_SALES,)),
        (bool((banks == TRADED_UNITS).any()), (State.TRADED,)),
        (bool((banks == NEXT_PERIOD_ONLY).any()), (State.OLD_SOLD,)),
        (bool((events[:, Event.DEFICIT_EXEMPT] > 0.0).any()), (State.DEFICIT,)),
        (bool((events[:, Event.LOST_IF_MISSED] > 0.0).any()), (State.MISSED,)),
        (bool(advance.any()), (State.LAST_OUTPUT, State.LAST_EMISSIONS)),
        (bool((events[:, Event.BORROW_RULE] == BORROW_DECAYING).any()), (State.BORROW_LIMIT,)),
        (bool((events[:, Event.SUBSIDY_REPAID] > 0.0).any()) and static[Static.SUBSIDY] > 0.0, (State.SUBSIDY,)),
        (bool((monthly[:, Month.SELL_LIMIT] < NEVER).any()), (State.SOLD_ALLOCATION,)),
        (static[Static.REFERENCE_MONTHS] > 0.0, (State.REFERENCE_SUM, State.TRIGGER_RUN, State.INTERVENED)),
        (static[Static.QUOTE_SD] > 0.0 or static[Static.STALE] > 0.0, (State.QUOTE_ERROR,)),
    )
    return frozenset(FOUND).union(*(columns for reads, columns in cases if not reads))
