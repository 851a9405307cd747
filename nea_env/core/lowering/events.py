"""The law as a calendar: the rows of `Event` of a scenario's compliance periods, and the month in which each is due."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from nea_env.core.layout import TIERS
from nea_env.core.lowering.periods import (
    BOOKED,
    OWN_EMISSIONS,
    Period,
    booked_at_start,
    deadlines,
    followed,
    free_units,
    next_deadline,
    period_of,
    periods_of,
    phase_of,
    rank,
)
from nea_env.core.parameters import (
    ALLOCATE,
    BOOKED_BEFORE,
    BORROW_DECAYING,
    BORROW_GAP_TEST,
    BORROW_NONE,
    BORROW_SHARE,
    BY_OUTPUT,
    BY_OWN_EMISSIONS,
    CLOSE_YEAR,
    DEADLINE,
    FIX_STRIKE,
    ISSUE_CREDITS,
    NEVER,
    RESET_SALES,
    VERIFY,
    Event,
)
from nea_env.core.rules import banking, offsets
from nea_env.scenario import BankingRule, Scenario, months_between

Row: TypeAlias = tuple[int, int, dict[int, float]]
"""Month, place in the order of settlement, values by column."""

_BANK_RULES = {
    "unlimited": banking.UNLIMITED,
    "deducted_above_base": banking.DEDUCTED_ABOVE_BASE,
    "net_sales": banking.NET_SALES,
    "traded_units": banking.TRADED_UNITS,
    "next_period_only": banking.NEXT_PERIOD_ONLY,
    "none": banking.NONE,
}
_BORROW_RULES = {
    "none": BORROW_NONE,
    "share_of_duty": BORROW_SHARE,
    "decaying": BORROW_DECAYING,
    "gap_test": BORROW_GAP_TEST,
}
_OFFSET_BASES = {
    "none": offsets.LIMIT_NONE,
    "duty": offsets.LIMIT_DUTY,
    "allocation": offsets.LIMIT_ALLOCATION,
    "required_reduction": offsets.LIMIT_REDUCTION,
}


def events(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Every event of an episode: rows (e, Event.size) and the month of each (e,), in the order of settlement."""
    periods = periods_of(scenario)
    rows: list[Row] = []
    for period in periods:
        rows += _year_ends(period) + _bookings(period, periods) + _credits(period, periods)
        rows.append((period.verified, VERIFY, _verification(scenario, period, periods)))
    for due in deadlines(periods):
        rows += _settlement(scenario, periods, due)
    rows = [row for row in rows if row[0] >= 0]
    rows.sort(key=lambda row: row[:2])
    return table_of(rows), np.array([row[0] for row in rows], dtype=np.int64)


def table_of(rows: list[Row]) -> np.ndarray:
    """Rows as an array (e, Event.size)."""
    table = np.zeros((len(rows), Event.size))
    for line, (_, order, values) in zip(table, rows, strict=True):
        line[Event.KIND] = values.get(Event.KIND, order)
        for column, value in values.items():
            line[column] = value
    return table


def _year_ends(period: Period) -> list[Row]:
    ends = range(period.end - 12 * (period.years - 1), period.end + 1, 12)
    return [(month, CLOSE_YEAR, {Event.SLOT: period.slot}) for month in ends]


def _to_next(period: Period, periods: tuple[Period, ...], month: int) -> float:
    return float(next_deadline(periods, month) != period.deadline)


def _ended(period: Period, periods: tuple[Period, ...]) -> float:
    """Slot of the ended period that an advance follows, -1 where that is the one verified last."""
    named = followed(periods, period)
    waits = named is not None and period.allocated is not None and period.allocated <= named.verified
    return float(named.slot) if named is not None and waits else -1.0


def _bookings(period: Period, periods: tuple[Period, ...]) -> list[Row]:
    if period.allocated is None or period.rule.method == "baseline":
        return []
    if period.rule.method not in BOOKED:
        month = max(period.allocated, 0)
        on_emissions = period.rule.method in OWN_EMISSIONS or period.rule.pre_on == "emissions"
        values = {
            Event.SLOT: period.slot,
            Event.RATE: (1.0 if on_emissions else period.rate) * period.years,
            Event.PRE_SHARE: period.rule.pre_share,
            Event.PRE_ON_EMISSIONS: float(on_emissions),
            Event.PRE_SLOT: _ended(period, periods),
            Event.TO_NEXT: _to_next(period, periods, month),
        }
        return [(month, ALLOCATE, values)]
    rest = _completion(period, periods)
    if booked_at_start(periods, period):
        return rest
    # A vintage becomes a holding only when it is the one after front: at the roll of the one before that.
    place = rank(periods, period)
    roll = deadlines(periods)[place - 2] if place >= 2 else -1
    month = max(period.allocated, roll, 0)
    after_roll = month == roll
    on_output = period.rule.method == "historical_benchmarking"
    values = {
        Event.SLOT: period.slot,
        Event.AMOUNT: period.first_booking(month),
        Event.KIND: ALLOCATE,
        Event.UPDATE_SHARE: period.rule.update_share,
        Event.UPDATE_ON_OUTPUT: float(on_output),
        Event.PER_BASE: 1.0 / period.base_output if on_output else _restated(period, periods, month) / period.base,
        Event.TO_NEXT: 1.0 if after_roll else _to_next(period, periods, month),
    }
    return [(month, RESET_SALES if after_roll else ALLOCATE, values), *(r for r in rest if r[0] > month)]


