"""The page on changing a scenario: its commands are read as they stand, and every form in its table works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nea_env.library import load_scenario
from nea_env.library.arguments import EXPLAINED, named

PAGE = Path(__file__).parents[2].joinpath("docs/overrides.md").read_text(encoding="utf-8")
COMMANDS = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
FORMS = [form for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for form in re.findall(r"`(.+?)`", row)]
LINES = [re.split(r" {2,}(?!\w+=|links=\[)", line.strip())[0].split() for line in EXPLAINED.splitlines()[1:-1]]


def test_there_are_forms_and_commands():
    assert len(FORMS) > 8 and len(COMMANDS) > 6


@pytest.mark.parametrize("form", sorted({*FORMS, *(form for line in LINES for form in line)}))
def test_each_form_works(form):
    home = "pilot_tianjin" if "pilot_" in form else "kets"
    assert load_scenario(home, [form]).changes == (form,)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_names_a_scenario_that_loads(line):
    words = [word for word in shlex.split(line)[2:] if not word.startswith("-") and not word.startswith("nea_env.")]
    given = named([word for word in words if word not in ("plot", "diff")], (), ("episodes",))
    values = [text.partition(",")[0] if line.startswith("python train.py -m") else text for text in given.overrides]
    assert len(given.scenarios) == 1
    assert load_scenario(given.scenarios[0], values).changes
