"""The grammar of overrides, the same in every command and in Python: paths, years, what a change is called.

``regime.banking.*.limit=unlimited`` changes every year that the scenario's regime has, ``2018-2020`` in its place the
first years in that span; ``scenario.`` may stand in front. `nea_env.library.named_values` has the names that may stand
for a part of a scenario, `EXPLAINED` in `nea_env.library.arguments` says all of it to users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nea_env.library.errors import fields_at, shown
from nea_env.library.file_names import as_file_name
from nea_env.library.yaml import YAML_ERRORS, checked_text, yaml_reader
from nea_env.scenario import Scenario, ScenarioError

Overrides = Mapping[str, Any] | Sequence[str]
ALL = "*"
"""Every year, or every other key, of a table, or every item of a list."""

PREFIX = "scenario."
"""May stand in front of every path."""

WHOLE = ("regime", "firm", "market", "links")
"""What can be put in place of a scenario's own as a whole, before anything inside it is changed."""

_YEAR, _SPAN = re.compile(r"[0-9]{4}"), re.compile(r"([0-9]{4})-([0-9]{4})")
_LONGEST_PATH = 300
"""Characters in a path."""


class Change(NamedTuple):
    """A number, text, whole rule or name of a part to put in place of the scenario's own.

    Attributes:
        path: dotted keys, without ``scenario.``.
        value: as YAML reads it.
        typed: the path as typed, with ``*`` and spans of years, but without ``scenario.``.
    """

    path: str
    value: Any
    typed: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(self.path.split("."))

    @property
    def where(self) -> str:
        """How messages begin: the path as typed, and the path that is meant where they differ."""
        return f"override {self.typed}:" + (f" {self.path}:" if self.path != self.typed else "")


def changes_of(overrides: Overrides) -> list[Change]:
    """The changes that overrides ask for; whole parts first, otherwise in their order.

    Raises:
        ScenarioError: one line about the first that is not a change.
    """
    if isinstance(overrides, Mapping):
        changes = [_change(str(path), value) for path, value in overrides.items()]
    else:
        if isinstance(overrides, str):
            overrides = words_of_changes(overrides)
        if not isinstance(overrides, Sequence) or not all(isinstance(text, str) for text in overrides):
            raise ScenarioError(
                f"overrides: {shown(overrides)}: expected a mapping of paths to values, or strings 'path=value'"
            )
        changes = [_parsed(text) for text in overrides]
    return sorted(changes, key=lambda change: change.path not in WHOLE)


def words_of(text: str) -> list[str]:
    """The words of a text: blanks part them, but for those within brackets or quotes.

    ```python
    >>> words_of("kets links=[kets_tps, kets_eu] market.price=9000")
    ['kets', 'links=[kets_tps, kets_eu]', 'market.price=9000']

    ```
    """
    words, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        depth += (sign in "[{(") - (sign in "]})")
        if sign.isspace() and depth <= 0 and not quote:
            words.append("")
        else:
            words[-1] += sign
    return [re.sub(r"^([\"'])(.*)\1$", r"\2", word) for word in words if word]


def words_of_changes(text: str) -> tuple[str, ...]:
    """The changes in one text: ``"market.price=30 firm.scale=2"`` has two, and ``"firm.title=My mill"`` has one."""
    words = words_of(text)
    return tuple(words) if words and all("=" in word for word in words) else (text,)


def _parsed(text: str) -> Change:
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise ScenarioError(f"override {text!r}: expected path=value, for instance market.volatility=0.2")
    try:
        return _change(path.strip(" "), yaml_reader().load(value))
    except YAML_ERRORS as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"override {path.strip()}: {shown(value)} is not a YAML value") from None


def _change(text: str, value: Any) -> Change:
    """A change at a dotted path; refused if that is empty, too long or not text. An empty key means all the others."""
    try:
        path = checked_text(text)
    except ValueError as error:
        raise ScenarioError(f"override {error}") from None
    path = path.removeprefix(PREFIX)
    if not path.strip() or len(path) > _LONGEST_PATH:
        raise ScenarioError(f"override {shown(path)}: expected keys joined by dots, for instance market.volatility=0.2")
    return Change(path, value, path)


def is_right(keys: tuple[str, ...]) -> bool:
    """Whether keys lead into one of the firm's own rights, which need not be there before."""
    return len(keys) > 2 and keys[:2] == ("firm", "rights")


