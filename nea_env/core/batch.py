"""Batch: many firms, each on its own scenario, month by month. Every environment wraps it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nea_env.core.blocks import LANES, blocks_of, column_of, rows_of, set_rows
from nea_env.core.interruption import undivided
from nea_env.core.layout import (
    ACCOUNTS,
    ACTIONS,
    FLOWS,
    FLOWS_FROM,
    HISTORY,
    HISTORY_FROM,
    SLOTS,
    TECHS,
    WORLD_FROM,
    Action,
    Observation,
    Row,
    State,
    World,
)
from nea_env.core.lowering.stacked import stack
from nea_env.core.lowering.tables import lowered
from nea_env.core.market import market
from nea_env.core.numbers import drawn_numbers, law_number
from nea_env.core.parameters import Static
from nea_env.core.play.step import advance, all_finite, mark_rows, start_rows
from nea_env.core.pool import share
from nea_env.core.saving import KEYS_END, check_episodes, check_state, fingerprint
from nea_env.library.errors import did_you_mean, shown
from nea_env.scenario import Scenario

SEED_LARGEST = np.iinfo(np.int64).max
PARALLEL_FROM = 1024  # below this many rows a thread pool costs more than it saves


class Batch:
    """``n`` firms under emissions trading, played month by month on compiled code.

    Args:
        scenarios: one scenario, or several to mix in one batch.
        n: number of firms.
        scenario_of: (n,) index into ``scenarios`` for each firm; default: the first for all.
        threads: share the rows among so many threads, where there are enough of them. Results do not depend on it.

    Attributes:
        scenarios: tuple of the scenarios.
        discount: monthly discount factor of the first scenario.
    """

    def __init__(
        self,
        scenarios: Scenario | Sequence[Scenario],
        n: int,
        *,
        scenario_of: ArrayLike | None = None,
        threads: int | None = None,
    ) -> None:
        self.scenarios = tuple(scenarios) if isinstance(scenarios, Sequence) else (scenarios,)
        if n < 1:
            raise ValueError(f"n is {n}: expected at least one firm")
        self.n = int(n)
        self.threads = numba.config.NUMBA_NUM_THREADS if threads is None else int(threads)
        if self.threads < 1:
            raise ValueError(f"threads is {threads}: expected at least one")
        stacked = stack([lowered(scenario) for scenario in self.scenarios])
        self._laws, first = stacked.laws, stacked.first
        self._static, self._monthly, self._events, self._grids = stacked.arrays
        chosen = np.zeros(n, np.int64) if scenario_of is None else np.array(scenario_of, np.int64)
        if chosen.shape != (n,) or chosen.min() < 0 or chosen.max() >= len(self.scenarios):
            raise ValueError(
                f"scenario_of is {shown(scenario_of)}: expected one index, 0 to {len(self.scenarios) - 1}, for each of"
                f" {n} firms"
            )
        self._exposure = stacked.exposure
        self.discount = float(self._static[0, Static.DISCOUNT])

        self._rows = np.zeros((Row.size, n), np.int64)
        self._rows[Row.STATUTE] = first[chosen]
        # whether some price process or link keeps more than the default process does
        self._has_world = bool(self._static[:, [Static.PROCESS, Static.LINKS, Static.PERMANENT]].any())
        self._books = blocks_of(n, WORLD_FROM + self._has_world * World.size)
        self._memory = blocks_of(n, HISTORY_FROM + HISTORY, np.float32)
        self._mask = np.zeros((n, Action.size), np.bool_)
        self._collect()
        self._ended = 0
        self._start(np.ones(n, np.bool_), 0)
        self.observe()  # fills the masks and suggestions of the first month

    def _collect(self) -> None:
        """What every kernel takes, in its order."""
        tables = self._static, self._monthly, self._events, self._grids
        self._arrays = self._rows, self._books, self._memory, *tables

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():  # read from buffers that may not be written to: kernels need others
            is_locked = isinstance(value, np.ndarray) and not value.flags.writeable
            setattr(self, name, value.copy() if is_locked else value)
        self._collect()

    @property
    def seeds(self) -> NDArray[np.int64]:
        """(n,) seed of each firm, which its draws are keyed by; a copy."""
        return self._rows[Row.SEED].copy()

    @property
    def episodes(self) -> NDArray[np.int64]:
        """(n,) number of the episode of that seed that is being played; a copy."""
        return self._rows[Row.EPISODE].copy()

    @property
    def months(self) -> NDArray[np.int64]:
        """(n,) months of its episode that each firm has played; a copy."""
        return self._rows[Row.MONTH].copy()

    @property
    def over(self) -> NDArray[np.bool_]:
        """(n,) whether each firm's episode has ended; a copy."""
        return self._rows[Row.ENDED].astype(np.bool_)

    @property
    def ended(self) -> int:
        """Rows whose episode has ended and that were not started again."""
        return self._ended

    def rekey(self, rows: NDArray[np.bool_], seeds: NDArray[np.int64], episodes: NDArray[np.int64]) -> None:
        """Let rows (n,) continue with other seeds (n,): their next episode follows that of ``episodes`` (n,).

        Raises:
            ValueError: a seed is negative, or an episode negative or too large to count on; nothing has changed.
        """
        check_episodes({"seeds": seeds[rows], "episodes": episodes[rows]}, "seeds", "episodes", "new key", KEYS_END)
        self._rows[Row.SEED, rows] = seeds[rows]
        self._rows[Row.EPISODE, rows] = episodes[rows]

    @property
    def exposure(self) -> NDArray[np.float64]:
        """(n,) discounted baseline emissions x reference price, money: the base of percentages."""
        return self._exposure[self._statute]

    @property
    def reward_scale(self) -> NDArray[np.float64]:
        """(n,) baseline emissions of a month x reference price, money: reward = -cost / scale."""
        return self._static[self._statute, Static.REWARD_SCALE]

    @property
    def horizon(self) -> NDArray[np.int64]:
        """(n,) months of an episode."""
        return self._static[self._statute, Static.HORIZON].astype(np.int64)

    def law(self, path: str) -> NDArray[np.float64]:
        """(n,) one number of the law that each row's episode plays, by its dotted path in the regime.

        NaN where a row's law lacks it and another that its scenario draws has it.

        Raises:
            KeyError: the path is not a number of a row's regime.
        """
        return law_number(path, self._laws, self._static, self._statute)

    def drawn(self) -> dict[str, NDArray[np.float64]]:
        """What each row's episode drew, (n,) by dotted path: ``firm.output``, ``market.price``, ``regime.banking.…``.

        All that some scenario draws; a row whose scenario does not shows its own number, or NaN if it has none.
        """
        return drawn_numbers(self.scenarios, self._laws, self._statute)

    def reset(self, seeds: ArrayLike | None = None, mask: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Start episodes and return all observations (n, OBSERVATION).

        Args:
            seeds: (n,) non-negative integers: the rows start episode 0 of these seeds. None: each row
                continues with the next episode of its seed.
            mask: (n,) the rows to start; the others keep their place. None: all.
        """
        chosen = np.ones(self.n, np.bool_) if mask is None else np.asarray(mask)
        if chosen.shape != (self.n,) or chosen.dtype != np.bool_:
            raise ValueError(f"mask is {shown(mask)}: expected an array ({self.n},) of bool")
        if seeds is not None:
            given = np.asarray(seeds)
            is_whole = given.shape == (self.n,) and given.dtype.kind in "iu"
            if not is_whole or given.min() < 0 or given.max() > SEED_LARGEST:
                raise ValueError(f"seeds are {shown(seeds)}: expected {self.n} whole numbers, 0 to below 2**63")
        return undivided(self._begin, chosen, seeds)

    def _begin(self, chosen: NDArray[np.bool_], seeds: ArrayLike | None) -> NDArray[np.float32]:
        if seeds is not None:
            self._rows[Row.SEED, chosen] = np.asarray(seeds, np.int64)[chosen]
            self._rows[Row.EPISODE, chosen] = 0
        self._start(chosen, 0 if seeds is not None else 1)
        return self.observe()  # plans the first month: what can be bought, the masks, the suggestions

    def step(self, actions: NDArray[np.float32], *, autoreset: bool = False) -> tuple[
        NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]
    ]:  # fmt: skip
        """Play a month of every firm, then bring the news of the next.

        Args:
            actions: (n, A) numbers, finite, clipped to [-1, 1]; columns as in ``layout.ACTIONS``.
            autoreset: rows whose episode ended on the call before play no month and start their next
                episode instead (reward 0, flows 0). Without it such a row is an error.

        Returns:
            observations (n, OBSERVATION) float32, rewards (n,) float64, terminated (n,) bool: new arrays.

        Raises:
            RuntimeError: a row has ended and ``autoreset`` is off.
            ValueError: an action is NaN or infinite, or the actions have another shape; nothing has changed.
            KeyboardInterrupt: at Ctrl-C, where every row has played the month or none has.
        """
        if self._ended and not autoreset:
            raise RuntimeError(f"row {int(np.argmax(self._rows[Row.ENDED]))} has ended: reset it before the next step")
        if type(actions) is not np.ndarray:
            actions = np.asarray(actions)
        if actions.shape != (self.n, Action.size):
            raise ValueError(f"actions have shape {actions.shape}: expected {(self.n, Action.size)}")
        if actions.dtype != np.float32 or not actions.flags.carray:  # kernels are compiled for such arrays
            _check_finite(actions)  # before infinity is clipped
            actions = np.array(np.clip(actions, -1.0, 1.0), np.float32, order="C")
        observation = np.empty((self.n, Observation.size), np.float32)
        reward = np.empty(self.n)
        try:
            self._ended = self._advance(actions, reward, observation)
        except BaseException:  # Ctrl-C: the month was played, or not, and nobody has counted
            self._count_ended()
            raise
        terminated = self.over if self._ended else np.zeros(self.n, np.bool_)
        return observation, reward, terminated

    def end(self, mask: NDArray[np.bool_]) -> None:
        """End the episodes of the rows of ``mask`` (n,) where they stand: a caller's time limit."""
        self._rows[Row.ENDED, mask] = True
        self._count_ended()

    def observe(self) -> NDArray[np.float32]:
        """Observations (n, OBSERVATION) float32 of the present state, a new array."""
        observation = np.empty((self.n, Observation.size), np.float32)
        self._advance(np.empty((0, Action.size), np.float32), np.empty(0), observation)
        return observation

    def accounts(self) -> dict[str, NDArray[np.float64]]:
        """Tonnes (n,) that the returned observation shows, by ``layout.ACCOUNTS``, and capacity in t a month."""
        accounts = {name: self.memory(name) for name in ACCOUNTS if name != "closed"}
        accounts["closed"] = np.sum([self._column(State.CLOSED + k) for k in range(SLOTS)], axis=0)
        accounts["capacity"] = np.sum([self._column(State.CAPACITY + k) for k in range(TECHS)], axis=0)
        return accounts

    def flows(self) -> dict[str, NDArray[np.float64]]:
        """Tonnes and money (n,) of the month just played, by ``layout.FLOWS``."""
        return {field.name: self._column(FLOWS_FROM + index) for index, field in enumerate(FLOWS)}

    def market(self) -> dict[str, NDArray[np.float64]]:
        """Prices (n,) in money per t, volume and auction room in t, and the month that the observation shows.

        A linked scenario adds for partner k ``foreign_price_k``, what a home-usable tonne costs in home money,
        ``local_price_k`` in the partner's, ``fx_k`` and ``link_k`` (1 while open); the equilibrium process adds
        ``aggregate_bank``, in shares of the market's baseline emissions a year, and ``lapse_probability``, that
        the limit on carrying over binds at the end of the running period.
        ``quote`` is what the observation shows of the long price; they differ where prices are not disclosed.
        """
        return market(self._rows, self._books, self._static, self._monthly, self._grids)

    def position(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mark to market of each firm's books: value = tonnes x long price + money, two (n,) arrays.

        Units held count, duties built up and debt count against them, and capacity counts with its saving to
        the end of production at baseline output and its residual value. 0 once an episode has ended.
        """
        tonnes, money = np.empty(self.n), np.empty(self.n)
        mark_rows(*self._arrays, tonnes, money)
        return tonnes, money

    def memory(self, name: str) -> NDArray[np.float64]:
        """One column (n,) of the state or the world by its name in ``layout``, a copy; 0 where it is not kept."""
        if name in State.index:
            return self._column(State.index[name])
        if name in World.index:
            return self._column(WORLD_FROM + World.index[name]) if self._has_world else np.zeros(self.n)
        raise KeyError(f"{name!r} is no state; {did_you_mean(name, [*State.index, *World.index])}")

    def suggestions(self) -> NDArray[np.float64]:
        """(n, 2): the trade that closes the gap evenly, the abatement whose marginal cost meets the price due."""
        return np.stack([self._column(State.EVEN_TRADE), self._column(State.ABATE_AT_PRICE)], axis=1)

    def target_trade(self) -> NDArray[np.float64]:
        """(n,): the trade that closes the gap at once, or sells what may not be carried over."""
        return self._column(State.TARGET_TRADE)

    def action_mask(self) -> NDArray[np.bool_]:
        """(n, A) bool: the actions that can change anything this month."""
        return self._mask.copy()

    def get_state(self) -> dict[str, NDArray]:
        """Everything that changes as the batch runs, as copies, and what it belongs to: for checkpoints."""
        return self._present()

    def set_state(self, saved: dict[str, NDArray]) -> None:
        """Go on from a ``get_state`` of a batch of the same size and scenarios.

        Raises:
            ValueError: a state of another batch, incomplete, or with a number out of its range; nothing has changed.
        """
        self.check_state(saved)
        undivided(self._take_up, saved)

    def _take_up(self, saved: dict[str, NDArray]) -> None:
        for name, row in _ROWS.items():
            self._rows[row] = saved[name]
        world = [saved["_world"]] if self._has_world else []
        set_rows(self._books, np.concatenate([saved["_state"], saved["_flows"], *world], axis=1))
        set_rows(self._memory, np.concatenate([saved["_queue"], saved["_history"]], axis=1))
        self._mask[...] = saved["_mask"]
        self._count_ended()

    def check_state(self, saved: Any) -> None:
        """Raise the ValueError of `set_state`, or do nothing."""
        check_state(saved, self._present(), self._static, self._monthly)

    def __copy__(self) -> Batch:
        return copy.deepcopy(self)  # half a copy would play with the original's books

    @cached_property
    def _fingerprint(self) -> NDArray[np.str_]:
        return fingerprint(self.scenarios, self._static[self._statute, Static.FIRST_STATUTE])

    def _present(self) -> dict[str, NDArray]:
        """What `get_state` returns: one row a firm, whatever the blocks."""
        books, memory = rows_of(self._books, self.n), rows_of(self._memory, self.n)
        state, flows, world = np.split(books, (FLOWS_FROM, WORLD_FROM), axis=1)
        queue, history = np.split(memory, (HISTORY_FROM,), axis=1)
        present = {name: self._rows[row].copy() for name, row in _ROWS.items()}
        present["_ended"] = present["_ended"].astype(np.bool_)
        present |= {"_state": state, "_world": world, "_queue": queue, "_history": history, "_flows": flows}
        present = {name: np.ascontiguousarray(values) for name, values in present.items()}
        return {"fingerprint": self._fingerprint.copy(), **present, "_mask": self._mask.copy()}

    def _advance(self, actions: NDArray[np.float32], *written: NDArray[Any]) -> int:
        """Play a month of every row, or only look at it without actions; returns how many rows have ended."""
        arguments = *self._arrays, actions, *written, self._mask
        if self.threads > 1 and self.n >= PARALLEL_FROM:
            # a thread that refuses its actions must not find that another has played: all are checked first
            is_finite = all_finite(actions.reshape(-1).view(np.int32))
            shares = share(lambda span: advance(span, *arguments), self.n, LANES, self.threads) if is_finite else (-1,)
            ended = sum(shares)
        else:
            ended = advance((0, self.n), *arguments)
        if ended < 0:
            _check_finite(actions)
        return ended

    def _count_ended(self) -> None:
        self._ended = int(self._rows[Row.ENDED].sum())

    def _column(self, column: int) -> NDArray[np.float64]:
        """One column (n,) of the books, a copy."""
        return column_of(self._books, column, self.n)

    @property
    def statutes(self) -> NDArray[np.int64]:
        """(n,) number of the law that each firm's episode plays, of those that its scenario draws from."""
        statute = self._statute
        return statute - self._static[statute, Static.FIRST_STATUTE].astype(np.int64)

    @property
    def _statute(self) -> NDArray[np.int64]:
        """(n,) row of the parameter tables that each firm's episode plays by."""
        return self._rows[Row.STATUTE]

    def _start(self, mask: NDArray[np.bool_], episodes: int) -> None:
        start_rows(mask, episodes, *self._arrays)
        self._count_ended()


def _check_finite(actions: NDArray[Any]) -> None:
    bad = np.argwhere(~np.isfinite(actions))
    if len(bad):
        row, action = (int(place) for place in bad[0])
        value, name = actions[row, action], ACTIONS[action].name
        raise ValueError(f"action {(row, action)} ({name}) is {value}: expected a finite number")


_ROWS = {
    "_pick": Row.STATUTE, "seeds": Row.SEED, "episodes": Row.EPISODE, "_months": Row.MONTH, "_ended": Row.ENDED,
}  # fmt: skip
"""What a saved state calls the numbers that say where a firm stands."""
