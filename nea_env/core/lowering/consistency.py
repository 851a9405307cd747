"""Calendars that could not be settled are refused: each rule here names one way to lose a duty or a unit in silence."""

from __future__ import annotations

import itertools

from nea_env.core.layout import SLOTS
from nea_env.core.lowering.periods import Period, followed, verified_last
from nea_env.scenario import Scenario, add_months, months_between

ROUNDING = 1e-9  # of emissions


def check(scenario: Scenario, periods: tuple[Period, ...]) -> None:
    """Refuse a calendar whose steps come in an order that the month cannot settle.

    Raises:
        ValueError: one line that names the period, the date and what it must come after or before.
    """
    for period in periods:
        _check_period(period)
        if period.rule.pre_year is not None and period.allocated is not None:
            _check_advance(scenario, period, periods, period.allocated)
        _check_emissions(scenario, period)
    for early, late in itertools.pairwise(periods):
        _check_order(early, late)
    for early, late in zip(periods, periods[SLOTS:], strict=False):
        if early.verified >= late.first + 11:
            _refuse(early, "verified", f"is so late that more than {SLOTS} periods wait for verification at once")
        if late.rule.pre_share > 0.0 and late.allocated is not None and late.allocated <= early.verified:
            _refuse(late, "allocated", f"comes before {early.year} is verified: more than {SLOTS} periods would wait")
    _check_strikes(scenario, periods)


def _check_period(period: Period) -> None:
    if period.verified < period.end:
        ended = add_months(period.calendar.verified, period.end - period.verified)
        _refuse(period, "verified", f"comes before the period has ended; allowed: from {ended}")
    if period.allocated is not None:
        booked = period.rule.method in ("grandfathering", "historical_benchmarking")
        if booked and period.allocated > period.deadline:
            _refuse(period, "allocated", "comes after the deadline of its own vintage")
        if not booked and period.allocated > period.verified:
            _refuse(period, "allocated", "comes after the true-up that it is set off against")
    for years, month in period.calendar.credits_issued.items():
        issued = months_between(period.calendar.verified, month) + period.verified
        if int(years) > period.years or not period.first + 12 * int(years) - 1 <= issued <= period.verified:
            raise ValueError(
                f"regime.calendar.{period.year}.credits_issued.{years}: {month} lies outside the time from the end of"
                f" year {years} of {period.years} to verification in {period.calendar.verified}"
            )


def _check_advance(scenario: Scenario, period: Period, periods: tuple[Period, ...], allocated: int) -> None:
    """An advance on a named year needs its figures: kept while it waits, or the last that were verified."""
    named, last, year = followed(periods, period), verified_last(periods, allocated), period.rule.pre_year
    key = f"regime.allocation.{period.year}.pre_year: {year}"
    if named is not None and allocated <= named.end:
        _refuse(period, "allocated", f"comes before {named.year} has ended, whose output the advance follows")
    if named is None and year is not None and year >= scenario.first:
        raise ValueError(f"{key} is no period that is played; allowed: {', '.join(scenario.periods)}, or one before")
    if last is not None and named is not last and (named is None or named.verified < allocated):
        raise ValueError(
            f"{key} is not what was verified last when units are booked in {period.calendar.allocated}; allowed:"
            f" {last.year}, or a year that has ended and is verified later"
        )


def _check_emissions(scenario: Scenario, period: Period) -> None:
    """A firm all of whose emissions are power bought has none left where power does not count."""
    grid = scenario.regime.grid_in(period.year)
    for key, counts_as, relative in (
        ("factor", grid.factor, period.relative),
        ("base_factor", grid.of_base, period.base_relative),
    ):
        if relative <= ROUNDING:
            raise ValueError(
                f"regime.grid_factor.{period.year}.{key}: {counts_as:g} t/MWh leaves a firm that emits by buying power"
                " alone without emissions; allowed: above 0, or less of firm.electricity"
            )


def _check_order(early: Period, late: Period) -> None:
    if late.deadline < early.deadline:
        _refuse(late, "deadline", f"comes before that of {early.year}, {early.calendar.deadline}")
    if late.deadline > early.deadline >= late.verified:
        _refuse(
            late,
            "verified",
            f"does not come after the deadline of {early.year}, {early.calendar.deadline}: it would fall due there",
        )


def _check_strikes(scenario: Scenario, periods: tuple[Period, ...]) -> None:
    previous = -1
    for period in periods:
        if any(p.deadline == period.deadline for p in periods[period.index + 1 :]):
            continue  # where periods settle together the last one's rules hold
        penalty = scenario.regime.penalty[period.year]
        until = penalty.mean_until
        if until is not None and penalty.multiple > 0.0:
            month = months_between(scenario.start, until)
            if not previous < month <= period.deadline:
                after = "the scenario's start" if previous < 0 else "the deadline before"
                raise ValueError(
                    f"regime.penalty.{period.year}.mean_until: {until} must lie after {after} and not after"
                    f" the deadline {period.calendar.deadline}: the penalty price would be lost"
                )
        previous = period.deadline


def _refuse(period: Period, key: str, why: str) -> None:
    raise ValueError(f"regime.calendar.{period.year}.{key}: {getattr(period.calendar, key)} {why}")
