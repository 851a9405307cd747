"""What the YAML reader accepts, refuses and remembers."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from nea_env.library import Provenance, ScenarioError, load_scenario
from nea_env.library.reader import Document, read, unsourced


@pytest.fixture
def write(tmp_path: Path):
    def file(text: str | bytes) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return file


def refusal(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_yaml_is_version_1_2(write):
    values = read(write("limit: none\nanswer: no\nswitch: on\nten: 010\nmonth: 2015-01\nempty: null\n")).values
    assert values == {"limit": "none", "answer": "no", "switch": "on", "ten": 10, "month": "2015-01", "empty": None}


def test_years_become_text(write):
    assert read(write("calendar: {2015: {deadline: 2016-06}}")).values == {
        "calendar": {"2015": {"deadline": "2016-06"}}
    }


def test_provenance_covers_what_lies_below_until_it_is_overridden(write):
    document = read(
        write(
            """
sources: {law: The Act, paper: A study}
bare: 1
top: {source: law, a: 1, deep: {b: [2, 3]}, own: {status: assumed, note: no text, c: 4}, noted: {note: p. 7, d: 5}}
price: {value: 48, source: [law, paper], status: derived, note: sum}
"""
        )
    )
    assert document.values == {
        "bare": 1,
        "top": {"a": 1, "deep": {"b": [2, 3]}, "own": {"c": 4}, "noted": {"d": 5}},
        "price": 48,
    }
    law = Provenance("The Act", "sourced", "", ("law",))
    assert document.provenance == {
        "top.a": law,
        "top.deep.b.0": law,
        "top.deep.b.1": law,
        "top.own.c": Provenance("", "assumed", "no text"),
        "top.noted.d": Provenance("The Act", "sourced", "p. 7", ("law",)),
        "price": Provenance("The Act; A study", "derived", "sum", ("law", "paper")),
    }
    assert document.sources == {"law": "The Act", "paper": "A study"}
    assert unsourced(document) == ["bare"]


def test_numbers_months_years_and_switches_need_a_source():
    values = {"n": 1.5, "month": "2015-01", "year": "2015", "switch": True, "word": "net", "nothing": None}
    assert unsourced(Document(Path("x"), values, {})) == ["n", "month", "year", "switch"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: {c: 2,\n  c: 3}\n", ["line 3", "c", "twice"]),
        ("a: 1\nprice: 2\nprice: 3\n", ["line 3", "price", "twice"]),
        ("t: {2015: 1, '2015': 2}", ["t.2015", "twice"]),
        ("a: [1, 2\n", ["line", "as YAML 1.2"]),
        ("a: b: c", ["line 1", "as YAML 1.2"]),
        (b"\xff\xfe\x00\x9c", ["as YAML 1.2"]),
        (b"PK\x03\x04\x00\x00", ["as YAML 1.2"]),
        ("a: 1\n---\nb: 2\n", ["as YAML 1.2"]),
        ("", ["empty"]),
        ("# nothing\n", ["empty"]),
        ("- 1\n- 2\n", ["[1, 2]", "mapping"]),
        ("just words", ["'just words'", "mapping"]),
        ("a: &x {b: *x}", ["a.b", "alias"]),
        ("sources: {law: The Act}\na:\n  source: lew\n  b: 1", ["line 3", "a.source", "'lew'", "did you mean 'law'?"]),
        ("a: {source: law, b: 1}", ["a.source", "'law'", "allowed: nothing"]),
        ("a: {status: asumed, b: 1}", ["a.status", "did you mean 'assumed'?", "sourced, assumed, derived"]),
        ("a: {status: sourced, b: 1}", ["a.status", "needs a source"]),
        ("a: {source: 3, b: 1}", ["a.source", "3", "expected text"]),
        ("a: {note: [x], b: 1}", ["a.note", "expected text"]),
        ("a: {value: 1, unit: t}", ["a.unit", "next to value only source, status, note"]),
        ("sources: [The Act]\na: 1", ["sources", "short key"]),
        ("a: {1.5: 2}", ["1.5 cannot be a key"]),
        ("value: 3", ["holds 3", "mapping"]),
        ("a: !!bool maybe", ["as YAML 1.2"]),
        ("a: !!int ''", ["as YAML 1.2"]),
        ("a: !!float ''", ["as YAML 1.2"]),
        ("%YAML 1.3\n---\na: 1", ["as YAML 1.2"]),
        ("true: 2", ["True cannot be a key"]),
    ],
)
def test_bad_files_get_one_clear_line(write, text, parts):
    message = refusal(write(text))
    for part in parts:
        assert part in message


def bomb(item: str) -> str:
    """Eight lists, each of the one before nine times over: 9**8 values in 400 characters."""
    lines = [f"{name}: &{name} [{', '.join([item.format(before)] * 9)}]" for before, name in pairwise("abcdefgh")]
    return "\n".join(["a: &a [1, 2, 3]", *lines])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: " + "[" * 5_000 + "]" * 5_000, ["line 1", "33 levels deep; allowed: 32"]),
        ("\n".join("  " * level + f"a{level}:" for level in range(40)), ["line 33", "33 levels deep; allowed: 32"]),
        ("a: &a 1\nb: [" + "*a, " * 1_001 + "]", ["line 2", "more than 1,000 aliases"]),
        (bomb("*{0}"), ["more than 100,000 values"]),
        (
            "a: &a {x: 1, y: 2}\n"
            + "\n".join(
                f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}" for before, name in pairwise("abcdefgh")
            ),
            ["more than 100,000 merged entries"],
        ),
    ],
    ids=["flow", "block", "aliases", "aliases of aliases", "merges of merges"],
)
def test_a_file_that_would_exhaust_the_machine_is_one_line(write, text, parts):
    message = refusal(write(text))
    for part in parts:
        assert part in message
    assert len(message) < 500


def test_nesting_and_aliases_that_people_write_are_read(write):
    deep = "a: " + "[" * 30 + "1" + "]" * 30
    assert read(write(deep)).values != {}
    assert read(write("a: &a {x: 1}\nb: [" + "*a, " * 900 + "]")).values["b"] == [{"x": 1}] * 900
    assert read(write("a: &a {x: 1}\nb: {<<: *a, y: 2}")).values["b"] == {"x": 1, "y": 2}


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.yaml")
    assert "cannot be read" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "expected a file" in refusal(tmp_path / "pipe.yaml")  # and no wait for its end
    assert "expected a file" in refusal(Path("/dev/zero"))


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.3", "2.0"])
def test_another_version_of_yaml_is_refused_by_name(version, tmp_path):
    """YAML 1.1 reads 010506 as 4422 and no as false."""
    path = tmp_path / "own.yaml"
    path.write_text(f"# mine\n%YAML {version}\n---\nname: mine\n")
    with pytest.raises(
        ScenarioError, match=rf"own.yaml line 2: .*%YAML {version}; allowed: %YAML 1.2, or no such line$"
    ):
        read(path)


def test_a_key_of_thousands_of_letters_is_cut_in_the_message(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"name: mine\n{'x' * 1_000}: 1\n")
    for given in (path, "a/" * 2_500, "x" * 5_000 + ".yaml"):
        with pytest.raises(ScenarioError) as caught:
            load_scenario(given)
        assert len(str(caught.value)) < 1_000 and "..." in str(caught.value)
