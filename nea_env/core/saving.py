"""What a saved state must be before any of it is taken up: its scenario's, whole, and possible.

A state is a dictionary of arrays. It comes back from files and other processes, and compiled code that has
no bounds checks goes on from it, so every number that says where something stands is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core import parameters as col
from nea_env.core.layout import FLOWS, NODE, PARTNER_NODE, SHOCK, STATE, WORLD
from nea_env.core.price_laws import EQUILIBRIUM
from nea_env.scenario import Scenario

_COLUMNS = [[field.name for field in table] for table in (STATE, WORLD, FLOWS)]
_GRIDS = ((NODE, col.P_GRID_BANKS), (PARTNER_NODE, col.P_GRID_PARTNER_BANKS), (SHOCK, col.P_GRID_SHOCKS))


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
                raise ValueError(f"{what}: {name!r} is not known; expected {', '.join(expected)}")
        raise ValueError(f"{what}: {next(name for name in expected if name not in saved)} is missing")
    for name, own in expected.items():
        value = saved[name]
        is_array = type(own) is np.ndarray
        if type(value) is not type(own) or (is_array and (value.dtype != own.dtype or value.shape != own.shape)):
            raise ValueError(f"{what}: {name} is {_kind(value)}: expected {_kind(own)}")
        if is_array and own.dtype.kind == "f" and not np.isfinite(value).all():
            raise ValueError(f"{what}: {name} holds NaN or infinity: expected finite numbers")


def _kind(value: Any) -> str:
    return f"an array of {value.dtype} of shape {value.shape}" if type(value) is np.ndarray else type(value).__name__


def check_least(saved: Mapping[str, Any], names: Sequence[str], what: str = "saved state") -> None:
    """Whether no number of these entries is negative; ValueError otherwise."""
    for name in names:
        if saved[name].size and saved[name].min() < 0:
            raise ValueError(f"{what}: {name} is {saved[name].min()} in some row: expected 0 or more")


def check_state(saved: Any, present: Mapping[str, NDArray[Any]], static: NDArray[np.float64]) -> None:
    """Whether a batch can go on from ``saved``.

    Args:
        saved: what a caller passes.
        present: the batch's own state, with its fingerprint.
        static: the batch's laws.

    Raises:
        ValueError: another scenario or size, something missing or unknown, or what no episode can come to.
    """
    if isinstance(saved, Mapping) and isinstance(saved.get("fingerprint"), np.ndarray):
        if not np.array_equal(saved["fingerprint"], present["fingerprint"]):
            raise ValueError(
                "saved state: it belongs to another scenario, another number of rows, or another version of nea_env"
            )
    check_entries(saved, present)
    check_least(saved, ("seeds", "episodes", "_months"))
    pick, months = saved["_pick"], saved["_months"]
    first = static[present["_pick"], col.P_FIRST_LAW]
    wrong = (pick < first) | (pick >= first + static[present["_pick"], col.P_LAWS])
    check_rows(wrong, "_pick", pick, "a law of the row's scenario")
    last = static[pick, col.P_HORIZON] - ~saved["_ended"]
    check_rows(months > last, "_months", months, "0 to the month before the end, or the end of an ended row")
    if saved["_world"].shape[1]:
        for column, size in _GRIDS:
            place = saved["_world"][:, column]
            wrong = (place < 0.0) | (place >= np.maximum(static[pick, size], 1.0)) | (place != np.floor(place))
            wrong &= static[pick, col.P_LAW] == EQUILIBRIUM
            check_rows(wrong, f"_world, column {column},", place, "a place on the grid of the equilibrium")


def check_rows(wrong: NDArray[np.bool_], name: str, values: NDArray[Any], allowed: str) -> None:
    """Whether no row (n,) is ``wrong``; ValueError with the first such row's value otherwise."""
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"saved state: {name} is {values[row]} in row {row}: expected {allowed}")
