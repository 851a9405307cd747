"""What the right to use foreign units is worth, and what of it a firm sees."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.envs.firm import FirmEnv
from nea_env.envs.menu import MENU
from nea_env.scenario import Scenario
from nea_env.solvers.closed_form.links import value_of_a_quota, value_of_the_cheaper_unit
from tests.core import scenarios as made
from tests.core.partners import link, mean_and_error
from tests.core.play.test_foreign_units import CHEAP, home, put
from tests.core.walk import Walk


def seen(walk: Walk, name: str) -> float:
    """One number of the only firm's observation."""
    return float(walk.batch.observe()[0, OBS_INDEX[name]])


@pytest.mark.parametrize(("kind", "price", "worth"), [("full", 100.0, 100.0), ("one_way", 30.0, 60.0)])
def test_at_the_end_they_are_worth_what_they_cost_or_a_home_unit_where_that_is_less(kind, price, worth):
    terms = CHEAP if kind == "one_way" else {"rate": 2.0}
    walks = [Walk(home(link(kind, price, bankable=True, **terms), share=1.0)).through("2016-05") for _ in range(2)]
    put(walks[1], 1_200_000)
    for walk in walks:
        walk.play()
        assert walk.ended
    gained = walks[0].flows["closing_cost"][0] - walks[1].flows["closing_cost"][0]
    used = 1_000_000 if kind == "full" else 100_000  # so many home units are left over
    assert gained == pytest.approx(used * 100.0 + (1_200_000 - used) * worth)


def test_a_foreign_unit_dearer_than_home_s_is_closed_at_the_home_price():
    partner = link("one_way", 70.0, **CHEAP, bankable=True)
    walk = put(Walk(home(partner, share=1.0)).through("2016-05"), 300_000).play()
    assert walk.flows["closing_cost"][0] == pytest.approx(-(100_000 + 200_000) * 100.0)


def test_a_firm_within_the_quota_saves_the_difference_of_the_prices():
    """Q (P1 - P2 - fee x P1) = 100,000 x (100 - 60 - 5) in expectation, whenever it buys."""
    partner = link("one_way", 30.0, rate=2.0, fx_volatility=0.1, volatility=0.4, quota=0.1, fee=0.05, correlation=0.3)
    where = made.market(volatility=0.3, volume_share=0.2)
    mean, error = mean_and_error(saved(home(partner, market=where), 14, 20_000, lambda home, ask: ask > 0.0))
    assert error < 100_000
    assert abs(mean - value_of_a_quota(100.0, 60.0 + 0.05 * 100.0, 100_000.0)) < 4 * error


def test_the_choice_of_the_cheaper_unit_is_margrabe_s_option():
    """Prices 60 and 55, volatilities 0.3 and 0.4, correlation 0.2, a year: 12.9114 a tonne (Margrabe 1978, JF 33)."""
    partner = link("one_way", 55.0, volatility=0.4, quota=0.1, correlation=0.2)
    where = made.market(60.0, volatility=0.3, volume_share=0.2)
    mean, error = mean_and_error(saved(home(partner, market=where), 12, 100_000, lambda home, ask: ask < home))
    assert error < 6_000
    assert abs(mean - 100_000 * value_of_the_cheaper_unit(60.0, 55.0, 0.3, 0.4, 0.2, 1.0)) < 4 * error


def test_the_choice_of_the_cheapest_of_three_units_is_an_option_on_their_least():
    """Prices 60, 55 and 57 whose news is correlated, a year: a home unit less the least of the three (Johnson 1987,
    JFQA 22; Stulz 1982, JFE 10, for two).
    """
    prices, spreads = np.array([60.0, 55.0, 57.0]), np.array([0.3, 0.4, 0.35])
    correlations = np.array([[1.0, 0.2, -0.1], [0.2, 1.0, 0.5], [-0.1, 0.5, 1.0]])
    partners = (
        link("one_way", 55.0, volatility=0.4, quota=0.1, correlation=0.2),
        link("one_way", 57.0, volatility=0.35, quota=0.1, correlation=-0.1, correlation_with_first=0.5, name="q"),
    )
    where = made.market(60.0, volatility=0.3, volume_share=0.2)
    mean, error = mean_and_error(saved(home(*partners, market=where), 12, 100_000, lambda home, ask: ask < home))
    worth = prices[0] - least(prices, spreads, correlations)
    assert worth == pytest.approx(16.8009, abs=1e-4)
    assert error < 6_000
    assert abs(mean - 100_000 * worth) < 4 * error
    first = least(prices[:2], spreads[:2], correlations[:2, :2])
    assert prices[0] - first == pytest.approx(12.9114, abs=1e-4)  # of two it is Margrabe's option
    assert mean > 100_000 * (prices[0] - first) + 4 * error


