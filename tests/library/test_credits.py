"""Credit types: a file of their own, and which regimes accept them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nea_env.library import ScenarioError, accepts, load_credit, load_regime, names, provenance, unsourced
from nea_env.library.credits import offered
from nea_env.scenario import OffsetRule
from tests.core.scenarios import regime

CREDIT = """name: peat
title: Peatland credits
country: Freedonia
currency: FRD

sources: {registry: "Registry of Freedonia, yearbook 2024, table 3"}

since: {value: 2019, source: registry}
prices:
  source: registry
  2023: 41.5
  2024: {value: 43, status: assumed, note: half a year only}
offered_as: [peat, peat_export]
"""


@pytest.fixture
def write(tmp_path: Path):
    def file(text: str) -> Path:
        path = tmp_path / "peat.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return file


def test_a_credit_has_prices_by_year_and_names_it_is_offered_as(write):
    credit = load_credit(write(CREDIT))
    assert (credit.name, credit.country, credit.currency, credit.since) == ("peat", "Freedonia", "FRD", "2019")
    assert credit.prices == {"2023": 41.5, "2024": 43}
    assert credit.offered_as == ("peat", "peat_export")


def test_a_credits_numbers_carry_their_source(write):
    path = write(CREDIT)
    found = provenance("credit", path)
    assert found["prices.2023"].source == "Registry of Freedonia, yearbook 2024, table 3"
    assert found["prices.2024"].status == "assumed"
    assert unsourced("credit", path) == []
    assert unsourced("credit", write(CREDIT.replace("  source: registry\n", ""))) == ["prices.2023"]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("country:", "contry:", ["peat.yaml line 3", "contry: unknown key", "did you mean 'country'?"]),
        ("2023: 41.5", "2023: -1", ["line 11", "prices.2023: -1", "greater than 0"]),
        ("title: Peatland credits\n", "", ["title: missing"]),
    ],
)
def test_bad_credits_get_one_clear_line(write, old, new, parts):
    with pytest.raises(ScenarioError) as caught:
        load_credit(write(CREDIT.replace(old, new)))
    for part in parts:
        assert part in str(caught.value)


def test_an_unknown_credit_lists_what_ships():
    with pytest.raises(ScenarioError, match="credit: 'gold' does not ship"):
        load_credit("gold")
    with pytest.raises(ScenarioError, match=r"regime: 'kest' does not ship; did you mean 'kets'\?"):
        load_regime("kest")


def test_acceptance_is_listed_year_by_year_with_limit_base_and_multiplier():
    types = {
        "peat": OffsetRule(limit_share=0.1, limit_base="duty", multiplier=1.5),
        "sun": OffsetRule(limit_share=0.0, limit_base="none"),
    }
    found = accepts(regime(2020, 2021, offsets=types))
    assert [(row.period, row.type, row.limit_share, row.limit_base, row.multiplier) for row in found] == [
        ("2020", "peat", 0.1, "duty", 1.5),
        ("2020", "sun", 0.0, "none", 1.0),
        ("2021", "peat", 0.1, "duty", 1.5),
        ("2021", "sun", 0.0, "none", 1.0),
    ]


def test_korea_accepts_its_own_credits_up_to_a_tenth_then_a_twentieth():
    limits = {row.period: (row.limit_share, row.limit_base) for row in accepts("kets") if row.type == "kcu"}
    assert limits["2015"] == limits["2020"] == (0.10, "duty")
    assert limits["2021"] == limits["2025"] == (0.05, "duty")


@pytest.mark.parametrize("name", names("credit"))
def test_shipped_credits_are_found_by_what_they_are_offered_as(name):
    credit = load_credit(name)
    assert credit.name == name
    assert all(name in offered()[kind] for kind in credit.offered_as)
