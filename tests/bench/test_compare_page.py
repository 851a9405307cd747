"""docs/compare.md: its example runs, its commands are understood, and the page is linked."""

import re
import shlex
from pathlib import Path

from nea_env.__main__ import main
from nea_env.bench import compare_command

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "docs/compare.md"
PAGE = WRITTEN.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_example_runs(capsys):
    exec(blocks("python")[0], {})
    shown = capsys.readouterr().out
    assert "50 episodes on common draws" in shown
    assert shown.endswith("['', 'at given prices', 'through the price']\n")


def test_the_commands_are_understood(monkeypatch):
    asked = []
    monkeypatch.setattr(compare_command, "run", lambda options: asked.append(options) or 0)
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert [main(shlex.split(line)[3:]) for line in lines] == [0, 0, 0]
    assert all(options.price == "equilibrium" and len(options.words) == 2 for options in asked)
    assert (ROOT / "docs/figures/compare_kets_banking.png").is_file()
    assert f"({WRITTEN.name})" in (ROOT / "docs/README.md").read_text(encoding="utf-8")


def test_the_questions_are_those_of_the_help():
    for line in (one for block in blocks("bash") for one in block.splitlines()):
        pair = re.search(r'compare \w+ "[^"]*"', line)
        assert pair is not None and pair[0] in compare_command.EPILOG
