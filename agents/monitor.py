"""What a run shows while it learns: a progress bar, TensorBoard, ``metrics.csv``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.type_aliases import TrainFreq, TrainFrequencyUnit
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from agents.metrics import MetricsFile


class TensorBoard(TensorBoardOutputFormat):
    """Event files for TensorBoard.

    Args:
        folder: where they go.
        steps: training steps done so far: what earlier files in the folder hold beyond them will be learned again,
            and is declared void.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        resumed = folder.is_dir() and any(folder.iterdir())
        self.writer = SummaryWriter(str(folder), purge_step=steps + 1 if resumed else None)
        self._is_closed = False


def make_logger(metrics: Path, tensorboard: Path, steps: int) -> Logger:
    """Logger of a run that has done ``steps`` training steps.

    Raises:
        CheckpointError: an existing ``metrics.csv`` is damaged.
    """
    return Logger(str(metrics.parent), [MetricsFile(metrics, steps), TensorBoard(tensorboard, steps)])


@contextmanager
def closed(logger: Logger) -> Iterator[None]:
    """Close a logger at the end. TensorBoard's writing thread does not report a full disk: its next caller does."""
    before = threading.excepthook
    threading.excepthook = lambda thread: None if issubclass(thread.exc_type, OSError) else before(thread)
    try:
        yield
        logger.close()
    except BaseException:
        with suppress(OSError):
            logger.close()
        raise
    finally:
        threading.excepthook = before


def bar(total: int, title: str, unit: str, *, initial: int = 0, mode: str = "auto") -> tqdm:
    """A progress bar on stderr with rate and time left.

    Args:
        total: number of units.
        title: what is being done.
        unit: what is counted.
        initial: units done before.
        mode: ``auto`` (rarely refreshed if stderr is not a terminal), ``on`` or ``off``.
    """
    quiet = mode == "auto" and not sys.stderr.isatty()
    return tqdm(
        total=total, desc=title, unit=f" {unit}", initial=initial, unit_scale=True, disable=mode == "off",
        mininterval=10.0 if quiet else 0.2, dynamic_ncols=not quiet, ncols=110 if quiet else None, smoothing=0.1,
    )  # fmt: skip


def _rollout_steps(model: BaseAlgorithm) -> int:
    """Training steps of all rows together in one rollout: a training ends with a whole one."""
    if hasattr(model, "n_steps"):
        return int(model.n_steps) * model.n_envs
    every = getattr(model, "train_freq", None)  # in steps of a row, or in episodes, whose length nobody knows before
    if isinstance(every, TrainFreq) and every.unit == TrainFrequencyUnit.STEP:
        return every.frequency * model.n_envs
    return model.n_envs


class Progress(BaseCallback):
    """Advances a bar by the steps played; logs and shows the mean cost of the last episodes, in % of exposure."""

    def __init__(self, progress: tqdm) -> None:
        super().__init__()
        self._bar = progress

    def _on_training_start(self) -> None:
        left = self._bar.total - self.model.num_timesteps
        rollout = _rollout_steps(self.model)
        self._bar.total = self.model.num_timesteps + max(0, -(-left // rollout)) * rollout  # what will be played
        self._bar.refresh()

    def _on_step(self) -> bool:
        self._bar.update(min(self.training_env.num_envs, self._bar.total - self._bar.n))
        return True

    def _on_rollout_end(self) -> None:
        finished = self.model.ep_info_buffer
        if finished:
            cost = sum(one["cost_pct"] for one in finished) / len(finished)
            self.logger.record("rollout/cost_pct", cost)
            self._bar.set_postfix({"cost": f"{cost:.2f} %"}, refresh=False)
