"""Which seeds are for training and which for evaluation."""

from __future__ import annotations

EVALUATION_SEEDS = 1_000_000
"""Seeds below it are for training and tuning; the others are for evaluation."""


def training_seed(seed: int, num_envs: int) -> int:
    """First seed of a training run's rows: run ``seed`` uses the ``num_envs`` seeds from there on.

    Raises:
        ValueError: they would reach the evaluation seeds.
    """
    if not 0 <= seed or (seed + 1) * num_envs > EVALUATION_SEEDS:
        most = EVALUATION_SEEDS // num_envs - 1
        raise ValueError(f"seed: {seed}, allowed: 0 to {most} with {num_envs} environments")
    return seed * num_envs
