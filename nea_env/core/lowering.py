"""From a validated scenario to the number tables that the kernels read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from nea_env.core import offsets
from nea_env.core import parameters as col
from nea_env.core.calendar import NEVER, Period, deadlines, events, next_deadline, offset_rule, periods, starting_units
from nea_env.core.layout import TECHS
from nea_env.scenario import Scenario, add_months, months_between

GAP_MONTHS = 12  # news about the front's discount comes in the last year before its deadline
MINIMUM_BOOK_RATE = 1e-6  # keeps the annuity of a book value defined at a discount rate of zero


@dataclass(frozen=True)
class Tables:
    """One scenario as numbers: static (P,), monthly (horizon + 1, M), events (E, W)."""

    static: np.ndarray
    monthly: np.ndarray
    events: np.ndarray
    horizon: int
    exposure: float  # discounted baseline emissions x reference price, money


def lower(scenario: Scenario) -> Tables:
    """Turn a scenario into tables.

    Raises:
        ValueError: its calendar cannot be settled (see ``calendar.periods``).
    """
    horizon = months_between(scenario.start, scenario.end) + 1
    found = periods(scenario)
    table, months = events(scenario)
    monthly = np.zeros((horizon + 1, len(col.MONTHLY)))
    static = _static(scenario, found, horizon)
    _fill_firm(monthly, scenario, found)
    _fill_market(monthly, scenario, found)
    _fill_due(monthly, scenario, found, table, months)
    _fill_allocation(monthly, scenario, found)
    _fill_investment(monthly, static, scenario)
    monthly[:, col.M_FIRST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="left")
    monthly[:, col.M_LAST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="right")
    monthly[horizon, col.M_LAST_EVENT] = monthly[horizon, col.M_FIRST_EVENT]
    discount = static[col.P_DISCOUNT] ** np.arange(horizon)
    exposure = float(discount @ monthly[:horizon, col.M_EMISSIONS]) * scenario.market.price
    return Tables(static, monthly, table, horizon, exposure)


def _static(scenario: Scenario, found: tuple[Period, ...], horizon: int) -> np.ndarray:
    firm, market = scenario.firm, scenario.market
    month = 1.0 / 12.0
    offset = market.offset
    front, after = starting_units(found)
    borrowing = scenario.regime.borrowing.get(found[0].year)
    before_opening = max(0, months_between(scenario.start, scenario.regime.market_opens))
    values = {
        col.P_DISCOUNT: math.exp(-market.discount_rate * month),
        col.P_LOG_DRIFT: market.discount_rate * month,
        col.P_PRICE_SD: market.volatility * math.sqrt(month),
        col.P_HAS_OFFSET: float(offset is not None),
        col.P_OFFSET_MULTIPLIER: _offset_multiplier(scenario),
        col.P_OFFSET_DRIFT: -0.5 * offset.volatility**2 * month if offset else 0.0,
        col.P_OFFSET_SD: offset.volatility * math.sqrt(month) if offset else 0.0,
        col.P_PERSISTENCE: firm.output_shock.persistence,
        col.P_DEMAND_SD: firm.output_shock.volatility,
        col.P_INTENSITY: firm.emission_intensity,
        col.P_ANNUAL: firm.annual_emissions,
        col.P_ANNUAL_OUTPUT: firm.output,
        col.P_ABATE_SCALE: firm.abatement.scale,
        col.P_ABATE_STEEPNESS: firm.abatement.steepness,
        col.P_ABATE_MAX: firm.abatement.max_share,
        col.P_INVEST_RATE: firm.invest_rate,
        col.P_SPREAD: market.frictions.spread,
        col.P_IMPACT: market.frictions.impact,
        col.P_REWARD_SCALE: firm.annual_emissions * month * market.price,
        col.P_LOG_REFERENCE: math.log(market.price),
        # actions are float32, so a duty is met to one part in a million of a year's emissions
        col.P_ROUNDING: 1e-6 * firm.annual_emissions,
        col.P_HORIZON: horizon,
        col.P_CARRIES_ONCE: float(any(rule.limit == "next_period_only" for rule in scenario.regime.banking.values())),
        col.P_BOOK_GROWTH: math.exp(max(market.discount_rate, MINIMUM_BOOK_RATE) * month),
        # the market opens at the reference price in today's money: no news moves the price before
        col.P_START_LOG_PRICE: math.log(market.price) - market.discount_rate * month * before_opening,
        col.P_START_LOG_OFFSET_RATIO: math.log(offset.ratio) if offset else 0.0,
        col.P_START_FRONT: front,
        col.P_START_NEXT: after,
        col.P_START_BORROW_LIMIT: borrowing.share if borrowing else 0.0,
        col.P_START_ACCRUED: sum(_relative_output(scenario, t) for t in range(found[0].first, 0)) * month,
    }
    for k, tech in enumerate(firm.technologies):
        values[col.P_POTENTIAL + k] = tech.potential_share * firm.annual_emissions * month
        values[col.P_PER_POTENTIAL + k] = 1.0 / values[col.P_POTENTIAL + k] if tech.potential_share > 0.0 else 0.0
        values[col.P_CAPEX + k] = 12.0 * tech.capex
        values[col.P_OPEX + k] = tech.opex
        values[col.P_LEAD + k] = tech.lead_months
        values[col.P_LIFE_DISCOUNT + k] = values[col.P_BOOK_GROWTH] ** (-12.0 * tech.life_years)
    static = np.zeros(len(col.STATIC))
    for column, value in values.items():
        static[column] = value
    return static


def _offset_multiplier(scenario: Scenario) -> float:
    series = scenario.market.offset
    for year in scenario.periods:
        rule = scenario.regime.offsets.get(year, {}).get(series.type) if series else None
        if rule is not None:
            return rule.multiplier
    return 1.0


def _relative_output(scenario: Scenario, t: int) -> float:
    """Output relative to baseline in a month, which may lie before the start."""
    return scenario.firm.output_path.get(add_months(scenario.start, t)[:4], 1.0)


def _fill_firm(monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...]) -> None:
    firm = scenario.firm
    month = int(scenario.start[5:]) - 1
    variance = 0.0
    for t in range(len(monthly)):
        index = (month + t) % 12
        monthly[t, col.M_SEASON_SIN] = math.sin(2.0 * math.pi * index / 12.0)
        monthly[t, col.M_SEASON_COS] = math.cos(2.0 * math.pi * index / 12.0)
        monthly[t, col.M_TURNOVER] = scenario.market.turnover[index]
        monthly[t, col.M_OUTPUT_CORRECTION] = 0.5 * variance
        variance = firm.output_shock.persistence**2 * variance + firm.output_shock.volatility**2
        if t <= found[-1].end:
            monthly[t, col.M_OUTPUT] = firm.output / 12.0 * _relative_output(scenario, t)
            monthly[t, col.M_EMISSIONS] = monthly[t, col.M_OUTPUT] * firm.emission_intensity


def _fill_market(monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...]) -> None:
    frictions, firm = scenario.market.frictions, scenario.firm
    opens = months_between(scenario.start, scenario.regime.market_opens)
    last = deadlines(found)[-1]
    for t in range(len(monthly)):
        due = next_deadline(found, t)
        row = monthly[t]
        row[col.M_OPEN] = float(opens <= t <= last)
        row[col.M_PRICE_MOVES] = float(t > opens)
        season = frictions.season_multiple if due is not None and due - t < 3 else 1.0
        row[col.M_VOLUME_LIMIT] = row[col.M_OPEN] * frictions.volume_share * season * firm.annual_emissions
        row[col.M_SELL_LIMIT] = NEVER
        if scenario.regime.sell_limit_share is not None and due is not None:
            front = [p.grandfathered or p.rate * firm.output * p.years for p in found if p.deadline == due]
            row[col.M_SELL_LIMIT] = scenario.regime.sell_limit_share * sum(front)
        row[col.M_TO_DEADLINE] = -1.0 if due is None else due - t
        row[col.M_DEADLINE_EVENT] = -1.0
    _fill_gap(monthly, scenario, found)


def _fill_gap(monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...]) -> None:
    """The front's discount or premium: its bounds, the news of each month, and how much of the news is out."""
    previous = 0  # no news before the start, nor while an older vintage is front
    for due in deadlines(found):
        start = max(due - GAP_MONTHS, previous)
        previous = due
        gap = scenario.market.gap.get([p.year for p in found if p.deadline == due][-1])
        if gap is None or gap.down == 0.0:
            continue
        for t in range(start + 1, due + 1):
            row = monthly[t]
            known = gap.resolved * (t - start) / (due - start)
            row[col.M_GAP_DOWN], row[col.M_GAP_UP] = gap.down, gap.up
            row[col.M_GAP_OFFSET] = NormalDist().inv_cdf(gap.down / (gap.down + gap.up))
            row[col.M_GAP_INVERSE_SPREAD] = 1.0 / math.sqrt(1.0 - known)
            row[col.M_GAP_SD] = math.sqrt(gap.resolved / (due - start))


