"""A plan costs what the environment charges for it, and its bound is below every rule on every path."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.lowering.tables import lowered
from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.plan.books import books_of, expected_path, idle_paths
from nea_env.policies.plan.programme import Programme
from nea_env.policies.plan.replay import charged
from nea_env.policies.play import costs

pytest.importorskip("highspy")
MAIN = ("kets", "tps", "tokyo")


def without_news(scenario):
    """The scenario at its expected prices and output."""
    market = scenario.market.model_copy(update={"volatility": 0.0, "gap": {}, "quote_noise": 0.0})
    shock = scenario.firm.output_shock.model_copy(update={"volatility": 0.0})
    return scenario.model_copy(
        update={"market": market, "firm": scenario.firm.model_copy(update={"output_shock": shock})}
    )


def planned(scenario, seed):
    """(tables, plan) of the first month on the path of a seed, switches and all."""
    tables = lowered(scenario).tables[0]
    batch = Batch(scenario, 1)
    batch.reset(np.array([seed]))
    (books,), (path,) = books_of(batch), idle_paths(batch)
    first = Programme(tables, books, path).solve()
    return tables, Programme(tables, books, path, owed=first.owed).solve()


@pytest.mark.parametrize("name", ["tps", pytest.param("kets", marks=pytest.mark.slow)])
def test_a_plan_costs_what_is_charged_for_it(name):
    scenario = load_scenario(name)
    tables, plan = planned(scenario, 1_000_000)
    assert abs(float(charged(scenario, np.array([1_000_000]), [plan])[0]) - 100.0 * plan.cost / tables.exposure) < 1e-4
    assert plan.bound <= plan.cost


@pytest.mark.slow
def test_a_plan_without_news_costs_what_is_charged_for_it():
    scenario = without_news(load_scenario("tps"))
    tables, plan = planned(scenario, 0)
    assert abs(float(charged(scenario, np.array([0]), [plan])[0]) - 100.0 * plan.cost / tables.exposure) < 1e-4
    still = costs(make_rule("just_in_time", scenario), scenario, np.zeros(1, int))
    assert 100.0 * plan.cost / tables.exposure < float(still[0])


@pytest.mark.parametrize("name", MAIN)
def test_no_rule_costs_less_than_the_bound_on_any_path(name):
    scenario, seeds = load_scenario(name), np.arange(1_000_000, 1_000_003)
    tables, batch = lowered(scenario).tables[0], Batch(scenario, len(seeds))
    batch.reset(seeds)
    books, paths = books_of(batch), idle_paths(batch)
    bounds = [
        100.0 / tables.exposure * Programme(tables, *firm, whole=False, forgives=True).solve("relaxed").bound
        for firm in zip(books, paths, strict=True)
    ]
    for rule in ("do_nothing", "just_in_time", "lever_rule", "random"):
        assert (costs(make_rule(rule, scenario), scenario, seeds) >= np.array(bounds)).all()


def test_a_plan_in_mid_episode_goes_on_from_the_books_as_they_are():
    scenario, seeds = load_scenario("tps"), np.array([1_000_000])
    tables, batch, idle = lowered(scenario).tables[0], Batch(scenario, 1), Batch(scenario, 1)
    idle.reset(seeds)
    (path,), rule = idle_paths(idle), make_rule("tuned_rule", scenario)
    observation, rest = batch.reset(seeds), 0.0
    for t in range(tables.horizon):
        if t == 45:
            (books,) = books_of(batch)
            bound = Programme(tables, books, path, whole=False, forgives=True).solve("relaxed").bound
        observation, reward, _ = batch.step(rule.act(observation))
        if t >= 45:
            rest -= batch.discount ** (t - 45) * float(reward[0] * batch.reward_scale[0])
    assert bound <= rest


def test_the_expected_path_starts_at_what_is_there_and_grows_with_interest():
    scenario = load_scenario("kets")
    tables, batch = lowered(scenario).tables[0], Batch(scenario, 1)
    batch.reset(np.array([7]))
    path = expected_path(tables, books_of(batch)[0])
    market = batch.market()
    assert path.price[0] == market["long_price"][0]
    assert path.front[0] == market["front_price"][0]
    assert path.offset[0] == pytest.approx(market["offset_price"][0])
    assert path.price[12] / path.price[0] == pytest.approx(np.exp(0.03))
    assert path.output[0] == pytest.approx(1_250_000 / 12)


def test_what_a_plan_cannot_hold_is_refused():
    scenario = load_scenario("linked_kets")
    batch = Batch(scenario, 1)
    books = books_of(batch)[0]
    tables = lowered(scenario).tables[0]
    with pytest.raises(ValueError, match="a plan cannot hold links"):
        Programme(tables, books, expected_path(tables, books))
