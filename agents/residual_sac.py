"""A policy for SAC that corrects the just-in-time rule: as ``agents.residual``, for a learner with a replay buffer.

What the actor plays is the rule plus ``scale`` times its squashed output, cut to [-1, 1], as
``nea_env.wrappers.ResidualAction`` does; in the month of a deadline the correction of ``trade`` is left out. The
correction does not start at zero, as SAC's networks do not, but near it. The density is that of the output, which
the rule only moves. The critics see the actions that are played, so a saved model plays true actions.
"""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.sac.policies import Actor, SACPolicy

from nea_env.core.layout import OBS_INDEX, Action
from nea_env.envs.suggested import SUGGESTED, freedom


class _CorrectingActor(Actor):
    """An actor whose action (8,) is the rule's plus ``scale`` times what it would have played itself."""

    scale = 1.0

    def forward(self, obs: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        return self._corrected(obs, super().forward(obs, deterministic))

    def action_log_prob(self, obs: PyTorchObs) -> tuple[torch.Tensor, torch.Tensor]:
        correction, log_prob = super().action_log_prob(obs)
        return self._corrected(obs, correction), log_prob

    def _corrected(self, obs: PyTorchObs, correction: torch.Tensor) -> torch.Tensor:
        assert isinstance(obs, torch.Tensor)
        scale = correction.new_full((len(correction), Action.size), self.scale)
        scale[:, Action.TRADE] *= freedom(obs)
        rule = torch.zeros_like(correction)
        for action, column in SUGGESTED.items():
            rule[:, action] = obs[:, column]
        return (rule + scale * correction).clamp(-1.0, 1.0)


class ResidualSACPolicy(SACPolicy):
    """SAC's policy with corrections of the just-in-time rule as its actions.

    Only for the Box ids with a plain observation. Saves and loads like any policy.

    Args:
        scale: how far from the rule an output of 1 leads.
        *args, **kwargs: as ``SACPolicy``.

    Raises:
        ValueError: another observation or action space, or a scale that is not above 0.
    """

    def __init__(self, *args: Any, scale: float = 0.3, **kwargs: Any) -> None:
        if not scale > 0.0:
            raise ValueError(f"scale is {scale}: expected a number above 0")
        self.scale = float(scale)
        super().__init__(*args, **kwargs)

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> Actor:
        """The actor that corrects the rule."""
        if self.action_space.shape != (Action.size,) or self.observation_space.shape != (len(OBS_INDEX),):
            raise ValueError(
                f"the residual policy needs the plain observation and a Box of {Action.size} actions, not"
                f" {self.observation_space} and {self.action_space}"
            )
        settings = self._update_features_extractor(self.actor_kwargs, features_extractor)
        actor = _CorrectingActor(**settings).to(self.device)
        actor.scale = self.scale
        return actor

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return {**super()._get_constructor_parameters(), "scale": self.scale}
