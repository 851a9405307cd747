"""What a saved state must be before any of it is taken up: its scenario's, whole, and every number in its range.

A state is a dictionary of arrays. It comes back from files and other processes, and compiled code that has
no bounds checks continues from it, so every number that says where something stands is checked, and every column
against the bounds that `layout` gives it. That the columns fit each other is not checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.columns import Field
from nea_env.core.layout import FLOWS, QUEUE, STATE, TECHS, WORLD, State, World
from nea_env.core.parameters import Month, Static
from nea_env.core.rules.price_processes import EQUILIBRIUM, LATTICE
from nea_env.scenario import Scenario

EPISODES_END = 2**62
"""The number of an episode that a caller gives is below this. Counting on from 2**63 - 1 would overflow to a negative
number; from here more episodes may follow than anybody will ever play. Numbers that wrapped round to 0 instead would
draw the first episodes again without saying so."""
KEYS_END = EPISODES_END + EPISODES_END // 2
"""The same for numbers that a batch has counted to."""

_LARGEST, _LARGEST_LOG, _LARGEST_LOG_OUTPUT = 1e30, 300.0, 50.0
"""Of what a firm has, and of the logs of prices and of output: what follows from them is then finite."""

_LOGS = ("log_", "quote_error", "pressure")

_TABLES = {"_state": STATE, "_world": WORLD, "_flows": FLOWS}
_COLUMNS = [[field.name for field in table] for table in _TABLES.values()]
_FLOAT32 = 1e-6  # relative rounding of capacity under construction, which is queued as float32


def fingerprint(scenarios: Sequence[Scenario], first: NDArray[Any]) -> NDArray[np.str_]:
    """A digest, () text, of what a state belongs to.

    Args:
        scenarios: those of the batch.
        first: (n,) the first law of each row's scenario.
    """
    digest = hashlib.sha256(repr(_COLUMNS).encode())
    for scenario in scenarios:
        digest.update(scenario.model_dump_json().encode())
    digest.update(first.astype(np.int64).tobytes())
    return np.array(digest.hexdigest())


def check_entries(saved: Any, expected: Mapping[str, Any], what: str = "saved state") -> None:
    """Whether ``saved`` has the entries of ``expected``, each an array of the same dtype and shape, and finite.

    Where something else than an array is expected, its type must be the same.

    Raises:
        ValueError: it is no mapping, or an entry is missing, unknown or of another kind.
    """
    if not isinstance(saved, Mapping):
        raise ValueError(f"{what} is {type(saved).__name__}: expected a dict as get_state() returns it")
    if saved.keys() != expected.keys():
        for name in saved:
            if name not in expected:
                raise ValueError(f"{what}: {name!r} is not known: expected {', '.join(expected)}")
        missing = next(name for name in expected if name not in saved)
        raise ValueError(f"{what}: {missing} is missing: expected {', '.join(expected)}")
    for name, own in expected.items():
        value = saved[name]
        is_array = type(own) is np.ndarray
        if type(value) is not type(own) or (is_array and (value.dtype != own.dtype or value.shape != own.shape)):
            raise ValueError(f"{what}: {name} is {_kind(value)}: expected {_kind(own)}")
        if is_array and own.dtype.kind == "f" and not np.isfinite(value).all():
            row = int(np.argwhere(~np.isfinite(value))[0][0])
            raise ValueError(f"{what}: {name} holds NaN or infinity in row {row}: expected finite numbers")


def _kind(value: Any) -> str:
    return f"an array of {value.dtype} of shape {value.shape}" if type(value) is np.ndarray else type(value).__name__


def check_episodes(
    saved: Mapping[str, Any], seeds: str, episodes: str, what: str = "saved state", end: int = EPISODES_END
) -> None:
    """Whether draws can be keyed by these two entries, and by the episodes to come; ValueError otherwise."""
    check_rows(saved[seeds] < 0, seeds, saved[seeds], "0 or more", what)
    numbers, allowed = (
        saved[episodes],
        "0 to below 2**62" if end == EPISODES_END else "0 to what can be counted on from",
    )
    check_rows((numbers < 0) | (numbers >= end), episodes, numbers, allowed, what)


def check_state(
    saved: Any, present: Mapping[str, NDArray[Any]], static: NDArray[np.float64], monthly: NDArray[np.float64]
) -> None:
    """Whether a batch can continue from ``saved``.

    Args:
        saved: what a caller passes.
        present: the batch's own state, with its fingerprint.
        static: the batch's laws.
        monthly: their months.

    Raises:
        ValueError: another scenario or size, something missing or unknown, or a number out of its range.
    """
    if isinstance(saved, Mapping) and isinstance(saved.get("fingerprint"), np.ndarray):
        if not np.array_equal(saved["fingerprint"], present["fingerprint"]):
            raise ValueError(
                f"saved state: fingerprint is {saved['fingerprint']!s:.8}: expected this batch's,"
                f" {present['fingerprint']!s:.8}; the state belongs to another scenario, another number of rows, or"
                " another version of nea_env"
            )
    check_entries(saved, present)
    check_episodes(saved, "seeds", "episodes")
    check_rows(saved["_months"] < 0, "_months", saved["_months"], "0 or more")
    pick, months = saved["_pick"], saved["_months"]
    first = static[present["_pick"], Static.FIRST_STATUTE]
    wrong = (pick < first) | (pick >= first + static[present["_pick"], Static.STATUTES])
    check_rows(wrong, "_pick", pick, "a law of the row's scenario")
    last = static[pick, Static.HORIZON] - ~saved["_ended"]
    check_rows(months > last, "_months", months, "0 to the month before the end, or the end of an ended row")
    for name, table in _TABLES.items():
        _check_columns(name, saved[name], table)
    for name in ("_queue", "_history"):
        check_rows((saved[name] < 0.0).any(axis=1), f"the least of {name}", saved[name].min(axis=1), "0 or more")
    for k in range(TECHS):
        total = saved["_state"][:, State.CAPACITY + k] + saved["_state"][:, State.BUILDING + k]
        most = static[pick, Static.POTENTIAL + k]
        wrong = total > most * (1.0 + _FLOAT32)
        allowed = f"at most {most[np.argmax(wrong)]:.6g}, the technology's potential"
        check_rows(wrong, f"_state capacity_{k} + building_{k}", total, allowed)
        queued = saved["_queue"][:, k * QUEUE : (k + 1) * QUEUE].sum(axis=1, dtype=np.float64)
        building = saved["_state"][:, State.BUILDING + k]
        wrong = np.abs(queued - building) > most * _FLOAT32
        allowed = f"_state building_{k}, {building[np.argmax(wrong)]:.6g}, which it holds quarter by quarter"
        check_rows(wrong, f"the sum of _queue for technology {k}", queued, allowed)
    front = saved["_state"][:, State.FRONT]
    for column in (State.OLD, State.TRADED, State.AUCTIONED):
        part = saved["_state"][:, column]
        allowed = f"at most _state front, {front[np.argmax(part > front)]:.6g}, which it is part of"
        check_rows(part > front * (1.0 + _FLOAT32), f"_state {STATE[column].name}", part, allowed)
    if saved["_world"].shape[1]:
        process = static[pick, Static.PROCESS]
        sizes = (
            static[pick, Static.GRID_BANKS],
            monthly[pick, months, Month.CHAIN_SECOND],
            static[pick, Static.GRID_SHOCKS],
        )
        for column, size in zip((World.NODE, World.PARTNER_NODE, World.SHOCK), sizes, strict=True):
            place = saved["_world"][:, column]
            wrong = (process == EQUILIBRIUM) & (place >= np.maximum(size, 1.0))
            if column == World.NODE:
                wrong |= (process == LATTICE) & (place >= static[pick, Static.STATES])
            check_rows(wrong, f"_world {WORLD[column].name}", place, "a place on the grid of the price process")


def _check_columns(name: str, values: NDArray[np.float64], table: Sequence[Field]) -> None:
    """Whether every number (n, columns) keeps to the bounds of its column; ValueError otherwise."""
    for column, line in zip(values.T, table, strict=False):  # an array that no row needs has no columns
        largest = _LARGEST_LOG if line.name.startswith(_LOGS) else np.inf if table is FLOWS else _LARGEST
        if line.name == "log_output":
            largest = _LARGEST_LOG_OUTPUT
        field = line._replace(low=max(line.low, -largest), high=min(line.high, largest))
        wrong = (column < field.low) | (column > field.high)
        if field.whole:
            wrong |= column != np.floor(column)
        check_rows(wrong, f"{name} {field.name}", column, _allowed(field))


def _allowed(field: Field) -> str:
    bounds = f"{field.low:g} or more" if field.high == np.inf else f"{field.low:g} to {field.high:g}"
    return f"a whole number, {bounds}" if field.whole else bounds


def check_rows(
    wrong: NDArray[np.bool_], name: str, values: NDArray[Any], allowed: str, what: str = "saved state"
) -> None:
    """Whether no row (n,) is ``wrong``; ValueError with the first such row's value otherwise."""
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{what}: {name} is {values[row]} in row {row}: expected {allowed}")
