"""The table of an evaluation, beside what the play loop itself says."""

import importlib.util
import json

import numpy as np
import pytest

import nea_env
from nea_env.library import load_scenario
from nea_env.policies import tuned_here
from nea_env.policies.by_name import opponents, told
from nea_env.policies.play import costs
from nea_env.policies.rules import DoNothing, JustInTime


def idle(observation):
    return np.zeros(8)


@pytest.fixture(scope="module")
def result():
    return nea_env.evaluate(idle, "kets_phase2", episodes=12, opponents=["just_in_time", "lever_rule"], progress=False)


def test_it_plays_the_held_out_seeds(result):
    seeds = np.arange(1_000_000, 1_000_012)
    assert np.array_equal(result.outcomes["idle"].cost_pct, costs(DoNothing(), result.scenario, seeds))
    difference = result.outcomes["idle"].cost_pct - costs(JustInTime(), result.scenario, seeds)
    assert result.policies["idle"]["vs_just_in_time"]["mean"] == pytest.approx(difference.mean())
    assert list(result.outcomes) == ["just_in_time", "lever_rule", "idle"]


def test_the_table_tells_what_was_played(result):
    text = str(result)
    assert repr(result) == text and "12 episodes, seeds 1000000 to 1000011" in text and "(kets_phase2)" in text
    assert "vs lever rule" in text and "idle: a function of yours" in text
    assert "lever_rule: the best of a family" in text and "tuned for this very scenario, as shipped" in text
    row = next(line for line in text.splitlines() if line.startswith("idle "))
    assert f"{result.policies['idle']['cost_pct']['mean']:.2f} [" in row
    page = result._repr_html_()
    assert "<td>idle</td>" in page and page.count("<tr>") == 4


def test_exports(result):
    assert json.loads(result.to_json()) == result.to_dict()
    assert result.to_dict()["policies"]["idle"]["by_year"]["years"] == ["2018", "2019", "2020"]
    latex = result.to_latex()
    assert r"just\_in\_time" in latex and latex.count(r"\\") == 4 and r"\begin{tabular}{lrrrrrrrr}" in latex
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(ImportError, match="pip install pandas"):
            result.to_pandas()
    else:
        assert result.to_pandas().loc["idle", "cost_pct"] == result.policies["idle"]["cost_pct"]["mean"]


def test_rules_of_a_changed_scenario_are_tuned_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(tuned_here, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(tuned_here, "EPISODES", 4)
    changed = load_scenario("kets_phase2", {"market.price": 12_345})
    rule = opponents(["lever_rule"], changed)["lever_rule"]
    assert [path.name for path in (tmp_path / "tuned").iterdir()] == [f"{changed.digest}_lever_rule.json"]
    assert told("lever_rule", changed).endswith("tuned for this very scenario, now, on training seeds")
    monkeypatch.setattr(tuned_here, "best_parameters", None)  # must not be asked again
    assert opponents(["lever_rule"], changed)["lever_rule"].parameters == rule.parameters


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"episodes": 1}, "episodes is 1: expected a whole number of at least 2"),
        ({"seed": 5}, "seed is 5: expected a whole number from 1000000 to below"),
        ({"opponents": ["lever"]}, "did you mean 'lever_rule'"),
        ({"scenario": "kest"}, "did you mean 'kets'"),
        ({"overrides": ["market.prise=3"]}, "market.prise"),
    ],
)
def test_mistakes_are_told(asked, message):
    with pytest.raises(ValueError, match=message):
        nea_env.evaluate(idle, **{"scenario": "kets_phase2", "progress": False, **asked})


def evaluated(policy, **asked):
    return nea_env.evaluate(policy, "kets_phase2", **{"episodes": 2, "progress": False, **asked})


def test_a_rules_name_belongs_to_the_rule():
    mine = {"tuned_rule": idle, "tuned_rule (yours)": idle, "just_in_time": idle}
    result = evaluated(mine, opponents="just_in_time")
    assert list(result.policies) == [
        "just_in_time",
        "tuned_rule (yours 2)",
        "tuned_rule (yours)",
        "just_in_time (yours)",
    ]
    assert all("vs_tuned_rule" not in row for row in result.policies.values())
    assert list(evaluated("just_in_time", opponents=[]).policies) == ["just_in_time"]
    assert list(evaluated(JustInTime(), opponents=[]).policies) == ["just_in_time (yours)"]


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ("market.volatility=0.3", "market.volatility=0.3"),
        ("market.volatility=0.3 firm.scale=2", "market.volatility=0.3 firm.scale=2"),
        (["market.volatility=0.3"], "market.volatility=0.3"),
        ({"market.volatility": 0.3}, "market.volatility=0.3"),
    ],
)
def test_changes_in_a_text(overrides, changes):
    result = evaluated(idle, opponents=[], overrides=overrides)
    assert result.target == f"kets_phase2 {changes}" and result.scenario.market.volatility == 0.3
    rollout = nea_env.rollout(idle, "kets_phase2", overrides=overrides)
    assert " ".join(rollout.overrides) == changes and rollout.scenario.digest == result.scenario.digest


def test_a_text_with_blanks_is_one_change():
    assert load_scenario("kets_phase2", "title=Phase two").title == "Phase two"


@pytest.mark.parametrize(
    ("policy", "asked", "message"),
    [
        ({}, {"opponents": []}, "^policy: none is given and no opponent plays: expected at least one policy$"),
        ({1: idle}, {}, "^policy: 1 is the key of one: expected its name, a text$"),
        (idle, {"opponents": "just_in_tim"}, "^opponents: no rule is called 'just_in_tim'; did you mean"),
        (
            idle,
            {"seed": 2**63},
            r"^seed is 9223372036854775808: expected a whole number from 1000000 to below 2\*\*63$",
        ),
        (idle, {"seed": 2**63 - 1}, r"^seed \+ episodes - 1 is 9223372036854775808: expected a whole number from"),
    ],
)
def test_what_can_not_be_scored(policy, asked, message):
    with pytest.raises(ValueError, match=message):
        evaluated(policy, **asked)


def test_the_last_seeds_there_are():
    assert evaluated(idle, opponents=[], seed=2**63 - 2).first_seed == 2**63 - 2


def test_a_loaded_scenarios_own_changes_are_told():
    calm = load_scenario("kets", {"market.volatility": 0.05})
    found = nea_env.evaluate(
        "just_in_time", calm, episodes=2, opponents=[], overrides=["market.price=9000"], progress=False
    )
    assert found.target == "kets market.volatility=0.05 market.price=9000"
