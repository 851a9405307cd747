"""Every ``python -m`` command of the package says how it is used; a word that it does not know is one clear error."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from nea_env.library.arguments import EXPLAINED

ROOT = Path(__file__).parents[1]
MAIN = 'if __name__ == "__main__":'
FILES = [path for path in sorted((ROOT / "nea_env").rglob("*.py")) if MAIN in path.read_text()]
COMMANDS = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__") for path in FILES]


def run(command, argument, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", argument])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(command, run_name="__main__", alter_sys=False)
    return ended.value.code


def test_commands_are_found():
    assert {"nea_env", "nea_env.library", "nea_env.policies.levers", "nea_env.core.warm"} <= set(COMMANDS)


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_the_usage(command, capsys, monkeypatch):
    assert not run(command, "--help", monkeypatch)
    assert capsys.readouterr().out.startswith(f"usage: python -m {command} [-h]")


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize("argument", ["nonsense", "--nonsense"])
@pytest.mark.parametrize("command", COMMANDS)
def test_nonsense_is_one_error(command, argument, capsys, monkeypatch):
    assert run(command, argument, monkeypatch) == 2
    shown = capsys.readouterr()
    *usage, error = shown.err.splitlines()
    assert not shown.out and ("nonsense" in error or "required" in error)
    assert all(line.startswith(("usage: ", " ")) for line in usage)


TAKE_SCENARIOS = [
    ["nea_env.policies.levers"], ["nea_env.policies.search"], ["nea_env.policies.tune"],
    ["nea_env.policies.compliance"], ["nea_env.market", "plot"], ["nea_env.market", "waiting"],
    ["nea_env.market", "claim"], ["nea_env.library", "show"], ["nea_env.library", "diff"],
    ["nea_env", "rollout"], ["nea_env", "compare"],
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize("command", TAKE_SCENARIOS, ids=" ".join)
def test_overrides_are_explained_in_the_same_words(command, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", *command[1:], "--help"])
    with pytest.raises(SystemExit):
        runpy.run_module(command[0], run_name="__main__", alter_sys=False)
    assert EXPLAINED in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize("command", TAKE_SCENARIOS, ids=" ".join)
def test_a_mistaken_override_is_named_in_one_line(command, capsys, monkeypatch):
    word = "C5" if "claim" in command else "kets"
    monkeypatch.setattr(sys, "argv", ["", *command[1:], word, "scenario.regime.banking.*.limt=none"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(command[0], run_name="__main__", alter_sys=False)
    shown = capsys.readouterr()
    assert ended.value.code == 2 and not shown.out and len(shown.err.splitlines()) == 1
    assert "override regime.banking.*.limt: " in shown.err and "did you mean 'limit'?" in shown.err
