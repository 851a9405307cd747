"""Observations as a network reads them best: on one scale, and with the month as a choice of one among all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from nea_env.core.layout import Observation

_WIDE = 6.0  # standard deviations beyond which a number counts by its logarithm


class EpisodeFeatures(BaseFeaturesExtractor):
    """Numbers that vary, standardised, beside the month of the episode as one among all months.

    Args:
        observation_space: the plain observation.
        months: H, of an episode.
        columns: numbers of the observation that are read.
        mean, spread: of each column.
    """

    def __init__(
        self, observation_space: spaces.Box, months: int, columns: Sequence[int], mean: Sequence[float],
        spread: Sequence[float],
    ) -> None:  # fmt: skip
        super().__init__(observation_space, len(columns) + months)
        self.months = months
        self.columns: torch.Tensor
        self.mean: torch.Tensor
        self.spread: torch.Tensor
        self.register_buffer("columns", torch.tensor(columns, dtype=torch.long))
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def month_of(self, observations: torch.Tensor) -> torch.Tensor:
        """(n,) int64 months that observations (n, O) are of."""
        month = (observations[:, Observation.PROGRESS] * self.months).round().long()
        return month.clamp(0, self.months - 1)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(n, columns + H) of observations (n, O)."""
        scaled = (observations[:, self.columns] - self.mean) / self.spread
        size = scaled.abs().clamp(min=_WIDE)
        scaled = scaled.clamp(-_WIDE, _WIDE) + scaled.sign() * (size / _WIDE).log()
        month = torch.nn.functional.one_hot(self.month_of(observations), self.months)
        return torch.cat((scaled, month.to(scaled.dtype)), dim=1)


def measured(observations: NDArray[np.float32], months: int) -> dict[str, Any]:
    """Keyword arguments of `EpisodeFeatures` for observations (n, O) of all months of some play."""
    spread = observations.std(axis=0, dtype=np.float64)
    columns = np.flatnonzero(spread > 1e-5)
    mean = observations.mean(axis=0, dtype=np.float64)
    return {
        "months": months,
        "columns": columns.tolist(),
        "mean": mean[columns].tolist(),
        "spread": spread[columns].tolist(),
    }
