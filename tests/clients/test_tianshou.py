import pytest

pytest.importorskip("tianshou", reason="Tianshou is not installed: make clients ARGS=tianshou")


def test_learns_and_evaluates(example):
    result = example("Tianshou")["result"]
    assert result.update_step == 1
    assert result.train_step == 4 * 140 and result.train_episode == 4
    assert result.test_episode == 2 * 2, "before and after the update"
