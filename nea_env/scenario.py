"""What an episode needs to know: regime, firm and market, validated, frozen, with units.

These classes are the vocabulary of the library's YAML. A regime is the law: one entry per compliance
period in each mechanism, keyed by the period's first year as a string ("2015"), so that a command-line
override can reach it. Months are written "YYYY-MM". Quantities are tCO2e, money is the regime's own
currency, shares are fractions of one.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

TECHNOLOGIES = 3
"""Technologies a firm can list."""

LEAD_MONTHS_MAX = 24
"""Longest lead time of a technology, in months."""


def _check_month(value: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError(f"{value!r} is not a month: write it as YYYY-MM, for instance 2015-01")
    return value


Month = Annotated[str, AfterValidator(_check_month)]
Year = Annotated[str, Field(pattern=r"^\d{4}$", coerce_numbers_to_str=True)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e15)]
Positive = Annotated[float, Field(gt=0.0, le=1e15)]


class Model(BaseModel):
    """A frozen model that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CalendarRule(Model):
    """When one compliance period's steps fall. Its deadline ends the life of its vintage."""

    years: Annotated[int, Field(ge=1, le=5)] = 1  # length of the compliance period
    announced: Month | None = None  # when its benchmark or factor is published; None: known from the start
    allocated: Month | None = None  # free units booked (pre-allocation, where there is a true-up)
    verified: Month  # emissions become a duty; true-up of the allocation
    deadline: Month  # surrender
    credits_issued: dict[Annotated[str, Field(pattern=r"^[1-5]$")], Month] = {}
    """Interim credits (Tokyo): number of ended years of the period -> month of issue."""


class AllocationRule(Model):
    """Free units of one compliance period.

    grandfathering: base-year emissions x correction factor, booked whole.
    benchmarking: benchmark x verified output x correction; ``pre_share`` of it on earlier output.
    baseline: no units; a cap of base-year emissions x (1 - reduction factor) x years, and credits below it.
    """

    method: Literal["grandfathering", "benchmarking", "baseline"]
    correction_factor: Positive | None = None
    benchmark: dict[str, Positive] = {}  # unit class -> t per unit of output
    basis: Literal["net", "gross"] = "net"  # output measured after or before the plant's own use
    pre_share: Share = 0.0
    deficit_cap: NonNegative | None = None  # duty <= allocation + this share of verified emissions
    reduction_factor: dict[str, Share] = {}  # category -> cut below base-year emissions
    issuance_ceiling: Share | None = None  # share of base-year emissions that can become credits

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "grandfathering": ("correction_factor", self.correction_factor),
            "benchmarking": ("benchmark", self.benchmark),
            "baseline": ("reduction_factor", self.reduction_factor),
        }[self.method]
        if not needed[1]:
            raise ValueError(f"method {self.method} needs {needed[0]}")
        return self


class BankingRule(Model):
    """How much of what is left after surrender may be carried over; the rest lapses."""

    limit: Literal["unlimited", "deducted_above_base", "net_sales", "traded_units", "next_period_only", "none"]
    base_share: Share = 0.0  # of the mean annual allocation of the phase
    base_tonnes: NonNegative = 0.0
    net_sales_multiple: NonNegative = 0.0
    net_sales_since: Literal["vintage", "phase"] | Month = "vintage"  # where the count starts
    net_sales_years: Annotated[int, Field(ge=1, le=5)] = 1  # the count is divided by this (annual mean)
    small_holder_tonnes: dict[Literal["firm", "site"], NonNegative] = {}  # below it everything is carried
    deficit_firm_exempt: bool = False  # allocation < emissions: everything is carried
    lost_if_missed: bool = False  # a missed deadline forfeits the right
    offsets_bankable: bool = True


class BorrowingRule(Model):
    """How much of the duty may be met from the next allocation."""

    limit: Literal["none", "share_of_duty", "decaying", "gap_test"] = "none"
    share: Share = 0.0  # of the duty; the decaying limit starts from the period before
    decay: NonNegative = 0.0  # limit = limit before - decay x share borrowed before
    gap_threshold: Share = 0.0  # gap_test: smallest gap, as a share of duty, that gives the right
    gap_share: Share = 0.0  # gap_test: share of the gap that may be borrowed


class OffsetRule(Model):
    """What one type of offset credit counts for."""

    limit_share: NonNegative  # of the base below
    limit_base: Literal["duty", "allocation", "required_reduction", "none"]
    multiplier: Positive = 1.0  # home-usable tonnes per credit


