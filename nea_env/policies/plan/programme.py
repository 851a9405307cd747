"""The programme of a firm's remaining months: built from the tables of a law, solved with HiGHS.

What is exact: trade within the volume limit of each month with spread and temporary impact, auctions, the reserve's
sales, abatement, investment with lead times, technologies in order and book values, allocation booked, updated and
trued up, caps, interim credits, verification, surrender, offset credits, borrowing, carrying over by every rule but
Hubei's, small holders, exempt firms, penalties a tonne, deductions, and the closing values.

Abatement and impact are convex: tangents hold them from below, and are added where a solution lies above them.

Relaxed in the firm's favour, so that the cost is a lower bound of what any policy can reach on the path:

* the lump sum and the greatest sum of a fine are spread over the tonnes that may be missing at most
* a missed deadline costs no right to carry over and no state aid later on
* debt is paid out of an allocation when the firm wants; a deduction falls on either of the two vintages
* a loan is granted to a firm that holds units; unless duties of a plan before are given, past loans lower a limit as
  if they had been a share of the greatest duty possible
* interim credits know no ceiling (Tokyo)
* units added for growth come as if nothing had been abated; units to give back are a duty, not taken from a holding
* units bought at auction and Hubei's untraded units may be carried over; lots are not whole
* an auction for firms that are short is open up to the shortage that is possible at most

Relaxed besides where a programme is not ``whole``: technologies keep their order only by shares of potential, and
offset credits held may wait although they would count.

Refused: links, output as a choice, permanent impact, menus, an auction for own use alone, allocation by a band.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import (
    ALLOCATE,
    CLOSE_YEAR,
    DEADLINE,
    FIX_STRIKE,
    ISSUE_CREDITS,
    RESET_SALES,
    VERIFY,
    Event,
    Month,
    Static,
)
from nea_env.policies.plan.books import Books, Path
from nea_env.policies.plan.deadline import Deadlines
from nea_env.policies.plan.law import Law
from nea_env.policies.plan.linear import Linear, Model
from nea_env.policies.plan.search import Switches, least
from nea_env.policies.plan.stocks import Stocks
from nea_env.policies.plan.trade import Trade
from nea_env.policies.plan.works import Works

Floats = NDArray[np.float64]

REFUSED = {
    Static.LINKS: "links to other systems",
    Static.FLEXIBILITY: "output as a choice",
    Static.PERMANENT: "permanent impact of the firm's trades",
    Static.MENU_SIZE: "a menu of actions",
}


class Holdings(NamedTuple):
    """What a plan holds at the end of a month, in units of a month's baseline emissions.

    Attributes:
        front: units usable at the next deadline.
        after: units of the vintage after.
        offsets: credits.
        due: duties, verified or not, that fall due at the next deadline.
        later: other duties, and debt.
        started: by technology, capacity in place and under construction, a month.
    """

    front: Linear
    after: Linear
    offsets: Linear
    due: Linear
    later: Linear
    started: dict[int, Linear]


class Plan(NamedTuple):
    """A solved programme. Months count from the start of the episode; entries before the plan's first month are 0.

    Attributes:
        cost: of the plan, discounted to its first month, money.
        bound: no plan that keeps to the programme costs less, money.
        trade: (horizon,) units bought less sold, t.
        abate: (horizon,) share of emissions abated.
        invest: (horizon,) capacity started, t a month.
        offsets: (horizon,) credits bought, home-usable t.
        borrow: (horizon,) value of the action that borrows as planned.
        owed: duties at deadlines by month, in units of a month's baseline emissions.
    """

    cost: float
    bound: float
    trade: Floats
    abate: Floats
    invest: Floats
    offsets: Floats
    borrow: Floats
    owed: dict[int, float]


class Programme:
    """The remaining months of a firm under one law, on one path.

    Money is in units of the reward scale, tonnes in months of baseline emissions.

    Args:
        tables: of the law.
        books: of the firm.
        path: of prices and output.
        whole: with switches for the order of technologies and the use of credits; else these are relaxed.
        forgives: what the core forgives as rounding is used at each deadline: for bounds.
        owed: duties of a plan that is nearly this one; see `deadline.Deadlines`.

    Raises:
        ValueError: the law has what a plan cannot hold; see the module.

    Attributes:
        model: the programme.
        holdings: by month, at its end.
        unit: baseline emissions of a month, t.
    """

    def __init__(
        self,
        tables: Tables,
        books: Books,
        path: Path,
        *,
        whole: bool = True,
        forgives: bool = False,
        owed: dict[int, float] | None = None,
    ) -> None:
        for column, what in REFUSED.items():
            if tables.static[column] > 0.0:
                raise ValueError(f"a plan cannot hold {what}")
        self._tables, self._books = tables, books
        own = tables.static
        self.unit, self._reference = own[Static.ANNUAL_EMISSIONS] / 12.0, math.exp(own[Static.LOG_REFERENCE])
        self.model = Model()
        self.holdings: dict[int, Holdings] = {}
        self._stocks = Stocks(books, self.unit)
        self._works = Works(self.model, tables, books, path, whole)
        self._trade = Trade(self.model, tables, books, path, self._stocks)
        self._law = Law(self.model, tables, books, path, self._stocks)
        self._deadlines = Deadlines(self.model, tables, books, path, self._stocks, whole, forgives, owed or {})
        for t in range(books.month, tables.horizon):
            self._play(t, float(own[Static.DISCOUNT]) ** (t - books.month))
        closing = float(own[Static.DISCOUNT]) ** (tables.horizon - 1 - books.month)
        self._close(closing, float(path.price[-1]), float(path.offset[-1]))

    def _play(self, t: int, discount: float) -> None:
        """A month, in the order of the core."""
        stocks, works, trade = self._stocks, self._works, self._trade
        if self._tables.static[Static.HAS_OFFSET] > 0.0:  # what can be bought is found before the month is played
            trade.offsets(t, discount, works)
        emitted = works.produce(t, discount)
        works.invest(t, discount)
        trade.units(t, discount, works)
        stocks.accrued = stocks.accrued + emitted
        stocks.accrued_output += works.output(t)
        month = self._tables.monthly[t]
        for e in range(int(month[Month.FIRST_EVENT]), int(month[Month.LAST_EVENT])):
            self._settle(t, self._tables.events[e], discount)
        started = {k: by_month[t] for k, by_month in works.started.items() if t in by_month}
        due, later = stocks.unmet(self._tables.monthly[t + 1])
        self.holdings[t] = Holdings(stocks.front, stocks.next, stocks.offsets, due, later, started)

    def _settle(self, t: int, event: np.ndarray, discount: float) -> None:
        kind, law = int(event[Event.KIND]), self._law
        if kind == CLOSE_YEAR:
            law.close_year(event)
        elif kind == ALLOCATE:
            law.allocate(event)
        elif kind == ISSUE_CREDITS:
            law.issue_credits(event)
        elif kind == VERIFY:
            law.verify(t, event)
        elif kind == FIX_STRIKE:
            law.fix_strike(t, event)
        elif kind == DEADLINE:
            self._deadlines.meet(t, event, discount)
        elif kind == RESET_SALES:
            self._stocks.long_sales = Linear()

    def _close(self, discount: float, price: float, offset: float) -> None:
        """The end: debt and unmet duty are bought, holdings sold at the long price, capacity left at book value."""
        stocks = self._stocks
        due, later = stocks.unmet(self._tables.monthly[-1])
        position = (stocks.front + stocks.next - due - later) * (price / self._reference)
        position = position.plus(stocks.offsets, min(price, offset) / self._reference)
        self.model.pay(position + self._works.left_at_end(), -discount)

    def solve(self, switches: Switches = "exact", *, tolerance: float = 1e-8, rounds: int = 40) -> Plan:
        """The best plan.

        Args:
            switches: ``relaxed`` may stand between off and on, which takes far less time; ``rounded`` from there.
            tolerance: tangents are added until they miss the cost by no more than this share of exposure.
            rounds: or so often.

        Raises:
            ImportError: HiGHS is missing.
            RuntimeError: HiGHS finds no solution.
        """
        curves, money = [*self._works.curves, *self._trade.curves], self.unit * self._reference
        found = least(self.model, curves, switches, tolerance * self._tables.exposure / money, rounds)
        return self._read(found.values, found.cost * money, found.bound * money)

    def _read(self, values: Floats, cost: float, bound: float) -> Plan:
        horizon, unit = self._tables.horizon, self.unit
        trade, abate, invest, offsets, borrow = np.zeros((5, horizon))
        for t, net in self._trade.net.items():
            trade[t] = unit * net.at(values)
        for t, (abated, emissions) in self._works.abated.items():
            abate[t] = abated.at(values) / max(emissions.at(values), 1e-12)
        for k, by_month in self._works.started.items():
            before = self._works.base(k)
            for t, started in by_month.items():
                now = started.at(values)
                invest[t] += unit * max(now - before, 0.0)
                before = now
        for t, bought in self._trade.credits.items():
            offsets[t] = unit * max(bought.at(values), 0.0)
        for t, settled in self._deadlines.settled.items():
            if settled.limit is not None:
                most = min(settled.gap.at(values), settled.limit.at(values))
                borrow[t] = min(0.0, settled.loan.at(values) / most - 1.0) if most > 1e-9 else 0.0
        owed = {t: settled.owed.at(values) for t, settled in self._deadlines.settled.items()}
        return Plan(cost, bound, trade, abate, invest, offsets, borrow, owed)
