"""The law as a calendar: a scenario's compliance periods and the events that fall due in each month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nea_env.core import banking, offsets
from nea_env.core import parameters as col
from nea_env.core.consistency import check
from nea_env.core.layout import SLOTS
from nea_env.scenario import AllocationRule, BankingRule, CalendarRule, Scenario, add_months, months_between

NEVER = 1e30  # a bound that never binds
_BANK_RULES = {
    "unlimited": banking.UNLIMITED,
    "deducted_above_base": banking.DEDUCTED_ABOVE_BASE,
    "net_sales": banking.NET_SALES,
    "traded_units": banking.TRADED_UNITS,
    "next_period_only": banking.NEXT_PERIOD_ONLY,
    "none": banking.NONE,
}
_BORROW_RULES = {
    "none": col.BORROW_NONE,
    "share_of_duty": col.BORROW_SHARE,
    "decaying": col.BORROW_DECAYING,
    "gap_test": col.BORROW_GAP_TEST,
}
_OFFSET_BASES = {
    "none": offsets.LIMIT_NONE,
    "duty": offsets.LIMIT_DUTY,
    "allocation": offsets.LIMIT_ALLOCATION,
    "required_reduction": offsets.LIMIT_REDUCTION,
}


@dataclass(frozen=True)
class Period:
    """One compliance period; months count from the scenario's start and may be negative."""

    year: str
    index: int
    years: int
    first: int  # first month
    end: int  # last month
    announced: int
    allocated: int | None
    verified: int
    deadline: int
    rule: AllocationRule
    calendar: CalendarRule
    rate: float  # free units per unit of output; 0 unless benchmarked
    grandfathered: float  # t booked whole; 0 unless grandfathered
    base: float  # base-year emissions, t a year
    factor: float  # reduction factor; 0 unless a baseline regime

    @property
    def slot(self) -> int:
        """Where its emissions wait for verification."""
        return self.index % SLOTS

    @property
    def cap(self) -> float:
        """Emissions of the whole period that cost nothing, t (Tokyo)."""
        return self.base * (1.0 - self.factor) * self.years if self.rule.method == "baseline" else 0.0

    @property
    def required_reduction(self) -> float:
        """Base-year emissions x factor x years, t."""
        return self.base * self.factor * self.years


def periods(scenario: Scenario) -> tuple[Period, ...]:
    """The scenario's compliance periods, in order.

    Raises:
        ValueError: its steps come in an order that cannot be settled (see ``consistency.check``).
    """
    regime, firm = scenario.regime, scenario.firm
    base = firm.base_emissions if firm.base_emissions is not None else firm.annual_emissions
    found = []
    for index, year in enumerate(scenario.periods):
        calendar, rule = regime.calendar[year], regime.allocation[year]
        opening = f"{year}-{regime.year_starts:02d}"
        rate = 0.0
        if rule.method == "benchmarking":
            rate = rule.benchmark[firm.unit_class] * firm.allocation_correction
            rate /= 1.0 - firm.own_use if rule.basis == "gross" else 1.0
        grandfathered = (
            base * (rule.correction_factor or 0.0) * calendar.years if rule.method == "grandfathering" else 0.0
        )
        found.append(
            Period(
                year=year,
                index=index,
                years=calendar.years,
                first=months_between(scenario.start, opening),
                end=months_between(scenario.start, add_months(opening, 12 * calendar.years - 1)),
                announced=-1200 if calendar.announced is None else months_between(scenario.start, calendar.announced),
                allocated=None if calendar.allocated is None else months_between(scenario.start, calendar.allocated),
                verified=months_between(scenario.start, calendar.verified),
                deadline=months_between(scenario.start, calendar.deadline),
                rule=rule,
                calendar=calendar,
                rate=rate,
                grandfathered=grandfathered,
                base=base,
                factor=rule.reduction_factor[firm.unit_class] if rule.method == "baseline" else 0.0,
            )
        )
    check(scenario, tuple(found))
    return tuple(found)


def deadlines(found: tuple[Period, ...]) -> tuple[int, ...]:
    """The distinct surrender deadlines, in order."""
    return tuple(sorted({period.deadline for period in found}))


def next_deadline(found: tuple[Period, ...], month: int) -> int | None:
    """The first deadline not before ``month``; None after the last."""
    return next((due for due in deadlines(found) if due >= month), None)


