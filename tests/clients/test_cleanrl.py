import pytest
import torch


def test_learns_and_evaluates(example):
    found = example("CleanRL")
    assert len(found["returns"]) == found["rows"], "each row ends one episode"
    assert found["optimizer"].state and torch.stack([found["policy_loss"], found["value_loss"]]).isfinite().all()
    assert found["ratio"].detach().numpy() == pytest.approx(1.0, abs=1e-4), "before the first update"
