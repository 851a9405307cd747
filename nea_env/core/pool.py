"""Whose turn it is to use Numba's threads: one Python thread's at a time, and never a forked child's.

Two Python threads in parallel kernels at once end the process on Numba's ``workqueue`` layer, and a pool of
threads does not outlive a fork: a child's first parallel kernel ends the child or waits for ever. Who does
not get the turn plays on the serial kernel, with the same bits.
"""

from __future__ import annotations

import os
import threading

from numba.core.compiler_lock import global_compiler_lock

TURN = threading.Lock()
"""Held while a parallel kernel runs; take it without waiting, ``TURN.acquire(blocking=False)``."""

if hasattr(os, "register_at_fork"):
    # taken in a child and never given back, also where the fork copied a lock that another thread held
    os.register_at_fork(after_in_child=lambda: TURN.acquire(blocking=False))
    # a fork waits for another thread's compilation to end: the child would inherit the compiler's lock, held for ever
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
