"""The equilibrium price meets theory: stock-outs (B9), penalty times probability (B10), supply control (B11), signs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.equilibrium.month import offered
from nea_env.core.equilibrium.shocks import shock_chain
from nea_env.core.equilibrium.solve import solve
from nea_env.core.parameters import LAPSED
from nea_env.policies.market_compliance import chances as distribution
from nea_env.solvers.closed_form.banking import carry_over_for_net_sales
from nea_env.solvers.closed_form.prices import (
    price_of_a_fine,
    price_variance_with_a_responsive_supply,
    price_with_a_bank_that_may_run_out,
)
from tests.core.equilibrium.markets import (
    NEVER_MISSING,
    anything,
    falling_terminal,
    linear,
    market,
    of_landing,
    ordinary,
)
from tests.core.equilibrium.programme import Node, solve_programme


def at_start(chain, values):
    """Value at the problem's start, a mean over the nodes about it."""
    return float(np.sum(distribution(chain)[0] * values[0]))


def price(**fields):
    chain = solve(ordinary(**fields))
    return at_start(chain, chain.running)


# --- B9: Schennach 2000, Deaton & Laroque 1992 --------------------------------------------------------
@pytest.mark.parametrize("second", [(10, 40), (0, 15), (5, 60), (20, 25)], ids=str)
def test_b9_units_are_banked_only_where_the_next_price_pays_for_it(second):
    expected = price_with_a_bank_that_may_run_out(10.0, second, (0.5, 0.5), 1 / 1.05)
    # Marginal cost is the cut itself, in units: so many emissions that the cut is a small share of them.
    many = 1e8
    banks = np.linspace(-60, 60, 121)
    problem = market(
        2,
        discount=1 / 1.05,
        emissions=many,
        supply=many,
        year_end=1.0,
        unlimited=[1.0, 0.0],
        shortage_price=NEVER_MISSING,
        **linear(many),
        banks=banks,
        shocks=np.log1p(np.array([10, *second]) / many),
        chances=np.tile([0, 0.5, 0.5], (3, 1)),
    )
    chain = solve(problem)
    empty = 60
    assert chain.running[0, empty, 0] == pytest.approx(expected.price, abs=5e-4)
    assert banks[0] + chain.landing[0, empty, 0] == pytest.approx(expected.bank, abs=5e-4)
    assert chain.after[0, empty, 0] == pytest.approx(expected.next_price / 1.05, abs=5e-4)


@pytest.mark.parametrize("seed", range(4))
def test_b9_price_grows_at_the_discount_rate_if_a_bank_is_carried_and_less_if_and_only_if_none_is(seed):
    problem = anything(seed, years=6, unlimited=1.0, borrowing=0.0, shortage_price=150.0)
    chain = solve(problem)
    growth = of_landing(chain, chain.running) / np.maximum(chain.running[:-1], 1e-300)
    ends = problem.year_end > 0
    some = chain.running[:-1] > 1e-9
    carried = problem.banks[0] + chain.landing * (problem.banks[1] - problem.banks[0])
    full = np.abs(growth * problem.discount - 1) < 1e-10
    assert full[~ends][some[~ends]].all()
    with_bank, without = (some[ends] & (carried[ends] > 1e-9)), (some[ends] & (carried[ends] <= 1e-9))
    assert full[ends][with_bank].all()
    assert without.any()
    assert (growth[ends][without] * problem.discount < 1 - 1e-10).all()


# --- B18 over several years: firms with a surplus carry, the others buy --------------------------------------
UNITS, DEFICIT, SLOPE, FINE, YEARLY = (1.06, 1.02, 0.80, 0.70), 0.08, 20.0, 8.0, 0.95


def two_groups(multiple, base, sizes, chances):
    """Running price, worth and bank carried at the nodes of the tree of shocks, parents first, and the nodes.

    Baseline 1 a year; a deficit of 0.08 each year; those with a surplus abate at a marginal cost of 20 a.
    """
    banks = np.linspace(-0.5, 0.7, 4_801)
    problem = market(
        4, discount=YEARLY, emissions=1.0, supply=UNITS, year_end=1.0, carry_multiple=multiple, carry_base=base,
        deficit=DEFICIT, shortage_price=FINE, **linear(SLOPE), surplus_share=1.0, banks=banks,
        shocks=np.log(sizes), chances=np.array(chances),
    )  # fmt: skip
    chain = solve(problem)
    nodes, found = [], []
    reached = [(-1, 0.0, 0, 1.0)]  # parent, bank, shock, chance
    for year, units in enumerate(UNITS):
        after = []
        for parent, bank, shock, chance in reached:
            at = [
                np.interp(bank, banks, table[year, :, shock]) for table in (chain.running, chain.worth, chain.landing)
            ]
            carried = banks[0] + at[2] * (banks[1] - banks[0])
            found.append((at[0], at[1], carried))
            nodes.append(Node(parent, chance, year, sizes[shock], units - sizes[shock] + DEFICIT))
            onward = [(s, chances[shock][s]) for s in range(len(sizes)) if chances[shock][s] > 0.0]
            after += [(len(nodes) - 1, carried, s, chance * then) for s, then in onward]
        reached = after
    return np.array(found).T, nodes


