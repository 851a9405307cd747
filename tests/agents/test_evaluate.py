import json

import numpy as np
import pytest
from rich.console import Console
from sb3_contrib import MaskablePPO
from stable_baselines3 import DQN

from agents import evaluate
from agents.figures import fans, learning_curve
from agents.sb3 import make_vec_env
from nea_env.core.layout import FLOWS
from nea_env.library import load_scenario
from nea_env.policies.play import play
from nea_env.policies.rules import DoNothing, JustInTime, TunedRule

SCENARIO = load_scenario("kets_phase2")
SEEDS = np.arange(1_000_000, 1_000_040)


@pytest.fixture(scope="module")
def outcomes():
    policies = {"do_nothing": DoNothing(), "just_in_time": JustInTime(), "tuned_rule": TunedRule(0.3, 0.2, 0.9)}
    return evaluate.outcomes_of(policies, SCENARIO, SEEDS, chunk=16)


def test_chunks_do_not_matter(outcomes):
    whole = evaluate.outcomes_of({"just_in_time": JustInTime()}, SCENARIO, SEEDS)["just_in_time"]
    assert np.array_equal(whole.cost_pct, outcomes["just_in_time"].cost_pct)
    assert np.array_equal(whole.bank_t, outcomes["just_in_time"].bank_t)


def test_summary_compares_the_same_episodes(outcomes):
    summary = evaluate.summarise(outcomes)
    assert summary["just_in_time"]["vs_just_in_time"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    difference = outcomes["do_nothing"].cost_pct - outcomes["just_in_time"].cost_pct
    got = summary["do_nothing"]["vs_just_in_time"]
    assert got["mean"] == pytest.approx(difference.mean())
    assert got["high"] - got["mean"] == pytest.approx(1.96 * difference.std(ddof=1) / 40**0.5, rel=1e-3)
    assert summary["just_in_time"]["compliance_rate"] == 1.0 and summary["just_in_time"]["shortfall_t"] == 0.0
    assert summary["do_nothing"]["compliance_rate"] < 1.0 and summary["do_nothing"]["shortfall_t"] > 0.0
    assert summary["tuned_rule"]["used_share"]["invest"] > 0.0 == summary["just_in_time"]["used_share"]["invest"]
    json.dumps(summary, allow_nan=False)


def test_totals_are_known_flows():
    names = {field.name for field in FLOWS}
    assert {*evaluate.TOTALS, *evaluate.USED.values()} <= names


def test_models_of_the_discrete_ids_play_the_menu():
    env = make_vec_env("nea/KETSDiscrete-v0", 2, seed=0, scenario=SCENARIO)
    for kind in (DQN, MaskablePPO):
        outcome = play(kind("MlpPolicy", env, seed=0), SCENARIO, SEEDS[:5])
        assert np.isfinite(outcome.cost_pct).all()


def test_training_seeds_are_refused():
    assert list(evaluate.evaluation_seeds(1_000_000, 3)) == [1_000_000, 1_000_001, 1_000_002]
    with pytest.raises(ValueError, match="1000000 or more"):
        evaluate.evaluation_seeds(999_999, 10)
    with pytest.raises(ValueError, match="2 or more"):
        evaluate.evaluation_seeds(1_000_000, 1)


def test_file_and_table(outcomes, tmp_path):
    summary = evaluate.summarise(outcomes)
    evaluate.write(tmp_path / "evaluation.json", summary, episodes=40)
    read = json.loads((tmp_path / "evaluation.json").read_text())
    assert read["episodes"] == 40 and read["policies"] == summary
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]
    console = Console(record=True, width=150)
    console.print(evaluate.table(summary, "Phase II"))
    text = console.export_text()
    assert "do_nothing" in text and f"{summary['do_nothing']['cost_pct']['mean']:.2f}" in text


@pytest.mark.parametrize(
    ("steps", "unit", "right"), [((50_000, 65_000), "thousand", 65.0), ((500_000, 4_000_000), "million", 4.0)]
)
def test_a_short_learning_curve_has_a_readable_axis(steps, unit, right, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("agents.figures._save", lambda figure, path: drawn.append(figure.axes[0]))
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("step,rollout/cost_pct\n" + "".join(f"{step},5.0\n" for step in steps))
    summary = {"ppo": {"cost_pct": {"mean": 4.0}}}
    assert learning_curve(metrics, summary, "ppo", tmp_path / "curve.png", "Phase II, market.price=9")
    (axis,) = drawn
    assert axis.get_xlabel() == f"training steps played ({unit})"
    assert axis.get_xlim()[0] == 0.0 and right <= axis.get_xlim()[1] < 1.1 * right
    assert axis.get_title() == "Phase II, market.price=9"
    assert axis.get_lines()[0].get_marker() == "o"  # two points are seen as two


def test_pictures(outcomes, tmp_path):
    fans(outcomes, SCENARIO, tmp_path / "figures" / "fans.png")
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("step,rollout/cost_pct\n100,\n200,5.5\n300,4.0\n")
    summary = {**evaluate.summarise(outcomes), "ppo": {"cost_pct": {"mean": 3.5}}}
    assert learning_curve(metrics, summary, "ppo", tmp_path / "figures" / "learning_curve.png")
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "figures").iterdir()}
    assert set(sizes) == {"fans.png", "learning_curve.png"} and min(sizes.values()) > 10_000
    metrics.write_text("step,rollout/cost_pct\n")
    assert not learning_curve(metrics, summary, "ppo", tmp_path / "none.png")
