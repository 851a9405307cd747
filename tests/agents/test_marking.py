import numpy as np
import pytest

from agents.marking import MarkToMarket
from agents.rules import JustInTime, TunedRule
from agents.sb3 import make_vec_env

IDS = {"kets": "nea/KETS-v0", "tps": "nea/TPS-v0", "tokyo": "nea/Tokyo-v0"}


def play(scenario, rows, rule):
    """Discounted sums of both rewards, (rows,), and what the start is worth in units of reward."""
    raw, marked = (make_vec_env(IDS[scenario], rows, 0, scenario=scenario, marked=flag) for flag in (False, True))
    observation = raw.reset()
    assert np.array_equal(observation, marked.reset())
    batch, noise = marked.env.batch, np.random.default_rng(1)
    books = MarkToMarket(batch)
    books.open()
    worth = books._value / batch.reward_scale
    sums = np.zeros((2, rows))
    for month in range(int(batch.horizon[0])):
        actions = rule.act(observation)
        actions[:, 0] = np.clip(actions[:, 0] + noise.normal(0, 0.2, rows), -1, 1)
        (observation, reward, done, infos), (_, training, _, marked_infos) = raw.step(actions), marked.step(actions)
        sums += batch.discount**month * np.array([reward, training])
    assert done.all() and infos[0]["episode"]["r"] == marked_infos[0]["episode"]["r"]
    return *sums, worth


@pytest.mark.parametrize("rule", [JustInTime(), TunedRule(0.1, 0.2, 0.8)])
@pytest.mark.parametrize("scenario", IDS)
def test_expectations_stay_but_for_a_constant(scenario, rule):
    raw, training, worth = play(scenario, 4_000, rule)
    difference = training + worth - raw
    assert abs(difference.mean()) < 4 * difference.std() / len(difference) ** 0.5 + 1e-3
    assert np.ptp(worth) < 1e-9


def test_an_early_purchase_costs_nothing_but_frictions_when_it_is_made():
    env = make_vec_env("nea/KETS-v0", 2, 0, scenario="kets", marked=True)
    env.reset()
    actions = np.zeros((2, 8), np.float32)
    actions[1, 0] = 0.5
    bought = 0.5 * env.env.market()["volume_limit"][1] * env.env.market()["front_price"][1]
    _, reward, _, _ = env.step(actions)
    assert env.env.flows()["bought"][1] > 0
    assert abs(reward[1] - reward[0]) < 0.05 * bought / env.env.batch.reward_scale[1]


def test_a_truncated_episode_keeps_its_position():
    cut, free = (
        make_vec_env("nea/KETS-v0", 2, 0, scenario="kets_phase2", marked=True, max_episode_steps=limit) for limit in (3, None)
    )
    cut.reset()
    free.reset()
    zero = np.zeros((2, 8), np.float32)
    for _ in range(3):
        short, whole = cut.step(zero), free.step(zero)
    assert short[2].all() and not whole[2].any()
    assert np.array_equal(short[1], whole[1])
