"""Investment: when capacity arrives, what it saves, what it is worth at the end, and what its value says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX
from nea_env.core.rules.abatement import arrival, book_value, capacity_started
from nea_env.scenario import Technology
from tests.core import scenarios as made
from tests.core.walk import Walk


def plant(lead=9, *, share=0.10, capex=300.0, opex=5.0, life=20.0, name="a") -> Technology:
    return Technology(name=name, potential_share=share, capex=capex, opex=opex, lead_months=lead, life_years=life)


def build(*technologies: Technology, years=4, rate=0.05, invest_rate=0.10, path=None):
    firm = made.firm(technologies=technologies, invest_rate=invest_rate, path=path)
    return made.scenario(made.regime(2015, 2014 + years), firm, made.market(100.0, rate=rate))


@pytest.mark.parametrize(
    ("month", "lead", "works_in"),
    [
        (0, 1, 3),
        (2, 1, 3),
        (0, 3, 3),
        (1, 3, 6),
        (0, 9, 9),
        (1, 9, 12),
        (5, 12, 18),
        (0, 24, 24),
        (1, 24, 27),
        (2, 24, 27),
    ],
)
def test_capacity_arrives_with_the_quarter_after_its_lead_time(month, lead, works_in):
    assert arrival(month, lead) == works_in
    walk = Walk(build(plant(lead)))
    for _ in range(month):
        walk.play()
    walk.play(invest=1.0)
    started = walk.flows["invested"][0]
    assert started == pytest.approx(0.10 * 0.10 * 1e6 / 12)  # rate x potential, t a month
    while walk.month < works_in:
        assert (walk["capacity"], walk["building_0"]) == (0, pytest.approx(started))
        walk.play()
        assert walk.flows["saved"][0] == 0
    assert (walk["capacity"], walk["building_0"]) == (pytest.approx(started), pytest.approx(0, abs=1e-3))
    walk.play()
    assert walk.flows["saved"][0] == pytest.approx(started)
    assert walk.flows["emitted"][0] == pytest.approx(1e6 / 12 - started)
    assert walk.flows["operating_cost"][0] == pytest.approx(5.0 * started)


def test_many_starts_arrive_each_in_its_time():
    walk = Walk(build(plant(24), years=6))
    started = []
    for month in range(40):
        walk.play(invest=1.0 if month % 2 else 0.5)
        started.append((arrival(month, 24), walk.flows["invested"][0]))
    for month in range(40, 66):
        walk.play()
        due = sum(tonnes for works_in, tonnes in started if works_in <= month + 1)
        assert walk["capacity"] == pytest.approx(due, rel=1e-6)


def test_savings_scale_with_output():
    walk = Walk(build(plant(3), path={"2016": 0.5})).play(invest=1.0)
    started = walk.flows["invested"][0]
    walk.through("2015-12").play()
    assert walk.flows["saved"][0] == pytest.approx(0.5 * started)


def test_cheapest_first_within_the_budget_of_what_is_left():
    assert capacity_started(100.0, 300.0, 200.0, 50.0) == 50
    assert capacity_started(20.0, 300.0, 200.0, 50.0) == 20
    assert capacity_started(20.0, 300.0, 300.0, 50.0) == 0
    walk = Walk(build(plant(name="a", share=0.01), plant(name="b", share=0.09, capex=900.0), invest_rate=0.25)).play(
        invest=1.0
    )
    first, second = 0.01 * 1e6 / 12, 0.25 * 0.10 * 1e6 / 12 - 0.01 * 1e6 / 12
    assert (walk["building_0"], walk["building_1"]) == (pytest.approx(first), pytest.approx(second))
    assert walk.flows["investment_cost"][0] == pytest.approx(12 * (300 * first + 900 * second))


def test_never_more_than_the_potential_and_never_in_run_off():
    walk = Walk(build(plant(3), invest_rate=1.0, years=2)).play(invest=1.0)
    assert walk.flows["invested"][0] == pytest.approx(0.10 * 1e6 / 12)
    walk.play(invest=1.0)
    assert walk.flows["invested"][0] == pytest.approx(0, abs=1e-9)
    idle = Walk(build(plant(3), years=1)).through("2015-12").play(invest=1.0)
    assert idle.flows["invested"][0] == idle.flows["investment_cost"][0] == 0


@pytest.mark.parametrize("invest", [0.0, -1.0])
def test_one_sided(invest):
    assert Walk(build(plant())).play(invest=invest).flows["invested"][0] == 0


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.10])
@pytest.mark.parametrize("age", [0, 1, 100, 239, 240])
def test_book_value_is_a_loan_paid_off_evenly(rate, age):
    """Amortised month by month: interest on the balance less a level payment that ends at zero."""
    growth = math.exp(max(rate, 1e-6) / 12)
    months = 240
    payment = 300.0 / sum(growth**-k for k in range(1, months + 1))
    balance = 300.0
    for _ in range(age):
        balance = balance * growth - payment
    assert book_value(1.0, growth**age, 300.0, growth**-months) == pytest.approx(balance, rel=1e-6, abs=1e-4)
    if rate == 0.0:
        assert balance == pytest.approx(300.0 * (1 - age / months), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("month", [0, 7])
def test_capacity_left_is_worth_its_book_value(month):
    walk = Walk(build(plant(6), years=2))
    for _ in range(month):
        walk.play()
    walk.play(invest=1.0)
    started = walk.flows["invested"][0]
    walk.to_end(tonnes=0)
    horizon = 30
    assert walk.month == horizon
    age, growth = horizon - arrival(month, 6), math.exp(0.05 / 12)
    left = (1 - growth ** (age - 240)) / (1 - growth**-240)
    other = Walk(build(plant(6), years=2)).to_end()
    saved_units = walk["front"] - other["front"]
    worth = other.flows["closing_cost"][0] - walk.flows["closing_cost"][0]
    price = 100.0 * growth ** (horizon - 1)
    assert worth - saved_units * price == pytest.approx(12 * 300.0 * started * left, rel=1e-5)


def test_capacity_under_construction_is_worth_what_was_paid():
    walk = Walk(build(plant(24), years=2)).through("2016-12", invest=-1.0)
    late = Walk(build(plant(24), years=2)).through("2016-11").play(invest=1.0)
    paid = late.flows["investment_cost"][0]
    assert paid > 0
    assert walk.to_end().flows["closing_cost"][0] - late.to_end().flows["closing_cost"][0] == pytest.approx(
        paid, rel=1e-6
    )


@pytest.mark.parametrize("lead", [1, 7, 24])
@pytest.mark.parametrize("month", [0, 5, 20])
@pytest.mark.parametrize("opex", [-20.0, 0.0, 30.0])
def test_value_seen_is_value_got(lead, month, opex):
    """What the observation calls the value per unit of capital is what the simulator pays, to the cent."""
    scenario = build(plant(lead, opex=opex), rate=0.05)
    invested, idle = Walk(scenario), Walk(scenario)
    for _ in range(month):
        invested.play(trade="even")
        idle.play(trade="even")
    seen = float(invested.batch.observe()[0, OBS_INDEX["invest_value_0"]])
    price = float(invested.batch.market()["long_price"][0])
    invested.play(invest=1.0, trade="even")
    capital = invested.flows["investment_cost"][0] * invested.batch.discount**month
    gain = idle.to_end(trade="even").present[0] - invested.to_end(trade="even").present[0]
    assert gain / capital == pytest.approx(seen, abs=1e-4)
    # and by hand: months of saving at today's price, running cost and what is left, discounted
    works = np.arange(arrival(month, lead), 48) - month
    discount = invested.batch.discount
    horizon = int(invested.batch.horizon[0])
    age = horizon - arrival(month, lead)
    left = (1 - discount ** (240 - age)) / (1 - discount**240) * discount ** (horizon - 1 - month)
    by_hand = (price * len(works) - opex * (discount**works).sum()) / (12 * 300.0) + left - 1
    assert seen == pytest.approx(by_hand, abs=1e-5)
