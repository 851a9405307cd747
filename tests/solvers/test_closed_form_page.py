"""The page on closed forms is current, names tests that there are, and leaves no formula out."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from nea_env.solvers.__main__ import main
from nea_env.solvers.closed_form.catalogue import CATALOGUE, STATEMENTS
from nea_env.solvers.closed_form.page import write
from tests.solvers.test_closed_form_arguments import FORMULAS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/theory.md"
ENTRIES = [entry for theme in CATALOGUE.values() for entry in theme]
INGREDIENTS = {"waiting_under_geometric_reversion", "waiting_under_log_reversion", "kummer"}  # of best_trigger
NAMED = sorted({test for entry in ENTRIES for test in entry.tests} | {test for _, _, test in STATEMENTS})


def test_page_is_current():
    assert write(PAGE, check=True), "run: python -m nea_env.solvers closed_form --out docs/theory.md"


def test_every_formula_is_on_the_page():
    assert {entry.function.__name__ for entry in ENTRIES} | INGREDIENTS == {each.__name__ for each in FORMULAS}


@pytest.mark.parametrize("test", NAMED)
def test_what_holds_a_formula_is_a_test(test):
    file, _, function = test.partition("::")
    names = {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
    assert function in names if function else any(name.startswith("test_") for name in names)


@pytest.mark.parametrize(
    "figure",
    [
        "cost 1809.748", "2134.68", "price (36.195, ", "40.952", "-1235.717", "542.861", "(103.446, 111.409)",
        "58.1558", "7512.0795", "cost 1869.2004", "bank 7.073", "63.605", "price 33.333", "wedge 25.0",
        "emissions -2.456", "12.9114", "(80.557, 102.992, 131.992, 188.278)", "(125.50, 120.95, 110.83)", "110.475",
        "92.422", "88.161", "(292, 394, 406)", "sold 50, carried 250, worth 15",
    ],
)  # fmt: skip
def test_the_page_has_the_figures(figure):
    assert figure in PAGE.read_text()


def test_the_command_prints_writes_or_checks(capsys, tmp_path):
    assert main(["closed_form"]) == 0
    assert "uncertainty.gain_from_volatility" in capsys.readouterr().out
    page = tmp_path / "docs/theory.md"
    assert main(["closed_form", "--check", "--out", str(page)]) == 1
    assert capsys.readouterr().out == f"out of date: {page}\n" and not page.exists()
    assert main(["closed_form", "--out", str(page)]) == 0
    assert main(["closed_form", "--check", "--out", str(page)]) == 0
    assert page.read_text() == PAGE.read_text() and not capsys.readouterr().out
    assert main(["closed_form", "--out", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_formulas_need_numpy_alone():
    code = "import sys, nea_env.solvers.closed_form; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numba", "pydantic", "scipy", "matplotlib"} & set(loaded.stdout.split())
