import pytest

pytest.importorskip("optuna", reason="Optuna is not installed: make clients ARGS=optuna")


def test_searches(example):
    study = example("Optuna")["study"]
    values = [trial.value for trial in study.trials]
    assert len(set(values)) == 5 and study.best_value == max(values)
