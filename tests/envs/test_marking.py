"""Rewards marked to market: the same worth for every policy, and the noise of the price left out."""

from __future__ import annotations

import copy
import warnings
from itertools import product

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import nea_env
from nea_env.core.batch import Batch
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.envs.marking import MarkToMarket, leaves_news_out, reference_position
from nea_env.library import load_scenario
from nea_env.policies.linear_rule import JUST_IN_TIME, LinearRule
from nea_env.policies.marking import marked_months
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime
from tests.asserts import assert_equal_steps, assert_same

MAIN = ("kets", "tps", "tokyo")
IDS = ("nea/KETS-v0", "nea/TPS-v0", "nea/Tokyo-v0")
N = 4


class Played:
    """Discounted sums (n,) over whole episodes of a marked environment, and what they should differ by.

    Attributes:
        cost, marked: of the true and of the marked reward.
        start: what the books are worth at the start, less what is left of the reference firm's at the end.
        news: of the price, that marking leaves out; like the others in units of reward.
        apart: the most by which the rewards of a month differ.
    """

    def __init__(self, rule, n, name="nea/KETS-v0", **kwargs):
        env = gymnasium.make_vec(name, num_envs=n, reward="marked", **kwargs)
        batch, scenario = env.batch, env.scenario
        reference, weight, news_left_out = reference_position(scenario), 1.0, leaves_news_out(scenario)
        observation, _ = env.reset(seed=0)
        (self.cost, self.marked, self.news), self.apart = np.zeros((3, n)), 0.0
        price, held = batch.memory("price"), batch.position()
        law = batch.statutes
        self.start = ((held[0] - reference[law, 0]) * price + held[1]) / batch.reward_scale
        shares = [batch.memory(f"foreign_price_{k}") / price for k in (0, 1)]
        for month in range(int(batch.horizon[0])):
            scale = batch.reward_scale
            observation, reward, terminated, _, info = env.step(rule.act(observation))
            self.cost += weight * info["cost_reward"]
            self.marked += weight * reward
            self.apart = max(self.apart, np.abs(reward - info["cost_reward"]).max())
            after = batch.memory("price")
            now = [batch.memory(f"foreign_price_{k}") / after for k in (0, 1)]
            tonnes = batch.position()[0] - reference[law, month + 1]  # 0 less the reference at the end
            for k in (0, 1):  # foreign units count at the shares of the price that was left
                moved = np.minimum(1.0, now[k]) - np.minimum(1.0, shares[k])
                tonnes -= batch.memory(f"held_{k}") * moved * ~terminated
            if news_left_out:
                self.news += weight * tonnes * (env.discount * after - price) / scale
                last = weight * env.discount * tonnes * after / scale
            else:
                last = np.zeros(n)
            weight, price, shares = weight * env.discount, after, now
        assert terminated.all()
        self.start -= last  # the reference firm's own tonnes are left at the end


