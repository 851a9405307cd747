"""Output that answers in the whole market: closed forms, a programme told anew, exact martingales, a cleared market."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.month import bank_before_settlement, relative_output, table, units_taken
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.parameters import SHORT, WITHIN
from tests.core.equilibrium.markets import NEVER_MISSING, anything, market, of_landing, ordinary

SEEDS = range(4)
SCALE, STEEPNESS = 10.0, 10.0  # marginal cost of abating a tenth: 10 (e - 1) = 17.18, at 0.7183 in all
BENCHMARK, SLOPE = 0.9, 0.03


def marginal(share):
    return SCALE * math.expm1(STEEPNESS * share)


def costs(share):
    return SCALE * (math.expm1(STEEPNESS * share) / STEEPNESS - share)


def root(function, low, high):
    """Where a falling function is zero."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def one_period(supply=0.0, following=0.0, **fields):
    """A year in one month, emissions 1 at baseline output, no bank before or after."""
    known = {"emissions": 1.0, "year_end": 1.0, "shortage_price": NEVER_MISSING, "output_slope": SLOPE}
    known |= {"scale": SCALE, "steepness": STEEPNESS, "max_share": 0.9}
    return market(1, supply=supply + following, following=following, **(known | fields))


def outcome(problem, shock=0):
    """Price, output and abated share at an empty bank."""
    chain = solve(problem)
    (node,) = np.flatnonzero(np.abs(problem.banks) < 1e-12)
    price = float(chain.running[0, node, shock])
    output = relative_output(price, float(problem.emissions[0] * np.exp(problem.shocks[shock])), table(problem)[0])
    return price, output, math.log1p(price / SCALE) / STEEPNESS


def best_plan(units, subsidy):
    """Output and abated share that are worth most for so many units, and the multiplier on the units.

    Demand is worth (1 - y) / SLOPE at output y. The planner picks output; what it emits beyond the units is abated.
    """

    def gain(output):
        share = 1.0 - units / output
        return (1.0 - output) / SLOPE - costs(share) - (1.0 - share) * marginal(share) + subsidy

    output = root(gain, units, 2.0)
    return output, 1.0 - units / output, marginal(1.0 - units / output)


# --- one period, by hand ------------------------------------------------------------------------------------
def test_a_performance_standard_without_a_bank_by_hand():
    """Every unit of output emits its benchmark: a = 0.1 at 10 (e - 1), and output falls by 0.03 x 0.71828."""
    price, output, share = outcome(one_period(following=BENCHMARK))
    assert price == pytest.approx(17.18281828, rel=1e-9)
    assert share == pytest.approx(0.1, rel=1e-9)
    assert output == pytest.approx(1 - 0.03 * 0.71828183, rel=1e-9)


@pytest.mark.parametrize("fixed", [0.0, 0.03, -0.05])
@pytest.mark.parametrize("benchmark", [0.75, 0.9])
def test_a_performance_standard_is_a_cap_and_an_output_subsidy_of_the_price_times_the_benchmark(benchmark, fixed):
    price, output, share = outcome(one_period(supply=fixed, following=benchmark))
    plan = best_plan(fixed + benchmark * output, price * benchmark)
    assert plan == pytest.approx((output, share, price), rel=1e-8)


@pytest.mark.parametrize("units", [0.7, 0.835])
def test_a_cap_is_the_plan_without_a_subsidy(units):
    price, output, share = outcome(one_period(supply=units))
    assert best_plan(units, 0.0) == pytest.approx((output, share, price), rel=1e-8)


@pytest.mark.parametrize("benchmark", [0.75, 0.9, 0.97])
def test_as_many_units_bring_more_output_a_dearer_unit_and_more_abatement_under_a_standard(benchmark):
    standard = outcome(one_period(following=benchmark))
    cap = outcome(one_period(supply=benchmark * standard[1]))
    assert all(one > 1.001 * other for one, other in zip(standard, cap, strict=True))
    # and the cap does it at a lower cost: what is abated, and the surplus of the output lost
    dear, cheap = (output * costs(share) + (1 - output) ** 2 / (2 * SLOPE) for _, output, share in (standard, cap))
    assert dear > 1.01 * cheap


def test_a_benchmark_above_the_intensity_brings_output_above_its_baseline():
    """0.1 units a unit of output too many, and 0.15 wanted by the state: by hand q (1.1 - 1 + a) = 0.15."""
    price, output, share = outcome(one_period(supply=-0.15, following=1.1))
    assert output > 1.0
    assert output * (0.1 + share) == pytest.approx(0.15, rel=1e-9)
    assert output == pytest.approx(1 + SLOPE * (0.1 * price + price * share - costs(share)), rel=1e-9)


