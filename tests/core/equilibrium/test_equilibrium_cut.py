"""A link that a chance may cut: prices that know it, markets that go on alone, and an environment that plays it."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.equilibrium.linked import on_both, solve_linked
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.layout import LINK_BROKEN, Action, World
from nea_env.core.lowering.aggregate.solved import solved_pair
from nea_env.core.parameters import WITHIN
from nea_env.library import load_scenario
from tests.core.equilibrium.linked_paths import wedge
from tests.core.equilibrium.markets import linear, market
from tests.core.equilibrium.test_equilibrium_linked import KINDS, at_start, furthest, link, of_landing, sides, two
from tests.core.partners import mean_and_error

ERRORS, PATHS = 4.0, 20_000
RARE = 200  # changes, too few for a normal mean


def cut(months: int, chance: float, first: int = 1) -> np.ndarray:
    """(T,) a chance that begins with a month."""
    return np.where(np.arange(months) >= first, chance, 0.0)


# --- solved -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_a_chance_of_nothing_changes_no_bit(kind):
    home, partner = two(0)
    plain, never = (solve_linked(home, partner, link(24, kind, **more)) for more in ({}, {"end_chance": cut(24, 0.0)}))
    for name in ("running", "worth", "after", "landing", "outcome", "lapse"):
        for side in ("home", "partner"):
            assert np.array_equal(getattr(plain, f"{side}_{name}"), getattr(never, f"{side}_{name}"))
    assert np.array_equal(plain.imports, never.imports)
    assert never.alone is None


@pytest.mark.parametrize("kind", ["quota", "two-way quota", "quota with a fee", "opens"])
def test_a_link_cut_for_certain_before_any_unit_crosses_leaves_the_prices_of_two_markets_alone(kind):
    home, partner = two(1)
    chain = solve_linked(home, partner, link(24, kind, end_chance=cut(24, 1.0)))
    alone = solve(home), solve(partner)
    for name in ("running", "worth", "after", "lapse"):
        own, other = on_both(*(getattr(one, name)[0] for one in alone))
        assert np.abs(getattr(chain, f"home_{name}")[0] - own).max() < 1e-8
        assert np.abs(getattr(chain, f"partner_{name}")[0] - other).max() < 1e-8


def cutting(cost: float, needed: float):
    """A month in which nothing is emitted, and one in which a market must cut so much at so much a unit per unit."""
    return market(
        2,
        discount=0.9,
        emissions=[0.0, 100.0],
        supply=[0.0, 100.0 - needed],
        **linear(100.0 * cost),
        year_end=[0.0, 1.0],
        shortage_price=1e4,
        banks=np.linspace(-20.0, 20.0, 5),  # between two of them the price is a line
    )


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_b24_by_hand_a_quota_that_may_be_gone_is_priced_in(chance):
    """Linked 50 and 25, alone 60 and 20, a month later, at a discount factor of 0.9."""
    terms = link(2, "quota", quota=5.0, end_chance=np.array([0.0, chance]))
    chain = solve_linked(cutting(2.0, 30.0), cutting(1.0, 20.0), terms)
    assert at_start(chain, chain.home_running) == pytest.approx(0.9 * (50.0 + 10.0 * chance), abs=1e-8)
    assert at_start(chain, chain.partner_running) == pytest.approx(0.9 * (25.0 - 5.0 * chance), abs=1e-8)


def test_b23_by_hand_units_that_crossed_before_a_cut_of_a_full_link_stay_where_they_are():
    """In its last month the link sends so many units across that alone, too, both markets need the common price."""
    chain = solve_linked(
        cutting(2.0, 30.0), cutting(1.0, 20.0), link(2, "border_fee", fee=0.0, end_chance=np.array([0.0, 1.0]))
    )
    assert at_start(chain, chain.home_running) == pytest.approx(0.9 * 100.0 / 3.0, abs=1e-6)
    assert at_start(chain, wedge(chain)) == pytest.approx(0.0, abs=1e-6)
    x, y, state = chain.start
    crossed = chain.imports[0, round(x), round(y), state]
    assert crossed == pytest.approx(40.0 / 3.0, abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_both_prices_are_exact_martingales_through_the_cut(kind):
    home, partner = two(0)
    chances = cut(24, 0.1, first=5)
    chain = solve_linked(home, partner, link(24, kind, end_chance=chances))
    assert chain.alone is not None
    assert len(chain.partner_banks) > 1  # never a pool
    onward = np.append(chances, 0.0)[:, None, None, None]
    for side, (problem, running, worth, after, outcome) in enumerate(sides(chain)):
        alone = {
            name: np.stack(
                [on_both(*pair)[side] for pair in zip(*(getattr(one, name) for one in chain.alone), strict=True)]
            )
            for name in ("running", "worth", "after")
        }
        ends, free = problem.year_end[:, None, None, None] > 0, outcome == WITHIN

        def mean(values, name, alone=alone, problem=problem):
            return problem.discount * of_landing(chain, (1.0 - onward) * values + onward * alone[name])

        expected = mean(running, "running")
        carried = np.where(ends, mean(worth, "worth"), expected)
        assert furthest(carried[free], running[:-1][free]) < 1e-10
        assert furthest(np.where(ends, expected, mean(after, "after")), after[:-1]) < 1e-10


def test_the_likelier_the_cut_the_closer_are_prices_to_those_alone():
    home, partner = two(5)
    place = 0, 5, 5, 2  # a bit above no bank at all, the second shock at home
    prices = [
        solve_linked(home, partner, link(24, "quota", end_chance=cut(24, chance))).home_running[place]
        for chance in (0.0, 0.02, 0.1, 1.0)
    ]
    alone = solve(home)
    assert (np.diff(prices) > 0.0).all()
    assert prices[-1] == pytest.approx(alone.running[0, 5, 1], abs=1e-8)


@pytest.mark.parametrize(
    ("chances", "words"),
    [(np.full(24, 1.5), "end_chance: not a chance"), (np.zeros(3), "end_chance: 3 months, but open has 24")],
)
def test_chances_that_are_none_are_refused(chances, words):
    with pytest.raises(ValueError, match=words):
        link(24, "quota", end_chance=chances)


def test_a_pool_that_a_chance_may_cut_is_no_pool():
    terms = Terms("full", np.full(24, np.inf), np.ones(24, bool))
    assert terms.is_pool
    assert not dataclasses.replace(terms, end_chance=cut(24, 0.1)).is_pool


# --- played -------------------------------------------------------------------------------------------
JOINT = {"market.law": "equilibrium", "last": "2021", "market.gap": {}}
CASES = {
    "quota": JOINT | {"links": ["kets_tps_quota"], "links.0.ends": "2021-09", "links.0.end_chance": 0.1},
    "full": JOINT | {
        "links": ["kets_tps_full"], "links.0.start_chance": None, "links.0.weight": 0.0,
        "links.0.starts": "2021-07", "links.0.ends": "2021-09", "links.0.end_chance": 0.1,
    },
}  # fmt: skip
DUE, FIRST = 19, 8  # August 2022, for KAU21; September 2021


class Run:
    """An episode: what the market shows and the places in the chain, (months, n), by name."""

    def __init__(self, changes: dict) -> None:
        scenario = load_scenario("linked_kets", changes)
        self.chain = solved_pair(scenario)
        batch = Batch(scenario, PATHS, threads=1)
        batch.reset(np.arange(PATHS))
        rows: dict[str, list] = {}
        for _ in range(DUE + 1):
            market, world = batch.market(), batch.get_state()["_world"]
            names = ("long_price", "front_price", "foreign_price_0", "local_price_0", "lapse_probability", "link_0")
            shown = {name: market[name] for name in names}
            columns = {"node": World.NODE, "abroad": World.PARTNER_NODE, "shock": World.SHOCK, "state": World.LINK}
            shown |= {name: world[:, column] for name, column in columns.items()}
            for name, values in shown.items():
                rows.setdefault(name, []).append(values)
            batch.step(np.zeros((PATHS, Action.size), np.float32))
        self.seen = {name: np.array(values) for name, values in rows.items()}
        self.cut = self.seen["state"] == LINK_BROKEN
        self.present = batch.discount ** np.arange(DUE + 1)[:, None]
        self.at = tuple(self.seen[name].astype(int) for name in ("node", "abroad", "shock"))


@cache
def episode(case: str) -> Run:
    return Run(CASES[case])


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) for name in ("quota", "full")])
def run(request) -> Run:
    return episode(request.param)


def test_links_are_cut_with_the_chance_given_from_the_month_given(run):
    share = run.cut.mean(axis=1)
    assert not share[:FIRST].any()
    error = 0.5 / np.sqrt(PATHS)
    for month in (FIRST, FIRST + 1, DUE):
        assert abs(share[month] - (1.0 - 0.9 ** (month - FIRST + 1))) < 4 * error


def test_prices_are_those_of_the_link_until_it_is_cut_and_of_each_market_alone_after(run):
    home, partner = run.chain.alone
    states = len(partner.problem.shocks)
    for month in range(12):  # within 2021, when the front is the running vintage
        at, gone = (month, *(place[month] for place in run.at)), run.cut[month]
        node, abroad, shock = at[1:]
        alone = home.running[month, node, shock // states], partner.running[month, abroad, shock % states]
        linked = run.chain.home_running[at], run.chain.partner_running[at]
        own, other = (np.where(gone, *pair) for pair in zip(alone, linked, strict=True))
        least = 1e-6 * 23_000.0  # the least price shown, where one alone is nothing
        np.testing.assert_allclose(run.seen["front_price"][month], np.maximum(own, least), rtol=1e-12)
        np.testing.assert_allclose(run.seen["local_price_0"][month], other, rtol=1e-8)
        after = np.where(gone, home.after[month, node, shock // states], run.chain.home_after[at])
        np.testing.assert_allclose(run.seen["long_price"][month], np.maximum(after, least), rtol=1e-12)
        lapse = np.where(gone, home.lapse[month, node, shock // states], run.chain.home_lapse[at])
        np.testing.assert_allclose(run.seen["lapse_probability"][month], lapse, atol=1e-12)
    assert (np.abs(alone[0] / linked[0] - 1.0)[run.cut[11]] > 0.02).mean() > 0.5  # a cut matters


@pytest.mark.parametrize("name", ["front_price", "foreign_price_0"])
def test_what_counts_at_the_deadline_keeps_its_discounted_mean_through_the_cut(run, name):
    present = run.present * run.seen[name]
    for month in range(1, DUE + 1):
        mean, error = mean_and_error(present[month] - present[0])
        assert abs(mean) <= ERRORS * error + 1e-7 * present[0, 0], f"month {month}"


@pytest.mark.parametrize("name", ["front_price", "foreign_price_0"])
def test_nobody_gains_who_knows_that_the_link_was_cut_this_month(run, name):
    """From any month on, given that the link has just been cut or is still whole, the price of the next is fair."""
    present = run.present * run.seen[name]
    for month in range(FIRST, DUE):
        for group in (run.cut[month], ~run.cut[month]):
            change = (present[month + 1] - present[month])[group]
            mean, error = mean_and_error(change)
            if (np.abs(change) > 1e-7 * present[0, 0]).sum() < RARE:  # units are nearly always missing then
                assert abs(mean) <= 1e-3 * present[0, 0], f"month {month}"
            else:
                assert abs(mean) <= ERRORS * error + 1e-7 * present[0, 0], f"month {month}"
