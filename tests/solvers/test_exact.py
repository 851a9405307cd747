"""The known optimum: what induction finds is what its own policy earns, for the solver and in the environment."""

import dataclasses

import gymnasium as gym
import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.placed import Placed
from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.rules import DoNothing, JustInTime
from nea_env.solvers import exact as module
from nea_env.solvers import solution, solve_exact
from nea_env.solvers.choosers import chooser
from nea_env.solvers.exact import Exact
from nea_env.solvers.played import disagreement
from nea_env.solvers.relaxation import drawn_prices, relaxed

IDS = {"tps_exact": "nea_env:nea/TPSExact-v0", "kets_exact": "nea_env:nea/KETSExact-v0",
       "tokyo_exact": "nea_env:nea/TokyoExact-v0"}  # fmt: skip
NAMES = sorted(IDS)
EPISODES = 10_000


@pytest.fixture(scope="module", params=NAMES)
def exact(request):
    return solve_exact(request.param, progress=False)


@pytest.fixture(scope="module")
def tps():
    return solve_exact("tps_exact", progress=False)


def simulated(exact: Exact, n: int, seed: int = 1_000_000) -> np.ndarray:
    """(n,) returns of the best policy, which sees nothing but the observation."""
    batch = Batch(exact.scenario, n)
    observation, total = batch.reset(np.arange(seed, seed + n)), np.zeros(n)
    for month in range(len(exact.values)):
        actions, _ = exact.policy.predict(observation)
        observation, reward, _ = batch.step(actions)
        total += exact.discount**month * reward
    assert batch.over.all()
    return total


def test_the_optimum_is_what_its_own_policy_earns(exact):
    own = exact.evaluate()
    assert own.value == pytest.approx(exact.value, abs=1e-11)
    assert sum(len(month.chance) for month in own.months) > 1000
    for month in own.months:
        assert month.chance.sum() == pytest.approx(1.0, abs=1e-12)


def test_so_it_is_in_the_environment(exact):
    returns = simulated(exact, EPISODES)
    assert abs(returns.mean() - exact.value) < 4.0 * returns.std() / EPISODES**0.5


@pytest.mark.slow
def test_so_it_is_over_a_hundred_thousand_episodes(exact):
    returns = simulated(exact, 100_000, seed=7_000_000)
    assert abs(returns.mean() - exact.value) < 3.0 * returns.std() / 100_000**0.5


def test_every_month_of_play_is_the_solvers(exact):
    """Random and best actions: observations show known places, rewards and successors are the solver's to rounding."""
    assert disagreement(exact) == ""


