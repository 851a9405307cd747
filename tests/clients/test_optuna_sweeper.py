import json
from pathlib import Path

import pytest
import yaml

from tests.clients.sweeping import ran
from tests.train.command import SMALL, statuses, table

pytest.importorskip(
    "hydra_plugins.hydra_optuna_sweeper", reason="Optuna's sweeper is not installed: make clients ARGS=optuna_sweeper"
)
optuna = pytest.importorskip("optuna")

FEW = ["hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2"]
SCENARIOS = ["env=kets", "scenario=glob(kets_phase*)", "seed=choice(1,2)"]


def test_the_cost_is_the_objective_and_a_resume_chooses_the_same_jobs(sweeps):
    sweep = Path("runs/search")
    printed = ran(sweeps("Optuna"), *SMALL, *FEW, *SCENARIOS)
    assert "sweep of 4 jobs: 4 finished" in printed
    jobs = table(sweep)
    assert all(1e-5 <= float(job["algo.parameters.learning_rate"]) <= 1e-3 for job in jobs)
    assert {job["algo.parameters.n_epochs"] for job in jobs} <= {str(epochs) for epochs in range(2, 9)}
    played = [json.loads((sweep / job["folder"] / "evaluation.json").read_text())["scenario"] for job in jobs]
    assert all(scenario.startswith("kets_phase") for scenario in played)
    found = yaml.safe_load((sweep / "optimization_results.yaml").read_text())
    assert found["best_value"] == min(float(job["cost_pct"]) for job in jobs)
    for job in jobs[2:]:
        (sweep / job["folder"] / "evaluation.json").unlink()
    ran("python train.py resume=runs/search")
    assert statuses(sweep) == ["skipped"] * 2 + ["finished"] * 2
    unchanged = [{key: value for key, value in job.items() if key != "status"} for job in jobs]
    assert [{key: value for key, value in job.items() if key != "status"} for job in table(sweep)] == unchanged


def test_a_study_in_a_database_goes_on_in_another_folder(sweeps):
    Path("runs").mkdir()
    kept = sweeps("Optuna", "text").split()
    command = f"{sweeps('Optuna').strip()} {' '.join(kept[:2])}"
    ran(command, *SMALL, *FEW[1:], "hydra.sweeper.n_trials=2")
    ran(command, *SMALL, *FEW[1:], "hydra.sweeper.n_trials=2", kept[2])
    study = optuna.load_study("rates", "sqlite:///runs/study.db")
    costs = [float(job["cost_pct"]) for folder in ("runs/search", "runs/search_2") for job in table(folder)]
    assert [trial.value for trial in study.trials] == costs and len(costs) == 4
    refused = ran("python train.py resume=runs/search", code=2)
    assert "hydra.sweeper.storage" in refused and "Traceback" not in refused