TREE = load_scenario("tps_randomised", {"market.law": "equilibrium"})
PATHS = [
    ("nea/KETS-v0", {}, InvestAtTrigger(1.1)),
    ("nea/TPS-v0", {}, DoNothing()),
    ("nea/Tokyo-v0", {}, InvestAtTrigger(1.1)),
    ("nea/LinkedKETS-v0", {}, LinearRule(JUST_IN_TIME | {"foreign": {"constant": 0.3}})),
    ("nea/LinkedTokyo-v0", {}, LinearRule(JUST_IN_TIME | {"foreign": {"constant": 0.3}})),
    ("nea/TPS-v0", {"scenario": "tps_randomised"}, InvestAtTrigger(1.1)),
    pytest.param("nea/TPS-v0", {"scenario": TREE}, InvestAtTrigger(1.1), marks=pytest.mark.slow),
    ("nea/KETS-v0", {"scenario": load_scenario("kets", {"firm.ranges": {"output": [8e5, 1.2e6]}})}, JustInTime()),
    ("nea/KETS-v0", {"scenario": load_scenario("kets", {"market.frictions.permanent_impact": 0.01})}, JustInTime()),
    ("nea/KETS-v0", {"scenario": load_scenario("kets", {"market.stale": 0.2})}, InvestAtTrigger(1.1)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs", "rule"), PATHS)
def test_path_by_path_the_sums_differ_by_the_start_and_the_news_of_the_price(name, kwargs, rule):
    played = Played(rule, 40, name, **kwargs)
    np.testing.assert_allclose(played.marked - played.cost, -played.start - played.news, rtol=1e-9, atol=1e-9)
    assert played.apart > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", [*IDS, "nea/LinkedKETS-v0"])
def test_the_news_has_mean_zero_over_twenty_thousand_paths(name):
    played = Played(InvestAtTrigger(1.1), 20_000, name)
    gap = played.marked + played.start - played.cost
    assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(len(gap))


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
    (reference,) = reference_position(still)
    tonnes = np.diff(reference)
    price = still.market.price * np.exp(batch.memory("log_price") - np.log(still.market.price))
    moved = tonnes.sum() * price / batch.reward_scale[0]  # the price grows at the discount rate
    _, added, start = play(still, rule, 3)
    # start = (position - reference[0]) x price; at the end the position is 0 and only the reference is left
    last = reference[-1] * price / batch.reward_scale[0]
    np.testing.assert_allclose(added, -start - last, rtol=1e-6, atol=1e-6)
    assert abs(moved[0]) > 0.1  # the reference matters: allocation and caps come in years of tonnes


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


def test_training_and_search_leave_out_the_same_news_of_foreign_units_too():
    """Both keep the books; training relative to a reference firm, whose tonnes are worth the price of the month."""
    scenario, seeds = load_scenario("linked_kets"), np.arange(40)
    rule = LinearRule(JUST_IN_TIME | {"foreign": {"constant": 0.3}})
    (reference,) = reference_position(scenario)
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


MODES = tuple(AutoresetMode)
PLAYS = [
    *product(("nea/KETS-v0", "nea/LinkedTPS-v0"), MODES, (None, 7)),
    ("nea/TPSDiscrete-v0", AutoresetMode.SAME_STEP, None),
]


@pytest.mark.parametrize(("name", "mode", "limit"), PLAYS, ids=str)
def test_the_vector_environment_is_sync_vector_env_to_the_bit(name, mode, limit):
    native = gymnasium.make_vec(name, num_envs=N, autoreset_mode=mode, max_episode_steps=limit, reward="marked")
    own = gymnasium.spec(name).kwargs
    single = [lambda: FirmEnv(max_episode_steps=limit, reward="marked", **own) for _ in range(N)]
    sync = SyncVectorEnv(single, autoreset_mode=mode)
    native.action_space.seed(9)
    assert_same(native.reset(seed=5), sync.reset(seed=5))
    assert_same(*(one.reset(seed=8, options={"reset_mask": np.arange(N) == 2}) for one in (native, sync)))
    ended = 0
    for month in range(20 if limit else int(native.batch.horizon[0]) + 4):
        actions = native.action_space.sample()
        played = native.step(actions)
        assert_same(played, sync.step(actions), f"month {month}")
        over = played[2] | played[3]
        ended += over.sum()
        if mode is AutoresetMode.DISABLED and over.any():
            assert_same(*(one.reset(options={"reset_mask": over.copy()}) for one in (native, sync)))
    assert ended >= N


@pytest.mark.parametrize("mode", MODES)
def test_all_but_the_reward_is_as_with_costs(mode):
    plain, marked = (FirmVectorEnv(N, "linked_tps", autoreset_mode=mode, reward=one) for one in ("cost", "marked"))
    assert_same(plain.reset(seed=1), marked.reset(seed=1))
    actions, differs = np.full((N, 8), 0.2, np.float32), False
    for _ in range(36):
        (observation, reward, *ends, info), (seen, training, *over, told) = plain.step(actions), marked.step(actions)
        final = told.get("final_info", told)
        true, rows = final.pop("cost_reward"), final.pop("_cost_reward")
        assert rows.all() and np.array_equal(true, reward)
        assert_same([observation, *ends, info], [seen, *over, told])
        differs |= bool((training != reward).any())
    assert differs and over[0].all()


@pytest.mark.parametrize("name", [*IDS, "nea/LinkedTokyo-v0", "nea/KETSDiscrete-v0"])
def test_gymnasiums_checker_passes(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(name, reward="marked").unwrapped, skip_render_check=True)


def test_a_mixed_batch_pays_what_each_scenario_alone_pays():
    rate = {"market.discount_rate": 0.05}
    names = [load_scenario(name, rate) for name in ("kets", "linked_kets", "tps_randomised")]
    mixed = FirmVectorEnv(6, names, autoreset_mode="SameStep", reward="marked")
    alone = [FirmVectorEnv(2, name, autoreset_mode="SameStep", reward="marked") for name in names]
    mixed.reset(seed=[0, 1] * 3)
    for env in alone:
        env.reset(seed=[0, 1])
    mixed.action_space.seed(2)
    for _ in range(100):
        actions = mixed.action_space.sample()
        played = mixed.step(actions)
        for k, env in enumerate(alone):
            own = slice(2 * k, 2 * k + 2)
            _, reward, _, _, info = env.step(actions[own])
            assert np.array_equal(played[1][own], reward)
            rows = played[4]["_cost_reward"][own]
            assert np.array_equal(rows, info.get("_cost_reward", np.zeros(2, bool)))
            if rows.any():
                assert np.array_equal(played[4]["cost_reward"][own], info["cost_reward"])


@pytest.mark.parametrize("make", [lambda: FirmEnv("linked_kets", reward="marked"),
                                  lambda: FirmVectorEnv(3, "linked_kets", reward="marked")])  # fmt: skip
def test_a_saved_state_and_a_copy_play_on_the_same(make):
    env = make()
    env.reset(seed=3)
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(12)]
    for action in actions:
        env.step(action)
    state, twin = env.get_state(), make()
    assert np.abs(state["marking"]["late"]).max() > 0.0  # foreign units are held: something is left to the next month
    twin.set_state(copy.deepcopy(state))
    assert_equal_steps(copy.deepcopy(env), twin, actions)
    plain = FirmEnv("linked_kets") if isinstance(env, FirmEnv) else FirmVectorEnv(3, "linked_kets")
    with pytest.raises(ValueError, match="'marking' is not known"):
        plain.set_state(state)
    with pytest.raises(ValueError, match="marking is missing"):
        env.set_state(plain.get_state())
    for name, bad in (
        ("late", np.full_like(state["marking"]["late"], np.nan)),
        ("closed", state["marking"]["closed"] - 99),
    ):
        spoilt = copy.deepcopy(state)
        spoilt["marking"][name] = bad
        with pytest.raises(ValueError, match=f"marked rewards: {name}"):
            env.set_state(spoilt)
    assert_same(env.get_state(), state)


@pytest.mark.parametrize(
    ("name", "changes"), [("tps_randomised", {}), ("kets", {"firm.ranges": {"output": [8e5, 1.2e6]}})]
)
def test_the_reference_firm_has_the_law_and_the_numbers_that_were_drawn(name, changes):
    """Otherwise their differences from the scenario's own would be noise that no policy can do anything about."""
    scenario = load_scenario(name, changes)
    assert len(reference_position(scenario)) == scenario.policy.draws
    played = Played(JustInTime(), 500, scenario=scenario)
    assert played.marked.std() < 0.6 * played.cost.std()


def test_where_the_price_pays_who_trades_nothing_is_left_out():
    for changes in ({"market.stale": 0.2}, {"market.frictions.permanent_impact": 0.01}):
        scenario = load_scenario("kets", changes)
        assert not leaves_news_out(scenario)
        played = Played(DoNothing(), 5, scenario=scenario)
        assert np.abs(played.news).max() == 0.0
    assert all(leaves_news_out(load_scenario(name)) for name in (*MAIN, "linked_kets"))


def test_evaluation_counts_the_true_cost():
    rule = JustInTime()
    found = nea_env.evaluate({"mine": rule}, "nea/KETS-v0", episodes=3, opponents="just_in_time", progress=False)
    env = gymnasium.make_vec("nea/KETS-v0", num_envs=3, reward="marked")
    observation, _ = env.reset(seed=found.first_seed)
    total = np.zeros(3)
    for month in range(int(env.batch.horizon[0])):
        observation, _, _, _, info = env.step(rule.act(observation))
        total -= env.discount**month * info["cost_reward"]
    expected = 100.0 * total * env.batch.reward_scale / env.batch.exposure
    np.testing.assert_allclose(found.outcomes["mine"].cost_pct, expected, rtol=1e-9)
