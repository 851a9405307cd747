"""Calendars: what a good one turns into, and that a bad one is refused instead of losing a duty or a unit."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.lowering.events import events
from nea_env.core.lowering.periods import deadlines, next_deadline, periods_of, starting_units
from nea_env.core.parameters import ALLOCATE, CLOSE_YEAR, DEADLINE, FIX_STRIKE, VERIFY, Event
from nea_env.library import load_scenario, scenarios
from nea_env.scenario import AllocationRule, CalendarRule, PenaltyRule, Technology, add_months, months_between
from tests.core import scenarios as made
from tests.core.walk import Walk

YEARS = ("2015", "2016", "2017", "2018", "2019", "2020")


def scenario(changed: dict[str, CalendarRule] | None = None, last=2018, **law):
    years = [str(year) for year in range(2015, last + 1)]
    calendars = {year: made.calendar(int(year)) for year in years} | (changed or {})
    return made.scenario(made.regime(2015, last, calendars=calendars, **law))


def advance(pre_year: str, booked: str, path: dict[str, float] | None = None):
    """2018's units are booked in advance on the output of a named year; those of 2015 to 2017 when verified."""
    rule, named = made.benchmarked(1.0), made.benchmarked(1.0, pre_share=0.7, pre_year=pre_year)
    calendars = {str(year): made.calendar(year, allocated=None) for year in range(2015, 2018)}
    calendars["2018"] = made.calendar(2018, allocated=booked)
    rules = {year: named if year == "2018" else rule for year in YEARS[:4]}
    return made.scenario(made.regime(2015, 2018, calendars=calendars, allocation=rules), made.firm(path=path))


def tokyo(credits: dict[str, str]):
    rule = AllocationRule(method="baseline", reduction_factor={"": 0.17}, issuance_ceiling=0.5)
    calendars = {"2015": CalendarRule(years=5, credits_issued=credits, verified="2020-11", deadline="2022-01")}
    return made.scenario(made.regime(2015, 2015, calendars=calendars, allocation={"2015": rule}, year_starts=4))


