"""YAML 1.2 as every file and every override is read: safe, in pure Python, and bounded.

A few lines of nested brackets exhaust the interpreter's stack, and a few lines of aliases of aliases stand for more
values than any memory holds; so depth, aliases and values have limits, far above what a scenario needs.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

UNREADABLE = (YAMLError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError)
"""What ruamel.yaml raises of text that is no YAML, or whose tags (``!!bool``, ``!!int``) do not fit the text."""

DEEPEST = 32
"""Levels of nesting."""

MOST_ALIASES = 1_000
"""Aliases in one file."""

MOST_VALUES = 100_000
"""Values in one file, those that aliases stand for counted each time."""


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
    """Refuses merge keys (``<<``) that put more than ``MOST_VALUES`` entries into one mapping."""

    def flatten_mapping(self, node: Any) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MOST_VALUES:
            raise ConstructorError(None, None, f"more than {MOST_VALUES:,} merged entries", node.start_mark)


def yaml_reader() -> YAML:
    """A reader of one document: YAML 1.2, in which ``no`` is text and ``010`` is ten; duplicate keys are errors."""
    yaml = YAML(typ="safe", pure=True)  # the C parser reads YAML 1.1
    yaml.version = (1, 2)
    yaml.Composer, yaml.Constructor = _BoundedComposer, _BoundedConstructor
    return yaml
