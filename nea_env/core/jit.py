"""The one decorator of the core, with a disk cache keyed on the core's sources.

Numba's own cache notices an edit only in the file that holds the kernel, so a kernel that calls a rule
in another file would keep the old rule, silently; and one damaged file of it breaks every later start. Here a
kernel is kept in the folder of the core's version (see ``cache.py``), with a checksum: what can't be read is
compiled again.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from nea_env.core.cache import CORE, cache_folder, discard, read_checked, write_checked


def jit(
    function: Callable[..., Any] | None = None, *, inline: bool = False, paste: bool = False, nogil: bool = False
) -> Any:
    """Compile ``function`` with Numba, cached on disk; IEEE arithmetic, no fastmath, no bounds checks.

    Nothing counts references to arrays, which would cost a lone firm half of its month: a kernel writes into arrays
    that it is given, and neither makes nor returns one: a view in a tuple would come back as the whole array.
    ``inline`` puts it into its callers: what loops over lanes can be vectorised only there, where it is known how the
    columns lie. ``paste`` copies the source of a function that calls such functions into its callers, which saves
    compiling it by itself. ``nogil`` lets other Python threads run at the same time.
    A function defined outside the core is compiled anew by each process: its source is in no hash.
    """
    if function is None:
        return lambda wrapped: jit(wrapped, inline=inline, paste=paste, nogil=nogil)
    pasted = "always" if paste else "never"
    compiled = numba.njit(
        nogil=nogil, forceinline=inline, inline=pasted, error_model="numpy", _nrt=False
    )(function)  # fmt: skip
    folder = cache_folder()
    if folder is not None and Path(function.__code__.co_filename).is_relative_to(CORE):
        compiled._cache = KernelCache(function, folder)
    return compiled


class KernelCache(_Cache):
    """What was compiled of one function, a file for each signature and processor.

    Args:
        function: as written.
        folder: where the files are.
    """

    _told = False  # that the month is being compiled

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._folder = folder

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """What was kept for a signature; None where that is nothing, or can't be used."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        data = read_checked(path)
        if data is None:
            if self._name in ("step.start_rows", "step.advance") and not KernelCache._told:
                print("nea_env: compiling the kernels once, which takes about a minute", file=sys.stderr, flush=True)
                KernelCache._told = True
            return None
        try:
            return CompileResult._rebuild(target_context, *pickle.loads(data))
        except Exception:  # written by another version of something that the folder's name does not tell
            discard(path)
            return None

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        """Keep what was compiled, unless it holds addresses of this process."""
        if not data.lifted and not data.library.has_dynamic_globals:
            write_checked(self._path(sig, data.codegen), dumps(data._reduce()))

    def _path(self, sig: Any, codegen: Any) -> Path:
        key = hashlib.sha256(repr((str(sig), codegen.magic_tuple())).encode()).hexdigest()[:20]
        return self._folder / f"{self._name}-{key}.kernel"

    def enable(self) -> None:
        """Always on."""

    def disable(self) -> None:
        """Always on."""

    def flush(self) -> None:
        """Forget every signature of this function."""
        for path in self._folder.glob(f"{self._name}-*.kernel"):
            discard(path)
