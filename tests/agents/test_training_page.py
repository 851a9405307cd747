"""The page on training: each example runs, learns, and is scored by its true cost."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs/training.md"
EXAMPLES = re.findall(r"^## ([^\n]+)$.*?^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def run(code):
    code = re.sub(r"learn\([\d_]+\)", "learn(400)", code)
    code = re.sub(r'"(nea/\w+-v0)"\)\)$', r'"\1", episodes=20, progress=False))', code, flags=re.MULTILINE)
    variables = {"__name__": "example"}
    exec(compile(code, PAGE.name, "exec"), variables)
    return variables


def test_every_section_has_its_example():
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize(("heading", "code"), EXAMPLES, ids=[heading for heading, _ in EXAMPLES])
def test_the_example_runs_in_a_few_lines_and_learns(heading, code, capsys):
    for module in ("stable_baselines3", "sb3_contrib"):
        if module in code:
            pytest.importorskip(module)
    assert len([line for line in code.splitlines() if line]) <= 10
    made = run(code)
    if heading == "Marked rewards":
        assert made["envs"].num_envs == 256
        made["env"].reset(seed=0)
        assert "cost_reward" in made["env"].step(made["env"].action_space.sample())[4]
        return
    assert made["model"].num_timesteps >= 400
    told = capsys.readouterr().out
    assert "just in time" in told.replace("_", " ")
    assert np.isfinite(
        made["envs"].step(np.array([made["envs"].action_space.sample()] * made["envs"].num_envs))[1]
    ).all()
