"""Rewards marked to market: the same worth for every policy, and the noise of the price left out."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.library import load_scenario
from nea_env.policies.linear_rule import JUST_IN_TIME, LinearRule
from nea_env.policies.marking import MarkToMarket, marked_months, reference_position
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime

MAIN = ("kets", "tps", "tokyo")


def play(scenario, rule, n):
    """Discounted sums (n,) of the rewards and of what marking adds to them, and the worth at the start."""
    batch = Batch(scenario, n, threads=1)
    books = MarkToMarket(batch)
    observation = batch.reset(np.arange(n))
    books.open()
    start = books._value / batch.reward_scale
    rewards, added = np.zeros(n), np.zeros(n)
    for t in range(int(batch.horizon[0])):
        books.open()
        observation, reward, _ = batch.step(rule.predict(observation)[0])
        rewards += batch.discount**t * reward
        added += batch.discount**t * books.close()
    return rewards, added, start


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("rule", [DoNothing(), InvestAtTrigger(1.1)], ids=["do_nothing", "invest"])
def test_what_is_added_telescopes_without_price_news(name, rule):
    scenario = load_scenario(name)
    still = scenario.model_copy(update={"market": scenario.market.model_copy(update={"volatility": 0.0})})
    batch = Batch(still, 1)
    tonnes = np.diff(reference_position(still))
    price = still.market.price * np.exp(batch.memory("log_price") - np.log(still.market.price))
    reference = tonnes.sum() * price / batch.reward_scale[0]  # the price grows at the discount rate
    _, added, start = play(still, rule, 3)
    # start = (position - reference[0]) x price; at the end the position is 0 and only the reference is left
    last = reference_position(still)[-1] * price / batch.reward_scale[0]
    np.testing.assert_allclose(added, -start - last, rtol=1e-6, atol=1e-6)
    assert abs(reference[0]) > 0.1  # the reference matters: allocation and caps come in years of tonnes


@pytest.mark.parametrize("name", MAIN)
def test_differences_between_policies_keep_their_mean_and_lose_their_noise(name):
    scenario, n = load_scenario(name), 4000
    plain, marked = [], []
    for rule in (JustInTime(), InvestAtTrigger(1.1)):
        rewards, added, _ = play(scenario, rule, n)
        plain.append(rewards)
        marked.append(rewards + added)
    plain_difference, marked_difference = plain[1] - plain[0], marked[1] - marked[0]
    error = np.hypot(plain_difference.std(), marked_difference.std()) / np.sqrt(n)
    assert abs(plain_difference.mean() - marked_difference.mean()) < 4 * error
    assert marked_difference.std() < 0.75 * plain_difference.std()


def test_books_of_mixed_scenarios_are_refused():
    batch = Batch([load_scenario("kets"), load_scenario("kets_steel")], 2, scenario_of=[0, 1])
    with pytest.raises(ValueError, match="one scenario, not for 2"):
        MarkToMarket(batch)


def test_training_and_search_leave_out_the_same_news_of_foreign_units_too():
    """Both keep the books; training relative to a reference firm, whose tonnes are worth the price of the month."""
    scenario, seeds = load_scenario("linked_kets"), np.arange(40)
    rule = LinearRule(JUST_IN_TIME | {"foreign": {"constant": 0.3}})
    reference = reference_position(scenario)
    batch = Batch(scenario, len(seeds))
    books = MarkToMarket(batch)
    observation, expected = batch.reset(seeds), marked_months(rule, scenario, seeds)
    next(expected)
    held = 0.0
    for month, other in enumerate(expected):
        books.open()
        price = batch.memory("price")
        observation, reward, _ = batch.step(rule.act(observation))
        gain = (reward + books.close()) * batch.reward_scale + (reference[month + 1] - reference[month]) * price
        cost_pct = -100.0 * batch.discount**month * gain / batch.exposure
        np.testing.assert_allclose(cost_pct, other.cost_pct, rtol=1e-6, atol=1e-6)
        held = max(held, batch.memory("held_0").mean())
    assert held > 0.0