def test_b18_what_a_carried_unit_is_worth_passes_through_years_in_which_the_limit_binds():
    """By hand from the last year, in which 0.08 are carried in and 0.70 given, so 0.22 are abated: 4.4."""
    (running, worth, carried), _ = two_groups(1.0, 0.0, [1.0], [[1.0]])
    third = float(carry_over_for_net_sales(0.1, 1.848, 0.95 * 4.4, 1.0).worth)  # 3.014
    second = float(carry_over_for_net_sales(0.1, 0.0, 0.95 * third, 1.0).worth)  # 1.432
    first = float(carry_over_for_net_sales(0.1, 0.0, 0.95 * second, 1.0).worth)  # 0.680
    assert worth == pytest.approx([first, second, third, 4.4], abs=2e-3)
    assert running == pytest.approx([0.0, 0.0, 1.848, 4.4], abs=4e-3)
    half = (1.06 - 1 + first / 20 + 0.08) / 2  # of the surplus is sold, and lets as much be carried: 0.087
    again = (half + 1.02 - 1 + second / 20 + 0.08) / 2  # 0.129
    assert carried == pytest.approx([half, again, 0.08, 0.0], abs=2e-4)


@pytest.mark.parametrize(
    ("multiple", "base"), [(1.0, 0.0), (1.0, 0.03), (0.5, 0.02), (0.0, 0.05), (3.0, 0.0), (20.0, 0.0)]
)
@pytest.mark.parametrize(
    ("sizes", "chances"), [([1.0], [[1.0]]), ([0.96, 1.05], [[0.7, 0.3], [0.4, 0.6]])], ids=["certain", "two states"]
)
def test_b18_two_groups_agree_with_a_convex_programme_whose_multipliers_are_prices(multiple, base, sizes, chances):
    found, nodes = two_groups(multiple, base, sizes, chances)
    expected = solve_programme(nodes, DEFICIT, SLOPE, multiple, base, FINE, YEARLY)
    np.testing.assert_allclose(found[:2], expected[:2], atol=5e-3)
    some = found[1] > 0.01  # of units worth nothing, any number may be carried
    np.testing.assert_allclose(found[2][some], expected[2][some], atol=5e-4)


# --- B10: Carmona, Fehr & Hinz; Chesney & Taschini ----------------------------------------------------
@pytest.mark.parametrize("carried", [0.0, 20.0], ids=["units lapse", "units are carried or made good"])
def test_b10_price_is_the_penalty_times_the_chance_of_a_shortage(carried):
    # News of a normal sum: monthly steps on a lattice whose midpoints the shortage of 2 meets; units, not shares.
    many, step = 1e6, 4 / 15  # many: then a log shock moves emissions by its number of units
    moves = np.arange(-30, 31)
    news = np.exp(-0.5 * (moves * step) ** 2 / (25 / 12))
    banks = np.arange(-300, 301) * step / 2
    problem = market(
        12,
        discount=math.exp(-0.03 / 12),
        emissions=many,
        supply=np.r_[many - 2, np.full(11, many)],  # 102 expected, 100 given
        year_end=np.r_[np.zeros(11), 1],
        wait=1.0,
        shortage_price=100.0 + carried,
        unlimited=1.0 if carried else 0.0,
        terminal=np.full((len(banks), len(moves)), carried),
        banks=banks,
        shocks=np.log1p(moves * step / many),
        chances=np.tile(news / news.sum(), (61, 1)),
    )
    chain = solve(problem)
    before_any_news = problem.chances[0] @ chain.running[0, 300]
    expected = price_of_a_fine(100.0, 102.0, 100.0, 5.0, 1.0, 0.03, carried)
    assert before_any_news == pytest.approx(expected, rel=5e-4)  # 63.605, and 20 discounted
    assert chain.running.max() <= 100 + carried
    assert set(np.round(chain.running[11] / math.exp(-0.03 / 12), 9).ravel()) == {carried, 100.0 + carried}


