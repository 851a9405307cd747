"""The optimum between what no policy undercuts and what the best known rule costs."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.solvers import bracket as brackets
from nea_env.solvers.__main__ import main
from nea_env.solvers.bracket import Bracket, Figure, kept_bracket

ONE = Bracket(Figure(1.5, 1.0, 2.0), Figure(4.25, 4.0, 4.5), "lever_rule", Figure(-30.0, -50.0, -10.0), 100)


def test_a_bracket_is_printed_and_kept(capsys, tmp_path, monkeypatch):
    pytest.importorskip("highspy")
    monkeypatch.setattr(brackets, "KEPT", tmp_path / "bracket.yaml")
    assert main(["bracket", "tps", "--episodes", "4", "--keep"]) == 0
    printed = capsys.readouterr().out
    assert "dual bound" in printed and "_rule" in printed
    kept = kept_bracket(load_scenario("tps"))
    assert kept is not None and kept.paths == 4
    assert kept.foresight.mean < kept.bound.mean < kept.best.mean
    assert kept_bracket(load_scenario("tps", {"market.price": 50})) is None


def test_a_bracket_in_words():
    assert ONE.gap == 2.75
    assert str(ONE) == (
        "no policy's mean cost is below 1.50 [1.00, 2.00] (dual bound on 100 paths); the best known rule, lever rule,"
        " costs 4.25 [4.00, 4.50]"
    )


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo"])
def test_the_main_scenarios_ship_with_one(name):
    kept = kept_bracket(load_scenario(name))
    assert kept is not None and kept.paths >= 100
    assert kept.foresight.high < kept.bound.low < kept.bound.high < kept.best.low


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tps: {digest: 'a', bound: {mean: 1.0}}", "tps.bound: .*expected finite numbers for mean, low, high"),
        ("tps: {bound: {mean: .nan, low: 1, high: 1}}", "tps.bound"),
    ],
)
def test_a_damaged_file_is_told(text, why, tmp_path, monkeypatch):
    monkeypatch.setattr(brackets, "KEPT", tmp_path / "bracket.yaml")
    brackets.KEPT.write_text(text)
    with pytest.raises(ValueError, match=why):
        brackets.read()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bracket", "nowhere"], "nowhere"),
        (["bracket", "linked_kets"], "a plan cannot hold links"),
        (["bracket", "tps", "--episodes", "1"], "expected at least 2"),
    ],
)
def test_mistakes_are_told_in_a_line(capsys, arguments, words):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
