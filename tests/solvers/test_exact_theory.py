"""What theory says of the optimum, on small lattices: timing, borrowing, scaling, options, carry-over tied to sales."""

from itertools import pairwise

import numpy as np
import pytest

from nea_env.core.layout import HISTORY_FROM, State
from nea_env.core.parameters import Quote
from nea_env.library import load_scenario
from nea_env.policies.rules import DoNothing
from nea_env.solvers.choosers import chooser
from nea_env.solvers.exact import Exact
from nea_env.solvers.relaxation import drawn_prices, relaxed

SMALL = {"market.lattice.states": 5}
KETS = SMALL | {"firm.invest_rate": 0, "market.frictions.spread": 0, "market.frictions.lot": 12_000}
NO_BORROWING = {"regime.borrowing.2018.limit": "none", "regime.borrowing.2019.limit": "none"}
GAP = {2018: (0.08, 0.224), 2019: (0.284, 0.067)}
GAPS = {
    f"market.gap.{year}.{side}": bound
    for year, pair in GAP.items()
    for side, bound in zip(("down", "up"), pair, strict=True)
}
TPS_GAP = {"market.gap.2024.down": 0.15, "market.gap.2024.up": 0.15}


def solved(name, *changes) -> Exact:
    merged = {key: value for part in (SMALL, *changes) for key, value in part.items()}
    return Exact(load_scenario(name, merged), progress=False, cache=False)


def test_a_price_taker_gains_nothing_from_timing():
    """Montgomery 1972; discounted prices are martingales: a firm in surplus that can bank does as well by waiting."""
    tokyo = solved("tokyo_exact", {"firm.invest_rate": 0, "market.frictions.spread": 0})
    waits = tokyo.evaluate(chooser(DoNothing(), tokyo))
    assert tokyo.percent(waits.value) == pytest.approx(tokyo.percent(tokyo.value), abs=1e-9)


def test_borrowing_is_worth_nothing_without_a_gap_and_at_most_the_gap_with_one():
    """Rubin 1996: at a martingale price a loan repaid in kind is worth nothing but what the two vintages differ by."""
    shut = dict.fromkeys(GAPS, 0)
    level = solved("kets_exact", KETS, shut)
    assert level.percent(level.value - solved("kets_exact", KETS, shut, NO_BORROWING).value) == pytest.approx(
        0, abs=1e-9
    )
    apart = solved("kets_exact", KETS, GAPS)
    worth = apart.percent(apart.value - solved("kets_exact", KETS, GAPS, NO_BORROWING).value)
    bound = 0.0
    for down, up in GAP.values():  # the share that may be borrowed, of half of what is emitted in two years
        bound += 100.0 * 0.15 / 2.0 * 0.9 * up * down / (down + up)
    assert 0.05 < worth < bound


@pytest.mark.slow
def test_money_has_no_unit():
    once = solved("tps_exact")
    twice = solved("tps_exact", {"market.price": 180, "firm.abatement.scale": 134})
    assert twice.value == pytest.approx(once.value, rel=1e-9)
    for one, other in zip(once.best, twice.best, strict=True):
        assert (one != other).mean() < 1e-3  # ties aside


@pytest.mark.slow
def test_a_firm_twice_as_large_does_twice_as_well():
    once = solved("tokyo_exact")
    twice = solved(
        "tokyo_exact", {"firm.scale": 2, "market.frictions.lot": 2, "regime.penalty.2020.lump_sum": 1_000_000}
    )
    assert twice.percent(twice.value) == pytest.approx(once.percent(once.value), rel=1e-9)


@pytest.mark.slow
def test_a_wider_right_never_costs():
    values = [
        solved("tps_exact", TPS_GAP, changes).value
        for changes in (
            {"regime.banking.2024.limit": "none"},
            {"regime.banking.2024.base_tonnes": 2_000},
            {},
            {"regime.banking.2024.base_tonnes": 20_000},
            {"regime.banking.2024.limit": "unlimited"},
        )
    ]
    assert values == sorted(values) and values[-1] > values[0] + 0.1