def test_output_does_not_fall_below_the_least():
    """Under a cap of half the emissions, at 0.95 of output: 1 - 0.5 / 0.95 are abated."""
    price, output, share = outcome(one_period(supply=0.5, least_output=0.95))
    assert output == 0.95
    assert share == pytest.approx(1 - 0.5 / 0.95, rel=1e-9)
    assert price == pytest.approx(marginal(1 - 0.5 / 0.95), rel=1e-9)


def test_both_groups_answer_to_what_a_unit_is_worth_to_them():
    row = table(one_period(following=BENCHMARK, surplus_share=0.25))[0]
    short, long = (float(units_taken(worth, 1.0, row)) for worth in (5.0, 9.0))
    left = bank_before_settlement(0.0, 1.0, 5.0, 9.0, row)
    assert left == pytest.approx(BENCHMARK - 0.75 * short - 0.25 * long, rel=1e-14)


# --- the month: envelope theorem, and one price that clears -----------------------------------------------------
@pytest.mark.parametrize("worth", [0.5, 5.0, 40.0, 3000.0])
@pytest.mark.parametrize("following", [0.0, 0.8, 1.2])
def test_output_answers_to_the_least_cost_of_one_more_unit_of_it(worth, following):
    row = table(one_period(following=following, output_slope=1e-5, max_share=0.3))[0]
    shares = np.linspace(0.0, 0.3, 300_001)
    least = np.min([costs(share) + worth * (1 - share) for share in shares[::100]])
    found = (1.0 - relative_output(worth, 1.0, row)) / 1e-5
    assert found == pytest.approx(least - worth * following, abs=1e-3 * worth)


@pytest.mark.parametrize("following", [-0.1, 0.0, 0.8, 1.0, 1.3])
@pytest.mark.parametrize("least", [0.0, 0.9])
def test_units_never_grow_scarcer_with_their_price_whatever_the_benchmark(following, least):
    row = table(one_period(following=following, output_slope=0.02, least_output=least, max_share=0.3))[0]
    prices = np.linspace(0.0, 300.0, 3_001)
    taken = np.array([units_taken(price, 1.0, row) for price in prices])
    assert np.diff(taken).max() <= 1e-13
    # the slope: 0.02 (following - emissions after abatement)^2, and what more is abated
    share = np.minimum(np.log1p(prices / SCALE) / STEEPNESS, 0.3)
    output = np.array([relative_output(price, 1.0, row) for price in prices])
    more = np.where(share < 0.3, output / STEEPNESS / (SCALE + prices), 0.0)
    slope = np.where(output > least, 0.02 * (following - 1.0 + share) ** 2, 0.0) + more
    inside = np.abs(np.gradient(slope, prices)) < 1e-4  # away from the kinks
    np.testing.assert_allclose(-np.gradient(taken, prices)[inside][1:-1], slope[inside][1:-1], atol=2e-4)


