"""The record of what was seen: figures typed in by hand from their sources, and mistakes in the file."""

from __future__ import annotations

import pytest

from nea_env.library import record, scenarios
from nea_env.library.record import seen
from nea_env.scenario import ScenarioError

TABLES = {table.name: table for table in seen()}
SEEN = {
    # ICAP, means of the year's closes of the front vintage
    "kets": [10506, 17217, 21416, 22727, 29822, 30164, 23004, 23755, 11407, 9481, 9394],
    "kets_bank": [13.6],  # Mt of the 15.5 Mt left over at 283 of 522 firms
    "kets_april_2017": [-21.5],
    "kets_autumn_2017": [34.6],
    "tps": [42.85, 55.30, 68.15, 95.96, 62.36],  # 2021-25
    # the mean of the compliance year 2013, then means of the daily closes of 2014-19
    "pilot_guangdong": [62.32, 50.73, 19.11, 12.71, 14.17, 14.86, 23.19],
    "pilot_hubei": [23.95, 24.50, 18.16, 15.29, 21.56, 32.29],
    # means of the compliance years 2013 and 2014; USD of 1 September 2017 at 6.569 CNY
    "pilot_beijing": [53.01, 53.19, 7.59 * 6.569],
    "pilot_shanghai": [36.13, 31.56, 4.69 * 6.569],
    "pilot_shenzhen": [67.67, 44.96, 5.50 * 6.569],
    "pilot_tianjin": [31.28, 23.75, 1.27 * 6.569],
    "pilot_chongqing": [4_457_500 / 145_000, 0.23 * 6.569],
    "tokyo": [10_000, 1_500, 600],  # surveys of 2011 and 2016, mean of 2024
    "saitama": [144],
}


@pytest.mark.parametrize("name", SEEN)
def test_what_was_seen(name):
    assert [figure.value for figure in TABLES[name].figures] == pytest.approx(SEEN[name], rel=2e-3)


def test_changes_of_2017_are_those_of_the_closes():
    assert TABLES["kets_april_2017"].figures[0].value == pytest.approx(100 * (20_800 / 26_500 - 1), abs=0.05)
    assert TABLES["kets_autumn_2017"].figures[0].value == pytest.approx(100 * (28_000 / 20_800 - 1), abs=0.05)
    # 538.46 Mt, of 545 Mt and the law's factor for 2018
    law = TABLES["kets_autumn_2017"].after
    assert law["market.aggregate.allocation.2018"] == pytest.approx(538.46 / 545 / 0.9507, abs=5e-5)


def told(name):
    """What the law that came changes, by the month in which a table has it announced."""
    announcements = TABLES[name].overrides["market.beliefs.announcements"]
    return {
        each["month"]: next(law for law in each["laws"] if law["played"]).get("overrides", {}) for each in announcements
    }


def test_korea_is_told_of_each_phase_and_limit_when_it_was_announced():
    # package of 5 April 2017; plan of 11 July 2018; limits of 5 June 2019; plan of September 2020
    news, free = told("kets_told"), TABLES["kets_told"].overrides
    assert list(news) == ["2017-04", "2018-07", "2019-06", "2020-09"]
    factors = {2018: 0.9507, 2019: 0.9580, 2020: 0.8887, 2021: 0.953, 2025: 0.9171, 2026: 0.8780, 2030: 0.8370}
    expected = {"2015-01": 585.5, "2018-07": 545.1, "2020-09": 567.1}  # caps of 2017, 2020 and 2025, Mt
    for year, factor in factors.items():
        path = f"market.aggregate.allocation.{year}"
        assert free[path] == pytest.approx(expected["2015-01"] / 545 / factor, abs=1e-4)
        if year > 2020:
            assert news["2018-07"][path] == pytest.approx(expected["2018-07"] / 545 / factor, abs=1e-4)
        if year > 2025:
            assert news["2020-09"][path] == pytest.approx(expected["2020-09"] / 545 / factor, abs=1e-4)
    # what came: 593.5 Mt in 2018, 587.9 Mt of emissions in 2019, 545.1 Mt in 2020 and 589.3 Mt in 2021
    came = {2018: 593.5 / 545 / 0.9507, 2019: 587.9 / 545, 2020: 545.1 / 545 / 0.8887}
    for year, units in came.items():
        assert news["2018-07"][f"market.aggregate.allocation.{year}"] == pytest.approx(units, abs=1e-4)
    for year in range(2021, 2026):
        assert news["2020-09"][f"market.aggregate.allocation.{year}"] == pytest.approx(589.3 / 545 / 0.953, abs=1e-4)
    for year in range(2017, 2023):
        assert free[f"regime.banking.{year}.limit"] == "unlimited"
    assert news["2017-04"] == {"regime.banking.2017.limit": "deducted_above_base"}
    assert [news["2019-06"][f"regime.banking.{year}.limit"] for year in (2018, 2019, 2020)] == ["net_sales"] * 3
    assert [news["2020-09"][f"regime.banking.{year}.limit"] for year in (2021, 2022)] == ["net_sales"] * 2


