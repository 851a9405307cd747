"""Changes to a scenario by dotted path: ``regime.banking.2018.net_sales_multiple`` to 1."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from nea_env.library.assembly import Assembly, is_index
from nea_env.library.catalogue import ROOT
from nea_env.library.errors import did_you_mean, fields_at, first_of, keys_of, reason, shown
from nea_env.library.price_files import ONLY_AT_HOME, replays_abroad, two_paths, with_prices
from nea_env.library.reader import Document
from nea_env.library.yaml import DEEPEST, MOST_VALUES, YAML_ERRORS, checked_text, yaml_reader
from nea_env.scenario import Scenario, ScenarioError

Overrides = Mapping[str, Any] | Sequence[str]
KEPT = ("name",)
"""What no override may change: results are filed under it."""

_LONGEST_PATH = 300
"""Characters in a path."""


class Change(NamedTuple):
    """A number, text or whole rule to put in place of the scenario's own."""

    path: str
    value: Any

    @property
    def keys(self) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(self.path.split("."))


def overridden(scenario: Scenario, overrides: Overrides) -> Scenario:
    """The scenario with the changes applied, validated again.

    Raises:
        ScenarioError: one line that names the override's path, its value and what was allowed.
    """
    changes = _changes(overrides)
    if not changes:
        return scenario
    tree: Any = scenario.model_dump(mode="json")
    _refuse_replay_abroad(changes)
    for change in changes:
        tree = _put(tree, change, 0)
    tree["market"] = _with_prices(tree["market"], changes)
    try:
        scenario = Scenario.model_validate(tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, tree, changes)) from None
    _refuse_idle_prices(scenario.market.law, changes)
    return scenario


def _refuse_idle_prices(law: object, changes: list[Change]) -> None:
    """Prices on record that nobody would play are a mistake: whoever names them wants them."""
    named = [change.path for change in changes if change.keys[:2] == ("market", "replay") and change.value is not None]
    if named and law != "replay":
        raise ScenarioError(
            f"override {named[0]}: plays no part under market.law: {law}; allowed: with market.law=replay"
        )


def _refuse_replay_abroad(changes: list[Change]) -> None:
    """A partner's market may know prices on record, as the files that ship do; nobody can have them played."""
    for change in changes:
        replay = change.value.get("replay") if isinstance(change.value, Mapping) and len(change.keys) == 3 else None
        inner = ("replay", "csv") if isinstance(replay, Mapping) and replay.get("csv") else ()
        if change.value is not None and replays_abroad((*change.keys, *inner)):
            raise ScenarioError(f"override {'.'.join((change.path, *inner))}: {ONLY_AT_HOME}")


def _with_prices(market: Any, changes: list[Change]) -> Any:
    """The market with its CSV file read, which the working directory's path leads to."""
    if isinstance(market, dict) and isinstance(market.get("replay"), dict) and market["replay"].get("csv"):
        named = _named_of_replay(changes)  # a file takes the place of the market's own path
        market = {**market, "replay": {key: value for key, value in market["replay"].items() if key in named}}
    try:
        if two_paths(market):
            raise ScenarioError(two_paths(market))
        return with_prices(market, Path())
    except ScenarioError as error:
        markets = [change.path for change in changes if change.path.split(".")[0] == "market"]
        named_paths = [path for path in markets if path.startswith("market.replay")]
        guilty = (named_paths or markets or ["market.replay.csv"])[0]
        raise ScenarioError(f"override {guilty}: {error}") from None


def _named_of_replay(changes: list[Change]) -> set[str]:
    """Keys of ``market.replay`` that the changes name."""
    named: set[str] = set()
    for change in changes:
        tree: Any = change.value
        for key in reversed(change.keys):
            tree = {key: tree}
        for key in ("market", "replay"):
            tree = tree.get(key) if isinstance(tree, Mapping) else None
        named.update(tree if isinstance(tree, Mapping) else ())
    return named


def _changes(overrides: Overrides) -> list[Change]:
    if isinstance(overrides, Mapping):
        return [Change(_path(str(path)), value) for path, value in overrides.items()]
    if isinstance(overrides, str):
        overrides = (overrides,)
    if not isinstance(overrides, Sequence) or not all(isinstance(text, str) for text in overrides):
        raise ScenarioError(
            f"overrides: {shown(overrides)}: expected a mapping of paths to values, or strings 'path=value'"
        )
    return [_parsed(text) for text in overrides]


def _parsed(text: str) -> Change:
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise ScenarioError(f"override {text!r}: expected path=value, for instance market.volatility=0.2")
    try:
        return Change(_path(path.strip(" ")), yaml_reader().load(value))
    except YAML_ERRORS as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"override {path.strip()}: {shown(value)} is not a YAML value") from None


