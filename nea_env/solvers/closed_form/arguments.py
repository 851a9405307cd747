"""Numbers as arrays, refused in one line where a formula has no meaning for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def finite(name: str, value: ArrayLike) -> Array:
    """Any number."""
    return _checked(name, value, np.isfinite, "a finite number")


def not_negative(name: str, value: ArrayLike) -> Array:
    """0 or more; infinity too, which stands for no limit."""
    return _checked(name, value, lambda array: array >= 0.0, "0 or more")


def positive(name: str, value: ArrayLike) -> Array:
    """More than 0; infinity too, which stands for no limit."""
    return _checked(name, value, lambda array: array > 0.0, "more than 0")


def share(name: str, value: ArrayLike) -> Array:
    """From 0 to 1."""
    return _checked(name, value, lambda array: (array >= 0.0) & (array <= 1.0), "0 to 1")


def factor_of(name: str, value: float) -> float:
    """A discount factor by period: more than 0, 1 at most."""
    if not 0.0 < value <= 1.0:
        raise ValueError(f"{name}: {value:g}, allowed: more than 0, 1 at most")
    return float(value)


def count(name: str, value: int) -> int:
    """A whole number of 1 or more."""
    if isinstance(value, bool) or value != int(value) or value < 1:
        raise ValueError(f"{name}: {value}, allowed: a whole number of 1 or more")
    return int(value)


def vector(name: str, value: ArrayLike) -> Array:
    """Finite numbers in a row, one at least."""
    array = finite(name, value)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name}: an array of shape {array.shape}, allowed: one dimension")
    return array


def pair(name: str, value: ArrayLike) -> Array:
    """Two finite numbers."""
    array = vector(name, value)
    if array.size != 2:
        raise ValueError(f"{name}: {array.size} numbers, allowed: 2")
    return array


def chances(name: str, value: ArrayLike) -> Array:
    """Chances that add up to 1 along the last axis."""
    array = share(name, value)
    if not np.allclose(array.sum(axis=-1), 1.0, rtol=0.0, atol=1e-9):
        raise ValueError(f"{name}: they add up to {array.sum(axis=-1).flat[0]:g}, allowed: 1")
    return array


def _checked(name: str, value: ArrayLike, holds: Callable[[Array], NDArray[np.bool_]], allowed: str) -> Array:
    array = np.asarray(value, float)
    good = holds(array) & ~np.isnan(array)
    if not np.all(good):
        raise ValueError(f"{name}: {array[~good].flat[0]:g}, allowed: {allowed}")
    return array
