"""The page of learners where the optimum is known: made from results that are kept, of runs with shipped settings."""

from __future__ import annotations

import json

import pytest

from agents import exact_learners
from agents.command_line import compose_settings
from agents.exact_learners import Cell, gather, main, measured, page, plan, stored
from agents.refusal import SettingsError
from agents.run_folder import RunFolder
from nea_env.library import load_scenario

PLANNED = plan()


def run_of(folder, seed=0, score=0.97, *overrides, changes=()):
    """A folder as a run of the sweep leaves it."""
    settings = compose_settings(["experiment=tps_exact", f"seed={seed}", *overrides])
    run = RunFolder(folder / f"run_{seed}")
    run.path.mkdir(parents=True)
    run.write_config(settings.plain())
    run.metrics.write_text("step,time/time_elapsed\n10,\n20,41\n30,83\n40,5\n50,20\n")
    exact = {"cost_pct": 5.5, "regret_pct": 0.1 * (seed + 1), "score": score}
    rows = {
        "group_ppo": {"exact": exact, "compliance_rate": 1.0},
        "optimum": {"exact": {**exact, "score": 1.0}, "compliance_rate": 0.75},
    }
    told = {"scenario": "tps_exact", "changes": list(changes), "algorithm": "group_ppo", "seed": seed,
            "steps": 12_000_000, "policies": rows}  # fmt: skip
    run.evaluation.write_text(json.dumps(told))
    return run


def test_the_page_is_made_from_the_results_that_are_kept(capsys):
    assert main(["--check"]) == 0, f"{capsys.readouterr().out}\nrun make docs"


def test_the_results_that_are_kept_are_of_the_plan_and_of_today():
    results = stored(exact_learners.RESULTS)
    assert set(results) <= set(PLANNED) and len(PLANNED) == 30
    assert {cell for cell in PLANNED if cell.algorithm == "group_ppo"} <= set(results)
    for cell, found in results.items():
        assert found["digest"] == load_scenario(cell.scenario).digest
        assert found["score"] <= 1.0


def test_a_run_is_kept_and_shown(tmp_path, capsys):
    runs, results, out = tmp_path / "runs", tmp_path / "kept.jsonl", tmp_path / "page"
    run_of(runs, 0, 0.97)
    run_of(runs, 1, 0.99)
    run_of(runs, 9, 0.5)  # no seed of the plan
    asked = [str(runs), "--results", str(results), "--out", str(out)]
    assert main([*asked, "--check"]) == 1 and not results.exists()
    assert main(asked) == 0 and len(results.read_text().splitlines()) == 2
    text = out.read_text()
    line = "| GroupPPO | 12.0 million | 2 | 0.970, 0.990 | 0.980 ± 0.014 | 0.150 | 100 % | 103 to 103 |"
    assert line in text and "| optimum |  |  |  | 1.000 | 0.000 | 75 % |  |" in text
    assert "- GroupPPO, `tps_exact`: seeds 2, 3, 4" in text and "earlier version" not in text
    older = {**stored(results)[Cell("tps_exact", "group_ppo", 0)], "digest": "0"}
    assert "Measured on an earlier version of `tps_exact`" in page({PLANNED[0]: older}, PLANNED)


def test_only_shipped_settings_and_scenarios_count(tmp_path):
    def kept(folder, *overrides, **told):
        return measured(run_of(tmp_path / folder, 0, 0.9, *overrides, **told), PLANNED)

    with pytest.raises(SettingsError, match="algo is not as shipped: num_envs is 64, not 1024"):
        kept("a", "algo.num_envs=64")
    with pytest.raises(SettingsError, match="total_steps is not as shipped: 100, not"):
        kept("b", "total_steps=100")
    with pytest.raises(SettingsError, match="evaluation is not as shipped: episodes is 50, not 10000"):
        kept("c", "evaluation.episodes=50")
    with pytest.raises(SettingsError, match=r"played tps_exact with market\.price=50"):
        kept("d", changes=("market.price=50",))
    unfinished = run_of(tmp_path / "e")
    unfinished.evaluation.unlink()
    assert measured(unfinished, PLANNED) is None and list(gather([tmp_path / "e"])) == []
