"""The statute's columns of `Month`: what falls due at the next deadline, and what is known of the rules for it."""

from __future__ import annotations

import numpy as np

from nea_env.core.layout import LAW, OBS_INDEX, OBSERVATION, SLOTS
from nea_env.core.lowering.events import offset_rule, table_of
from nea_env.core.lowering.market_months import opening
from nea_env.core.lowering.outlook import Outlook
from nea_env.core.lowering.periods import BOOKED, Period, booked_at_start, deadlines, next_deadline
from nea_env.core.parameters import DEADLINE, NEVER, Event, Month
from nea_env.core.rules import offsets

_KNOWN_BOUNDS = np.array([[getattr(OBSERVATION[OBS_INDEX[name]], end) for name in LAW] for end in ("low", "high")])
"""Least and most (2, LAW) of what the observation shows of the law: where there is more, it shows the bound."""


def fill_deadlines(monthly: np.ndarray, outlook: Outlook, table: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Which row of `Event` says what is known of the next deadline; rows for what is in doubt are added to the table.

    Args:
        monthly: (horizon + 1, Month.size), of which DEADLINE_EVENT is filled.
        outlook: of the scenario.
        table: (e, Event.size), the calendar's events.
        months: (e,) the month of each.
    """
    periods = outlook.periods
    previous = -1
    for due in deadlines(periods):
        row = int(np.flatnonzero((table[: len(months), Event.KIND] == DEADLINE) & (months == due))[0])
        extra, which = outlook.deadline_rows([p for p in periods if p.deadline == due][-1], len(table))
        window = slice(previous + 1, due + 1)
        monthly[window, Month.DEADLINE_EVENT] = np.where(which[window] >= 0, which[window], row)
        if table[row, Event.NEXT_BOOKED] > 0.0:
            monthly[max(_booked_from(periods, due), previous + 1) : due + 1, Month.NEXT_BOOKED] = 1.0
        table = np.vstack([table, table_of([(0, DEADLINE, values) for values in extra])])
        previous = due
    return table


def _booked_from(periods: tuple[Period, ...], due: int) -> int:
    """First month that begins with all of the vintage after in hand that will be booked by the deadline ``due``."""
    following = next(period.deadline for period in periods if period.deadline > due)
    first = 0
    for period in periods:
        if period.deadline == following and period.allocated is not None and period.allocated <= due:
            if not (period.rule.method in BOOKED and booked_at_start(periods, period)):
                first = max(first, period.allocated + 1, 1)
            if period.completed is not None and 0 < period.completed <= due:
                first = max(first, period.completed + 1)
    return first


def _running(periods: tuple[Period, ...], t: int) -> Period | None:
    return next((p for p in periods if p.first <= t <= p.end), None)


def fill_due(monthly: np.ndarray, outlook: Outlook) -> None:
    """What falls due at the next deadline, as seen at the start of each month."""
    scenario, periods = outlook.scenario, outlook.periods
    opens = opening(scenario, len(monthly) - 1)
    for t in range(len(monthly)):
        running = _running(periods, t)
        monthly[t, Month.MARGINAL] = outlook.expected("marginal", running, t) if running else 1.0
        row = monthly[t]
        if running is not None:
            year_end = t + (running.end - t) % 12
            row[Month.YEAR_LEFT] = monthly[t : year_end + 1, Month.EMISSIONS].sum()
        due = next_deadline(periods, t)
        if due is None:
            continue
        due_periods = [p for p in periods if p.deadline == due]
        row[Month.DEFICIT_CAP : Month.DEFICIT_CAP + SLOTS] = -1.0
        for period in due_periods:
            _fill_due_period(monthly, t, outlook, period)
        if t >= opens and t > max(p.end for p in due_periods):
            row[Month.MONTHS_TO_TRADE] = due - t + 1
        row[Month.PRICE_DUE_FRONT] = float(running is not None and running.deadline == due)


def _fill_due_period(monthly: np.ndarray, t: int, outlook: Outlook, period: Period) -> None:
    row, scenario = monthly[t], outlook.scenario
    if period.rule.method in BOOKED:
        row[Month.FUTURE_ALLOCATION] += _booking_ahead(outlook, period, t)
    if t > period.verified:
        return
    output, rate = scenario.firm.annual_output * period.years, outlook.expected("rate", period, t)
    free = outlook.expected("free", period, t)
    row[Month.DUE_CLOSED + period.slot] = 1.0
    row[Month.RATE + period.slot] = rate
    row[Month.FREE + period.slot] = free
    row[Month.DEFICIT_CAP + period.slot] = -1.0 if period.rule.deficit_cap is None else period.rule.deficit_cap
    row[Month.CAP_DUE] += outlook.expected("cap", period, t)
    row[Month.DEBT_DUE] = max(row[Month.DEBT_DUE], float(period.rule.method not in (*BOOKED, "baseline")))
    base, _ = offset_rule(scenario, period.year)
    share = outlook.offset_share(period, t)
    if base == offsets.LIMIT_DUTY:
        row[Month.OFFSET_SHARE] = share
    elif base == offsets.LIMIT_ALLOCATION:
        allocation = outlook.expected("booked", period, t) or rate * output
        own = free * scenario.firm.annual_emissions * period.relative
        row[Month.OFFSET_FIXED] += share * (allocation or own * period.years)
    elif base == offsets.LIMIT_REDUCTION:
        row[Month.OFFSET_FIXED] += share * outlook.expected("required_reduction", period, t)
    elif base == offsets.LIMIT_NONE:
        row[Month.OFFSET_FIXED] = NEVER
    if period.first <= t <= period.end:
        row[Month.DUE_ACCRUED] = 1.0
        row[Month.RATE_RUNNING] = rate
        row[Month.FREE_RUNNING] = free
    future = slice(max(t, period.first), period.end + 1)
    emissions = monthly[future, Month.EMISSIONS].sum()
    row[Month.FUTURE_EMISSIONS] += emissions
    row[Month.FUTURE_ALLOCATION] += rate * monthly[future, Month.OUTPUT].sum() + free * emissions


def _booking_ahead(outlook: Outlook, period: Period, t: int) -> float:
    """Units of a vintage that will be booked straight into front between ``t`` and its own deadline."""
    periods, whole = outlook.periods, outlook.expected("booked", period, t)
    at, first, ahead = max(period.allocated or 0, 0), whole, 0.0
    if period.completed is not None and period.completed > at:
        first = period.interim
        if t <= period.completed and next_deadline(periods, period.completed) == period.deadline:
            ahead += max(0.0, whole - first)
    if not booked_at_start(periods, period) and t <= at and next_deadline(periods, at) == period.deadline:
        ahead += first
    return ahead


def fill_known(monthly: np.ndarray, outlook: Outlook) -> None:
    """What the observation shows of the law in each month."""
    periods = outlook.periods
    for t in range(len(monthly)):
        running, due = _running(periods, t), next_deadline(periods, t)
        if running is not None:
            monthly[t, Month.ALLOCATION_KNOWN] = float(outlook.known("allocation", running, t))
            monthly[t, Month.ALLOCATION_RATE] = sum(outlook.allocation_rate(running, t)) / 2.0
        if due is not None:
            known = outlook.law(running, [p for p in periods if p.deadline == due], t)
            monthly[t, Month.KNOWN : Month.KNOWN + len(LAW)] = np.clip(known, *_KNOWN_BOUNDS)
