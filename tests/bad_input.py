"""One bad input of `tests/test_bad_inputs.py`: what is handed over, and what the line about it must name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Without(str):
    """Why a bad input has no key, no value, or nothing that was allowed."""


ALONE = Without("a single value: what it was given for is all there is to name")
UNKNOWN = Without("the key itself is wrong, whatever stands under it")
MISSING = Without("what is missing has no value")
NO_KEYS = Without("what holds no keys, or can't be read, has none to name")


class Bad(NamedTuple):
    """One bad input, and what the line must name.

    Attributes:
        kind: what it is an input to.
        given: what is wrong with it, for the test's name.
        do: hands it over; called in an empty folder.
        where: the file, scenario, argument, option or command that it was given in.
        key: what of that was wrong.
        value: as it was given.
        allowed: what would have been taken.
        files: what stands in the folder before.
    """

    kind: str
    given: str
    do: Callable[[], Any]
    where: str
    key: str | Without
    value: str | Without
    allowed: str
    files: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """For the test's name."""
        return f"{self.kind}: {self.given}"
