"""What the law books, verifies and takes back in a plan: every event but the deadline."""

from __future__ import annotations

import numpy as np

from nea_env.core.layout import TIERS
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import BOOKED_BEFORE, BY_OUTPUT, NEVER, Event, Static
from nea_env.core.rules.allocation import added, cancelled
from nea_env.core.rules.offsets import LIMIT_ALLOCATION, LIMIT_DUTY, LIMIT_NONE, LIMIT_REDUCTION
from nea_env.core.rules.penalty import strike_price
from nea_env.policies.plan.books import Books, Path, mean_price
from nea_env.policies.plan.linear import Linear, Model
from nea_env.policies.plan.stocks import Stocks


class Law:
    """Settles the events of a plan, each at its place in the statutory order."""

    def __init__(self, model: Model, tables: Tables, books: Books, path: Path, stocks: Stocks) -> None:
        self._model, self._tables, self._books, self._path, self._stocks = model, tables, books, path, stocks
        self._unit = tables.static[Static.ANNUAL_EMISSIONS] / 12.0

    def close_year(self, event: np.ndarray) -> None:
        """The running year's emissions wait for verification."""
        stocks, slot = self._stocks, int(event[Event.SLOT])
        stocks.closed[slot] = self._model.named(stocks.closed[slot] + stocks.accrued)
        stocks.closed_output[slot] += stocks.accrued_output
        stocks.accrued, stocks.accrued_output = Linear(), 0.0

    def allocate(self, event: np.ndarray) -> None:
        """Free units are booked."""
        stocks, slot, tonnes = self._stocks, int(event[Event.SLOT]), self._allocated(event)
        if event[Event.PRE_SHARE] > 0.0 or event[Event.UPDATE_SHARE] > 0.0:
            stocks.preallocated[slot] = stocks.preallocated[slot] + tonnes
        self.issue(tonnes, bool(event[Event.TO_NEXT] > 0.0))
        if event[Event.TO_NEXT] <= 0.0:
            stocks.sold = Linear()

    def _allocated(self, event: np.ndarray) -> Linear:
        stocks, amount = self._stocks, float(event[Event.AMOUNT]) / self._unit
        if event[Event.PRE_SHARE] > 0.0:
            slot, factor = int(event[Event.PRE_SLOT]), float(event[Event.PRE_SHARE] * event[Event.RATE])
            if event[Event.PRE_ON_EMISSIONS] > 0.0:
                return (stocks.closed[slot] if slot >= 0 else stocks.last_emissions) * factor
            return Linear(factor * (stocks.closed_output[slot] if slot >= 0 else stocks.last_output) / self._unit)
        share, per_base = float(event[Event.UPDATE_SHARE]), float(event[Event.PER_BASE])
        if share > 0.0:
            if event[Event.UPDATE_ON_OUTPUT] > 0.0:
                return Linear(amount * (1.0 - share + share * per_base * stocks.last_output))
            return (stocks.last_emissions * (share * per_base * self._unit) + (1.0 - share)) * amount
        return Linear(amount)

    def issue(self, tonnes: Linear, to_next: bool) -> None:
        """Book units: debt is paid out of them, relaxed to no sooner than the firm wants to."""
        stocks, model = self._stocks, self._model
        if model.range(stocks.debt)[1] > 0.0:
            paid = model.variable(min(model.range(amount)[1] for amount in (stocks.debt, tonnes)))
            model.at_most(paid, stocks.debt)
            model.at_most(paid, tonnes)
            stocks.debt, tonnes = stocks.debt - paid, tonnes - paid
        if to_next:
            stocks.next = stocks.next + tonnes
        else:
            stocks.front = stocks.front + tonnes

    def issue_credits(self, event: np.ndarray) -> None:
        """Interim excess credits, which add as much to the period's duty (Tokyo); relaxed: without their ceiling."""
        stocks, model, slot = self._stocks, self._model, int(event[Event.SLOT])
        target = float(event[Event.YEARS] * event[Event.BASE_EMISSIONS] * (1.0 - event[Event.FACTOR])) / self._unit
        below = Linear(target) - stocks.closed[slot]
        high = model.range(below)[1]
        if high <= 0.0:
            return
        credits = model.variable(high)
        model.at_most(below, credits)
        model.at_most_positive(credits, below)
        stocks.credits = stocks.credits + credits
        stocks.closed[slot] = model.named(stocks.closed[slot] + credits)
        self.issue(credits, bool(event[Event.TO_NEXT] > 0.0))

    def verify(self, t: int, event: np.ndarray) -> None:
        """An ended period's emissions become a duty, its pre-allocation the final allocation."""
        stocks, slot, method = self._stocks, int(event[Event.SLOT]), int(event[Event.METHOD])
        emissions, output, before = stocks.closed[slot], stocks.closed_output[slot], stocks.preallocated[slot]
        stocks.closed[slot], stocks.closed_output[slot], stocks.preallocated[slot] = Linear(), 0.0, Linear()
        allocation = Linear(float(event[Event.AMOUNT]) / self._unit)
        if method == BOOKED_BEFORE:
            if event[Event.UPDATE_SHARE] > 0.0 and (before.terms or before.constant > 0.0):
                allocation = before
            if event[Event.CAP] > 0.0:
                duty = self._above(emissions, float(event[Event.CAP]) / self._unit)
            else:
                duty = emissions
                self._adjust(event, emissions, output, allocation)
        else:
            if method == BY_OUTPUT:
                allocation = Linear(float(event[Event.RATE]) * output / self._unit)
            elif event[Event.BAND_SHARE] > 0.0:
                raise ValueError(f"month {t}: an allocation by a band about the firm's own intensity is not linear")
            else:
                allocation = emissions
            self._true_up(allocation - before, bool(event[Event.TO_NEXT] > 0.0))
            duty = self._under_cap(emissions, allocation, float(event[Event.DEFICIT_CAP]))
        stocks.owed = stocks.owed + duty
        stocks.last_output, stocks.last_emissions = output / event[Event.YEARS], emissions * (1.0 / event[Event.YEARS])
        stocks.short, stocks.credits = allocation - emissions, Linear()
        permit = self._gap_permit(event, duty, duty - allocation)
        stocks.borrow_permit = stocks.borrow_permit + permit
        stocks.offset_room = stocks.offset_room + self._room(event, duty, allocation)

    def _above(self, emissions: Linear, cap: float) -> Linear:
        """What exceeds a cap."""
        model, beyond = self._model, emissions - cap
        low, high = model.range(beyond)
        if low >= 0.0:
            return beyond
        duty = model.variable(max(high, 0.0))
        model.at_most(beyond, duty)
        return duty

    def _adjust(self, event: np.ndarray, emissions: Linear, output: float, allocation: Linear) -> None:
        """Units cancelled where output fell, which must be given back by the deadline, and units added for growth.

        Relaxed: growth of emissions is taken at its most.
        """
        active = float(event[Event.PER_OUTPUT]) * output / self._unit
        grown = active if event[Event.GROWS_BY_OUTPUT] > 0.0 else self._model.range(emissions)[1]
        most, expected = self._model.range(allocation)[1], float(event[Event.EXPECTED]) / self._unit
        gone = more = 0.0
        for k in range(TIERS):
            if event[Event.CANCEL_RATIO + k] >= 0.0:
                gone = max(gone, cancelled(active, most, event[Event.CANCEL_RATIO + k], event[Event.CANCEL_SHARE + k]))
            if event[Event.ADD_RATIO + k] < NEVER:
                more = max(more, added(grown, expected, event[Event.ADD_RATIO + k], event[Event.ADD_SHARE + k]))
        if gone > 0.0:
            self._stocks.owed = self._stocks.owed + gone
        if more > 0.0:
            self.issue(Linear(more), bool(event[Event.TO_NEXT] > 0.0))

    def _true_up(self, difference: Linear, to_next: bool) -> None:
        """Units still to come, or those booked too many, which must be given back by the deadline."""
        low, high = self._model.range(difference)
        if low >= 0.0:
            self.issue(difference, to_next)
        elif high <= 0.0:
            self._stocks.owed = self._stocks.owed - difference
        else:
            back = self._model.variable(-low)
            self._model.at_most(Linear() - difference, back)
            self._stocks.owed = self._stocks.owed + back
            self.issue(difference + back, to_next)

    def _under_cap(self, emissions: Linear, allocation: Linear, cap: float) -> Linear:
        """Duty where a deficit beyond a share of emissions is not owed: the less of two, by a switch."""
        if cap < 0.0:
            return emissions
        model, capped = self._model, allocation.plus(emissions, cap)
        low, high = model.range(emissions - capped)
        if high <= 0.0:
            return emissions
        if low >= 0.0:
            return capped
        duty, on = model.variable(model.range(emissions)[1]), model.switch(emissions - capped)
        model.at_most(emissions - on * high, duty)
        model.at_most(capped.plus(on, -low) + low, duty)
        return duty

    def _gap_permit(self, event: np.ndarray, duty: Linear, gap: Linear) -> Linear:
        """What a year's gap permits to borrow where it reaches its threshold."""
        share, model = float(event[Event.GAP_SHARE]), self._model
        beyond = gap.plus(duty, -float(event[Event.GAP_THRESHOLD]))
        low, high = model.range(beyond)
        most = model.range(gap)[1]
        if share <= 0.0 or high < 0.0 or most <= 0.0:
            return Linear()
        if low >= 0.0:
            return gap * share
        permit, on = model.variable(share * most), model.switch(beyond)
        model.at_most(permit, on * (share * most))
        model.at_most(on * -low + low, beyond)
        least = model.range(gap)[0]
        model.at_most(permit, (gap * share).plus(on * 1.0 - 1.0, share * min(least, 0.0)))
        return permit

    def _room(self, event: np.ndarray, duty: Linear, allocation: Linear) -> Linear:
        """Offset credits that count against the period."""
        base, share = int(event[Event.OFFSET_BASE]), float(event[Event.OFFSET_SHARE])
        if base == LIMIT_DUTY:
            return duty * share
        if base == LIMIT_ALLOCATION:
            return allocation * share
        if base == LIMIT_REDUCTION:
            return Linear(share * float(event[Event.REQUIRED_REDUCTION]) / self._unit)
        return Linear(NEVER if base == LIMIT_NONE else 0.0)

    def fix_strike(self, t: int, event: np.ndarray) -> None:
        """The penalty price of the next deadline."""
        weighted = bool(event[Event.VOLUME_WEIGHTED] > 0.0)
        mean = mean_price(self._tables, self._books, self._path, t, int(event[Event.MEAN_MONTHS]), weighted)
        price = strike_price(mean, event[Event.MULTIPLE], event[Event.STRIKE_CAP], event[Event.STRIKE_PRICE])
        self._stocks.strike = float(price)
