"""From an environment id to Stable-Baselines3: a complete ``VecEnv`` over the native batch.

Stable-Baselines3 does not accept Gymnasium vector environments. ``make_vec_env`` builds one and puts
``FirmVecEnv`` in front of it: no process, no Python loop over rows except where episodes end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from nea_env.core.layout import Action
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.policies.seeds import EVALUATION_SEEDS as EVALUATION_SEEDS
from nea_env.policies.seeds import training_seed as training_seed

_OWN_METHODS = ("reset", "step", "close")


class FirmVecEnv(VecEnv):
    """A ``nea_env`` vector environment as Stable-Baselines3 expects it.

    Rows that end are reset within the step. Their closing observation is in ``terminal_observation``; their
    return, length and discounted cost in % of exposure are in ``episode``, so no ``Monitor`` is needed. These are of
    the true reward, also where the environment's is marked to market.

    Args:
        env: a vector environment of this package with autoreset off.
        seed: row i of the first reset gets ``seed + i``; None: fresh entropy.
        spread: ``reset`` leaves the rows at months spread evenly over the episode, to its end or to the time limit,
            whichever comes first; they are played there just in time. All rows at the same month would show a learner
            one season and one price level at a time. The episodes cut into are left out of ``episode`` when they end.

    Raises:
        ValueError: ``env`` resets rows itself.
    """

    def __init__(self, env: FirmVectorEnv, seed: int | None = None, *, spread: bool = False) -> None:
        if env.metadata["autoreset_mode"] != AutoresetMode.DISABLED:
            raise ValueError(f"autoreset_mode is {env.metadata['autoreset_mode']}: the adapter needs DISABLED")
        self.env = env
        self.render_mode = env.render_mode  # the base class reads it through get_attr
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._returns = np.zeros(env.num_envs)
        self._lengths = np.zeros(env.num_envs, np.int64)
        self._costs = np.zeros(env.num_envs)  # discounted, % of exposure
        self._discount = env.discount
        self._cut = np.zeros(env.num_envs, bool)  # episodes not played from their start
        self._spread = spread
        self._actions: np.ndarray | None = None
        self._started = time.time()
        if seed is not None:
            self.seed(seed)

    def reset(self) -> VecEnvObs:
        """Start an episode in every row; uses up pending seeds and options."""
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        observation, _ = self.env.reset(seed=seeds, options=self._pending_options())
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0.0
        self._costs[:] = 0.0
        self._lengths[:] = 0
        self._cut[:] = False
        if self._spread:
            observation = self._play_in(observation)
        self.reset_infos = [{"action_mask": mask} for mask in self.action_masks()]
        return observation

    def _play_in(self, observation: VecEnvObs) -> VecEnvObs:
        """Play all but the last month of an episode just in time; row i starts a new one after its share of it."""
        env = self.env
        months = min(int(env.batch.horizon.min()), env.max_episode_steps or sys.maxsize)
        starts = np.arange(1, self.num_envs + 1) * months // self.num_envs - 1  # the last row's is the last month
        starts = np.maximum(starts, 0)
        for month in range(1, months):
            observation, *_ = env.step(self._just_in_time())
            if (starts == month).any():
                observation, _ = env.reset(options={"reset_mask": starts == month})
        self._lengths[:] = months - 1 - starts
        self._cut = self._lengths > 0
        return observation

    def _just_in_time(self) -> np.ndarray:
        """What closes the gap evenly and abates up to the price due, as actions of the environment's own form."""
        if self.env.menu is not None:
            return np.full(self.num_envs, self.env.menu.just_in_time)
        actions = np.zeros((self.num_envs, Action.size), np.float32)
        actions[:, [Action.TRADE, Action.ABATE]] = self.env.batch.suggestions()
        return actions

    def _pending_options(self) -> dict[str, Any] | None:
        if not any(self._options):
            return None
        if any(set(options) != {"scenario_seed"} for options in self._options):
            raise ValueError("set_options takes {'scenario_seed': s} for every row, or nothing")
        return {"scenario_seed": np.array([options["scenario_seed"] for options in self._options])}

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for ``step_wait``."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Play a month. Returns new arrays: observations, rewards (float32), dones; and a fresh dict per row."""
        if self._actions is None:
            raise RuntimeError("step_wait without step_async")
        actions, self._actions = self._actions, None
        observation, reward, terminated, truncated, info = self.env.step(actions)
        own = info.get("cost_reward", reward)  # training rewards may be marked to market
        self._returns += own
        per_cent = 100.0 * self.env.batch.reward_scale / self.env.batch.exposure  # of the firms that rows have drawn
        self._costs -= per_cent * self._discount**self._lengths * own
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        done = terminated | truncated
        if done.any():
            closing = observation
            observation, start = self.env.reset(options={"reset_mask": done})
            elapsed = round(time.time() - self._started, 6)
            for row in np.flatnonzero(done).tolist():
                infos[row] = {
                    "terminal_observation": _row(closing, row),
                    "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                }
                if not self._cut[row]:
                    infos[row]["episode"] = {
                        "r": float(self._returns[row]),
                        "l": int(self._lengths[row]),
                        "t": elapsed,
                        "cost_pct": float(self._costs[row]),
                    }
                self.reset_infos[row] = {"action_mask": start["action_mask"][row]}
            self._returns[done] = 0.0
            self._costs[done] = 0.0
            self._lengths[done] = 0
            self._cut[done] = False
        return observation, reward.astype(np.float32), done, infos

    def action_masks(self) -> np.ndarray:
        """Which actions or menu items can matter now, (n, K) bool."""
        return self.env.action_masks()

    def close(self) -> None:
        """Release the environment."""
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """One picture per row."""
        frames = self.env.render()
        return [None] * self.num_envs if frames is None else list(frames)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of the environment for each row asked for; arrays over the rows are split.

        Raises:
            AttributeError: the environment has no such attribute.
        """
        if attr_name == "render_mode":
            value: Any = self.render_mode
        else:
            value = getattr(self.env, attr_name)
        return self._split(value, indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the environment; rows share it, so it is set for all at once.

        Raises:
            AttributeError: the environment has no such attribute.
            ValueError: only some rows are named.
        """
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"{attr_name} is shared by all rows: set it without indices")
        getattr(self.env, attr_name)
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call a method of the environment once and give each row its part of the result.

        Raises:
            AttributeError: the environment has no such method.
            ValueError: the call would step or reset rows behind the adapter's back.
        """
        if method_name in _OWN_METHODS:
            raise ValueError(f"call {method_name}() on the VecEnv itself")
        return self._split(getattr(self.env, method_name)(*args, **kwargs), indices)

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """True for ``Monitor``, whose ``episode`` entry the adapter writes itself."""
        return [issubclass(wrapper_class, Monitor) for _ in self._get_indices(indices)]

    def _split(self, value: Any, indices: VecEnvIndices) -> list[Any]:
        return [_part(value, row, self.num_envs) for row in self._get_indices(indices)]

    def get_state(self) -> dict[str, Any]:
        """Everything the next steps depend on, as new arrays: for an exact resume."""
        counts = {"returns": self._returns, "costs": self._costs, "lengths": self._lengths, "cut": self._cut}
        return {"env": self.env.get_state(), **{name: values.copy() for name, values in counts.items()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state that ``get_state`` returned; pending seeds are dropped."""
        self.env.set_state(state["env"])
        self._returns[:] = state["returns"]
        self._costs[:] = state["costs"]
        self._lengths[:] = state["lengths"]
        self._cut[:] = state["cut"]
        self._reset_seeds()


