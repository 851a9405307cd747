"""One line for every mistake: the key, its value and what is allowed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any


class SettingsError(ValueError):
    """A command line, a configuration or a run folder that can't be used; the message is one line."""


class JobError(Exception):
    """A run that failed; why has been told."""


def suggest(key: str, allowed: Mapping[str, Any] | Sequence[str]) -> str:
    """``" (did you mean …?), allowed: …"`` for a misspelt key."""
    close = get_close_matches(key, list(allowed), n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{hint}, allowed: {', '.join(allowed)}"


def tell(message: object) -> None:
    """Print one line on stderr."""
    print(f"train.py: {' '.join(str(message).split())}", file=sys.stderr, flush=True)
