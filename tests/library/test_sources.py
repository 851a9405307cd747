"""Every number that ships says where it comes from, and technologies are real decisions."""

from __future__ import annotations

import math
import re
from importlib.resources import files

import pytest
from ruamel.yaml import YAML

from nea_env.library import load_scenario, names, provenance, scenarios, unsourced
from nea_env.library.catalogue import KINDS, document
from nea_env.library.reader import leaves, needs_source
from nea_env.scenario import months_between

SHIPPED = [(kind, name) for kind in KINDS for name in names(kind)]


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_number_has_a_source_or_a_stated_assumption(kind, name):
    assert unsourced(kind, name) == []


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_file_that_says_nothing_of_its_numbers_is_caught(kind, name, tmp_path):
    file = document(kind, name)
    numbers = [path for path, value in leaves(file.values) if needs_source(value)]
    bare = tmp_path / f"{name}.yaml"
    YAML(typ="safe", pure=True).dump(file.values, bare)
    assert sorted(unsourced(kind, bare)) == sorted(numbers)
    assert numbers or kind == "credit"


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_assumed_and_derived_numbers_say_why(kind, name):
    for path, found in provenance(kind, name).items():
        assert found.status == "sourced" or found.note, path
        assert found.status == "assumed" or found.source, path


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_citation_is_used(kind, name):
    text = files("nea_env.library").joinpath(f"{kind}s/{name}.yaml").read_text(encoding="utf-8")
    block = re.search(r"^sources:\n((?:  .*\n|\n)*)", text, re.MULTILINE)
    for key in re.findall(r"^  (\w+):", block[1] if block else "", re.MULTILINE):
        assert re.search(rf"source: (\[[^\]]*\b{key}\b|{key}\b)", text), key


@pytest.mark.parametrize("name", names("firm"))
def test_the_levelised_cost_in_a_note_is_that_of_the_numbers(name):
    played = [load_scenario(s) for s in scenarios() if load_scenario(s).firm.name == name and not own_costs(s)]
    scenario = min(played, key=lambda one: len(one.links))  # a link may start years later, at another price
    for index, tech in enumerate(scenario.firm.technologies):
        note = provenance("firm", name)[f"technologies.{index}.capex"].note
        stated, share = re.match(r"levelised ([\d.,]+) \w+/t, ([\d.]+) of", note).groups()
        cost = levelised(tech, scenario.market.discount_rate)
        assert float(stated.replace(",", "")) == pytest.approx(cost, rel=0.005)
        assert float(share) == pytest.approx(cost / scenario.market.price, abs=0.01)


def own_costs(scenario):
    """Whether a scenario overrides the costs in its firm's file."""
    return "technologies" in document("scenario", scenario).values.get("overrides", {}).get("firm", {})


@pytest.mark.parametrize("name", scenarios())
def test_technologies_are_decisions_and_sorted(name):
    scenario = load_scenario(name)
    costs = [levelised(tech, scenario.market.discount_rate) for tech in scenario.firm.technologies]
    assert costs == sorted(costs)
    if scenario.menu:  # the exact track: one lump in a few years, which is a decision as docs/exact.md shows
        return
    assert all(0.6 <= cost / scenario.market.price <= 2.5 for cost in costs)
    for tech in scenario.firm.technologies:  # a contract with a supplier can reach four fifths of the power bought
        most = 0.8 * scenario.power_share if tech.name == "low_carbon_supplier" else 0.12
        assert tech.potential_share <= most


def levelised(tech, rate):
    """Money per tonne: the annuity of capex and the running cost, less what the tonne earns."""
    earned = max(tech.income.values(), default=0.0)
    return tech.capex * rate / (1 - math.exp(-rate * tech.life_years)) + tech.opex - earned


@pytest.mark.parametrize("name", scenarios())
def test_volatility_stays_moderate_over_long_horizons(name):
    scenario = load_scenario(name)
    opens = max(scenario.start, scenario.regime.market_opens or scenario.end)  # before it no price moves
    years = months_between(opens, scenario.end) / 12
    assert years <= 7 or scenario.market.volatility <= 0.30  # the pilots from their opening to 2020
