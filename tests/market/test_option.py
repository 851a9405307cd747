"""When a lasting tonne of abatement is built: known answers, by hand and by trying every month."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.market.option import Project, best_stopping
from tests.market.chains import alone, chain_of, then

DISCOUNT = 0.9


def worth_at(prices, month, project):
    """Worth in ``month`` of building then, before the capex, along one path of prices, a month's loop each."""
    total = 0.0
    for later in range(project.lead, project.lead + project.life):
        price = prices[min(month + later, len(prices) - 1)]
        total += DISCOUNT**later * (price - project.opex) / 12.0
    return total


@pytest.mark.parametrize("lead", [0, 2])
@pytest.mark.parametrize("seed", range(5))
def test_on_one_known_path_it_is_built_in_the_month_that_earns_most(seed, lead):
    prices = np.random.default_rng(seed).uniform(50.0, 150.0, 9)
    project = Project(opex=20.0, lead=lead, life=30)
    capex = np.linspace(10.0, 90.0, 9)
    found = best_stopping(alone(chain_of(prices[:, None], discount=DISCOUNT)), project, capex, 8)
    gains = np.array([[DISCOUNT**m * (worth_at(prices, m, project) - cost) for cost in capex] for m in range(8)])
    np.testing.assert_allclose(found.worth, np.maximum(gains.max(axis=0), 0.0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.at_once, np.maximum(gains[0], 0.0), rtol=1e-12, atol=1e-12)
    for k in range(len(capex)):
        month = int(gains[:, k].argmax())
        expected = np.arange(9) > month if gains[month, k] >= 0.0 else np.zeros(9)
        np.testing.assert_array_equal(found.built[:, k], expected)


def test_at_a_constant_price_it_is_built_at_once_if_it_is_worth_its_capex_and_never_else():
    # 24 months of 120 - 36 = 84 a year: 7 (1 - 0.9^24) / 0.1 = 64.416349
    project = Project(opex=36.0, lead=0, life=24)
    worth = 7.0 * (1.0 - 0.9**24) / 0.1
    assert worth == pytest.approx(64.416349, abs=1e-6)
    market = alone(chain_of(np.full((13, 1), 120.0), discount=DISCOUNT))
    found = best_stopping(market, project, worth * np.array([0.5, 0.999999, 1.000001, 2.0]), 12)
    np.testing.assert_array_equal(found.built[1], [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(found.built[-1], [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(found.waiting, 0.0, atol=1e-12)


def test_it_waits_for_a_price_that_goes_up_or_down_as_mcdonald_and_siegel_have_it():
    """Dixit & Pindyck's widgets: 200 now, then 300 or 100 for good; capex 1600, 10 % a period, for ever.

    At once: 200 + 200 / 0.1 - 1600 = 600. In a period: 0.5 (3300 - 1600) / 1.1 = 772.73, since at 100 the worth,
    1100, is less than 1600. So waiting is worth 172.73, and half build, a period later.
    """
    periods, for_ever = 60, 2_000
    chances = np.array([[0.0, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    prices = np.tile(12.0 * np.array([200.0, 300.0, 100.0]), (periods + 1, 1))
    market = alone(chain_of(prices, chances=chances, discount=1 / 1.1))
    found = best_stopping(market, Project(0.0, 0, for_ever), np.array([1600.0]), periods)
    assert found.at_once[0] == pytest.approx(600.0)
    assert found.worth[0] == pytest.approx(0.5 * 1700 / 1.1)
    assert found.waiting[0] == pytest.approx(172.727273)
    assert found.built[:4, 0].tolist() == [0.0, 0.0, 0.5, 0.5]


def test_the_same_when_it_is_a_law_that_is_announced():
    prices = [12.0 * np.full((length, 1), price) for length, price in ((2, 200.0), (60, 300.0), (60, 100.0))]
    root = chain_of(prices[0], discount=1 / 1.1, months=60)
    high, low = (chain_of(each, discount=1 / 1.1, first=1) for each in prices[1:])
    found = best_stopping(then(root, (0.5, high), (0.5, low)), Project(0.0, 0, 2_000), np.array([1600.0]), 60)
    assert found.worth[0] == pytest.approx(772.727273)
    assert found.waiting[0] == pytest.approx(172.727273)
    assert found.built[:4, 0].tolist() == [0.0, 0.0, 0.5, 0.5]
    after = best_stopping(then(root, (0.5, high), (0.5, low)), Project(0.0, 0, 2_000), np.array([1600.0]), 60, asked=1)
    assert after.worth[0] == pytest.approx(850.0)  # half of 3300 - 1600
    assert after.waiting[0] == pytest.approx(0.0)


def test_a_law_of_one_branch_is_no_news():
    prices = np.random.default_rng(1).uniform(50.0, 150.0, (13, 2))
    chances = np.array([[0.7, 0.3], [0.4, 0.6]])
    project, capex = Project(10.0, 3, 40), np.linspace(20.0, 80.0, 4)
    whole = alone(chain_of(prices, chances=chances, discount=DISCOUNT))
    first = chain_of(prices[:6], chances=chances, discount=DISCOUNT, months=12)
    second = chain_of(prices[5:], chances=chances, discount=DISCOUNT, first=5)
    one, other = (best_stopping(market, project, capex, 10) for market in (whole, then(first, (1.0, second))))
    np.testing.assert_allclose(one.worth, other.worth, rtol=1e-13)
    np.testing.assert_allclose(one.built, other.built, rtol=1e-13)


def test_prices_that_grow_with_discount_in_the_end_are_worth_more():
    market = alone(chain_of(np.full((13, 1), 120.0), discount=DISCOUNT))
    worth = {
        end: best_stopping(market, Project(0.0, 0, 24, end), np.array([0.0]), 12).worth[0]
        for end in ("constant", "grows")
    }
    # 12 months at 10 in either case; then 12 at 10 x 0.9^k, or each worth 10 x 0.9^12 today
    assert worth["constant"] == pytest.approx(100.0 * (1 - 0.9**24))
    assert worth["grows"] == pytest.approx(100.0 * (1 - 0.9**12) + 12 * 10.0 * 0.9**12)


@pytest.mark.parametrize(
    ("project", "last", "asked", "message"),
    [
        (Project(0.0, 0, 5), 8, 0, "life: 5 months end before the 8 solved; allowed: to outlast them"),
        (Project(0.0, 0, 30), 9, 0, "last: 9 is no month that is solved; allowed: 1 to 8"),
        (Project(0.0, 0, 30), 8, 8, "asked: in month 8 nothing can be built; allowed: 0 to 7"),
    ],
)
def test_what_cannot_be_valued_is_refused(project, last, asked, message):
    with pytest.raises(ValueError) as error:
        best_stopping(alone(chain_of(np.ones((9, 1)))), project, np.array([1.0]), last, asked)
    assert str(error.value) == message