def _restated(period: Period, periods: tuple[Period, ...], month: int) -> float:
    """A tonne verified last by ``month``, in tonnes of the period's base years: the grid factor may have changed."""
    verified = [other.relative for other in periods if other.verified < month]
    return period.base_relative / (verified[-1] if verified else 1.0)


def _completion(period: Period, periods: tuple[Period, ...]) -> list[Row]:
    """The rest of a vintage that an interim plan booked in part."""
    if period.completed is None or period.completed <= 0:
        return []
    values = {
        Event.SLOT: period.slot,
        Event.AMOUNT: max(0.0, period.booked - period.interim),
        Event.TO_NEXT: _to_next(period, periods, period.completed),
    }
    return [(period.completed, ALLOCATE, values)]


def _credits(period: Period, periods: tuple[Period, ...]) -> list[Row]:
    rows = []
    for years, when in period.calendar.credits_issued.items():
        month = months_between(period.calendar.deadline, when) + period.deadline
        values = {
            Event.SLOT: period.slot,
            Event.YEARS: float(years),
            Event.BASE_EMISSIONS: period.base,
            Event.FACTOR: period.factor,
            Event.CEILING: -1.0 if period.rule.issuance_ceiling is None else period.rule.issuance_ceiling,
            Event.TO_NEXT: _to_next(period, periods, month),
        }
        rows.append((month, ISSUE_CREDITS, values))
    return rows


def _verification(scenario: Scenario, period: Period, periods: tuple[Period, ...]) -> dict[int, float]:
    rule, borrowing = period.rule, scenario.regime.borrowing.get(period.year)
    gap_test = borrowing is not None and borrowing.limit == "gap_test"
    offset = offset_rule(scenario, period.year)
    method = BY_OUTPUT if rule.method == "benchmarking" else BOOKED_BEFORE
    values = {
        Event.SLOT: period.slot,
        Event.TO_NEXT: _to_next(period, periods, period.verified),
        Event.AMOUNT: period.booked,
        Event.RATE: period.rate,
        Event.YEARS: period.years,
        Event.METHOD: BY_OWN_EMISSIONS if rule.method in OWN_EMISSIONS else method,
        Event.UPDATE_SHARE: rule.update_share,
        Event.BALANCE: rule.balance.get(scenario.firm.unit_class, 1.0),
        Event.BAND: rule.band,
        Event.BAND_SHARE: rule.band_share if rule.method == "benchmark_band" else 0.0,
        Event.EXPECTED: period.expected,
        Event.PER_OUTPUT: period.per_output,
        Event.GROWS_BY_OUTPUT: float(rule.method == "historical_benchmarking"),
        Event.DEFICIT_CAP: -1.0 if rule.deficit_cap is None else rule.deficit_cap,
        Event.CAP: period.cap,
        Event.GAP_THRESHOLD: borrowing.gap_threshold if borrowing and gap_test else 0.0,
        Event.GAP_SHARE: borrowing.gap_share if borrowing and gap_test else 0.0,
        Event.OFFSET_BASE: offset[0],
        Event.OFFSET_SHARE: offset[1],
        Event.REQUIRED_REDUCTION: period.required_reduction,
    }
    for k in range(TIERS):
        cancel = rule.cancellation[k] if k < len(rule.cancellation) else None
        add = rule.addition[k] if k < len(rule.addition) else None
        values[Event.CANCEL_RATIO + k] = cancel.ratio if cancel else -1.0
        values[Event.CANCEL_SHARE + k] = cancel.share if cancel else 0.0
        values[Event.ADD_RATIO + k] = add.ratio if add else NEVER
        values[Event.ADD_SHARE + k] = add.share if add else 0.0
    return values


