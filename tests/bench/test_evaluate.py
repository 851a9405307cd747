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
        ({"seed": 5}, "seed is 5: expected a whole number of at least 1000000"),
        ({"opponents": ["lever"]}, "did you mean 'lever_rule'"),
        ({"scenario": "kest"}, "did you mean 'kets'"),
        ({"overrides": ["market.prise=3"]}, "market.prise"),
    ],
)
def test_mistakes_are_told(asked, message):
    with pytest.raises(ValueError, match=message):
        nea_env.evaluate(idle, **{"scenario": "kets_phase2", "progress": False, **asked})
