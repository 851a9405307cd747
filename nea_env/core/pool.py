"""Threads that share the rows of a batch: a kernel gives up Python's lock while it runs, so plain threads do.

Numba's own pool of threads ends the process where two Python threads use it at once, and does not outlive a fork.
These are Python's: any number of callers may share them, and a forked child starts its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

from numba.core.compiler_lock import global_compiler_lock

from nea_env.core.interruption import undivided

HEAD_START = 512
"""Rows that the calling thread plays while another wakes up: some 45 microseconds."""


def share(work: Callable[[tuple[int, int]], int], n: int, block: int, threads: int) -> tuple[int, ...]:
    """Results of ``work((low, high))`` for parts of the rows 0 to ``n``, whole blocks each, one part a thread.

    Ctrl-C is held back until all parts are done: `undivided`.
    """
    return undivided(_share, work, n, block, threads)


def _share(work: Callable[[tuple[int, int]], int], n: int, block: int, threads: int) -> tuple[int, ...]:
    size = -(-max(n - HEAD_START, 0) // (block * threads)) * block
    begins = [0, *range(min(n, size + HEAD_START), n, max(size, block))]
    parts = list(zip(begins, [*begins[1:], n], strict=True))
    waiting: list[Future[int]] = []
    try:
        try:
            for part in parts[1:]:
                waiting.append(_pool(threads - 1).submit(work, part))
        except RuntimeError:  # the interpreter is about to end, and no thread begins any more
            parts = [*parts[1 + len(waiting) :], parts[0]]
        else:
            parts = parts[:1]
        return *map(work, parts), *(one.result() for one in waiting)
    finally:
        wait(waiting)  # no thread still writes once this returns or raises


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="nea_env")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
    # a fork waits for another thread's compilation to end: the child would inherit the compiler's lock, held for ever
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
