import inspect

import numpy as np
import pytest
from ruamel.yaml import YAML

from agents import tuned
from agents.rules import RULES, DoNothing, InvestAtTrigger, JustInTime, TunedRule, make_rule, tuned_parameters
from agents.tune import GRIDS
from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.library import load_scenario
from nea_env.library.catalogue import ROOT


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
    expected[Action.TRADE], expected[Action.ABATE] = -0.4, 0.7
    assert np.array_equal(actions[0], expected)


def test_tuned_rule_invests_by_the_price_until_it_stops():
    rule = TunedRule(a=0.1, b=0.5, stop=0.6)
    dear = np.log(1.8)
    assert rule.act(observation(log_price=dear, progress=0.5))[0, Action.INVEST] == pytest.approx(0.1 + 0.5 * 0.8)
    assert rule.act(observation(log_price=dear, progress=0.6))[0, Action.INVEST] == 0
    assert rule.act(observation(log_price=3.0))[0, Action.INVEST] == 1
    assert rule.act(observation(log_price=-1.0))[0, Action.INVEST] == 0


def test_a_rule_takes_parameters_by_row():
    actions = TunedRule(a=np.array([0.1, 0.3]), b=np.zeros(2), stop=np.ones(2)).act(observation(2))
    assert np.allclose(actions[:, Action.INVEST], [0.1, 0.3])


def test_the_trigger_looks_at_the_first_technology_with_potential_left():
    rule = InvestAtTrigger(kappa=1.5)
    assert rule.act(observation(invest_value_0=0.6))[0, Action.INVEST] == 1
    assert rule.act(observation(invest_value_0=0.4, invest_value_1=3.0))[0, Action.INVEST] == 0
    full = {"capacity_0": 0.6, "building_0": 0.4, "invest_value_0": 3.0}
    assert rule.act(observation(**full, invest_value_1=0.4))[0, Action.INVEST] == 0
    assert rule.act(observation(**full, invest_value_1=0.6))[0, Action.INVEST] == 1
    done = {f"capacity_{k}": 1.0 for k in range(3)}
    assert rule.act(observation(**done))[0, Action.INVEST] == 0


def test_random_repeats_with_its_seed():
    first = [RULES["random"](seed=3).act(observation(4)) for _ in range(2)]
    assert np.array_equal(*first)


def test_an_unknown_rule_lists_those_there_are():
    with pytest.raises(ValueError, match="just_in_time, tuned_rule"):
        make_rule("just_in_tim", "kets")


@pytest.mark.parametrize("scenario", ["kets", "tps", "tokyo"])
def test_main_scenarios_have_tuned_rules(scenario):
    assert set(tuned_parameters("tuned_rule", load_scenario(scenario))) == {"a", "b", "stop"}
    assert set(tuned_parameters("invest_at_trigger", load_scenario(scenario))) == {"kappa"}


def test_every_entry_was_tuned_for_the_scenario_that_ships():
    table = YAML(typ="safe").load(tuned.TUNED)
    assert table and {name: load_scenario(name).digest for name in table} == {
        name: entry["digest"] for name, entry in table.items()
    }


def test_an_untuned_scenario_warns():
    with pytest.warns(UserWarning, match="not tuned for scenario 'kets_phase2' .* agents.tune scenario=kets_phase2"):
        assert tuned_parameters("tuned_rule", load_scenario("kets_phase2")) == {}


def test_the_hint_for_a_file_names_no_scenario_that_does_not_ship():
    mine = load_scenario("kets_phase2", {"market.price": 5_000}).model_copy(update={"name": "my own"})
    with pytest.warns(UserWarning, match="'my own' .* agents.tune scenario=<its file>"):
        tuned_parameters("tuned_rule", mine)


def test_parameters_of_the_file_are_those_of_the_rules():
    for name, known in tuned.PARAMETERS.items():
        assert tuple(inspect.signature(RULES[name]).parameters) == known
    assert {name for name, rule in RULES.items() if rule in GRIDS} == set(tuned.PARAMETERS)


def test_a_changed_scenario_takes_the_parameters_of_its_name_and_warns():
    with pytest.warns(UserWarning, match="tuned for another scenario named 'kets'"):
        changed = tuned_parameters("tuned_rule", load_scenario("kets", {"market.price": 20_000}))
    assert changed == tuned_parameters("tuned_rule", load_scenario("kets"))


def test_another_name_with_the_same_content_is_the_same(tmp_path):
    text = (ROOT / "scenarios/kets.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("name: kets\n", "name: mine\n"))
    mine = load_scenario(tmp_path / "mine.yaml")
    assert mine.name == "mine"
    assert tuned_parameters("tuned_rule", mine) == tuned_parameters("tuned_rule", load_scenario("kets"))
