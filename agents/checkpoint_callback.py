"""The callback that saves a run: every so many steps, when it is asked to stop, and at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from agents import checkpoint
from agents.interruption import Interruption


class CheckpointCallback(BaseCallback):
    """Saves at the first rollout that starts after every ``every`` steps, at the very first, and after the last.

    Args:
        folder: where checkpoints live.
        every: steps between two checkpoints.
        about: what a checkpoint's manifest says about the run, computed when it is saved.
        restored: what training continues from.
        stop: where a signal came, the rollout that starts next is saved and not played.
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        about: Callable[[int], Mapping[str, Any]],
        restored: checkpoint.Restored | None = None,
        stop: Interruption | None = None,
    ) -> None:
        super().__init__()
        self.folder, self.every, self.about = folder, every, about
        self._restored, self._stop = restored, stop or Interruption()
        self._due = 0

    def _on_training_start(self) -> None:
        if self._restored is not None:
            self._restored.begin()
            self._due = self._after(self.model.num_timesteps)

    def _after(self, steps: int) -> int:
        return (steps // self.every + 1) * self.every

    def _on_rollout_start(self) -> None:
        if self._restored is not None:
            self._restored.enter_rollout()
            self._restored = None
        if self.model.num_timesteps >= self._due or self._stop.requested is not None:
            self._save()
            self._due = self._after(self.model.num_timesteps)
        self._stop.check()

    def _on_training_end(self) -> None:
        self._save(in_rollout=False)

    def _save(self, *, in_rollout: bool = True) -> None:
        about = self.about(self.model.num_timesteps)
        checkpoint.save(self.model, self.folder, about, in_rollout=in_rollout)

    def _on_step(self) -> bool:
        return True
