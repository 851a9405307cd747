"""Ctrl-C waits for what must not stop half-way: no row is left a month behind another, no counter out of step with it.

Python runs a signal's handler in its main thread, between any two instructions: after a kernel has played a month,
say, and before anything has noted it, or while other threads still play theirs.
"""

from __future__ import annotations

import threading

# the module `signal` without its enumerations, which make a change of handlers and back last 6 us instead of 0.6
from _signal import SIGINT, getsignal, signal  # type: ignore[import-not-found]
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def undivided(work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Result of ``work(*args, **kwargs)``; Ctrl-C meanwhile is handled once that has ended.

    Raises:
        KeyboardInterrupt: it came, and everything has been done. Another handler than Python's may raise its own.
    """
    before = getsignal(SIGINT) if threading.current_thread() is threading.main_thread() else None
    if not callable(before):  # no thread but the main one is interrupted
        return work(*args, **kwargs)
    held: list[tuple[Any, ...]] = []

    def hold(*seen: Any) -> None:
        held.append(seen)

    try:
        signal(SIGINT, hold)
        return work(*args, **kwargs)
    finally:
        if getsignal(SIGINT) is hold:  # unless another signal's handler has changed it meanwhile
            signal(SIGINT, before)
        for seen in held:
            before(*seen)
