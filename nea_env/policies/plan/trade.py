"""Units and credits that a plan buys and sells."""

from __future__ import annotations

import math

from nea_env.core.layout import SLOTS, TECHS
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import NEVER, Event, Month, Static
from nea_env.core.rules.trading import auction_price
from nea_env.policies.plan.books import Books, Path, mean_price
from nea_env.policies.plan.linear import Linear, Model
from nea_env.policies.plan.stocks import Curve, Stocks
from nea_env.policies.plan.works import Works

FIRST_TANGENTS = (0.1, 0.3, 0.6, 1.0)  # of the month's volume limit


class Trade:
    """The firm's trade in units of the front and offset credits.

    Attributes:
        net: by month, units bought less sold.
        credits: by month, credits bought.
        curves: the costs of temporary impact.
    """

    def __init__(self, model: Model, tables: Tables, books: Books, path: Path, stocks: Stocks) -> None:
        self._model, self._tables, self._books, self._path, self._stocks = model, tables, books, path, stocks
        own = tables.static
        self._unit, self._reference = own[Static.ANNUAL_EMISSIONS] / 12.0, math.exp(own[Static.LOG_REFERENCE])
        self.net: dict[int, Linear] = {}
        self.credits: dict[int, Linear] = {}
        self.curves: list[Curve] = []

    def units(self, t: int, discount: float, works: Works) -> None:
        """Buy and sell units of the front in a month."""
        own, month, model, stocks = self._tables.static, self._tables.monthly[t], self._model, self._stocks
        volume, price = month[Month.VOLUME_LIMIT] / self._unit, float(self._path.front[t]) / self._reference
        won = self._won(t, discount, works)
        if volume <= 0.0 and won is None:
            return
        buy, sell = model.variable(volume), model.variable(min(volume, max(model.range(stocks.front)[1], 0.0)))
        model.at_most(sell, stocks.front)
        if month[Month.HOLD_MIN] > 0.0:
            model.at_most_positive(sell, stocks.front - month[Month.HOLD_MIN] / self._unit)
        if month[Month.SELL_LIMIT] < NEVER:
            model.at_most_positive(sell, Linear(month[Month.SELL_LIMIT] / self._unit) - stocks.sold)
        half = 0.5 * own[Static.SPREAD]
        model.pay(buy, discount * price * (1.0 + half))
        model.pay(sell, -discount * price * (1.0 - half))
        if own[Static.IMPACT] > 0.0 and volume > 0.0:
            self._pay_impact(buy + sell, volume, price, discount)
        net = buy - sell if won is None else buy - sell + won
        if month[Month.HOLD_MAX] < NEVER:
            model.at_most_positive(net + sell, Linear(month[Month.HOLD_MAX] / self._unit) - stocks.front)
        front = model.variable(model.range(stocks.front + net + sell)[1])
        model.equal(front, stocks.front + net)
        self.net[t] = net
        stocks.front = front
        stocks.net_sales, stocks.long_sales = stocks.net_sales - net, stocks.long_sales - net
        if month[Month.SELL_LIMIT] < NEVER:
            stocks.sold = stocks.sold + sell

    def _pay_impact(self, size: Linear, volume: float, price: float, discount: float) -> None:
        model, most = self._model, self._tables.static[Static.IMPACT] * price / volume
        cost = model.variable()
        model.pay(cost, discount)
        curve = Curve(cost, size, Linear(1.0), lambda q: most * q * q, lambda q: 2.0 * most * q)
        for share in FIRST_TANGENTS:
            model.at_most(curve.tangent(share * volume), 0.0)
        self.curves.append(curve)

    def _won(self, t: int, discount: float, works: Works) -> Linear | None:
        """Units bought at auction, or from the reserve after an intervention; None without either."""
        month, model = self._tables.monthly[t], self._model
        place, trigger = int(month[Month.AUCTION_EVENT]), int(month[Month.TRIGGER_EVENT])
        sale = 0.0
        if month[Month.DEADLINE_EVENT] < 0.0:
            return None
        if trigger >= 0 and bool(self._path.intervened[t]):
            sale = float(self._tables.events[trigger, Event.SALE_SHARE])
        if place < 0 and sale <= 0.0:
            return None
        price, amount = float(self._path.front[t]), 0.0
        if place >= 0:
            event = self._tables.events[place]
            amount = float(event[Event.AMOUNT]) / self._unit
            price = auction_price(price, event[Event.DISCOUNT], self._reserve(t, event), event[Event.FEE])
            if event[Event.OWN_USE] > 0.0:
                raise ValueError(f"month {t}: an auction for own use alone is not part of a plan")
        gap = self.gap(t, works) if sale > 0.0 or (place >= 0 and event[Event.SHORT_SHARE] > 0.0) else Linear()
        reached = max(model.range(gap)[1], 0.0)
        if place >= 0 and event[Event.SHORT_SHARE] > 0.0:  # relaxed: the shortage and the amount each bound it
            amount = min(amount, float(event[Event.SHORT_SHARE]) * reached)
        won = model.variable(amount + sale * reached)
        if sale > 0.0:
            model.at_most_positive(won - amount, gap * sale)
        model.pay(won, discount * price / self._reference)
        return won

    def _reserve(self, t: int, event: object) -> float:
        """Least price of an auction, money/t."""
        reserve, multiple = float(event[Event.RESERVE_PRICE]), float(event[Event.RESERVE_MULTIPLE])  # type: ignore[index]
        if multiple > 0.0 and t > 0:
            months, cap = int(event[Event.MEAN_MONTHS]), float(event[Event.RESERVE_CAP])  # type: ignore[index]
            mean = mean_price(self._tables, self._books, self._path, t - 1, months, True)
            reserve = min(max(reserve, multiple * mean), cap)
        return reserve

    def gap(self, t: int, works: Works) -> Linear:
        """Shortfall expected at the next deadline, as the core foresees it at the start of a month."""
        own, month, stocks = self._tables.static, self._tables.monthly[t], self._stocks
        share = Linear()
        for k in range(TECHS):
            if own[Static.POTENTIAL + k] > 0.0:
                share = share.plus(works.in_place(k, t), month[Month.SAVED_AHEAD + k])
        coming = month[Month.FUTURE_EMISSIONS] / self._unit
        ahead = (self._due_alone(t) + stocks.owed + coming).plus(share, -coming)
        ahead = ahead - month[Month.CAP_DUE] / self._unit
        units = Linear(month[Month.FUTURE_ALLOCATION] / self._unit).plus(stocks.debt, -month[Month.DEBT_DUE])
        for k in range(SLOTS):
            if month[Month.DUE_CLOSED + k] > 0.0:
                units = units + month[Month.RATE + k] * stocks.closed_output[k] / self._unit
                units = units.plus(stocks.closed[k], month[Month.FREE + k]) - stocks.preallocated[k]
        if month[Month.DUE_ACCRUED] > 0.0:
            units = units + month[Month.RATE_RUNNING] * stocks.accrued_output / self._unit
            units = units.plus(stocks.accrued, month[Month.FREE_RUNNING])
        return ahead - units - stocks.front - stocks.offsets

    def _due_alone(self, t: int) -> Linear:
        """Emissions to date, not yet verified, that fall due at the next deadline."""
        month, stocks, due = self._tables.monthly[t], self._stocks, Linear()
        for k in range(SLOTS):
            if month[Month.DUE_CLOSED + k] > 0.0:
                due = due + stocks.closed[k]
        return due + stocks.accrued if month[Month.DUE_ACCRUED] > 0.0 else due

    def offsets(self, t: int, discount: float, works: Works) -> None:
        """Buy offset credits in a month: with those held no more than count against the duty to date."""
        own, month, model, stocks = self._tables.static, self._tables.monthly[t], self._model, self._stocks
        if own[Static.HAS_OFFSET] <= 0.0 or month[Month.OPEN] <= 0.0:
            return
        due = self._due(t, works)
        duty, limits = due + stocks.owed, []
        if month[Month.OFFSET_FIXED] < NEVER and stocks.offset_room.constant < NEVER:
            counted = stocks.offset_room.plus(due, month[Month.OFFSET_SHARE])
            limits.append(counted + month[Month.OFFSET_FIXED] / self._unit)
        most = min(max(model.range(limit)[1], 0.0) for limit in [duty, *limits])
        if most <= 0.0:
            return
        bought = model.variable(most)
        model.at_most(stocks.bought, bought)
        for limit in limits:
            model.at_most_positive(bought, limit - stocks.kept)
        if month[Month.CAP_DUE] > 0.0:  # new capacity may lower this duty again
            model.at_most_positive(bought - stocks.bought, duty - stocks.offsets)
        else:
            model.at_most_positive(bought, duty - stocks.kept)
        model.pay(bought - stocks.bought, discount * float(self._path.offset[t]) / self._reference)
        self.credits[t] = bought - stocks.bought
        stocks.bought = bought

    def _due(self, t: int, works: Works) -> Linear:
        """Unverified emissions to date that are a duty; relaxed to a chord where a cap may leave nothing of them."""
        month, model, due = self._tables.monthly[t], self._model, self._due_alone(t)
        if month[Month.CAP_DUE] <= 0.0:
            return due
        share, own = Linear(), self._tables.static
        for k in range(TECHS):
            if own[Static.POTENTIAL + k] > 0.0:
                share = share.plus(works.in_place(k, t), month[Month.SAVED_AHEAD + k])
        coming = month[Month.FUTURE_EMISSIONS] / self._unit
        ahead = (due + coming - month[Month.CAP_DUE] / self._unit).plus(share, -coming)
        low, high = model.range(ahead)
        if high <= 0.0:
            return Linear()
        if low >= 0.0 or model.range(self._stocks.owed)[1] <= 0.0:  # the switch of what can be bought does the rest
            return ahead
        return (ahead - low) * (high / (high - low))
