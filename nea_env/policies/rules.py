"""Policies that follow a fixed rule on the observation of the Box ids.

A rule answers ``predict(observation, state, episode_start, deterministic)`` as a Stable-Baselines3 model
does. An observation of shape (OBS,) gives an action of shape (8,), one of shape (n, OBS) gives (n, 8).
A zero action carries over and borrows all that is permitted and does nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nea_env.core.layout import OBS_INDEX, TECHS, Action, Observation
from nea_env.envs.suggested import just_in_time

_PARTNERS = sum(name.startswith("foreign_premium_") for name in OBS_INDEX)
FULL = 0.99
"""Share of a technology's potential from which on the core turns to the next one."""


class Rule:
    """A fixed mapping from observations to actions."""

    name: str

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32 for observations (n, OBS)."""
        raise NotImplementedError

    def predict(
        self,
        observation: np.ndarray,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Actions for one observation or a batch, and the state unchanged.

        Raises:
            ValueError: the last axis does not hold the observation table of the Box ids.
        """
        observation = np.asarray(observation)
        if observation.ndim not in (1, 2) or observation.shape[-1] != Observation.size:
            size = Observation.size
            raise ValueError(f"observation has shape {observation.shape}: expected ({size},) or (n, {size})")
        if observation.ndim == 1:
            return self.act(observation[None])[0], state
        return self.act(observation), state


def column(observation: np.ndarray, name: str) -> np.ndarray:
    """What the observations (n, OBS) show under a name, (n,) float32."""
    return observation[:, OBS_INDEX[name]]


class DoNothing(Rule):
    """No trade, no abatement; only what the law grants by default (full banking and borrowing)."""

    name = "do_nothing"

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Zeros, (n, 8)."""
        return np.zeros((len(observation), Action.size), np.float32)


class Random(Rule):
    """Uniform actions from its own generator."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Uniform in [-1, 1], (n, 8)."""
        return self._random.uniform(-1, 1, (len(observation), Action.size)).astype(np.float32)


class JustInTime(Rule):
    """Abates at the price due, closes its gap evenly by the deadline (sells a surplus), never invests."""

    name = "just_in_time"

    def act(self, observation: np.ndarray) -> np.ndarray:
        """The two suggestions of the observation, (n, 8)."""
        return just_in_time(observation)


def imports(observation: np.ndarray, below: Any) -> np.ndarray:
    """Foreign units bought, share of the volume limit, (n,): what the gap still lacks, while they cost little enough.

    Args:
        observation: (n, OBS).
        below: log of their price over the long price, of the cheapest open partner; scalar or (n,).
    """
    short, limit = (unsquashed(column(observation, name)) for name in ("gap", "volume_limit"))
    cheapest = np.full(len(observation), np.inf)
    for k in range(_PARTNERS):
        price = column(observation, f"foreign_premium_{k}")
        cheapest = np.minimum(cheapest, np.where(column(observation, f"link_{k}") > 0.0, price, np.inf))
    wanted = np.clip(short / 10.0 / np.maximum(limit, 1e-9), 0.0, 1.0)
    return np.where(cheapest < below, wanted, 0.0)


def unsquashed(value: np.ndarray) -> np.ndarray:
    """The number y of which the observation shows y / (1 + |y|)."""
    value = value.astype(float)
    return value / np.maximum(1.0 - np.abs(value), 1e-6)


def investment_value(observation: np.ndarray) -> np.ndarray:
    """Saving to the end plus residual over capex, less one, of the technology that investment goes to next, (n,).

    That is the first one that has potential left; -inf where none has.
    """
    value = np.full(len(observation), -np.inf)
    for k in reversed(range(TECHS)):
        left = column(observation, f"capacity_{k}") + column(observation, f"building_{k}") < FULL
        value = np.where(left, column(observation, f"invest_value_{k}"), value)
    return value


class TunedRule(JustInTime):
    """Just in time, invests at the rate ``a + b (P / P0 - 1)`` until a stop date, and imports where that is cheap.

    Args:
        a: investment at the reference price, share of the monthly limit; scalar or (n,).
        b: what a price twice the reference adds; scalar or (n,).
        stop: share of the episode after which nothing is started; scalar or (n,).
        abroad: foreign units are bought while the log of their price over the home price is less; scalar or (n,).
    """

    name = "tuned_rule"

    def __init__(self, a: Any = 0.0, b: Any = 0.0, stop: Any = 0.0, abroad: Any = -0.1) -> None:
        self.a, self.b, self.stop, self.abroad = a, b, stop, abroad

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Just in time with investment and imports, (n, 8)."""
        actions = super().act(observation)
        actions[:, Action.FOREIGN] = imports(observation, self.abroad)
        rate = np.clip(self.a + self.b * np.expm1(column(observation, "log_price")), 0.0, 1.0)
        actions[:, Action.INVEST] = np.where(column(observation, "progress") < self.stop, rate, 0.0)
        return actions


class InvestAtTrigger(JustInTime):
    """Just in time, and invests all it can while saving to the end plus residual is ``kappa`` times capex.

    The trigger of the first technology that has potential left decides, since investment goes there.
    """

    name = "invest_at_trigger"

    def __init__(self, kappa: Any = 1.5) -> None:
        self.kappa = kappa

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Just in time with investment, (n, 8)."""
        actions = super().act(observation)
        actions[:, Action.INVEST] = investment_value(observation) >= self.kappa - 1.0
        return actions