def least(prices: np.ndarray, spreads: np.ndarray, correlations: np.ndarray) -> float:
    """What the least of two or three lognormal prices a year on is worth: each price times the chance, in its own
    measure, that it is the least.
    """
    total, covariance = 0.0, correlations * np.outer(spreads, spreads)
    for own in range(len(prices)):
        others = [k for k in range(len(prices)) if k != own]
        variance = [covariance[own, own] + covariance[k, k] - 2.0 * covariance[own, k] for k in others]
        edge = [
            (math.log(prices[k] / prices[own]) - 0.5 * square) / math.sqrt(square)
            for k, square in zip(others, variance, strict=True)
        ]
        chance = NormalDist().cdf(edge[0])
        if len(others) == 2:
            between = covariance[own, own] + covariance[others[0], others[1]]
            between -= covariance[own, others[0]] + covariance[own, others[1]]
            chance = both_below(*edge, between / math.sqrt(variance[0] * variance[1]))
        total += prices[own] * chance
    return total


def both_below(first: float, second: float, correlation: float) -> float:
    """Chance that two standard normal numbers lie below two bounds, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    low, normal = -9.0, NormalDist()
    x = low + 0.5 * (nodes + 1.0) * (first - low)
    rest = math.sqrt(1.0 - correlation**2)
    inside = np.array([normal.pdf(one) * normal.cdf((second - correlation * one) / rest) for one in x])
    return float(0.5 * (first - low) * weights @ inside)


def saved(scenario: Scenario, month: int, paths: int, abroad) -> np.ndarray:
    """What buying 100,000 t in a month ``abroad(home, ask)`` saves over buying it at home, money (paths,)."""
    costs = []
    for choose in (lambda home, ask: ask < 0.0, abroad):
        batch, total = Batch(scenario, paths, threads=1), np.zeros(paths)
        batch.reset(np.arange(paths))
        for t in range(int(batch.horizon[0])):
            actions = np.zeros((paths, Action.size), np.float32)
            if t == month:
                market = batch.market()
                fees = (partner.fee * market["long_price"] for partner in scenario.links)
                ask = np.min([market[f"foreign_price_{k}"] + fee for k, fee in enumerate(fees)], axis=0)
                away = choose(market["front_price"], ask)
                actions[:, Action.TRADE], actions[:, Action.FOREIGN] = 0.5 * ~away, 0.5 * away
            batch.step(actions)
            total += batch.flows()["cost"]
        costs.append(total)
    return costs[0] - costs[1]


# --- what is shown ----------------------------------------------------------------------------------
def test_the_observation_tells_link_premium_and_room():
    first = link("one_way", 30.0, **CHEAP, fee=0.05, starts="2015-07")
    second = link("full", 100.0, two_way=True, name="q")
    walk = Walk(home(first, second, market=made.market(volume_share=0.05))).through("2015-04")
    assert [seen(walk, f"link_{k}") for k in range(2)] == [0.0, 1.0]
    assert seen(walk, "foreign_premium_1") == 0.0
    assert seen(walk, "foreign_room") == pytest.approx(0.5 / 1.5)  # the volume: 50,000 t, half a tenth of a year
    walk.through("2015-06")
    assert seen(walk, "link_0") == 1.0
    found = walk.batch.market()["foreign_price_0"][0]
    assert seen(walk, "foreign_premium_0") == pytest.approx(math.log(found / 100.0 + 0.05), abs=1e-6)
    assert seen(walk, "foreign_room") == pytest.approx(0.5 / 1.5)  # the volume is one for both
    walk.play(foreign=0.6)
    assert seen(walk, "foreign") == pytest.approx(0.03 / 1.03)
    gap = 1_000_000 - 900_000 - 30_000
    assert seen(walk, "gap") == pytest.approx(10 * gap / 1e6 / (1 + 10 * gap / 1e6), abs=1e-6)


def test_the_mask_is_open_where_something_can_be_bought_or_sold():
    def is_open(walk):
        return bool(walk.batch.action_mask()[0, Action.FOREIGN])

    walk = Walk(home(link("one_way", 30.0, **CHEAP, starts="2015-07"), market=made.market(volume_share=0.2)))
    assert not is_open(walk)
    assert is_open(walk.through("2015-06"))
    assert is_open(walk.through("2015-12").play(foreign=1.0)) is False  # the quota is used
    both = Walk(home(link("full", 100.0, two_way=True, ends="2015-03"))).play(foreign=1.0)
    assert is_open(both)
    assert not is_open(both.play())  # nobody takes back what is held


def test_the_menu_buys_and_sells_abroad():
    env = FirmEnv("linked_kets", "discrete")
    env.reset(seed=0)
    buy, sell = (MENU.index(f"even, at price, foreign {side}") for side in ("buy", "sell"))
    while env.market()["link_0"] == 0.0:
        *_, info = env.step(0)
    assert info["action_mask"][buy] == 1
    env.step(buy)
    bought = env.flows()["foreign_bought"]
    assert env.accounts()["foreign"] == bought > 0.0
    env.step(sell)
    assert env.accounts()["foreign"] == bought  # imports alone
    both = FirmEnv("linked_tokyo", "discrete")
    both.reset(seed=0)
    for _ in range(60):
        *_, info = both.step(buy)
    held = both.accounts()["foreign"]
    assert held > 0.0
    assert info["action_mask"][sell] == 1
    both.step(sell)
    assert both.flows()["foreign_sold"] > 0.0
    assert both.accounts()["foreign"] < held
