"""Offset credits: a few prices typed from their sources, and which laws know which credit."""

from __future__ import annotations

from collections import Counter

import pytest

from nea_env.library import accepts, load_credit, load_regime, names

OFFERED = Counter(kind for name in names("credit") for kind in load_credit(name).offered_as)


@pytest.mark.parametrize(
    ("name", "year", "price"),
    [
        ("ccer", "2021", 20),
        ("ccer", "2025", 70.76),
        ("kcu", "2015", 10_100),
        ("kcu", "2019", 39_500),
        ("kcu", "2016", 18_500),
        ("kcu", "2025", 11_850),
        ("i_kcu", "2024", (9_500 + 9_800) / 2),
        ("i_kcu", "2025", 9_800),
        ("ccer", "2015", 19),
        ("ccer", "2017", 8.10),
        ("phcer", "2019", 29.02),
        ("j_credit", "2022", 1_607),
        ("j_credit", "2023", 2_850),
        ("j_credit_renewable", "2022", 3_278),
        ("j_credit_renewable", "2023", 3_060),
        ("j_credit_forest", "2023", 9_900),
        ("tokyo_excess", "2011", 10_000),
        ("tokyo_excess", "2016", 1_500),
        ("tokyo_excess", "2024", 600),
        ("saitama_excess", "2024", 144),
    ],
)
def test_prices(name, year, price):
    assert load_credit(name).prices[year] == price


@pytest.mark.parametrize(
    ("name", "country", "currency"),
    [("ccer", "China", "CNY"), ("kcu", "Korea", "KRW"), ("jcm", "Japan", "JPY"), ("saitama_forest", "Japan", "JPY")],
)
def test_home(name, country, currency):
    credit = load_credit(name)
    assert (credit.country, credit.currency) == (country, currency)


@pytest.mark.parametrize(("name", "year"), [("j_credit", "2013"), ("jcm", "2013"), ("i_kcu", "2018"), ("kcu", "2015")])
def test_first_year(name, year):
    assert load_credit(name).since == year


@pytest.mark.parametrize("name", names("regime"))
def test_every_credit_a_law_names_is_one_shipped_file(name):
    kinds = {kind for types in load_regime(name).offsets.values() for kind in types}
    assert {kind: OFFERED[kind] for kind in kinds} == dict.fromkeys(kinds, 1)


def test_every_shipped_credit_is_known_to_some_law():
    known = {kind for name in names("regime") for types in load_regime(name).offsets.values() for kind in types}
    assert [kind for kind in OFFERED if kind not in known] == []


def test_credits_are_in_the_currency_of_the_laws_that_take_them():
    for name in names("regime"):
        for row in accepts(name):
            for credit in row.credits:
                assert load_credit(credit).currency == load_regime(name).currency


def test_tokyo_and_saitama_take_each_others_excess_reductions():
    tokyo = {row.type: row.credits for row in accepts("tokyo") if row.period == "2010"}
    saitama = {row.type: row.credits for row in accepts("saitama") if row.period == "2011"}
    assert tokyo["saitama"] == ("saitama_excess",)
    assert saitama["tokyo_excess"] == ("tokyo_excess",)


def test_renewable_credits_cover_both_classes_of_source():
    assert set(load_credit("tokyo_renewable").offered_as) == {"renewable", "renewable_plain"}
