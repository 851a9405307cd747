"""The equilibrium price of one market: exact martingales, a cleared market at every node, and how its paths spread."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest

from nea_env.core.equilibrium.month import carried_at_limit, carry_limit, table
from nea_env.core.equilibrium.shocks import shock_chain
from nea_env.core.equilibrium.solve import solve
from nea_env.core.parameters import LAPSED, SHORT, WITHIN
from nea_env.policies.market_compliance import chances as distribution
from tests.core.equilibrium.markets import anything, falling_terminal, market, of_landing, ordinary
from tests.core.equilibrium.paths import simulate

SEEDS = range(6)
TINY = 1e-9  # money/t, below which a price counts as nothing
PATHS = 100_000


def ends(chain):
    return chain.problem.year_end[:, None, None] > 0


def furthest(values, expected):
    return np.max(np.abs(values - expected) / np.maximum(expected, TINY))


# --- exactness ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_within_a_period_the_price_and_the_worth_of_a_unit_are_exact_martingales(seed):
    chain = solve(anything(seed))
    for values in (chain.running, chain.worth):
        expected = chain.problem.discount * of_landing(chain, values)
        inside = ~np.broadcast_to(ends(chain), expected.shape)
        assert (chain.outcome[inside] == WITHIN).all()
        assert furthest(expected[inside], values[:-1][inside]) < 1e-10


@pytest.mark.parametrize("seed", SEEDS)
def test_where_no_limit_binds_the_price_is_what_a_unit_is_worth_to_a_firm_that_carries_it(seed):
    chain = solve(anything(seed))
    free = (chain.outcome == WITHIN) & ends(chain)
    expected = chain.problem.discount * of_landing(chain, chain.worth)
    assert free.any()
    assert furthest(expected[free], chain.running[:-1][free]) < 1e-10
    np.testing.assert_array_equal(chain.worth[:-1][free], chain.running[:-1][free])


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_limit_a_unit_is_worth_what_it_sells_for_and_what_that_lets_a_firm_carry(seed):
    chain = solve(anything(seed))
    lapsed = (chain.outcome == LAPSED) & ends(chain)
    carried = chain.problem.discount * of_landing(chain, chain.worth)
    multiple = np.broadcast_to(chain.problem.carry_multiple[:, None, None], carried.shape)
    shared = (chain.running[:-1] + multiple * carried) / (1 + multiple)
    assert lapsed.any()
    np.testing.assert_allclose(chain.worth[:-1][lapsed], shared[lapsed], rtol=1e-12)
    short = chain.outcome == SHORT
    np.testing.assert_array_equal(chain.worth[:-1][short], chain.running[:-1][short])
    assert (chain.worth >= chain.running - 1e-10).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_price_of_the_next_vintage_is_an_exact_martingale_everywhere(seed):
    chain = solve(anything(seed))
    onward = np.where(ends(chain), of_landing(chain, chain.running), of_landing(chain, chain.after))
    assert furthest(chain.problem.discount * onward, chain.after[:-1]) < 1e-10


@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_clears_the_market(seed):
    problem = anything(seed)
    chain = solve(problem)
    price = chain.running[:-1]

    def by_month(name):
        return getattr(problem, name)[:, None, None]

    def above(threshold, amount, spread=0.005):  # supply comes evenly within one per cent of its threshold
        return amount * np.clip((price / threshold - (1 - spread)) / (2 * spread), 0, 1)

    share = 0.5 * sum(
        np.minimum(np.log1p(each / problem.scale) / problem.steepness, problem.max_share)
        for each in (price, chain.worth[:-1])
    )
    start = problem.banks[:, None]
    before = start + by_month("supply") - by_month("response") * start
    before = before + above(by_month("reserve_price"), by_month("auctioned"))
    before = before + above(by_month("offset_price"), by_month("offsets"), problem.offset_spread)
    before = before + above(by_month("release_price"), by_month("released"))
    before = before - by_month("bought_back") + above(by_month("buy_back_price"), by_month("bought_back"))
    before = before - by_month("emissions") * np.exp(problem.shocks) * (1 - share)
    carried = problem.banks[0] + chain.landing * (problem.banks[1] - problem.banks[0])
    inside = (chain.landing > 0) & (chain.landing < len(problem.banks) - 1)

    free = (chain.outcome == WITHIN) & inside
    np.testing.assert_allclose(before[free], carried[free], atol=1e-9)

    worth = problem.discount * of_landing(chain, chain.worth)
    late = problem.discount ** by_month("wait")
    missing = np.broadcast_to(late * by_month("shortage_price"), price.shape)
    lapsing = np.broadcast_to(late * by_month("lapse_price"), price.shape)
    short = chain.outcome == SHORT
    assert short.any()
    assert (before[short] <= carried[short] + 1e-9).all()
    assert (price[short] <= missing[short]).all()
    assert (price[short] >= worth[short] - 1e-9).all()
    paying = short & (price < missing - 1e-9)
    np.testing.assert_allclose(before[paying], carried[paying], atol=1e-9)

    lapsed = (chain.outcome == LAPSED) & inside
    assert lapsed.any()
    assert (before[lapsed] >= carried[lapsed] - 1e-9).all()
    assert (price[lapsed] <= worth[lapsed] + 1e-9).all()
    at_limit = lapsed & (price > np.minimum(lapsing, worth) + 1e-9)
    np.testing.assert_allclose(before[at_limit], carried[at_limit], atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_price_stays_between_nothing_and_the_dearest_missing_unit_and_falls_with_the_bank(seed):
    problem = anything(seed)
    chain = solve(problem)
    highest = max(problem.shortage_price.max(), problem.terminal.max())
    for price in (chain.running, chain.after):
        assert price.min() >= 0
        assert price.max() <= highest
    assert np.diff(chain.running, axis=1).max() < 1e-10
    assert (chain.running[:-1] <= (problem.discount**problem.wait * problem.shortage_price)[:, None, None] + 1e-9)[
        problem.year_end > 0
    ].all()
    assert chain.lapse.min() >= 0
    assert chain.lapse.max() <= 1 + 1e-12


# --- a year's end by hand -----------------------------------------------------------------------------
def test_limit_on_carrying_by_hand():
    row = table(market(1, carry_multiple=1.0, deficit=0.10, brokers=0.02, carry_base=0.05))[0]
    assert carry_limit(row) == pytest.approx(0.19)  # 1 x 0.10 + 2 x 0.02 + 0.05
    assert carried_at_limit(0.19, row) == pytest.approx(0.19)
    assert carried_at_limit(0.29, row) == pytest.approx(0.24)  # (1 x (0.29 + 0.10) + 0.05) / 2 + 0.02
    free = table(market(1, unlimited=1.0))[0]
    assert carry_limit(free) == math.inf


@pytest.mark.parametrize(
    ("start", "price", "carried", "outcome"),
    [
        (0.05, 45.0, 0.05, WITHIN),  # 50 x (1 - 0.05 / 0.5)
        (-0.05, 55.0, -0.05, WITHIN),  # borrowed
        (-0.30, 90.0, -0.10, SHORT),  # the rest is paid for, in two months: 100 x 0.9487**2
        (0.29, 4.5, 0.24, LAPSED),  # what lapses is worth 5 in two months
    ],
)
def test_a_year_ends_by_hand(start, price, carried, outcome):
    banks = np.linspace(-0.5, 0.5, 101)
    problem = market(
        1,
        discount=math.sqrt(0.9),
        year_end=1.0,
        wait=2.0,
        carry_multiple=1.0,
        deficit=0.10,
        brokers=0.02,
        carry_base=0.05,
        borrowing=0.10,
        shortage_price=100.0,
        lapse_price=5.0,
        banks=banks,
        terminal=falling_terminal(banks, 1, 100 / math.sqrt(0.9), start=-0.5, end=0.5),
    )
    chain = solve(problem)
    node = int(np.argmin(np.abs(banks - start)))
    assert chain.running[0, node, 0] == pytest.approx(price, rel=1e-12)
    assert banks[0] + 0.01 * chain.landing[0, node, 0] == pytest.approx(carried, abs=1e-12)
    assert chain.outcome[0, node, 0] == outcome
    assert chain.after[0, node, 0] == pytest.approx(100 * (0.5 - carried), rel=1e-12)
    assert chain.lapse[0, node, 0] == (1 if outcome == LAPSED else 0)


def test_firms_rather_pay_than_give_up_units_that_are_worth_more_next_year():
    banks = np.linspace(-0.5, 0.5, 101)
    terminal = falling_terminal(banks, 1, 100.0, start=-0.5, end=0.5)
    chain = solve(market(1, year_end=1.0, unlimited=1.0, shortage_price=30.0, banks=banks, terminal=terminal))
    assert chain.running[0, 60, 0] == pytest.approx(30.0)  # the bank of 0.1 would be worth 40 next year
    assert banks[0] + 0.01 * chain.landing[0, 60, 0] == pytest.approx(0.2)  # they pay for 0.1: 100 x (0.5 - 0.2) = 30
    assert chain.outcome[0, 60, 0] == SHORT


# --- paths --------------------------------------------------------------------------------------------
def test_each_vintage_is_a_martingale_to_its_own_deadline_on_simulated_paths():
    problem = ordinary(3, supply=1.0 / 12)
    chain = solve(problem)
    paths = simulate(chain, PATHS, seed=7)
    ended = [(paths.outcome[:, month] == how).mean() for month in (11, 23) for how in (LAPSED, SHORT)]
    assert min(ended) > 0.01  # the limits do bind
    vintages = (paths.running[:, :12], np.c_[paths.after[:, :12], paths.running[:, 12:24]])
    vintages += (np.c_[paths.after[:, 12:24], paths.running[:, 24:36]],)
    for prices in vintages:
        value = prices * problem.discount ** np.arange(prices.shape[1])
        change = value - value[:, :1]
        error = np.std(change, axis=0) / math.sqrt(PATHS)
        assert (np.abs(change.mean(axis=0)) <= 4 * error + 1e-12).all()


def test_chances_of_the_nodes_agree_with_paths_and_with_the_lapse_probability():
    problem = ordinary(2, supply=1.0 / 12, start_bank=0.013)
    chain = solve(problem)
    chances = distribution(chain)
    np.testing.assert_allclose(chances.sum(axis=(1, 2)), 1, atol=1e-12)
    assert chances[0].sum(axis=1) @ problem.banks == pytest.approx(0.013)
    lapsed = np.sum(chances[11] * (chain.outcome[11] == LAPSED))
    assert lapsed == pytest.approx(np.sum(chances[0] * chain.lapse[0]), rel=1e-12)
    paths = simulate(chain, PATHS, seed=3)
    mean, sd = paths.bank[:, 23].mean(), paths.bank[:, 23].std()
    assert np.sum(chances[23].sum(axis=1) * problem.banks) == pytest.approx(mean, abs=4 * sd / math.sqrt(PATHS))
    share = (paths.outcome[:, 11] == LAPSED).mean()
    assert share == pytest.approx(lapsed, abs=4 * math.sqrt(lapsed * (1 - lapsed) / PATHS))


def test_paths_repeat_with_their_seed_and_differ_with_another():
    chain = solve(ordinary(2))
    one, same, other = (simulate(chain, 50, seed, months=20) for seed in (1, 1, 2))
    assert one.running.shape == (50, 21)
    np.testing.assert_array_equal(one.running, same.running)
    assert (one.running != other.running).any()


# --- the chain of shocks ------------------------------------------------------------------------------
@pytest.mark.parametrize(("persistence", "states"), [(0.0, 7), (0.5, 2), (0.9, 5), (0.99, 9)])
def test_shocks_have_the_moments_of_the_autoregression(persistence, states):
    shocks, chances = shock_chain(persistence, 0.05, states)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-14)
    stationary = np.linalg.matrix_power(chances, 4096)[0]
    assert stationary @ np.exp(shocks) == pytest.approx(1, abs=1e-12)
    centred = shocks - stationary @ shocks
    variance = stationary @ centred**2
    assert variance == pytest.approx(0.05**2 / (1 - persistence**2), rel=1e-9)
    np.testing.assert_allclose(chances @ centred, persistence * centred, atol=1e-12)


# --- what it takes, what it refuses, what it tells ----------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"start_bank": 2.0}, "start_bank: 2 is off the grid of banks, -0.6 to 1"),
        ({"discount": 1.1}, "discount: 1.1"),
        ({"deficit": np.full(23, 0.1)}, r"deficit: shape \(23,\)"),
        ({"borrowing": np.full(24, -0.1)}, "borrowing: -0.1 is negative"),
        ({"supply": np.full(24, np.nan)}, "supply: not finite"),
        ({"banks": np.r_[np.linspace(-0.6, 0.9, 80), 1.0]}, "banks: not an increasing, evenly spaced grid"),
        ({"chances": np.full((5, 5), 0.3)}, "chances: rows"),
        ({"start_shock": 5}, "start_shock: 5"),
        ({"terminal": np.tile(np.linspace(0, 1, 81)[:, None], (1, 5))}, "terminal: prices"),
    ],
)
def test_a_malformed_market_names_its_field(fields, message):
    with pytest.raises(ValueError, match=message):
        solve(dataclasses.replace(ordinary(2), **fields))


def test_progress_ends_with_everything_done():
    told: list[float] = []
    solve(ordinary(2), told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_seventeen_years_take_less_than_five_seconds():
    shocks, chances = shock_chain(0.9, 0.03, 7)
    problem = ordinary(17, banks=np.linspace(-0.6, 1.0, 121), shocks=shocks, chances=chances)
    solve(ordinary(1))  # compiled
    started = time.perf_counter()
    solve(problem)
    assert time.perf_counter() - started < 5  # 0.5 s on one core of 2024