# --- years with news -----------------------------------------------------------------------------------------
def answering(seed, **fields):
    """A random market with every instrument, half of whose supply follows output."""
    problem = anything(seed, **fields)
    draws = np.random.default_rng([seed, 1])
    following = draws.uniform(0.0, 1.2) * problem.supply
    return dataclasses.replace(
        problem, following=following, output_slope=np.full(problem.months, draws.uniform(0.01, 0.08)), least_output=0.8
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_are_exact_martingales(seed):
    chain = solve(answering(seed))
    ends = chain.problem.year_end[:, None, None] > 0
    for values in (chain.running, chain.worth):
        expected = chain.problem.discount * of_landing(chain, values)
        inside = ~np.broadcast_to(ends, expected.shape)
        np.testing.assert_allclose(expected[inside], values[:-1][inside], rtol=1e-10, atol=1e-12)
    onward = np.where(ends, of_landing(chain, chain.running), of_landing(chain, chain.after))
    np.testing.assert_allclose(chain.problem.discount * onward, chain.after[:-1], rtol=1e-10, atol=1e-12)
    assert np.diff(chain.running, axis=1).max() < 1e-10


@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_clears_the_market(seed):
    problem = answering(seed)
    chain = solve(problem)

    def by_month(name):
        return getattr(problem, name)[:, None, None]

    price = chain.running[:-1]

    def above(threshold, amount):
        spread = problem.offset_spread if threshold == "offset_price" else 0.005
        return by_month(amount) * np.clip((price / by_month(threshold) - (1 - spread)) / (2 * spread), 0, 1)

    emissions, taken, produced = by_month("emissions") * np.exp(problem.shocks), 0.0, []
    for worth in (price, chain.worth[:-1]):
        share = np.minimum(np.log1p(worth / problem.scale) / problem.steepness, problem.max_share)
        spent = problem.scale * (np.expm1(problem.steepness * share) / problem.steepness - share)
        cost = emissions * (worth * (1 - share) + spent) - worth * by_month("following")
        output = np.maximum(1 - by_month("output_slope") * cost, 0.8)
        taken = taken + 0.5 * (output * emissions * (1 - share) + (1 - output) * by_month("following"))
        produced.append(output)
    start = problem.banks[:, None]
    before = start + by_month("supply") - by_month("response") * start - taken
    for threshold, amount in (
        ("reserve_price", "auctioned"), ("offset_price", "offsets"), ("release_price", "released"),
        ("buy_back_price", "bought_back"),
    ):  # fmt: skip
        before = before + above(threshold, amount)
    before = before - by_month("bought_back")
    carried = problem.banks[0] + chain.landing * (problem.banks[1] - problem.banks[0])
    inside = (chain.landing > 0) & (chain.landing < len(problem.banks) - 1)
    free = (chain.outcome == WITHIN) & inside
    np.testing.assert_allclose(before[free], carried[free], atol=1e-9)
    assert np.ptp(produced) > 0.01
    short = chain.outcome == SHORT
    assert (before[short] <= carried[short] + 1e-9).all()


def test_output_that_cannot_answer_leaves_every_bit():
    fixed = anything(3)
    still = dataclasses.replace(fixed, following=0.5 * fixed.supply, least_output=0.5)
    for name in "running worth after landing outcome lapse".split():
        np.testing.assert_array_equal(getattr(solve(still), name), getattr(solve(fixed), name))


def test_a_cap_over_several_years_is_cheaper_the_more_output_answers():
    """Output that falls spares abatement, so units are cheaper; of a standard at its balance it hardly matters."""
    capped, standard = [], []
    for slope in (0.0, 0.01, 0.02, 0.04):
        for prices, share in ((capped, 0.0), (standard, 1.0)):
            problem = ordinary(unlimited=1.0, output_slope=slope, following=share * 0.97 / 12)
            chain = solve(problem)
            node = int(np.argmin(np.abs(problem.banks)))
            prices.append(chain.running[0, node, 2])
    assert (np.diff(capped) < 0.0).all()
    assert np.ptp(standard) < 0.1 * np.ptp(capped)


# --- two markets -----------------------------------------------------------------------------------------------
def link(kind, quota):
    return Terms(
        type=kind, quota=np.array([quota]), open=np.array([True]), units=1.0, fee=0.0, rate=1.0, scale=1.0,
        two_way=False, correlation=0.0,
    )  # fmt: skip


def test_a_pool_of_two_markets_alike_has_the_price_of_either():
    problem = one_period(following=BENCHMARK)
    chain = solve_linked(problem, problem, link("full", np.inf))
    (node,) = np.flatnonzero(np.abs(chain.home_banks) < 1e-12)
    assert chain.home_running[0, node, 0, 0] == pytest.approx(17.18281828, rel=1e-9)


def test_a_pool_lets_each_market_answer_by_its_own_law():
    """A standard and a cap at one price P: q (0.9 - 1 + a) + 0.8 - y (1 - a) = 0, both outputs by their own cost."""
    standard, cap = one_period(following=BENCHMARK), one_period(supply=0.8)

    def short(price):
        share = math.log1p(price / SCALE) / STEEPNESS
        after = costs(share) + price * (1 - share)
        q, y = 1 - SLOPE * (after - 0.9 * price), 1 - SLOPE * after
        return q * (1 - share - 0.9) + y * (1 - share) - 0.8

    for home, partner in ((standard, cap), (cap, standard)):
        chain = solve_linked(home, partner, link("full", np.inf))
        (node,) = np.flatnonzero(np.abs(chain.home_banks) < 1e-12)
        assert chain.home_running[0, node, 0, 0] == pytest.approx(root(short, 0.0, 100.0), rel=1e-9)


def test_two_markets_with_a_quota_of_nothing_clear_as_each_does_alone():
    standard, cap = one_period(following=BENCHMARK), one_period(supply=0.8)
    chain = solve_linked(standard, cap, link("one_way", 0.0))
    node = int(np.argmin(np.abs(standard.banks)))
    assert chain.home_running[0, node, node, 0] == pytest.approx(outcome(standard)[0], rel=1e-9)
    assert chain.partner_running[0, node, node, 0] == pytest.approx(outcome(cap)[0], rel=1e-9)