def offset_rule(scenario: Scenario, year: str) -> tuple[int, float]:
    """(base, share) of the limit on the offset type that the market sells, in one period."""
    series = scenario.market.offset
    rule = scenario.regime.offsets.get(year, {}).get(series.type) if series else None
    if rule is None:
        return offsets.LIMIT_CLOSED, 0.0
    return _OFFSET_BASES[rule.limit_base], rule.limit_share


def _settlement(scenario: Scenario, periods: tuple[Period, ...], due: int) -> list[Row]:
    """The strike, the deadline and the counters that restart, for the periods due together."""
    regime = scenario.regime
    period = [p for p in periods if p.deadline == due][-1]  # where two years settle together the later one's rules hold
    penalty, bank = regime.penalty[period.year], regime.banking[period.year]
    until = due if penalty.mean_until is None else months_between(scenario.start, penalty.mean_until)
    strike = {
        Event.MEAN_MONTHS: penalty.mean_months,
        Event.VOLUME_WEIGHTED: float(penalty.volume_weighted),
        Event.MULTIPLE: penalty.multiple,
        Event.STRIKE_CAP: NEVER if penalty.cap is None else penalty.cap,
        Event.STRIKE_PRICE: penalty.price,
    }
    rows: list[Row] = [(until, FIX_STRIKE, strike), (due, DEADLINE, deadline_values(scenario, periods, period))]
    since = _month_of(bank)
    if since is not None:
        rows.append((months_between(scenario.start, since) - 1, RESET_SALES, {Event.KIND: RESET_SALES}))
    return rows


def deadline_values(
    scenario: Scenario, periods: tuple[Period, ...], period: Period, rules_of: str | None = None
) -> dict[int, float]:
    """Columns of the deadline that settles ``period``; ``rules_of`` names another year whose rules hold there."""
    regime = scenario.regime
    year = rules_of or period.year
    after = periods[period.index + 1] if period.index + 1 < len(periods) else None
    penalty, bank, borrowing = regime.penalty[year], regime.banking[year], regime.borrowing.get(year)
    later = regime.borrowing.get(after.year) if after else None
    small = bank.small_holder_tonnes.get(scenario.firm.designation, NEVER if bank.limit != "net_sales" else 0.0)
    booked = after is not None and after.allocated is not None and after.allocated <= period.deadline
    return {
        Event.BORROW_RULE: _BORROW_RULES[borrowing.limit] if borrowing and after else BORROW_NONE,
        Event.BORROW_SHARE: borrowing.share if borrowing else 0.0,
        Event.BORROW_DECAY: later.decay if later and later.limit == "decaying" else 0.0,
        Event.NEXT_BOOKED: float(booked),
        Event.BANK_RULE: _BANK_RULES[bank.limit],
        Event.BANK_BASE: bank.base_tonnes + bank.base_share * _mean_phase_allocation(scenario, year),
        Event.BANK_MULTIPLE: bank.net_sales_multiple,
        Event.BANK_LONG_SALES: float(bank.net_sales_since != "vintage"),
        Event.BANK_SALES_YEARS: bank.net_sales_years,
        Event.SMALL_HOLDER: small,
        Event.CARRY_FLOOR: small if bank.small_holder_floor else 0.0,
        Event.DEFICIT_EXEMPT: float(bank.deficit_firm_exempt),
        Event.LOST_IF_MISSED: float(bank.lost_if_missed),
        Event.OFFSETS_BANKABLE: float(bank.offsets_bankable),
        Event.LUMP_SUM: penalty.lump_sum,
        Event.MAX_TOTAL: NEVER if penalty.max_total is None else penalty.max_total,
        Event.DEDUCTED: penalty.deducted,
        Event.SIDE_MULTIPLE: penalty.side_multiple,
        Event.FORFEITS: float(penalty.forfeits_carry),
        Event.SUBSIDY_REPAID: float(penalty.subsidy_repaid),
        Event.RESTART_LONG_SALES: float(after is not None and _phase_start(scenario, after.year)),
    }


def _month_of(bank: BankingRule) -> str | None:
    return None if bank.net_sales_since in ("vintage", "phase") else bank.net_sales_since


def _phase_start(scenario: Scenario, year: str) -> bool:
    return bool(scenario.regime.phases) and phase_of(scenario, year)[0] == year


def _mean_phase_allocation(scenario: Scenario, year: str) -> float:
    """Mean annual free allocation of the whole phase, t, by whatever method, whichever of its years are played."""
    first, last = phase_of(scenario, year)
    phase = [period_of(scenario, key) for key in sorted(scenario.regime.calendar) if first <= key <= last]
    return sum(free_units(period, scenario.firm) for period in phase) / sum(period.years for period in phase)
