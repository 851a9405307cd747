"""The parameter tables that the kernels read, and the words in them; ``lowering`` fills them from a scenario.

`Static` is constant over an episode, `Month` depends on the calendar month only, an `Event` is a step of the law that
falls due. Kernels take all of them from here.
"""

from __future__ import annotations

from nea_env.core.columns import Columns, column
from nea_env.core.event_parameters import Event as Event
from nea_env.core.layout import ACTIONS
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

PARTS = 8
"""Banks about a node of the closed bank, at one of which a period that waited for news of its law is settled."""


class Record(Columns):
    """A place of the equilibrium's chain in a month."""

    RUNNING = column("money/t", "price of the running vintage")
    WORTH = column("money/t", "of a unit of the running vintage to a firm that carries units over")
    AFTER = column("money/t", "price of the vintage after")
    FRONT = column("money/t", "price of the vintage before while it waits for news of its law, and as it is settled")
    PARTNER_RUNNING = column("money/t", "price of the partner's running vintage")
    PARTNER_WORTH = column("money/t", "of a unit of it to a firm that carries units over")
    LANDING = column("1", "where the bank lands on its grid")
    OUTCOME = column("1", "how the period ends: WITHIN, LAPSED or SHORT; -1 where none does")
    PARTNER_LANDING = column("1", "where the partner's bank lands")
    PARTNER_OUTCOME = column("1", "how the partner's period ends")
    LAPSE = column("1", "probability that units will lapse")


class Quote(Columns):
    """The prices of a month on a lattice, which all else is apart from."""

    LOG_PRICE = column("1", "log of the long price")
    PRICE = column("money/t", "long price", low=0)
    NEWS = column("1", "state of the front's discount or premium", low=-1, high=1, whole=True)
    FRONT_RATIO = column("1", "front price over the long price", low=0)
    NODE = column("1", "place on the lattice", low=0, whole=True)


MENU_NUMBER, MENU_EVEN, MENU_TARGET = range(3)
"""What an entry of a menu trades: its own number, or one of the suggestions."""


class MenuRow(Columns):
    """One joint action of a scenario's menu."""

    ACTION = column("1", "value of each action", low=-1, high=1, width=len(ACTIONS))
    TRADE_KIND = column("code", "MENU_NUMBER, MENU_EVEN or MENU_TARGET", low=0, high=2, whole=True)


class Order(Columns):
    """What a firm wants to trade in a month, and the prices at which that is filled."""

    FRONT = column("t", "front units to buy, or to sell where negative")
    OFFSETS = column("t", "offset credits to buy")
    FOREIGN = column("t", "foreign units to buy, or to sell where negative")
    CAPACITY = column("t/month", "capacity still to start out of the month's budget")
    WON = column("t", "front units bought at auction")
    FRONT_PRICE = column("money/t", "price at which front units are filled on the market")
    LONG_PRICE = column("money/t", "long price before the month's trades")


class Plan(Columns):
    """What a firm may and should do in a month, as things stand at its start."""

    CLOSED = column("t", "emissions of ended periods, not yet verified")
    DUE = column("t", "unverified emissions to date that fall due at the next deadline")
    DUTY = column("t", "those and what is owed")
    AHEAD = column("t", "duty expected at the next deadline")
    ALLOCATION = column("t", "units still to come before it")
    OFFSET_LIMIT = column("t", "offset credits that will count at it")
    FOREIGN = column("t", "foreign units held that will count at it")
    GAP = column("t", "shortfall expected at it; negative is a surplus")
    QUOTE = column("money/t", "the long price as it is quoted")
    PRICE_DUE = column("money/t", "price of the units that a tonne emitted now falls due against, as quoted")
    CAPACITY_SHARE = column("1", "share of baseline emissions that capacity in place avoids")
    CARRY = column("t", "units that may be carried over at the next deadline")
    BORROW = column("t", "units that may be borrowed at it")
    FOREIGN_ROOM = column("t", "foreign units that can be bought this month and would count")
    MEAN_PRICE = column("money/t", "mean front price over the months that the law averages")
