"""What callers pass to constructors and to reset, read the same way for both environments: a value, or one ValueError.

Every message names the argument, what it was, and what was allowed.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from nea_env.library.errors import shown

SEED_END = 2**63
"""Seeds are whole numbers from 0 to below this."""


def whole_number(value: Any, name: str, low: int, end: int | None = None) -> int:
    """``value`` as int.

    Args:
        value: an integer of Python or NumPy; neither a bool nor a float.
        name: what to call it in an error.
        low: the smallest number allowed.
        end: numbers must be below it.

    Raises:
        ValueError: it is not a whole number, or out of range.
    """
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (end is not None and number >= end):
        allowed = f"of at least {low}" if end is None else f"from {low} to below {_power(end)}"
        raise ValueError(f"{name} is {shown(value)}: expected a whole number {allowed}")
    return number


def one_of(value: Any, name: str, allowed: Sequence[str]) -> str:
    """``value``, if it is one of the words allowed; ValueError otherwise."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {shown(value)}: expected one of {', '.join(allowed)}")
    return value


def flag(value: Any, name: str) -> bool:
    """``value`` as bool; ValueError if it is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {shown(value)}: expected True or False")
    return bool(value)


def episode_limit(value: Any) -> int | None:
    """``max_episode_steps``: None or a whole number of at least 1."""
    return None if value is None else whole_number(value, "max_episode_steps", 1)


def autoreset_mode(value: Any) -> AutoresetMode:
    """An `AutoresetMode` or its value; ValueError otherwise."""
    if isinstance(value, AutoresetMode):
        return value
    return AutoresetMode(one_of(value, "autoreset_mode", [mode.value for mode in AutoresetMode]))


def one_seed(value: Any, name: str) -> int:
    """A seed as int; ValueError if it is not a whole number from 0 to below 2**63."""
    return whole_number(value, name, 0, SEED_END)


def row_seeds(value: Any, n: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """One seed per row.

    Args:
        value: None, a whole number s (row i gets s + i), or a sequence of n whole numbers or None.
        n: rows.
        name: what to call it in an error.

    Returns:
        (n,) int64 seeds and (n,) bool, which rows have one.

    Raises:
        ValueError: a wrong length, or a seed that is not a whole number, negative or too large.
    """
    if value is None:
        return np.zeros(n, np.int64), np.zeros(n, bool)
    if not is_sequence(value):
        first = whole_number(value, name, 0, SEED_END - n + 1)
        return np.arange(first, first + n, dtype=np.int64), np.ones(n, bool)
    if len(value) != n:
        raise ValueError(f"{name} has {len(value)} entries: expected one for each of the {n} environments")
    given = np.array([entry is not None for entry in value])
    seeds = [0 if entry is None else one_seed(entry, f"{name}[{i}]") for i, entry in enumerate(value)]
    return np.array(seeds, np.int64), given


def is_sequence(value: Any) -> bool:
    """Whether ``value`` holds one entry per row: a sequence, or an array of at least one dimension."""
    return (isinstance(value, Sequence) and not isinstance(value, str | bytes)) or bool(getattr(value, "ndim", 0))


def reset_options(options: Any, known: Sequence[str]) -> Mapping[str, Any]:
    """The options of ``reset``.

    Raises:
        ValueError: they are not a mapping, or one of them is not known.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise ValueError(f"options is {shown(options)}: expected a dict with {' or '.join(known)}, or None")
    for name in options:
        if name not in known:
            raise ValueError(f"option {name!r} is not known: expected {' or '.join(known)}")
    return options


def reset_rows(mask: Any, n: int) -> NDArray[np.bool_]:
    """``options["reset_mask"]``: a NumPy array (n,) of bool with at least one True; ValueError otherwise."""
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        given = f"an array of {mask.dtype}" if isinstance(mask, np.ndarray) else shown(mask)
        raise ValueError(f"options['reset_mask'] is {given}: expected a NumPy array of bool")
    if mask.shape != (n,):
        raise ValueError(f"options['reset_mask'] has shape {mask.shape}: expected ({n},)")
    if not mask.any():
        raise ValueError("options['reset_mask'] is False everywhere: expected at least one row to reset")
    return mask.copy()  # it may be an array of the environment's own


def _power(number: int) -> str:
    return f"2**63 - {SEED_END - number}" if number < SEED_END else "2**63"
