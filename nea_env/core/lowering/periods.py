"""A scenario's compliance periods: their months, counted from its start, and what the firm is due in each."""

from __future__ import annotations

from dataclasses import dataclass

from nea_env.core.layout import SLOTS
from nea_env.core.lowering.corrections import benchmark_rate, free_share
from nea_env.core.rules.allocation import beyond_emissions, net_duty
from nea_env.scenario import AllocationRule, CalendarRule, Firm, Scenario, add_months, months_between

LONG_AGO = -1200  # a month before every scenario's start
BOOKED = ("grandfathering", "historical_benchmarking")  # units booked whole, whatever is emitted
OWN_EMISSIONS = ("verified_emissions", "benchmark_band")  # units that follow the firm's own verified emissions


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
    completed: int | None  # month in which the rest of an interim allocation is booked
    verified: int
    deadline: int
    rule: AllocationRule
    calendar: CalendarRule
    rate: float  # free units per unit of verified output; 0 unless benchmarked
    booked: float  # t booked whole; 0 unless grandfathered or on a historical benchmark
    interim: float  # t booked on the interim plan; as much as booked where there was none
    expected: float  # emissions that the booked units were computed from, t; 0 unless booked whole
    per_output: float  # emissions that a unit of output stands for there, t; 0 unless booked whole
    free: float  # free units per tonne of own verified emissions, at baseline intensity; 0 unless they follow these
    marginal: float  # net duty that one more tonne emitted adds
    relative: float  # emissions per unit of output, over those of the first period played
    base_relative: float  # the same of the base years
    base: float  # base-year emissions, t a year
    base_output: float  # output a year in the base years
    factor: float  # reduction factor; 0 unless a baseline regime

    @property
    def slot(self) -> int:
        """Where its emissions wait for verification."""
        return self.index % SLOTS

    def first_booking(self, month: int) -> float:
        """Units booked at once when the vintage is booked in ``month``, t: an interim plan's while the rest waits."""
        waits = self.completed is not None and self.completed > month
        return self.interim if waits else self.booked

    @property
    def cap(self) -> float:
        """Emissions of the whole period that cost nothing, t (Tokyo)."""
        return self.base * (1.0 - self.factor) * self.years if self.rule.method == "baseline" else 0.0

    @property
    def required_reduction(self) -> float:
        """Base-year emissions x factor x years, t."""
        return self.base * self.factor * self.years


def periods_of(scenario: Scenario) -> tuple[Period, ...]:
    """The scenario's compliance periods, in order; ``consistency.check`` says whether they can be settled."""
    return tuple(period_of(scenario, year, index) for index, year in enumerate(scenario.periods))


def period_of(scenario: Scenario, year: str, index: int = 0) -> Period:
    """One compliance period of the law, played or not; ``index`` is its place among those played."""
    regime, firm, start = scenario.regime, scenario.firm, scenario.start
    calendar, rule = regime.calendar[year], regime.allocation[year].of_class(firm.unit_class)
    opening = f"{year}-{regime.year_starts:02d}"
    base = firm.base_year_emissions
    base_output = base / firm.emission_intensity
    relative, base_relative = _relative(scenario, year)
    base *= base_relative
    intensity = firm.emission_intensity * relative
    given = free_share(regime, rule, year, firm) * (rule.correction_factor or 1.0)
    per_output = {
        "grandfathering": base / base_output,
        "historical_benchmarking": rule.benchmark.get(firm.unit_class, 0.0),
    }.get(rule.method, 0.0)
    expected = (base if rule.method == "grandfathering" else per_output * base_output) * calendar.years
    interim = rule.interim_factor or rule.correction_factor or 1.0
    rate = given * benchmark_rate(rule, firm) if rule.method == "benchmarking" else 0.0
    return Period(
        year=year,
        index=index,
        years=calendar.years,
        first=months_between(start, opening),
        end=months_between(start, add_months(opening, 12 * calendar.years - 1)),
        announced=LONG_AGO if calendar.announced is None else months_between(start, calendar.announced),
        allocated=None if calendar.allocated is None else months_between(start, calendar.allocated),
        completed=None if calendar.completed is None else months_between(start, calendar.completed),
        verified=months_between(start, calendar.verified),
        deadline=months_between(start, calendar.deadline),
        rule=rule,
        calendar=calendar,
        rate=rate,
        booked=given * expected,
        interim=free_share(regime, rule, year, firm) * interim * expected,
        expected=expected,
        per_output=per_output,
        free=_own_share(rule, firm, intensity),
        marginal=_marginal(rule, firm, rate, intensity),
        relative=relative,
        base_relative=base_relative,
        base=base,
        base_output=base_output,
        factor=_reduction_factor(rule, firm),
    )


