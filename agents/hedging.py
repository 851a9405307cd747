"""PPO's advantages without the noise of the price: a martingale control variate.

The discounted long price is a martingale, so ``shock = discount x P'/P - 1`` has mean zero whatever the
agent does. What a month's reward and the next value owe to it is, to first order, the value network's own
slope in the log price times the shock. Subtracting slope x shock from the reward leaves the expectation of
every advantage and return as it was and takes out most of their variance: the firm's costs follow the
price far more than any single action. As for a trader, the slope is the position and this is its hedge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.policies import ActorCriticPolicy

from nea_env.core.layout import OBS_INDEX

_LOG_PRICE = OBS_INDEX["log_price"]


class HedgedRolloutBuffer(RolloutBuffer):
    """A rollout buffer whose rewards are hedged before advantages are computed.

    ``attach`` must have given it the policy; gamma is the environment's discount factor.
    """

    policy: ActorCriticPolicy

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: np.ndarray) -> None:
        """Hedge the rewards, then as the parent does."""
        self.rewards -= self.gamma * self.slopes() * self.shocks()
        super().compute_returns_and_advantage(last_values, dones)

    def shocks(self) -> np.ndarray:
        """News about the price in the month after each action, (steps, rows); 0 after an episode's end.

        The news after the last step is not in the buffer and stays in.
        """
        log_price = self.observations[:, :, _LOG_PRICE]
        shock = np.zeros_like(self.rewards)
        shock[:-1] = (self.gamma * np.exp(np.diff(log_price, axis=0)) - 1.0) * (1.0 - self.episode_starts[1:])
        return shock

    def slopes(self) -> np.ndarray:
        """Derivative of the value in the log price before each action, (steps, rows)."""
        observation = torch.as_tensor(self.observations, device=self.device).flatten(0, 1).requires_grad_()
        with torch.enable_grad():
            value = self.policy.predict_values(observation).sum()
            (slope,) = torch.autograd.grad(value, observation)
        return slope[:, _LOG_PRICE].reshape(self.rewards.shape).cpu().numpy()


def attach(model: BaseAlgorithm) -> Any:
    """Give a model's hedged buffer its policy; other models are returned as they are."""
    buffer = getattr(model, "rollout_buffer", None)
    if isinstance(buffer, HedgedRolloutBuffer):
        buffer.policy = model.policy  # type: ignore[assignment]
    return model