BAD = {
    "a duty verified before it has arisen": (
        lambda: scenario({"2016": made.calendar(2016).model_copy(update={"verified": "2016-11"})}),
        "regime.calendar.2016.verified: 2016-11 comes before the period has ended",
    ),
    "a deadline before that of an older vintage": (
        lambda: scenario({"2016": CalendarRule(allocated="2015-12", verified="2018-05", deadline="2018-09")}),
        "regime.calendar.2017.deadline: 2018-06 comes before that of 2016",
    ),
    "a duty verified by the older vintage's deadline": (
        lambda: scenario({"2015": CalendarRule(allocated="2014-12", verified="2016-05", deadline="2017-05")}),
        "regime.calendar.2016.verified: 2017-05 does not come after the deadline of 2015",
    ),
    "more than three years unverified": (
        lambda: scenario(
            {
                year: CalendarRule(allocated="2014-12", verified="2019-05", deadline="2019-06")
                for year in ("2015", "2016", "2017", "2018")
            }
        ),
        "regime.calendar.2015.verified: 2019-05 is so late that more than 3 periods wait",
    ),
    "units booked after their own deadline": (
        lambda: scenario({"2016": made.calendar(2016, allocated="2017-07")}),
        "regime.calendar.2016.allocated: 2017-07 comes after the deadline of its own vintage",
    ),
    "a pre-allocation after its true-up": (
        lambda: scenario(
            {"2016": made.calendar(2016, allocated="2017-06")}, allocation=made.benchmarked(1.0, pre_share=0.7)
        ),
        "regime.calendar.2016.allocated: 2017-06 comes after the true-up",
    ),
    "a pre-allocation on the output of a year that has not ended": (
        lambda: scenario(allocation=made.benchmarked(1.0, pre_share=0.7, pre_year="2016")),
        "regime.calendar.2015.allocated: 2014-12 comes before 2016 has ended, whose output the advance follows",
    ),
    "a pre-allocation on a year after which another is verified": (
        lambda: advance("2016", "2018-07"),
        "regime.allocation.2018.pre_year: 2016 is not what was verified last when units are booked in 2018-07; allowed:"
        " 2017, or a year that has ended and is verified later",
    ),
    "a pre-allocation on a year before the first, when another is verified": (
        lambda: advance("2014", "2018-07"),
        "regime.allocation.2018.pre_year: 2014 is not what was verified last when units are booked in 2018-07",
    ),
    "a pre-allocation on a year that is not played": (
        lambda: advance("2025", "2018-07"),
        "regime.allocation.2018.pre_year: 2025 is no period that is played; allowed: 2015, 2016, 2017, 2018, or one",
    ),
    "a pre-allocation whose slot is taken": (
        lambda: scenario(
            {
                "2015": CalendarRule(allocated="2014-12", verified="2018-03", deadline="2018-04"),
                "2016": CalendarRule(allocated="2014-12", verified="2018-03", deadline="2018-04"),
            },
            allocation=made.benchmarked(1.0, pre_share=0.7),
        ),
        "regime.calendar.2018.allocated: 2017-12 comes before 2015 is verified",
    ),
    "a penalty price fixed after the deadline": (
        lambda: scenario(penalty=PenaltyRule(multiple=3.0, mean_until="2016-12")),
        "regime.penalty.2015.mean_until: 2016-12 must lie after the scenario's start and not after the deadline 2016-",
    ),
    "a penalty price wiped at the deadline before": (
        lambda: scenario(
            penalty={year: PenaltyRule(multiple=3.0, mean_until=f"{min(int(year), 2016)}-06") for year in YEARS[:4]}
        ),
        "regime.penalty.2016.mean_until: 2016-06 must lie after the deadline before",
    ),
    "credits of a year that has not ended": (
        lambda: tokyo({"2": "2017-02"}),
        "regime.calendar.2015.credits_issued.2: 2017-02 lies outside the time from the end of year 2",
    ),
    "credits after verification": (
        lambda: tokyo({"5": "2021-01"}),
        "regime.calendar.2015.credits_issued.5: 2021-01 lies outside",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_calendar_is_refused_in_one_line(case):
    make, message = BAD[case]
    with pytest.raises(ValueError) as refused:
        Batch(make(), 1)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("pre_year", "booked", "output"),
    [
        ("2017", "2018-01", 0.5),  # ended, not verified
        ("2017", "2018-05", 0.5),  # verified in that month, after the booking
        ("2017", "2018-06", 0.5),  # verified last
        ("2016", "2018-05", 0.8),  # verified last: 2017 follows in that month
        ("2016", "2018-01", 0.8),
    ],
)
def test_an_advance_follows_the_output_of_the_year_that_is_named(pre_year, booked, output):
    law = advance(pre_year, booked, {"2016": 0.8, "2017": 0.5})
    walk = Walk(law).through(booked)
    final = 500_000.0 if booked == "2018-05" else 0.0  # of 2017, true-up
    assert walk.flows["issued"][0] == pytest.approx(0.7 * output * 1e6 + final, abs=0.5)


def test_an_advance_on_a_year_before_any_that_is_played_follows_the_baseline():
    law = made.regime(2015, 2015, allocation=made.benchmarked(1.0, pre_share=0.7, pre_year="2014"))
    assert Walk(made.scenario(law)).through("2015-01").flows["issued"][0] == pytest.approx(700_000, abs=0.5)


def test_verification_after_the_deadline_and_units_never_booked_are_refused_by_the_scenario():
    with pytest.raises(ValueError, match=r"regime.calendar.2016: verified 2017-08 comes after deadline 2017-06"):
        scenario({"2016": made.calendar(2016).model_copy(update={"verified": "2017-08"})})
    with pytest.raises(ValueError, match=r"regime.calendar.2016.allocated: grandfathering needs the month"):
        scenario({"2016": made.calendar(2016, allocated=None)})


def test_technologies_that_do_not_outlive_the_scenario_are_refused():
    short_lived = Technology(name="led", potential_share=0.1, capex=1.0, lead_months=3, life_years=3)
    with pytest.raises(ValueError, match=r"firm.technologies.led.life_years: 3 is shorter"):
        made.scenario(made.regime(2015, 2018), made.firm(technologies=(short_lived,)))


@pytest.mark.parametrize("name", scenarios())
def test_shipped_calendars_settle_every_month_they_emit(name):
    shipped = load_scenario(name)
    walk = Walk(shipped).to_end(trade="even")
    assert walk["accrued"] == walk["closed"] == walk["owed"] == 0
    assert walk.date == add_months(shipped.end, 1)


def test_dates_of_the_korean_and_chinese_deadlines():
    def dates(name):
        shipped = load_scenario(name)
        return [add_months(shipped.start, month) for month in deadlines(periods_of(shipped))]

    assert dates("kets") == [
        "2016-06", "2017-06", "2018-08", "2019-09", "2020-09", "2021-08", "2022-08",
        "2023-08", "2024-08", "2025-08", "2026-08",
    ]  # fmt: skip
    assert dates("tps") == ["2021-12", "2023-12", "2024-12", "2025-12"]
    assert dates("tokyo") == ["2016-09", "2022-01", "2026-09"]


def test_events_of_a_year_in_the_order_of_the_law():
    table, months = events(scenario(penalty=PenaltyRule(multiple=3.0, mean_until=None), last=2016))
    assert (np.diff(months) >= 0).all()
    june = table[months == months_between("2015-01", "2016-06"), Event.KIND]
    assert june.tolist() == [FIX_STRIKE, DEADLINE]
    assert table[months == 11, Event.KIND].tolist() == [CLOSE_YEAR, ALLOCATE]  # the vintage of 2016
    together = scenario({"2015": made.calendar(2015, verified=6)}, last=2015)
    table, months = events(together)
    assert table[months == 17, Event.KIND].tolist() == [VERIFY, FIX_STRIKE, DEADLINE]
    assert ALLOCATE not in table[:, Event.KIND]  # booked before the start: part of it


def test_next_deadline_and_starting_units():
    found = periods_of(scenario())
    assert deadlines(found) == (17, 29, 41, 53)
    assert [next_deadline(found, month) for month in (0, 17, 18, 53, 54)] == [17, 17, 29, 53, None]
    assert starting_units(found) == (1e6, 0)
    assert starting_units(periods_of(scenario({"2016": made.calendar(2016, allocated="2014-12")}))) == (1e6, 1e6)


def test_a_phase_booked_at_once_is_held_two_vintages_at_a_time():
    walk = Walk(scenario({year: made.calendar(int(year), allocated="2014-12") for year in YEARS[:4]}))
    assert (walk["front"], walk["next"]) == (1e6, 1e6)
    walk.through("2016-05").play()
    assert (walk["front"], walk["next"]) == (pytest.approx(1e6), 1e6)
    assert walk.flows["issued"][0] == 1e6  # the third, when it becomes the one after front
    walk.through("2018-06")
    assert walk["next"] == 0
    assert walk.total["issued"][0] == 2e6


def test_years_that_settle_together_are_front_together():
    calendars = {
        "2015": CalendarRule(allocated="2014-12", verified="2016-05", deadline="2017-06"),
        "2016": CalendarRule(allocated="2014-12", verified="2017-05", deadline="2017-06"),
        "2017": CalendarRule(allocated="2014-12", verified="2018-05", deadline="2018-06"),
    }
    walk = Walk(scenario(calendars, last=2017))
    assert (walk["front"], walk["next"]) == (2e6, 1e6)
    walk.through("2017-06")
    assert walk.flows["surrendered"][0] == pytest.approx(2e6)
    assert (walk["front"], walk["next"]) == (pytest.approx(1e6), 0)
