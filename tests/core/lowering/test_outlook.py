"""What is known of the law and when, and how it is observed."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.core.lowering.outlook import Outlook
from nea_env.scenario import (
    AllocationRule,
    BankingRule,
    BorrowingRule,
    OffsetRule,
    OffsetSeries,
    PenaltyRule,
    Scenario,
    months_between,
)
from tests.core import scenarios as made

FACTOR = "allocation.2016.correction_factor"
FACTOR_IN_DOUBT = made.regime(2015, 2017, ranges=made.doubt(FACTOR, 0.8, 1.1, "2016-09")).with_numbers({FACTOR: 0.9})
FACTOR_BOOKED_LATE = FACTOR_IN_DOUBT.model_copy(
    update={"calendar": FACTOR_IN_DOUBT.calendar | {"2016": made.calendar(2016, allocated="2016-10")}}
)


def columns(scenario: Scenario, *names: str) -> dict[str, np.ndarray]:
    """Some columns of the observation of an idle firm, by month of the episode."""
    batch = Batch(scenario, 1, threads=1)
    rows = [batch.reset([0])[0]]
    for _ in range(int(batch.horizon[0]) - 1):
        rows.append(batch.step(np.zeros((1, Action.size), np.float32))[0][0])
    return {name: np.array(rows)[:, OBS_INDEX[name]] for name in names}


# --- the outlook -----------------------------------------------------------------------------------
def test_bounds_hold_until_the_month_of_announcement_and_the_number_from_then_on():
    outlook = Outlook(made.scenario(FACTOR_BOOKED_LATE))
    period, announced = outlook.periods[1], months_between("2015-01", "2016-09")
    for month in (0, announced - 1):
        assert not outlook.known("allocation", period, month)
        assert outlook.bounds("booked", period, month) == pytest.approx((800_000, 1_100_000))
        assert outlook.expected("booked", period, month) == pytest.approx(950_000)
        assert outlook.allocation_rate(period, month) == pytest.approx((0.8, 1.1))
    for month in (announced, announced + 1, 29):
        assert outlook.known("allocation", period, month)
        assert outlook.bounds("booked", period, month) == pytest.approx((900_000, 900_000))
        assert outlook.expected("booked", period, month) == pytest.approx(900_000)


def test_a_year_without_a_range_is_known_from_the_start():
    outlook = Outlook(made.scenario(FACTOR_BOOKED_LATE))
    for period in (outlook.periods[0], outlook.periods[2]):
        assert outlook.known("allocation", period, 0)
        assert outlook.bounds("booked", period, 0) == (1_000_000, 1_000_000)


def test_everything_is_known_at_the_deadline():
    law = made.regime(2015, 2017, ranges=made.doubt("penalty.2015.multiple", 1.0, 5.0, "2017-12"))
    outlook = Outlook(made.scenario(law))
    assert not outlook.known("penalty", outlook.periods[0], 16)
    assert outlook.known("penalty", outlook.periods[0], 17)


def test_a_number_outside_its_range_widens_the_bounds():
    law = FACTOR_BOOKED_LATE.with_numbers({FACTOR: 1.3})
    outlook = Outlook(made.scenario(law))
    assert outlook.bounds("booked", outlook.periods[1], 0) == pytest.approx((800_000, 1_300_000))


def test_a_benchmark_is_known_by_its_bounds_too():
    path = "allocation.2016.benchmark.c"
    rule = AllocationRule(method="benchmarking", benchmark={"c": 0.85}, auction_share={"": 0.1})
    calendars = {str(year): made.calendar(year, allocated=None) for year in (2015, 2016)}
    law = made.regime(2015, 2016, allocation=rule, calendars=calendars, ranges=made.doubt(path, 0.7, 0.9, "2017-03"))
    outlook = Outlook(made.scenario(law, made.firm(unit_class="c")))
    assert outlook.allocation_rate(outlook.periods[1], 20) == pytest.approx((0.63, 0.81))
    assert outlook.allocation_rate(outlook.periods[1], 26) == pytest.approx((0.765, 0.765))


def test_what_was_published_last_stands_in_where_there_is_no_range():
    banking = {
        "2015": BankingRule(limit="net_sales", net_sales_multiple=3.0),
        "2016": BankingRule(limit="net_sales", net_sales_multiple=1.0, announced="2017-03"),
    }
    seen = columns(made.scenario(made.regime(2015, 2016, banking=banking)), "carry_low", "carry_high", "law_known")
    announced = months_between("2015-01", "2017-03")
    assert np.allclose(seen["carry_low"], seen["carry_high"])
    assert np.allclose(seen["carry_low"][:announced], 0.75)  # 3 / (1 + 3)
    assert np.allclose(seen["carry_low"][announced:], 0.50)
    assert (seen["law_known"][18:announced] == 0).all() and (seen["law_known"][announced:] == 1).all()


# --- the law as it is observed ---------------------------------------------------------------------
OFFSET = OffsetSeries(type="c", ratio=0.9)
SALES = BankingRule(limit="net_sales", net_sales_multiple=1.5)
CASES = {
    # path: range, the law's own number, the same on the observation's scale, the rest of the law
    "banking.2016.net_sales_multiple": ((1.0, 3.0), 1.5, "carry", (0.5, 0.75, 0.6), {"banking": SALES}),
    "borrowing.2016.share": (
        (0.05, 0.2), 0.1, "borrow", (0.05, 0.2, 0.1), {"borrowing": BorrowingRule(limit="share_of_duty", share=0.1)},
    ),
    "offsets.2016.c.limit_share": (
        (0.05, 0.3), 0.1, "offset", (0.05, 0.3, 0.1),
        {"offsets": {"c": OffsetRule(limit_share=0.1, limit_base="duty")}},
    ),
    "penalty.2016.multiple": ((1.0, 4.0), 3.0, "penalty", (0.5, 0.8, 0.75), {}),
    "penalty.2016.deducted": (
        (0.0, 1.0), 1.0, "penalty", (0.75, 0.8, 0.8), {"penalty": PenaltyRule(multiple=3.0, deducted=1.0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", CASES)
def test_a_number_shows_its_bounds_before_and_itself_after(path):
    bounds, value, name, (low, high, own), more = CASES[path]
    law = made.regime(2015, 2017, ranges=made.doubt(path, *bounds, "2017-03"), **more).with_numbers({path: value})
    scenario = made.scenario(law, None, made.market(100.0, offset=OFFSET))
    seen = columns(scenario, f"{name}_low", f"{name}_high", "law_known")
    next_front, announced, due = 18, months_between("2015-01", "2017-03"), months_between("2015-01", "2017-06")
    assert np.allclose(seen[f"{name}_low"][next_front:announced], low)
    assert np.allclose(seen[f"{name}_high"][next_front:announced], high)
    assert np.allclose(seen[f"{name}_low"][announced : due + 1], own)
    assert np.allclose(seen[f"{name}_high"][announced : due + 1], own)
    assert (seen["law_known"][next_front:announced] == 0).all()
    assert (seen["law_known"][:next_front] == 1).all() and (seen["law_known"][announced:] == 1).all()


def test_the_running_years_allocation_shows_its_bounds_before_and_itself_after():
    names = ("allocation_low", "allocation_high", "allocation_rate", "allocation_known")
    low, high, rate, known = columns(made.scenario(FACTOR_BOOKED_LATE), *names).values()
    year, announced = slice(12, 20), slice(20, 24)  # 2016 to August, and from September on
    assert np.allclose(low[year], 0.8) and np.allclose(high[year], 1.1) and np.allclose(rate[year], 0.95)
    assert (known[year] == 0).all()
    for column in (low, high, rate):
        assert np.allclose(column[announced], 0.9)
    assert (known[announced] == 1).all() and (known[:12] == 1).all()
    assert (low[:12] == 1.0).all() and (high[:12] == 1.0).all()
