"""Policies of every kind as what a solved scenario evaluates: numbers of the menu at places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.placed import Month
from nea_env.envs.actions import check_finite, read_boxes, read_choices
from nea_env.envs.menu import menu_of
from nea_env.policies.play import plays_menu, takes_masks
from nea_env.solvers.exact import Chooser, Exact, Places

ROWS = 65_536  # asked at once


class RemembersError(ValueError):
    """A policy keeps a memory of the episode, which places do not have."""


def chooser(policy: Any, exact: Exact) -> Chooser:
    """A policy that reads the observation, for `Exact.evaluate`.

    Args:
        policy: deterministic, with ``predict(observation, state, episode_start, deterministic)``, as the rules and the
            models of Stable-Baselines3; its ``action_space`` is Discrete where it chooses from the menu, and
            ``predict`` takes ``action_masks`` where it wants them. It has no memory: it is asked about places, not
            about episodes.
        exact: what it plays.

    Returns:
        The chooser; a Box action becomes the joint action that the core rounds it to. It raises `RemembersError` if
        ``predict`` returns a state, and ValueError for actions that an environment would refuse.
    """
    discrete, masked, menu = plays_menu(policy), takes_masks(policy), menu_of(exact.scenario)

    def ask(seen: Month, part: slice) -> NDArray[Any]:
        mask = seen.mask[part]
        told = {"action_masks": menu.mask(mask) if discrete else mask} if masked else {}
        observation = seen.observation[part]
        start = np.zeros(len(observation), bool)
        actions, state = policy.predict(observation, state=None, episode_start=start, deterministic=True, **told)
        if isinstance(state, list) and all(one is None for one in state):  # of a policy that was asked row by row
            state = None
        if state is not None:
            name = getattr(policy, "name", type(policy).__name__)
            raise RemembersError(f"{name} keeps a memory of the episode: only what reads the observation is evaluated")
        n = len(observation)
        if discrete:
            return read_choices(actions, n, len(menu))
        read = read_boxes(actions, n)
        check_finite(read)
        return read

    def choose(month: int, tonnes: Places, price: Places, seen: Month) -> NDArray[np.integer[Any]]:
        parts = [slice(first, first + ROWS) for first in range(0, len(tonnes), ROWS)]
        actions = np.concatenate([ask(seen, part) for part in parts])
        return actions if discrete else exact.numbers(month, seen, actions)

    return choose