def test_values_are_the_best_of_the_action_values(exact):
    for month in (0, len(exact.values) // 3, len(exact.values) - 1):
        worth = exact.q(month)
        assert worth.shape == (*exact.values[month].shape, len(exact.scenario.menu))
        np.testing.assert_array_equal(worth.max(axis=2), exact.values[month])
        chosen = np.take_along_axis(worth, exact.best[month][:, :, None].astype(int), axis=2)[:, :, 0]
        assert (exact.values[month] - chosen).max() <= 1e-12


def test_no_rule_is_better_and_each_ones_regret_is_what_it_lacks(exact):
    tuned = make_rule("tuned_rule", exact.scenario, a=0.5, b=0.5, stop=0.5)
    rules = [JustInTime(), DoNothing(), tuned, exact.policy]
    for rule in rules:
        found = exact.evaluate(chooser(rule, exact))
        assert found.value <= exact.value + 1e-11
        assert min(month.lost.min() for month in found.months) > -1e-11
    assert found.regret < 1e-11  # the optimum itself


@pytest.mark.parametrize("seed", range(3))
def test_no_policy_is_better_even_in_one_place(tps, seed):
    """A policy that errs at random in a tenth of the places loses what the identity says."""
    generator = np.random.default_rng(seed)

    def choose(month, tonnes, price, seen):
        best = tps.best[month][tonnes, price].astype(int)
        other = generator.integers(0, len(tps.scenario.menu), len(best))
        return np.where(generator.random(len(best)) < 0.1, other, best)

    found = tps.evaluate(choose)
    assert found.regret > 1e-3
    assert found.value + found.regret == pytest.approx(tps.value, abs=1e-11)


def test_with_the_exact_penalty_every_path_gives_the_optimum_and_foresight_bounds_it(exact):
    prices = drawn_prices(exact, 20, seed=3)
    bound = relaxed(exact, prices)
    assert bound.std() < 1e-8 * abs(exact.value)
    assert bound.mean() == pytest.approx(exact.value, rel=1e-9)
    assert relaxed(exact, prices, penalty=False).mean() > exact.value


def test_drawn_prices_move_as_the_chain_says(tps):
    prices = drawn_prices(tps, 40_000, seed=1)
    last = tps.quotes[-1][prices[:, -1]]
    discounted = last[:, 1] * tps.discount ** (prices.shape[1] - 1)
    assert discounted.mean() == pytest.approx(tps.quotes[0][0, 1], abs=4.0 * discounted.std() / 200.0)


# --- box and numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_box_action_is_what_the_joint_action_it_is_rounded_to_is(name):
    exact, n = solve_exact(name, progress=False), 64
    box = gym.make_vec(IDS[name], n)
    numbers = gym.make_vec(IDS[name].replace("Exact", "ExactDiscrete"), n)
    generator = np.random.default_rng(0)
    seen, _ = box.reset(seed=5)
    numbers.reset(seed=5)
    for month in range(len(exact.values)):
        actions = generator.uniform(-1.0, 1.0, (n, 8)).astype(np.float32)
        tonnes, price = exact.policy.finder.find(month, seen)
        chosen = exact.numbers(month, exact.observe(month, tonnes, price), actions)
        found, expected = box.step(actions), numbers.step(chosen)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
        seen = found[0]
    assert found[2].all()


def test_the_discrete_ids_choose_from_six_to_ten_joint_actions():
    for name, one in IDS.items():
        env = gym.make(one.replace("Exact", "ExactDiscrete"))
        assert env.action_space.n == len(load_scenario(name).menu) == len(env.unwrapped.menu) in range(6, 11)
        _, info = env.reset(seed=0)
        assert info["action_mask"].shape == (env.action_space.n,) and info["action_mask"][0]


def test_a_policy_of_numbers_is_evaluated_with_its_masks(tps):
    class Masked:
        action_space = gym.spaces.Discrete(len(tps.scenario.menu))

        def predict(self, observation, state=None, episode_start=None, deterministic=True, action_masks=None):
            assert action_masks.shape == (len(observation), self.action_space.n) and action_masks[:, 0].all()
            return np.where(action_masks[:, 1], 1, 0), None  # to the target wherever the market is open

    found = tps.evaluate(chooser(Masked(), tps))
    assert found.value + found.regret == pytest.approx(tps.value, abs=1e-11)
    assert 0.0 < found.regret < tps.evaluate(chooser(DoNothing(), tps)).regret


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda n: np.full((n, 8), np.nan, np.float32), "is nan: expected a finite number"),
        (lambda n: np.zeros((n, 9), np.float32), "expected an array of shape"),
        (lambda n: np.full(n, -1), "is not in the menu: expected 0 to 7"),
    ],
    ids=["nan", "shape", "number"],
)
def test_actions_that_an_environment_would_refuse_are_refused(tps, answer, why):
    class Wrong:
        action_space = gym.spaces.Discrete(8) if answer(1).ndim == 1 else None

        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return answer(len(observation)), None

    with pytest.raises(ValueError, match=why):
        tps.evaluate(chooser(Wrong(), tps))


def test_the_optimum_plays_both_forms(tps):
    env = gym.make("nea_env:nea/TPSExactDiscrete-v0", observe_mask=True)
    observation, _ = env.reset(seed=4)
    box = gym.make("nea_env:nea/TPSExact-v0")
    seen, _ = box.reset(seed=4)
    done = False
    while not done:
        number, _ = tps.discrete_policy.predict(observation)
        observation, reward, done, *_ = env.step(number)
        seen, other, *_ = box.step(tps.policy.predict(seen)[0])
        assert reward == other
    assert tps.discrete_policy.action_space == env.action_space and tps.policy.action_space == box.action_space


# --- what the observation shows ----------------------------------------------------------------------------


def test_the_observation_tells_every_place_from_every_other(exact):
    finder = exact.policy.finder
    for month, (n, prices) in enumerate(exact.sizes):
        count = min(n, 500)
        tonnes = np.linspace(0, n - 1, count).astype(int)
        price = np.arange(count) % prices
        seen = exact.observe(month, tonnes, price).observation
        found = finder.find(month, seen)  # the table of a month refuses states that look alike
        np.testing.assert_array_equal(found[0], tonnes)
        np.testing.assert_array_equal(found[1], price)
        assert (finder.months(seen) == month).all()


