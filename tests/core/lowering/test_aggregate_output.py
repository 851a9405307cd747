"""What a law makes of output that answers: slopes and units typed in by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env import ScenarioError, load_scenario
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate import output
from nea_env.core.lowering.aggregate.limits import choke_price
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.aggregate.scale import start_price

ANSWERS = {
    "market.law": "equilibrium",
    "market.aggregate.output_response.elasticity": 0.4,
    "market.aggregate.output_response.product_price": 400.0,
}
YEARS = range(2019, 2025)
FIXED_SHARE = {  # a cap instead of the standard: whatever is produced
    f"regime.{path}": value
    for year in YEARS
    for path, value in (
        (f"allocation.{year}.method", "grandfathering"),
        (f"allocation.{year}.correction_factor", 0.97),
        (f"calendar.{year}.allocated", "2021-01" if year < 2021 else f"{year + 1}-04"),
        (f"allocation.{year}.pre_share", 0.0),
    )
}


def small(name="tps", **changes):
    return problem(load_scenario(name, ANSWERS | changes), banks=21, shocks=3)


def test_a_month_of_chinese_power_by_hand():
    """A month's output for a tonne a year is 1 / 0.865 / 12 MWh, worth 38.536 CNY; 0.4 over it is lost for each."""
    months = small()
    np.testing.assert_allclose(months.output_slope, 0.4 / 38.5356455, rtol=1e-8)
    assert 12 * months.following[0] == pytest.approx(0.877 / 0.865)  # all free units follow output
    np.testing.assert_array_equal(months.following, months.supply)
    assert months.least_output == 0.0


def test_units_of_a_cap_and_units_that_are_sold_do_not_follow_output():
    assert small(**FIXED_SHARE).following.tolist() == [0.0] * 132
    sold = {f"regime.allocation.{year}.auction_share.": 0.1 for year in YEARS}
    months = small(**sold)
    assert 12 * months.following[0] == pytest.approx(0.9 * 0.877 / 0.865)
    assert 12 * months.supply[0] == pytest.approx(0.877 / 0.865)


def test_units_beyond_a_deficit_cap_do_not_follow_output():
    """Gas is let off its whole shortfall of 0.04: units a year, whatever is produced."""
    gas = {"market.aggregate.unit_class": "IV", "market.aggregate.intensity": 0.392}
    months = small(**gas)
    assert 12 * months.supply[0] == pytest.approx(1.04)
    assert 12 * months.following[0] == pytest.approx(1.0)


def test_units_that_follow_own_emissions_follow_output_with_them():
    months = problem(
        load_scenario("tps_steel", ANSWERS | {"market.aggregate.output_response.product_price": 3500.0}),
        banks=21, shocks=3,
    )  # fmt: skip
    np.testing.assert_array_equal(months.following, months.supply)  # net of what own emissions bring
    assert 12 * months.following[12] == pytest.approx(0.15 - 0.03 * 0.02 / 0.20)


def test_more_demand_is_more_emissions_and_more_units_but_for_a_cap():
    more = {"market.aggregate.output_response.demand": {"2019": 1.0, "2021": 1.1}}
    usual, higher = small(), small(**more)
    np.testing.assert_array_equal(higher.emissions[:24], usual.emissions[:24])
    np.testing.assert_allclose(higher.emissions[24:], 1.1 * usual.emissions[24:], rtol=1e-12)
    np.testing.assert_allclose(higher.following[24:], 1.1 * usual.following[24:], rtol=1e-12)
    np.testing.assert_allclose(higher.output_slope[24:], usual.output_slope[24:] / 1.1, rtol=1e-12)
    capped = small(**more, **FIXED_SHARE)
    np.testing.assert_allclose(12 * capped.supply, 0.97 * np.r_[np.ones(48), np.full(84, 1.0526)], rtol=1e-12)


def test_an_elasticity_of_nothing_leaves_every_bit():
    still = problem(load_scenario("tps", ANSWERS | {"market.aggregate.output_response.elasticity": 0.0}))
    fixed = problem(load_scenario("tps", {"market.law": "equilibrium"}))
    assert still.months == fixed.months
    for name in "supply emissions banks terminal".split():
        np.testing.assert_array_equal(getattr(still, name), getattr(fixed, name))
    np.testing.assert_array_equal(solve(still).running, solve(fixed).running)


def test_the_last_price_clears_its_period_with_output():
    """At the price the month takes just what is held: by the balance, not by the search for it."""
    aggregate = load_scenario("tps", ANSWERS).market.aggregate
    held, emissions, following, slope = np.linspace(0.5, 1.1, 61)[:, None], np.array([[0.95, 1.0]]), 0.9, 0.01
    price = output.clearing_price(held, emissions, following, slope, aggregate)
    inside = (price > 0.0) & (price < choke_price(aggregate) * (1.0 - 1e-9))
    assert inside.any()
    share = np.log1p(price / 723) / 15
    spent = 723 * (np.expm1(15 * share) / 15 - share)
    produced = np.maximum(1 - slope * (emissions * (price * (1 - share) + spent) - 0.9 * price), 0.0)
    left = held + 0.9 * (produced - 1) - produced * emissions * (1 - share)
    np.testing.assert_allclose(left[inside], 0.0, atol=1e-9)
    assert (price[held[:, 0] > 1.0] == 0.0).all()
    assert np.diff(price, axis=0).max() <= 0.0


def test_beyond_the_last_month_the_price_clears_a_year_of_the_law_with_output():
    """A cap of 0.97 x 1.0526 of 0.961, all held for a year: by hand from the terminal price of each bank."""
    months = small(**FIXED_SHARE, **{"market.aggregate.offset_supply": 0.0})
    price = months.terminal[:, 1]
    share, most = np.log1p(price / 723) / 15, months.shortage_price.max()
    spent = 723 * (np.expm1(15 * share) / 15 - share)
    produced = 1 - 0.4 * 0.865 / 400 * 0.961 * np.exp(months.shocks[1]) * (price * (1 - share) + spent)
    left = months.banks + 0.97 * 1.0526 - produced * 0.961 * np.exp(months.shocks[1]) * (1 - share)
    inside = (price > 0.0) & (price < most * (1 - 1e-9))
    assert inside.any()
    np.testing.assert_allclose(left[inside], 0.0, atol=1e-9)


def test_the_shipped_standard_starts_at_nearly_the_same_price_since_carbon_hardly_changes_what_its_output_costs():
    fixed = start_price(solve(problem(load_scenario("tps", {"market.law": "equilibrium"}))))
    answered = start_price(solve(problem(load_scenario("tps", ANSWERS))))
    assert fixed == pytest.approx(48.0, rel=2e-3)
    assert answered == pytest.approx(fixed, rel=0.01)


def test_output_that_answers_needs_an_intensity():
    changes = ANSWERS | {"market.aggregate.output_response.product_price": 100.0}
    with pytest.raises(ScenarioError, match="output_response needs intensity"):
        load_scenario("kets", changes)


@pytest.mark.parametrize(
    ("key", "value"), [("elasticity", -0.1), ("product_price", 0.0), ("least", 1.5), ("demand", {"2019": 0.0})]
)
def test_what_a_response_refuses(key, value):
    with pytest.raises(ScenarioError, match=key):
        load_scenario("tps", ANSWERS | {f"market.aggregate.output_response.{key}": value})
