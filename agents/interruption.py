"""Ctrl-C and SIGTERM: the first asks a run to stop where it can be resumed, the second stops it at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818  not an error: somebody asked for it
    """A run has stopped because a signal asked it to.

    Attributes:
        code: exit code of the process, 128 + the signal's number: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


class Interruption:
    """Within ``with Interruption() as stop:`` a first signal is only noted, for ``stop.check()`` to act on.

    Outside the main thread, where Python receives no signals, it notes none.
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def check(self) -> None:
        """Stop here if a signal has arrived.

        Raises:
            Interrupted: one has.
        """
        if self.requested is not None:
            raise Interrupted(self.requested)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.requested = number
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
