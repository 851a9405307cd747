"""A market that foresees laws to come: one law, two laws in closed form (B9, B10), surprises, martingales."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.equilibrium.solve import Stretch, solve, solve_tree
from tests.core.equilibrium.markets import (
    NEVER_MISSING,
    anything,
    falling_terminal,
    linear,
    market,
    of_landing,
    ordinary,
)

TABLES = "running worth after landing outcome lapse".split()


def before_and_after(month: int, *laws, chances=(0.5, 0.5), first=None):
    """A tree: ``first`` (else the first of the laws) to a month, then one of the laws."""
    branches = tuple((place, chance) for place, chance in enumerate(chances, start=1))
    root = Stretch(first or laws[0], 0, month, branches)
    return solve_tree((root, *(Stretch(law, month, law.months) for law in laws)))


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_of_one_branch_equals_the_market_without_it_bit_for_bit(seed):
    law = anything(seed)
    whole = solve(law)
    first, second = before_and_after(29, law, chances=(1.0,))
    assert (first.first, second.first) == (0, 29)
    for name in TABLES:
        parts = np.concatenate([getattr(first, name)[:29], getattr(second, name)])
        np.testing.assert_array_equal(parts, getattr(whole, name), err_msg=name)
        if name not in ("landing", "outcome"):
            np.testing.assert_array_equal(getattr(first, name)[29], getattr(second, name)[0], err_msg=name)


# --- B9 across an announcement: Schennach 2000 --------------------------------------------------------
def two_years(second: float):
    """Ten units are missing in the first of two years and ``second`` in the other; a cut of x units costs x each."""
    many = 1e8
    return market(
        2,
        discount=1 / 1.05,
        emissions=many,
        supply=[many - 10.0, many - second],
        year_end=1.0,
        unlimited=[1.0, 0.0],
        shortage_price=NEVER_MISSING,
        **linear(many),
        banks=np.linspace(-60, 60, 121),
    )


@pytest.mark.parametrize(
    ("laws", "first_price", "banked", "prices"),
    [((10, 40), 17.073, 7.073, (2.927, 32.927)), ((0, 15), 10.0, 0.0, (0.0, 15.0))],
)
def test_b9_firms_bank_for_the_law_that_may_come(laws, first_price, banked, prices):
    # 10 + b = (mean - b) / 1.05 where b > 0: the mean of 10 and 40 gives b = 7.073; that of 0 and 15 gives none.
    before, *after = before_and_after(1, *map(two_years, laws))
    empty = 60
    assert before.running[0, empty, 0] == pytest.approx(first_price, abs=5e-4)
    assert before.problem.banks[0] + before.landing[0, empty, 0] == pytest.approx(banked, abs=5e-4)
    place = empty + banked
    for chain, price in zip(after, prices, strict=True):
        assert np.interp(place, np.arange(121), chain.running[0, :, 0]) == pytest.approx(price, abs=5e-4)


def test_b9_within_each_branch_after_the_announcement():
    # After it two years are left: 10 missing and then 40 or 10, known. b = (40 / 1.05 - 10) / (1 + 1 / 1.05) = 14.390.
    def law(last):
        years = two_years(last)
        return market(
            3,
            discount=1 / 1.05,
            emissions=1e8,
            supply=[1e8 - 10.0, *years.supply],
            year_end=1.0,
            unlimited=[1.0, 1.0, 0.0],
            shortage_price=NEVER_MISSING,
            **linear(1e8),
            banks=np.linspace(-60, 60, 121),
        )

    before, tight, loose = before_and_after(1, law(40.0), law(10.0))
    assert tight.running[0, 60, 0] == pytest.approx(24.390, abs=5e-4)
    assert loose.running[0, 60, 0] == pytest.approx(10.0, abs=5e-4)
    banked = before.problem.banks[0] + before.landing[0, 60, 0]
    assert before.running[0, 60, 0] == pytest.approx(10.0 + banked, rel=1e-9)
    means = 0.5 * (tight.running[0, :, 0] + loose.running[0, :, 0])
    assert before.running[0, 60, 0] == pytest.approx(np.interp(banked, before.problem.banks, means) / 1.05, rel=1e-9)


# --- B10 across an announcement -----------------------------------------------------------------------
@pytest.mark.parametrize(("fines", "chances"), [((100.0, 300.0), (0.5, 0.5)), ((0.0, 200.0), (0.75, 0.25))])
def test_b10_the_price_before_is_the_chance_to_be_short_times_the_mean_fine(fines, chances):
    # Nothing can be cut and half of all shocks leave the market short: price = d^months x 1/2 x mean fine.
    def law(fine):
        return market(
            6,
            discount=0.99,
            emissions=[0, 0, 0, 0, 0, 1.0],
            supply=[0, 0, 0, 0, 0, 1.0],
            year_end=[0, 0, 0, 0, 0, 1.0],
            shortage_price=fine,
            shocks=np.array([-0.1, 0.1]),
            chances=np.full((2, 2), 0.5),
            banks=np.linspace(-1.0, 1.0, 201),
        )

    before, *_ = before_and_after(3, *map(law, fines), chances=chances)
    mean = sum(fine * chance for fine, chance in zip(fines, chances, strict=True))
    assert before.running[0, 100, 0] == pytest.approx(0.99**5 * 0.5 * mean, rel=1e-12)


def test_a_surprise_leaves_the_price_before_it_that_of_the_law_that_was_believed():
    believed, came = ordinary(), ordinary(carry_multiple=0.0, carry_base=0.0)
    alone = solve(believed)
    before, surprise, _ = before_and_after(27, came, believed, chances=(0.0, 1.0), first=believed)
    np.testing.assert_array_equal(before.running[:27], alone.running[:27])
    assert np.abs(surprise.running[0] - before.running[27]).max() > 1.0


@pytest.mark.parametrize("seed", range(4))
def test_prices_are_martingales_through_an_announcement(seed):
    law, other = anything(seed), anything(seed)
    other = anything(seed, supply=other.supply * np.where(np.arange(48) < 20, 1.0, 0.9), shortage_price=150.0)
    before, *after = before_and_after(20, law, other, chances=(0.3, 0.7))
    mean = 0.3 * after[0].running[0] + 0.7 * after[1].running[0]
    np.testing.assert_allclose(before.running[20], mean, rtol=1e-12, atol=1e-12)
    goes_on = np.r_[law.year_end[:20] == 0]
    expected = law.discount * of_landing(before, before.running)
    np.testing.assert_allclose(before.running[:20][goes_on], expected[goes_on], rtol=1e-9, atol=1e-9)


def test_the_mean_of_many_announcements_is_that_of_their_tree():
    # Three announcements of two values each, in a market that is linear in them: the price is that of the mean law.
    def law(*cuts):
        supply = np.full(5, 1.0)
        for month, cut in enumerate(cuts, start=2):
            supply[month] -= cut
        terminal = falling_terminal(np.linspace(-2, 2, 81), 1, 100.0, start=-2.0, end=2.0)
        return market(5, emissions=1.0, supply=supply, banks=np.linspace(-2, 2, 81), terminal=terminal)

    stretches, level = [], [()]
    starts = [0]
    for k in range(4):
        starts.append(starts[-1] + len(level))
        for place, cuts in enumerate(level):
            branches = tuple((starts[-1] + 2 * place + side, 0.5) for side in range(2)) if k < 3 else ()
            known = law(*cuts, *[0.1] * (3 - len(cuts)))
            stretches.append(Stretch(known, k + 1 if k else 0, k + 2 if k < 3 else 5, branches))
        level = [(*cuts, side) for cuts in level for side in (0.0, 0.2)]
    chains = solve_tree(tuple(stretches))
    assert len(chains) == 15
    inside = slice(20, 61)  # banks from which no law leads off the line
    alone = solve(law(0.1, 0.1, 0.1)).running[0][inside]
    np.testing.assert_allclose(chains[0].running[0][inside], alone, rtol=1e-12)


LAW = ordinary()


@pytest.mark.parametrize(
    ("stretches", "message"),
    [
        (
            (Stretch(LAW, 0, 24, ((1, 0.5), (2, 0.4))), Stretch(LAW, 24, 48), Stretch(LAW, 24, 48)),
            "law 0: the chances of the laws after it sum to 0.9; allowed: 1",
        ),
        ((Stretch(LAW, 0, 24),), "law 0: none follows it in month 24, in which a bank would be left"),
        ((Stretch(LAW, 0, 48, ((1, 1.0),)), Stretch(LAW, 48, 48)), "law 0: another would follow after the last month"),
        ((Stretch(LAW, 0, 24, ((1, 1.0),)), Stretch(LAW, 30, 48)), "law 0: law 1 does not begin in month 24"),
        ((Stretch(LAW, 0, 24, ((0, 1.0),)),), "law 0: law 0 does not begin in month 24"),
        ((Stretch(LAW, 0, 49),), "law 0: holds from month 0 to 49; allowed: within 0 to 48"),
        (
            (Stretch(LAW, 0, 24, ((1, 1.0),)), Stretch(ordinary(discount=0.9), 24, 48)),
            "laws 0 and 1: discount differ; allowed: one for all laws of a tree",
        ),
    ],
)
def test_trees_that_do_not_hold_together_are_refused(stretches, message):
    with pytest.raises(ValueError) as error:
        solve_tree(stretches)
    assert str(error.value).startswith(message)
