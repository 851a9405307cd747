"""Files as rows: rule, parameter, period, value, status, source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nea_env.library.columns import fitted, table
from nea_env.library.entries import entries, text
from nea_env.library.reader import Document, read
from nea_env.library.tables import counts, period_ends, rows, runs, shares
from tests.library.laws import OLD


@pytest.fixture
def law(tmp_path: Path) -> Document:
    path = tmp_path / "mine.yaml"
    path.write_text(OLD, encoding="utf-8")
    return read(path)


def test_each_parameter_is_a_row_with_its_period_and_provenance(law):
    found = {(entry.rule, entry.parameter, entry.period): entry[3:7] for entry in entries(law)}
    assert found["general", "year_starts", ""] == ("4", "sourced", ("act",), "")
    assert found["general", "currency", ""] == ("X", "", (), "")
    assert found["calendar", "deadline", "2015"] == ("2021-09", "sourced", ("act",), "")
    assert found["allocation", "reduction_factor.I", "2010"] == ("0.08", "sourced", ("act", "plan"), "")
    assert found["allocation", "reduction_factor.I", "2015"] == ("0.17", "assumed", (), "a guess | or two")
    assert found["penalty", "multiple", "2010"] == ("6", "derived", ("act",), "2 x 3")
    assert found["ranges", "allocation.reduction_factor.I", "2015"][0] == "0.1 to 0.2 until 2014-03"
    assert not any(parameter in ("name", "title") for _, parameter, _ in found)


def test_a_number_without_a_source_stands_out(law):
    found = {(entry.parameter, entry.period): entry.status for entry in entries(law)}
    assert found["issuance_ceiling", "2015"] == "no source"
    assert found["method", "2015"] == ""  # a word needs none


def test_counts_are_of_figures_each_counted_once_over_neighbouring_periods(law):
    # starts of year and trade; 1 length, 2 + 2 dates; 1 factor; the range. 1 factor. 1 multiple. 1 ceiling. No words
    assert counts(law) == {"sourced": 2 + 5 + 1 + 1, "assumed": 1, "derived": 1, "no source": 1}


def test_shares_add_up_to_a_hundred():
    assert shares(counts(Document(Path("x"), {"a": "word"}, {}))) == "no figures"
    assert shares(Counter(sourced=1, derived=1, assumed=1)) == "34 / 33 / 33 %"
    assert shares(Counter(sourced=3, assumed=1)) == "75 / 0 / 25 %"


def test_periods_last_as_long_as_the_calendar_says(law):
    assert period_ends(law) == {"2010": "2014", "2015": "2019"}


def test_runs_join_neighbours_that_agree_and_only_those():
    ends = {year: year for year in ("2015", "2016", "2017", "2018", "2019")}
    pairs = [("2015", 1), ("2016", 1), ("2017", 2), ("2019", 2)]
    assert list(runs(pairs, ends)) == [("2015-2016", 1), ("2017", 2), ("2019", 2)]
    assert list(runs([("2010", 1), ("2015", 1)], {"2010": "2014", "2015": "2019"})) == [("2010-2019", 1)]


def test_rows_join_years_of_one_provenance(law):
    found = {(row.rule, row.parameter, row.status): row.values for row in rows(law)}
    assert found["banking", "limit", "sourced"] == (("2010-2019", "unlimited"),)
    assert found["allocation", "reduction_factor.I", "sourced"] == (("2010-2014", "0.08"),)
    assert found["allocation", "reduction_factor.I", "assumed"] == (("2015-2019", "0.17"),)
    assert found["calendar", "deadline", "sourced"] == (("2010-2014", "2016-09"), ("2015-2019", "2021-09"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (None, "none"),
        (2015, "2015"),
        (1250000, "1,250,000"),
        (0.3333333333, "0.333333"),
        (0.9472, "0.9472"),
        (12053.5, "12053.5"),
        (["2019-01", "2019-02", "2019-03", "2019-06"], "2019-01 to 2019-03, 2019-06"),
        (["2019-11", "2019-12"], "2019-11, 2019-12"),
        ([{"ratio": 0.85, "share": 0.5}, {"ratio": 0.5, "share": 1}], "ratio 0.85 share 0.5; ratio 0.5 share 1"),
        ([], ""),
    ],
)
def test_values_as_text(value, shown):
    assert text(value) == shown


def test_items_with_names_are_told_apart_and_items_without_share_a_cell(tmp_path):
    path = tmp_path / "firm.yaml"
    path.write_text(
        "technologies:\n- {name: kiln, capex: 3, status: assumed, note: x}\n- {name: mill, capex: 4}\n"
        "tiers: [{ratio: 2, share: 1}, {ratio: 3, share: 0.5}]\n"
    )
    found = {(entry.rule, entry.parameter): entry.value for entry in entries(read(path))}
    assert found == {
        ("technologies", "kiln.capex"): "3",
        ("technologies", "mill.capex"): "4",
        ("general", "tiers"): "ratio 2 share 1; ratio 3 share 0.5",
    }


def test_classes_of_one_rule_share_a_row_and_others_have_their_own(tmp_path):
    path = tmp_path / "law.yaml"
    path.write_text(
        "sources: {act: The Act}\nallocation:\n  source: act\n  2020:\n    auction_share: {power: 0.2, '': 0.1}\n"
        "    classes: {kiln: &rule {correction_factor: 0.9}, mill: *rule, plane: {correction_factor: 0.8},\n"
        "      gas: {correction_factor: 0.9, status: assumed, note: as kilns}}\n"
    )
    assert {(entry.parameter, entry.value, entry.status) for entry in entries(read(path))} == {
        ("auction_share.power", "0.2", "sourced"),
        ("auction_share.(others)", "0.1", "sourced"),
        ("classes.kiln, mill.correction_factor", "0.9", "sourced"),
        ("classes.plane.correction_factor", "0.8", "sourced"),
        ("classes.gas.correction_factor", "0.9", "assumed"),
    }


@pytest.mark.parametrize("width", [30, 50, 80])
def test_a_table_never_exceeds_its_width_and_loses_no_word(width):
    body = [["penalty", "a rather long explanation of what was assumed here", "0.5"], ["penalty", "short", "12"]]
    lines = table(["rule", "note", "value"], body, width)
    assert max(map(len, lines)) <= width
    for word in " ".join(body[0]).split():
        assert word in "\n".join(lines)
    assert sum("penalty" in line for line in lines) == 1  # said once for both rows


def test_columns_are_squeezed_widest_first():
    assert fitted([["ab", "x " * 30]], 22) == [2, 18]
    assert fitted([["ab", "cd"]], 80) == [2, 2]
