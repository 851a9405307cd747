"""Many firms as a Gymnasium vector environment: the batch itself, no loop over rows."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv

from nea_env.core.batch import Batch
from nea_env.core.interruption import undivided
from nea_env.envs import arguments, closing, states
from nea_env.envs.actions import read_boxes, read_choices
from nea_env.envs.episodes import Episodes
from nea_env.envs.marking import REWARDS, MarkToMarket
from nea_env.envs.menu import menu_of
from nea_env.envs.mixing import mixed
from nea_env.envs.naming import readings
from nea_env.envs.rendering import NO_RENDER_MODE, RENDER_FPS, RENDER_MODES, Renderer, check_render_mode
from nea_env.envs.spaces import ACTION_FORMS, action_space, batched, observation_space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from nea_env.envs.marking import Reward
    from nea_env.envs.naming import Names, Reading
    from nea_env.envs.spaces import ActionForm
    from nea_env.scenario import Scenario

    Step = tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class FirmVectorEnv(VectorEnv[Any, Any, Any]):
    """Many firms of one scenario or several, played by one compiled kernel; `FirmEnv` describes the environment itself.

    ```python
    >>> import gymnasium as gym
    >>> import nea_env
    >>> gym.make_vec("nea/KETS-v0", num_envs=4096)
    FirmVectorEnv(nea/KETS-v0, num_envs=4096)

    ```

    Output for output it equals `SyncVectorEnv` over `FirmEnv`, without a loop over rows. What differs from a single
    firm:

    - Actions are `(num_envs, 8)` or `(num_envs,)`, observations `(num_envs, 67)`, rewards `(num_envs,)` `float64`;
      `accounts()`, `flows()`, `market()` and `law(path)` return arrays of shape `(num_envs,)`, and `observe(row)`
      shows one row.
    - `reset(seed=s)` gives row i the seed s + i; a list gives each row its own, and `None` continues with the next
      episode of each row. `options={"scenario_seed": …}` is read the same way.
    - `autoreset_mode` says how ended rows begin their next episode. Under NEXT_STEP the call after an end does so and
      plays no month: its reward and flows are 0. Under SAME_STEP the ending call does, and `info["final_obs"]` and
      `info["final_info"]` hold the closing values. Under DISABLED they are reset with `options={"reset_mask": …}`.
    - Info holds arrays, each with a mask of the rows that it is meant for: `action_mask` and `_action_mask`, with
      marked rewards also `cost_reward` and `_cost_reward`.

    `scenario` may be a list, whose scenarios are mixed in one batch:

    ```python
    >>> steel = nea_env.load_scenario("kets_steel", {"firm.scale": 2})
    >>> envs = gym.make_vec("nea/KETS-v0", num_envs=5, scenario=["kets", steel])
    >>> [scenario.name for scenario in envs.scenarios]
    ['kets', 'kets_steel']
    >>> envs.scenario_of
    array([0, 0, 0, 1, 1])

    ```

    - Rows are dealt to the scenarios in their order, in runs that are equally long, give or take a row; one that is
      listed twice gets twice as many. A row keeps its scenario through every reset, and plays what a single
      environment of it plays with the same seed, bit for bit.
    - Any scenarios can be mixed, of any law, length and currency, since all share one table of observations and of
      actions, and rewards are shares of each scenario's own reference cost. Only `market.discount_rate` must be the
      same, as there is one `discount`. Tonnes and money of `accounts()`, `flows()` and `market()` are each row's own.
    - `scenarios` and `scenario_of`, `(num_envs,)`, say which row plays which; `scenario` is there for one alone.

    | Parameter | Type | Default | Description |
    |---|---|---|---|
    | `num_envs` | **int** | `1` | Number of firms |
    | `scenario` | as for `FirmEnv`, or a **list** | the id's | What is played; a list is mixed |
    | `autoreset_mode` | **AutoresetMode** or **str** | `NEXT_STEP` | See above; also by value, such as `"SameStep"` |
    | `render_mode` | **str** | `None` | As for `FirmEnv`, one frame for each row |
    | `reward` | **str** | `"cost"` | As for `FirmEnv`; rows may mix scenarios |

    The other arguments and their errors are those of `FirmEnv`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Path | Scenario | Sequence[str | Path | Scenario] = "kets",
        action_form: ActionForm = "box",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        observe_mask: bool = False,
        reward: Reward = "cost",
    ) -> None:
        arguments.one_of(action_form, "action_form", ACTION_FORMS)
        arguments.one_of(reward, "reward", REWARDS)
        check_render_mode(render_mode)
        num_envs = arguments.whole_number(num_envs, "num_envs", 1)
        self._limit = arguments.episode_limit(max_episode_steps)
        self._observe_mask = arguments.flag(observe_mask, "observe_mask")
        self._mode = arguments.autoreset_mode(autoreset_mode)
        self.metadata = {"render_modes": RENDER_MODES, "render_fps": RENDER_FPS, "autoreset_mode": self._mode}
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.scenarios, self.scenario_of = mixed(scenario, num_envs)
        self.batch = Batch(self.scenarios, num_envs, scenario_of=self.scenario_of)
        self._books = MarkToMarket(self.batch, self.scenario_of) if reward == "marked" else None
        self.menu = menu_of(*self.scenarios) if action_form == "discrete" else None
        self.single_action_space = action_space(action_form, self.menu)
        self.action_space = batched(self.single_action_space, num_envs)
        self.single_observation_space = observation_space(action_form, self._observe_mask, self.menu)
        self.observation_space = batched(self.single_observation_space, num_envs)
        self._months = np.zeros(0 if self._limit is None else num_envs, np.int64)  # played; a limit needs it
        self._begun = np.zeros(num_envs, bool)
        self._all_begun = False
        self._done = np.zeros(num_envs, bool)  # ended on the last call, not reset yet
        self._episodes = Episodes(self.batch, self._entropy)
        self._renderer = None if render_mode is None else Renderer(render_mode, self.scenarios, self.scenario_of)

    def __copy__(self) -> FirmVectorEnv:
        return copy.deepcopy(self)  # a shallow copy would share the original's firms

    def _entropy(self, count: int) -> NDArray[np.int64]:
        return self.np_random.integers(2**62, 2**63 - 1, size=count)

    def reset(self, *, seed: Any = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every row, or in those of a mask.

        Args:
            seed: s gives row i the seed s + i; a list gives each row its own (or None); None continues.
            options: ``reset_mask``, (n,) bool, the rows to reset; ``scenario_seed``, s or an (n,) array, plays
                the draws of ``reset(seed=…)`` for this episode only (row i: s + i).

        Returns:
            Observations of all rows and ``{"action_mask": (n, A), "_action_mask": (n,)}``.

        Raises:
            ValueError: a seed that is not a whole number from 0 to below 2**63, a list of another length, an unknown
                option, or a mask that is not an array (n,) of bool with at least one True; nothing has changed.
        """
        return undivided(self._begin, seed, arguments.reset_options(options, ("scenario_seed", "reset_mask")))

    def _begin(self, seed: Any, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        rows = arguments.reset_rows(options["reset_mask"], self.num_envs) if "reset_mask" in options else None
        observation = self._episodes.start(seed, options.get("scenario_seed"), rows)
        if seed is not None and not arguments.is_sequence(seed):
            super().reset(seed=int(seed))
        began = np.ones(self.num_envs, bool) if rows is None else rows.copy()
        if self._limit is not None:
            self._months[began] = 0
        self._begun |= began
        self._all_begun = bool(self._begun.all())
        self._done = self._done & ~began
        if self._renderer is not None:
            self._renderer.begin(self.batch, began)
        mask = self.action_masks()
        info_mask = mask.copy()
        info_mask[~began] = False
        return self._observed(observation, mask), {"action_mask": info_mask, "_action_mask": began}

    def step(self, actions: Any) -> Step:
        """Play one month in every row.

        Args:
            actions: (n, 8) numbers, clipped to [-1, 1], or (n,) numbers from the menu.

        Returns:
            Observations, rewards (n,) float64, terminated, truncated, info; all new arrays.

        Raises:
            ValueError: a wrong shape, NaN, infinity, or a number outside the menu; nothing has changed.
            gymnasium.error.ResetNeeded: some row has no episode to play.
            KeyboardInterrupt: at Ctrl-C; every row has played the month, or none has, and the end of an episode may go
                unreported.
        """
        menu, n = self.menu, self.num_envs
        if menu is None:
            decoded = read_boxes(actions, n)
        else:
            decoded = menu.decode(read_choices(actions, n, len(menu)), self.batch)
        if not self._all_begun:
            raise ResetNeeded("some rows have no episode: call reset()")
        if self._mode is AutoresetMode.DISABLED and self._done.any():
            row = int(np.argmax(self._done))
            raise ResetNeeded(f"row {row} has ended: reset it with options={{'reset_mask': …}}")
        try:
            return self._play(decoded)
        except BaseException as error:  # catching up after an interrupt costs a step nothing, unlike holding it back
            was_refused = isinstance(error, ValueError) and not np.isfinite(decoded).all()
            if not was_refused:
                undivided(self._catch_up)
            raise

    def _catch_up(self) -> None:
        """Bring the bookkeeping in line with the batch, wherever an interrupt has stopped a step."""
        ended = self.batch.over
        if self._limit is not None:
            ended |= self.batch.months >= self._limit
        self._episodes.recall(ended)
        if self._mode is AutoresetMode.SAME_STEP and ended.any():
            self.batch.reset(None, ended)
            ended[:] = False
        elif self._limit is not None and self._mode is AutoresetMode.NEXT_STEP:
            self._episodes.cut(ended)
        if self._limit is not None:
            self._months = self.batch.months
        self._done = ended
        if self._renderer is not None:
            self._renderer.restart(self.batch, self._begun)

    def _play(self, decoded: NDArray[np.float32]) -> Step:
        batch = self.batch
        if self._books is not None:
            self._books.open()
        observation, reward, terminated = batch.step(decoded, autoreset=True)
        if self._books is not None:
            cost, reward = reward, reward + self._books.close()
        began = self._done  # under NEXT_STEP these rows played no month: they began an episode
        if self._limit is None:
            truncated, ended, any_ended = np.zeros(self.num_envs, bool), terminated.copy(), batch.ended > 0
        else:
            self._months += 1
            self._months[began] = 0
            truncated = self._months >= self._limit
            ended = terminated | truncated
            any_ended = bool(ended.any())
        info: dict[str, Any] = {}
        if any_ended:
            info = closing.closing(batch, ended)
            self._episodes.recall(ended)
            if self._mode is AutoresetMode.SAME_STEP:
                if self._books is not None:
                    closing.told(info, "cost_reward", cost, ended)
                info = closing.final(observation, self.action_masks(), info, ended, self._observe_mask)
                observation = batch.reset(None, ended)
                if self._limit is not None:
                    self._months[ended] = 0
                began, ended = ended, np.zeros(self.num_envs, bool)
            elif self._limit is not None and self._mode is AutoresetMode.NEXT_STEP:
                self._episodes.cut(ended)
        self._done = ended
        if self._books is not None:
            closing.told(info, "cost_reward", cost, ~began)  # of the others it stands in final_info, or there is none
        if self._renderer is not None:
            self._renderer.record(batch, began)
        mask = self.action_masks()
        info["action_mask"] = mask
        info["_action_mask"] = np.ones(self.num_envs, bool)
        return self._observed(observation, mask), reward, terminated, truncated, info

    def _observed(self, observation: NDArray[np.float32], mask: NDArray[np.bool_]) -> Any:
        if self._observe_mask:
            return {"observation": observation, "action_mask": mask.astype(np.int8)}
        return observation

    def action_masks(self) -> NDArray[np.bool_]:
        """(n, A) bool: which actions, or choices of the menu, can matter this month; at least one True per row."""
        mask = self.batch.action_mask()
        return mask if self.menu is None else self.menu.mask(mask)

    def accounts(self) -> dict[str, NDArray[np.float64]]:
        """Tonnes held and owed, and capacity in place (t/month), each (n,): the state the observation shows."""
        return self.batch.accounts()

    def flows(self) -> dict[str, NDArray[np.float64]]:
        """Tonnes and money of the month just played, each (n,); zero in rows that played none."""
        return self.batch.flows()

    def market(self) -> dict[str, NDArray[Any]]:
        """Prices (money per t), volume limit (t) and month, as the observation shows them, each (n,)."""
        return self.batch.market()

    def observe(self, row: int = 0) -> Names[Reading]:
        """One row's observation and action mask by name, as `FirmEnv.observe` gives them.

        Raises:
            ValueError: there is no such row.
        """
        row = arguments.whole_number(row, "row", 0, self.num_envs)
        form, month = ACTION_FORMS[self.menu is not None], int(self.batch.months[row])
        scenario, drawn = self.scenarios[self.scenario_of[row]], {path: one[row] for path, one in self.drawn().items()}
        return readings(scenario, drawn, self.batch.observe()[row], self.action_masks()[row], form, month)

    def law(self, path: str) -> NDArray[np.float64]:
        """One number (n,) of the law that each row's episode plays, by its dotted path.

        Raises:
            KeyError: the path is not a number of the regime.
        """
        return self.batch.law(path)

    def drawn(self) -> dict[str, NDArray[np.float64]]:
        """What each row's episode drew, (n,) by dotted path; NaN in rows whose scenario has no such number."""
        return self.batch.drawn()

    def get_state(self) -> dict[str, Any]:
        """Everything the next steps depend on, as copies, except the random generator, which only fresh seeds need."""
        return {
            "batch": self.batch.get_state(), "episodes": self._episodes.get_state(), "autoreset_mode": self._mode.value,
            "limit": self._limit or 0, "months": self._months.copy(), "begun": self._begun.copy(),
            "done": self._done.copy(), **states.marking(self._books),
        }  # fmt: skip

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a state that `get_state` returned for the same scenario, size, limit, autoreset mode and reward.

        Frames then show the episodes from those months on.

        Raises:
            ValueError: a state of another environment, an incomplete one, or a number out of its range (`layout`);
                nothing has changed.
        """
        states.check_vector(state, self.batch, self._episodes, self._books, self._limit, self._mode)
        undivided(self._take_up, state)

    def _take_up(self, state: dict[str, Any]) -> None:
        self.batch.set_state(state["batch"])
        self._episodes.set_state(state["episodes"])
        states.take_up_marking(self._books, state)
        self._months, self._done = state["months"].copy(), state["done"].copy()
        self._begun = state["begun"].copy()
        self._all_begun = bool(self._begun.all())
        if self._renderer is not None:
            self._renderer.restart(self.batch, self._begun)

    @property
    def scenario(self) -> Scenario:
        """The scenario that all rows play; where several are mixed there is none (AttributeError)."""
        if len(self.scenarios) > 1:
            names = ", ".join(one.name for one in self.scenarios)
            raise AttributeError(f"rows play {names}: take scenarios[scenario_of[row]] instead of scenario")
        return self.scenarios[0]

    @property
    def max_episode_steps(self) -> int | None:
        """Months after which an episode is truncated; None: never."""
        return self._limit

    @property
    def autoreset_mode(self) -> AutoresetMode:
        """How ended rows begin their next episode, as in ``metadata``; TorchRL looks here."""
        return self._mode

    @property
    def discount(self) -> float:
        """Monthly discount factor."""
        return float(self.batch.discount)

    def render(self) -> tuple[Any, ...] | None:
        """One frame per row: text (``ansi``) or a picture, (H, W, 3) uint8 (``rgb_array``)."""
        if self._renderer is None:
            gymnasium.logger.warn(NO_RENDER_MODE)
            return None
        return tuple(self._renderer.frame(row) for row in range(self.num_envs))
