"""What a batch shows and keeps, by name: the only lines of this tool that know how a batch stores it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core import layout
from nea_env.core.batch import Batch

Columns = dict[str, NDArray[Any]]
"""(n,) each, by name."""

ACTIONS = tuple(field.name for field in layout.ACTIONS)


def columns(
    batch: Batch,
    observation: NDArray[np.float32],
    reward: NDArray[np.float64] | None = None,
    terminated: NDArray[np.bool_] | None = None,
) -> Columns:
    """Everything about a month, by name: what ``reset`` or ``step`` returned and what the batch then tells."""
    found: Columns = {"horizon": batch.horizon, "exposure": batch.exposure, "reward_scale": batch.reward_scale}
    if reward is not None and terminated is not None:
        found |= {"reward": reward, "terminated": terminated}
    groups = {
        "observation": _observed(observation), "memory": _remembered(batch), "mask": _masks(batch),
        "flow": batch.flows(), "market": batch.market(),
        "position": dict(zip(("tonnes", "money"), batch.position(), strict=True)),
    }  # fmt: skip
    return found | {f"{group}.{name}": values for group, inner in groups.items() for name, values in inner.items()}


def _observed(observation: NDArray[np.float32]) -> Columns:
    return {field.name: observation[:, index] for index, field in enumerate(layout.OBSERVATION)}


def _masks(batch: Batch) -> Columns:
    return dict(zip(ACTIONS, batch.action_mask().T, strict=True))


def _remembered(batch: Batch) -> Columns:
    """State and world in one: a column may move from one to the other."""
    return {field.name: batch.memory(field.name) for field in layout.STATE} | _world(batch)


def _world(batch: Batch) -> Columns:
    """The world's columns; those that this batch has no need of, and does not keep, count as zeros."""
    kept, nothing = batch._world, np.zeros(batch.n)
    return {
        field.name: kept[:, index] if index < kept.shape[1] else nothing for index, field in enumerate(layout.WORLD)
    }
