"""A policy that starts at the just-in-time rule and learns corrections to it.

This is prior knowledge, not learning: the mean action is the rule's own trade and abatement, which the
observation holds as ``even_trade`` and ``abate_at_price``, plus the output of a network whose last layer
starts at zero. Before the first update the deterministic policy *is* the just-in-time rule (with ``start``
at zero); any improvement after that has been learned. The value network has no such help.

In the last month before a deadline the correction of ``trade`` and its noise fade out, so that the rule
meets the duty to the tonne: a network would miss it by a little on most paths, and noise there would
teach the agent to hold a buffer against itself. In all other months the agent trades freely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn
from torch.distributions import Normal

from nea_env.core.layout import ACTIONS, OBS_INDEX, Action
from nea_env.envs.suggested import SUGGESTED, freedom

_ACTION_NAMES = tuple(action.name for action in ACTIONS)
_FAINT = 0.01  # share of the noise left at the deadline: a density needs some


def _on_trade(values: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """``values`` (n, 8) with those of ``trade`` multiplied by ``factor`` (n, 1)."""
    before, trade, after = values.split((Action.TRADE, 1, Action.size - Action.TRADE - 1), dim=1)
    return torch.cat((before, factor * trade, after), dim=1)


class _RuleBesideLatent(MlpExtractor):
    """The actor's latent vector with the freedom left to ``trade`` (1,) and the rule's action (8,) appended."""

    def __init__(self, feature_dim: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(feature_dim, *args, **kwargs)
        self.latent_dim_pi += 1 + Action.size

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        rule = features.new_zeros((len(features), Action.size))
        for action, column in SUGGESTED.items():
            rule[:, action] = features[:, column]
        return torch.cat((self.policy_net(features), freedom(features)[:, None], rule), dim=1)


class _Correction(nn.Module):
    """Mean action (8,) = rule + correction, a linear layer that starts at a constant."""

    def __init__(self, latent_dim: int, start: torch.Tensor) -> None:
        super().__init__()
        self.linear = nn.Linear(latent_dim - Action.size - 1, Action.size)
        nn.init.zeros_(self.linear.weight)
        with torch.no_grad():
            self.linear.bias.copy_(start)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        latent, free, rule = latent.split((self.linear.in_features, 1, Action.size), dim=1)
        correction = self.linear(latent)
        return rule + _on_trade(correction, free)


class ResidualPolicy(ActorCriticPolicy):
    """Actor-critic whose mean action is the just-in-time rule plus a learned correction.

    Only for the Box ids with a plain observation. Works with PPO and A2C, saves and loads like any policy.

    Args:
        start: initial value of the correction by action name, for instance ``{"invest": -0.2}``: since an
            investment <= 0 is none, it halves what exploration builds before anything is learned.
        log_std: initial log standard deviation by action name, if it differs from ``log_std_init``.
        *args, **kwargs: as ``ActorCriticPolicy``.

    Raises:
        ValueError: an action name that does not exist, or another observation or action space.
    """

    def __init__(
        self,
        *args: Any,
        start: Mapping[str, float] | None = None,
        log_std: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        self.start, self.log_std_by_name = dict(start or {}), dict(log_std or {})
        for name in (*self.start, *self.log_std_by_name):
            if name not in _ACTION_NAMES:
                raise ValueError(f"no action is called {name!r}: {', '.join(_ACTION_NAMES)}")
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _RuleBesideLatent(
            self.features_dim, net_arch=self.net_arch, activation_fn=self.activation_fn, device=self.device
        )

    def _build(self, lr_schedule: Schedule) -> None:
        if not isinstance(self.action_dist, DiagGaussianDistribution) or self.action_space.shape != (Action.size,):
            raise ValueError(f"the residual policy needs a Box of {Action.size} actions, not {self.action_space}")
        if self.observation_space.shape is None or self.features_dim != len(OBS_INDEX):
            raise ValueError(f"the residual policy needs the plain observation, not {self.observation_space}")
        super()._build(lr_schedule)
        start = torch.tensor([float(self.start.get(name, 0.0)) for name in _ACTION_NAMES])
        self.action_net = _Correction(self.mlp_extractor.latent_dim_pi, start)
        with torch.no_grad():
            for index, name in enumerate(_ACTION_NAMES):
                self.log_std[index] = float(self.log_std_by_name.get(name, self.log_std_init))
        settings: dict[str, Any] = {"lr": lr_schedule(1), **self.optimizer_kwargs}
        self.optimizer = self.optimizer_class(self.parameters(), **settings)

    def _get_action_dist_from_latent(self, latent_pi: torch.Tensor) -> Distribution:
        free = latent_pi[:, -Action.size - 1 :][:, :1]
        std = self.log_std.exp().expand(len(latent_pi), -1)
        std = _on_trade(std, (free + _FAINT).clamp(max=1.0))
        # Torch's checks of every number cost a tenth of the training; the environment refuses what is not finite
        self.action_dist.distribution = Normal(self.action_net(latent_pi), std, validate_args=False)
        return self.action_dist

    def _get_constructor_parameters(self) -> dict[str, Any]:
        own = {"start": self.start, "log_std": self.log_std_by_name}
        return {**super()._get_constructor_parameters(), **own}
