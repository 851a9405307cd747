"""The one decorator of the core, with a disk cache keyed on the core's sources.

Numba's own cache notices an edit only in the file that holds the kernel, so a kernel that calls a rule
in another file would keep the old rule, in silence. Here the cache folder is named after the hash of
every source of the core: any edit starts a new folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np


def _source_hash() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    for base in (Path.home() / ".cache", Path(tempfile.gettempdir())):
        folder = base / "nea_env" / _source_hash()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    raise OSError("nea_env: no writable folder for compiled kernels under the home or the temporary folder")


_FOLDER = _cache_folder()


def cache_folder() -> str:
    """Folder for what is computed from this version of the core's sources."""
    return _FOLDER


def jit(function: Callable[..., Any] | None = None, *, parallel: bool = False, inline: bool = False) -> Any:
    """Compile ``function`` with Numba, cached on disk; IEEE arithmetic, no fastmath, no bounds checks.

    ``inline`` puts it into its callers: worth it where arrays are passed for every row, which count references.
    """
    if function is None:
        return lambda wrapped: jit(wrapped, parallel=parallel, inline=inline)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _FOLDER  # set only while decorating: other packages keep their own folder
    try:
        return numba.njit(cache=True, parallel=parallel, forceinline=inline, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = before
