"""A surrender deadline of a plan: surrender, borrowing, penalty, carry-over, lapse, and the next vintage rolls in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nea_env.core.layout import State
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import (
    BORROW_DECAYING,
    BORROW_GAP_TEST,
    BORROW_NONE,
    BORROW_SHARE,
    NEVER,
    Event,
    Static,
)
from nea_env.core.rules.banking import DEDUCTED_ABOVE_BASE, NET_SALES, NEXT_PERIOD_ONLY, NONE
from nea_env.policies.plan.books import Books, Path
from nea_env.policies.plan.linear import Linear, Model
from nea_env.policies.plan.stocks import Stocks


class Settled(NamedTuple):
    """What a plan settles at a deadline.

    Attributes:
        owed: verified duty.
        gap: what neither credits nor units meet.
        loan: borrowed.
        limit: on that; None without the right.
        missing: duty ended by a penalty.
        carried: over.
    """

    owed: Linear
    gap: Linear
    loan: Linear
    limit: Linear | None
    missing: Linear
    carried: Linear


class Deadlines:
    """Settles the deadlines of a plan.

    Args:
        model: that variables and rows are added to.
        tables: of the law.
        books: at the start.
        path: of prices.
        stocks: of the firm.
        whole: credits that count are used by switches; else they may wait.
        forgives: the rounding that the core forgives is used: for bounds, not for plans that are to be played.
        owed: duties by month of a plan that is nearly this one, which a limit on borrowing that past borrowing lowers
            is taken at; without them it is relaxed.

    Attributes:
        settled: by month.
    """

    def __init__(
        self,
        model: Model,
        tables: Tables,
        books: Books,
        path: Path,
        stocks: Stocks,
        whole: bool,
        forgives: bool,
        owed: dict[int, float],
    ) -> None:
        self._model, self._tables, self._books, self._path, self._stocks = model, tables, books, path, stocks
        own = tables.static
        self._unit, self._reference = own[Static.ANNUAL_EMISSIONS] / 12.0, math.exp(own[Static.LOG_REFERENCE])
        self._forgiven = float(own[Static.ROUNDING]) / self._unit if forgives else 0.0
        self._owed, self._whole = owed, whole
        self.settled: dict[int, Settled] = {}

    def meet(self, t: int, event: np.ndarray, discount: float) -> None:
        """Settle one."""
        model, stocks = self._model, self._stocks
        owed, front, offsets = model.named(stocks.owed), stocks.front, model.named(stocks.offsets)
        most = max(model.range(owed)[1], 0.0)
        units = model.variable(min(most, max(model.range(front)[1], 0.0)))
        missing = model.variable(most)
        gap = owed - units
        if model.range(offsets)[1] > 0.0:
            credits = model.variable(min(model.range(offsets)[1], most))
            model.at_most(credits, offsets)
            counted = [offsets, owed]
            if stocks.offset_room.constant < NEVER:
                model.at_most(credits, stocks.offset_room)
                counted.append(stocks.offset_room)
            if self._whole:
                self._use_all(credits, counted)
            gap, offsets = gap - credits, offsets - credits
        loan, limit = self._borrow(t, event, owed)
        rest = gap - loan - missing
        model.between(rest, 0.0, self._forgiven)
        self._penalise(t, event, missing, most, discount)
        carried = self._carry_over(event, front - units)
        self.settled[t] = Settled(owed, gap, loan, limit, missing, carried)
        stocks.owed, stocks.strike = Linear(), 0.0
        stocks.front, stocks.next, stocks.carried = carried + stocks.next, Linear(), carried
        stocks.offset_room, stocks.borrow_permit, stocks.net_sales = Linear(), Linear(), Linear()
        if event[Event.RESTART_LONG_SALES] > 0.0:
            stocks.long_sales = Linear()
        if event[Event.NEXT_BOOKED] > 0.0:
            stocks.sold = Linear()
        stocks.kept = offsets if event[Event.OFFSETS_BANKABLE] > 0.0 else Linear()
        stocks.bought = Linear()

    def _use_all(self, credits: Linear, limits: list[Linear]) -> None:
        """Credits surrendered reach one of their limits: the law takes them whether the firm wants it or not."""
        model, free = self._model, Linear()
        for limit in limits:
            on = model.switch()
            model.at_most(limit.plus(on, -max(model.range(limit)[1], 0.0)), credits)
            free = free + on
        model.at_most(free, len(limits) - 1.0)

    def _borrow(self, t: int, event: np.ndarray, owed: Linear) -> tuple[Linear, Linear | None]:
        """What is lent out of the vintage after; relaxed: also to a firm that carries units over."""
        model, stocks, rule = self._model, self._stocks, int(event[Event.BORROW_RULE])
        decay, share = float(event[Event.BORROW_DECAY]), float(event[Event.BORROW_SHARE])
        if rule == BORROW_SHARE:
            stocks.borrow_limit = Linear(share)
        limit = stocks.borrow_limit
        if rule == BORROW_NONE:
            return Linear(), None
        low, high = (self._owed[t],) * 2 if t in self._owed else model.range(owed)
        low = max(low, 0.0)
        if rule == BORROW_GAP_TEST:
            most = stocks.borrow_permit
        else:  # the part that past loans have taken counts at the least duty that there may be
            most = (owed * limit.constant).plus(limit - limit.constant, low)
        loan = model.variable(max(model.range(most)[1], 0.0))
        model.at_most(loan, most)
        if rule in (BORROW_SHARE, BORROW_DECAYING) and decay > 0.0 and high > 0.0:
            stocks.borrow_limit = limit.plus(loan, -decay / high)
        if event[Event.NEXT_BOOKED] > 0.0:
            model.at_most(loan, stocks.next)
            stocks.next = stocks.next - loan
        else:
            stocks.debt = stocks.debt + loan
        return loan, most

    def _penalise(self, t: int, event: np.ndarray, missing: Linear, most: float, discount: float) -> None:
        """The penalty of each missing tonne, and tonnes deducted; a lump sum and a greatest sum at their chord."""
        if most <= 0.0:
            return
        model, stocks = self._model, self._stocks
        fine = most * self._unit * stocks.strike + float(event[Event.LUMP_SUM])
        price = min(fine, float(event[Event.MAX_TOTAL])) / (most * self._unit)
        price += float(event[Event.SIDE_MULTIPLE]) * float(self._path.front[t])
        model.pay(missing, discount * price / self._reference)
        self._deduct(missing * float(event[Event.DEDUCTED]))

    def _deduct(self, tonnes: Linear) -> None:
        """Take tonnes from the vintage after, or from an allocation to come; relaxed: from which of them."""
        if not tonnes.terms:
            return
        model, stocks = self._model, self._stocks
        taken = model.variable(max(min(model.range(stocks.next)[1], model.range(tonnes)[1]), 0.0))
        model.at_most(taken, stocks.next)
        model.at_most(taken, tonnes)
        stocks.next = stocks.next - taken
        stocks.debt = model.named(stocks.debt + tonnes - taken)

    def _carry_over(self, event: np.ndarray, left: Linear) -> Linear:
        """What lives on of the units left."""
        model, stocks, rule = self._model, self._stocks, int(event[Event.BANK_RULE])
        most = max(model.range(left)[1], 0.0)
        lost = event[Event.LOST_IF_MISSED] > 0.0 and self._books.state[State.MISSED] > 0.0
        if rule == NONE or lost:
            model.between(left, 0.0, math.inf)
            return Linear()
        carried = model.variable(most)
        model.at_most(carried, left)
        if rule == NET_SALES:
            self._limit_by_sales(event, left, carried, most)
        elif rule == NEXT_PERIOD_ONLY:
            model.at_most_positive(carried, stocks.front - stocks.carried)
        elif rule == DEDUCTED_ABOVE_BASE:
            above = model.variable(most)
            model.at_most(carried - float(event[Event.BANK_BASE]) / self._unit, above)
            self._deduct(above)
        return carried

    def _limit_by_sales(self, event: np.ndarray, left: Linear, carried: Linear, most: float) -> None:
        """A base and a multiple of net sales; all for small holders, and for a firm whose allocation fell short."""
        model, stocks, unit = self._model, self._stocks, self._unit
        if event[Event.DEFICIT_EXEMPT] > 0.0 and model.range(stocks.short)[1] < 0.0:
            return
        sales = stocks.net_sales
        if event[Event.BANK_LONG_SALES] > 0.0:
            sales = stocks.long_sales * (1.0 / float(event[Event.BANK_SALES_YEARS]))
        base = float(event[Event.BANK_BASE]) / unit
        least = max(base, float(event[Event.CARRY_FLOOR]) / unit)
        beyond = sales * float(event[Event.BANK_MULTIPLE]) + (base - least)
        limit = Linear(least)
        if model.range(beyond)[1] > 0.0:
            right = model.variable(model.range(beyond)[1])
            model.at_most_positive(right, model.named(beyond))
            limit = limit + right
        holder = float(event[Event.SMALL_HOLDER]) / unit
        if 0.0 < holder < most:
            small = model.switch(Linear(holder) - left)
            model.at_most(left, Linear(most).plus(small, holder - most))
            limit = limit + small * holder
        elif holder >= most:
            return
        if event[Event.DEFICIT_EXEMPT] > 0.0 and model.range(stocks.short)[0] < 0.0:
            exempt = model.switch(Linear() - stocks.short)
            high = model.range(stocks.short)[1]
            model.at_most(stocks.short, Linear(high).plus(exempt, -high))
            limit = limit + exempt * most
        model.at_most(carried, limit)
