"""What counts as a file name, and how a scenario's name becomes one: the same rule at every entry point."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json")
"""JSON is YAML too."""

PATHS = "which ends in .yaml, .yml or .json or has a folder in it"
"""What a path is, for messages."""

_LONGEST_NAME = 100
"""Longest name, in bytes, that becomes part of a file name, whose limit is 255 on most disks."""


def is_file_name(name: str | Path) -> bool:
    """Whether this is a path rather than a shipped name; a file's content, text of several lines, is neither."""
    if isinstance(name, Path):
        return True
    has_folder = any(mark in name for mark in ("/", os.sep))
    return "\n" not in name and (has_folder or name.lower().endswith(SUFFIXES))


def as_file_name(name: str) -> str:
    """Any name as part of a file's name: letters, digits, ``_``, ``-`` and dots inside.

    Anything else becomes ``_``; a name that is changed or cut gets a digest, so that different names stay different.
    """
    plain = re.sub(r"[^\w.-]", "_", name).strip(".") or "scenario"
    if plain == name and len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain.encode()[: _LONGEST_NAME - 9].decode(errors='ignore')}_{digest}"
