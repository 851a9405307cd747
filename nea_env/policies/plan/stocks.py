"""What a plan keeps track of from month to month, each as a linear expression of its variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from nea_env.core.layout import SLOTS, State
from nea_env.core.parameters import Month
from nea_env.policies.plan.books import Books, Floats
from nea_env.policies.plan.linear import Linear


class Stocks:
    """Accounts of the firm, in units of a month's baseline emissions; output in its own unit.

    The names are those of ``layout.State``; ``carried`` is what was carried over at the deadline before and
    ``bought`` the credits bought since, beside ``kept``, those kept from before it.
    """

    def __init__(self, books: Books, unit: float) -> None:
        state = books.state

        def tonnes(column: int) -> Linear:
            return Linear(float(state[column]) / unit)

        self.front, self.next = tonnes(State.FRONT), tonnes(State.NEXT)
        self.kept, self.bought = tonnes(State.OFFSETS), Linear()
        self.accrued, self.owed, self.debt = tonnes(State.ACCRUED), tonnes(State.OWED), tonnes(State.DEBT)
        self.closed = [tonnes(State.CLOSED + k) for k in range(SLOTS)]
        self.preallocated = [tonnes(State.PREALLOCATED + k) for k in range(SLOTS)]
        self.accrued_output = float(state[State.ACCRUED_OUTPUT])
        self.closed_output = [float(state[State.CLOSED_OUTPUT + k]) for k in range(SLOTS)]
        self.last_output, self.last_emissions = float(state[State.LAST_OUTPUT]), tonnes(State.LAST_EMISSIONS)
        self.net_sales, self.long_sales = tonnes(State.NET_SALES), tonnes(State.LONG_SALES)
        self.sold, self.credits = tonnes(State.SOLD_ALLOCATION), tonnes(State.CREDITS_ISSUED)
        self.offset_room, self.borrow_permit = tonnes(State.OFFSET_ROOM), tonnes(State.BORROW_PERMIT)
        self.borrow_limit = Linear(float(state[State.BORROW_LIMIT]))
        self.carried = tonnes(State.OLD) + tonnes(State.OLD_SOLD)
        self.short = Linear(-1.0 if state[State.DEFICIT] > 0.0 else 1.0)  # allocation less emissions verified last
        self.strike = float(state[State.STRIKE])

    @property
    def offsets(self) -> Linear:
        """Credits held."""
        return self.kept + self.bought

    def unmet(self, month: Floats) -> tuple[Linear, Linear]:
        """Duties, also those not verified yet: (what falls due at the next deadline, the rest and debt).

        Args:
            month: (Month.size,) of the month in which they are looked at.
        """
        due, later = self.owed, self.debt
        for k, waiting in enumerate(self.closed):
            if month[Month.DUE_CLOSED + k] > 0.0:
                due = due + waiting
            else:
                later = later + waiting
        if month[Month.DUE_ACCRUED] > 0.0:
            return due + self.accrued, later
        return due, later + self.accrued


class Curve(NamedTuple):
    """A cost ``scale * value(amount / scale)`` that is convex, held from below by tangents.

    Attributes:
        cost: variable that is at least as large.
        amount: what it is paid for.
        scale: what the amount is a share of.
        value: cost of a share.
        slope: derivative of that.
    """

    cost: Linear
    amount: Linear
    scale: Linear
    value: Callable[[float], float]
    slope: Callable[[float], float]

    def tangent(self, share: float) -> Linear:
        """What must not be positive: the tangent at a share, less the cost."""
        slope = self.slope(share)
        return (self.amount * slope).plus(self.scale, self.value(share) - share * slope) - self.cost
