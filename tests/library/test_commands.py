"""``python -m nea_env.library``: list, show, diff, docs, and its refusals."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nea_env.library import names
from nea_env.library.__main__ import main
from nea_env.library.listing import markdown_list
from nea_env.library.pages import MARKDOWN, regime_page
from nea_env.scenario import ScenarioError
from tests.library.laws import NEW, OLD

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def old(tmp_path):
    (tmp_path / "old.yaml").write_text(OLD)
    return str(tmp_path / "old.yaml")


@pytest.fixture
def new(tmp_path):
    (tmp_path / "new.yaml").write_text(NEW)
    return str(tmp_path / "new.yaml")


def said(capsys, *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def line(out: str, *starts: str) -> str:
    """The first line that holds all the words."""
    return next(row for row in out.splitlines() if all(start in row.split() for start in starts))


def test_one_year_shows_value_source_and_how_sure(capsys, old):
    out = said(capsys, "show", old, "--year", "2017")
    assert out.startswith("old: Old law [2015-2019]\n")
    assert re.search(r"reduction_factor\.I +0\.17 +assumed +\(1\)$", out, re.MULTILINE)
    assert re.search(r"^penalty +multiple +6 +derived +act +\(2\)$", out, re.MULTILINE)
    assert re.search(r"^\(1\) +a guess \| or two\n\(2\) +2 x 3$", out, re.MULTILINE)
    assert re.search(r"deadline +2021-09 +sourced +act$", out, re.MULTILINE)
    assert re.search(r"issuance_ceiling +0\.5 +no source$", out, re.MULTILINE)
    assert re.search(r"^ranges +allocation\.reduction_factor\.I +0\.1 to 0\.2 until 2014-03", out, re.MULTILINE)
    assert re.search(r"^plan +The Plan, page 2$", out, re.MULTILINE)
    assert "nobody cites" not in out
    assert "0.08" not in out  # the period before


def test_without_a_year_years_are_columns_and_equal_neighbours_share_one(capsys, old):
    out = said(capsys, "show", old)
    assert re.search(r"^allocation\n +2010-2014 +2015-2019\n", out, re.MULTILINE)
    assert re.search(r"reduction_factor\.I +0\.08 +0\.17\?$", out, re.MULTILINE)
    assert re.search(r"^banking\n +2010-2019\n.*\n +limit +unlimited\n +source: plan$", out, re.MULTILINE)
    assert re.search(r"multiple +6~$", out, re.MULTILINE)
    assert re.search(r"issuance_ceiling +0\.5!$", out, re.MULTILINE)


def test_many_years_are_folded_into_blocks(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    calendar = said(capsys, "show", "kets").partition("\ncalendar\n")[2].partition("\nallocation\n")[0]
    assert calendar.count("deadline") > 1
    assert {f"{year}" for year in range(2015, 2026)} <= set(calendar.split())


def test_a_year_inside_a_period_finds_it(capsys):
    assert "[2010-2014]" in said(capsys, "show", "tokyo", "--year", "2012")


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [("kau", "market", "10,506"), ("kets_generator", "firm", "turbine_upgrade.capex"), ("kets", "scenario", "kau")],
)
def test_other_kinds_are_shown(capsys, name, kind, word):
    assert word in said(capsys, "show", name, "--kind", kind)


def test_a_year_of_a_price_series_shows_what_holds_throughout_and_in_that_year(capsys):
    out = said(capsys, "show", "kau", "--year", "2020")
    assert re.search(r"^gap +down +0\.168 ", out, re.MULTILINE) and "10,506" in out
    assert "gap" not in said(capsys, "show", "kau", "--year", "2015").partition("source  ")[0].split()


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_tables_keep_to_the_terminal(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    for arguments in (["show", "kets"], ["show", "tokyo", "--year", "2015"], ["diff", "kets", "tps"], ["list"]):
        assert max(map(len, said(capsys, *arguments).splitlines())) <= int(width)


def test_a_users_file_is_shown_with_what_it_leaves_unsourced(capsys, tmp_path):
    path = tmp_path / "price.yaml"
    path.write_text("name: m\ntitle: M\ncurrency: X\nprice: 5\nvolatility: 0.1\ndiscount_rate: 0.1\n")
    out = said(capsys, "show", str(path))
    assert "3 figures have neither a source nor a status" in out
    assert re.search(r"price +5!", out)


def test_diff_leads_with_what_differs_in_words(capsys, old, new):
    out = said(capsys, "diff", old, new).splitlines()
    assert out[:2] == [
        "old: Old law, 2010-2019, X, years start in month 4. new: New law, 2010-2024, X, years start in month 4.",
        "Compared: the years that both have, 2010-2019.",
    ]
    assert out[2:5] == ["", "only new has", "  offset credits: peat 10 % of the duty (2015-2019)"]
    months = [f"5 years each, duty due after {count} months" for count in (18, 21)]
    assert [re.split(r"  +", row) for row in out[6:11] if not row.startswith("-")] == [
        ["both have", "years", "old", "new"],
        ["periods", "2015-2019", *months],
        ["carry-over", "2015-2019", "everything", "net sales × 2"],
        ["missing tonne", "2015-2019", "6 × the price", "6 × the price, 20,000 X once"],
    ]
    assert "alike in words: allocation" in out


def test_diff_heads_each_column_with_what_was_changed_there(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    head = said(capsys, "diff", "kets", "regime.penalty.2018.multiple=4", "regime.banking.*.limit=unlimited")
    assert re.search(r"years +kets +kets, penalty\.2018\.multiple=4, banking\.\*\.limit=unlimited$", head, re.MULTILINE)
    assert head.splitlines()[0].count("penalty.2018.multiple=4") == 1  # in the name, not again in the title
    both = said(capsys, "diff", "kets", "tms", "regime.penalty.*.multiple=4")
    assert re.search(r"years +kets, penalty\.\*\.multiple=4 +tms, penalty\.\*\.multiple=4$", both, re.MULTILINE)


def test_diff_then_lists_the_parameters_that_both_have(capsys, old, new):
    out = said(capsys, "diff", old, new)
    listed = [re.split(r"  +", row.strip()) for row in out.partition("\nrule ")[2].splitlines()[2:]]
    assert listed[:4] == [
        ["calendar", "deadline", "2015-2019", "2021-09", "2021-12"],
        ["banking", "limit", "2015-2019", "unlimited", "net_sales"],
        ["net_sales_multiple", "2015-2019", "0", "2"],
        ["penalty", "lump_sum", "2015-2019", "0", "20,000"],
    ]
    assert re.fullmatch(r"\d+ values agree", out.splitlines()[-3])
    # the three numbers of peat, in each of the five years
    assert out.splitlines()[-2] == "15 values that differ are counted, not listed: --all lists them"
    assert out.splitlines()[-1] == "not compared: new 2020-2024"
    everything = said(capsys, "diff", old, new, "--all")
    assert re.search(r"^offsets +peat\.limit_share +2015-2019 +- +0\.1$", everything, re.MULTILINE)
    assert "counted" not in everything


def test_diff_pairs_the_years_that_both_have(capsys):
    out = said(capsys, "diff", "kets", "tokyo")
    assert "Compared: the years that both have, 2015-2029." in out
    assert re.search(r"^carry-over +2015-2016 +everything +into the next period only$", out, re.MULTILINE)
    assert re.search(r"^ +2018 +net sales × 3 +into the next period only$", out, re.MULTILINE)
    assert out.splitlines()[-2:] == ["not compared: kets 2030", "not compared: tokyo 2010-2014"]
    only_korea, _, only_tokyo = out.partition("only kets has\n")[2].partition("only tokyo has\n")
    for rule in ("borrowing", "auctions", "price triggers"):
        assert f"  {rule}: " in only_korea
    assert only_tokyo.startswith("  early credits: after each of years 2, 3, 4, 5\n")
    by_year = said(capsys, "diff", "kets", "tps", "--year", "2021")
    assert re.search(r"pre_share +2021 +0 +0\.7$", by_year, re.MULTILINE)
    assert "not compared" not in by_year


def test_diff_folds_long_lists_to_a_count(capsys):
    out, everything = (said(capsys, "diff", "kets", "tokyo", *more) for more in ([], ["--all"]))
    assert "cost_intensity" not in out and "clinker" not in out
    assert "cost_intensity" in everything and "clinker" in everything
    assert (
        "exempt from auctions: firms that meet any of 3 leakage tests (2015-2020); firms that meet the leakage" in out
    )
    assert len(out.splitlines()) < 130 < 600 < len(everything.splitlines())


def test_diff_pairs_by_order_only_where_no_year_is_common(capsys):
    out = said(capsys, "diff", "jvets", "gx_ets")
    assert "No year is in both: the first period is compared with the first" in " ".join(out.split())
    assert re.search(r"^allocation +2006 / 2026 +base-year emissions × 0\.79 +base-year emissions × 0\.983$", out, re.M)
    assert out.splitlines()[-1] == "not compared: jvets 2011-2012"


def test_a_regime_does_not_differ_from_itself(capsys, new):
    words = "alike in words: periods, allocation, carry-over, offset credits, missing tonne"
    assert said(capsys, "diff", new, new).splitlines()[2:-1] == ["", words, ""]


def test_list_has_every_system_with_years_money_and_scenarios(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    out = said(capsys, "list")
    first = {row.split()[0] for row in out.splitlines() if row}
    assert set(names("regime")) <= first
    assert set(names("credit")) <= first
    assert re.search(
        r"^tokyo +Tokyo .* Japan +2010-20\d\d +JPY +\d+ +\d+ +\d+ +tokyo, .*tokyo_factory", out, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "kest"], "'kest' does not ship; did you mean 'kets'?"),
        (["show", "kets", "--year", "1999"], "year 1999"),
        (["show", "kau", "--kind", "firm"], "firm: 'kau' does not ship"),
        (["diff", "kets", "tokio"], "did you mean 'tokyo'?"),
        (["show", "nowhere.yaml"], "no such file"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_two(capsys, arguments, words):
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert words in error
    assert error.count("\n") == 1


def test_an_unknown_command_exits_with_two(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["shwo"])
    assert stopped.value.code == 2


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m nea_env.library show kets | head -1"
    found = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("kets: ")
    assert found.stderr == ""


def test_docs_are_written_checked_and_found_out_of_date(capsys, tmp_path):
    out = tmp_path / "docs" / "regimes"
    assert main(["docs", "--out", str(out), "--check"]) == 1
    assert main(["docs", "--out", str(out)]) == 0
    assert main(["docs", "--out", str(out), "--check"]) == 0
    assert {path.stem for path in out.iterdir()} == {*names("regime"), "README"}
    assert (out.parent / "credits").with_suffix(MARKDOWN).is_file()
    page = (out / "kets").with_suffix(MARKDOWN)
    page.write_text(page.read_text(encoding="utf-8").replace("KRW", "EUR"), encoding="utf-8")
    (out / "gone").with_suffix(MARKDOWN).touch()
    capsys.readouterr()
    assert main(["docs", "--out", str(out), "--check"]) == 1
    stale = capsys.readouterr().out.splitlines()
    assert [Path(text).stem for text in stale] == ["gone", "kets"]


def test_a_page_has_values_by_year_with_footnotes(old):
    page = regime_page(old)
    assert "| `limit` | 2010-2019: unlimited | sourced | [^2] |  |" in page
    assert "| `reduction_factor.I` | 2010-2014: 0.08 | sourced | [^1][^2] |  |" in page
    assert "| `reduction_factor.I` | 2015-2019: 0.17 | assumed |  | a guess \\| or two |" in page
    assert page.endswith("[^1]: The Act, Article 1\n[^2]: The Plan, page 2\n")
    assert "2010-2019: 2 compliance periods, amounts in X. Units trade from 2011-04. Free units: baseline." in page
    assert "## ranges (what was known" in page


def test_a_page_lists_credits_and_scenarios(new):
    assert "| `peat` | no shipped credit | 2015-2019 | 0.1 | duty | 1 |" in regime_page(new)
    kets = regime_page("kets")
    assert "| `kcu` |" in kets.partition("## Credits accepted")[2]
    assert "| `kets_steel` | Korean steel works" in kets.partition("## Scenarios")[2]


def test_a_page_tells_the_gaps_and_what_was_reported(capsys, tmp_path):
    told = "gaps: [units are locked | until paid]\ncompliance: {2015: {firms: {value: 0.99, source: plan}}}\n"
    (tmp_path / "told.yaml").write_text(OLD + told)
    page = regime_page(tmp_path / "told.yaml")
    assert "## Gaps\n\nWhat the law has and the rules above leave out:\n\n- units are locked \\| until paid\n" in page
    assert "## compliance (as reported: information, not a rule)" in page
    assert "| `firms` | 2015-2019: 0.99 | sourced | [^2] |  |" in page
    assert "gap: units are locked | until paid" in said(capsys, "show", str(tmp_path / "told.yaml"))
    bad = told.replace("2015", "2020")
    (tmp_path / "bad.yaml").write_text(OLD + bad)
    with pytest.raises(ScenarioError, match="compliance names 2020, which the calendar does not have"):
        regime_page(tmp_path / "bad.yaml")


def test_the_projects_pages_are_up_to_date(capsys):
    stale = main(["docs", "--out", str(ROOT / "docs/regimes"), "--check"])
    assert stale == 0, f"{capsys.readouterr().out}\nrun make docs"


def test_the_page_of_systems_holds_what_the_command_prints(capsys, tmp_path):
    printed = said(capsys, "list", "--markdown")
    assert main(["docs", "--out", str(tmp_path / "docs" / "regimes")]) == 0
    page = (tmp_path / "docs" / "systems").with_suffix(MARKDOWN).read_text(encoding="utf-8")
    assert page.endswith("\n\n" + printed)
    assert printed.splitlines()[2:] == markdown_list()[2:]
    for link in re.findall(r"\]\(([^)]+)\)", printed):
        assert (tmp_path / "docs" / link).is_file()
    assert f"systems{MARKDOWN}" in (ROOT / "docs" / "README").with_suffix(MARKDOWN).read_text(encoding="utf-8")
