"""Printing a scenario: one screen, with the numbers of the law."""

from __future__ import annotations

import re

import pytest

import nea_env
from nea_env.scenario.summary import COLUMNS, LINES
from nea_env.scenario.words import NOTHING, Clause, by_years


@pytest.mark.parametrize("name", nea_env.scenarios())
def test_every_shipped_scenario_fits_on_a_screen(name):
    scenario = nea_env.load_scenario(name)
    lines = str(scenario).splitlines()
    assert len(lines) <= LINES == 24
    assert max(map(len, lines)) <= COLUMNS == 100
    assert repr(scenario) == str(scenario)
    assert lines[0].startswith(f"{name}: ")
    assert lines[-1] == f"  digest          {scenario.digest}"


def shown(name, **overrides):
    """The entries by their labels, each on one line."""
    text = str(nea_env.load_scenario(name, {key.replace("__", "."): value for key, value in overrides.items()}))
    joined = re.sub(r"\n {18}", " ", text)
    return {line[2:18].strip(): line[18:] for line in joined.splitlines()[1:]}


def test_korea_by_hand():
    lines = shown("kets")
    assert lines["system"] == "Korea Emissions Trading System, phases I-IV (kets), KRW, units trade from 2015-01"
    assert lines["played"] == "2015-01 to 2026-08, 140 months; 11 compliance periods, 2015-2025"
    assert lines["firm"].endswith("sector power, emits 1,000,000 t a year")
    assert lines["abatement"] == (
        "by operation up to 8 % of emissions; by investment turbine_upgrade 8 %, biomass_cofiring 10 %,"
        " gas_repowering 12 %"
    )
    assert "gbm from 10,506 KRW/t, volatility 30 %, discount 3 % a year, 0.9975 a month" in lines["market"]
    assert lines["carry-over"].startswith(
        "everything (2015-2016); freely up to 10 % of the mean allocation + 20,000 t (2017); net sales × 3 (2018);"
        " × 2 (2019); × 1 (2020); × 2 (2021-2022)"
    )
    assert lines["missing tonne"].startswith("3 × the mean price of 12 months, at most 100,000 KRW/t (2015-2024)")
    assert lines["links"] == "none"
    assert lines["law played"] == "as it was; 34 numbers have ranges that could be drawn"


def test_tokyo_by_hand():
    lines = shown("tokyo")
    assert lines["periods"] == (
        "5 years each, duty due after 18 months (2010-2014); 22 months (2015-2019); 18 months (2020-2024)"
    )
    assert lines["allocation"].endswith("less 8 % (2010-2014); 17 % (2015-2019); 27 % (2020-2024)")
    assert lines["carry-over"] == "into the next period only"
    assert lines["missing tonne"] == "1.3 × the price, 500,000 JPY once"
    assert "borrowing" not in lines and "auctions" not in lines


def test_only_what_is_in_force_is_listed():
    assert "holding limits" not in shown("kets")
    ruled = {"regime__holding__2018__active": True, "regime__holding__2018__max_share": 1.5}
    assert shown("kets_phase2", **ruled)["holding limits"].endswith(
        "at least 70 % and at most 150 % of the year's allocation (2018)"
    )


def test_links_and_drawn_laws_are_told():
    assert shown("linked_kets")["link"].startswith("kets_tps: type one_way, quota 5 % of the duty, imports only")
    assert shown("kets_randomised")["law played"] == "one of 64 drawn from the ranges of 34 numbers, seed 0"
    assert "from 12,345 KRW/t" in shown("kets", market__price=12345)["market"]


def test_what_was_changed_is_told_first():
    told = shown("tokyo", regime__banking="saitama.banking", market__volatility=0.2)
    assert next(iter(told)) == "changed"
    assert told["changed"] == "regime.banking=saitama.banking, market.volatility=0.2"
    assert "changed" not in shown("tokyo")


def test_words_from_a_file_cannot_act_on_the_terminal():
    scenario = nea_env.load_scenario("tokyo").model_copy(update={"title": "a\x1b[31mb\nc " + "long " * 100})
    lines = str(scenario).splitlines()
    assert lines[0].startswith("tokyo: a [31mb c long")
    assert "\x1b" not in str(scenario)
    assert len(lines) <= LINES


def test_neighbouring_periods_share_words_and_years():
    clauses = [(("2010", "2014"), Clause("up to", "1")), (("2015", "2019"), Clause("up to", "1"))]
    assert by_years(clauses) == "up to 1"
    clauses += [(("2020", "2020"), Clause("up to", "2")), (("2021", "2021"), NOTHING)]
    assert by_years(clauses) == "up to 1 (2010-2019); 2 (2020); none (2021)"
    assert by_years(clauses, skip=NOTHING) == "up to 1 (2010-2019); 2 (2020)"