def _running(found: tuple[Period, ...], t: int) -> Period | None:
    return next((p for p in found if p.first <= t <= p.end), None)


def _fill_due(
    monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...], table: np.ndarray, months: np.ndarray
) -> None:
    """What falls due at the next deadline, as seen at the start of each month."""
    opens = months_between(scenario.start, scenario.regime.market_opens)
    for t in range(len(monthly)):
        due = next_deadline(found, t)
        if due is None:
            continue
        row = monthly[t]
        row[col.M_DEADLINE_EVENT] = np.flatnonzero((table[:, col.E_KIND] == col.DEADLINE) & (months == due))[0]
        due_periods = [p for p in found if p.deadline == due]
        row[col.M_DEFICIT_CAP : col.M_DEFICIT_CAP + 3] = -1.0
        for period in due_periods:
            _fill_due_period(monthly, t, scenario, found, period)
        bookings = (
            (table[:, col.E_KIND] == col.ALLOCATE) & (months >= t) & (months <= due) & (table[:, col.E_TO_NEXT] == 0)
        )
        row[col.M_FUTURE_ALLOCATION] += table[bookings, col.E_AMOUNT].sum()
        if t >= opens and t > max(p.end for p in due_periods):
            row[col.M_MONTHS_TO_TRADE] = due - t + 1
        running = _running(found, t)
        row[col.M_PRICE_DUE_FRONT] = float(running is not None and running.deadline == due)