def _relative(scenario: Scenario, year: str) -> tuple[float, float]:
    """Emissions per unit of output in a period, and of its base years, over those of the first period played."""
    grid, first = scenario.regime.grid_in(year), scenario.regime.grid_in(scenario.first).factor
    power = scenario.firm.electricity / scenario.firm.emission_intensity
    return 1.0 + power * (grid.factor - first), 1.0 + power * (grid.of_base - first)


def _reduction_factor(rule: AllocationRule, firm: Firm) -> float:
    if rule.method != "baseline":
        return 0.0
    return rule.reduction_factor[firm.unit_class] * (rule.certified[firm.certified] if firm.certified else 1.0)


def _own_share(rule: AllocationRule, firm: Firm, intensity: float) -> float:
    if rule.method == "verified_emissions":
        return 1.0
    if rule.method == "benchmark_band":
        balance = rule.balance[firm.unit_class]
        return 1.0 + float(beyond_emissions(intensity, 1.0, balance, rule.band, rule.band_share))
    return 0.0


def _marginal(rule: AllocationRule, firm: Firm, rate: float, intensity: float) -> float:
    """Net duty per further tonne at baseline: less where own emissions earn units, or a deficit cap binds."""
    if rule.method == "verified_emissions":
        return 0.0
    if rule.deficit_cap is not None and rate < (1.0 - rule.deficit_cap) * intensity:
        return rule.deficit_cap
    if rule.method != "benchmark_band":
        return 1.0
    return float(net_duty(intensity / rule.balance[firm.unit_class], rule.band, rule.band_share))


def free_units(period: Period, firm: Firm) -> float:
    """Free units of a whole period, t: those booked, or what baseline output and emissions earn."""
    own = period.free * firm.annual_emissions * period.relative
    return period.booked + (period.rate * firm.annual_output + own) * period.years


def deadlines(periods: tuple[Period, ...]) -> tuple[int, ...]:
    """The distinct surrender deadlines, in order."""
    return tuple(sorted({period.deadline for period in periods}))


def next_deadline(periods: tuple[Period, ...], month: int) -> int | None:
    """The first deadline not before ``month``; None after the last."""
    return next((due for due in deadlines(periods) if due >= month), None)


def starting_units(periods: tuple[Period, ...]) -> tuple[float, float]:
    """Units in ``front`` and ``next`` at the start: vintages booked whole by then."""
    front, after = 0.0, 0.0
    for period in periods:
        if booked_at_start(periods, period):
            front += period.first_booking(0) if rank(periods, period) == 0 else 0.0
            after += period.first_booking(0) if rank(periods, period) == 1 else 0.0
    return front, after


def rank(periods: tuple[Period, ...], period: Period) -> int:
    """Place of its deadline among the deadlines: periods that settle together share it."""
    return deadlines(periods).index(period.deadline)


def booked_at_start(periods: tuple[Period, ...], period: Period) -> bool:
    """Whether the scenario begins with the period's units in hand."""
    return period.allocated is not None and period.allocated <= 0 and rank(periods, period) < 2


def followed(periods: tuple[Period, ...], period: Period) -> Period | None:
    """The period whose output or emissions an advance follows by the law's ``pre_year``.

    None where the law names no year or one that is not played: then what was verified last counts, which is the
    baseline before any period is; ``consistency.check`` refuses all else that this might stand for.
    """
    return next((other for other in periods if other.year == period.rule.pre_year), None)


def verified_last(periods: tuple[Period, ...], month: int) -> Period | None:
    """The period verified last before ``month``, in which bookings come before verification; None if none is."""
    return max((p for p in periods if p.verified < month), key=lambda p: (p.verified, p.index), default=None)


def phase_of(scenario: Scenario, year: str) -> tuple[str, str]:
    """First and last year of the phase that holds a year; the year itself without phases."""
    for phase in scenario.regime.phases.values():
        if phase.first <= year <= phase.last:
            return phase.first, phase.last
    return year, year