class PenaltyRule(Model):
    """What a missing tonne costs at the deadline."""

    multiple: NonNegative = 0.0  # of the mean price below, per missing tonne
    mean_months: Annotated[int, Field(ge=1, le=24)] = 1
    mean_until: Month | None = None  # last month of the mean; None: the deadline's own month
    volume_weighted: bool = False
    cap: Positive | None = None  # per missing tonne
    lump_sum: NonNegative = 0.0
    deducted: NonNegative = 0.0  # tonnes taken from the next allocation per missing tonne
    side_multiple: NonNegative = 0.0  # lost subsidies, credit record: x front price per missing tonne


class Phase(Model):
    """A run of compliance periods decided together."""

    first: Year
    last: Year


class Regime(Model):
    """The law of one emissions-trading system."""

    name: str
    title: str
    currency: str
    year_starts: Annotated[int, Field(ge=1, le=12)] = 1  # first month of a compliance year
    market_opens: Month  # trade is masked before
    phases: dict[str, Phase] = {}
    calendar: dict[Year, CalendarRule]
    allocation: dict[Year, AllocationRule]
    banking: dict[Year, BankingRule]
    borrowing: dict[Year, BorrowingRule] = {}
    offsets: dict[Year, dict[str, OffsetRule]] = {}
    penalty: dict[Year, PenaltyRule]
    sell_limit_share: Share | None = None  # of the free allocation that may be sold

    @model_validator(mode="after")
    def _every_period_has_its_rules(self) -> Self:
        for mechanism in ("allocation", "banking", "penalty"):
            missing = [year for year in self.calendar if year not in getattr(self, mechanism)]
            if missing:
                raise ValueError(f"{mechanism} is missing for {', '.join(missing)}: calendar has that period")
        for mechanism in ("allocation", "banking", "borrowing", "offsets", "penalty"):
            unknown = [year for year in getattr(self, mechanism) if year not in self.calendar]
            if unknown:
                raise ValueError(f"{mechanism} names {', '.join(unknown)}, which calendar does not have")
        return self


class Abatement(Model):
    """Operational abatement: marginal cost = scale x (exp(steepness x R) - 1) at the share R of emissions."""

    scale: Positive  # money per t
    steepness: Positive
    max_share: Share


class Technology(Model):
    """An investment that cuts emissions for its life."""

    name: str
    potential_share: Share  # of baseline emissions
    capex: Positive  # money per (t a year)
    opex: Annotated[float, Field(ge=-1e15, le=1e15)] = 0.0  # money per t avoided; savings are negative
    lead_months: Annotated[int, Field(ge=1, le=LEAD_MONTHS_MAX)]
    life_years: Annotated[float, Field(gt=0, le=60)]


class OutputShock(Model):
    """Log-output deviates from baseline by an AR(1); its mean effect on output is one."""

    volatility: Annotated[float, Field(ge=0, le=1)] = 0.0  # sd of one month's news
    persistence: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Firm(Model):
    """The covered firm."""

    name: str
    title: str
    sector: str
    unit_class: str = ""  # its benchmark class or reduction category in the regime
    designation: Literal["firm", "site"] = "firm"
    output_unit: str = "MWh"
    output: Positive  # units a year, baseline
    emission_intensity: Positive  # t per unit
    base_emissions: Positive | None = None  # t a year, base period; None: output x intensity
    own_use: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # share of gross output the plant uses itself
    allocation_correction: Positive = 1.0  # load, cooling and heat factors of its units, multiplied
    output_path: dict[Year, Positive] = {}  # output relative to baseline, by calendar year
    abatement: Abatement
    technologies: Annotated[tuple[Technology, ...], Field(max_length=TECHNOLOGIES)] = ()
    invest_rate: Annotated[float, Field(ge=0, le=1)] = 0.08  # of the remaining potential, at most, each month
    output_shock: OutputShock = OutputShock()

    @property
    def annual_emissions(self) -> float:
        """Baseline emissions, t a year."""
        return self.output * self.emission_intensity

    @model_validator(mode="after")
    def _potential_fits(self) -> Self:
        total = sum(tech.potential_share for tech in self.technologies)
        if total > 0.95:
            raise ValueError(f"technologies remove {total:.2f} of emissions together: at most 0.95")
        return self


class Gap(Model):
    """Bounds of the front price relative to the long price at one vintage's deadline: F = M (1 + x)."""

    down: Annotated[float, Field(ge=0, lt=1)]
    up: Annotated[float, Field(ge=0, le=1)]
    resolved: Annotated[float, Field(gt=0, lt=1)] = 0.75  # share of the news out by the deadline

    @model_validator(mode="after")
    def _two_sided(self) -> Self:
        if (self.down == 0) != (self.up == 0):
            raise ValueError("down and up are both zero or both positive: x has mean zero")
        return self


