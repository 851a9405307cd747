"""Announcements in Python, in a scenario's file and on the command line, as docs/markets.md shows them."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from hydra import compose

import nea_env
from agents import scenario_choice
from agents.command_line import composing, plain
from agents.settings import check
from nea_env.library.catalogue import ROOT as LIBRARY
from tests.train.command import ROOT, ended

PAGE = (ROOT / "docs/markets.md").read_text(encoding="utf-8")
PART = PAGE[PAGE.index("**Announcements of your own**") : PAGE.index("**Settled with the announcement.**")]


def example(language):
    return re.search(rf"```{language}\n(.*?)```", PART, re.DOTALL)[1]


def from_command_line(arguments):
    """The scenario of a command line, composed and validated without a rehearsal."""
    with composing():
        return check(plain(compose("config", scenario_choice.register(arguments)))).scenario


def test_the_three_ways_on_the_page_make_the_same_scenario(tmp_path):
    names = {"nea_env": nea_env}
    exec(example("python"), names)
    path = tmp_path / "mine.yaml"
    path.write_text((LIBRARY / "scenarios/kets.yaml").read_text(encoding="utf-8") + "\n" + example("yaml"))
    program, script, *arguments = shlex.split(example("bash").replace("\\\n", " "))
    assert (program, script) == ("python", "train.py")
    scenario = names["scenario"]
    (announcement,) = scenario.market.beliefs.announcements
    assert announcement.month == "2017-04"
    assert [(law.chance, law.played, dict(law.overrides)) for law in announcement.laws] == [
        (0, 1, {}),
        (1, 0, {"regime.banking.2017.limit": "unlimited"}),
    ]
    assert nea_env.load_scenario(path) == scenario
    assert from_command_line(arguments) == scenario


@pytest.mark.parametrize("spaces", [None, (",", ":")])
def test_json_is_refused_with_what_to_write(spaces, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    changed = {"regime.banking.2017.limit": "unlimited", "market.aggregate.allocation": {"2018": 0.9}}
    beliefs = {"announcements": [{"month": "2017-04", "laws": [{"chance": 1, "overrides": changed}]}]}
    wrong = f"scenario.market.beliefs={json.dumps(beliefs, separators=spaces)}"
    line = ended(monkeypatch, capsys, "scenario.market.law=equilibrium", wrong)
    begins, _, advice = line.strip().partition("; write ")
    assert begins == "train.py: scenario.market.beliefs: keys in braces stand without quotes here, unlike in JSON"
    scenario = from_command_line(["scenario.market.law=equilibrium", *shlex.split(advice)])
    (law,) = scenario.market.beliefs.announcements[0].laws
    assert {path: dict(to) if isinstance(to, dict) else to for path, to in law.overrides.items()} == changed


def test_what_is_wrong_for_another_reason_is_not_taken_for_json(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "not an override; write key=value" in ended(monkeypatch, capsys, 'scenario.market.beliefs={"outcomes": [}')
