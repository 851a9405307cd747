"""A scenario and a link of a user's own, for tests of links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

MINE = """name: mine
title: Mine
start: 2018-01
first: 2018
last: 2020
regime: kets
firm: kets_generator
market: kau
"""
PARTNER = """name: partner
title: Partner
market: cea
type: quota
quota: 0.1
low: 0.5
fx: {currency: CNY, rate: 170}
"""


def write_in(folder: Path) -> Callable[..., Path]:
    """What writes a text to a file below a folder and gives its path."""

    def write(text: str, name: str = "mine.yaml") -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
