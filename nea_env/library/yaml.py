"""YAML 1.2 as every file and every override is read: safe, in pure Python, and bounded.

A few lines of nested brackets exhaust the interpreter's stack, and a few lines of aliases of aliases expand to more
values than any memory holds; so depth, aliases and values have limits, far above what a scenario needs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.parser import Parser, ParserError
from ruamel.yaml.tokens import DirectiveToken

YAML_ERRORS = (YAMLError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError)
"""What ruamel.yaml raises for text that is not YAML, or whose tags (``!!bool``, ``!!int``) do not fit the text."""

VERSION = (1, 2)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

DEEPEST = 32
"""Levels of nesting."""

MOST_ALIASES = 1_000
"""Aliases in one file."""

MOST_VALUES = 100_000
"""Values in one file, those behind an alias counted each time."""


class _Parser(Parser):
    """Refuses ``%YAML`` with another version, in which the same text means other values."""

    def process_directives(self) -> Any:
        token = self.scanner.peek_token()
        if isinstance(token, DirectiveToken) and token.name == "YAML" and tuple(token.value) != VERSION:
            version = ".".join(map(str, token.value))
            raise ParserError(None, None, f"%YAML {version}; allowed: %YAML 1.2, or no such line", token.start_mark)
        return super().process_directives()


class _BoundedComposer(Composer):
    """Refuses nesting beyond ``DEEPEST`` and more than ``MOST_ALIASES`` aliases."""

    _level = _aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        self._aliases += isinstance(event, AliasEvent)
        if self._aliases > MOST_ALIASES:
            raise ComposerError(None, None, f"more than {MOST_ALIASES:,} aliases", event.start_mark)
        if self._level > DEEPEST:
            raise ComposerError(None, None, f"nested {self._level} levels deep; allowed: {DEEPEST}", event.start_mark)
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        return node


class _BoundedConstructor(SafeConstructor):
    """Refuses merge keys (``<<``) that put more than ``MOST_VALUES`` entries into one mapping, and what is not text."""

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        try:
            return checked_text(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None

    def flatten_mapping(self, node: Any) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MOST_VALUES:
            raise ConstructorError(None, None, f"more than {MOST_VALUES:,} merged entries", node.start_mark)


def checked_text(text: str) -> str:
    """The text with each surrogate pair, as JSON writes characters beyond U+FFFF, as the one character it encodes.

    Raises:
        ValueError: there is half of a pair, which no file can hold, or a control character, which a terminal would
            obey.
    """
    if _CONTROL.search(text):
        raise ValueError(f"{text[:60]!r}: text must not hold control characters")
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError(f"{text[:60]!r}: text must not hold half of a surrogate pair") from None


def yaml_reader() -> YAML:
    """A reader of one document: YAML 1.2, in which ``no`` is text and ``010`` is ten; duplicate keys are errors."""
    yaml = YAML(typ="safe", pure=True)  # the C parser reads YAML 1.1
    yaml.version = VERSION
    yaml.Parser, yaml.Composer, yaml.Constructor = _Parser, _BoundedComposer, _BoundedConstructor
    return yaml


def yaml_text(tree: Mapping[str, Any]) -> str:
    """Plain values as YAML, one key a line, in sorted order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    text = io.StringIO()
    yaml.dump(tree, text)
    return text.getvalue()
