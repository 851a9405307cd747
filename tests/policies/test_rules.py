import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.policies.by_name import RULES
from nea_env.policies.rules import DoNothing, InvestAtTrigger, JustInTime, TunedRule

TRADE, ABATE, INVEST, FOREIGN = (Action.index[name] for name in ("trade", "abate", "invest", "foreign"))


def observation(n=1, **values):
    table = np.zeros((n, Observation.size), np.float32)
    for name, value in values.items():
        table[:, OBS_INDEX[name]] = value
    return table


@pytest.mark.parametrize("name", RULES)
def test_a_rule_answers_one_observation_and_a_batch(name):
    rule = RULES[name]()
    one, state = rule.predict(observation()[0])
    many, _ = rule.predict(observation(5), state=state, episode_start=np.ones(5, bool), deterministic=True)
    assert one.shape == (Action.size,) and many.shape == (5, Action.size)
    assert one.dtype == many.dtype == np.float32
    assert np.abs(many).max() <= 1


def test_a_foreign_observation_is_refused():
    with pytest.raises(ValueError, match="expected"):
        DoNothing().predict(np.zeros(3))


def test_just_in_time_takes_both_suggestions_and_nothing_else():
    actions = JustInTime().act(observation(even_trade=-0.4, abate_at_price=0.7))
    expected = np.zeros(Action.size, np.float32)
    expected[TRADE], expected[ABATE] = -0.4, 0.7
    assert np.array_equal(actions[0], expected)


def test_tuned_rule_invests_by_the_price_until_it_stops():
    rule = TunedRule(a=0.1, b=0.5, stop=0.6)
    dear = np.log(1.8)
    assert rule.act(observation(log_price=dear, progress=0.5))[0, INVEST] == pytest.approx(0.1 + 0.5 * 0.8)
    assert rule.act(observation(log_price=dear, progress=0.6))[0, INVEST] == 0
    assert rule.act(observation(log_price=3.0))[0, INVEST] == 1
    assert rule.act(observation(log_price=-1.0))[0, INVEST] == 0


def test_a_rule_takes_parameters_by_row():
    actions = TunedRule(a=np.array([0.1, 0.3]), b=np.zeros(2), stop=np.ones(2)).act(observation(2))
    assert np.allclose(actions[:, INVEST], [0.1, 0.3])


def test_the_trigger_looks_at_the_first_technology_with_potential_left():
    rule = InvestAtTrigger(kappa=1.5)
    assert rule.act(observation(invest_value_0=0.6))[0, INVEST] == 1
    assert rule.act(observation(invest_value_0=0.4, invest_value_1=3.0))[0, INVEST] == 0
    full = {"capacity_0": 0.6, "building_0": 0.4, "invest_value_0": 3.0}
    assert rule.act(observation(**full, invest_value_1=0.4))[0, INVEST] == 0
    assert rule.act(observation(**full, invest_value_1=0.6))[0, INVEST] == 1
    done = {f"capacity_{k}": 1.0 for k in range(3)}
    assert rule.act(observation(**done))[0, INVEST] == 0


def test_random_repeats_with_its_seed():
    first = [RULES["random"](seed=3).act(observation(4)) for _ in range(2)]
    assert np.array_equal(*first)
