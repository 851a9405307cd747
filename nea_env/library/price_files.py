"""A user's own prices, read from CSV: months down, series across."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nea_env.library.errors import did_you_mean, shown
from nea_env.scenario import ScenarioError, add_months
from nea_env.scenario.replay import MONTHS_MAX

MONTH, NEEDED = "month", ("month", "price")
SERIES = {"price": 1e15, "front_ratio": 2.0, "offset_price": 1e15}
"""Columns of numbers, and the largest that is allowed in each; all lie above zero."""
ONLY_AT_HOME = "only the home market's prices can be replayed, not a partner's; allowed: market.replay of the scenario"


def with_prices(market: Any, folder: Path) -> Any:
    """The tree of a market, or of changes to one, with the file that ``replay.csv`` names replaced by what it holds.

    Args:
        market: values of the keys of a market; anything else is returned as it is.
        folder: the file's name is relative to it; ``~`` in it is the user's home.

    Raises:
        ScenarioError: one line that names the file, the line, the column, the value and what is allowed.
    """
    replay = _with_file(market)
    if replay is None:
        return market
    name = os.fspath(replay["csv"])
    try:
        path = folder / Path(name).expanduser()
    except RuntimeError:
        raise ScenarioError(f"{name}: there is no such home folder; allowed: the path of a CSV file") from None
    return {**market, "replay": {**replay, "csv": None, "means": {}, **read_prices(path)}}


def two_paths(market: Any) -> str:
    """What to say where the tree of a market gives a file of prices and what it would hold beside it; "" elsewhere."""
    replay = _with_file(market) or {}
    others = [key for key in ("price", "means", "first", "front_ratio", "offset_price") if replay.get(key)]
    return f"csv and {others[0]} are both given; allowed: one of csv, price with first, and means" if others else ""


def replays_abroad(keys: Sequence[object]) -> bool:
    """Whether keys of a scenario's tree lead to, or into, prices on record of a partner's market."""
    return len(keys) > 3 and keys[0] == "links" and tuple(keys[2:4]) == ("market", "replay")


def _with_file(market: Any) -> dict[str, Any] | None:
    """The section ``replay`` of a market's tree if it names a file, None if not."""
    replay: Any = market.get("replay") if isinstance(market, dict) else None
    name = replay.get("csv") if isinstance(replay, dict) else None
    return replay if isinstance(name, str | os.PathLike) else None  # the scenario's own check refuses other values


def read_prices(path: Path) -> dict[str, Any]:
    """``first`` and the series of one file, as `nea_env.scenario.replay.Replay` takes them.

    Raises:
        ScenarioError: as in ``with_prices``.
    """
    rows = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    header: list[str] = []
    first, last = "", ""
    found: dict[str, list[float]] = {name: [] for name in SERIES}
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            where = f"{path} line {rows.line_num}"
            if not any(cells):
                continue
            if not header:
                header = _header(cells, where)
                continue
            if len(cells) != len(header):
                raise ScenarioError(f"{where}: {len(cells)} values; allowed: {len(header)}, one for each column")
            for name, cell in zip(header, cells, strict=True):
                if name == MONTH:
                    last = _month(cell, last, where)
                    first = first or last
                else:
                    found[name].append(_number(name, cell, where))
            if len(found["price"]) > MONTHS_MAX:
                raise ScenarioError(f"{where}: {last}: allowed: at most {MONTHS_MAX} months")
    except csv.Error as error:
        raise ScenarioError(f"{path} line {rows.line_num}: cannot be read as CSV: {error}") from None
    if not first:
        raise ScenarioError(f"{path}: holds no month; allowed: a line of column names, and one line a month")
    return {"first": first, **found}


def _text(path: Path) -> str:
    try:
        if path.is_file() or not path.exists():
            return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such file; allowed: the path of a CSV file") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise ScenarioError(f"{path}: its text is not UTF-8; save the file as UTF-8") from None
    raise ScenarioError(f"{path}: cannot be read: it is a folder or a device, expected a CSV file")


def _header(cells: list[str], where: str) -> list[str]:
    known = (MONTH, *SERIES)
    for cell in cells:
        if cell not in known:
            raise ScenarioError(f"{where}: {shown(cell)}: unknown column; {did_you_mean(cell, known)}")
        if cells.count(cell) > 1:
            raise ScenarioError(f"{where}: {cell}: this column is listed twice; allowed: once")
    for name in NEEDED:
        if name not in cells:
            raise ScenarioError(f"{where}: {name}: this column is missing; allowed: {', '.join(known)}")
    return cells


def _month(cell: str, before: str, where: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", cell):
        raise ScenarioError(f"{where}: {MONTH}: {shown(cell)}: allowed: a month, written YYYY-MM")
    if before and cell != add_months(before, 1):
        raise ScenarioError(
            f"{where}: {MONTH}: {cell} after {before}; allowed: {add_months(before, 1)}, the next month"
        )
    return cell


def _number(name: str, cell: str, where: str) -> float:
    most = SERIES[name]
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not 0.0 < value <= most:
        raise ScenarioError(f"{where}: {name}: {shown(cell)}: allowed: a number above 0, at most {most:g}")
    return value