def _row(value: Any, row: int) -> Any:
    if isinstance(value, dict):
        return {key: part[row].copy() for key, part in value.items()}
    return value[row].copy()


def _part(value: Any, row: int, rows: int) -> Any:
    if isinstance(value, dict):
        return {key: _part(part, row, rows) for key, part in value.items()}
    if isinstance(value, np.ndarray) and value.ndim and len(value) == rows:
        return value[row]
    return value


def make_vec_env(id: str, num_envs: int, seed: int | None = 0, *, spread: bool = False, **kwargs: Any) -> FirmVecEnv:
    """A Stable-Baselines3 ``VecEnv`` of ``num_envs`` firms.

    Args:
        id: an environment id, for instance ``nea/KETS-v0``.
        num_envs: rows of the batch.
        seed: row i gets ``seed + i``; None: fresh entropy.
        spread: start rows at different months, see ``FirmVecEnv``.
        **kwargs: for the vector environment: ``scenario``, ``reward="marked"`` to train on rewards marked to market,
            ``max_episode_steps``, ``render_mode``, ``observe_mask``.

    Raises:
        ValueError: the rows' seeds lie on both sides of 1,000,000, where training ends and evaluation begins.
    """
    if seed is not None and seed < EVALUATION_SEEDS < seed + num_envs:
        last = seed + num_envs - 1
        raise ValueError(f"seeds {seed} to {last} mix training (below {EVALUATION_SEEDS:,}) and evaluation")
    env = gym.make_vec(id, num_envs=num_envs, autoreset_mode=AutoresetMode.DISABLED, **kwargs)
    assert isinstance(env, FirmVectorEnv)
    return FirmVecEnv(env, seed, spread=spread)
