"""Counters that the law restarts: net sales at a new phase, sales of an allocation at the next booking."""

from __future__ import annotations

import pytest

from nea_env.scenario import BankingRule, Phase
from tests.core import scenarios as made
from tests.core.walk import Walk


@pytest.mark.parametrize(("phases", "carried"), [({"I": ("2015", "2015"), "II": ("2016", "2016")}, 0),
                                                 ({"I": ("2015", "2016")}, 100_000)])  # fmt: skip
def test_sales_of_the_phase_before_do_not_count(phases, carried):
    since_phase = BankingRule(limit="net_sales", net_sales_multiple=1.0, net_sales_since="phase")
    law = made.regime(
        2015, 2016, banking={"2015": made.UNLIMITED, "2016": since_phase},
        phases={name: Phase(first=first, last=last) for name, (first, last) in phases.items()},
    )  # fmt: skip
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.5, "2016": 0.5}))).through("2016-01")
    walk.play(tonnes=-100_000).through("2017-06")  # sold in the first year's vintage
    assert walk.flows["lapsed"][0] == pytest.approx(900_000 - carried, abs=0.5)
    assert walk.ended


@pytest.mark.parametrize(("booked", "sold"), [("2016-05", 500_000), ("2016-08", 0)])
def test_a_limit_on_sales_holds_until_the_next_allocation_is_booked(booked, sold):
    years = {"2015": made.calendar(2015), "2016": made.calendar(2016, allocated=booked)}
    law = made.regime(2015, 2016, calendars=years, sell_limit_share=0.5)
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.2, "2016": 0.2}))).play(tonnes=-700_000)
    assert walk.flows["sold"][0] == pytest.approx(500_000, abs=0.5)
    walk.through("2016-06").play(tonnes=-700_000)  # the month after the deadline
    assert walk.flows["sold"][0] == pytest.approx(sold, abs=0.5)
