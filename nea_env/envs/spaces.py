"""The spaces, made from the field tables, and the menu of the discrete twin."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from nea_env.core import layout

ActionForm = Literal["box", "discrete"]
ACTION_FORMS: tuple[ActionForm, ...] = ("box", "discrete")


class Choice(NamedTuple):
    """One joint choice of the menu: the Box action it represents."""

    name: str
    action: tuple[float, ...]
    even: bool  # trade is replaced by the suggestion that closes the gap evenly
    at_price: bool  # abate is replaced by the suggestion that meets the price due
    needs: frozenset[int]  # actions that it needs


_TRADES = {"hold": 0.0, "even": 0.0, "sell": -1.0, "buy": 1.0}


def _choice(trade: str, abate: str, extras: dict[str, tuple[int, float]]) -> Choice:
    action = [0.0] * len(layout.ACTIONS)
    action[layout.Action.TRADE] = _TRADES[trade]
    needs = set() if trade == "hold" else {layout.Action.TRADE}
    if abate == "at price":
        needs.add(layout.Action.ABATE)
    for index, value in extras.values():
        action[index] = value
        needs.add(index)
    name = ", ".join((trade, abate, *extras))
    return Choice(name, tuple(action), trade == "even", abate == "at price", frozenset(needs))


def _choices() -> tuple[Choice, ...]:
    invest, offsets = {"invest": (layout.Action.INVEST, 1.0)}, {"offsets": (layout.Action.OFFSET, 1.0)}
    joint = product(_TRADES, ("none", "at price"), ({}, invest), ({}, offsets))
    choices = [_choice(trade, abate, {**a, **b}) for trade, abate, a, b in joint]
    choices.append(_choice("even", "at price", {"borrow none": (layout.Action.BORROW, -1.0)}))
    choices.append(_choice("even", "at price", {"bank none": (layout.Action.BANK, -1.0)}))
    choices.append(_choice("even", "at price", {"output less": (layout.Action.OUTPUT, -0.2)}))
    choices.append(_choice("even", "at price", {"output more": (layout.Action.OUTPUT, 0.2)}))
    choices.append(_choice("even", "at price", {"foreign buy": (layout.Action.FOREIGN, 1.0)}))
    choices.append(_choice("even", "at price", {"foreign sell": (layout.Action.FOREIGN, -1.0)}))
    return tuple(choices)


CHOICES = _choices()
"""Trade {hold, even, sell, buy} x abate {none, at price} x invest x offsets, two refusals, output, foreign units."""


def menu() -> tuple[str, ...]:
    """Names of the K joint choices of the discrete twin, in the order of their numbers.

    ``"even, at price, invest, offsets"`` trades what closes the gap evenly by the deadline, abates up to
    the price of the tonne due, starts all the investment a month allows and buys all offsets there is room
    for. What is not named is not done; borrowing and banking are as permitted unless the name says otherwise.
    """
    return tuple(choice.name for choice in CHOICES)


def _mask_table() -> NDArray[np.bool_]:
    """(B, 256, K): which choices are open as far as eight actions say, for each mask of those packed into a byte."""
    open_actions = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(bool)
    table = np.ones((-(-layout.Action.size // 8), 256, len(CHOICES)), bool)
    for index, choice in enumerate(CHOICES):
        for need in choice.needs:
            table[need // 8, :, index] &= open_actions[:, need % 8]
    return table


_MASKS = _mask_table()


def menu_mask(action_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which choices of the menu can matter: those that need no masked action; ``"hold, none"`` always.

    Args:
        action_mask: (n, A) bool, which Box actions can matter.

    Returns:
        (n, K) bool, a new array.
    """
    packed = np.packbits(action_mask, axis=1)
    mask = _MASKS[0].take(packed[:, 0], axis=0)
    for eight in range(1, len(_MASKS)):
        mask &= _MASKS[eight].take(packed[:, eight], axis=0)
    return mask


def action_space(form: ActionForm) -> spaces.Box | spaces.Discrete:
    """Box (8,) float32 with the table's bounds, or Discrete(K)."""
    if form == "discrete":
        return spaces.Discrete(len(CHOICES))
    low = np.array([field.low for field in layout.ACTIONS], np.float32)
    high = np.array([field.high for field in layout.ACTIONS], np.float32)
    return spaces.Box(low, high, dtype=np.float32)


def observation_space(form: ActionForm, observe_mask: bool) -> spaces.Space[Any]:
    """Box float32 with the table's bounds; with ``observe_mask`` a Dict of it and the action mask (int8)."""
    low = np.array([field.low for field in layout.OBSERVATION], np.float32)
    high = np.array([field.high for field in layout.OBSERVATION], np.float32)
    box = spaces.Box(low, high, dtype=np.float32)
    if not observe_mask:
        return box
    size = len(CHOICES) if form == "discrete" else len(layout.ACTIONS)
    return spaces.Dict({"observation": box, "action_mask": spaces.MultiBinary(size)})


def batched(space: spaces.Space[Any], n: int) -> spaces.Space[Any]:
    """``n`` rows of a space, as Gymnasium batches it, but with the bounds of one row in memory for all.

    Separate bounds would cost half a kilobyte per firm, as much as its state.
    """
    whole = batch_space(space, n)
    if isinstance(whole, spaces.Dict):
        for part in whole.spaces.values():
            _share_bounds(part)
    _share_bounds(whole)
    return whole


def _share_bounds(space: spaces.Space[Any]) -> None:
    if isinstance(space, spaces.Box):
        for name in ("low", "high", "bounded_below", "bounded_above"):
            setattr(space, name, np.broadcast_to(getattr(space, name)[0].copy(), space.shape))
