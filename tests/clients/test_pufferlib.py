import pytest

pytest.importorskip("pufferlib.vector", reason="PufferLib is not installed: make clients ARGS=pufferlib")


def test_learns_an_episode(example):
    found = example("PufferLib")
    assert found["loss"].isfinite() and found["optimizer"].state
    assert found["terminated"].all(), "the last month ends the episode"