class OffsetSeries(Model):
    """Price of the offset credit on sale, relative to the long price: a lognormal martingale."""

    type: str  # a type the regime knows
    ratio: Positive  # at the start
    volatility: Annotated[float, Field(ge=0, le=2)] = 0.0


class Frictions(Model):
    """What trading costs and how much of it a month allows."""

    spread: Annotated[float, Field(ge=0, lt=1)] = 0.0  # between bid and ask, of the price
    impact: Annotated[float, Field(ge=0, le=1)] = 0.0  # price moves this share against a trade at the volume limit
    volume_share: Positive = 0.05  # monthly limit off season, of the firm's baseline emissions a year
    season_multiple: Annotated[float, Field(ge=1, le=20)] = 3.0  # in the deadline quarter


class Market(Model):
    """Prices in the regime's currency per t. The discounted long price is a martingale."""

    name: str
    title: str
    currency: str
    price: Positive  # long price at the start, and the reference price of every percentage
    discount_rate: Annotated[float, Field(ge=0, le=0.5)]  # a year, continuous
    volatility: Annotated[float, Field(ge=0, le=2)]  # a year, of the log long price
    law: Literal["gbm"] = "gbm"
    turnover: Annotated[tuple[NonNegative, ...], Field(min_length=12, max_length=12)] = (1.0,) * 12
    """Relative market volume by calendar month: the weights of a volume-weighted mean price."""
    gap: dict[Year, Gap] = {}  # by vintage; absent: x = 0
    offset: OffsetSeries | None = None
    frictions: Frictions = Frictions()


class Scenario(Model):
    """Regime + firm + market + dates: everything an episode needs."""

    name: str
    title: str
    start: Month
    first: Year  # first compliance period
    last: Year  # last compliance period
    regime: Regime
    firm: Firm
    market: Market

    @property
    def periods(self) -> tuple[str, ...]:
        """First years of the compliance periods played, in order."""
        return tuple(year for year in sorted(self.regime.calendar) if self.first <= year <= self.last)

    @property
    def end(self) -> str:
        """Month of the last deadline: the last month played."""
        return self.regime.calendar[self.last].deadline

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        regime, firm, market = self.regime, self.firm, self.market
        known = ", ".join(sorted(regime.calendar))
        for key, year in (("first", self.first), ("last", self.last)):
            if year not in regime.calendar:
                raise ValueError(f"{key}: {year} is no compliance period of {regime.name} ({known})")
        if self.last < self.first:
            raise ValueError(f"last: {self.last} lies before first: {self.first}")
        opening = f"{self.first}-{regime.year_starts:02d}"
        closing = add_months(opening, 12)
        if not opening <= self.start < closing:
            raise ValueError(
                f"start: {self.start} lies outside the first year of its data, {opening} to before {closing}"
            )
        if market.currency != regime.currency:
            raise ValueError(f"market.currency: {market.currency} is not {regime.currency}, the regime's")
        for year in self.periods:
            self._check_period(year)
        for year in market.gap:
            if year not in regime.calendar:
                raise ValueError(f"market.gap: {year} is no vintage of {regime.name} ({known})")
        played = months_between(self.start, self.end) + 1
        for tech in firm.technologies:
            if tech.life_years * 12 < played:
                raise ValueError(
                    f"firm.technologies.{tech.name}.life_years: {tech.life_years:g} is shorter than the scenario"
                    f" ({played} months): capacity must outlive it"
                )
        return self

    def _check_period(self, year: str) -> None:
        rule, unit_class = self.regime.allocation[year], self.firm.unit_class
        table, name = {
            "benchmarking": (rule.benchmark, "benchmark"),
            "baseline": (rule.reduction_factor, "reduction_factor"),
            "grandfathering": ({unit_class: 1.0}, ""),
        }[rule.method]
        if unit_class not in table:
            raise ValueError(
                f"regime.allocation.{year}.{name}: no value for the firm's unit_class {unit_class!r}"
                f" (has {', '.join(map(repr, table)) or 'none'})"
            )
        calendar = self.regime.calendar[year]
        if not calendar.verified <= calendar.deadline:
            raise ValueError(
                f"regime.calendar.{year}: verified {calendar.verified} comes after deadline {calendar.deadline}"
            )
        if rule.method == "grandfathering" and calendar.allocated is None:
            raise ValueError(f"regime.calendar.{year}.allocated: grandfathered units need a month of booking")


def months_between(earlier: str, later: str) -> int:
    """Months from one "YYYY-MM" to another; negative when they are in the other order."""
    return (int(later[:4]) - int(earlier[:4])) * 12 + int(later[5:]) - int(earlier[5:])


def add_months(month: str, count: int) -> str:
    """The month ``count`` months after a "YYYY-MM"."""
    year, index = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{index + 1:02d}"
