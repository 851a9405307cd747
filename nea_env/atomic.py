"""Files and folders that are complete or absent: written next to their destination, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WRITING = ".writing_"
"""Prefix of names that are still being written; a leftover is from a run that was killed."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path`` for new content; it replaces ``path`` at the end, or is removed after an error.

    Args:
        path: a file, or a folder that does not exist yet.

    Raises:
        OSError: the disk is full, the folder can't be written to; ``path`` is as it was before.
    """
    draft = path.with_name(f"{WRITING}{path.name}")
    remove(draft)
    try:
        yield draft
        os.replace(draft, path)
    except BaseException:
        remove(draft)
        raise


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is here, and keep others waiting: for files that are read and then replaced."""
    if os.name == "nt":  # no such locks
        yield
        return
    import fcntl

    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def remove(path: Path) -> None:
    """Delete a file or a folder as far as that is possible."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            pass  # of a read-only folder: nothing was written there


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, and only return once it is on the disk."""
    with replacing(path) as draft, draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a file completely or not at all, as UTF-8."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")
