"""``metrics.csv``: one row per log entry, cut back to its step by a resumed run, never half written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter

from agents.refusal import CheckpointError
from nea_env.atomic import write_text

STEP = "step"
"""The first column: training steps done when the row was written."""


def read(path: Path, steps: int | None = None) -> list[dict[str, str]]:
    """Rows as text by column.

    Args:
        path: the file.
        steps: leave out the rows after this many training steps.

    Raises:
        CheckpointError: it can't be read or is not such a table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
        if STEP not in (reader.fieldnames or ()):
            raise CheckpointError(f"{path}: is damaged, it has no column {STEP!r}")
        for line, row in enumerate(rows, 2):
            if None in row or None in row.values():
                raise CheckpointError(f"{path}: is damaged, row {line} does not have as many values as the heading")
        return [row for row in rows if steps is None or int(row[STEP]) <= steps]
    except CheckpointError:
        raise
    except (OSError, csv.Error, UnicodeDecodeError, ValueError) as error:
        raise CheckpointError(f"{path}: can't be read ({error})") from None


def digest(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Number of rows and a SHA-256 over them; empty values, which later columns leave in earlier rows, don't count."""
    text = json.dumps([{key: value for key, value in row.items() if value != ""} for row in rows], sort_keys=True)
    return {"rows": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def manifest(path: Path, settings: dict[str, Any], versions: dict[str, Any], steps: int) -> dict[str, Any]:
    """What a checkpoint after ``steps`` records about its run: ``settings``, ``versions``, and ``metrics``, digested.

    Raises:
        CheckpointError: the file of metrics is damaged.
    """
    rows = read(path, steps) if path.exists() else []
    return {"settings": settings, "versions": versions, "metrics": digest(rows)}


class MetricsFile(KVWriter):
    """Writes the rows; new columns may appear later.

    Args:
        path: the file. Rows it already has are kept up to ``steps``: later ones are learned again.
        steps: training steps done so far.

    Raises:
        CheckpointError: the file exists and is damaged.
    """

    def __init__(self, path: Path, steps: int = 0) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = list(read(path, steps)) if path.exists() else []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Add a row and rewrite the file."""
        self._rows.append({STEP: step, **{key: key_values[key] for key in sorted(key_values)}})
        columns = list(dict.fromkeys(key for row in self._rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())

    def close(self) -> None:
        """Nothing to close."""
