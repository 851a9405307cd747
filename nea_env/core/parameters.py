"""The parameter tables that the kernels read, and the words in them; ``lowering`` fills them from a scenario.

`Static` is constant over an episode, `Month` depends on the calendar month only, an `Event` is a step of the law that
falls due. Kernels take all of them from here.
"""

from __future__ import annotations

from nea_env.core.columns import Columns, column
from nea_env.core.event_parameters import Event as Event
from nea_env.core.month_parameters import Month as Month
from nea_env.core.static_parameters import Static as Static

NEVER = 1e30  # a bound that never binds, a month that never comes
LARGEST_MOVE = 200.0
"""Most that a firm's own purchases may ever move the log price by; a debt bought at the end moves it no further."""

CLOSE_YEAR, ALLOCATE, ISSUE_CREDITS, VERIFY, FIX_STRIKE, DEADLINE, RESET_SALES, AUCTION, TRIGGERS = range(9)
"""Kinds of event, in the order in which they are settled within a month; the last two are read, never settled."""

BOOKED_BEFORE, BY_OUTPUT, BY_OWN_EMISSIONS = range(3)
"""How VERIFY finds the final allocation."""

BORROW_NONE, BORROW_SHARE, BORROW_DECAYING, BORROW_GAP_TEST = range(4)
"""What limits borrowing at a deadline."""

LINK_NOT_TRADABLE, LINK_TIED, LINK_BANDED, LINK_FREE, LINK_COLLARED, LINK_SOLVED, LINK_POOLED = range(7)
"""How a foreign price moves while the link is open."""

WITHIN, LAPSED, SHORT = range(3)
"""How a vintage's year ended: all carried or lent, limit on carrying, limit on lending."""


class Record(Columns):
    """A place of the equilibrium's chain in a month."""

    RUNNING = column("money/t", "price of the running vintage")
    AFTER = column("money/t", "price of the vintage after")
    PARTNER_RUNNING = column("money/t", "price of the partner's running vintage")
    LANDING = column("1", "where the bank lands on its grid")
    OUTCOME = column("1", "how the period ends: WITHIN, LAPSED or SHORT; -1 where none does")
    PARTNER_LANDING = column("1", "where the partner's bank lands")
    PARTNER_OUTCOME = column("1", "how the partner's period ends")
    LAPSE = column("1", "probability that units will lapse")