# --- B11: Kollenberg & Taschini 2016 ------------------------------------------------------------------
def spread_of_prices(response, month):
    """Standard deviation of the price in a month of 36, where the last price is 40 less the bank and news has sd 1."""
    many = 1e6
    banks = np.linspace(-40, 40, 401)
    shocks, chances = shock_chain(0.0, 1 / many, 7)
    problem = market(
        36,
        emissions=many,
        supply=many,
        response=response,
        banks=banks,
        shocks=shocks,
        chances=chances,
        start_shock=3,
        terminal=falling_terminal(banks, 7, 80.0, start=-40, end=40),
    )
    chain = solve(problem)
    chances_then = distribution(chain)[month]
    mean = np.sum(chances_then * chain.running[month])
    return math.sqrt(np.sum(chances_then * (chain.running[month] - mean) ** 2))


@pytest.mark.parametrize("response", [0.0, 0.25, 0.5, 1.0])
def test_b11_supply_that_answers_the_bank_bounds_the_variance_of_the_last_price(response):
    # The first month's shock is the known middle one, so 35 months bring news.
    variance = price_variance_with_a_responsive_supply(1.0, 1.0, response, 35)
    assert spread_of_prices(response, 36) ** 2 == pytest.approx(variance, rel=0.02)


def test_b11_price_variance_falls_to_nothing_as_supply_answers_faster():
    spreads = [spread_of_prices(response, 24) for response in (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)]
    assert all(np.diff(spreads) < 0)
    assert spreads[0] == pytest.approx(math.sqrt(24), rel=0.01)  # pure quantity: 24 months of news
    assert spreads[-1] < 1e-6  # pure price


def test_b11_with_abatement_and_penalties_too():
    spreads = []
    for response in (0.0, 0.03, 0.1, 0.3):
        chain = solve(ordinary(5, unlimited=1.0, response=response))
        chances = distribution(chain)[48]
        mean = np.sum(chances * chain.running[48])
        spreads.append(np.sum(chances * (chain.running[48] - mean) ** 2))
    assert all(np.diff(spreads) < 0)


# --- credits come along a line ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "units"),
    [(79.0, 0.0), (80.0, 0.0), (90.0, 0.01), (100.0, 0.02), (115.0, 0.035), (120.0, 0.04), (500.0, 0.04)],
)
def test_credits_come_evenly_about_their_middle_price(price, units):
    assert offered(price, 100.0, 0.04, 2 * 0.2) == pytest.approx(units, abs=1e-12)  # a fifth both ways


def test_what_the_law_offers_at_a_price_comes_within_one_per_cent_of_it():
    assert [offered(price, 100.0, 0.04) for price in (99.5, 100.0, 100.5)] == pytest.approx([0.0, 0.02, 0.04])


def test_a_price_on_the_credits_is_where_they_meet_abatement():
    # one month without news, short by 0.13: abatement a = p / 1,000 and credits 0.04 x (p - 80) / 40 between 80 and 120
    one = market(
        1, emissions=1.0, supply=0.87, year_end=1.0, offsets=0.04, offset_price=100.0, offset_spread=0.2,
        shortage_price=NEVER_MISSING, banks=np.linspace(-0.2, 0.2, 41), **linear(1000.0),
    )  # fmt: skip
    # 0.13 = p / 1,000 + 0.001 (p - 80): p = 105, of which 0.105 abated and 0.025 from credits
    chain = solve(one)
    assert at_start(chain, chain.running) == pytest.approx(105.0, rel=1e-6)


