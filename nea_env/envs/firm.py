"""One covered firm as a Gymnasium environment: a batch of one row."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from nea_env.core.batch import Batch
from nea_env.core.interruption import undivided
from nea_env.envs import arguments, states
from nea_env.envs.actions import check_finite, read_box, read_choice
from nea_env.envs.episodes import Episodes
from nea_env.envs.marking import REWARDS, MarkToMarket
from nea_env.envs.menu import menu_of
from nea_env.envs.mixing import is_mixed
from nea_env.envs.naming import readings
from nea_env.envs.rendering import NO_RENDER_MODE, RENDER_FPS, RENDER_MODES, Renderer, check_render_mode
from nea_env.envs.spaces import ACTION_FORMS, action_space, observation_space
from nea_env.library import load_scenario
from nea_env.library.errors import shown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nea_env.envs.marking import Reward
    from nea_env.envs.naming import Names, Reading
    from nea_env.envs.spaces import ActionForm
    from nea_env.scenario import Scenario


class FirmEnv(gymnasium.Env[Any, Any]):
    """A firm under an emissions-trading system, one month per step.

    ## Description

    The firm must surrender a unit for every tonne it emits. Month by month it decides how much to abate, invest,
    trade, bank and borrow, while prices move, benchmarks are announced late and unused units lapse. The law, the
    firm, the market and the years played make up a `scenario`; `nea_env.scenarios()` lists those that ship, and
    docs/regimes/README.md lists the laws behind them.

    | Id | Default scenario | Months |
    |---|---|---|
    | `nea/TPS-v0` | `tps` | 84 |
    | `nea/KETS-v0` | `kets` | 140 |
    | `nea/Tokyo-v0` | `tokyo` | 198 |
    | `nea/LinkedTPS-v0` | `linked_tps` | 36 |
    | `nea/LinkedKETS-v0` | `linked_kets` | 68 |
    | `nea/LinkedTokyo-v0` | `linked_tokyo` | 138 |
    | `nea/TPSExact-v0` | `tps_exact` | 24 |
    | `nea/KETSExact-v0` | `kets_exact` | 33 |
    | `nea/TokyoExact-v0` | `tokyo_exact` | 78 |

    Each id has a twin with discrete actions, such as `nea/KETSDiscrete-v0`. All ids share one observation space and
    one action space, so an agent trained on one can act in another. Discrete ids share one menu, but for the last
    three, whose optimum is known: each has a menu of its own, to which Box actions are rounded (docs/exact.md).

    ## Action Space

    The action is a `ndarray` with shape `(8,)` of numbers from -1 to 1, each a share of what is possible this month.
    Whatever it asks for is cut back to what the law and the firm's books permit.

    | Num | Action | Meaning |
    |---|---|---|
    | 0 | `trade` | Net purchase of front units, at auction where that is cheaper; sells only what is held |
    | 1 | `abate` | Operational abatement, reversible; none at 0 and below |
    | 2 | `invest` | New capacity, cheapest technology first, irreversible; none at 0 and below |
    | 3 | `offset` | Offset credits bought now; none at 0 and below |
    | 4 | `borrow` | Borrowing used at a deadline: all at 0 and above, none at -1 |
    | 5 | `bank` | Units carried over at a deadline: all at 0 and above, none at -1 |
    | 6 | `foreign` | Net purchase of a linked system's units |
    | 7 | `output` | More or less output than baseline, where output is a choice |

    With `action_form="discrete"` the action is the number of a joint choice of these, named in `env.unwrapped.menu`.
    docs/reference/actions.md lists the menu, what each action does at -1, 0 and 1, and when it is masked.

    ## Observation Space

    The observation is a `ndarray` with shape `(67,)`, `float32` and bounded. docs/reference/observations.md describes
    every number and how to turn it back into tonnes.

    | Num | Observation |
    |---|---|
    | 0–5 | Calendar |
    | 6–9 | Prices |
    | 10–18 | Units held, emissions and duty |
    | 19–22 | Shortfall, trade and abatement |
    | 23–27 | Banking, borrowing, offsets and credits |
    | 28–30 | Allocation and output |
    | 31–39 | Abatement capacity |
    | 40–43 | Auctions and price triggers |
    | 44–54 | What is known about the law |
    | 55–61 | Price process and links |
    | 62–66 | Another suggestion, and capacity that is built |

    With `observe_mask=True` it is a `Dict` of that array, `observation`, and of the action mask, `action_mask`.

    ## Rewards

    The reward is minus the month's net cost, divided by the baseline emissions of a month times the reference price:
    a firm that did nothing but buy a unit for every tonne of its baseline at that price would earn -1 per month. The
    cost covers units, trading, credits, abatement, investment and penalties; docs/reference/flows.md lists its items.
    It is not discounted: `env.unwrapped.discount` is the monthly factor to train and score with.

    With `reward="marked"` a month earns in addition what it has added to the firm's books at the month's price, so that
    an investment is judged at once by what it is worth. On average that changes what every policy earns by the same
    amount (docs/training.md). `info["cost_reward"]` is the reward described above, and every evaluation uses that one.

    ## Starting State

    The firm starts with the units that were booked by the scenario's first month, the emissions of the running year,
    and no capacity. Prices start at the market's reference price, in the money of that month; under the equilibrium
    price process they start where it puts them. The seed fixes everything that is drawn afterwards and, in a
    scenario with `policy.mode: randomised`, `firm.ranges` or `market.ranges`, the law, firm and market that the
    episode plays, which `drawn()` tells: the firm's own numbers scale the observation and the reward as if the
    scenario had them, and no number is added to the observation.

    ## Episode End

    1. Termination: the scenario's last surrender deadline has passed. Units still held are then sold, duties and
       debts still open are bought, and capacity counts at its book value.
    2. Truncation: `max_episode_steps` months have been played.

    ## Information

    `reset` and `step` return `action_mask`, `(8,)` bool or one entry for each choice of the menu: what can matter this
    month. The last step of an episode adds its closing `accounts` and `flows`. At any time `env.unwrapped` has
    `accounts()`, `flows()`, `market()`, `law(path)`, `drawn()`, `action_masks()` and `observe()`, which names every
    number of the observation and gives it in tonnes, money and months, and `get_state()` and `set_state(state)` to
    return to an earlier month.

    ## Arguments

    ```python
    >>> import gymnasium as gym
    >>> import nea_env
    >>> env = gym.make("nea/KETS-v0", scenario="kets_steel")
    >>> env
    <OrderEnforcing<PassiveEnvChecker<FirmEnv<nea/KETS-v0>>>>
    >>> observation, info = env.reset(seed=0, options={"scenario_seed": 7})  # the draws of reset(seed=7), this once

    ```

    | Parameter | Type | Default | Description |
    |---|---|---|---|
    | `scenario` | **str**, **Path** or **Scenario** | the id's | A shipped name, a path to YAML, or a loaded scenario |
    | `action_form` | **str** | the id's | `"box"` or `"discrete"` |
    | `render_mode` | **str** | `None` | `"ansi"`, or `"rgb_array"`, which needs matplotlib |
    | `observe_mask` | **bool** | `False` | Whether the observation is a `Dict` with the action mask |
    | `max_episode_steps` | **int** | `None` | Months after which an episode is truncated |
    | `reward` | **str** | `"cost"` | `"cost"`, or `"marked"`: marked to market, for training |

    `gym.make` has a wrapper of its own for `max_episode_steps`; the argument here also puts the closing accounts and
    flows into a truncated episode's last info. Any other value raises `ValueError`, and a scenario that does not load
    its subclass `ScenarioError`. `copy.copy` is `copy.deepcopy`: a copy is independent of the original.

    ## Vectorized environment

    `gym.make_vec("nea/KETS-v0", num_envs=4096)` plays many firms on one compiled kernel: see `FirmVectorEnv`.

    ## References

    - Korea: Act on the Allocation and Trading of Greenhouse-Gas Emission Permits, and its Enforcement Decree.
    - China: Measures for the Administration of Carbon Emissions Trading (trial), Ministry of Ecology and Environment,
      2021; Interim Regulations on the Administration of Carbon Emissions Trading, State Council Decree 775, 2024.
    - Tokyo: Tokyo Metropolitan Government, Tokyo Cap-and-Trade Program, March 2010.
    - Abatement up to the price: Montgomery, "Markets in licenses and efficient pollution control programs", 1972.
    - Price impact without round-trip profits: Huberman and Stanzl, "Price manipulation and quasi-arbitrage", 2004.
    - Equilibrium prices with banking: Rubin 1996; Schennach 2000; Hitzemann and Uhrig-Homburg 2018.

    docs/regimes/README.md links to the source of every number.

    ## Version History

    * v0: first version. Until 0.1.0 is released it may change; CHANGELOG.md lists what changed a score.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": RENDER_FPS}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        scenario: str | Path | Scenario = "kets",
        action_form: ActionForm = "box",
        render_mode: str | None = None,
        observe_mask: bool = False,
        max_episode_steps: int | None = None,
        reward: Reward = "cost",
    ) -> None:
        arguments.one_of(action_form, "action_form", ACTION_FORMS)
        arguments.one_of(reward, "reward", REWARDS)
        check_render_mode(render_mode)
        self._limit = arguments.episode_limit(max_episode_steps)
        self._observe_mask = arguments.flag(observe_mask, "observe_mask")
        if is_mixed(scenario):
            raise ValueError(f"scenario is {shown(scenario)}: a single firm plays one; gym.make_vec mixes several")
        self.scenario = load_scenario(scenario)
        self.render_mode = render_mode
        self.batch = Batch(self.scenario, 1)
        self._books = MarkToMarket(self.batch) if reward == "marked" else None
        self.menu = menu_of(self.scenario) if action_form == "discrete" else None
        self.action_space = action_space(action_form, self.menu)
        self.observation_space = observation_space(action_form, self._observe_mask, self.menu)
        self._months = 0
        self._playing = False
        self._episodes = Episodes(self.batch, self._entropy)
        self._renderer = None if render_mode is None else Renderer(render_mode, (self.scenario,))

    def __copy__(self) -> FirmEnv:
        return copy.deepcopy(self)  # a shallow copy would share the original's firm

    def _entropy(self, count: int) -> NDArray[np.int64]:
        return self.np_random.integers(2**62, 2**63 - 1, size=count)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: fixes this episode and, episode by episode, all that follow. None continues with
                the next episode of the stream, or starts a fresh one.
            options: ``{"scenario_seed": s}`` plays the draws of ``reset(seed=s)`` for this episode only.

        Returns:
            The observation and ``{"action_mask": (A,) bool}``.

        Raises:
            ValueError: a seed that is not a whole number from 0 to below 2**63, or an unknown option; nothing has
                changed.
        """
        scenario_seed = arguments.reset_options(options, ("scenario_seed",)).get("scenario_seed")
        if scenario_seed is not None:
            scenario_seed = arguments.one_seed(scenario_seed, "scenario_seed")
        if seed is not None:
            seed = arguments.one_seed(seed, "seed")
        return undivided(self._begin, seed, scenario_seed)

    def _begin(self, seed: int | None, scenario_seed: int | None) -> tuple[Any, dict[str, Any]]:
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
            action: (8,) numbers, clipped to [-1, 1], or a number from the menu.

        Returns:
            Observation, reward, terminated, truncated, info. Info holds ``action_mask``, with marked rewards
            ``cost_reward`` and, at the end of an episode, its closing ``accounts`` and ``flows``.

        Raises:
            ValueError: a wrong shape, NaN, infinity, or a number outside the menu; nothing has changed.
            gymnasium.error.ResetNeeded: the episode is over, or none has begun.
            KeyboardInterrupt: at Ctrl-C; the month has been played or not, and the environment can be stepped on, or
                reset if that month was the last.
        """
        batch = self.batch
        menu = self.menu
        actions = read_box(action) if menu is None else menu.decode_one(read_choice(action, len(menu)), batch)
        if not self._playing:
            raise ResetNeeded("the episode is over or none has begun: call reset()")
        try:
            if self._books is not None:
                self._books.open()
            observation, reward, _ = batch.step(actions)
            terminated, truncated = batch.ended > 0, False
            if self._limit is not None:
                self._months += 1
                truncated = self._months >= self._limit
            mask = self.action_masks()
            info: dict[str, Any] = {"action_mask": mask}
            if self._books is not None:
                info["cost_reward"] = float(reward[0])
                reward += self._books.close()
            if self._renderer is not None:
                self._renderer.record(batch)
            if terminated or truncated:
                self._playing = False
                info["accounts"] = self.accounts()
                info["flows"] = self.flows()
            return self._observed(observation, mask), float(reward[0]), terminated, truncated, info
        except BaseException as error:  # catching up after an interrupt costs a step nothing, unlike holding it back
            if isinstance(error, ValueError):
                check_finite(actions[0])  # names the place in the caller's array; nothing was played
            undivided(self._catch_up)
            raise

    def _catch_up(self) -> None:
        """Bring the bookkeeping in line with the batch, wherever an interrupt has stopped a step."""
        month = int(self.batch.months[0])
        if self._limit is not None:
            self._months = month
        self._playing = self.batch.ended == 0 and (self._limit is None or month < self._limit)
        if self._renderer is not None:
            self._renderer.restart(self.batch, np.array([True]))

    def _observed(self, observation: NDArray[np.float32], mask: NDArray[np.bool_]) -> Any:
        if self._observe_mask:
            return {"observation": observation[0], "action_mask": mask.astype(np.int8)}
        return observation[0]

    def action_masks(self) -> NDArray[np.bool_]:
        """(A,) bool: which actions, or choices of the menu, can matter this month; at least one is True."""
        mask = self.batch.action_mask()
        return mask[0] if self.menu is None else self.menu.mask(mask)[0]

    def accounts(self) -> dict[str, float]:
        """Tonnes held and owed, and the capacity in place (t/month): the state the observation shows."""
        return {name: float(values[0]) for name, values in self.batch.accounts().items()}

    def flows(self) -> dict[str, float]:
        """Tonnes and money of the month just played; zero after a reset."""
        return {name: float(values[0]) for name, values in self.batch.flows().items()}

    def market(self) -> dict[str, float]:
        """Prices (money per t), volume limit (t) and month, as the observation shows them."""
        return {name: values[0].item() for name, values in self.batch.market().items()}

    def observe(self) -> Names[Reading]:
        """The present month's observation and action mask by name, with values in tonnes, money and months.

        They are those of the firm and the market that the episode has drawn. Where prices are not disclosed, what an
        offset credit and foreign units cost is told as a multiple of the true price, as it is observed.

        It prints as a table, ``env.unwrapped.observe()["gap"]`` finds a line, and nothing changes by looking.
        """
        form, month = ACTION_FORMS[self.menu is not None], int(self.batch.months[0])
        return readings(self.scenario, self.drawn(), self.batch.observe()[0], self.action_masks(), form, month)

    def law(self, path: str) -> float:
        """One number of the law that this episode plays: ``law("banking.2018.net_sales_multiple")``.

        Raises:
            KeyError: the path is not a number of the regime.
        """
        return float(self.batch.law(path)[0])

    def drawn(self) -> dict[str, float]:
        """What this episode drew of law, firm and market, by dotted path, such as ``firm.output``; empty if nothing."""
        return {path: float(values[0]) for path, values in self.batch.drawn().items()}

    def get_state(self) -> dict[str, Any]:
        """Everything the next steps depend on, as copies, except the random generator, which only fresh seeds need."""
        return {
            "batch": self.batch.get_state(), "episodes": self._episodes.get_state(),
            "limit": self._limit or 0, "months": self._months, "playing": self._playing,
            **states.marking(self._books),
        }  # fmt: skip

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a state that `get_state` returned for the same scenario, limit and kind of reward.

        Frames then show the episode from that month on.

        Raises:
            ValueError: a state of another environment, an incomplete one, or a number out of its range (`layout`);
                nothing has changed.
        """
        states.check_single(state, self.batch, self._episodes, self._books, self._limit)
        undivided(self._take_up, state)

    def _take_up(self, state: dict[str, Any]) -> None:
        self.batch.set_state(state["batch"])
        self._episodes.set_state(state["episodes"])
        states.take_up_marking(self._books, state)
        self._months, self._playing = state["months"], state["playing"]
        if self._renderer is not None:
            has_begun = self._playing or self._months > 0 or self.batch.ended > 0
            self._renderer.restart(self.batch, np.array([has_begun]))

    @property
    def max_episode_steps(self) -> int | None:
        """Months after which an episode is truncated; None: never."""
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
