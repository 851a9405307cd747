"""Reading actions: whatever a caller passes becomes (n, 8) float32 within bounds, or raises one ValueError."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core import layout
from nea_env.library.errors import shown

SIZE = len(layout.ACTIONS)


def _numbers(action: Any, shape: tuple[int, ...], kinds: str) -> NDArray[Any]:
    array = action if type(action) is np.ndarray else _converted(action, shape)
    if array.shape != shape:
        given = f"has shape {array.shape}" if array.ndim and array.dtype != object else f"is {shown(action)}"
        raise ValueError(f"action {given}: expected {_wanted(shape, kinds)}")
    if array.dtype.kind not in kinds:
        allowed = "whole numbers, such as int64" if "f" not in kinds else "real numbers, such as float32"
        raise ValueError(f"action has dtype {array.dtype}: expected {allowed}")
    return array


def _converted(action: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    if isinstance(action, np.ma.MaskedArray):  # NumPy would take the numbers behind the mask
        raise ValueError("action is a masked array: expected a plain array, action.filled(0.0) for instance")
    try:
        return np.asarray(action)
    except Exception as error:  # ragged lists; tensors that need a gradient, or of a dtype that NumPy lacks
        why, kind = " ".join(str(error).split()), type(action).__name__
        raise ValueError(f"action is a {kind} that NumPy can't turn into an array of shape {shape}: {why}") from None


def _wanted(shape: tuple[int, ...], kinds: str) -> str:
    if not shape:
        return "a whole number from the menu"
    return f"an array of shape {shape} of {'real' if 'f' in kinds else 'whole'} numbers"


def check_finite(array: NDArray[Any]) -> None:
    """Refuse NaN and infinity in actions, (8,) or (n, 8), with a ValueError that names the first."""
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(index) for index in np.argwhere(bad)[0])
        name = layout.ACTIONS[place[-1]].name
        raise ValueError(f"action {place} ({name}) is {array[place]}: expected a finite number")


def read_box(action: Any) -> NDArray[np.float32]:
    """One Box action.

    Args:
        action: (8,) real numbers.

    Returns:
        (1, 8) float32, the caller's own numbers if they can be used as they are; the core clips to [-1, 1].

    Raises:
        ValueError: wrong shape or dtype, or NaN or infinity in another dtype than float32, which the core refuses.
    """
    return _single(_numbers(action, (SIZE,), "fiu")).reshape(1, SIZE)


def read_boxes(actions: Any, n: int) -> NDArray[np.float32]:
    """A batch of Box actions.

    Args:
        actions: (n, 8) real numbers.
        n: rows expected.

    Returns:
        (n, 8) float32, the caller's own array if it can be used as it is; the core clips to [-1, 1].

    Raises:
        ValueError: wrong shape or dtype, or NaN or infinity in another dtype than float32, which the core refuses.
    """
    return _single(_numbers(actions, (n, SIZE), "fiu"))


def _single(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype != np.float32:
        check_finite(array)
        array = np.clip(array, -1.0, 1.0).astype(np.float32)
    return array


def read_choice(action: Any, size: int) -> int:
    """One number from a menu of ``size`` choices.

    Raises:
        ValueError: not a whole number, or outside the menu.
    """
    if type(action) is not int:
        action = int(_numbers(action, (), "iu"))
    if not 0 <= action < size:
        raise ValueError(f"action {action} is not in the menu: expected 0 to {size - 1}")
    return action


def read_choices(actions: Any, n: int, size: int) -> NDArray[np.int64]:
    """A batch of numbers from a menu of ``size`` choices: (n,) whole numbers; anything else raises ValueError."""
    array = _numbers(actions, (n,), "iu")
    bad = (array < 0) | (array >= size)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"action {array[row]} in row {row} is not in the menu: expected 0 to {size - 1}")
    return array.astype(np.int64)
