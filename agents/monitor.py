"""What a run shows while it learns: a progress bar, ``metrics.csv``, TensorBoard."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat
from tqdm import tqdm

from agents.run_folder import write_text


class MetricsFile(KVWriter):
    """Rows of ``metrics.csv``, one a log; new columns may appear later.

    Args:
        path: the file. Rows it already has are kept up to ``steps``: later ones are learned again.
        steps: training steps done so far.
    """

    def __init__(self, path: Path, steps: int = 0) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = []
        if path.is_file():
            with path.open(newline="") as file:
                self._rows = [row for row in csv.DictReader(file) if int(row["step"]) <= steps]

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Add a row and rewrite the file."""
        self._rows.append({"step": step, **{key: key_values[key] for key in sorted(key_values)}})
        columns = list(dict.fromkeys(key for row in self._rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())

    def close(self) -> None:
        """Nothing to close."""


def make_logger(metrics: Path, tensorboard: Path, steps: int) -> Logger:
    """Logger of a run that has done ``steps`` training steps."""
    tensorboard.mkdir(parents=True, exist_ok=True)
    return Logger(str(metrics.parent), [MetricsFile(metrics, steps), TensorBoardOutputFormat(str(tensorboard))])


def bar(total: int, title: str, unit: str, *, initial: int = 0, mode: str = "auto") -> tqdm:
    """A progress bar on stderr with rate and time left.

    Args:
        total: units in all.
        title: what goes on.
        unit: what is counted.
        initial: units done before.
        mode: ``auto`` (rarely refreshed where stderr is no terminal), ``on`` or ``off``.
    """
    quiet = mode == "auto" and not sys.stderr.isatty()
    return tqdm(
        total=total, desc=title, unit=f" {unit}", initial=initial, unit_scale=True, disable=mode == "off",
        mininterval=10.0 if quiet else 0.2, dynamic_ncols=not quiet, ncols=110 if quiet else None, smoothing=0.1,
    )  # fmt: skip


class Progress(BaseCallback):
    """Moves a bar by the steps played; logs and shows the mean cost of the last episodes, % of exposure."""

    def __init__(self, progress: tqdm) -> None:
        super().__init__()
        self._bar = progress

    def _on_step(self) -> bool:
        self._bar.update(min(self.training_env.num_envs, self._bar.total - self._bar.n))
        return True

    def _on_rollout_end(self) -> None:
        finished = self.model.ep_info_buffer
        if finished:
            cost = sum(one["cost_pct"] for one in finished) / len(finished)
            self.logger.record("rollout/cost_pct", cost)
            self._bar.set_postfix({"cost": f"{cost:.2f} %"}, refresh=False)
