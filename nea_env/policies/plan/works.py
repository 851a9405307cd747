"""Output, emissions, abatement and investment of a plan."""

from __future__ import annotations

import math

from nea_env.core.layout import TECHS, State
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import Month, Static
from nea_env.core.rules.abatement import arrival, book_value
from nea_env.policies.plan.books import Books, Path
from nea_env.policies.plan.linear import Linear, Model
from nea_env.policies.plan.stocks import Curve

FIRST_TANGENTS = (0.5, 0.8, 1.0, 1.25)  # abatement at these multiples of the month's price


class Works:
    """The firm's plant. Capacity is in units of a month's baseline emissions a month.

    Args:
        model: that variables and rows are added to.
        tables: of the law.
        books: at the start.
        path: of output.
        in_order: technologies by switches in the order of the list, as the core builds them; else relaxed to their
            shares of potential.

    Attributes:
        started: by technology and month, capacity in place and under construction after it.
        abated: by month (share, what is abated, emissions before it).
        curves: the costs of abatement.
    """

    def __init__(self, model: Model, tables: Tables, books: Books, path: Path, in_order: bool) -> None:
        self._model, self._tables, self._books, self._path, self._in_order = model, tables, books, path, in_order
        own = tables.static
        self._unit, self._reference = own[Static.ANNUAL_EMISSIONS] / 12.0, math.exp(own[Static.LOG_REFERENCE])
        state = books.state
        self._techs = [k for k in range(TECHS) if own[Static.POTENTIAL + k] > 0.0]
        self._base = {k: float(state[State.CAPACITY + k] + state[State.BUILDING + k]) / self._unit for k in self._techs}
        self.started: dict[int, dict[int, Linear]] = {k: {} for k in self._techs}
        self.abated: dict[int, tuple[Linear, Linear]] = {}
        self.curves: list[Curve] = []
        self._full: dict[int, Linear] = {}

    def produce(self, t: int, discount: float) -> Linear:
        """Emissions of a month after abatement, and what it costs."""
        own, month, model = self._tables.static, self._tables.monthly[t], self._model
        output = float(self._path.output[t])
        emissions = Linear(output * month[Month.INTENSITY] / self._unit)
        used = output * own[Static.PER_MONTH_OUTPUT]
        for k in self._techs if used > 0.0 else ():
            capacity = self.in_place(k, t)
            running = (own[Static.OPEX + k] - month[Month.INCOME + k]) / self._reference
            model.pay(capacity, discount * used * running)
            emissions = emissions.plus(capacity, -used * month[Month.SAVED + k])
        emitted, largest = emissions, own[Static.ABATE_MAX]
        if largest > 0.0 and output > 0.0:
            emitted = emissions - self._abate(t, emissions, discount)
        if month[Month.TAX] > 0.0:
            model.pay(emitted, discount * month[Month.TAX] / self._reference)
        return emitted

    def _abate(self, t: int, emissions: Linear, discount: float) -> Linear:
        own, model = self._tables.static, self._model
        largest, steep = float(own[Static.ABATE_MAX]), float(own[Static.ABATE_STEEPNESS])
        scale = float(own[Static.ABATE_SCALE]) / self._reference
        abated, cost = model.variable(largest * model.range(emissions)[1]), model.variable()
        model.at_most(abated, emissions * largest)
        model.pay(cost, discount)
        curve = Curve(
            cost, abated, emissions,
            lambda share: scale * (math.expm1(steep * share) / steep - share),
            lambda share: scale * math.expm1(steep * share),
        )  # fmt: skip
        price = float(self._path.price[t]) / self._reference
        for share in {min(largest, math.log1p(multiple * price / scale) / steep) for multiple in FIRST_TANGENTS}:
            model.at_most(curve.tangent(share), 0.0)
        self.curves.append(curve)
        self.abated[t] = abated, emissions
        return abated

    def output(self, t: int) -> float:
        """Of a month, in its own unit."""
        return float(self._path.output[t])

    def base(self, k: int) -> float:
        """Capacity of a technology in place and under construction at the start."""
        return self._base[k]

    def in_place(self, k: int, t: int) -> Linear:
        """Capacity of a technology that works in a month."""
        known = float(self._books.state[State.CAPACITY + k])
        known += sum(tonnes for month, tonnes in self._books.arrivals(k) if month <= t)
        started = self.started[k]
        last = min(3 * (t // 3) - int(self._tables.static[Static.LEAD + k]), max(started, default=-1))
        if last not in started:
            return Linear(known / self._unit)
        return started[last] + (known / self._unit - self._base[k])

    def invest(self, t: int, discount: float) -> None:
        """Start capacity in a month of production: no more than its share of the potential left."""
        own, model = self._tables.static, self._model
        if self._tables.monthly[t, Month.OUTPUT] <= 0.0 or own[Static.INVEST_RATE] <= 0.0 or not self._techs:
            return
        budget = Linear()
        for k in self._techs:
            potential = float(own[Static.POTENTIAL + k]) / self._unit
            before = self.started[k].get(t - 1, Linear(self._base[k]))
            now = model.variable(max(potential, self._base[k]), self._base[k])
            self.started[k][t] = now
            model.at_most(before, now)
            model.pay(now - before, discount * own[Static.CAPEX + k] / self._reference)
            left = float(own[Static.INVEST_RATE])
            budget = budget + (now - before) - (Linear(potential) - before) * left
        model.at_most(budget, 0.0)
        for k, following in zip(self._techs, self._techs[1:], strict=False):
            self._keep_order(t, k, following)

    def _keep_order(self, t: int, k: int, following: int) -> None:
        """A technology is started once the one before it has no potential left."""
        own, model = self._tables.static, self._model
        first, second = (float(own[Static.POTENTIAL + j]) / self._unit for j in (k, following))
        room = max(second - self._base[following], 0.0)
        if first <= self._base[k] or room <= 0.0:
            return
        grown = self.started[following][t] - self._base[following]
        done = (self.started[k][t] - self._base[k]) * (1.0 / (first - self._base[k]))
        if self._in_order:
            full = model.switch()
            model.at_most(full, done)
            model.at_most(grown, full * room)
            if k in self._full:
                model.at_most(self._full[k], full)
            self._full[k] = full
        model.at_most(grown, done * room)

    def left_at_end(self) -> Linear:
        """Book value of capacity at the end of the episode, in units of the model's money."""
        own, horizon, state = self._tables.static, self._tables.horizon, self._books.state
        value = Linear()
        for k in self._techs:
            capex, life, growth = own[Static.CAPEX + k], own[Static.LIFE_DISCOUNT + k], own[Static.BOOK_GROWTH]

            def worth(month: int, capex: float = capex, life: float = life, growth: float = growth) -> float:
                return capex if month >= horizon else book_value(1.0, growth ** (horizon - month), capex, life)

            aged = float(state[State.AGED + k]) * growth**horizon
            known = book_value(float(state[State.CAPACITY + k]), aged, capex, life)
            known += sum(tonnes * worth(month) for month, tonnes in self._books.arrivals(k))
            value = value + known / (self._unit * self._reference)
            before = Linear(self._base[k])
            for t, now in self.started[k].items():
                value = value.plus(now - before, worth(arrival(t, int(own[Static.LEAD + k]))) / self._reference)
                before = now
        return value
