"""Periods that end before their law is known: settled with the announcement, in closed form where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.solve import Stretch, solve, solve_tree
from nea_env.core.equilibrium.waiting import Beside, Settlement
from nea_env.core.parameters import LAPSED, PARTS, SHORT, WITHIN
from tests.core.equilibrium.markets import anything, market, ordinary


def beside(problem, first, last, nodes=11, *, spread=0.03):
    """Grids that hold what comes in from the start of month ``first`` to that of ``last``."""
    drift = np.zeros(problem.months + 1)
    flows = (problem.supply - problem.emissions)[first:last]
    drift[first : last + 1] = np.r_[0.0, np.cumsum(flows)]
    half = np.full(problem.months + 1, 1e-3)
    half[first : last + 1] += spread * np.arange(last - first + 1)
    return Beside(drift - half, 2.0 * half / (nodes - 1), nodes)


def terms(problem, end, month, added=0.0):
    """The settlement in a month of a period that ended earlier."""
    row = table(problem)[end].copy()
    for column in (MarketMonth.MISSING, MarketMonth.LAPSING):
        row[column] *= problem.discount ** (end - month)
    return Settlement(row, added)


def settled_late(end, month, *laws, chances=None, nodes=11, added=None, spread=0.03, first=None):
    """A tree whose period that ends in month ``end`` is settled at the start of another, under one of several laws."""
    chances, waits = chances or (1.0 / len(laws),) * len(laws), frozenset(range(end + 1, month + 1))
    grid = beside(laws[0], end + 1, month, nodes, spread=spread)
    root = Stretch(first or laws[0], 0, month, tuple(enumerate(chances, start=1)), waits, None, grid)
    extra = added or (0.0,) * len(laws)
    return solve_tree(
        (
            root,
            *(
                Stretch(law, month, law.months, (), waits, terms(law, end, month, more), grid)
                for law, more in zip(laws, extra, strict=True)
            ),
        )
    )


# --- B10: nothing can be cut, so that what is missing is settled when the period ends ------------------
def fined(fine, *, supply=1.0, months=12):
    return market(
        months,
        discount=0.99,
        emissions=np.where(np.arange(months) == 5, 1.0, 0.0),
        supply=np.where(np.arange(months) == 5, supply, 0.0),
        year_end=(np.arange(months) == 5) * 1.0,
        wait=6.0,
        shortage_price=fine,
        shocks=np.array([-0.1, 0.1]),
        chances=np.full((2, 2), 0.5),
        banks=np.linspace(-1.0, 1.0, 201),
    )


@pytest.mark.parametrize(("fines", "chances"), [((100.0, 300.0), (0.5, 0.5)), ((0.0, 200.0), (0.75, 0.25))])
def test_b10_a_fine_that_is_told_after_the_year_moves_the_front_price_alone(fines, chances):
    before, *after = settled_late(5, 9, *map(fined, fines), chances=chances, spread=0.0)
    mean = sum(fine * chance for fine, chance in zip(fines, chances, strict=True))
    assert before.running[0, 100, 0] == pytest.approx(0.99**11 * 0.5 * mean, rel=1e-12)
    front = before.waiting[7].opening.front  # by the closed bank: half of the banks about nothing are short
    due = 0.99 ** (11 - 7) * mean
    np.testing.assert_allclose(front[:, :, 0], np.r_[[due] * 100, due / 2, [0.0] * 100][:, None] * np.ones(11))
    for fine, chain in zip(fines, after, strict=True):
        for part in range(PARTS):  # of the banks about a node: short below nothing, more than may be carried above it
            short = np.arange(201) + (part + 0.5) / PARTS - 0.5 < 100
            np.testing.assert_array_equal(chain.settled.outcome[part, :, 5, 0], np.where(short, SHORT, LAPSED))
            np.testing.assert_allclose(chain.settled.front[part, :, 5, 0], np.where(short, fine * 0.99**2, 0.0))


def test_a_true_up_that_is_told_after_the_year_decides_who_is_short():
    # Half of the shocks leave 0.1 missing; a true-up of 0.2 units would cover it: the fine falls due with 1/2 x 1/4.
    law = fined(100.0)
    before, *_ = settled_late(5, 9, law, law, chances=(0.25, 0.75), added=(0.0, 0.2), spread=0.0)
    assert before.running[0, 100, 0] == pytest.approx(0.99**11 * 0.5 * 0.25 * 100.0, rel=1e-12)


# --- what is kept: a period settled late under the law that was known all along ------------------------
@pytest.mark.parametrize("changes", [{}, {"carry_multiple": 0.0, "carry_base": 0.01}, {"unlimited": 1.0}])
def test_waiting_for_no_news_changes_little(changes):
    """The law is known: a year before, prices err by less than a per cent of their mean."""
    law = ordinary(banks=np.linspace(-0.6, 1.0, 161), **changes)
    alone = solve(law)
    place = slice(52, 78)
    for nodes in (11, 41):  # more nodes of the running bank change nothing
        before, after = settled_late(23, 27, law, nodes=nodes, spread=0.025)
        np.testing.assert_array_equal(after.running, alone.running[27:])
        gap = np.abs(before.running[12, place] - alone.running[12, place])
        assert gap.mean() < 0.01 * alone.running[12, place].mean(), nodes
        assert gap[:, 2].max() < 0.015 * alone.running[12, place].mean(), nodes


@pytest.mark.parametrize("seed", range(3))
def test_prices_are_martingales_while_a_period_waits(seed):
    """Front and running price, from the last month of the period to its settlement."""
    law = anything(seed, wait=8.0)
    other = anything(seed, wait=8.0, shortage_price=150.0, carry_base=0.2)
    before, *after = settled_late(23, 29, law, other, chances=(0.4, 0.6))
    discount, onward = law.discount, law.chances.T

    def moved(values, landing):
        values = values @ onward
        below = np.minimum(np.floor(landing).astype(int), values.shape[1] - 2)
        share = landing - below
        low, high = (np.take_along_axis(values, below + side, 1) for side in (0, 1))
        return (1.0 - share) * low + share * high

    mean = [0.4 * a + 0.6 * b for a, b in zip(after[0].settled.opening, after[1].settled.opening, strict=True)]
    for month in range(24, 29):
        now = before.waiting[month]
        then = mean if month == 28 else before.waiting[month + 1].opening
        for field, growth in ((0, discount), (4, discount), (6, 1.0)):
            np.testing.assert_allclose(
                now.opening[field], growth * moved(then[field], now.landing), rtol=1e-9, atol=1e-9
            )
    start = before.waiting[24].opening
    place = before.landing[23]
    below = np.minimum(np.floor(place).astype(int), len(law.banks) - 2)
    front = start.front[:, 5] @ onward
    low, high = (np.take_along_axis(front, below + side, 0) for side in (0, 1))
    expected = discount * (low + (place - below) * (high - low))
    np.testing.assert_allclose(before.running[23], expected, rtol=1e-9, atol=1e-9)
    assert np.all(before.outcome[23] == WITHIN)


def test_the_running_bank_counts_when_the_closed_one_is_carried():
    """What is carried joins what has come in since: the price is that of both."""
    law = ordinary(unlimited=1.0)
    before, after = settled_late(23, 27, law, spread=0.025)
    banks, second = law.banks, beside(law, 24, 27, spread=0.025)
    step = banks[1] - banks[0]
    closed = banks[:, None] + step * (0.5 / PARTS - 0.5)
    both = closed + (second.low[27] + second.step[27] * np.arange(11))[None, :]
    inside = (both > banks[0]) & (both < banks[-1]) & (closed >= -law.borrowing[23])
    np.testing.assert_allclose(after.settled.landing[0, ..., 2][inside], ((both - banks[0]) / step)[inside], rtol=1e-9)
    assert inside.sum() > 500
    assert len(before.waiting) == 3