@pytest.mark.parametrize(
    ("name", "changes"), [("tps_exact", {"regime.banking.2024.limit": "unlimited"}), ("tokyo_exact", {})]
)
def test_a_tonne_more_is_never_worth_less(name, changes):
    exact = solved(name, changes)
    pairs = 0
    for month in range(len(exact.values)):
        worth, more, fewer = _neighbours(exact, month)
        assert (worth[more] - worth[fewer]).min(initial=0.0) > -1e-9
        pairs += len(more)
    assert pairs > 1_000


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("tokyo_exact", {"firm.invest_rate": 0}),
        ("tps_exact", {"regime.banking.2024.limit": "unlimited", "market.gap.2024.up": 0, "market.gap.2024.down": 0}),
    ],
)
def test_a_tonne_more_is_worth_its_price(name, changes):
    """Envelope theorem: what can be sold or need not be bought is worth the price, in every state and at every price.

    In the last months before China's deadline a duty can exceed what may still be bought: a tonne more saves the fine.
    """
    exact, pairs = solved(name, changes, {"market.frictions.spread": 0}), 0
    months = len(exact.values) - (3 if name == "tps_exact" else 0)
    for month in range(months):
        worth, more, fewer = _neighbours(exact, month)
        front = exact._solution.states.rows[month].books[:, State.FRONT]
        due = (front[more] - front[fewer])[:, None] * exact.quotes[month][:, Quote.PRICE]
        found = (worth[more] - worth[fewer]) * exact._placed.scale
        np.testing.assert_allclose(found, due, rtol=1e-9)
        pairs += len(more)
    assert pairs > 1_000


def test_but_for_the_cliff_of_the_small_holders():
    """KAU18-19: who holds less than the level carries all, so a tonne more can cost the right to carry the rest."""
    exact = solved("kets_exact", {"market.frictions.lot": 12_000})
    lost = 0
    for month in range(len(exact.values)):
        worth, more, fewer = _neighbours(exact, month)
        lost += int((worth[more] - worth[fewer] < -1e-6).sum())
    assert lost > 0


def _neighbours(exact: Exact, month: int):
    """Values of a month, and the states (with more, with fewer) that differ in nothing but front units.

    Past sales count as nothing where no limit reads them.
    """
    books, memory = exact._solution.states.rows[month]
    limits = {rule.limit for rule in exact.scenario.regime.banking.values()}
    sales = set() if "net_sales" in limits else {State.NET_SALES, State.LONG_SALES}
    kept = [column for column in exact._solution.states.kept if column not in sales | {State.FRONT}]
    alike = np.concatenate([books[:, kept], memory[:, :HISTORY_FROM]], axis=1)
    _, group = np.unique(np.rint(alike * 1e3), axis=0, return_inverse=True)
    order = np.lexsort((books[:, State.FRONT], group.ravel()))
    same = group.ravel()[order[1:]] == group.ravel()[order[:-1]]
    return exact.values[month], order[1:][same], order[:-1][same]


def test_a_surplus_tonne_is_worth_a_mix_of_both_prices_where_carrying_over_is_tied_to_sales():
    """Selling s lets m s more be carried: (P + m P') / (1 + m) a tonne, P the front's price less the spread, m 1.5."""
    exact = solved("tps_exact", TPS_GAP, {"regime.allocation.2024.benchmark.I": 3.0, "firm.abatement.scale": 0.01})
    month, m, spread = len(exact.values) - 1, 1.5, exact.scenario.market.frictions.spread
    books, quotes = exact._solution.states.rows[month].books, exact.quotes[month]
    surplus = books[:, State.FRONT] - books[:, State.OWED]
    sales = books[:, State.NET_SALES]
    volume = 0.10 * 2 * 26_400 / 12 * 12
    sale = (surplus - 10_000 - m * sales) / (1 + m)
    inside = np.flatnonzero((sales >= 0) & (sale > 100) & (sale < volume - 100))
    checked = 0
    for net in np.unique(sales[inside]):
        alike = inside[sales[inside] == net]
        alike = alike[np.argsort(surplus[alike])]
        alike = alike[np.append(True, np.diff(surplus[alike]) > 1)]
        for one, other in pairwise(alike):
            for place, quote in enumerate(quotes):
                front = quote[Quote.PRICE] * quote[Quote.FRONT_RATIO] * (1 - spread / 2)
                if front >= quote[Quote.PRICE]:
                    continue  # else all is sold
                worth = (front + m * quote[Quote.PRICE]) / (1 + m)
                money = (exact.values[month][other, place] - exact.values[month][one, place]) * exact._placed.scale
                tonnes = surplus[other] - surplus[one]
                assert money / tonnes == pytest.approx(worth, abs=2 * quote[Quote.PRICE] / tonnes)  # whole tonnes
                checked += 1
    assert checked > 10


def test_foresight_is_worth_nothing_where_prices_are_certain():
    """As volatility goes to zero the optimum is that of a firm that knows all prices."""
    worth = []
    for volatility in (0.3, 1e-6):
        exact = solved("tps_exact", {"market.volatility": volatility, **dict.fromkeys(TPS_GAP, 0)})
        knowing = relaxed(exact, drawn_prices(exact, 20, seed=0), penalty=False)
        worth.append(exact.percent(float(knowing.mean()) - exact.value))
    assert worth[0] > 5.0 and abs(worth[1]) < 1e-3
