"""The README: its tables come from the code and from stored results, and its code runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import gymnasium as gym
import pytest

from nea_env.envs.reference.__main__ import main
from nea_env.envs.reference.front_page import AGAINST, COMMAND, facts, scores, stored_from
from nea_env.envs.registration import SYSTEMS
from nea_env.library import load_scenario

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
RESULTS = ROOT / "docs/results/kets.json"
TEXT = README.read_text(encoding="utf-8")
STORED = json.loads(RESULTS.read_text(encoding="utf-8"))


def asked(*more):
    return main(["--out", str(ROOT / "docs/reference"), "--results", str(RESULTS), *more])


def test_the_readmes_tables_are_up_to_date(capsys):
    assert asked("--readme", str(README), "--check") == 0, f"{capsys.readouterr().out}\nrun make docs"
    assert len([line for line in TEXT.splitlines() if not line.startswith("<!--")]) <= 120  # what is shown


def test_a_table_that_was_edited_is_found_and_made_anew(capsys, tmp_path):
    readme, out = tmp_path / "readme", tmp_path / "reference"
    readme.write_text(TEXT.replace("67 numbers", "68 numbers"), encoding="utf-8")
    arguments = ["--out", str(out), "--readme", str(readme), "--results", str(RESULTS)]
    assert main(arguments) == 0
    assert readme.read_text(encoding="utf-8") == TEXT
    readme.write_text(TEXT.replace("9.64 [9.50", "9.63 [9.50"), encoding="utf-8")
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out == f"out of date: {readme}\n"


def test_a_page_without_markers_and_a_missing_result_are_refused(capsys, tmp_path):
    readme = tmp_path / "readme"
    readme.write_text("nothing\n")
    assert asked("--readme", str(readme), "--check") == 2
    assert f"<!-- facts: {COMMAND} --> and <!-- end of facts --> must both be in the page" in capsys.readouterr().err
    empty = tmp_path / "results.json"
    empty.write_text('{"scenario": "kets"}')
    assert main(["--readme", str(README), "--results", str(empty), "--check"]) == 2
    assert "'policies'" in capsys.readouterr().err


def test_the_facts_are_the_environments():
    env, twin = (gym.make(name).unwrapped for name in ("nea/KETS-v0", "nea/KETSDiscrete-v0"))
    told = dict(line.strip("| ").split(" | ", 1) for line in facts(STORED)[2:])
    assert told["observation"].startswith(f"[{env.observation_space.shape[0]} numbers]")
    assert told["action"].startswith(f"[{env.action_space.shape[0]} numbers]")
    assert told["action"].endswith(f"`nea/KETSDiscrete-v0`: {twin.action_space.n} choices")
    assert told["discount"] == f"{env.discount:.4f} a month" == "0.9975 a month"
    assert told["step, horizon"] == f"one month; {env.batch.horizon[0]} of them, 2015-01 to 2026-08"
    assert "67 numbers" in told["observation"] and "8 numbers" in told["action"]


def of_a_run(folder, **policies):
    """What the README would show of a run with these mean costs."""
    found = {
        name: {
            "cost_pct": {"mean": cost, "low": cost - 0.1, "high": cost + 0.1},
            **{f"vs_{one}": {"mean": cost - 9.0, "low": cost - 9.1, "high": cost - 8.9} for one in AGAINST},
            "compliance_rate": 0.9975, "shortfall_t": 1.0,
        }
        for name, cost in policies.items()
    }  # fmt: skip
    told = {"scenario": "kets", "algorithm": "sac", "seed": 3, "steps": 1_500_000, "episodes": 20, "first_seed": 1}
    (folder / "evaluation.json").write_text(json.dumps(told | {"policies": found}))
    return stored_from(folder)


def test_the_strongest_score_is_told_and_those_printed_are_those_stored(tmp_path):
    stored = of_a_run(tmp_path, just_in_time=9.0, searched_rule=8.0, sac=5.0)
    others = "just in time 9.00; searched rule, linear, never invests 8.00"
    told = f"{others}; **strongest known: SAC, 1.5 million steps, 5.00**"
    assert facts(stored)[-1] == f"| scores to beat | {told} |"
    assert scores(stored)[2:] == [
        "| just in time | 9.00 [8.90, 9.10] |  | 0.00 [−0.10, 0.10] | 0.00 [−0.10, 0.10] | 99.75 % |",
        "| searched rule, linear, never invests | 8.00 [7.90, 8.10] "
        "| −1.00 [−1.10, −0.90] | −1.00 [−1.10, −0.90] | −1.00 [−1.10, −0.90] | 99.75 % |",
        "| SAC, 1.5 million steps | 5.00 [4.90, 5.10] "
        "| −4.00 [−4.10, −3.90] | −4.00 [−4.10, −3.90] | −4.00 [−4.10, −3.90] | 99.75 % |",
    ]  # fmt: skip


def test_a_run_is_stored_before_its_table_is_made(capsys, tmp_path):
    of_a_run(tmp_path, just_in_time=9.0, sac=5.0)
    readme, results = tmp_path / "readme", tmp_path / "results.json"
    readme.write_text(TEXT, encoding="utf-8")
    given = ["--out", str(tmp_path / "reference"), "--readme", str(readme), "--results", str(results)]
    assert main([*given, "--run", str(tmp_path)]) == 0
    assert "| SAC, 1.5 million steps | 5.00 [4.90, 5.10] |" in readme.read_text(encoding="utf-8")
    assert main([*given, "--run", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_stored_results_are_of_the_scenario_that_ships():
    assert STORED["digest"] == load_scenario(STORED["scenario"]).digest, "make train, then envs.reference --run"


def test_the_readme_speaks_of_the_numbers_that_are_stored():
    ppo = STORED["policies"]["ppo"]
    words = "the tuned rule costs {:.2f} less, the lever rule {:.2f}, the fitted rule"
    told = words.format(ppo["vs_tuned_rule"]["mean"], ppo["vs_lever_rule"]["mean"]), "less. Offset credits"
    assert all(one in " ".join(TEXT.split()) for one in told)


def test_every_id_is_in_the_table_with_its_months():
    told = dict(re.findall(r"^\| `(nea/\w+-v0)` \| [^|]+ \| (\d+) \|", TEXT, re.MULTILINE))
    months = {f"nea/{name}-v0": gym.make(f"nea/{name}-v0").unwrapped.batch.horizon[0] for name in SYSTEMS}
    assert {name: int(count) for name, count in told.items()} == months


@pytest.mark.parametrize("place", [0, 1])
def test_the_code_runs(place, capsys):
    code = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[place]
    code = code.replace("episodes=1000", "episodes=20").replace("num_envs=4096", "num_envs=4")
    exec(compile(code, "README", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out


def test_the_readmes_policy_is_one_for_one_firm_and_for_many():
    code = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0]
    assert len([line for line in code.splitlines() if line]) <= 10
    made = {"__name__": "example"}
    exec(compile(code.rpartition("\nprint(")[0], "README", "exec"), made)
    env, envs = gym.make("nea/KETS-v0"), gym.make_vec("nea/KETS-v0", num_envs=3)
    one, many = made["policy"](env.reset(seed=0)[0]), made["policy"](envs.reset(seed=0)[0])
    assert one.shape == (8,) and many.shape == (3, 8)
    assert many[0].tolist() == one.tolist()


def test_links_of_the_readme_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / link).exists(), link


def test_make_docs_writes_every_table_and_trains_nothing():
    recipe = (ROOT / "Makefile").read_text().partition("\ndocs: ")[2].partition("\n\n")[0]
    assert "train.py" not in recipe
    for command in ("library docs", "envs.reference --readme README.md", "market calibration", "market record"):
        assert f"nea_env.{command}" in recipe
    assert "nea_env.market waiting --write docs/markets.md" in recipe
    assert "nea_env.policies.compliance --out docs/compliance.md" in recipe


STOPPED = (  # sentences that a native reader had to read twice
    "turns on the way",
    "makes any other do so",
    "which the rules leave alone",
    "It parts from the long price",
    "told as a cut only at half",
    "more months do no harm",
    "had more than the price to think of",
    "It is no error of the grid",
    "there is nothing to earn without one",
    "asks nothing of a firm but to hold",
)


def test_sentences_that_stopped_readers_stay_away():
    pages = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in [README, *ROOT.glob("docs/**/*.md")]}
    assert [(path.name, words) for path, text in pages.items() for words in STOPPED if words in text] == []
