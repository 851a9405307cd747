"""``python -m nea_env.market claim``: what it prints, takes and refuses."""

from __future__ import annotations

import re

import pytest

from nea_env.market.__main__ import main
from nea_env.market.claims import CLAIMS, questions, report


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


def printed(capsys, *arguments: str) -> str:
    assert main(["claim", *arguments]) == 0
    return capsys.readouterr().out


def test_every_claim_has_a_question_and_without_a_name_they_are_listed(capsys):
    text = printed(capsys)
    for name, question in questions().items():
        assert question.endswith("?")
        assert name in text
    assert set(questions()) == set(CLAIMS)


def test_help_names_the_arguments(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["claim", "--help"])
    assert ended.value.code == 0
    assert "key=value" in capsys.readouterr().out


def test_c6_gives_the_sign_the_size_and_what_it_hangs_on(capsys):
    text = printed(capsys, "C6")
    above = re.search(r"Yes: output is (\S+)% above that under a cap of as many units", text)
    assert float(above[1]) == pytest.approx(0.74, abs=0.03)
    rows = {line.split("  ")[0]: line.split() for line in reversed(text.splitlines())}
    assert [float(cell) for cell in rows["price, CNY/t"][-3:]] == pytest.approx([51.2, 9.0, 5.72], rel=0.02)
    assert float(rows["both, million CNY a year"][-1]) == pytest.approx(5.34, rel=0.02)
    assert float(rows["elasticity 0.06"][-1]) == pytest.approx(1.70, rel=0.02)
    assert float(rows["benchmarks 3% lower, elasticity 0.06"][-1]) == pytest.approx(1.20, rel=0.02)
    prices = [line for line in text.splitlines() if " to " in line and line.startswith("price")]
    low, high = prices[0].split("  ")[-1].split(" to ")
    assert (float(low), float(high)) == pytest.approx((9.0, 51.5), rel=0.02)


def test_c6_takes_changes_of_its_scenario(capsys):
    text = printed(capsys, "C6", "market.aggregate.output_response.elasticity=0")
    assert "No: output does not answer" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["C0"], "claim: 'C0', allowed: C1, C5, C6, C15, C26\n"),
        (["C6", "market.aggregate.output_response=null"], "market.aggregate.output_response: none, so output"),
        (["C6", "market.price=-1"], "market.price: -1"),
        (
            ["C6", "regime.allocation.2021.method=historical_benchmarking"],
            "regime.allocation.2021.method: historical_benchmarking does not follow output; allowed: benchmarking",
        ),
    ],
)
def test_what_it_refuses(arguments, message, capsys):
    assert main(["claim", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_claim_is_refused_by_the_function_too():
    with pytest.raises(ValueError, match="claim: 'c6', allowed: C1, C5, C6, C15, C26"):
        report("c6", [], 120)
