import gymnasium as gym
import numpy as np
import pytest

minari = pytest.importorskip("minari", reason="Minari is not installed: make clients ARGS=minari")


def test_records_and_reads_episodes(example, tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    dataset = example("Minari")["dataset"]
    assert (dataset.total_episodes, dataset.total_steps) == (3, 3 * 140)
    recorded = dataset[1]
    env = gym.make("nea/KETS-v0")
    first, _ = env.reset(seed=1)
    assert np.array_equal(recorded.observations[0], first)
    played = [env.step(action) for action in recorded.actions]
    assert np.allclose(recorded.rewards, [step[1] for step in played])
    assert dataset.recover_environment().spec.id == "nea/KETS-v0"
