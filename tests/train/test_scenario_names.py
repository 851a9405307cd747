"""Scenario files by any name: none meets Hydra's grammar, each keeps its own in results and folders."""

import json
import re

import pytest
import yaml

from agents.command_line import CommandLine, compose_settings
from tests.train.command import FILE, SMALL, ended, run

NAMES = ["한국.yaml", "2.yaml", "a,b.yaml", "with space.yml", "key=value.yaml", "[1](2){3}.yaml", "UPPER.YAML",
         "'quoted'.yaml", "$x ${y}.yaml", "~+@.yaml"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_will_do(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(f"name: mine\n{FILE}", encoding="utf-8")
    settings = compose_settings([f"scenario={name}", "scenario.market.volatility=0.25"])
    assert settings.scenario.name == "mine" and settings.scenario.market.volatility == 0.25


def test_a_run_of_a_file_goes_under_its_own_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    title = "Steel [/t of steel] ${oc.env:HOME} ${"
    (tmp_path / "a,b.yaml").write_text(f"name: '한국/../x y'\ntitle: '{title}'\n{FILE.partition(chr(10))[2]}", "utf-8")
    run(monkeypatch, *SMALL, "scenario=a,b.yaml")
    (folder,) = (path for day in (tmp_path / "runs").iterdir() for path in day.iterdir())
    assert re.search(r"_한국_.._x_y_[0-9a-f]{8}_ppo_seed0$", folder.name)
    assert json.loads((folder / "evaluation.json").read_text())["scenario"] == "한국/../x y"
    assert yaml.safe_load((folder / "config.yaml").read_text("utf-8"))["scenario"]["title"] == title
    run(monkeypatch, f"resume={folder}")


def test_a_sweep_takes_names_and_files_alike(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "2"):
        (tmp_path / f"{name},x.yaml").write_text(f"name: '{name}'\n{FILE}")
    run(monkeypatch, "-m", *SMALL, "scenario=kets_phase2,one,x.yaml,2,x.yaml", "hydra.sweep.dir=sweep")
    folders = sorted(path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir())
    assert folders == ["0_kets_phase2_ppo_seed0", "1_one_ppo_seed0", "2_2_ppo_seed0"]
    found = [json.loads((tmp_path / "sweep" / name / "evaluation.json").read_text())["scenario"] for name in folders]
    assert found == ["kets_phase2", "one", "2"]


def test_a_sweep_takes_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = CommandLine(["-m", "scenario=glob(kets_phase*)", "hydra.sweep.dir=sweep"])
    assert line.prepare() == ["-m", "scenario=glob(kets_phase*)", f"hydra.sweep.dir='{tmp_path / 'sweep'}'"]


@pytest.mark.parametrize(
    ("value", "word"),
    [("nowhere/한국.yaml", "there is no such file"), ("x" * 5000 + ".yaml", "cannot be read"), ("a.json", "a.json"),
     ("bad.yaml", "bad.yaml"), ("folder.yaml", "folder.yaml")],
)  # fmt: skip
def test_a_file_that_is_no_scenario_is_one_line(value, word, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("name: mine\nname: twice\n")
    (tmp_path / "folder.yaml").mkdir()
    assert word in ended(monkeypatch, capsys, f"scenario={value}")
    assert word in ended(monkeypatch, capsys, "-m", f"scenario=kets,{value}")
    assert {path.name for path in tmp_path.iterdir()} == {"bad.yaml", "folder.yaml"}


def test_changes_go_as_deep_as_the_scenario_does():
    scenario = compose_settings(
        ["scenario=kets", "scenario.links=[kets_tps]", "scenario.market={volatility: 0.3, price: 9}"]
    ).scenario
    assert len(scenario.links) == 1 and (scenario.market.volatility, scenario.market.price) == (0.3, 9)
    linked = compose_settings(["env=linked_kets", "scenario.links.0.quota=0.125"]).scenario
    assert linked.links[0].quota == 0.125
