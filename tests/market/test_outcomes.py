"""What a market's equilibrium comes to by year: balances, costs by hand, and the signs between two laws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.solve import solve
from nea_env.market.claims import c6
from nea_env.market.outcomes import flows, outcomes
from tests.core.equilibrium.markets import NEVER_MISSING, market, ordinary

PATH = "market.aggregate.output_response"


def standard(**changes):
    return load_scenario(load_scenario("tps", c6.DEFAULTS), changes)


def test_a_year_of_a_standard_by_hand():
    """Benchmark 0.9 of 1: a tenth is abated at 10 (e - 1) = 17.183, for 0.71828 a tonne of what is produced."""
    problem = market(
        1, emissions=1.0, supply=0.9, following=0.9, output_slope=0.03, year_end=1.0, shortage_price=NEVER_MISSING,
        scale=10.0, steepness=10.0, max_share=0.9,
    )  # fmt: skip
    found = flows(solve(problem))
    output = 1 - 0.03 * 0.71828183
    assert found.price[0] == pytest.approx(17.1828183, rel=1e-8)
    assert found.output[0] == pytest.approx(output, rel=1e-8)
    assert found.before[0] == pytest.approx(output, rel=1e-8)
    assert found.emitted[0] == pytest.approx(0.9 * output, rel=1e-8)
    assert found.given[0] == pytest.approx(0.9 * output, rel=1e-8)
    assert found.abating[0] == pytest.approx(output * 0.71828183, rel=1e-8)
    assert found.lost[0] == pytest.approx((0.03 * 0.71828183) ** 2 / 0.06, rel=1e-7)
    assert found.subsidy[0] == pytest.approx(17.1828183 * 0.9 * output, rel=1e-8)


def test_the_bank_grows_by_what_is_given_and_not_emitted():
    problem = ordinary(
        2, unlimited=1.0, borrowing=2.0, following=0.9 / 12, output_slope=0.02, banks=np.linspace(-2, 2, 401)
    )
    found = flows(solve(problem))
    growth = np.diff(found.bank, prepend=problem.start_bank)
    np.testing.assert_allclose(growth, found.given - found.emitted, atol=1e-9)
    assert np.abs(found.output - 1.0).max() > 1e-3


def test_fixed_output_loses_no_surplus_and_has_a_subsidy_all_the_same():
    found = flows(solve(ordinary(1, following=0.97 / 12)))
    np.testing.assert_allclose(found.output, 1.0, rtol=1e-12)
    np.testing.assert_array_equal(found.lost, 0.0)
    np.testing.assert_allclose(found.subsidy, 0.97 / 12 * found.price, rtol=0.05)


def test_years_add_up_months_in_tonnes():
    scenario = standard()
    years = outcomes(scenario)
    assert [year.year for year in years] == list(range(2019, 2025))
    for year in years:
        per_mwh = {2019: 0.877, 2020: 0.877, 2021: 0.8218, 2022: 0.8177, 2023: 0.7950 * 1.0526, 2024: 0.7910 * 1.0526}
        assert year.given == pytest.approx(4.5e9 * per_mwh[year.year] / 0.865 * year.output, rel=1e-4)
        assert year.cost == year.abating + year.lost
        assert year.emissions < 4.5e9
    # the subsidy is the price times the units, but for how both move together within the year
    assert years[0].subsidy == pytest.approx(years[0].price * years[0].given, rel=0.02)


@pytest.fixture(scope="module")
def compared():
    return [tuple(map(c6.average, c6.compare(standard(**changes)))) for changes in ({}, {f"{PATH}.elasticity": 0.06})]


def test_a_standard_has_more_output_dearer_units_more_abatement_and_costs_more_than_a_cap_of_as_many_units(compared):
    for own, cap in compared:
        assert own.given == pytest.approx(cap.given, rel=1e-3)
        assert own.emissions == pytest.approx(cap.emissions, rel=1e-3)
        assert own.output > cap.output + 1e-3
        assert own.price > 1.2 * cap.price
        assert own.abated > 1.2 * cap.abated
        assert own.cost > 1.1 * cap.cost
        assert own.subsidy > 0.0
        assert cap.subsidy == 0.0


def test_the_difference_grows_with_the_elasticity_and_goes_without_one(compared):
    (own, cap), (_, stiff_cap) = compared
    assert cap.price < stiff_cap.price < own.price
    own, cap = map(c6.average, c6.compare(standard(**{f"{PATH}.elasticity": 0.0})))
    assert own.output == pytest.approx(1.0, rel=1e-12)
    assert cap.output == pytest.approx(1.0, rel=1e-12)
    assert own.price == pytest.approx(cap.price, rel=1e-9)
    assert own.cost == pytest.approx(cap.cost, rel=1e-9)


def test_units_follow_demand_under_a_standard_alone(compared):
    own, cap = compared[0]
    more = standard(**{f"{PATH}.demand": {"2019": 1.05}})
    outputs = {year.year: year.output for year in outcomes(standard())}
    then, capped_then = (c6.average(outcomes(law)) for law in (more, c6.capped(more, outputs)))
    assert then.given == pytest.approx(1.05 * own.given, rel=1e-3)
    assert then.price == pytest.approx(own.price, rel=0.01)
    assert capped_then.given == pytest.approx(cap.given, rel=1e-6)
    assert capped_then.price > 2.0 * cap.price


def test_a_standard_is_refused_where_units_do_not_follow_output():
    with pytest.raises(ValueError, match=r"regime.allocation.2013.method: grandfathering does not follow output"):
        c6.capped(load_scenario("pilot_chongqing", {"market.law": "equilibrium"}), {})


def test_marginal_costs_are_equal_where_demand_gives_up_as_much_as_abatement_costs():
    """Under a cap the carbon cost of output is what the last unit of it was worth: (1 - q) / slope."""
    problem = market(
        1, emissions=1.0, supply=0.8, output_slope=0.01, year_end=1.0, shortage_price=NEVER_MISSING,
        scale=10.0, steepness=10.0, max_share=0.9,
    )  # fmt: skip
    found = flows(solve(problem))
    share = 1.0 - found.emitted[0] / found.before[0]
    spent = 10.0 * (math.expm1(10.0 * share) / 10.0 - share)
    assert (1.0 - found.output[0]) / 0.01 == pytest.approx(found.price[0] * (1.0 - share) + spent, rel=1e-8)


def law(output, price, cost, emissions=100.0, abated=0.1):
    """A market of C6 in which abatement is all of the cost."""
    return c6.Law(price, output, abated, emissions, 100.0, cost, 0.0, 0.0)


def test_what_c6_says_follows_its_numbers():
    cap = law(0.98, 10.0, 50.0)
    assert c6._answer(law(1.0, 20.0, 200.0, abated=0.2), cap) == (
        "Yes: output is 2.04% above that under a cap of as many units, since each unit of it earns free units. And more"
        " is abated: 20.00% of emissions against 10.00%, at 2.00 times the price and 4.00 times the cost."
    )
    assert c6._answer(law(0.97, 5.0, 25.0, abated=0.05), cap) == (
        "No: output is 1.02% below that under a cap of as many units. And less is abated: 5.00% of emissions against"
        " 10.00%, at 0.50 times the price and 0.50 times the cost."
    )
    assert c6._answer(cap, cap).startswith("No: output does not answer")


def test_what_c6_says_in_the_end_follows_its_numbers():
    usual = law(1.0, 20.0, 200.0), law(0.8, 10.0, 50.0)
    demanding = law(1.0, 20.0, 210.0, emissions=105.0), law(0.8, 30.0, 90.0)
    text = c6._closing(usual, demanding, {"as above": usual, "dear": (law(1.0, 20.0, 60.0), law(0.8, 20.0, 50.0))})
    assert text == (
        "Output is above the cap's under every assumption tried (+25.00 to +25.00 %). The size hangs on them: the cost"
        " is 1.20 times the cap's (dear) to 4.00 times (as above). If demand is 5% higher, the standard moves emissions"
        " by +5.0 % and the price by +0.0 %, the cap emissions by +0.0 % and the price by +200.0 %."
    )
    other = c6._closing(usual, demanding, {"as above": usual, "odd": usual[::-1]})
    assert other.startswith(
        "The sign is not robust: output is above the cap's only under as above (-20.00 to +25.00 %)."
    )
    assert c6._closing(usual, demanding, {"odd": usual[::-1]}).startswith("Output is above the cap's under no assumpt")


def test_c6_finds_the_error_of_its_grid(compared):
    text = c6._grid_error(standard(), compared[0])
    assert text.startswith("Solved, so no sampling error; a grid of 241 banks instead of 121 changes the price by -")
    same = c6._grid_error(standard(), tuple(c6.average(years) for years in c6.compare(standard(), 241)))
    assert "changes the price by +0.0 % under the standard and +0.0 % under the cap" in same
