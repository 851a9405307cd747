"""One covered firm as a Gymnasium environment: a batch of one row."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from nea_env.core.batch import Batch
from nea_env.core.saving import check_entries
from nea_env.envs import arguments
from nea_env.envs.actions import decode_choice, read_box, read_choice
from nea_env.envs.episodes import Episodes
from nea_env.envs.rendering import NO_RENDER_MODE, RENDER_FPS, RENDER_MODES, Renderer, check_render_mode
from nea_env.envs.spaces import ACTION_FORMS, action_space, menu, menu_mask, observation_space
from nea_env.library import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nea_env.envs.spaces import ActionForm
    from nea_env.scenario import Scenario


class FirmEnv(gymnasium.Env[Any, Any]):
    """A covered firm that trades, abates, invests, banks and surrenders, month by month.

    An episode is a scenario: its compliance years and the run-off to the last deadline. ``terminated`` is
    that end. The reward is minus the month's net cost over (baseline monthly emissions x reference price),
    undiscounted; `discount` is the monthly factor to train and score with.

    Args:
        scenario: a shipped name, a path to YAML, or a `Scenario`.
        action_form: ``"box"``, Box(-1, 1, (8,)); ``"discrete"``, Discrete(K) with `menu`.
        render_mode: None, ``"ansi"`` or ``"rgb_array"`` (needs matplotlib).
        observe_mask: observe a Dict of ``observation`` and ``action_mask`` in place of the plain Box.
        max_episode_steps: end episodes as ``truncated`` after this many months (``gymnasium.make`` has its
            own wrapper for it; here a truncated episode's last info holds its accounts and flows too).

    ``copy.copy`` is ``copy.deepcopy``: a copy plays on by itself.

    Raises:
        ValueError: an argument outside what is named above, a scenario that does not load (`ScenarioError`).
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": RENDER_FPS}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        scenario: str | Path | Scenario = "kets",
        action_form: ActionForm = "box",
        render_mode: str | None = None,
        observe_mask: bool = False,
        max_episode_steps: int | None = None,
    ) -> None:
        arguments.one_of(action_form, "action_form", ACTION_FORMS)
        check_render_mode(render_mode)
        self._limit = arguments.episode_limit(max_episode_steps)
        self._observe_mask = arguments.flag(observe_mask, "observe_mask")
        self.scenario = load_scenario(scenario)
        self.render_mode = render_mode
        self.batch = Batch(self.scenario, 1)
        self.action_space = action_space(action_form)
        self.observation_space = observation_space(action_form, self._observe_mask)
        self.menu = menu() if action_form == "discrete" else None
        self._months = 0
        self._playing = False
        self._episodes = Episodes(self.batch, self._entropy)
        self._renderer = None if render_mode is None else Renderer(render_mode, self.scenario, 1)

    def __copy__(self) -> FirmEnv:
        return copy.deepcopy(self)  # half a copy would play with the original's firm

    def _entropy(self, count: int) -> NDArray[np.int64]:
        return self.np_random.integers(2**62, 2**63 - 1, size=count)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: fixes this episode and, episode by episode, all that follow. None goes on to the next
                episode of the stream, or starts a fresh one.
            options: ``{"scenario_seed": s}`` plays the draws of ``reset(seed=s)`` for this one episode.

        Returns:
            The observation and ``{"action_mask": (A,) bool}``.

        Raises:
            ValueError: a seed that is no whole number from 0 to below 2**63, an unknown option; nothing has changed.
        """
        scenario_seed = arguments.reset_options(options, ("scenario_seed",)).get("scenario_seed")
        if scenario_seed is not None:
            scenario_seed = arguments.one_seed(scenario_seed, "scenario_seed")
        if seed is not None:
            seed = arguments.one_seed(seed, "seed")
        observation = self._episodes.start(seed, scenario_seed, None)
        super().reset(seed=seed)
        self._months = 0
        self._playing = True
        if self._renderer is not None:
            self._renderer.begin(self.batch)
        mask = self.action_masks()
        return self._observed(observation, mask), {"action_mask": mask}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play one month.

        Args:
            action: (8,) numbers, clipped to [-1, 1], or a number of the menu.

        Returns:
            Observation, reward, terminated, truncated, info. Info holds ``action_mask`` and, at the end of
            an episode, its closing ``accounts`` and ``flows``.

        Raises:
            ValueError: a wrong shape, NaN, infinity, or a number outside the menu; nothing has changed.
            gymnasium.error.ResetNeeded: the episode is over, or none was begun.
        """
        batch = self.batch
        if self.menu is None:
            actions = read_box(action)
        else:
            actions = decode_choice(read_choice(action), batch.suggestions())
        if not self._playing:
            raise ResetNeeded("the episode is over or none was begun: call reset()")
        observation, reward, ended = batch.step(actions)
        terminated, truncated = bool(ended[0]), False
        if self._limit is not None:
            self._months += 1
            truncated = self._months >= self._limit
        mask = self.action_masks()
        info: dict[str, Any] = {"action_mask": mask}
        if self._renderer is not None:
            self._renderer.record(batch)
        if terminated or truncated:
            self._playing = False
            info["accounts"] = self.accounts()
            info["flows"] = self.flows()
        return self._observed(observation, mask), float(reward[0]), terminated, truncated, info

    def _observed(self, observation: NDArray[np.float32], mask: NDArray[np.bool_]) -> Any:
        if self._observe_mask:
            return {"observation": observation[0], "action_mask": mask.astype(np.int8)}
        return observation[0]

    def action_masks(self) -> NDArray[np.bool_]:
        """(A,) bool: which actions, or choices of the menu, can matter this month; always one True."""
        mask = self.batch.action_mask()
        return mask[0] if self.menu is None else menu_mask(mask)[0]

    def accounts(self) -> dict[str, float]:
        """Tonnes held and owed, and the capacity in place (t/month): the state the observation shows."""
        return {name: float(values[0]) for name, values in self.batch.accounts().items()}

    def flows(self) -> dict[str, float]:
        """Tonnes and money of the month just played; zero after a reset."""
        return {name: float(values[0]) for name, values in self.batch.flows().items()}

    def market(self) -> dict[str, float]:
        """Prices (money per t), volume limit (t) and month of the observation."""
        return {name: values[0].item() for name, values in self.batch.market().items()}

    def law(self, path: str) -> float:
        """One number of the law this episode plays, by its dotted path: ``law("banking.2018.net_sales_multiple")``.

        Raises:
            KeyError: the path is not a number of the regime.
        """
        return float(self.batch.law(path)[0])

    def get_state(self) -> dict[str, Any]:
        """All that the next steps depend on, as copies; the random generator, which only fresh seeds need, aside."""
        return {
            "batch": self.batch.get_state(), "episodes": self._episodes.get_state(),
            "limit": self._limit or 0, "months": self._months, "playing": self._playing,
        }  # fmt: skip

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a state of `get_state` of an environment of the same scenario and limit.

        Pictures then show the episode from the month gone back to.

        Raises:
            ValueError: a state of another environment, incomplete, or with a number out of its range (`layout`);
                nothing has changed.
        """
        check_entries(state, {"batch": {}, "episodes": {}, "limit": 0, "months": 0, "playing": True})
        self.batch.check_state(state["batch"])
        self._episodes.check_state(state["episodes"])
        limit, months, playing = state["limit"], state["months"], state["playing"]
        ended = bool(state["batch"]["_ended"][0])
        if limit != (self._limit or 0):
            raise ValueError(f"saved state: limit is {limit}: expected max_episode_steps, {self._limit or 0} (0: none)")
        if not 0 <= months <= limit or (limit and playing and months == limit):
            raise ValueError(f"saved state: months is {months}: expected 0 to the limit, {limit}, below it in play")
        if playing and ended:
            raise ValueError("saved state: playing is True: expected False for an episode that has ended")
        self.batch.set_state(state["batch"])
        self._episodes.set_state(state["episodes"])
        self._months, self._playing = months, playing
        if self._renderer is not None:
            self._renderer.restart(self.batch, np.array([playing or ended or months > 0]))

    @property
    def max_episode_steps(self) -> int | None:
        """Months after which an episode is cut; None: it goes on to its end."""
        return self._limit

    @property
    def discount(self) -> float:
        """Monthly discount factor."""
        return float(self.batch.discount)

    def render(self) -> str | NDArray[np.uint8] | None:
        """The episode so far: text (``ansi``) or a picture, (H, W, 3) uint8 (``rgb_array``)."""
        if self._renderer is None:
            gymnasium.logger.warn(NO_RENDER_MODE)
            return None
        return self._renderer.frame(0)
