import pytest
from ruamel.yaml import YAML

import nea_env
from nea_env.library import load_scenario, scenarios
from nea_env.library.catalogue import ROOT
from nea_env.policies import tuned
from nea_env.policies.by_name import make_rule
from nea_env.policies.rules import TunedRule
from nea_env.policies.tuned import tuned_parameters


def test_an_unknown_rule_lists_those_there_are():
    with pytest.raises(ValueError, match=r"did you mean 'just_in_time'\? allowed: do_nothing, .*, searched_rule$"):
        make_rule("just_in_tim", "kets")


def test_every_scenario_that_ships_is_tuned():
    entries = tuned.read()
    assert set(entries) == set(scenarios())
    assert all(set(tuned.RULE_PARAMETERS) <= set(entry) for entry in entries.values())
    worse = [
        (name, rule)
        for name, entry in entries.items()
        for rule in tuned.RULE_PARAMETERS
        if entry[f"{rule}_vs_just_in_time_pct"]["low"] > 0.0
    ]
    assert worse == []


@pytest.mark.parametrize("scenario", ["kets", "tps", "tokyo"])
def test_main_scenarios_have_tuned_rules(scenario):
    assert set(tuned_parameters("tuned_rule", load_scenario(scenario))) == {"a", "b", "stop"}
    assert set(tuned_parameters("invest_at_trigger", load_scenario(scenario))) == {"kappa"}


def test_every_entry_was_tuned_for_the_scenario_that_ships():
    table = YAML(typ="safe").load(tuned.TUNED)
    assert table and {name: load_scenario(name).digest for name in table} == {
        name: entry["digest"] for name, entry in table.items()
    }


def test_an_untuned_scenario_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(tuned, "TUNED", tmp_path / "tuned.yaml")
    with pytest.warns(
        UserWarning, match="not tuned for scenario 'kets_phase2' .* nea_env.policies.tune scenario=kets_phase2"
    ):
        assert tuned_parameters("tuned_rule", load_scenario("kets_phase2")) == {}


def test_the_hint_for_a_file_names_no_scenario_that_does_not_ship():
    mine = load_scenario("kets_phase2", {"market.price": 5_000}).model_copy(update={"name": "my own"})
    with pytest.warns(UserWarning, match="'my own' .* nea_env.policies.tune scenario=<its file>"):
        tuned_parameters("tuned_rule", mine)


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


def test_a_rule_is_made_with_what_was_tuned_or_with_what_is_given():
    rule = nea_env.make_rule("tuned_rule", "kets")
    assert isinstance(rule, TunedRule)
    assert {name: getattr(rule, name) for name in ("a", "b", "stop")} == tuned_parameters(
        "tuned_rule", load_scenario("kets")
    )
    assert nea_env.make_rule("invest_at_trigger", "kets", kappa=2.5).kappa == 2.5


def test_a_digest_is_of_content_alone():
    kets = load_scenario("kets")
    assert load_scenario("kets", {"title": "x", "firm.name": "y", "regime.title": "z"}).digest == kets.digest
    told = {"regime.gaps": ["a rule left out"], "regime.compliance": {"2018": {"firms": 0.99}}}
    assert load_scenario("kets", told).digest == kets.digest
    changes = [
        {"market.price": 10_507},
        {"last": "2019"},
        {"firm.invest_rate": 0.1},
        {"regime.banking.2018.base_share": 0.5},
    ]
    digests = {load_scenario("kets", change).digest for change in changes} | {kets.digest}
    assert len(digests) == 5
