"""What a firm can know of the law in each month: numbers once published, bounds and a middle before.

Before a number is announced the firm sees its range where the law's history gives one, else the rule that
was published last.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from nea_env.core.lowering.consistency import check
from nea_env.core.lowering.events import deadline_values, offset_rule
from nea_env.core.lowering.periods import BOOKED, LONG_AGO, OWN_EMISSIONS, Period, periods_of, phase_of
from nea_env.core.parameters import BORROW_DECAYING, BORROW_SHARE, Event
from nea_env.core.rules import offsets
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.scenario import BankingRule, PenaltyRule, Scenario, months_between

_BANK = ("banking", (
    Event.BANK_BASE, Event.BANK_MULTIPLE, Event.BANK_RULE, Event.BANK_LONG_SALES, Event.BANK_SALES_YEARS,
    Event.SMALL_HOLDER, Event.CARRY_FLOOR, Event.DEFICIT_EXEMPT, Event.LOST_IF_MISSED,
))  # fmt: skip
_BORROW = ("borrowing", (Event.BORROW_SHARE, Event.BORROW_RULE))
MECHANISMS = ("banking", "borrowing", "offsets", "penalty")  # in the order of layout.Known


def ends_of(scenario: Scenario) -> tuple[Scenario, Scenario]:
    """The scenario with every number in doubt at its lowest, and at its highest; an override outside widens a range."""
    regime, ranges = scenario.regime, scenario.regime.ranges
    if not ranges:
        return scenario, scenario
    numbers = {r.path: regime.number(r.path) or 0.0 for r in ranges}
    low = regime.with_numbers({r.path: min(r.low, numbers[r.path]) for r in ranges})
    high = regime.with_numbers({r.path: max(r.high, numbers[r.path]) for r in ranges})
    return scenario.model_copy(update={"regime": low}), scenario.model_copy(update={"regime": high})


class Outlook:
    """One scenario's law as it is, at its lowest and at its highest, and when each part of it was known.

    Args:
        scenario: validated; its regime's ``ranges`` bound what was in doubt.
        ends: the law at its lowest and highest, where the caller has them (see ``ends_of``).
    """

    def __init__(self, scenario: Scenario, ends: tuple[Scenario, Scenario] | None = None) -> None:
        self.scenario = scenario
        self._low, self._high = ends or ends_of(scenario)
        self.periods = _settled(scenario)
        self._low_periods = _settled(self._low) if scenario.regime.ranges else self.periods
        self._high_periods = _settled(self._high) if scenario.regime.ranges else self.periods
        self._announced: dict[tuple[str, str], int] = {}

    @property
    def marginals(self) -> set[float]:
        """Every net duty per further tonne that a period may have."""
        return {p.marginal for side in (self.periods, self._low_periods, self._high_periods) for p in side}

    @cached_property
    def _ranged(self) -> set[tuple[str, str]]:
        return {(mechanism, year) for mechanism, year, *_ in (r.path.split(".") for r in self.scenario.regime.ranges)}

    def announced(self, mechanism: str, year: str) -> int:
        """Month in which the last doubt about one mechanism of one period ended; long ago where there was none."""
        if (mechanism, year) not in self._announced:
            self._announced[mechanism, year] = self._last_announcement(mechanism, year)
        return self._announced[mechanism, year]

    def _last_announcement(self, mechanism: str, year: str) -> int:
        regime, start = self.scenario.regime, self.scenario.start
        prefix = f"{mechanism}.{year}."
        months = [months_between(start, r.announced) for r in regime.ranges if r.path.startswith(prefix)]
        if mechanism == "allocation":
            months.append(next(p.announced for p in self.periods if p.year == year))
        else:
            rule = getattr(regime, mechanism).get(year)
            if mechanism == "offsets":
                series = self.scenario.market.offset
                rule = rule.get(series.type) if rule and series else None
            months.append(LONG_AGO if rule is None or rule.announced is None else months_between(start, rule.announced))
        if mechanism == "banking" and regime.banking[year].base_share > 0.0:
            first, last = phase_of(self.scenario, year)
            months += [
                months_between(start, r.announced)
                for r in regime.ranges
                if r.path.startswith("allocation.") and first <= r.path.split(".")[1] <= last
            ]
        return max(months)

    def _base_in_doubt(self, mechanism: str, period: Period) -> bool:
        """Whether a carry-over base is a share of allocations of its phase that have a range."""
        rule = self.scenario.regime.banking[period.year]
        first, last = phase_of(self.scenario, period.year)
        years = [year for name, year in self._ranged if name == "allocation" and first <= year <= last]
        return mechanism == "banking" and rule.base_share > 0.0 and bool(years)

    def known(self, mechanism: str, period: Period, t: int) -> bool:
        """Whether one mechanism of a period holds no doubt in month ``t``; by its deadline everything is known."""
        return t >= min(self.announced(mechanism, period.year), period.deadline)

    def bounds(self, name: str, period: Period, t: int) -> tuple[float, float]:
        """Least and most that a number of the allocation, ``name`` of `Period`, can be as known in month ``t``."""
        if self.known("allocation", period, t):
            return getattr(period, name), getattr(period, name)
        if self._own_number_ranged(period):
            ends = [getattr(side[period.index], name) for side in (self._low_periods, self._high_periods)]
            return min(ends), max(ends)
        published = [p for p in self.periods if self.known("allocation", p, t) and p.rule.method == period.rule.method]
        value = getattr(published[-1] if published else period, name)
        return value, value

    def _own_number_ranged(self, period: Period) -> bool:
        """Whether the number that sets this firm's allocation, not just another class's, has a range."""
        unit_class, rule = self.scenario.firm.unit_class, self.scenario.regime.allocation[period.year]
        root = f"allocation.{period.year}."
        if unit_class in rule.classes:
            root += f"classes.{unit_class}."
        own = {f"{root}correction_factor"}
        own |= {f"{root}{table}.{unit_class}" for table in ("benchmark", "balance", "reduction_factor")}
        return any(entry.path in own for entry in self.scenario.regime.ranges)

    def expected(self, name: str, period: Period, t: int) -> float:
        """Middle of the bounds."""
        return sum(self.bounds(name, period, t)) / 2.0

    def allocation_rate(self, period: Period, t: int) -> tuple[float, float]:
        """Bounds of a period's free allocation a year, as a share of baseline emissions."""
        firm = self.scenario.firm
        if period.rule.method in BOOKED:
            ends = [value / period.years for value in self.bounds("booked", period, t)]
        elif period.rule.method in OWN_EMISSIONS:
            ends = [value * firm.annual_emissions * period.relative for value in self.bounds("free", period, t)]
        elif period.rule.method == "benchmarking":
            ends = [value * firm.annual_output for value in self.bounds("rate", period, t)]
        else:
            ends = [period.base * (1.0 - value) for value in self.bounds("factor", period, t)]
        return min(ends) / firm.annual_emissions, max(ends) / firm.annual_emissions

    def deadline_rows(self, period: Period, first: int) -> tuple[list[dict[int, float]], np.ndarray]:
        """Rows for what can be known of a deadline before all is known, and which holds in each month to it.

        Args:
            period: the last period that the deadline settles.
            first: number of the first row.

        Returns:
            The rows, and (deadline + 1,) the number of the row for each month; -1: nothing is in doubt.
        """
        rows: list[dict[int, float]] = []
        which = np.full(period.deadline + 1, -1)
        seen: dict[tuple[bool, ...], int] = {}
        for t in range(max(0, period.deadline + 1)):
            doubts = tuple(not self.known(mechanism, period, t) for mechanism, _ in (_BANK, _BORROW))
            if not any(doubts):
                continue
            if doubts not in seen:
                seen[doubts] = first + len(rows)
                rows.append(self._doubtful(period, doubts))
            which[t] = seen[doubts]
        return rows, which

    def _doubtful(self, period: Period, doubts: tuple[bool, ...]) -> dict[int, float]:
        values = deadline_values(self.scenario, self.periods, period)
        for doubt, (mechanism, columns) in zip(doubts, (_BANK, _BORROW), strict=True):
            if not doubt:
                continue
            if (mechanism, period.year) in self._ranged or self._base_in_doubt(mechanism, period):
                low = deadline_values(self._low, self._low_periods, self._low_periods[period.index])
                high = deadline_values(self._high, self._high_periods, self._high_periods[period.index])
            else:
                low = high = deadline_values(self.scenario, self.periods, period, self._year_before(period.year))
            values |= {column: (low[column] + high[column]) / 2.0 for column in columns}
            if values[Event.BORROW_RULE] == BORROW_DECAYING:  # the limit kept in the state would tell
                values[Event.BORROW_RULE] = BORROW_SHARE
        return values

    def _year_before(self, year: str) -> str:
        earlier = [key for key in sorted(self.scenario.regime.calendar) if key < year]
        return earlier[-1] if earlier else year

    def law(self, running: Period | None, due: list[Period], t: int) -> np.ndarray:
        """The columns of `Known` (layout.LAW,) in month ``t``; the next deadline settles ``due``."""
        last = due[-1]
        known = [self.known("allocation", period, t) for period in due]
        known += [self.known(mechanism, last, t) for mechanism in MECHANISMS]
        row = [float(all(known)), *(self.allocation_rate(running, t) if running else (0.0, 0.0))]
        for mechanism in MECHANISMS:
            low, high = (self._strength(law, mechanism, last, t) for law in (self._low, self._high))
            row += [min(low, high), max(low, high)]
        return np.array(row)

    def offset_share(self, period: Period, t: int) -> float:
        """Middle of the bounds of the share of its base that offset credits may cover in one period."""
        laws = [self._standing(bound, "offsets", period, t) for bound in (self._low, self._high)]
        return sum(offset_rule(law, year)[1] for law, year in laws) / 2.0

    def _standing(self, bound: Scenario, mechanism: str, period: Period, t: int) -> tuple[Scenario, str]:
        """The law and the year whose rule stands for one mechanism: as it is, a bound of it, or the year before's."""
        if self.known(mechanism, period, t):
            return self.scenario, period.year
        if (mechanism, period.year) in self._ranged:
            return bound, period.year
        return self.scenario, self._year_before(period.year)

    def _strength(self, bound: Scenario, mechanism: str, period: Period, t: int) -> float:
        """One mechanism of one bound on the observation's scale."""
        law, year = self._standing(bound, mechanism, period, t)
        if mechanism == "banking":
            return _carry(law.regime.banking[year])
        if mechanism == "borrowing":
            rule = law.regime.borrowing.get(year)
            return max(rule.share, rule.gap_share) if rule is not None and rule.limit != "none" else 0.0
        if mechanism == "offsets":
            base, share = offset_rule(law, year)
            return 1.0 if base == offsets.LIMIT_NONE else min(1.0, share)
        return _penalty(law.regime.penalty[year], law.market.price, law.firm.annual_emissions)


def _settled(scenario: Scenario) -> tuple[Period, ...]:
    periods = periods_of(scenario)
    check(scenario, periods)
    return periods


def _carry(rule: BankingRule) -> float:
    if rule.limit == "none":
        return 0.0
    return rule.net_sales_multiple / (1.0 + rule.net_sales_multiple) if rule.limit == "net_sales" else 1.0


def _penalty(rule: PenaltyRule, price: float, annual_emissions: float) -> float:
    """What missing a tenth of a year's emissions costs at the reference price, as a multiple of buying them."""
    missing = 0.1 * annual_emissions
    strike = strike_price(price, rule.multiple, rule.cap or math.inf, rule.price)
    cost = penalty_cost(missing, strike, rule.lump_sum, rule.max_total or math.inf, rule.side_multiple, price)
    multiple = cost / (missing * price) + rule.deducted
    return float(multiple / (1.0 + multiple))