def events(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Every event of an episode: rows (e, EVENTS) and the month of each (e,), in the order of settlement."""
    found = periods(scenario)
    rows: list[tuple[int, int, dict[int, float]]] = []
    for period in found:
        rows += _year_ends(period) + _bookings(period, found) + _credits(period, found)
        rows.append((period.verified, col.VERIFY, _verification(scenario, period, found)))
    for due in deadlines(found):
        rows += _settlement(scenario, found, due)
    rows = [row for row in rows if row[0] >= 0]
    rows.sort(key=lambda row: row[:2])
    table = np.zeros((len(rows), len(col.EVENTS)))
    for line, (_, order, values) in zip(table, rows, strict=True):
        line[col.E_KIND] = values.get(col.E_KIND, order)
        for column, value in values.items():
            line[column] = value
    return table, np.array([row[0] for row in rows], dtype=np.int64)


def starting_units(found: tuple[Period, ...]) -> tuple[float, float]:
    """Units in ``front`` and ``next`` at the start: grandfathered vintages booked by then."""
    front, after = 0.0, 0.0
    for period in found:
        if _booked_at_start(found, period):
            front += period.grandfathered if _rank(found, period) == 0 else 0.0
            after += period.grandfathered if _rank(found, period) == 1 else 0.0
    return front, after


def _rank(found: tuple[Period, ...], period: Period) -> int:
    """Place of its deadline among the deadlines: periods that settle together share it."""
    return deadlines(found).index(period.deadline)


def _booked_at_start(found: tuple[Period, ...], period: Period) -> bool:
    return period.allocated is not None and period.allocated <= 0 and _rank(found, period) < 2


def _year_ends(period: Period) -> list[tuple[int, int, dict[int, float]]]:
    ends = range(period.end - 12 * (period.years - 1), period.end + 1, 12)
    return [(month, col.CLOSE_YEAR, {col.E_SLOT: period.slot}) for month in ends]


def _to_next(period: Period, found: tuple[Period, ...], month: int) -> float:
    return float(next_deadline(found, month) != period.deadline)


def _bookings(period: Period, found: tuple[Period, ...]) -> list[tuple[int, int, dict[int, float]]]:
    if period.allocated is None:
        return []
    if period.rule.method == "benchmarking":
        month = max(period.allocated, 0)
        values = {
            col.E_SLOT: period.slot,
            col.E_RATE: period.rate * period.years,
            col.E_PRE_SHARE: period.rule.pre_share,
            col.E_TO_NEXT: _to_next(period, found, month),
        }
        return [(month, col.ALLOCATE, values)]
    if period.rule.method != "grandfathering" or _booked_at_start(found, period):
        return []
    # A vintage becomes a holding only when it is the one after front: at the roll of the one before that.
    rank = _rank(found, period)
    roll = deadlines(found)[rank - 2] if rank >= 2 else -1
    month = max(period.allocated, roll, 0)
    after_roll = month == roll
    values = {col.E_AMOUNT: period.grandfathered, col.E_KIND: col.ALLOCATE}
    values[col.E_TO_NEXT] = 1.0 if after_roll else _to_next(period, found, month)
    return [(month, col.RESET_SALES if after_roll else col.ALLOCATE, values)]


def _credits(period: Period, found: tuple[Period, ...]) -> list[tuple[int, int, dict[int, float]]]:
    rows = []
    for years, when in period.calendar.credits_issued.items():
        month = months_between(period.calendar.deadline, when) + period.deadline
        values = {
            col.E_SLOT: period.slot,
            col.E_YEARS: float(years),
            col.E_BASE_EMISSIONS: period.base,
            col.E_FACTOR: period.factor,
            col.E_CEILING: -1.0 if period.rule.issuance_ceiling is None else period.rule.issuance_ceiling,
            col.E_TO_NEXT: _to_next(period, found, month),
        }
        rows.append((month, col.ISSUE_CREDITS, values))
    return rows


def _verification(scenario: Scenario, period: Period, found: tuple[Period, ...]) -> dict[int, float]:
    borrowing = scenario.regime.borrowing.get(period.year)
    gap_test = borrowing is not None and borrowing.limit == "gap_test"
    offset = offset_rule(scenario, period.year)
    return {
        col.E_SLOT: period.slot,
        col.E_TO_NEXT: _to_next(period, found, period.verified),
        col.E_AMOUNT: period.grandfathered,
        col.E_RATE: period.rate,
        col.E_YEARS: period.years,
        col.E_BENCHMARKED: float(period.rule.method == "benchmarking"),
        col.E_DEFICIT_CAP: -1.0 if period.rule.deficit_cap is None else period.rule.deficit_cap,
        col.E_CAP: period.cap,
        col.E_GAP_THRESHOLD: borrowing.gap_threshold if borrowing and gap_test else 0.0,
        col.E_GAP_SHARE: borrowing.gap_share if borrowing and gap_test else 0.0,
        col.E_OFFSET_BASE: offset[0],
        col.E_OFFSET_SHARE: offset[1],
        col.E_REQUIRED: period.required_reduction,
    }


def offset_rule(scenario: Scenario, year: str) -> tuple[int, float]:
    """(base, share) of the limit on the offset type that the market sells, in one period."""
    series = scenario.market.offset
    rule = scenario.regime.offsets.get(year, {}).get(series.type) if series else None
    if rule is None:
        return offsets.LIMIT_CLOSED, 0.0
    return _OFFSET_BASES[rule.limit_base], rule.limit_share


def _settlement(scenario: Scenario, found: tuple[Period, ...], due: int) -> list[tuple[int, int, dict[int, float]]]:
    """The strike, the deadline and the counters that restart, for the periods due together."""
    regime = scenario.regime
    period = [p for p in found if p.deadline == due][-1]  # where two years settle together the later one's rules hold
    after = found[period.index + 1] if period.index + 1 < len(found) else None
    penalty, bank = regime.penalty[period.year], regime.banking[period.year]
    until = due if penalty.mean_until is None else months_between(scenario.start, penalty.mean_until)
    strike = {
        col.E_MEAN_MONTHS: penalty.mean_months,
        col.E_VOLUME_WEIGHTED: float(penalty.volume_weighted),
        col.E_MULTIPLE: penalty.multiple,
        col.E_STRIKE_CAP: NEVER if penalty.cap is None else penalty.cap,
    }
    borrowing = regime.borrowing.get(period.year)
    later = regime.borrowing.get(after.year) if after else None
    small = NEVER if bank.limit != "net_sales" else 0.0
    values = {
        col.E_BORROW_RULE: _BORROW_RULES[borrowing.limit] if borrowing and after else col.BORROW_NONE,
        col.E_BORROW_SHARE: borrowing.share if borrowing else 0.0,
        col.E_BORROW_DECAY: later.decay if later and later.limit == "decaying" else 0.0,
        col.E_NEXT_BOOKED: float(after is not None and after.allocated is not None and after.allocated <= due),
        col.E_BANK_RULE: _BANK_RULES[bank.limit],
        col.E_BANK_BASE: bank.base_tonnes + bank.base_share * _mean_phase_allocation(scenario, found, period.year),
        col.E_BANK_MULTIPLE: bank.net_sales_multiple,
        col.E_BANK_LONG_SALES: float(bank.net_sales_since != "vintage"),
        col.E_BANK_SALES_YEARS: bank.net_sales_years,
        col.E_SMALL_HOLDER: bank.small_holder_tonnes.get(scenario.firm.designation, small),
        col.E_DEFICIT_EXEMPT: float(bank.deficit_firm_exempt),
        col.E_LOST_IF_MISSED: float(bank.lost_if_missed),
        col.E_OFFSETS_BANKABLE: float(bank.offsets_bankable),
        col.E_LUMP_SUM: penalty.lump_sum,
        col.E_DEDUCTED: penalty.deducted,
        col.E_SIDE_MULTIPLE: penalty.side_multiple,
        col.E_RESTART_LONG_SALES: float(after is not None and _phase_start(scenario, after.year)),
    }
    rows: list[tuple[int, int, dict[int, float]]] = [(until, col.FIX_STRIKE, strike), (due, col.DEADLINE, values)]
    since = _month_of(bank)
    if since is not None:
        rows.append((months_between(scenario.start, since) - 1, col.RESET_SALES, {col.E_KIND: col.RESET_SALES}))
    return rows


def _month_of(bank: BankingRule) -> str | None:
    return None if bank.net_sales_since in ("vintage", "phase") else bank.net_sales_since


def _phase_of(scenario: Scenario, year: str) -> tuple[str, str]:
    for phase in scenario.regime.phases.values():
        if phase.first <= year <= phase.last:
            return phase.first, phase.last
    return year, year


def _phase_start(scenario: Scenario, year: str) -> bool:
    return bool(scenario.regime.phases) and _phase_of(scenario, year)[0] == year


def _mean_phase_allocation(scenario: Scenario, found: tuple[Period, ...], year: str) -> float:
    """Mean annual allocation of the whole phase, t, whichever of its years are played."""
    first, last = _phase_of(scenario, year)
    rules = [rule for key, rule in scenario.regime.allocation.items() if first <= key <= last]
    factors = [rule.correction_factor or 0.0 for rule in rules if rule.method == "grandfathering"]
    return found[0].base * float(np.mean(factors)) if factors else 0.0
