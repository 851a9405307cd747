"""The page on closed forms: what each says, a worked figure, its reference and the test that holds the code to it."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

from nea_env.library.pages import is_current
from nea_env.solvers.closed_form.catalogue import CATALOGUE, STATEMENTS

HEAD = """\
# Closed forms

<!-- Written by `python -m nea_env.solvers closed_form --out docs/theory.md`: change the code, then run it again. -->

What economics knows of a firm under emissions trading, and of its market, as functions: `nea_env.solvers.closed_form`.
An agent, a solver or a simulator can be held to them. Each function's docstring has its arguments with units, and what
it refuses; the figures here are worked out when the page is written.

```python
from nea_env.solvers.closed_form import banking

banking.carry_over_for_net_sales(surplus=300.0, price=10.0, later_price=16.0, multiple=5.0).worth  # 15.0
```

The last column names the test in which the simulator, the equilibrium of the whole market or optimal stopping
on it meets the formula. Where that is a test in `tests/solvers/`, there is nothing in the environments that the formula
is about, and a second method (a grid, a dynamic programme, simulated paths) confirms it.

They hold where their assumptions do: no frictions, unless they are about one, and for a firm that takes the price as
given. A trigger of investment is for a horizon that is long beside the pay-back. At a martingale price, which is what
most price processes of the environments give, an option to invest without an end is never used.
"""
HEADS = ("function", "what it says", "for example", "gives", "reference", "held by")
STATED = """\

## Statements

What theory says without a figure of its own.

| statement | reference | held by |
|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    lines = HEAD.splitlines()
    for theme, entries in CATALOGUE.items():
        lines += ["", f"## {theme}", "", _row(HEADS), "|" + "---|" * len(HEADS)]
        for entry in entries:
            name = f"`{entry.name}`"
            lines.append(_row((name, entry.says, entry.arguments, entry.figure, entry.reference, _tests(entry.tests))))
    lines += STATED.splitlines()
    lines += [_row((says, reference, _tests((test,)))) for says, reference, test in STATEMENTS]
    return "\n".join([*lines, ""])


def listing(width: int) -> list[str]:
    """The closed forms as lines of text: name and what it says, then the worked figure."""
    lines: list[str] = []
    for theme, entries in CATALOGUE.items():
        lines += ["", theme] if lines else [theme]
        for entry in entries:
            lines += wrap(f"{entry.name}: {entry.says}", width, initial_indent="  ", subsequent_indent="    ")
            figure = f"{entry.arguments}: {entry.figure}"
            lines += wrap(figure, width, initial_indent="      ", subsequent_indent="      ")
    return lines


def write(path: Path | str, check: bool = False) -> bool:
    """Write the page; with ``check`` only compare it. True if the file now holds the page."""
    return is_current(path, page(), check=check)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _tests(tests: tuple[str, ...]) -> str:
    """Tests by name, each a link to its file."""
    named = []
    for test in tests:
        file, _, function = test.partition("::")
        named.append(f"[`{function or Path(file).name}`](../{file})")
    return "<br>".join(named)
