"""docs/rollouts.md: its examples run, its commands are what they say, and the README shows what `make docs` draws."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nea_env.__main__ import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/rollouts.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    shown = capsys.readouterr().out
    assert shown.startswith("Rollout of just_in_time in kets: ") and "2026-08" in shown and "(100, 140)" in shown
    assert (tmp_path / "kets.pdf").is_file()


def test_the_commands_run(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    commands = [line.split()[3:] for line in blocks("bash")[0].splitlines()]
    assert [main(words) for words in commands] == [0, 0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kets.pdf", "tokyo.svg", "tps.csv"]


def test_make_docs_draws_the_readmes_figure():
    (words,) = (line.split()[3:] for line in blocks("bash")[1].splitlines())
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    assert " ".join(words) in " ".join(makefile.split())
    figure = words[words.index("--out") + 1]
    assert (ROOT / figure).is_file() and f'src="{figure}"' in (ROOT / "README.md").read_text(encoding="utf-8")
