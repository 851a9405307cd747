"""Claims about Asian carbon markets, each answered by ``python -m nea_env.market claim NAME [key=value ...]``.

A claim is a module with its ``QUESTION`` and a function ``report(overrides, width)``, which returns lines of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

CLAIMS = {
    "C1": "nea_env.market.claims.c1",
    "C5": "nea_env.market.claims.c5",
    "C6": "nea_env.market.claims.c6",
    "C15": "nea_env.market.claims.c15",
}
"""Module of each claim, by its name."""


def questions() -> dict[str, str]:
    """What each claim asks, by its name."""
    return {name: str(_module(name).QUESTION) for name in CLAIMS}


def report(name: str, overrides: Sequence[str], width: int) -> list[str]:
    """Lines that answer a claim: a table of signs and sizes, and what they hang on.

    Args:
        name: of the claim.
        overrides: changes of its scenario, "key=value" each.
        width: of the text, in characters.

    Raises:
        ValueError: no such claim, or one that the changed scenario says nothing about.
    """
    if name not in CLAIMS:
        raise ValueError(f"claim: {name!r}, allowed: {', '.join(CLAIMS)}")
    lines: list[str] = _module(name).report(overrides, width)
    return lines


def _module(name: str) -> Any:
    return import_module(CLAIMS[name])
