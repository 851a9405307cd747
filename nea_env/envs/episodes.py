"""Which draws each row plays: its own stream of episodes, or another seed's for one episode.

Episode k of a row is keyed by (the row's seed, k). ``options={"scenario_seed": s}`` lends a row the draws
of (s, 0) for one episode; the row's own stream goes on as if that episode had used its own key.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from nea_env.core.batch import Batch

SEED_END = 2**63
"""Seeds are whole numbers from 0 to below this."""


def one_seed(value: Any, name: str) -> int:
    """A seed as int; ValueError where it is no whole number from 0 to below 2**63."""
    try:
        seed = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}: expected a whole number") from None
    if not 0 <= seed < SEED_END:
        raise ValueError(f"{name} is {seed}: expected 0 to below 2**63")
    return seed


def row_seeds(value: Any, n: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """One seed a row.

    Args:
        value: None, a whole number s (row i gets s + i), or a sequence of n whole numbers or None.
        n: rows.
        name: what to call it in an error.

    Returns:
        (n,) int64 seeds and (n,) bool, which rows have one.

    Raises:
        ValueError: a wrong length, a seed that is no whole number, negative or too large.
    """
    if value is None:
        return np.zeros(n, np.int64), np.zeros(n, bool)
    if not np.ndim(value) and not isinstance(value, (list, tuple)):
        first = one_seed(value, name)
        one_seed(first + n - 1, name)
        return np.arange(first, first + n, dtype=np.int64), np.ones(n, bool)
    if len(value) != n:
        raise ValueError(f"{name} has {len(value)} entries: expected one for each of the {n} environments")
    given = np.array([entry is not None for entry in value])
    seeds = [0 if entry is None else one_seed(entry, f"{name}[{i}]") for i, entry in enumerate(value)]
    return np.array(seeds, np.int64), given


class Episodes:
    """Starts the episodes of a batch's rows and remembers whose stream is on loan.

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
        """Give rows whose episode is over their own stream back, before they go on to their next episode."""
        if not self.lending:
            return
        back = rows & self._guests
        self._batch.seeds[back] = self._own_seeds[back]
        self._batch.episodes[back] = self._own_episodes[back]
        self._guests &= ~back
        self.lending = bool(self._guests.any())

    def cut(self, rows: NDArray[np.bool_]) -> None:
        """Tell the batch that a caller's time limit ended these rows: it resets them on its next step."""
        self._batch.end(rows)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Copies of all this remembers."""
        return {name: getattr(self, name).copy() for name in self._STATE}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Go back to a state of `get_state`."""
        for name in self._STATE:
            setattr(self, name, state[name].copy())
        self.lending = bool(self._guests.any())
