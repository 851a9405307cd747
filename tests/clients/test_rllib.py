import math

import pytest

pytest.importorskip("ray.rllib", reason="RLlib is not installed: make clients ARGS=rllib")


def test_learns_and_evaluates(example):
    found = example("RLlib")
    assert found["result"]["learners"]["default_policy"]["num_module_steps_trained"] >= 560
    assert math.isfinite(found["evaluation"]["env_runners"]["episode_return_mean"])
    assert found["evaluation"]["env_runners"]["episode_len_mean"] == 140
