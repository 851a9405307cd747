"""Every table of the README and of docs/ is made by a command, or is on a short list of words that nobody measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nea_env.envs.reference.in_pages import TABLES, main, with_tables

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = re.compile(r"^<!-- Written by `(.+?)`", re.MULTILINE)
BLOCK = re.compile(r"^<!-- ([a-z_]+): (.+?) -->\n(.*?)^<!-- end of \1 -->", re.MULTILINE | re.DOTALL)

BY_HAND = {
    "| page | what it covers |": "an index of the pages",
    "| key | unit | meaning |": "what a key means",
    "| key | meaning |": "what a key means",
    "| give | it is asked |": "what a key means",
    "| `market.law` | monthly change of the log price | section |": "what each price process is",
    "| write | to change |": "forms of an override; tests/library/test_overrides_page.py tries each",
    "| columns | as a group | what they hold |": "names in Python",
    "| quantity | what it is |": "what a key means",
    "| column | holds |": "what a key means",
    "| status | meaning |": "what a key means",
    "| ranges | drawn | switched on by | what the agent sees |": "what a key means",
}
"""Heading of a table written by hand -> what it holds: words, not measurements."""

NOT_IN_MAKE_DOCS = {
    "make clients": "installs other libraries from the network",
    "python -m nea_env.solvers exact": "solves the exact track on finer grids and without levers: minutes",
    "python -m nea_env.market errors": "solves each market again on finer grids: eight minutes",
}
"""Command -> why `make docs`, which renders and never trains, leaves it out."""


class Found(NamedTuple):
    """A table: its page, its lines, and the command that makes it, if any."""

    page: str
    lines: list[str]
    command: str


def tables() -> Iterator[Found]:
    """Every table of every page."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        whole = WRITTEN.search(text)
        blocks = [(match.start(), match.end(), match[2]) for match in BLOCK.finditer(text)]
        for match in re.finditer(r"^\|.*\|\n\|[-:| ]+\|\n(?:\|.*\n)*", text, re.MULTILINE):
            command = next((made for start, end, made in blocks if start < match.start() < end), "")
            command = whole[1] if whole else command
            yield Found(str(path.relative_to(ROOT)), match[0].splitlines(), command)


FOUND = list(tables())


def test_tables_are_found():
    assert len(FOUND) > 100 and len({found.page for found in FOUND}) > 20


def test_every_table_is_made_by_a_command_or_holds_words():
    unknown = [(one.page, one.lines[0]) for one in FOUND if not one.command and one.lines[0] not in BY_HAND]
    assert unknown == [], (
        "put it between <!-- name: command --> and <!-- end of name -->, or on the list with the reason"
    )


def test_tables_written_by_hand_hold_no_measurements():
    measured = re.compile(r"\d\.\d|\d %|±|\[\d")
    for one in FOUND:
        if not one.command and one.lines[0] in BY_HAND:
            words = [re.sub(r"`.*?`|95 % interval", "", line) for line in one.lines]
            assert [line for line in words if measured.search(line)] == [], one.page


def test_make_docs_makes_them_or_says_why_not():
    recipe = re.search(r"^docs:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    for command in {one.command for one in FOUND if one.command}:
        named = re.match(r"(?:python -m [\w.]+(?: [a-z]\w*)?|make \w+)", command)[0]
        assert (named in recipe) != (named in NOT_IN_MAKE_DOCS), command


def test_pages_written_by_hand_have_the_tables_of_the_code(capsys):
    assert main(["--root", str(ROOT), "--check"]) == 0, f"{capsys.readouterr().out}\nrun make docs"


@pytest.fixture
def copy(tmp_path):
    for name in TABLES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_a_table_that_was_edited_is_found_and_made_anew(copy, capsys):
    readme = copy / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "| 140 | when to invest" in text and "Chinese units for 5 % of the duty | 68 |" in text
    readme.write_text(text.replace("| 140 | when", "| 141 | when"), encoding="utf-8")
    assert main(["--root", str(copy), "--check"]) == 1
    assert capsys.readouterr().out == f"out of date: {readme}\n"
    assert main(["--root", str(copy)]) == 0
    assert readme.read_text(encoding="utf-8") == text and with_tables(copy)[readme] == text


def test_a_page_without_its_lines_or_no_page_is_refused(copy, tmp_path, capsys):
    (copy / "README.md").write_text("nothing\n")
    assert main(["--root", str(copy)]) == 2
    assert "<!-- end of ids --> must both be in the page" in capsys.readouterr().err
    assert main(["--root", str(tmp_path / "nowhere")]) == 2
    assert "No such file" in capsys.readouterr().err
