import numpy as np
import pytest
from gymnasium import spaces

from nea_env.core.batch import Batch
from nea_env.envs.menu import MENU
from nea_env.library import load_scenario
from nea_env.policies.levers import LEVERS
from nea_env.policies.outcome import CURVES, QUANTILES, joined
from nea_env.policies.play import costs, months, play
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime, TunedRule

SCENARIO = load_scenario("kets_phase2")
SEEDS = np.arange(1_000_000, 1_000_040)


def test_cost_is_the_discounted_money_over_exposure():
    batch, rule = Batch(SCENARIO, len(SEEDS)), TunedRule(0.3, 0.2, 0.9)
    observation = batch.reset(SEEDS)
    cost, penalised, exposure = np.zeros(len(SEEDS)), np.zeros(len(SEEDS)), 0.0
    baseline = SCENARIO.firm.annual_emissions / 12 * SCENARIO.market.price
    for month in range(int(batch.horizon[0])):
        observation, _, _ = batch.step(rule.predict(observation)[0])
        cost += batch.discount**month * batch.flows()["cost"]
        penalised += batch.flows()["penalised"]
        exposure += batch.discount**month * baseline * (month < 36)
    outcome = play(rule, SCENARIO, SEEDS)
    assert batch.exposure[0] == pytest.approx(exposure)
    assert np.allclose(outcome.cost_pct, 100 * cost / exposure, rtol=1e-9)
    assert np.allclose(sum(outcome.parts_pct.values()), outcome.cost_pct, rtol=1e-9, atol=1e-9)
    assert np.array_equal(outcome.totals["penalised"], penalised)


def test_costs_alone_are_those_of_the_whole_outcome():
    outcome = play(InvestAtTrigger(1.1), SCENARIO, SEEDS)
    assert np.array_equal(costs(InvestAtTrigger(1.1), SCENARIO, SEEDS), outcome.cost_pct)


def test_batches_one_after_the_other_are_one_batch():
    whole = play(JustInTime(), SCENARIO, SEEDS)
    parts = joined([play(JustInTime(), SCENARIO, SEEDS[:16], curves=True), play(JustInTime(), SCENARIO, SEEDS[16:])])
    for name in ("cost_pct", "reward", "bank_t", "carried_t", "built_share"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))
    assert all(np.array_equal(parts.totals[name], total) for name, total in whole.totals.items())
    assert all(np.array_equal(parts.yearly[name], values) for name, values in whole.yearly.items())
    assert parts.years == whole.years == ("2018", "2019", "2020")
    assert set(parts.curves) == set(CURVES) and whole.curves == {}


def test_rows_may_share_a_seed():
    assert np.ptp(costs(JustInTime(), SCENARIO, np.array([7, 7, 7]))) == 0.0


class Recorder:
    """A policy of the menu that notes what it is asked with; its state counts the months."""

    action_space = spaces.Discrete(len(MENU))

    def __init__(self):
        self.asked = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False, action_masks=None):
        self.asked.append((state, episode_start, deterministic, action_masks))
        return np.full(len(observation), MENU.index("even, at price")), (state or 0) + 1


def test_a_policy_of_the_menu_is_asked_as_a_model_with_masks_and_a_state():
    policy = Recorder()
    outcome = play(policy, SCENARIO, SEEDS[:3])
    batch = Batch(SCENARIO, 3)
    assert [state for state, *_ in policy.asked] == [None, *range(1, int(batch.horizon[0]))]
    assert [start.tolist() for _, start, *_ in policy.asked[:2]] == [[True] * 3, [False] * 3]
    assert all(deterministic for _, _, deterministic, _ in policy.asked)
    masks = np.array([mask for *_, mask in policy.asked])
    assert masks.shape[1:] == (3, len(MENU)) and masks.any(axis=2).all() and not masks.all()
    assert np.allclose(outcome.cost_pct, play(JustInTime(), SCENARIO, SEEDS[:3]).cost_pct)


def test_the_first_of_the_months_is_the_start():
    start, first, *_ = months(DoNothing(), SCENARIO, SEEDS[:2])
    assert np.array_equal(start.observation, Batch(SCENARIO, 2).reset(SEEDS[:2]))
    assert not start.reward.any() and not start.cost_pct.any()
    assert first.weight == 1.0 and first.observation[0, 0] > start.observation[0, 0]


def test_what_the_levers_did_is_in_the_outcome():
    scenario = load_scenario("kets")
    bare = scenario.model_copy(update=LEVERS["banking"](scenario))
    assert play(JustInTime(), bare, SEEDS).carried_t.max() <= 1e-6 * scenario.firm.annual_emissions
    assert play(DoNothing(), scenario, SEEDS).carried_t.max() > 0.01 * scenario.firm.annual_emissions
    outcome = play(InvestAtTrigger(1.2), scenario, SEEDS)
    invested = outcome.totals["invested"] > 0.0
    assert invested.any() and not invested.all()
    assert np.array_equal(outcome.built_share.any(axis=1), invested)


def test_a_duty_that_was_not_met_is_told():
    assert play(JustInTime(), SCENARIO, SEEDS).complied.all()
    outcome = play(DoNothing(), SCENARIO, SEEDS)
    assert np.array_equal(outcome.complied, outcome.totals["penalised"] == 0.0) and not outcome.complied.all()


def test_curves_are_quantiles_month_by_month():
    outcome = play(JustInTime(), SCENARIO, SEEDS, curves=True)
    months_played = int(Batch(SCENARIO, 1).horizon[0])
    assert {name: curve.shape for name, curve in outcome.curves.items()} == dict.fromkeys(CURVES, (5, months_played))
    assert np.allclose(outcome.curves["cumulative_cost"][:, -1], np.quantile(outcome.cost_pct, QUANTILES))
    assert np.array_equal(outcome.curves["price"][:, 0], np.full(5, Batch(SCENARIO, 1).market()["long_price"][0]))
