from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="W&B is not installed: make clients ARGS=wandb")

BLOCK, HEADER = 32_768, 7  # of LevelDB's log format: records, and the words in them, are cut at the ends of blocks


def payload(data):
    """What the records of W&B's file hold, joined."""
    found, place = b"", HEADER
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length = int.from_bytes(data[place + 4 : place + 6], "little")
        found += data[place + HEADER : place + HEADER + length]
        place += HEADER + length
    return found


def test_logs_an_episode_offline(example):
    example("Weights & Biases")
    (written,) = Path("wandb").glob("offline-run-*/*.wandb")
    logged = payload(written.read_bytes())
    assert logged.count(b"front_price") >= 140 and b"return" in logged