def as_of_regime(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of the regime's own rule that a firm's right differs from; other keys as they are."""
    return ("regime", *keys[2:]) if is_right(keys) else keys


def is_pattern(key: str) -> bool:
    """Whether a key of a path stands for several: ``*``, or a span of years such as 2018-2020."""
    return key == ALL or _SPAN.fullmatch(key) is not None


def expanded(change: Change, tree: Any) -> list[Change]:
    """The change at every path that its ``*`` and spans of years stand for.

    Args:
        change: as typed.
        tree: the scenario as it is so far.

    Raises:
        ScenarioError: there is no such year; the line names those there are.
    """
    if not any(map(is_pattern, change.keys)):
        return [change]
    if is_right(change.keys[:3]):  # a firm has rights in the years that the regime's own rules have
        asked = change._replace(path=".".join(as_of_regime(change.keys)))
        return [one._replace(path=f"firm.rights{one.path.removeprefix('regime')}") for one in expanded(asked, tree)]
    return [change._replace(path=".".join(keys)) for keys in _paths(tree, (), change)]


def _paths(node: Any, before: tuple[str, ...], change: Change) -> Iterator[tuple[str, ...]]:
    if len(before) == len(change.keys):
        yield before
        return
    key = change.keys[len(before)]
    for one in _meant(node, key, before, change) if is_pattern(key) else (key,):
        yield from _paths(_below(node, one), (*before, one), change)


def _meant(node: Any, key: str, before: tuple[str, ...], change: Change) -> Sequence[str]:
    """The keys of one table or list that ``*`` or a span of years stands for."""
    a_table = before and before[0] in Scenario.model_fields and not fields_at(Scenario, before)
    if not a_table or not (node is None or isinstance(node, dict | list)):
        return (key,)  # not a table of years: refused like any other unknown key
    known = list(map(str, node if isinstance(node, dict) else range(len(node or ()))))
    table = ".".join(before)
    span = _SPAN.fullmatch(key)
    found = [one for one in known if span is None or (_YEAR.fullmatch(one) and span[1] <= one <= span[2])]
    if not found:
        has = f"allowed: {', '.join(known)}" if known else "it is empty"
        raise ScenarioError(f"override {change.typed}: {table} has nothing that {key} stands for; {has}")
    return found


def _below(node: Any, key: str) -> Any:
    if isinstance(node, dict):
        return node.get(key)
    return node[int(key)] if isinstance(node, list) and key.isdecimal() and int(key) < len(node) else None


def told(overrides: Overrides) -> tuple[str, ...]:
    """Each change as ``path=value``: without ``scenario.``, of several values of a path the last."""
    if isinstance(overrides, Mapping):
        pairs = [(str(path), _written(value)) for path, value in overrides.items()]
    else:
        texts = words_of_changes(overrides) if isinstance(overrides, str) else overrides
        pairs = [(path.strip(), value.strip()) for path, _, value in (text.partition("=") for text in texts)]
    last = {path.removeprefix(PREFIX): value for path, value in pairs}
    return tuple(f"{path}={last[path]}" for path in sorted(last, key=lambda path: path not in WHOLE))


def label(name: str, overrides: Overrides) -> str:
    """A short title: ``kets, banking.*.limit=unlimited``.

    Args:
        name: of the scenario, or its title.
        overrides: of `load_scenario`; ``scenario.changes`` is what a scenario was changed by.
    """
    texts = (text.removeprefix("regime.") for text in told(overrides))
    return ", ".join((name, *(text if len(text) < 100 else f"{text[:97]}..." for text in texts)))


def slug(name: str, overrides: Overrides) -> str:
    """The same as part of a file's name, different for different changes: ``kets_banking.all.limit-unlimited``."""
    texts = [text.removeprefix("regime.") for text in told(overrides)]
    plain = [re.sub(r"(?<=\.)\*(?=[.=])", "all", text).replace("=", "-", 1) for text in texts]
    plain = [re.sub(r"-\[(.*)\]$", lambda items: f"-{items[1].replace(', ', '-') or 'none'}", text) for text in plain]
    return as_file_name("_".join((name, *plain)))


def _written(value: Any) -> str:
    """A value on one line, much as it would be typed."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
