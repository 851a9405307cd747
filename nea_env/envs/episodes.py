"""The draws that each row plays: its own stream of episodes, or another seed's for one episode.

Episode k of a row is keyed by (the row's seed, k). ``options={"scenario_seed": s}`` lends a row the draws
of (s, 0) for one episode; the row's own stream then continues as if that episode had used its own key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.saving import check_entries, check_episodes
from nea_env.envs.arguments import row_seeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from nea_env.core.batch import Batch


class Episodes:
    """Starts the episodes of a batch's rows and remembers which rows play another seed's stream.

    Args:
        batch: the rows.
        entropy: called with a count for that many fresh seeds, for rows that start without one.
    """

    _STATE = ("_seeded", "_guests", "_own_seeds", "_own_episodes")

    def __init__(self, batch: Batch, entropy: Callable[[int], NDArray[np.int64]]) -> None:
        self._batch = batch
        self._entropy = entropy
        self._seeded = np.zeros(batch.n, bool)
        self._guests = np.zeros(batch.n, bool)
        self._own_seeds = np.zeros(0, np.int64)  # of the rows that play another seed's draws
        self._own_episodes = np.zeros(0, np.int64)
        self.lending = False

    def start(self, seed: Any, scenario_seed: Any, mask: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """Begin an episode in the masked rows (all without a mask) and return the observation of all rows.

        Raises:
            ValueError: a bad seed; nothing has changed.
        """
        batch = self._batch
        seeds, given = row_seeds(seed, batch.n, "seed")
        guest_seeds, invited = row_seeds(scenario_seed, batch.n, "scenario_seed")
        rows = np.ones(batch.n, bool) if mask is None else mask
        self.recall(rows)
        fresh = rows & ~given & ~self._seeded
        if fresh.any():
            seeds[fresh] = self._entropy(int(fresh.sum()))
            given = given | fresh
        first, later = rows & given, rows & ~given
        self._seeded |= first
        if first.any():
            observation = batch.reset(seeds, first)
        if later.any():
            observation = batch.reset(None, later)
        invited &= rows
        if invited.any():
            if not self.lending:
                self._own_seeds, self._own_episodes = np.zeros((2, batch.n), np.int64)
            self._own_seeds[invited] = batch.seeds[invited]
            self._own_episodes[invited] = batch.episodes[invited]
            self._guests |= invited
            self.lending = True
            observation = batch.reset(guest_seeds, invited)
        return observation

    def recall(self, rows: NDArray[np.bool_]) -> None:
        """Return rows whose episode is over to their own stream, before their next episode begins."""
        if not self.lending:
            return
        back = rows & self._guests
        self._batch.rekey(back, self._own_seeds, self._own_episodes)
        self._guests &= ~back
        self.lending = bool(self._guests.any())

    def cut(self, rows: NDArray[np.bool_]) -> None:
        """Tell the batch that a caller's time limit ended these rows: it resets them on its next step."""
        self._batch.end(rows)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Copies of everything this remembers."""
        return {name: getattr(self, name).copy() for name in self._STATE}

    def check_state(self, state: Any) -> None:
        """Raise ValueError unless `set_state` can restore ``state``; the rows' seeds are checked by the batch."""
        rows = self._seeded
        lent = isinstance(state, dict) and isinstance(state.get("_own_seeds"), np.ndarray) and state["_own_seeds"].size
        own = np.zeros(len(rows) if lent else 0, np.int64)
        what = "saved state of the episodes"
        check_entries(state, {"_seeded": rows, "_guests": rows, "_own_seeds": own, "_own_episodes": own}, what)
        check_episodes(state, "_own_seeds", "_own_episodes", what)
        if state["_guests"].any() and not lent:
            raise ValueError(f"{what}: _own_seeds is empty: expected the seeds of the rows in _guests")

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore a state of `get_state` that has passed `check_state`."""
        for name in self._STATE:
            setattr(self, name, state[name].copy())
        self.lending = bool(self._guests.any())
