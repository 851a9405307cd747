"""``python -m nea_env.market errors``: the page, and what its sentences say of their numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nea_env.market import errors
from nea_env.market.__main__ import main
from nea_env.market.quota import linked, outlook

PAGE = Path(__file__).parents[2] / "docs/errors.md"


@pytest.mark.parametrize(
    ("prices", "text"),
    [
        ({0.0: 10.0, 0.05: 12.0, math.inf: 10.0}, "it peaks at 5 % (+20.0% above that without a quota)"),
        ({0.0: 10.0, 0.05: 10.05, math.inf: 10.0}, "it has no peak (+0.5% above that without a quota, at most)"),
        ({0.0: 10.0, 0.05: 11.0, math.inf: 12.0}, "it has no peak (+0.0% above that without a quota, at most)"),
        ({0.0: 14.0, 0.05: 12.0, math.inf: 10.0}, "it has no peak (+40.0% above that without a quota, at most)"),
    ],
)
def test_a_peak_lies_between_no_imports_and_no_quota_and_above_both(prices, text):
    assert errors.highest(prices) == text


def test_what_crosses_stays_within_the_quota_and_leaves_a_wedge():
    found = {quota: outlook(linked(quota, nodes=15)) for quota in (0.0, 0.03)}
    assert found[0.03].wedge < found[0.0].wedge
    assert max(found[0.03].imports) <= 0.03 + 1e-9
    assert max(found[0.0].imports) <= 1e-9  # exports are free
    assert all(0.0 <= chance <= 1.0 for chance in found[0.03].short)


def test_the_page_names_its_command_and_has_every_table():
    text = PAGE.read_text()
    assert "`python -m nea_env.market errors`" in text
    for title in ("The wedge under a quota", "The seller's price by the quota", "Grids of a tree", "Numbers in doubt"):
        assert f"## {title}" in text


def test_a_page_out_of_date_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(errors, "page", lambda: "new\n")
    out = tmp_path / "page"
    out.write_text("old\n")
    assert main(["errors", "--check", "--out", str(out)]) == 1
    assert "out of date" in capsys.readouterr().out
    assert main(["errors", "--out", str(out)]) == 0
    assert out.read_text() == "new\n"


@pytest.mark.slow
def test_the_page_has_what_the_command_computes():
    """Of what is solved in half a minute; `python -m nea_env.market errors --check` compares all of it."""
    text = PAGE.read_text()
    assert "\n".join(errors.tree()) in text
    for quota in errors.WEDGES:
        assert f"| {100 * quota:g} % | {outlook(linked(quota)).wedge:,.0f} |" in text
    assert (
        f"| tps_randomised | 4 | {np.mean([errors._start('tps_randomised', 4, seed) for seed in errors.SEEDS]):.4g} |"
        in text
    )
