"""Three systems in one pool: the textbook's common price, limits that add up, and an environment that plays it."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.pool import merged, solve_pool
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.layout import Action
from nea_env.core.lowering.aggregate.solved import solved_pair
from nea_env.core.parameters import WITHIN
from nea_env.library import load_scenario
from nea_env.solvers.closed_form.links import full_link
from tests.core.equilibrium.markets import falling_terminal, linear, market
from tests.core.equilibrium.test_equilibrium_linked import (
    anything,
    at_start,
    coarse,
    furthest,
    link,
    of_landing,
    smooth,
    two,
)
from tests.core.equilibrium.test_links_static import COSTS, CUTS, EMISSIONS, HOME, PARTNER, cutting
from tests.core.partners import mean_and_error

THIRD_COST, THIRD_CUT = 4.0, 40.0
THIRD = cutting(THIRD_COST, THIRD_CUT)


def pooled(*partners, home=HOME):
    """Price of a pool, home money per t; partners are (problem, terms of the link)."""
    chain = solve_pool(home, partners)
    x, y, state = chain.start
    assert (x, y) == (int(x), int(y))
    return chain.home_running[0, int(x), int(y), state]


def full(type: str = "full", **terms) -> Terms:
    return Terms(type, np.array([np.inf]), np.array([True]), **terms)


# --- by hand: marginal costs of 2, 1 and 4 a unit cut, cuts of 30, 20 and 40 ------------------------------
def test_b23_three_systems_have_the_price_at_which_their_cuts_add_up():
    """P / 2 + P + P / 4 = 90."""
    assert pooled((PARTNER, full()), (THIRD, full())) == pytest.approx(51.4286, abs=1e-4)
    cuts = [51.4286 / cost for cost in (*COSTS, THIRD_COST)]
    assert sum(cuts) == pytest.approx(90.0, abs=1e-3)
    assert sum(CUTS) + THIRD_CUT == 90.0


def test_b23_all_three_gain_from_trade():
    """What each saves against 900, 200 and 3,200: the triangles between its own price, 60, 20 or 160, and 51.43."""
    price = pooled((PARTNER, full()), (THIRD, full()))
    curves = zip((*COSTS, THIRD_COST), (*CUTS, THIRD_CUT), strict=True)
    gains = [(cost * cut - price) ** 2 / (2.0 * cost) for cost, cut in curves]
    assert gains == pytest.approx([18.367, 493.878, 1473.469], abs=5e-3)
    expected = full_link((*COSTS, THIRD_COST), (*CUTS, THIRD_CUT))
    assert price == pytest.approx(expected.price, abs=1e-4)
    assert gains == pytest.approx(expected.gains, abs=5e-3)


def test_b23_whose_units_count_as_home_s_does_not_matter():
    others = ((HOME, full()), (THIRD, full()))
    assert pooled(*others, home=PARTNER) == pytest.approx(51.4286, abs=1e-4)
    assert pooled((THIRD, full()), (PARTNER, full())) == pytest.approx(51.4286, abs=1e-4)


def test_b25_each_partner_has_its_own_exchange_rate():
    """A unit of the second covers 0.8, of the third 1.25: prices 0.8 P and 1.25 P, and P / 2 - 30 + 0.8 (0.8 P - 20)
    + 1.25 (1.25 P / 4 - 40) = 0."""
    price = pooled((PARTNER, full("exchange_rate", units=1.25)), (THIRD, full("discount", units=0.8)))
    assert price == pytest.approx(96.0 / 1.530625, abs=1e-3)


def test_money_and_size_change_no_quantity():
    def counted(cost: float, cut: float, money: float, size: float):
        return market(
            1,
            emissions=EMISSIONS / size,
            supply=(EMISSIONS - cut) / size,
            **linear(cost * EMISSIONS / money),
            year_end=1.0,
            shortage_price=1e4,
            banks=np.linspace(-EMISSIONS, EMISSIONS, 5),
        )

    price = pooled(
        (counted(1.0, 20.0, 180.0, 7.0), full(rate=180.0, scale=7.0)),
        (counted(4.0, 40.0, 9.0, 0.5), full(rate=9.0, scale=0.5)),
    )
    assert price == pytest.approx(51.4286, abs=1e-3)


# --- a pool of three is a pool of two where the third is nothing, and adds up -------------------------------
def test_a_third_system_that_never_emits_changes_nothing():
    home, partner = smooth(17), smooth(17, scale=10.0, supply=0.27)
    idle = dataclasses.replace(
        smooth(17), emissions=np.zeros(8), supply=np.zeros(8), banks=np.linspace(-1e-9, 1e-9, 5),
        terminal=falling_terminal(np.linspace(-1e-9, 1e-9, 5), 2, 80.0, -1e-10, 1e-10), borrowing=np.zeros(8),
    )  # fmt: skip
    terms = link(8, "full", scale=1.0)
    apart = solve_linked(home, partner, terms)
    chain = solve_pool(home, [(partner, terms), (idle, dataclasses.replace(terms, scale=1e-9))])
    assert at_start(chain, chain.home_running) == pytest.approx(at_start(apart, apart.home_running), rel=2e-3)


def test_the_common_price_of_three_is_an_exact_martingale():
    home, partner = two(0)
    third = dataclasses.replace(coarse(anything(77, 2)), scale=30.0, discount=home.discount)
    terms = link(24, "full", correlation=0.0)
    chain = solve_pool(home, [(partner, terms), (third, link(24, "exchange_rate", units=1.2, scale=0.6, rate=1.0))])
    assert chain.chances.shape == (8, 8)
    assert np.abs(chain.chances.sum(axis=1) - 1.0).max() < 1e-14
    free = chain.home_outcome == WITHIN
    expected = home.discount * of_landing(chain, chain.home_running)
    assert free.mean() > 0.9
    assert furthest(expected[free], chain.home_running[:-1][free]) < 1e-10


def test_limits_of_three_add_up_where_all_end_and_what_is_not_due_is_lent_where_some_do():
    common = {"unlimited": 0.0, "shortage_price": 90.0, "wait": 0.0}
    home = smooth(33, carry_base=0.1, borrowing=0.02, **common)
    partner = smooth(33, carry_base=0.2, borrowing=0.04, **common)
    third = smooth(
        33, unlimited=0.0, carry_base=0.3, borrowing=0.0, year_end=np.r_[0, 0, 0, 0, 0, 0, 0, 1.0], shortage_price=70.0,
        wait=0.0,
    )  # fmt: skip
    pool = merged(home, [(partner, link(8, "full", scale=0.5)), (third, link(8, "full", scale=2.0))])
    assert pool.year_end.tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert pool.unlimited.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    assert pool.carry_base[7] == pytest.approx(0.1 + 0.5 * 0.2 + 2.0 * 0.3)
    assert pool.borrowing[3] == pytest.approx(0.02 + 0.5 * 0.04 + 2.0 * 1.0)  # four quarters that the third owes later
    assert pool.borrowing[7] == pytest.approx(0.02 + 0.5 * 0.04)
    assert pool.shortage_price[[3, 7]].tolist() == [90.0, 70.0]
    assert len(pool.banks) == 4 * 96 + 1
    assert pool.terminal.shape == (385, 8)


def test_three_demands_for_a_last_bank_add_up():
    """80 - 40 x, 60 - 20 x and 50 - 20 x of the banks x above -0.75: at 40 they hold 1, 1 and 0.5."""
    banks = np.linspace(-0.75, 1.25, 5)
    systems = [
        smooth(5, terminal=np.tile((top - slope * (banks + 0.75))[:, None], (1, 2)))
        for top, slope in ((80.0, 40.0), (60.0, 20.0), (50.0, 20.0))
    ]
    pool = merged(systems[0], [(one, link(8, "full")) for one in systems[1:]])
    assert np.interp(2.5 - 3 * 0.75, pool.banks, pool.terminal[:, 0]) == pytest.approx(40.0, abs=0.1)


# --- played -------------------------------------------------------------------------------------------
FULL = {
    key: value
    for k in (0, 1)
    for key, value in {
        f"links.{k}.type": "full", f"links.{k}.quota": None, f"links.{k}.low": 1.0, f"links.{k}.starts": None,
    }.items()
} | {"market.law": "equilibrium", "market.gap": {}, "start": "2028-04", "first": "2028", "last": "2028"}  # fmt: skip
PATHS, ERRORS = 4_000, 4.0


@cache
def trilateral():
    """(scenario, prices by name (months, n), discount) of a whole episode."""
    scenario = load_scenario("linked_trilateral", FULL)
    batch = Batch(scenario, PATHS, threads=1)
    batch.reset(np.arange(PATHS))
    rows: dict[str, list] = {}
    for month in range(int(batch.horizon[0])):
        shown = batch.market()
        for name in ("front_price", "foreign_price_0", "foreign_price_1", "link_0", "link_1"):
            rows.setdefault(name, []).append(shown[name])
        actions = np.zeros((PATHS, Action.size), np.float32)
        actions[:, Action.FOREIGN] = (-1.0) ** month
        batch.step(actions)
    return scenario, {name: np.array(values) for name, values in rows.items()}, batch.discount


def test_three_systems_have_one_price_in_every_month_of_an_episode():
    _, seen, _ = trilateral()
    assert (seen["link_0"] == 1.0).all()
    assert (seen["link_1"] == 1.0).all()
    for name in ("foreign_price_0", "foreign_price_1"):
        np.testing.assert_allclose(seen[name], seen["front_price"], rtol=1e-6)


def test_the_price_of_three_systems_pays_no_trader():
    scenario, seen, discount = trilateral()
    chain = solved_pair(scenario)
    assert len(chain.others) == 1
    np.testing.assert_allclose(seen["front_price"][0].mean(), at_or_between(chain), rtol=0.02)
    present = discount ** np.arange(len(seen["front_price"]))[:, None] * seen["front_price"]
    ends = int(np.flatnonzero(chain.home.year_end)[0])
    for month in range(1, ends + 1):
        mean, error = mean_and_error(present[month] - present[0])
        assert abs(mean) <= ERRORS * error + 1e-7 * present[0, 0], f"month {month}"


def at_or_between(chain):
    x, _, state = chain.start
    return np.interp(x, np.arange(len(chain.home_banks)), chain.home_running[0, :, 0, state])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"links.0.type": "quota", "links.0.quota": 0.1, "links.0.low": 0.5}, r"links.1.type: full: .* allowed: none,"),
        ({"links.1.type": "quota", "links.1.quota": 0.1, "links.1.low": 0.5}, r"links.1.type: quota: .* exchange_rate"),
        ({"links.1.starts": "2028-06"}, r"links.1.starts: 2028-06: three systems in a pool"),
        ({"links.0.ends": "2028-06"}, r"links.0.ends: 2028-06: three systems in a pool"),
        ({"links.1.ends": "2028-06", "links.1.end_chance": 0.1}, r"links.1.ends: 2028-06: three systems"),
        ({"links.1.correlation_with_first": 0.2}, r"links.1.correlation_with_first: 0.2"),
        ({"links.1.regime": None}, r"links.1.regime: missing"),
    ],
)
def test_what_a_pool_of_three_cannot_hold_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        load_scenario("linked_trilateral", FULL | changes)