def test_an_observation_of_another_scenario_is_of_no_place(tps):
    seen = Batch(load_scenario("tokyo_exact"), 1).reset(np.arange(1))
    with pytest.raises(ValueError, match="of no state that the menu"):
        tps.policy.predict(seen)


# --- what is refused, and what a wrong solver would look like ----------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("kets", {}, "menu is empty: expected a list of joint actions"),
        ("tps_exact", {"market.law": "gbm"}, "market.law is gbm: expected lattice"),
        ("tps_exact", {"firm.output_shock.volatility": 0.02}, "firm.output_shock.volatility is above 0"),
        ("tokyo_exact", {"market.quote_noise": 0.1}, "market.quote_noise is 0.1: expected 0"),
        ("kets_exact", {"market.frictions.permanent_impact": 0.1}, "permanent_impact moves the price"),
        ("tps_exact", {"regime.penalty.2024.mean_months": 6}, "regime.penalty.2024.mean_months is 6: expected 1"),
        ("kets_exact", {"regime.penalty.2019.mean_until": "2019-12"}, "regime.penalty.2019.mean_until is 2019-12"),
        ("kets_exact", {"regime.stabilisation.2019.low_multiple": 0.5}, "regime.stabilisation.2019 has a trigger"),
        ("kets_exact", {"regime.auctions.2018.bid_share": 0.15}, "regime.auctions.2018 are open to the firm"),
    ],
)
def test_what_is_not_on_the_exact_track_is_refused_with_the_key(name, changes, why):
    with pytest.raises(ValueError, match="is not on the exact track") as error:
        solve_exact(load_scenario(name, changes), progress=False, cache=False)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"regime.penalty.2024.multiple": 0.05},
        {"market.frictions.spread": 0.0},
    ],
    ids=["penalty", "spread"],
)
def test_a_rule_that_is_too_lax_in_the_solver_is_caught_by_the_month_that_is_played(tps, changes):
    wrong = solve_exact(load_scenario("tps_exact", changes), progress=False, cache=False)
    assert wrong.value > tps.value + 1e-4 and wrong.sizes == tps.sizes
    played = tps.evaluate(lambda month, tonnes, price, seen: wrong.best[month][tonnes, price])
    assert played.value < tps.value < wrong.value  # it promises more than the best, and earns less


def test_rewards_that_are_not_the_months_are_caught(monkeypatch):
    honest = Placed.rewards

    def flattering(self, month, rows, quotes, actions):
        return honest(self, month, rows, quotes, actions) + (1e-6 if month == 3 else 0.0)

    monkeypatch.setattr(Placed, "rewards", flattering)
    with pytest.raises(ValueError, match="the solver and the environment differ: in month 3 a reward differs by 1e-06"):
        solve_exact("tps_exact", progress=False, cache=False)


def test_so_are_successors_that_are_not(tps, monkeypatch):
    swapped = [one.copy() for one in tps.successors]
    swapped[5][:, [0, 2]] = swapped[5][:, [2, 0]]
    monkeypatch.setattr(Exact, "successors", tuple(swapped))
    assert disagreement(tps) == "in month 6 a firm is not where its last action leads"


def test_so_is_what_has_to_be_remembered(monkeypatch):
    """A fine at the mean of six months: the solver knows the month's price alone."""
    monkeypatch.setattr(module, "why_not_exact", lambda scenario: "")
    remembers = load_scenario("tps_exact", {"regime.penalty.2024.mean_months": 6})
    with pytest.raises(ValueError, match="the solver and the environment differ"):
        solve_exact(remembers, progress=False, cache=False)


# --- kept between runs -------------------------------------------------------------------------------------


def test_a_solution_is_kept_as_it_was_found(tps, tmp_path, monkeypatch):
    monkeypatch.setattr(solution, "path_of", lambda scenario: tmp_path / "kept" / "one.npz")
    solution.keep(tps.scenario, tps._solution)
    monkeypatch.setattr(module, "solved", None)  # it must not solve
    again = Exact(tps.scenario, progress=False)
    assert again._solution is not tps._solution
    for field in ("values", "best", "quotes", "moves", "successors"):
        for one, other in zip(getattr(again, field), getattr(tps, field), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    assert dataclasses.is_dataclass(again._solution)
    for one, other in zip(again._solution.states.rows, tps._solution.states.rows, strict=True):
        np.testing.assert_array_equal(one.books, other.books)
        np.testing.assert_array_equal(one.memory, other.memory)
