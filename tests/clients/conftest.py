"""Each client's test runs the code that the page of clients shows for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/clients.md"


def shown(heading: str, language: str = "python") -> str:
    """The code under a heading of the page."""
    (section,) = re.findall(rf"^## {re.escape(heading)}$(.*?)(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return code


@pytest.fixture
def code(tmp_path, monkeypatch) -> Callable[..., str]:
    """The page's code under a heading; what the test does then happens in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return shown


@pytest.fixture
def example(code) -> Callable[[str], dict[str, Any]]:
    """Runs the page's Python code under a heading and returns its variables."""

    def run(heading: str) -> dict[str, Any]:
        variables: dict[str, Any] = {"__name__": "example"}
        exec(compile(code(heading), f"{PAGE.name}, {heading}", "exec"), variables)
        return variables

    return run
