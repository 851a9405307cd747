"""PPO in groups of whole episodes: its advantages by hand, its episodes, and that it learns, saves and refuses."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents.algorithms import load_model, make_model
from agents.episode_features import EpisodeFeatures, measured
from agents.group_advantages import compared, estimates, evened_out
from agents.group_ppo import GroupPPO
from agents.rare_prices import RarePrices
from agents.sb3 import make_vec_env
from nea_env.bench.score import scores
from nea_env.core.batch import Batch
from nea_env.core.layout import Action, Observation
from nea_env.library import load_scenario

ID = "nea/TPSExactDiscrete-v0"
SMALL = {"batch_size": 256, "group_size": 4}


def made(rows=16, name="tps_exact", **parameters):
    env = make_vec_env(ID, rows, seed=0, scenario=name, reward="marked")
    gamma = env.get_attr("discount")[0]
    return make_model("group_ppo", env, seed=1, gamma=gamma, parameters={**SMALL, **parameters})


def test_estimates_are_the_episodes_sums():
    rewards = torch.tensor([[1.0], [2.0], [4.0]])
    values = torch.tensor([[0.5], [1.0], [3.0]])
    whole = estimates(rewards, values, 0.5, 1.0)[:, 0]
    assert torch.allclose(whole, torch.tensor([1 + 0.5 * 2 + 0.25 * 4 - 0.5, 2 + 0.5 * 4 - 1.0, 4 - 3.0]))
    one_month = estimates(rewards, values, 0.5, 0.0)[:, 0]
    assert torch.allclose(one_month, torch.tensor([1 + 0.5 * 1 - 0.5, 2 + 0.5 * 3 - 1.0, 4 - 3.0]))
    between = estimates(rewards, values, 0.5, 0.8)[:, 0]
    assert torch.allclose(between, torch.tensor([1.0 + 0.4 * (2.5 + 0.4 * 1.0), 2.5 + 0.4 * 1.0, 1.0]))


def test_firms_are_compared_with_the_others_of_their_group():
    advantages = torch.tensor([[1.0, 2.0, 6.0, 10.0, 10.0, 10.0]])
    assert torch.allclose(compared(advantages, 3), torch.tensor([[1 - 4.0, 2 - 3.5, 6 - 1.5, 0, 0, 0]]))
    assert compared(advantages, 1) is advantages


def test_scales_are_evened_out_and_order_is_kept():
    advantages = torch.tensor([[-100.0, 0.0, 100.0, 7.0], [1.0, 2.0, 3.0, 7.0]])
    learned = torch.tensor([[True, True, True, False]] * 2)
    true_scale = evened_out(advantages, learned, 1.0)
    assert torch.allclose(true_scale[0, :3], true_scale[1, :3])
    assert torch.allclose(true_scale[0, :3].square().mean(), torch.tensor(1.0))
    wide = torch.tensor([[-9.0, -1.0, 1.0, 9.0]])
    bent = evened_out(wide, torch.ones(1, 4, dtype=torch.bool), 0.5)[0]
    assert torch.allclose(bent, torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5)


def test_rare_prices_are_drawn_evenly_and_move_on_as_prices_do():
    scenario, month, count = load_scenario("tps_exact"), 12, 4_000
    pool, rng = RarePrices(scenario, 3, size=8_192), np.random.default_rng(0)
    seeds = pool.draw(np.full(count, month), rng)
    assert set(seeds) <= set(pool.seeds) and (seeds >= 2**62).all()
    prices = {}
    for name, chosen in (("drawn", seeds), ("all", pool.seeds)):
        batch = Batch(scenario, len(chosen))
        batch.reset(chosen)
        for _ in range(month):
            batch.step(np.zeros((len(chosen), Action.size), np.float32))
        prices[name] = batch.observe()[:, Observation.LOG_PRICE]
        if name == "all":
            before = batch.memory("price")
            batch.step(np.zeros((len(chosen), Action.size), np.float32))
            ratio = batch.discount * batch.memory("price") / before
            tail = prices["all"] > np.quantile(prices["all"], 0.99)
            assert abs(ratio[tail].mean() - 1.0) < 4 * ratio[tail].std() / np.sqrt(tail.sum())
    low, high = prices["all"].min(), prices["all"].max()
    top = low + (high - low) * 13 / 16
    drawn, natural = ((prices[name] > top).mean() for name in ("drawn", "all"))
    assert natural < 0.02 and 0.12 < drawn < 0.25  # three cells of sixteen


def test_a_rollout_is_whole_episodes_of_groups_at_the_same_prices():
    model = made()
    model.learn(1)
    rollout = model._rollout
    assert rollout.observations.shape[:2] == (24, 16)
    prices = rollout.observations[:, :, Observation.LOG_PRICE].view(24, 4, 4)
    assert (prices == prices[:, :, :1]).all() and prices[5].unique().numel() > 1
    progress = rollout.observations[:, :, Observation.PROGRESS]
    assert torch.allclose(progress, (torch.arange(24) / 24)[:, None].expand(24, 16))
    assert rollout.masks.gather(2, rollout.actions[..., None]).all()


def test_only_what_is_planned_is_learned_from_and_invested(monkeypatch):
    model, plans, learned = made(name="tokyo_exact", exploration={"late_investment": 1.0}), [], []
    plan, update = model._plan, model._update
    monkeypatch.setattr(model, "_plan", lambda env: plans.append(plan(env)) or plans[-1])
    monkeypatch.setattr(model, "_update", lambda *given: learned.append(given[4]) or update(*given))
    model.learn(1)
    (told,), rollout = plans, model._rollout
    assert told.learned_from.max() > 0 and told.may_invest_from.max() > 0
    for month in range(78):
        counts = torch.from_numpy(told.learned_from <= month)
        assert (rollout.learned[month] == counts).all()
        assert not rollout.masks[month, told.may_invest_from > month][:, model._invests].any()
    assert rollout.masks[:, :, model._invests].any()
    places = torch.cat(learned[: len(learned) // model.n_epochs])
    assert sorted(places.tolist()) == rollout.learned.flatten().nonzero()[:, 0].tolist()


def test_it_explores_less_and_less_and_logs_what_it_plays_freely():
    model = made(exploration={"inclined": 1.0, "rare_prices": 0.0})
    model.learn(1)
    assert not model.ep_info_buffer  # all were inclined
    model._total_timesteps, model.num_timesteps = 1_000, 0
    early = model._plan(model.get_env())
    model.num_timesteps = 800
    late = model._plan(model.get_env())
    assert early.shifts.std() == pytest.approx(3.0, rel=0.3) and not late.shifts.any()
    assert not early.is_free.any() and late.is_free.all()
    free = made(exploration={"inclined": 0.0, "rare_prices": 0.0, "late_investment": 0.0})
    free.learn(1)
    assert len(free.ep_info_buffer) == 16


def test_months_that_nobody_learns_from_keep_their_scale():
    model = made()
    model.learn(1)
    centre, spread = model._centre.clone(), model._spread.clone()
    learned = torch.ones(24, 16, dtype=torch.bool)
    learned[3] = False
    model._rescale(torch.full((24, 16), 5.0), learned)
    assert model._centre[3] == centre[3] and model._spread[3] == spread[3]
    assert (model._centre[4] - (0.9 * centre[4] + 0.5)).abs() < 1e-5


def test_features_are_standardised_and_name_the_month():
    observations = np.zeros((4, Observation.size), np.float32)
    observations[:, Observation.PROGRESS] = np.arange(4) / 4
    observations[:, Observation.LOG_PRICE] = [1.0, 3.0, 1.0, 3.0]
    told = measured(observations, 4)
    assert told["columns"] == sorted([Observation.PROGRESS, Observation.LOG_PRICE])
    space = made().observation_space
    features = EpisodeFeatures(space, **told)(torch.from_numpy(observations))
    price = told["columns"].index(Observation.LOG_PRICE)
    assert torch.allclose(features[:, price], torch.tensor([-1.0, 1.0, -1.0, 1.0]))
    assert torch.equal(features[:, 2:], torch.eye(4))
    far = torch.from_numpy(observations[:1]).clone()
    far[0, Observation.LOG_PRICE] = 2.0 + 6.0 * float(np.e)
    assert EpisodeFeatures(space, **told)(far)[0, price] == pytest.approx(7.0)


def test_it_learns_saves_and_loads(tmp_path):
    model = made(rows=128, batch_size=768)
    model.learn(250_000)
    assert scores({"learned": model}, load_scenario("tps_exact"))["learned"].score > 0.5
    model.save(tmp_path / "model.zip")
    loaded = load_model("group_ppo", tmp_path / "model.zip")
    assert isinstance(loaded, GroupPPO)
    observation, mask = model.get_env().reset(), model.get_env().action_masks()
    one, other = (each.predict(observation, action_masks=mask, deterministic=True)[0] for each in (model, loaded))
    assert np.array_equal(one, other)


def test_what_it_cannot_play_is_refused():
    one = gym.make(ID)
    with pytest.raises(ValueError, match="of a discrete id"):
        GroupPPO("MlpPolicy", one)
    with pytest.raises(ValueError, match="n_steps: GroupPPO has no such argument"):
        GroupPPO("MlpPolicy", one, n_steps=5)
    with pytest.raises(ValueError, match=r"gamma: 0\.99, allowed: the environment's discount, 0\.99"):
        GroupPPO("MlpPolicy", make_vec_env(ID, 8, seed=0))
    with pytest.raises(ValueError, match="num_envs: 6, allowed: a multiple of group_size, 4"):
        made(rows=6)
    with pytest.raises(ValueError, match=r"exploration\.tilt: no such number, allowed: inclination, inclined"):
        made(exploration={"tilt": 1.0})
    with pytest.raises(ValueError, match=r"exploration\.inclined: 2, allowed: a share from 0 to 1"):
        made(exploration={"inclined": 2})
    with pytest.raises(ValueError, match="whole episodes"):
        GroupPPO("MlpPolicy", make_vec_env(ID, 8, seed=0, max_episode_steps=5))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tps", "kets", "tokyo"])
def test_shipped_settings_come_near_the_optimum(name, tmp_path):
    from agents.command_line import compose_settings
    from agents.run_folder import RunFolder
    from agents.training import learn

    settings = compose_settings([f"experiment={name}_exact", "progress=off", "figures=false"])
    model = learn(settings, RunFolder(tmp_path))
    assert scores({"learned": model}, settings.scenario)["learned"].score > 0.9
