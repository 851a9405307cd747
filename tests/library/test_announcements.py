"""Announcements in a scenario's file and in overrides: mistakes are named where they were written, and all is shown."""

from __future__ import annotations

import re

import pytest

from nea_env.library import ScenarioError, load_scenario
from nea_env.library.__main__ import main

HEAD = """\
name: mine
title: Mine
start: 2015-01
first: 2015
last: 2025
regime: kets
firm: kets_generator
"""
OVERRIDDEN = (
    HEAD
    + """\
market: kau
overrides:
  market:
    law: equilibrium
    beliefs:
      announcements:
        - month: 2017-04
          laws:
            - {chance: 0, played: 1}
            - chance: 1
              played: 0
              overrides:
                regime.banking.2017.limit: unlimited
                market.aggregate.allocation: {2017: 0.9, 2018: 0.8}
"""
)
NESTED = (
    HEAD
    + """\
market:
  name: mine
  title: Mine
  currency: KRW
  price: 10000
  discount_rate: 0.03
  volatility: 0.3
  law: equilibrium
  aggregate: {emissions: 5e8, abatement: {scale: 55200, steepness: 10, max_share: 0.3}, unit_class: ""}
  beliefs:
    announcements:
      - month: 2017-04
        laws:
          - {chance: 0, played: 1}
          - chance: 1
            played: 0
            overrides:
              regime.banking.2017.limit: unlimited
"""
)
FILES = {"overrides.market": OVERRIDDEN, "market": NESTED}
MISTAKES = [
    ("chance: 1\n", "chance: 1.5\n", "announcements.0.laws.1.chance: 1.5: input should be less"),
    ("- chance: 1\n", "- chanc: 1\n", "announcements.0.laws.1.chanc: unknown key; did you mean 'chance'?"),
    ("- chance: 1\n", "- note: left out\n", "announcements.0.laws.1.chance: missing"),
    ("month: 2017-04", "month: 2017-4", "announcements.0.month: '2017-4' is not a month"),
    ("- {chance: 0, ", "- {chance: 0.5, ", "announcements.0: laws: chance of the laws of 2017-04 sums to 1.5"),
    ("regime.banking", "banking", "laws.1.overrides.banking.2017.limit: an announcement changes a rule of a period"),
    ("2017.limit", "2017.announced", "laws.1.overrides.regime.banking.2017.announced: a law is known in the month"),
]


def refusal(scenario, overrides=()):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, overrides)
    return str(caught.value)


@pytest.mark.parametrize("where", FILES)
@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES)
def test_a_mistake_in_a_scenarios_file_is_named_by_its_line(where, right, wrong, message, tmp_path):
    path, text = tmp_path / "mine.yaml", FILES[where]
    path.write_text(text)
    load_scenario(path)
    path.write_text(text.replace(right, wrong, 1))
    at = right if "sums to" not in message else "- month"  # what is wrong with all laws is that of the announcement
    line = text[: text.index(at)].count("\n") + 1
    told = refusal(path)
    assert told.startswith(f"{path} line {line}: {where}.beliefs."), told
    assert message in told


def test_a_mistake_in_another_list_of_an_override_is_named_by_its_line_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OVERRIDDEN[: OVERRIDDEN.index("    beliefs")] + "    bootstrap: {changes: [0.1, x, 0.1, 0.1]}\n")
    assert refusal(path).startswith(f"{path} line 12: overrides.market.bootstrap.changes.1: 'x': expected a number")


LISTED = "[{month: 2017-04, laws: [{chance: 0}, {chance: 1.5}]}]"


@pytest.mark.parametrize(
    "changes",
    [
        {"market.beliefs": {"announcements": [{"month": "2017-04", "laws": [{"chance": 0}, {"chance": 1.5}]}]}},
        [f"market.beliefs={{announcements: {LISTED}}}"],
        [f"market.beliefs.announcements={LISTED}"],
    ],
)
def test_a_mistake_in_overrides_names_the_override(changes):
    equilibrium = load_scenario("kets", ["market.law=equilibrium"])
    name = changes[0].partition("=")[0] if isinstance(changes, list) else "market.beliefs"
    told = refusal(equilibrium, changes)
    assert told.startswith(f"override {name}: market.beliefs.announcements.0.laws.1.chance: 1.5: input should be less")


@pytest.mark.parametrize("year", [(), ("--year", "2017"), ("--year", "2015")])
def test_what_an_announcement_changes_is_shown_with_its_whole_path(year, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "mine.yaml"
    path.write_text(OVERRIDDEN)
    assert main(["show", str(path), *year]) == 0
    shown = capsys.readouterr().out
    root = "market.beliefs.announcements.0.laws.1.overrides."
    for changed, value in (
        ("regime.banking.2017.limit", "unlimited"),
        ("market.aggregate.allocation.2017", "0.9"),
        ("market.aggregate.allocation.2018", "0.8"),
    ):
        assert re.search(rf" {re.escape(root + changed)} +{re.escape(value)}\b", shown), shown


def test_a_number_of_values_that_no_law_draws_is_refused():
    overrides = {"market.law": "equilibrium", "market.beliefs": {"outcomes": 3}}
    with pytest.raises(
        ScenarioError, match=r"market\.beliefs\.outcomes: 3 plays no part under policy\.mode: historical"
    ):
        load_scenario("kets", overrides)
    assert load_scenario("kets_randomised", overrides).market.beliefs.outcomes == 3
