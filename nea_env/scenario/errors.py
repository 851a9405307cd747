"""The one error of everything that describes an episode."""

from __future__ import annotations

import re
import unicodedata

_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")

_LONGEST_REASON = 980
"""Characters in a message; a key or a path of thousands is cut."""


class ScenarioError(ValueError):
    """A scenario, or a file behind it, cannot be used; the message is one line.

    Invisible characters, such as a no-break space, are escaped and named.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_visible(message))


class ScenarioWarning(UserWarning):
    """A scenario can be used, but is probably not what was meant; the message is one line."""


def _visible(message: str) -> str:
    line = "".join(letter if letter.isprintable() else _escape(letter) for letter in message)
    codes = dict.fromkeys(int(next(filter(None, escape.groups())), 16) for escape in _ESCAPED.finditer(line))
    unseen = [code for code in codes if code < 0x110000 and not chr(code).isprintable()]
    names = [f"U+{code:04X}: {_name(chr(code))}" for code in unseen]
    added = [name for name in names if name not in line]  # a pickled error is rebuilt from its own message
    if len(line) > _LONGEST_REASON:
        line = f"{line[: _LONGEST_REASON - 303]}...{line[-300:]}"
    return f"{line} ({', '.join(added)})" if added else line


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _name(letter: str) -> str:
    kind = {"Cc": "control character", "Cs": "half of a surrogate pair"}.get(unicodedata.category(letter))
    return kind or unicodedata.name(letter, "character without a name").lower()
