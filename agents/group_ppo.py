"""PPO in whole episodes, whose firms are compared with others at the same prices.

Masked PPO (Huang and Ontañón, 2022) on the discrete ids, with what it takes to leave the places where PPO stays on
these environments:

- Rows play in groups that share their episode's draws, so the group's mean is the baseline for what prices brought.
- Some episodes are chosen so that their price in a random month is spread evenly over its range; only that month and
  those after it are learned from.
- Some firms are *inclined*: for a whole episode a constant is added to each logit, so that one sells, or waits, for
  months on end; what pays only if it is kept up is never found by choices that are independent.
- Some groups may not invest before a random month, so that late months see firms that have not.
- Advantages are bent, so that small differences count beside large ones; the bend straightens as training goes on.

Inclinations and late investment fade to nothing before training ends. The policy sees nothing but the observation and
is saved and used like any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from agents.episode_features import EpisodeFeatures, measured
from agents.group_advantages import compared, estimates, evened_out, monthly_mean
from agents.rare_prices import FIRST_SEED, RarePrices
from agents.sb3 import FirmVecEnv
from nea_env.core.layout import Action

_POOL_ROLLOUTS = 20  # for which a pool of rare prices is used
_HEAVIEST = 5.0  # of the weights by which months count alike, however many firms are learned from
_MASKED = -1e9
_KNOWN = {"gamma", "stats_window_size", "tensorboard_log", "policy_kwargs", "verbose", "seed", "device",
          "_init_setup_model"}  # fmt: skip


@dataclass(frozen=True)
class Exploration:
    """How far training episodes are pushed from the policy's own path.

    Args:
        inclined: share of firms whose logits are shifted for a whole episode.
        inclination: standard deviation of these shifts.
        late_investment: share of groups that may not invest before a random month.
        rare_prices: share of groups whose episodes are chosen by their price in a random month.
        until: share of the training after which shifts and late investment have faded to nothing.
        power: that advantages are bent with at first, 0 to 1; 1: not at all. Below 1 rare large gains are underrated.
        invest_bias: what logits of choices that invest start at, where others start at 0.
    """

    inclined: float = 0.5
    inclination: float = 3.0
    late_investment: float = 0.3
    rare_prices: float = 0.6
    until: float = 0.7
    power: float = 0.5
    invest_bias: float = -2.0

    def __post_init__(self) -> None:
        for name in ("inclined", "late_investment", "rare_prices", "until", "power"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"exploration.{name}: {getattr(self, name)}, allowed: a share from 0 to 1")
        if not self.inclination >= 0.0:
            raise ValueError(f"exploration.inclination: {self.inclination}, allowed: a number of at least 0")


class _Plan(NamedTuple):
    """What the n firms of a rollout play: seeds, first months that count or allow investment, shifts of logits."""

    seeds: NDArray[np.int64]  # (n,)
    learned_from: NDArray[np.int64]  # (n,)
    may_invest_from: NDArray[np.int64]  # (n,)
    shifts: torch.Tensor  # (n, K)

    @property
    def is_free(self) -> NDArray[np.bool_]:
        """(n,) of firms that play the policy as it is, at prices as they come."""
        return (self.learned_from + self.may_invest_from == 0) & ~self.shifts.any(1).numpy()


class _Rollout(NamedTuple):
    """Whole episodes: H months of n firms."""

    observations: torch.Tensor  # (H, n, O)
    masks: torch.Tensor  # (H, n, K)
    actions: torch.Tensor  # (H, n)
    log_probs: torch.Tensor  # (H, n)
    rewards: torch.Tensor  # (H, n)
    learned: torch.Tensor  # (H, n)
    shifts: torch.Tensor  # (n, K)


class GroupPPO(MaskablePPO):
    """Masked PPO that rolls out whole episodes in groups of firms at the same prices.

    It needs a `FirmVecEnv` of a discrete id, whose rows all play one scenario to its end. The entropy bonus falls to 0.

    Args:
        policy, env, learning_rate, batch_size, n_epochs, gae_lambda, clip_range, ent_coef, max_grad_norm: as in
            ``MaskablePPO``.
        group_size: firms that share an episode's draws; the number of environments must be a multiple of it.
        exploration: `Exploration`'s numbers by name; the others are as they are there.
        **kwargs: as in ``MaskablePPO``: ``gamma``, which must be the environment's ``discount``, ``policy_kwargs``,
            ``seed``, ``stats_window_size``, ``tensorboard_log``, ``verbose``; it trains on the CPU unless ``device``
            says otherwise.

    Raises:
        ValueError: another environment, rows that groups of this size do not divide, or a number out of its range.
    """

    def __init__(
        self,
        policy: Any,
        env: Any,
        learning_rate: Any = 4e-3,
        batch_size: int = 4096,
        n_epochs: int = 2,
        gae_lambda: float = 0.98,
        clip_range: Any = 0.2,
        ent_coef: float = 0.005,
        max_grad_norm: float = 1.0,
        group_size: int = 8,
        exploration: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if ignored := sorted(set(kwargs) - _KNOWN):
            raise ValueError(f"{ignored[0]}: GroupPPO has no such argument")
        if group_size < 1:
            raise ValueError(f"group_size: {group_size}, allowed: a whole number of at least 1")
        known = {field.name for field in fields(Exploration)}
        for name in exploration or {}:
            if name not in known:
                raise ValueError(f"exploration.{name}: no such number, allowed: {', '.join(sorted(known))}")
        self.group_size = group_size
        self.exploration = Exploration(**(exploration or {}))
        self._pool: RarePrices | None = None
        self._pool_seed = self._rollouts = 0
        super().__init__(
            policy, env, learning_rate, batch_size=batch_size, n_epochs=n_epochs, gae_lambda=gae_lambda,
            clip_range=clip_range, ent_coef=ent_coef, max_grad_norm=max_grad_norm, **{"device": "cpu", **kwargs},
        )  # fmt: skip

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_pool", "_rollout"]

    def _setup_model(self) -> None:
        if hasattr(self, "_invests"):  # a saved model
            super()._setup_model()
            return
        env = _checked(self.env, self.group_size)
        if abs(self.gamma - env.env.discount) > 1e-9:
            raise ValueError(f"gamma: {self.gamma}, allowed: the environment's discount, {env.env.discount}")
        self._rng = np.random.default_rng(self.seed)
        self.n_steps = int(env.env.batch.horizon.max())
        self._invests = [Action.INVEST in choice.needs for choice in env.env.menu.choices]  # type: ignore[union-attr]
        self.policy_kwargs = {
            **self.policy_kwargs,
            "features_extractor_class": EpisodeFeatures,
            "features_extractor_kwargs": measured(self._random_play(env), self.n_steps),
        }
        self._centre, self._spread = torch.zeros(self.n_steps, 1), torch.ones(self.n_steps, 1)  # of returns, by month
        super()._setup_model()
        last = self.policy.action_net
        assert isinstance(last, torch.nn.Linear)
        with torch.no_grad():
            last.bias.add_(self.exploration.invest_bias * torch.tensor(self._invests))

    def _random_play(self, env: FirmVecEnv) -> NDArray[np.float32]:
        """(H n, O) observations of an episode in every row, with choices at random."""
        seen = []
        observation = _begin(env, self._seeds(env.num_envs))
        for _ in range(self.n_steps):
            seen.append(observation)
            mask = env.action_masks()
            observation, *_ = env.step((self._rng.random(mask.shape) * mask).argmax(axis=1))
        return np.concatenate(seen)

    def _seeds(self, count: int) -> NDArray[np.int64]:
        return self._rng.integers(FIRST_SEED, 2**63 - 1, count)

    @property
    def _left(self) -> float:
        """Share of the training that is left."""
        return max(0.0, 1.0 - self.num_timesteps / self._total_timesteps)

    @property
    def _strength(self) -> float:
        """Of exploration: 1 at first, 0 from ``until`` on."""
        until = self.exploration.until
        return max(0.0, 1.0 - (1.0 - self._left) / until) if until else 0.0

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int,
        use_masking: bool = True,
    ) -> bool:  # fmt: skip
        """Play an episode in every row; see ``MaskablePPO``."""
        env = _checked(env, self.group_size)
        if int(env.env.batch.horizon[0]) != self.n_steps:
            raise ValueError(f"the model plays {self.n_steps} months, not {int(env.env.batch.horizon[0])}")
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        plan = self._plan(env)
        months: list[tuple[torch.Tensor, ...]] = []
        free, invests = plan.is_free, np.array(self._invests)
        observation = _begin(env, plan.seeds)
        for month in range(self.n_steps):
            mask = env.action_masks()
            mask[np.ix_(plan.may_invest_from > month, invests)] = False
            seen, allowed = torch.from_numpy(np.asarray(observation)), torch.from_numpy(mask)
            with torch.no_grad():
                chances = self._log_probs(seen, allowed, plan.shifts)
                action = torch.multinomial(chances.exp(), 1)
            observation, earned, dones, infos = env.step(action[:, 0].numpy())
            months.append((seen, allowed, action[:, 0], chances.gather(1, action)[:, 0], torch.from_numpy(earned)))
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            if dones.any():
                self._update_info_buffer([info for info, is_free in zip(infos, free, strict=True) if is_free])
        self._last_obs = observation
        learned = torch.from_numpy(np.arange(self.n_steps)[:, None] >= plan.learned_from)
        seen, masks, actions, log_probs, rewards = (torch.stack(one) for one in zip(*months, strict=True))
        self._rollout = _Rollout(seen, masks, actions, log_probs, rewards, learned, plan.shifts)
        self._rollouts += 1
        callback.on_rollout_end()
        return True

    def _plan(self, env: FirmVecEnv) -> _Plan:
        """Draw what the next rollout plays."""
        want, rng, groups = self.exploration, self._rng, env.num_envs // self.group_size
        strength = self._strength
        seeds, first = self._seeds(groups), np.zeros(groups, np.int64)
        rare = rng.random(groups) < want.rare_prices
        if self._rollouts % _POOL_ROLLOUTS == 0:
            self._pool, self._pool_seed = None, int(rng.integers(2**62))
        if rare.any() and self.n_steps > 1:
            if self._pool is None:
                self._pool = RarePrices(env.env.scenario, self._pool_seed)
            first[rare] = rng.integers(1, self.n_steps, int(rare.sum()))
            seeds[rare] = self._pool.draw(first[rare], rng)
        late = rng.integers(0, self.n_steps, groups) * (rng.random(groups) < want.late_investment * strength)
        late *= any(self._invests)
        inclined = rng.random((env.num_envs, 1)) < want.inclined
        shifts = rng.standard_normal((env.num_envs, len(self._invests))) * inclined * want.inclination * strength
        each = self.group_size
        return _Plan(
            seeds.repeat(each), first.repeat(each), late.repeat(each), torch.from_numpy(shifts.astype(np.float32))
        )

    def _log_probs(self, observations: torch.Tensor, masks: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
        """(n, K) of every joint action, with shifts (n, K) of the logits."""
        logits = self.policy.action_net(self.policy.mlp_extractor.forward_actor(self._features(observations)))
        return torch.log_softmax((logits + shifts).masked_fill(~masks, _MASKED), dim=-1)

    def _critic(self, observations: torch.Tensor) -> torch.Tensor:
        """(n,) values, in spreads of their month's returns from their mean."""
        return self.policy.value_net(self.policy.mlp_extractor.forward_critic(self._features(observations)))[:, 0]

    def _features(self, observations: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.policy.features_extractor(observations)
        return features

    def train(self) -> None:
        """Update the policy with the last rollout."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        rollout, left = self._rollout, self._left
        months, firms = rollout.rewards.shape
        with torch.no_grad():
            values = self._critic(rollout.observations.flatten(0, 1)).view(months, firms) * self._spread + self._centre
        advantages = estimates(rollout.rewards, values, self.gamma, self.gae_lambda)
        returns = advantages + values
        power = 1.0 - (1.0 - self.exploration.power) * left
        advantages = evened_out(compared(advantages, self.group_size), rollout.learned, power)
        self._rescale(returns, rollout.learned)
        targets = (returns - self._centre) / self._spread
        places = rollout.learned.flatten().nonzero()[:, 0]
        share = rollout.learned.to(returns.dtype).mean(1, keepdim=True)
        weights = share.mean() / share.clamp(min=share.mean() / _HEAVIEST)  # months count alike
        told: list[tuple[float, ...]] = []
        for _ in range(self.n_epochs):
            for batch in places[torch.randperm(len(places))].chunk(-(-len(places) // (self.batch_size or len(places)))):
                told.append(self._update(rollout, advantages, targets, weights, batch))
        self._n_updates += self.n_epochs
        self._tell(np.mean(told, axis=0), values[rollout.learned], returns[rollout.learned])

    def _rescale(self, returns: torch.Tensor, learned: torch.Tensor) -> None:
        """Follow the mean and spread of each month's returns."""
        mean = monthly_mean(returns, learned)
        spread = monthly_mean((returns - mean).square(), learned).sqrt() + 1e-3
        rate = learned.any(1, keepdim=True) * (0.1 if self._n_updates else 1.0)
        self._centre, self._spread = self._centre.lerp(mean, rate), self._spread.lerp(spread, rate)

    def _update(
        self, rollout: _Rollout, advantages: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor,
        batch: torch.Tensor,
    ) -> tuple[float, ...]:  # fmt: skip
        """One step on some places of the rollout; returns losses, share of clipped ratios and divergence."""
        firms = batch % rollout.rewards.shape[1]
        weight = weights[batch // rollout.rewards.shape[1], 0]
        seen, allowed = rollout.observations.flatten(0, 1)[batch], rollout.masks.flatten(0, 1)[batch]
        log_probs = self._log_probs(seen, allowed, rollout.shifts[firms])
        action, before = rollout.actions.flatten()[batch], rollout.log_probs.flatten()[batch]
        change = log_probs.gather(1, action[:, None])[:, 0] - before
        ratio, advantage = change.exp(), advantages.flatten()[batch]
        clip = self.clip_range(self._current_progress_remaining)  # type: ignore[operator]
        gain = (weight * torch.min(ratio * advantage, ratio.clamp(1.0 - clip, 1.0 + clip) * advantage)).mean()
        entropy = -(weight * (log_probs.exp() * log_probs.clamp(min=-20.0)).sum(1)).mean()
        error = (weight * (self._critic(seen) - targets.flatten()[batch]).square()).mean()
        loss = error - gain - self.ent_coef * self._left * entropy
        self.policy.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
        self.policy.optimizer.step()
        clipped, divergence = ((ratio - 1.0).abs() > clip).float().mean(), (ratio - 1.0 - change).mean()
        return tuple(one.item() for one in (loss, -gain, error, -entropy, clipped, divergence))

    def _tell(self, means: NDArray[np.float64], values: torch.Tensor, returns: torch.Tensor) -> None:
        """Log the means of what the updates returned, under the names that PPO uses."""
        names = ("loss", "policy_gradient_loss", "value_loss", "entropy_loss", "clip_fraction", "approx_kl")
        for name, mean in zip(names, means, strict=True):
            self.logger.record(f"train/{name}", float(mean))
        unexplained = float((returns - values).var() / returns.var().clamp(min=1e-12))
        self.logger.record("train/explained_variance", 1.0 - unexplained)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")


def _checked(env: VecEnv | None, group_size: int) -> FirmVecEnv:
    if not isinstance(env, FirmVecEnv) or env.env.menu is None:
        raise ValueError(f"GroupPPO needs agents.sb3.make_vec_env of a discrete id, not {env}")
    if env.num_envs % group_size:
        raise ValueError(f"num_envs: {env.num_envs}, allowed: a multiple of group_size, {group_size}")
    if len(env.env.scenarios) > 1 or env.env.max_episode_steps is not None:
        raise ValueError("GroupPPO needs whole episodes of one scenario: no list of scenarios, no max_episode_steps")
    return env


def _begin(env: FirmVecEnv, seeds: NDArray[np.int64]) -> Any:
    """Observations (n, O) of new episodes."""
    env.set_options([{"scenario_seed": int(seed)} for seed in seeds])
    return env.reset()
