"""One line for every mistake: the key, its value and what is allowed."""

from __future__ import annotations

import sys

JSON_ERRORS = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading a damaged JSON file, or taking what it should hold from it, raises."""


class SettingsError(ValueError):
    """A command line, a configuration or a run folder that can't be used; the message is one line."""


class CheckpointError(RuntimeError):
    """A file that a run continues from is missing or damaged; the message is one line that names it."""


class JobError(Exception):
    """A run has failed, and the reason has been reported."""


def tell(message: object) -> None:
    """Print one line on stderr."""
    print(f"train.py: {' '.join(str(message).split())}", file=sys.stderr, flush=True)
