"""The page of learners: made from results that are kept, a line for each run of the sweep that has finished."""

from __future__ import annotations

import json
import math

import pytest

from agents import learners
from agents.command_line import compose_settings
from agents.learners import Cell, gather, main, measured, page, plan, stored
from agents.refusal import SettingsError
from agents.run_folder import RunFolder
from nea_env.library import load_scenario

PLANNED = plan()


def run_of(folder, seed=0, cost=5.0, marked=True, steps=300_032, changes=(), **asked):
    """A folder as a run of the sweep leaves it."""
    overrides = {"algo": "ppo", "env": "kets", "total_steps": 300_000, **asked}
    settings = compose_settings(
        [f"seed={seed}", f"algo.marked={str(marked).lower()}", *(f"{key}={value}" for key, value in overrides.items())]
    )
    run = RunFolder(folder / f"{overrides['algo']}_{marked}_{seed}")
    run.path.mkdir(parents=True)
    run.write_config(settings.plain())
    figures = {"mean": cost, "low": cost - 0.1, "high": cost + 0.1}
    row = {
        "cost_pct": figures,
        **{f"vs_{name}": figures for name in learners.RULES},
        "compliance_rate": 1.0 - seed / 10,
    }
    told = {"scenario": "kets", "changes": list(changes), "algorithm": "ppo", "seed": seed, "steps": steps,
            "episodes": 20, "first_seed": 1_000_000,
            "policies": {name: row for name in ("ppo", *learners.RULES)}}  # fmt: skip
    run.evaluation.write_text(json.dumps(told))
    return run


def test_the_page_is_made_from_the_results_that_are_kept(capsys):
    assert main(["--check"]) == 0, f"{capsys.readouterr().out}\nrun make docs"


def test_the_results_that_are_kept_are_of_the_plan():
    results = stored(learners.RESULTS)
    assert set(results) <= set(PLANNED) and len(results) >= 30
    assert all(one["steps"] >= one["budget"] and one["first_seed"] >= 1_000_000 for one in results.values())


def test_the_plan_is_the_sweep():
    assert len(PLANNED) == 90 + 60 == len(set(PLANNED))
    assert PLANNED[0] == Cell("kets", "ppo", 300_000, True, 0)
    assert PLANNED[-1] == Cell("tokyo", "maskable_ppo", 1_000_000, False, 4)


@pytest.mark.slow
def test_a_run_is_kept_and_a_second_gather_goes_on_from_there(tmp_path, capsys):
    runs, results, out = tmp_path / "runs", tmp_path / "kept.jsonl", tmp_path / "page"
    asked = [str(runs), "--results", str(results), "--out", str(out)]
    run_of(runs, 0, 5.0)
    assert main(asked) == 0
    (first,) = stored(results).values()
    assert first["scenario"] == "kets" and first["marked"] and first["digest"] == load_scenario("kets").digest
    run_of(runs, 1, 6.0)
    run_of(runs, 1, 7.5, marked=False)
    run_of(runs, 9, 6.0)  # no seed of the plan
    run_of(runs, 2, 6.0, total_steps=200_000)  # another budget
    assert main([*asked, "--check"]) == 1 and len(stored(results)) == 1
    assert main(asked) == 0 and len(results.read_text().splitlines()) == 3
    text, half = out.read_text(), 12.706 * math.sqrt(0.5) / math.sqrt(2)
    marked = f"| PPO | 300,000 | marked | 2 | 5.50 [{5.5 - half:.2f}, {5.5 + half:.2f}] |".replace("-", "−")
    assert marked in text and text.count("| −1.50 | 95 % (90 %) |") == 1
    assert "| PPO | 300,000 | true | 1 | 7.50 | 7.50 | 7.50 | 7.50 |  | 90 % |" in text
    assert "- PPO, 300,000 steps, marked rewards, `kets`: seeds 2, 3, 4" in text
    assert "- SAC, 300,000 steps, true rewards, `tokyo`" in text
    assert "earlier version" not in text
    capsys.readouterr()
    assert main([str(runs), "--results", str(tmp_path), "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("python -m agents.learners: ")


def test_unfinished_and_changed_runs_are_not_kept(tmp_path):
    run = run_of(tmp_path, 0)
    run.evaluation.write_text("{")
    assert measured(run) is None and list(gather([tmp_path])) == []
    with pytest.raises(SettingsError, match=r"played kets with market\.price=30"):
        measured(run_of(tmp_path, 1, changes=["market.price=30"]))
    with pytest.raises(SettingsError, match=r"algo\.num_envs is 64, not as shipped: 256"):
        measured(run_of(tmp_path, 2, **{"algo.num_envs": 64}))


def test_what_was_measured_on_an_earlier_law_is_told(tmp_path):
    found = measured(run_of(tmp_path, 0))
    told = page({PLANNED[0]: found | {"digest": "0"}}, PLANNED)
    assert "Measured on an earlier version of `kets`" in told