def _path(text: str) -> str:
    """A dotted path; refused if it is empty, too long or not text. A key may be empty: it means all the others."""
    try:
        path = _text(text)
    except ScenarioError as error:
        raise ScenarioError(f"override {error}") from None
    if not path.strip() or len(path) > _LONGEST_PATH:
        raise ScenarioError(f"override {shown(path)}: expected keys joined by dots, for instance market.volatility=0.2")
    return path


def _put(node: Any, change: Change, depth: int) -> Any:
    """A copy of the tree below ``depth`` keys of the path, with the value at its end."""
    if depth == len(change.keys):
        return _with_named_links(change)
    before, key = change.keys[:depth], change.keys[depth]
    fields = [field for field in fields_at(Scenario, before) if before or field not in KEPT]
    if isinstance(node, list):
        if not is_index(key, len(node)):
            has = f"items 0 to {len(node) - 1}" if node else "no items"
            raise ScenarioError(f"override {change.path}: {'.'.join(before)} has {has}, not {key!r}")
        return [_put(item, change, depth + 1) if index == int(key) else item for index, item in enumerate(node)]
    if fields:
        if key not in fields:
            where = "" if key and key == change.path.rpartition(".")[2] else f"{key or repr(key)}: "
            raise ScenarioError(f"override {change.path}: {where}unknown key; {did_you_mean(key, fields)}")
    elif not isinstance(node, dict):
        raise ScenarioError(f"override {change.path}: {'.'.join(before)} is {shown(node)}: it has no {key!r}")
    elif key not in node and depth + 1 < len(change.keys):
        hint = did_you_mean(key, node)
        raise ScenarioError(f"override {change.path}: {'.'.join(before)} has no {key!r}; {hint}")
    return {**(node or {}), key: _put((node or {}).get(key), change, depth + 1)}


def _with_named_links(change: Change) -> Any:
    """The change's value; if it is a link, or all of them, each may be a shipped name or a path."""
    try:
        value = plain(change.value)
    except ScenarioError as error:
        raise ScenarioError(f"override {change.path}: {error}") from None
    one = len(change.keys) == 2
    if change.keys[0] != "links" or len(change.keys) > 2 or (isinstance(value, list) and one):
        return value
    links = [value] if one else value
    try:
        filled = Assembly(Document(Path("overrides"), {"links": links}, {})).scenario(ROOT).tree["links"]
    except ScenarioError as error:
        why = str(error).removeprefix("overrides: ").removeprefix(f"{change.path}: ")
        raise ScenarioError(f"override {change.path}: {why}") from None
    return filled[0] if one else filled


def _explain(error: ValidationError, tree: dict[str, Any], changes: list[Change]) -> str:
    """The first of pydantic's errors as one line, with the override that caused it, or all of them."""
    detail = first_of(error.errors(include_url=False))
    keys = tuple(map(str, keys_of(detail, tree)))
    why = reason(detail, Scenario, keys)
    guilty = [c for c in changes if all(a == b for a, b in zip(c.keys, keys, strict=False))] or changes
    label = f"override {guilty[0].path}" if len(guilty) == 1 else f"overrides {', '.join(c.path for c in guilty)}"
    path = ".".join(keys)
    why = why.removeprefix(f"{guilty[0].path}: ") if len(guilty) == 1 else why
    return f"{label}: {why}" if path in ("", guilty[0].path) else f"{label}: {path}: {why}"


def _text(value: str) -> str:
    try:
        return checked_text(value)
    except ValueError as error:
        raise ScenarioError(str(error)) from None


def plain(value: Any) -> Any:
    """A tree of dicts with text keys and lists, as a file would have given. NumPy's numbers become Python's.

    Raises:
        ScenarioError: it is deeper or larger than a file may be, like a mapping that contains itself; or it holds
            text that no file can hold.
    """
    met = itertools.count(1)

    def copied(item: Any, level: int) -> Any:
        if level > DEEPEST:
            raise ScenarioError(f"{shown(value)}: nested more than {DEEPEST} levels deep")
        if next(met) > MOST_VALUES:
            raise ScenarioError(f"{shown(value)}: holds more than {MOST_VALUES:,} values, aliases counted")
        if isinstance(item, Mapping):
            tree: dict[str, Any] = {}
            for key, below in item.items():
                name = _text(str(key))
                if name in tree:
                    raise ScenarioError(f"{name}: this key is listed twice in one mapping; allowed: once")
                tree[name] = copied(below, level + 1)
            return tree
        if hasattr(item, "tolist"):  # a number or an array of NumPy
            item = item.tolist()
        if isinstance(item, list | tuple):
            return [copied(below, level + 1) for below in item]
        return _text(item) if isinstance(item, str) else item

    return copied(value, 0)
