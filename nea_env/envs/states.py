"""What a saved state must be before any of it is taken up; ``nea_env.core.saving`` checks the part of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode

from nea_env.core.saving import check_entries, check_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nea_env.core.batch import Batch
    from nea_env.envs.episodes import Episodes
    from nea_env.envs.marking import MarkToMarket


def marking(books: MarkToMarket | None) -> dict[str, Any]:
    """What a saved state holds of the marked rewards: nothing where the reward is the cost."""
    return {} if books is None else {"marking": books.get_state()}


def take_up_marking(books: MarkToMarket | None, state: dict[str, Any]) -> None:
    """Restore the marked rewards of a state that has been checked."""
    if books is not None:
        books.set_state(state["marking"])


def _check_parts(state: Any, own: dict[str, Any], batch: Batch, episodes: Episodes, books: MarkToMarket | None) -> None:
    parts: dict[str, Any] = {"batch": {}, "episodes": {}, **({} if books is None else {"marking": {}})}
    check_entries(state, {**parts, **own})
    batch.check_state(state["batch"])
    episodes.check_state(state["episodes"])
    if books is not None:
        books.check_state(state["marking"])


def check_single(state: Any, batch: Batch, episodes: Episodes, books: MarkToMarket | None, limit: int | None) -> None:
    """Whether a single environment can continue from ``state``.

    Raises:
        ValueError: a state of another environment, an incomplete one, or a number out of its range.
    """
    _check_parts(state, {"limit": 0, "months": 0, "playing": True}, batch, episodes, books)
    given, months, playing = state["limit"], state["months"], state["playing"]
    ended = bool(state["batch"]["_ended"][0])
    if given != (limit or 0):
        raise ValueError(f"saved state: limit is {given}: expected max_episode_steps, {limit or 0} (0: none)")
    if not 0 <= months <= given or (given and playing and months == given):
        raise ValueError(f"saved state: months is {months}: expected 0 to the limit, {given}, below it in play")
    if playing and ended:
        raise ValueError("saved state: playing is True: expected False for an episode that has ended")


def check_vector(
    state: Any, batch: Batch, episodes: Episodes, books: MarkToMarket | None, limit: int | None, mode: AutoresetMode
) -> None:
    """Whether a vector environment can continue from ``state``.

    Raises:
        ValueError: a state of another environment, an incomplete one, or a number out of its range.
    """
    rows = np.zeros(batch.n, bool)
    counted: NDArray[np.int64] = np.zeros(0 if limit is None else batch.n, np.int64)
    own = {"autoreset_mode": "", "limit": 0, "months": counted, "begun": rows, "done": rows}
    _check_parts(state, own, batch, episodes, books)
    for name, mine in (("autoreset_mode", mode.value), ("limit", limit or 0)):
        if state[name] != mine:
            raise ValueError(f"saved state: {name} is {state[name]}: expected {mine}, this environment's")
    done, ended, months = state["done"], state["batch"]["_ended"], state["months"]
    if limit is not None:
        wrong = (months < 0) | (months > limit - ~done)
        check_rows(wrong, "months", months, f"0 to below the limit, {limit}, or the limit where done")
    awaited = {AutoresetMode.NEXT_STEP: ended, AutoresetMode.SAME_STEP: np.zeros_like(done)}
    wrong = (done != awaited.get(mode, done | ended)) | (done & ~state["begun"])
    check_rows(wrong, "done", done, "True exactly where an episode has ended and awaits its reset")
