# ruff: noqa: RUF001  (characters that look like others are what is tried)
"""Scenario files as spreadsheets, editors and malice write them: each is its plain twin, or ends in one line."""

import itertools
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from nea_env.envs.firm import FirmEnv
from nea_env.library import ScenarioError, load_scenario
from nea_env.library.file_names import as_file_name

COUNT = 240
PLAIN: dict[str, Any] = {
    "name": "mine", "title": "Mine", "start": "2018-01", "first": "2018", "last": "2020", "regime": "kets",
    "firm": "kets_steel", "market": "kau", "policy.draws": 64, "overrides.market.price": 10506,
    "overrides.market.volatility": 0.25, "overrides.firm.air_cooled": True,
}  # fmt: skip
"""What each file means, by dotted key."""


class Change(NamedTuple):
    """How one value is written: ``text`` in place of the plain one; ``means`` where it stands for another value."""

    key: str
    text: str
    means: Any = None


PRICES = ["010506", "1_0506", "+10506", "10506.", "1.0506e4", "１０５０６", "10\u00a0506", "10\u202f506", "10,506",
          "10'506", "10506 KRW", "'10506'", "'10506", "0x290A", "0o24412", "!!int '10506'", "!!float '10506'",
          "!!str 10506", "!!int '10,506'", "&p 10506", "10506\u200b", "\u200e10506", "٠", "−10506", "$10506", "10506%",
          "true", "yes", "~", "1e999", "-.inf", ".nan", "[10506]", "{value: 10506}", "!!binary MTA1MDY=",
          "2018-01-05"]  # fmt: skip
VOLATILITIES = [".25", "0.25", "2.5e-1", "0,25", "25%", "true", "on", "'0.25'", "0.25\u00a0", "¼", "1/4"]
SWITCHES = ["true", "True", "TRUE", "yes", "on", "y", "1", "'true'", "!!bool true", "!!bool yes", "!!bool 'on'"]
MONTHS = ["'2018-01'", "2018-1", "２０１８-01", "2018‑01", "2018-01\u200b", "2018/01", "2018-01-01", "201801", "Jan-18",
          "!!str 2018-01", "!!timestamp 2018-01-01"]  # fmt: skip
YEARS = ["'2018'", "2018.0", "02018", "２０１８", "2_018", "18", "!!str 2018", "0x7E2"]
TITLES = ["'Steel works [/t of steel]'", "'[draft] Mine'", "'[bold red]x'", "'${oc.env:HOME}'", "'${firm.name}'",
          "'$x^2$'", "'%s %d {0} {name}'", "'<script>alert(1)</script>'", "'a | b'", "'한국 철강'", "'\\x1b[31m'",
          r'"\x1b[2J"', r'"\ud800"', r'"\ud83d\ude00"', "'../../esc'", "'*'", "'# none'", "'\u202eabc'"]  # fmt: skip
NAMES = ["'../../esc'", "'/etc/passwd'", "'..'", "'.hidden'", "'a/b'", "CON", "'a b'", "'~'", f"'{'x' * 400}'", 
         "'${x}'", "'[/]'", "'한국'", "'-rf'", "'a\\b'", "'kets'"]  # fmt: skip
PARTS = ["kets\u00a0", "\u00a0kets", "“kets”", "kets\u200b", "KETS", "../regimes/kets.yaml", "kets.yaml", "!!str kets",
         "!!python/name:os.system", "!!python/object/apply:os.system ['touch hit']", "!mine kets"]  # fmt: skip
