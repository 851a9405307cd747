"""The best policy of a solved scenario as one that reads the observation, like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import TECHS, Action, Observation
from nea_env.envs.menu import menu_of
from nea_env.envs.spaces import action_space

if TYPE_CHECKING:
    from nea_env.solvers.exact import Exact

PRICED = frozenset(
    (
        Observation.LOG_PRICE, Observation.FRONT_GAP, Observation.LOG_OFFSET_RATIO, Observation.STRIKE,
        Observation.ABATE_AT_PRICE, Observation.AUCTION_PREMIUM,
        *(Observation.INVEST_VALUE + k for k in range(TECHS)),
    )
)  # fmt: skip
"""Observations that depend on the price: the others tell what a firm holds and owes."""
QUOTED = (Observation.LOG_PRICE, Observation.FRONT_GAP)
_TONNES = [column for column in range(Observation.size) if column not in PRICED]


class Finder:
    """Finds the state of a solved scenario that an observation shows, since the observation is Markov.

    Args:
        exact: what is solved.
    """

    def __init__(self, exact: Exact) -> None:
        self._exact = exact
        self._known: dict[int, tuple[_Table, _Table]] = {}

    def months(self, observation: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) months that observations (n, O) are of."""
        return np.rint(observation[:, Observation.PROGRESS].astype(float) * len(self._exact.values)).astype(np.int64)

    def find(self, month: int, observation: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(tonnes, price) (n,) places of observations (n, O) of one month.

        Raises:
            ValueError: an observation is of no state that the menu leads to.
        """
        if month not in self._known:
            n, prices = self._exact.sizes[month]
            tonnes = self._exact.observe(month, np.arange(n), np.zeros(n, np.int64)).observation
            quotes = self._exact.observe(month, np.zeros(prices, np.int64), np.arange(prices)).observation
            self._known[month] = _Table(tonnes[:, _TONNES]), _Table(quotes[:, QUOTED])
        by_tonnes, by_price = self._known[month]
        return by_tonnes.find(observation[:, _TONNES]), by_price.find(observation[:, QUOTED])


class ExactPolicy:
    """The best policy: ``predict(observation)`` returns actions, as Stable-Baselines3's models do.

    Args:
        exact: what is solved.
        discrete: it returns numbers of the menu, for the discrete id; otherwise Box actions.
        finder: of the same scenario, to share its tables.

    Attributes:
        exact: what is solved.
        action_space: of the id that it plays.
        finder: finds the places that observations show.
    """

    name = "optimum"

    def __init__(self, exact: Exact, *, discrete: bool = False, finder: Finder | None = None) -> None:
        self.exact, self._discrete = exact, discrete
        self.finder = Finder(exact) if finder is None else finder
        self.action_space = action_space("discrete" if discrete else "box", menu_of(exact.scenario))

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[Any], None]:
        """Actions for observations, and no state.

        Args:
            observation: (O,) or (n, O), or a Dict with it under ``observation``.
            state: not used.
            episode_start: not used.
            deterministic: not used.

        Returns:
            (8,) or (n, 8) float32, or (), (n,) int64 numbers of the menu; and None.

        Raises:
            ValueError: an observation is of no state that the menu leads to.
        """
        seen = np.asarray(observation["observation"] if isinstance(observation, dict) else observation, np.float32)
        many = np.atleast_2d(seen)
        numbers = np.empty(len(many), np.int64)
        boxes = np.empty((len(many), Action.size), np.float32)
        months = self.finder.months(many)
        for month in np.unique(months):
            chosen = np.flatnonzero(months == month)
            tonnes, price = self.finder.find(int(month), many[chosen])
            numbers[chosen] = self.exact.best[month][tonnes, price]
            boxes[chosen] = self.exact.asked(int(month), tonnes, numbers[chosen])
        actions: NDArray[Any] = numbers if self._discrete else boxes
        return (actions if seen.ndim > 1 else actions[0]), None


class _Table:
    """Rows of float32 by a hash of their bits."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self._weights = np.random.default_rng(1).integers(1, 2**63, rows.shape[1], dtype=np.uint64) | np.uint64(1)
        hashes = self._hashes(rows)
        self._order = np.argsort(hashes)
        self._sorted = hashes[self._order]
        if (np.diff(self._sorted) == 0).any():
            raise ValueError("two states look alike: the observation is not Markov")

    def find(self, rows: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) places of rows."""
        hashes = self._hashes(rows)
        places = np.minimum(np.searchsorted(self._sorted, hashes), len(self._sorted) - 1)
        if (self._sorted[places] != hashes).any():
            raise ValueError("an observation is of no state that the menu of this scenario leads to")
        return self._order[places]

    def _hashes(self, rows: NDArray[np.float32]) -> NDArray[np.uint64]:
        bits = (np.ascontiguousarray(rows, np.float32) + np.float32(0.0)).view(np.uint32).astype(np.uint64)  # -0 is 0
        mixed = bits * self._weights
        return (mixed ^ (mixed >> np.uint64(29))).sum(axis=1, dtype=np.uint64)
