"""Ranges of a firm and a market in Python, in a file and on the command line, as docs/draws.md shows them."""

from __future__ import annotations

import re
import shlex

import pytest
from hydra import compose

import nea_env
from agents import scenario_choice
from agents.command_line import composing, plain
from agents.settings import check
from nea_env.library.catalogue import ROOT as LIBRARY
from nea_env.library.entries import entries
from nea_env.library.reader import read
from tests.train.command import ROOT

PAGE = (ROOT / "docs/draws.md").read_text(encoding="utf-8")


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def from_command_line(arguments):
    """The scenario of a command line, composed and validated without a rehearsal."""
    with composing():
        return check(plain(compose("config", scenario_choice.register(arguments)))).scenario


@pytest.fixture(scope="module")
def played() -> dict:
    """What the page's Python has made, run from top to bottom."""
    names: dict = {}
    exec("\n".join(examples("python")), names)
    return names


def test_the_page_runs(played):
    seen = played["train"].drawn
    assert seen["firm.scale"] == (0.5, 2.0) and seen["market.volatility"] == (0.1, 0.4)
    assert list(played["test"].drawn) == ["firm.scale"]
    assert played["test"].digest != played["train"].digest
    assert played["firms"].unwrapped.drawn()["firm.scale"].min() > 2.0
    assert [list(played["envs"].unwrapped.scenario_of).count(k) for k in range(3)] == [100, 100, 100]


def test_the_command_line_and_a_file_say_the_same(tmp_path):
    program, script, *arguments = shlex.split(examples("bash")[0])
    assert (program, script) == ("python", "train.py")
    scenario = from_command_line(["scenario=kets", *arguments[1:]])
    assert scenario.drawn == {"firm.scale": (0.5, 2.0), "market.price": (6_000.0, 30_000.0)}
    nested = from_command_line(["scenario=kets", "scenario.firm.ranges.abatement.scale=[8000,30000]"])
    path = tmp_path / "mine.yaml"
    path.write_text((LIBRARY / "scenarios/kets.yaml").read_text(encoding="utf-8") + "\n" + examples("yaml")[0])
    assert nea_env.load_scenario(path).drawn == {"firm.scale": (0.5, 2.0), **nested.drawn}
    taken = nea_env.load_scenario(path, ["firm.ranges.scale=null"])
    assert taken.drawn == nested.drawn


def test_a_table_shows_what_is_drawn(tmp_path):
    path = tmp_path / "firm.yaml"
    ranges = "ranges: {status: assumed, scale: [0.5, 2.0], abatement: {scale: [8000, 30000]}}\n"
    path.write_text("name: mine\ntitle: Mine\n" + ranges, encoding="utf-8")
    shown = {entry.parameter: entry[3:5] for entry in entries(read(path)) if entry.rule == "ranges"}
    assert shown == {
        "scale": ("0.5 to 2, drawn each episode", "assumed"),
        "abatement.scale": ("8000 to 30,000, drawn each episode", "assumed"),
    }
