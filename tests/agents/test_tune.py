import numpy as np
import pytest
from ruamel.yaml import YAML

from agents import tune
from agents.rules import InvestAtTrigger, JustInTime, TunedRule
from nea_env.library import load_scenario

SCENARIO = load_scenario("kets_phase2")


def test_a_cell_costs_what_its_rule_costs_alone():
    seeds = np.arange(500_000, 500_010)
    cells = [{"a": 0.0, "b": 0.0, "stop": 0.0}, {"a": 0.5, "b": 0.1, "stop": 0.5}]
    together = tune.score(TunedRule, cells, SCENARIO, seeds)
    alone = [tune.costs(TunedRule(**cell), SCENARIO, seeds).mean() for cell in cells]
    assert np.allclose(together, alone, rtol=1e-12)
    assert together[0] == pytest.approx(tune.costs(JustInTime(), SCENARIO, seeds).mean())


def test_tuning_finds_the_best_cell_of_its_grid(monkeypatch):
    monkeypatch.setitem(tune.GRIDS, InvestAtTrigger, {"kappa": (0.5, 1.0, 5.0)})
    best = tune.tune(InvestAtTrigger, SCENARIO, 30)
    seeds = np.arange(tune.FIRST_SEED, tune.FIRST_SEED + 30)
    found = tune.costs(InvestAtTrigger(**best), SCENARIO, seeds).mean()
    assert found <= min(tune.costs(InvestAtTrigger(k), SCENARIO, seeds).mean() for k in (0.5, 1.0, 5.0)) + 1e-9


def test_seeds_are_training_seeds():
    assert tune.FIRST_SEED + 3 * 100_000 < 1_000_000


def test_the_file_keeps_other_scenarios(monkeypatch, tmp_path):
    monkeypatch.setattr(tune, "TUNED", tmp_path / "tuned.yaml")
    tune.record("one", {"tuned_rule": {"a": 0.1}})
    tune.record("two", {"tuned_rule": {"a": 0.2}})
    tune.record("one", {"tuned_rule": {"a": 0.3}})
    tree = YAML(typ="safe").load(tmp_path / "tuned.yaml")
    assert tree == {"one": {"tuned_rule": {"a": 0.3}}, "two": {"tuned_rule": {"a": 0.2}}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env=kest"], "did you mean 'kets'"),
        (["episodes=3", "env=kets"], "allowed is 10 to 100000"),
        (["episodes=many", "env=kets"], "many"),
        (["market=kets"], "allowed are env="),
        ([], "which scenario"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert tune.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
