import subprocess
import sys

import numpy as np
import pytest
from ruamel.yaml import YAML

from nea_env.library import load_scenario
from nea_env.policies import tune, tuned
from nea_env.policies.by_name import RULES
from nea_env.policies.lever_rule import SEARCH, LeverRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.rules import InvestAtTrigger, JustInTime, TunedRule
from nea_env.policies.threshold_rule import ThresholdRule
from nea_env.policies.threshold_search import START
from nea_env.policies.tuned import tuned_parameters

SCENARIO = load_scenario("kets_phase2")


def test_a_cell_costs_what_its_rule_costs_alone():
    seeds = np.arange(500_000, 500_010)
    cells = [{"a": 0.0, "b": 0.0, "stop": 0.0}, {"a": 0.5, "b": 0.1, "stop": 0.5}]
    together = tune.score(TunedRule, cells, SCENARIO, seeds)
    alone = [marked_costs(TunedRule(**cell), SCENARIO, seeds).mean() for cell in cells]
    assert np.allclose(together, alone, rtol=1e-12)
    assert together[0] == pytest.approx(marked_costs(JustInTime(), SCENARIO, seeds).mean())


def test_tuning_finds_the_best_cell_of_its_grid(monkeypatch):
    monkeypatch.setitem(tune.GRIDS, InvestAtTrigger, {"kappa": (0.5, 1.0, 5.0)})
    best = tune.tune(InvestAtTrigger, SCENARIO, 30)
    seeds = np.arange(tune.FIRST_SEED, tune.FIRST_SEED + 30)
    lowest = marked_costs(InvestAtTrigger(**best), SCENARIO, seeds).mean()
    assert lowest <= min(marked_costs(InvestAtTrigger(k), SCENARIO, seeds).mean() for k in (0.5, 1.0, 5.0)) + 1e-9


def test_every_parameter_has_a_grid():
    grids = {kind.name: tuple(grid | tune.LINKED.get(kind, {})) for kind, grid in tune.GRIDS.items()}
    searched = {LeverRule.name: tuple(SEARCH), ThresholdRule.name: tuple(START)}
    assert grids | searched == tuned.RULE_PARAMETERS and set(grids) <= set(RULES)


def test_seeds_are_training_seeds():
    assert tune.FIRST_SEED + 3 * 100_000 < 1_000_000


@pytest.fixture
def file(monkeypatch, tmp_path):
    monkeypatch.setattr(tuned, "TUNED", tmp_path / "tuned.yaml")
    return tmp_path / "tuned.yaml"


def rule(a):
    return {"tuned_rule": {"a": a}}


def test_the_file_keeps_other_scenarios(file):
    kets, tps = load_scenario("kets"), load_scenario("tps")
    for scenario, values in ((kets, rule(0.1)), (tps, rule(0.2)), (kets, rule(0.3))):
        assert tune.record(scenario, values) == scenario.name
    assert YAML(typ="safe").load(file) == {
        "kets": {"digest": kets.digest, **rule(0.3)},
        "tps": {"digest": tps.digest, **rule(0.2)},
    }


def test_a_copy_that_kept_the_name_leaves_the_shipped_ones_parameters(file):
    kets, copy = load_scenario("kets"), load_scenario("kets", {"market.volatility": 0.5})
    for first, second in ((kets, copy), (copy, kets)):
        file.unlink(missing_ok=True)
        keys = {tune.record(first, rule(0.1)), tune.record(second, rule(0.2))}
        assert keys == {"kets", f"kets@{copy.digest[:8]}"}
        assert tuned.look_up(first) == ({"digest": first.digest, **rule(0.1)}, True)
        assert tuned.look_up(second) == ({"digest": second.digest, **rule(0.2)}, True)


def test_a_shipped_scenario_that_changed_takes_its_own_place(file):
    file.write_text("kets:\n  digest: 0123456789abcdef\n  tuned_rule: {a: 0.1}\n")
    assert tuned.look_up(load_scenario("kets")) == ({"digest": "0123456789abcdef", **rule(0.1)}, False)
    assert tune.record(load_scenario("kets"), rule(0.2)) == "kets"
    assert list(YAML(typ="safe").load(file)) == ["kets"]


@pytest.mark.parametrize(
    "text",
    [
        "kets: [",
        "\x00",
        "- kets",
        "kets: 5",
        "a: 1\na: 2\n",
        "kets: {tuned_rule: 5}",
        "kets: {tuned_rule: {a: x}}",
        "kets: {tuned_rule: {zz: 1}}",
        "a: {tuned_rule: {a: .nan}}",
        "a: {invest_at_trigger: {kappa: true}}",
    ],
)
def test_a_damaged_file_is_one_line_and_stays(text, file, capsys, monkeypatch):
    file.write_text(text)
    with pytest.warns(UserWarning, match=r"tuned_rule runs with its defaults: .*tuned.yaml: is damaged"):
        assert tuned_parameters("tuned_rule", load_scenario("kets")) == {}
    monkeypatch.setattr(tune, "tune_all", lambda scenario, episodes: rule(0.1))
    assert tune.main(["env=kets"]) == 1
    assert capsys.readouterr().err.count("\n") == 1 and file.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env=kest"], "did you mean 'kets'"),
        (["episodes=3", "env=kets"], "allowed: 10 to 100000"),
        (["episodes=many", "env=kets"], "many"),
        (["market=kets"], "which scenario"),
        (["kets", "tps"], "one scenario at a time"),
        (["kets", "regime.banking.*.limt=none"], "override regime.banking.*.limt: "),
        ([], "which scenario"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert tune.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


RECORD = """
import sys
from pathlib import Path
from nea_env import load_scenario
from nea_env.policies import tune, tuned
tuned.TUNED = Path(sys.argv[1])
for k in range(8):
    scenario = load_scenario("kets", {"market.price": float(sys.argv[2]) + k})
    tune.record(scenario, {"tuned_rule": {"a": 0.1}})
"""


def test_processes_that_record_at_once_lose_nothing(tmp_path):
    path = tmp_path / "tuned.yaml"
    running = [subprocess.Popen([sys.executable, "-c", RECORD, str(path), price]) for price in ("1000", "2000")]
    assert [process.wait() for process in running] == [0, 0]
    assert len(YAML(typ="safe").load(path)) == 16
