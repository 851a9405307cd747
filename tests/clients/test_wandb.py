from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="W&B is not installed: make clients ARGS=wandb")


def test_logs_an_episode_offline(example):
    example("Weights & Biases")
    (written,) = Path("wandb").glob("offline-run-*/*.wandb")
    assert written.read_bytes().count(b"front_price") >= 140
    assert b"return" in written.read_bytes()
