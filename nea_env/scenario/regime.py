"""The law of one emissions-trading system, by mechanism and compliance period."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from nea_env.scenario.ranges import refusal, value_at, with_values
from nea_env.scenario.rules import (
    AllocationRule,
    AuctionRule,
    BankingRule,
    BorrowingRule,
    CalendarRule,
    Compliance,
    GridFactor,
    HoldingRule,
    OffsetRule,
    PenaltyRule,
    Phase,
    Range,
    StabilisationRule,
)
from nea_env.scenario.types import Model, Month, NonNegative, Number, Share, Whole, Year

BY_PERIOD = (
    "allocation", "banking", "borrowing", "offsets", "penalty", "auctions", "stabilisation", "holding", "grid_factor",
)  # fmt: skip
"""Mechanisms keyed by a compliance period's first year, besides the calendar."""

NOT_COUNTED = GridFactor(factor=0.0)
"""Power bought from the grid where a regime says nothing of it."""


RANGED = ("allocation", "banking", "borrowing", "offsets", "penalty")
"""Mechanisms whose numbers can have a range."""


class Regime(Model):
    """The law of one emissions-trading system."""

    name: str
    title: str
    currency: str
    year_starts: Annotated[Whole, Field(ge=1, le=12)] = 1  # first month of a compliance year
    market_opens: Month | None  # trade is masked before; None: units are not tradable
    phases: dict[str, Phase] = {}
    calendar: dict[Year, CalendarRule]
    allocation: dict[Year, AllocationRule]
    banking: dict[Year, BankingRule]
    borrowing: dict[Year, BorrowingRule] = {}
    offsets: dict[Year, dict[str, OffsetRule]] = {}
    penalty: dict[Year, PenaltyRule]
    auctions: dict[Year, AuctionRule] = {}  # of the vintage that is front in the months of the auctions
    stabilisation: dict[Year, StabilisationRule] = {}  # in force while that vintage is front
    holding: dict[Year, HoldingRule] = {}
    grid_factor: dict[Year, GridFactor] = {}  # of power bought, where it counts; held until the next year that is named
    carbon_tax: dict[Month, NonNegative] = {}  # of another law: money per t emitted from each month on, units or not
    sell_limit_share: Share | None = None  # of the free allocation that may be sold
    sell_limit_counts: Literal["all_sales", "free_units"] = "all_sales"
    """What counts against it: every sale, or free units alone, so that bought and carried units lie outside."""
    subsidy_share: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # of the capital cost of abatement, paid by the state
    ranges: tuple[Range, ...] = ()
    compliance: dict[Year, Compliance] = {}  # as reported; it changes no episode
    gaps: tuple[str, ...] = ()  # what the law has and the rules above cannot say; it changes no episode

    @model_validator(mode="after")
    def _every_period_has_its_rules(self) -> Self:
        for mechanism in ("allocation", "banking", "penalty"):
            missing = [year for year in self.calendar if year not in getattr(self, mechanism)]
            if missing:
                raise ValueError(f"{mechanism} is missing for {', '.join(missing)}, which the calendar has")
        for mechanism in (*BY_PERIOD, "compliance"):
            unknown = [year for year in getattr(self, mechanism) if year not in self.calendar]
            if unknown:
                raise ValueError(f"{mechanism} names {', '.join(unknown)}, which the calendar does not have")
        baseline = any(rule.method == "baseline" for rule in self.allocation.values())
        if baseline and (self.holding or self.sell_limit_share is not None):
            raise ValueError(
                "holding and sell_limit_share are shares of free units, of which a baseline regime gives none"
            )
        return self

    @model_validator(mode="after")
    def _ranges_name_numbers(self) -> Self:
        seen = set()
        for entry in self.ranges:
            if entry.path.split(".")[0] not in RANGED:
                raise ValueError(f"ranges: {entry.path}: only numbers of {', '.join(RANGED)} can have one")
            if self.number(entry.path) is None:
                raise ValueError(f"ranges: {entry.path} is not a number of this regime")
            if entry.path in seen:
                raise ValueError(f"ranges: {entry.path} is listed twice")
            seen.add(entry.path)
        return self

    @property
    def years(self) -> tuple[str, ...]:
        """Compliance years that the calendar covers, in order: each year of a longer period."""
        spans = (range(int(first), int(first) + rule.years) for first, rule in sorted(self.calendar.items()))
        return tuple(dict.fromkeys(f"{year:04d}" for span in spans for year in span))

    def grid_in(self, year: str) -> GridFactor:
        """What power bought counts as in a compliance period: as in the last one that names it, else in the first."""
        named = [key for key in sorted(self.grid_factor) if key <= year] or sorted(self.grid_factor)[:1]
        return self.grid_factor[named[-1]] if named else NOT_COUNTED

    def number(self, path: str) -> float | None:
        """The number at a dotted path, for instance ``banking.2018.net_sales_multiple``; None where there is none."""
        value = value_at(self, path)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def with_numbers(self, values: dict[str, float]) -> Regime:
        """The same law with other numbers at some dotted paths.

        Raises:
            ValueError: a path is not a number of this regime, or the new number is refused there; one line.
        """
        for path in values:
            if self.number(path) is None:
                raise ValueError(f"{path} is not a number of this regime")
        try:
            return with_values(self, values)
        except ValidationError as error:
            path, why = refusal(error)
            where = f"{path}: {values[path]:g}, at one end of its range: " if path in values else ""
            raise ValueError(f"regime.ranges: {where}{why}") from None
