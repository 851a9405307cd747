from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("wandb", reason="W&B is not installed: make clients ARGS=wandb")


def test_logs_an_episode_offline(example):
    found = example("Weights & Biases")
    (written,) = Path("wandb").glob("offline-run-*/*.wandb")
    assert written.read_bytes().count(b"front_price") >= 138  # of 140 months: a word may lie across two of its blocks
    assert found["run"].summary["return"] == pytest.approx(found["info"]["episode"]["r"])
    assert np.isfinite(found["run"].summary["return"])