def _fill_due_period(
    monthly: np.ndarray, t: int, scenario: Scenario, found: tuple[Period, ...], period: Period
) -> None:
    row = monthly[t]
    base, share = offset_rule(scenario, period.year)
    if t > period.verified:
        return
    rate = _rate_seen(found, period, t)
    row[col.M_DUE_CLOSED + period.slot] = 1.0
    row[col.M_RATE + period.slot] = rate
    row[col.M_DEFICIT_CAP + period.slot] = -1.0 if period.rule.deficit_cap is None else period.rule.deficit_cap
    row[col.M_CAP_DUE] += period.cap
    row[col.M_DEBT_DUE] = max(row[col.M_DEBT_DUE], float(period.rule.method == "benchmarking"))
    if base == offsets.LIMIT_DUTY:
        row[col.M_OFFSET_SHARE] = share
    elif base == offsets.LIMIT_ALLOCATION:
        row[col.M_OFFSET_FIXED] += share * (period.grandfathered or rate * scenario.firm.output * period.years)
    elif base == offsets.LIMIT_REDUCTION:
        row[col.M_OFFSET_FIXED] += share * period.required_reduction
    elif base == offsets.LIMIT_NONE:
        row[col.M_OFFSET_FIXED] = NEVER
    if period.first <= t <= period.end:
        row[col.M_DUE_ACCRUED] = 1.0
        row[col.M_RATE_RUNNING] = rate
    future = slice(max(t, period.first), period.end + 1)
    row[col.M_FUTURE_EMISSIONS] += monthly[future, col.M_EMISSIONS].sum()
    row[col.M_FUTURE_ALLOCATION] += rate * monthly[future, col.M_OUTPUT].sum()


def _rate_seen(found: tuple[Period, ...], period: Period, t: int) -> float:
    """The period's own rate once published, else the latest published one."""
    if period.announced <= t:
        return period.rate
    known = [p.rate for p in found if p.announced <= t]
    return known[-1] if known else period.rate


def _fill_allocation(monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...]) -> None:
    for t in range(len(monthly)):
        running = _running(found, t)
        if running is None:
            continue
        monthly[t, col.M_ALLOCATION_KNOWN] = float(running.announced <= t)
        latest = ([p for p in found if p.announced <= t and p.index <= running.index] or [running])[-1]
        amount = {
            "grandfathering": latest.grandfathered / latest.years,
            "benchmarking": latest.rate * scenario.firm.output,
            "baseline": latest.base * (1.0 - latest.factor),
        }[latest.rule.method]
        monthly[t, col.M_ALLOCATION_RATE] = amount / scenario.firm.annual_emissions


def _fill_investment(monthly: np.ndarray, static: np.ndarray, scenario: Scenario) -> None:
    """For capacity started in month t, per unit of its capex: months of saving, running cost, residual value."""
    horizon = len(monthly) - 1
    discount = static[col.P_DISCOUNT]
    producing = int(np.count_nonzero(monthly[:horizon, col.M_OUTPUT]))
    monthly[:, col.M_PRODUCING_MONTHS] = np.maximum(producing - np.arange(horizon + 1), 0)
    for k in range(min(len(scenario.firm.technologies), TECHS)):
        life, capex = static[col.P_LIFE_DISCOUNT + k], static[col.P_CAPEX + k]
        for t in range(horizon + 1):
            online = arrival(t, int(static[col.P_LEAD + k]))
            months = np.arange(online, producing) - t
            age = max(0, horizon - online)
            left = (1.0 - life * static[col.P_BOOK_GROWTH] ** age) / (1.0 - life)
            monthly[t, col.M_SAVING_MONTHS + k] = len(months) / capex
            monthly[t, col.M_RUNNING_COST + k] = static[col.P_OPEX + k] * (discount**months).sum() / capex
            monthly[t, col.M_RESIDUAL + k] = left * discount ** max(0, horizon - 1 - t)


def arrival(month: int, lead: int) -> int:
    """First month in which capacity started in ``month`` works: its lead time, rounded up to a quarter's start."""
    return -(-(month + lead) // 3) * 3
