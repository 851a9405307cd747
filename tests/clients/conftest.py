"""Each client's test runs the code that the page of clients shows for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/clients.md"
SWEEPS = ROOT / "docs/sweeps.md"


def shown(heading: str, language: str = "python", page: Path = PAGE) -> str:
    """The code under a heading of a page."""
    (section,) = re.findall(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return code


@pytest.fixture
def code(tmp_path, monkeypatch) -> Callable[..., str]:
    """The page's code under a heading; what the test does then happens in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return shown


@pytest.fixture
def sweeps(code) -> Callable[..., str]:
    """The same of the page of sweeps."""
    return lambda heading, language="bash": code(heading, language, SWEEPS)


@pytest.fixture
def example(code) -> Callable[[str], dict[str, Any]]:
    """Runs the page's Python code under a heading and returns its variables."""

    def run(heading: str) -> dict[str, Any]:
        variables: dict[str, Any] = {"__name__": "example"}
        exec(compile(code(heading), f"{PAGE.name}, {heading}", "exec"), variables)
        return variables

    return run
