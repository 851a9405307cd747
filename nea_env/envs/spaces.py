"""The spaces, made from the field tables and the menus."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from nea_env.core import layout
from nea_env.envs.menu import MENU, Menu

ActionForm = Literal["box", "discrete"]
ACTION_FORMS: tuple[ActionForm, ...] = ("box", "discrete")


def action_space(form: ActionForm, menu: Menu | None = None) -> spaces.Box | spaces.Discrete:
    """Box (8,) float32 with the table's bounds, or Discrete(K) of a menu."""
    if form == "discrete":
        return spaces.Discrete(len(menu or MENU))
    low = np.array([field.low for field in layout.ACTIONS], np.float32)
    high = np.array([field.high for field in layout.ACTIONS], np.float32)
    return spaces.Box(low, high, dtype=np.float32)


def observation_space(form: ActionForm, observe_mask: bool, menu: Menu | None = None) -> spaces.Space[Any]:
    """Box float32 with the table's bounds; with ``observe_mask`` a Dict of it and the action mask (int8)."""
    low = np.array([field.low for field in layout.OBSERVATION], np.float32)
    high = np.array([field.high for field in layout.OBSERVATION], np.float32)
    box = spaces.Box(low, high, dtype=np.float32)
    if not observe_mask:
        return box
    size = len(menu or MENU) if form == "discrete" else len(layout.ACTIONS)
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