CHANGES = [
    *(Change("overrides.market.price", text) for text in PRICES),
    *(Change("overrides.market.volatility", text) for text in VOLATILITIES),
    *(Change("overrides.firm.air_cooled", text) for text in SWITCHES),
    *(Change("start", text) for text in MONTHS),
    *(Change("first", text) for text in YEARS),
    *(Change("title", text, text[1:-1]) for text in TITLES if text[0] == "'"),
    Change("title", r'"\ud83d\ude00"', "\N{GRINNING FACE}"),
    *(Change("title", text) for text in TITLES if text[0] == '"' and "d83d" not in text),
    *(Change("name", text, text.strip("'")) for text in NAMES),
    *(Change("regime", text) for text in PARTS),
]
HEADS = ["", "", "", "---\n", "\ufeff", "%YAML 1.2\n---\n", "%YAML 1.1\n---\n", "%YAML 1.3\n---\n", "%YAML 2.0\n---\n",
         "%TAG ! tag:example.com,2026:\n---\n", "# coding: latin-1\n", "--- !!map\n", "--- !!omap\n",
         "%TAG !! tag:example.com,2026:\n---\n", "\t\n", "\n\n", "x: &a 1\n"]  # fmt: skip
TAILS = ["", "", "", "...\n", "---\n", "--- {name: other}\n", "# end", "\x00", "\u200b", "name: again\n", 
         "<<: {name: b}\n", "\ufeff", "'': 1\n", "? [a]\n: 1\n", "sources: {a: b}\n"]  # fmt: skip
LINES = ["\n", "\n", "\n", "\r\n", "\r", "\x85", "\u2028"]
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252", "euc-kr"]


class Hostile(NamedTuple):
    """A file and what it means."""

    content: bytes
    meaning: dict[str, Any]
    about: str


def files() -> Iterator[Hostile]:
    """Every change alone, then without end some change or none with something odd around it."""
    for change in CHANGES:
        yield written(change, "", "\n", "", "utf-8")
    draw = random.Random(18)
    while True:
        change = draw.choice([None, None, *CHANGES])
        head, line, tail, encoding = (draw.choice(kind) for kind in (HEADS, LINES, TAILS, ENCODINGS))
        try:
            yield written(change, head, line, tail, encoding)
        except UnicodeEncodeError:
            continue


def written(change: Change | None, head: str, line: str, tail: str, encoding: str) -> Hostile:
    """The file of a change with this before it, at the ends of its lines and after it."""
    texts = {key: str(value).lower() if value is True else str(value) for key, value in PLAIN.items()}
    meaning = dict(PLAIN)
    if change is not None:
        texts[change.key] = change.text
        meaning[change.key] = PLAIN[change.key] if change.means is None else change.means
    text = head + "".join(f"{part}\n" for part in _yaml(texts)).replace("\n", line) + tail
    about = f"{change.key}: {change.text!a}" if change else "plain"
    around = f"{head!a} {line!a} {tail!a} {encoding}"
    return Hostile(text.encode(encoding), meaning, f"{about[:60]}, {around}")


def _yaml(written: dict[str, str]) -> Iterator[str]:
    nested = _nested(written)
    for key, value in nested.items():
        yield f"{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as a tree."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        branch = tree
        for key in parents:
            branch = branch.setdefault(key, {})
        branch[last] = value
    return tree


HOSTILE = list(itertools.islice({one.content: one for one in itertools.islice(files(), 400)}.values(), COUNT))


@pytest.mark.parametrize("one", HOSTILE, ids=lambda one: one.about)
def test_a_hostile_file_is_its_plain_twin_or_one_line(one, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_bytes(one.content)
    try:
        scenario = load_scenario("own.yaml")
    except ScenarioError as error:
        message = str(error)
        assert message.startswith("own.yaml") and message.isprintable() and len(message) < 1000, message
    else:
        assert scenario == load_scenario(_nested(one.meaning))
        env = FirmEnv(scenario)
        env.reset(seed=1)
        env.get_state()
        assert (tmp_path / as_file_name(scenario.name)).parent == tmp_path
        assert len(as_file_name(scenario.name).encode()) <= 100
    assert [path.name for path in tmp_path.iterdir()] == ["own.yaml"]


def test_some_are_taken_and_some_refused(tmp_path):
    assert len(HOSTILE) == COUNT
    taken = 0
    for number, one in enumerate(HOSTILE):
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(one.content)
        try:
            load_scenario(path)
            taken += 1
        except ScenarioError:
            continue
    assert COUNT // 4 < taken < COUNT * 3 // 4, taken
