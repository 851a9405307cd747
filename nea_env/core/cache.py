"""Where compiled kernels and solved equilibria are kept between runs: a folder of the user's own, or nowhere.

The folder is named after the hash of every source of the core, so any edit starts a new one, and a wrong answer from
an old rule can't happen. What is kept are pickles among other things, which run code when they are read: so a folder
that another user could write to is never used. Nothing depends on the cache but speed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numba
import numpy as np
from numba.core.registry import cpu_target

from nea_env.scenario.firm import TECHNOLOGIES
from nea_env.scenario.rules import TIERS
from nea_env.scenario.scenario import LINKS_MAX

SIZES = (TECHNOLOGIES, TIERS, LINKS_MAX)
"""All that kernels know from outside the core: constants which they are compiled with."""

CORE = Path(__file__).parent
SUMS = tuple(CORE.parent / "scenario" / name for name in ("aggregate.py", "rules.py"))
"""Files outside the core that compute what equilibria are solved from: sums of a law and of a market."""
ROOM = 64 * 2**20
"""Bytes that must be free where a new folder is started: one version's kernels take a tenth of it, equilibria more."""

VERSIONS_KEPT, IDLE_HOURS = 5, 1.0
"""Folders of older versions beyond so many are removed, those not used for so long."""


def source_hash() -> str:
    """Hash of all that computed numbers depend on.

    The core's sources, its sizes, the sums that it takes of a law, Python, Numba, NumPy, the processor.

    Machines that share a home may differ in the last bits of an equilibrium: none takes another one's.
    """
    versions = (platform.python_version(), numba.__version__, np.__version__, numba.config.USING_SVML)
    digest = hashlib.sha256(repr((*versions, *SIZES, *_processor())).encode())
    for path in (*sorted(CORE.rglob("*.py")), *SUMS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> tuple[str, ...]:
    """The processor that kernels are compiled for, with its instructions, and what NumPy leaves out of these."""
    return (*cpu_target.target_context.codegen().magic_tuple(), os.environ.get("NPY_DISABLE_CPU_FEATURES", ""))


@cache
def cache_folder() -> Path | None:
    """The folder for what this version of the core computes; None where no folder is fit for it.

    Tried in this order: ``$NUMBA_CACHE_DIR``, ``$XDG_CACHE_HOME``, ``~/.cache``, the folder for temporary files. The
    first that belongs to this user alone and has room is used.
    """
    name = source_hash()
    for place in _places():
        folder = place / name
        if _is_own(place) and _has_room(folder) and _is_own(folder):
            _prune(place, folder)
            return folder
    return None


def _places() -> Iterator[Path]:
    """Folders of this package, best first."""
    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]).absolute() / "nea_env"
    for find in (lambda: Path.home() / ".cache" / "nea_env", _temporary):
        try:
            yield find()
        except (OSError, RuntimeError):  # no home and no entry in the list of users; no temporary folder
            continue


def _temporary() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"nea_env-{user}"


def _is_own(folder: Path) -> bool:
    """Whether the folder is there, or could be made, and no other user can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _has_room(folder: Path) -> bool:
    """Whether the folder holds something already, or enough space is left to fill it."""
    try:
        return (folder.is_dir() and any(folder.iterdir())) or shutil.disk_usage(folder.parent).free >= ROOM
    except OSError:
        return False


def _prune(place: Path, current: Path) -> None:
    """Mark the current folder as used now and remove what older versions left, but for the newest."""
    try:
        os.utime(current)
        others = [path for path in place.iterdir() if path != current and path.is_dir() and not path.is_symlink()]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[VERSIONS_KEPT:]:
            if path.stat().st_mtime < time.time() - 3600.0 * IDLE_HOURS:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:  # another process was quicker
        return


def versions() -> list[Path]:
    """Folders of every version of the core in the place in use, this one's included."""
    folder = cache_folder()
    return [] if folder is None else sorted(path for path in folder.parent.iterdir() if path.is_dir())


def read_checked(path: Path) -> bytes | None:
    """What ``write_checked`` wrote there; None where there is no such file or it is damaged, which is then removed."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, data = content[:32], content[32:]
    if hashlib.sha256(data).digest() == digest:
        return data
    discard(path)
    return None


def write_checked(path: Path, data: bytes) -> None:
    """Write a file and its checksum, completely or not at all; a full or read-only disk is not an error."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, draft = tempfile.mkstemp(suffix=".part", dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        os.replace(draft, path)
    except OSError:
        discard(Path(draft))


def discard(path: Path) -> None:
    """Remove a file if that is possible."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
