"""Rewards marked to market: the same worth for every policy, and the noise of the price left out."""

from __future__ import annotations

import numpy as np
import pytest

from agents.marking import MarkToMarket, reference_position
from agents.rules import DoNothing, InvestAtTrigger, JustInTime
from agents.sb3 import make_vec_env
from nea_env.core.batch import Batch
from nea_env.library import load_scenario

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


def test_the_adapter_trains_on_them_and_reports_the_environments_own():
    own, marked = (make_vec_env("nea/KETS-v0", 4, 0, marked=flag) for flag in (False, True))
    own.reset(), marked.reset()
    differs = False
    for _ in range(140):
        actions = np.full((4, 8), 0.1, np.float32)
        _, reward, _, infos = own.step(actions)
        _, training, _, marked_infos = marked.step(actions)
        differs = differs or not np.array_equal(reward, training)
    assert differs
    for info, other in zip(infos, marked_infos, strict=True):
        assert info["episode"]["r"] == other["episode"]["r"]
        assert info["episode"]["cost_pct"] == other["episode"]["cost_pct"]


def test_books_of_mixed_scenarios_are_refused():
    batch = Batch([load_scenario("kets"), load_scenario("kets_steel")], 2, scenario_of=[0, 1])
    with pytest.raises(ValueError, match="one scenario, not for 2"):
        MarkToMarket(batch)
