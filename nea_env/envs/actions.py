"""Reading actions: whatever a caller passes becomes (n, 8) float32 within bounds, or raises one ValueError."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core import layout
from nea_env.envs.spaces import CHOICES
from nea_env.library.errors import shown

SIZE = len(layout.ACTIONS)

_TABLE = np.array([choice.action for choice in CHOICES], np.float32)
_EVEN = np.array([choice.even for choice in CHOICES])
_AT_PRICE = np.array([choice.at_price for choice in CHOICES])


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


def read_choice(action: Any) -> int:
    """One number from the menu.

    Raises:
        ValueError: not a whole number, or outside the menu.
    """
    if type(action) is not int:
        action = int(_numbers(action, (), "iu"))
    if not 0 <= action < len(CHOICES):
        raise ValueError(f"action {action} is not in the menu: expected 0 to {len(CHOICES) - 1}")
    return action


def read_choices(actions: Any, n: int) -> NDArray[np.int64]:
    """A batch of numbers from the menu: (n,) whole numbers; anything else raises ValueError."""
    array = _numbers(actions, (n,), "iu")
    bad = (array < 0) | (array >= len(CHOICES))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"action {array[row]} in row {row} is not in the menu: expected 0 to {len(CHOICES) - 1}")
    return array.astype(np.int64)


def decode_discrete(index: NDArray[np.int64], suggestions: NDArray[np.float64]) -> NDArray[np.float32]:
    """The Box actions that choices of the menu represent this month.

    Args:
        index: (n,) numbers from the menu.
        suggestions: (n, 2), the even trade and the abatement at the price due.

    Returns:
        (n, 8) float32 in [-1, 1], a new array.
    """
    actions = _TABLE.take(index, axis=0)
    np.copyto(actions[:, layout.Action.TRADE], suggestions[:, 0], where=_EVEN.take(index), casting="same_kind")
    np.copyto(actions[:, layout.Action.ABATE], suggestions[:, 1], where=_AT_PRICE.take(index), casting="same_kind")
    return actions


def decode_choice(index: int, suggestions: NDArray[np.float64]) -> NDArray[np.float32]:
    """`decode_discrete` for one number and (1, 2) suggestions, in a fifth of the time."""
    choice = CHOICES[index]
    action = _TABLE[index : index + 1].copy()
    if choice.even:
        action[0, layout.Action.TRADE] = suggestions[0, 0]
    if choice.at_price:
        action[0, layout.Action.ABATE] = suggestions[0, 1]
    return action