# --- policy in, price out: signs ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("supply", np.array([0.90, 0.94, 0.98, 1.02]) / 12),
        ("offset_price", [60.0, 40.0, 20.0, 10.0]),
        ("offsets", np.array([0.0, 0.02, 0.05]) / 12),
        ("borrowing", [0.0, 0.02, 0.05]),
        ("start_bank", [-0.1, 0.0, 0.1]),
        ("max_share", [0.02, 0.04, 0.06]),
    ],
)
def test_price_of_a_short_market_falls_with(name, values):
    short = {"supply": 0.90 / 12, "offset_price": 30.0, "offsets": 0.05 / 12, "max_share": 0.10}
    prices = [price(**(short | {name: value})) for value in values]
    assert all(np.diff(prices) < -1e-3)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("shortage_price", [60.0, 80.0, 100.0]),
        ("emissions", np.array([0.98, 1.0, 1.02]) / 12),
        ("reserve_price", [1.0, 15.0, 40.0]),
        ("release_price", [20.0, 30.0, 40.0]),
        ("response", [0.0, 0.02, 0.05]),
    ],
)
def test_price_of_a_short_market_rises_with(name, values):
    short = {"supply": 0.85 / 12, "auctioned": 0.05 / 12, "released": 0.05 / 12, "release_price": 30.0}
    short |= {"start_bank": 0.1}
    prices = [price(**(short | {name: value})) for value in values]
    assert all(np.diff(prices) > 1e-3)


def test_a_larger_limit_on_carrying_makes_lapses_rarer_and_a_long_market_dearer():
    chains = [solve(ordinary(supply=1.01 / 12, carry_multiple=multiple)) for multiple in (0.0, 0.5, 1.0, 3.0)]
    assert all(np.diff([at_start(chain, chain.lapse) for chain in chains]) < -1e-3)
    assert all(np.diff([at_start(chain, chain.running) for chain in chains]) > 1e-3)


def test_discount_of_the_front_vintage_is_at_most_the_chance_that_it_lapses():
    # None is missing, so the front falls short of the next vintage only where the limit binds. No sale lets a firm
    # carry more, so a unit carried is worth what the next vintage sells for.
    chain = solve(ordinary(supply=1.02 / 12, borrowing=1.0, carry_multiple=0.0, carry_base=0.05))
    discount = 1 - at_start(chain, chain.running) / at_start(chain, chain.after)
    assert 0.01 < discount <= at_start(chain, chain.lapse)


@pytest.mark.parametrize("reserve", [15.0, 40.0])
def test_a_reserve_price_is_a_floor_while_the_auction_is_needed(reserve):
    # 0.15 units too many in all, none of which may be carried over; 0.15 too few without the auction.
    long = {"emissions": 1.0, "supply": 0.85, "year_end": 1.0, "shortage_price": 100.0}
    long |= {"scale": 20.0, "steepness": 18.3, "max_share": 0.15}
    free, floored = (solve(market(1, **long, auctioned=0.30, reserve_price=at)) for at in (0.0, reserve))
    assert free.running[0, 20, 0] == 0.0
    assert free.outcome[0, 20, 0] == LAPSED
    assert floored.running[0, 20, 0] == pytest.approx(reserve, rel=0.005)


@pytest.mark.parametrize("trigger", [15.0, 40.0])
def test_a_buy_back_beside_an_auction_is_a_floor_and_takes_units_away(trigger):
    # 0.15 units too many, 0.30 of them sold above 5; 0.30 bought back below the trigger leave 0.15 too few.
    long = {"emissions": 1.0, "supply": 0.85, "auctioned": 0.30, "reserve_price": 5.0}
    long |= {"year_end": 1.0, "shortage_price": 100.0, "scale": 20.0, "steepness": 18.3, "max_share": 0.15}
    free, floored = (solve(market(1, **long, bought_back=units, buy_back_price=trigger)) for units in (0.0, 0.30))
    assert free.running[0, 20, 0] == pytest.approx(5.0, rel=0.005)
    assert floored.running[0, 20, 0] == pytest.approx(trigger, rel=0.005)
    # all of it is carried where that is free: 0.15 - 0.30 units lie in the bank, for lack of a price at nothing
    loose = {"emissions": 1.0, "supply": 0.85, "auctioned": 0.30, "bought_back": 0.30, "buy_back_price": trigger}
    (carried,) = solve(market(1, **loose, terminal=np.zeros((41, 1)))).landing[0, 20]
    assert carried == pytest.approx((0.85 + 0.30 - 0.30 - 1.0 + 1.0) / 0.05)


def test_a_release_price_with_units_enough_is_a_ceiling():
    plenty = {"supply": 0.85 / 12, "released": 3.0, "release_price": 40.0}
    chain = solve(ordinary(**plenty, terminal=np.full((81, 5), 40.0)))
    assert chain.running.max() <= 40.0 * 1.005 + 1e-9
    assert price(supply=0.85 / 12) > 45.0


def test_generous_allocation_brings_the_price_near_nothing():
    assert price(supply=1.15 / 12) < 0.5
    assert price(supply=0.92 / 12) > 40.0