def test_china_is_told_of_each_plan_when_it_was_published():
    # plans of 15 March 2023 and 15 October 2024; class I: 0.877, then 0.8218 and 0.8177, then 0.7950 and 0.7910
    announcements = TABLES["tps_told"].overrides["market.beliefs.announcements"]
    assert [each["month"] for each in announcements] == ["2023-03", "2024-10"]
    plans = ({2021: (0.877, 0.8218), 2022: (0.877, 0.8177)}, {2023: (0.8177, 0.7950), 2024: (0.8177, 0.7910)})
    for each, plan in zip(announcements, plans, strict=True):
        came, none, twice = each["laws"]
        assert [law["chance"] for law in each["laws"]] == [0.5, 0.25, 0.25]
        assert (came["played"], came.get("overrides", {})) == (1, {})
        for year, (before, after) in plan.items():
            path = f"regime.allocation.{year}.benchmark.I"
            assert none["overrides"][path] == before
            assert twice["overrides"][path] == pytest.approx(after - (before - after), abs=1e-9)


def test_tokyos_emissions_as_they_came():
    path = {key[-4:]: value for key, value in TABLES["tokyo_known"].overrides.items()}
    cuts = {"2010": 13, "2011": 22, "2013": 23, "2014": 25, "2016": 26, "2017": 27, "2022": 32, "2023": 31}  # %
    assert path == pytest.approx({year: 1 - cut / 100 for year, cut in cuts.items()})


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_figure_has_a_source_and_every_table_a_scenario(table):
    assert table.scenario in scenarios()
    for figure in table.figures:
        assert figure.origin.source
        assert figure.origin.status in ("sourced", "derived")
        assert figure.origin.note or figure.origin.status == "sourced"
        assert table.surprise or figure.first <= figure.last
        assert not figure.set_on or not table.instead_of or figure.value == TABLES[table.instead_of].figures[0].value


def test_figures_looked_at_again_are_those_of_the_other_table():
    again = {name: table.instead_of for name, table in TABLES.items() if table.instead_of}
    assert again == {
        "kets_told": "kets",
        "kets_bank_free": "kets_bank",
        "kets_all_2017": "kets_april_2017",
        "tps_told": "tps",
        "tokyo_known": "tokyo",
    }
    for name, other in again.items():
        assert [f.value for f in TABLES[name].figures] == [f.value for f in TABLES[other].figures]
        set_on = [figure.set_on for figure in TABLES[other].figures] if name.endswith("_told") else [False]
        assert [figure.set_on for figure in TABLES[name].figures] == set_on * (len(TABLES[name].figures) // len(set_on))


RIGHT = """\
sources: {a: A report}
one:
  title: One
  unit: KRW/t
  scenario: kets
  series: front_price
  set_on: [2015]
  told: all
  source: a
  seen: {2015: 10, end: {mean: 12, from: 2016-01, to: 2016-03}}
  reading: Fine.
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("told", "tod", "one: tod: unknown key; did you mean 'told'"),
        ("  unit: KRW/t\n", "", "one: lacks unit"),
        ("  series: front_price\n", "", "lacks a series or a surprise"),
        ("series: front_price", "series: front_price\n  surprise: 2017-04", "lacks a series or a surprise"),
        ("set_on: [2015]", "set_on: [2016]", "set_on: '2016' is no figure"),
        ("told: all", "told: all\n  instead_of: two", "instead_of: 'two' is no table above it"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path, monkeypatch, before, after, message):
    monkeypatch.setattr(record, "ROOT", tmp_path)
    (tmp_path / "record.yaml").write_text(RIGHT)
    (table,) = seen()
    assert [(f.period, f.first, f.last, f.value, f.set_on) for f in table.figures] == [
        ("2015", "2015-01", "2015-12", 10.0, True),
        ("end", "2016-01", "2016-03", 12.0, False),
    ]
    assert RIGHT.count(before) == 1
    (tmp_path / "record.yaml").write_text(RIGHT.replace(before, after))
    with pytest.raises(ScenarioError, match=message):
        seen()
