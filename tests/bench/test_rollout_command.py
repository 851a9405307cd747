"""``python -m nea_env rollout``: pictures, tables, and one line about a mistake."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import nea_env
from nea_env.__main__ import main


def test_a_table_has_every_column_with_its_unit(tmp_path, capsys):
    out = tmp_path / "tables/tps.csv"
    words = ["rollout", "tps", "market.price=60", "--policies", "just_in_time,do_nothing", "--seed", "1000003"]
    assert main([*words, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    names, units, *rows = csv.reader(out.read_text(encoding="utf-8").splitlines())
    rollout = nea_env.rollout("do_nothing", "tps", seed=1_000_003, overrides=["market.price=60"])
    assert names == ["policy", "seed", "month", *rollout] and units[3:] == list(rollout.units.values())
    assert [row[0] for row in rows] == ["just in time"] * 84 + ["do nothing"] * 84
    last = dict(zip(names, rows[-1], strict=True))
    assert (last["seed"], last["month"]) == ("1000003", "2025-12")
    assert float(last["flow.cost"]) == rollout["flow.cost"][-1]
    assert np.float32(last["observation.log_price"]) == rollout["observation.log_price"][-1]


def test_a_picture_is_as_wide_as_asked(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "tps.svg"
    assert main(["rollout", "tps", "--episodes", "3", "--width", "174", "--out", str(out)]) == 0
    points = float(out.read_text(encoding="utf-8").partition('width="')[2].partition("pt")[0])
    assert points == pytest.approx(174 / 25.4 * 72, abs=0.01)


def test_without_a_file_each_policy_is_summed_up(capsys):
    assert main(["rollout", "kets", "--policies", "just_in_time,do_nothing"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("Rollout of ") == 2 and "Rollout of do_nothing in kets: " in shown


def test_an_id_is_its_scenario(capsys):
    assert main(["rollout", "nea/KETS-v0", "--policies", "just_in_time"]) == 0
    of_the_id = capsys.readouterr().out
    assert main(["rollout", "kets", "--policies", "just_in_time"]) == 0
    assert capsys.readouterr().out == of_the_id and "Rollout of just_in_time in kets: " in of_the_id


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["market.price=3"], "no scenario: name one scenario, such as kets"),
        (["kets", "tps"], "kets tps: name one scenario, such as kets"),
        (["nea/KET-v0"], "no id is called 'nea/KET-v0'; did you mean 'nea/KETS-v0'"),
        (["ket"], "scenario: 'ket' is neither"),
        (["kets", "--policies", "just"], "policy: 'just' is no rule"),
        (["kets", "--policies", ","], "--policies names no rule"),
        (["kets", "--seed", "-1"], "seed is -1"),
        (["kets", "--out", "a.txt"], "--out: 'a.txt' ends in '.txt': expected .pdf, .svg, .png, .csv"),
        (["kets", "--out", "/dev/null/a.csv"], "/dev/null/a.csv: cannot be written"),
    ],
)
def test_a_mistake_is_one_line(words, message, capsys):
    assert main(["rollout", *words]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(message) and shown.err.count("\n") == 1 and not shown.out
