"""An agent is not trained on one known path of prices unless someone says so."""

from __future__ import annotations

import pytest

from agents.refusal import SettingsError
from agents.scenario_choice import register, with_absolute_paths
from agents.settings import check
from nea_env.library import load_scenario
from tests.train.command import ROOT
from tests.train.test_quick_refusals import told

REPLAY = "scenario.market.law=replay"


def test_training_on_a_path_on_record_is_refused_in_one_line(tmp_path):
    out, line = told(REPLAY, cwd=tmp_path)
    assert out == "2 False False"
    assert line.startswith("train.py: scenario.market.law: replay: every episode has the same prices")
    assert line.endswith("allowed: another process, or replay_in_training=true")


def tree(**changes):
    """Plain settings, as Hydra composes them."""
    scenario = load_scenario("kets", {"market.law": "replay"}).model_dump(mode="json")
    return {
        "seed": 0,
        "total_steps": 1_000,
        "env": {"id": "nea/KETS-v0", "discrete_id": "nea/KETSDiscrete-v0"},
        "algo": {"name": "ppo", "num_envs": 4, "total_steps": 1_000},
        "evaluation": {"episodes": 10, "seed": 1_000_000, "policies": []},
        "checkpoint": {"every": 1_000},
        "scenario": scenario,
    } | changes


def test_whoever_says_so_may():
    with pytest.raises(SettingsError, match="every episode has the same prices"):
        check(tree())
    assert check(tree(replay_in_training=True)).scenario.market.law == "replay"
    with pytest.raises(SettingsError, match="replay_in_training: 1, allowed: true or false"):
        check(tree(replay_in_training=1))


def test_a_file_of_prices_means_the_same_in_every_working_directory(monkeypatch):
    monkeypatch.chdir(ROOT)
    key = "scenario.market.replay.csv="
    assert with_absolute_paths([f"{key}mine.csv", "seed=1"]) == [f"{key}{ROOT / 'mine.csv'}", "seed=1"]


def test_a_file_of_prices_may_lie_below_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/someone")
    key = "scenario.market.replay.csv="
    for given in (f"{key}~/mine.csv", f"{key}'~/mine.csv'"):
        assert with_absolute_paths([given]) == register([given]) == [f"{key}/someone/mine.csv"]
