"""Exact means over a solved market under a tree of laws: by hand on small chains, and martingales through the news."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.chain import Chain
from nea_env.market.believed import Believed, believed, steps
from nea_env.scenario import months_between
from tests.core.equilibrium.markets import market
from tests.market.chains import alone, chain_of

NEWS = {
    "market.law": "equilibrium",
    "market.beliefs": {
        "announcements": [
            {
                "month": "2017-10",
                "laws": [
                    {"chance": 0.25, "played": 0.5, "overrides": {"market.aggregate.allocation.2018": 1.10}},
                    {"chance": 0.75, "played": 0.5},
                ],
            }
        ]
    },
}


def test_a_month_leads_to_the_two_nodes_about_its_landing_and_on_by_the_shocks():
    problem = market(
        1, shocks=np.zeros(2), chances=np.array([[0.75, 0.25], [0.5, 0.5]]), banks=np.array([0.0, 1.0, 2.0])
    )
    tables = {name: np.zeros((2, 3, 2)) for name in ("running", "worth", "after", "lapse")}
    landing = np.array([[[0.5, 1.0], [0.0, 2.0], [2.0, 1.25]]])
    leads = steps(Chain(problem, landing=landing, outcome=np.zeros((1, 3, 2), np.int8), **tables), 0)
    values = np.array([[0.0, 8.0], [4.0, 4.0], [8.0, 0.0]])  # (B, Z)
    mean = leads.expected(values[:, :, None])[..., 0]
    # at bank 0, shock 0: half at node 0 (0.75 x 0 + 0.25 x 8 = 2), half at node 1 (4): 3
    assert mean[0, 0] == pytest.approx(3.0)
    assert mean[2, 1] == pytest.approx(0.75 * 4.0 + 0.25 * 4.0)  # nodes 1 and 2, both 4 on average
    mass = np.arange(6.0).reshape(3, 2) / 15.0
    pushed = leads.pushed(mass[:, :, None])[..., 0]
    assert pushed.sum() == pytest.approx(1.0)
    assert (pushed * values).sum() == pytest.approx((mass * mean).sum())


def test_sd_of_a_price_that_doubles_or_halves_each_month():
    # log price moves by +- log 2, so after three months it is spread by log 2 x sqrt(3)
    count = 9
    chances = np.zeros((count, count))
    for state in range(count):
        chances[state, min(state + 1, count - 1)] += 0.5
        chances[state, max(state - 1, 0)] += 0.5
    prices = np.tile(2.0 ** np.arange(-4, 5), (5, 1))
    found = alone(chain_of(prices, chances=chances, start=4))
    assert found.sd_ahead(0, 3) == pytest.approx(math.log(2.0) * math.sqrt(3.0), rel=1e-12)
    assert found.sd_ahead(1, 2) == pytest.approx(math.log(2.0) * math.sqrt(2.0), rel=1e-12)
    with pytest.raises(ValueError, match="ahead: an announcement comes before month 9; allowed: none"):
        found.sd_ahead(0, 9)


@pytest.fixture(scope="module")
def news() -> Believed:
    return believed(load_scenario("kets", NEWS), banks=61, shocks=3)


def test_every_episode_is_under_one_law_and_the_price_before_is_the_mean_that_is_believed(news):
    month = months_between("2015-01", "2017-10")
    assert [float(mass[0].sum()) for mass in news.masses] == pytest.approx([1.0, 0.5, 0.5])
    tight, as_before = (news.mean("running", month, law) for law in (0, 1))
    assert tight > 1.05 * as_before
    assert news.mean("running", month, before=True) == pytest.approx(0.25 * tight + 0.75 * as_before, rel=1e-12)
    assert news.mean_over_laws("running", month) == pytest.approx(0.5 * tight + 0.5 * as_before, rel=1e-12)
    discount = news.chains[0].problem.discount
    assert news.mean("running", month - 1) == pytest.approx(
        discount * news.mean("running", month, before=True), rel=1e-9
    )


def test_the_news_changes_no_bank_at_once(news):
    month = months_between("2015-01", "2017-10")
    assert news.mean("bank", month, 0) == pytest.approx(news.mean("bank", month, before=True), rel=1e-12)
    assert news.mean("bank", month + 14, 0) < news.mean("bank", month + 14, 1)


@pytest.fixture(scope="module")
def china() -> Believed:
    """Benchmarks of 2021 and 2022 are announced in March 2023, when their period has ended, and so on."""
    return believed(load_scenario("tps_randomised", ["market.law=equilibrium"]), banks=61, shocks=3)


def test_episodes_are_counted_once_while_a_period_waits_and_as_it_is_settled(china):
    laws = len(china.tree.laws)
    for law in china.tree.laws:
        assert law.frequency == pytest.approx(1 / 64)
    for month in (40, 48, 49, 50, 60, 68, 69, 70, 71, 83, 90):
        states = {china.place(month, law) for law in range(laws)}
        masses = [china.masses[state][month - china.tree.states[state].first].sum() for state in states]
        assert sum(masses) == pytest.approx(1.0, rel=1e-12), month


def test_the_price_of_a_period_that_waits_is_the_mean_of_what_its_benchmark_may_make_of_it(china):
    start, discount = "2019-01", china.chains[0].problem.discount
    month = months_between(start, "2023-03")
    before = china.price_of_closed(month, before=True)
    settled = [china.price_of_closed(month, law) for law in range(len(china.tree.laws))]
    assert before == pytest.approx(np.mean(settled), rel=1e-9)
    assert min(settled) < 0.6 * before < 1.4 * before < max(settled)
    end = months_between(start, "2022-12")  # from here on it is the price of that period's units
    front = [china.mean("front", end + 1 + k) for k in range(2)]
    assert front[0] == pytest.approx(china.mean("running", end) / discount, rel=1e-9)
    assert front[1] == pytest.approx(front[0] / discount, rel=1e-9)
    assert before == pytest.approx(front[1] / discount, rel=1e-9)
    running = [china.mean("running", end + 1 + k) for k in range(2)]
    assert running[1] == pytest.approx(running[0] / discount, rel=1e-9)
