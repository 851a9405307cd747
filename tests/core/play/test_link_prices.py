"""Foreign prices beside every process of the home price, and what an equilibrium leaves of the credits'."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env import ScenarioError, load_scenario, price_paths

FREE = {"links.0.starts": None, "links.0.regime": None, "links.0.fx.volatility": 0}


@pytest.mark.parametrize("process", ["gbm", "lattice", "jumps", "two_regimes", "bootstrap"])
def test_news_at_home_and_abroad_are_correlated_as_stated_whatever_the_process(process):
    paths = price_paths(load_scenario("linked_kets", FREE | {"market.law": process, "links.0.correlation": 0.8}), 4_000)
    home, abroad = (np.diff(np.log(paths[name]), axis=1).ravel() for name in ("long_price", "foreign_price_0"))
    found = np.corrcoef(home, abroad)[0, 1]
    assert found == pytest.approx(0.8, abs=0.01) if process == "gbm" else 0.5 < found < 0.81  # 0.8 of a normal's rank


@pytest.fixture(scope="module")
def linked():
    return price_paths("linked_kets_phase4", 4_000)


def test_a_collared_partner_keeps_to_its_own_bounds(linked):
    rate = load_scenario("linked_kets_phase4").links[1].market.discount_rate
    grown = np.exp(rate * np.arange(linked.shape[1]) / 12)
    assert (linked["local_price_1"] > 0.999999 * 1_700 * grown).all()
    assert (linked["local_price_1"] < 1.000001 * 4_300 * grown).all()


def test_its_price_in_home_money_is_a_martingale(linked):
    home = load_scenario("linked_kets_phase4").market.discount_rate
    price = linked["foreign_price_1"] * np.exp(-home * np.arange(linked.shape[1]) / 12)
    error = price.std(axis=0)[1:] / np.sqrt(len(price))
    assert (np.abs(price.mean(axis=0)[1:] - price[0, 0]) < 4 * error).all()


def test_a_partner_has_a_lognormal_price_or_one_between_bounds():
    with pytest.raises(ScenarioError, match=r"links\.0\.market\.law: jumps.*allowed: gbm, collared"):
        load_scenario("linked_kets", {"links.0.market.law": "jumps"})


@pytest.mark.parametrize("name", ["tps", "kets_phase2", "tokyo"])
def test_credits_do_not_jump_when_another_vintage_becomes_the_long_one(name):
    steady = {"market.offset.level": None, "market.offset.sd": 0, "market.offset.half_life": 100}
    changes = {"market.law": "equilibrium"} | steady
    scenario = load_scenario(name, changes)
    paths = price_paths(scenario, 10_000)
    price = paths["offset_price"] * np.exp(-scenario.market.discount_rate * np.arange(paths.shape[1]) / 12)
    step, error = np.diff(price, axis=1).mean(axis=0), np.diff(price, axis=1).std(axis=0) / 100
    assert (np.abs(step) < 4.5 * error + 1e-3 * price[0, 0]).all()
