"""docs/evaluate.md: its example runs, and its command is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import nea_env
from agents.evaluate import main

PAGE = (Path(__file__).parents[2] / "docs/evaluate.md").read_text(encoding="utf-8")


def test_the_example_runs(capsys):
    code = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    exec(compile(code.replace("episodes=200", "episodes=20"), "evaluate", "exec"), {"__name__": "example"})
    text = capsys.readouterr().out
    assert "Patient" in text and r"\toprule" in text and "'mean'" in text


def test_the_command_runs(capsys, tmp_path, monkeypatch):
    line = re.search(r"^python -m agents.evaluate (.*)$", PAGE, re.MULTILINE)[1]
    words = [word for word in shlex.split(line) if "=" not in word]  # of the scenario that ships: nothing is tuned
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\n\nclass Patient:\n    def predict(self, observation):\n"
        "        return np.zeros((len(observation), 8), np.float32)\n"
    )
    assert main([*words, "--episodes", "4", "--opponents", "just_in_time"]) == 0
    assert "Patient" in capsys.readouterr().out
    assert (tmp_path / "scores.json").exists() and (tmp_path / "scores.tex").exists()


def test_the_rules_that_it_names_are_rules():
    for name in re.findall(r"`(\w+_(?:rule|time))`", PAGE):
        assert nea_env.make_rule(name, "kets") is not None
