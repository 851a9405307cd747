"""The command that prints bounds."""

from __future__ import annotations

import pytest

from nea_env.solvers.__main__ import main


def test_bounds_are_printed_beside_the_best_rule(capsys):
    pytest.importorskip("highspy")
    assert main(["bounds", "tps", "--episodes", "4"]) == 0
    printed = capsys.readouterr().out
    assert "foresight" in printed
    assert "lever_rule" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bounds", "nowhere"], "nowhere"),
        (["bounds", "linked_kets"], "a plan cannot hold links"),
        (["bounds", "tps", "--episodes", "1"], "expected at least 2"),
    ],
)
def test_mistakes_are_told_in_a_line(capsys, arguments, words):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
