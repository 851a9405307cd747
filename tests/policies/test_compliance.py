"""Complying pays where a miss costs more than a unit, and does not where it costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.core.lowering.periods import deadlines, periods_of
from nea_env.policies import compliance
from nea_env.policies.compliance import (
    WITHOUT_A_REAL_FINE,
    choose,
    digest_with_market,
    duty_met,
    own_multiples,
    wilson,
)
from nea_env.policies.compliance_page import HEADS, MULTIPLES, Run, page
from nea_env.policies.market_compliance import with_side_multiple
from nea_env.policies.play import costs, play
from nea_env.policies.rules import JustInTime
from nea_env.policies.unmet_rule import LeaveUnmet

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "docs/compliance.md"
SEEDS = np.arange(200)


@pytest.mark.parametrize("name", ["pilot_tianjin", "pilot_chongqing", "jvets"])
def test_a_firm_defaults_where_a_miss_is_free_and_complies_where_it_is_dear(name):
    free, dear = (choose(load_scenario(name), multiple, episodes=200) for multiple in (0.0, 3.0))
    assert set(free.shares) == {1.0}
    assert free.best["high"] < -5.0 and free.best == free.default
    assert free.met["mean"] < 0.6 and free.complied["mean"] == 0.0
    assert set(dear.shares) == {0.0}
    assert dear.default["low"] > 5.0 and dear.best["mean"] == 0.0
    assert dear.met["mean"] == dear.complied["mean"] == 1.0


def test_a_deduction_keeps_a_firm_to_its_duty_without_any_side_penalty():
    """China's units of 2019-22 that are missing are taken from the next allocation, so nothing is gained."""
    choice = choose(load_scenario("tps", {"last": "2022"}), 0.0, episodes=200)
    assert set(choice.shares) == {0.0} and choice.default["mean"] > 0.0


def test_leaving_nothing_is_to_trade_just_in_time():
    scenario = load_scenario("pilot_tianjin")
    nothing = LeaveUnmet((0.0,) * len(deadlines(periods_of(scenario))), scenario, 0.5)
    assert np.array_equal(costs(nothing, scenario, SEEDS), costs(JustInTime(), scenario, SEEDS))


def test_it_leaves_the_share_asked_for_at_the_deadline_asked_for():
    scenario = load_scenario("pilot_shanghai")  # its last deadline is that of October 2020
    ends = deadlines(periods_of(scenario))
    assert len(ends) == 7 and ends[-1] == 12 * 7 + 9
    outcome = play(LeaveUnmet((0.0,) * 6 + (0.25,), scenario, 1.1), scenario, SEEDS)
    duty = outcome.totals["surrendered"] + outcome.totals["penalised"]
    assert not outcome.complied.any()
    assert outcome.totals["penalised"] / duty == pytest.approx(0.25 / 7, rel=0.2)
    assert duty_met(outcome) == pytest.approx(1 - outcome.totals["penalised"] / duty)
    with pytest.raises(ValueError, match="2 given for 7 deadlines"):
        LeaveUnmet((0.0, 1.0), scenario, 1.1)


def test_it_abates_at_what_a_tonne_is_worth_to_it():
    """Half the duty left, at a tenth of the price: a tonne is worth 0.5 + 0.5 x 0.1 = 0.55 of it."""
    scenario = load_scenario("pilot_shanghai")
    abatement, price = scenario.firm.abatement, 20.0
    observation = np.zeros((1, Observation.size), np.float32)

    def share(money: float) -> float:  # at which marginal cost, scale (exp(steepness share) - 1), is that
        return float(np.log(1.0 + money / abatement.scale) / abatement.steepness / abatement.max_share)

    assert 0.1 < share(price) < 1.0
    observation[:, OBS_INDEX["abate_at_price"]] = share(price)
    for left, worth in ((0.0, 1.0), (0.5, 0.55), (1.0, 0.1)):
        action = LeaveUnmet((left,) * 7, scenario, 0.1).act(observation)[0, Action.ABATE]
        assert action == pytest.approx(share(worth * price), rel=1e-5)
    assert LeaveUnmet((1.0,) * 7, scenario, 0.0).act(observation)[0, Action.ABATE] == 0.0
    assert LeaveUnmet((1.0,) * 7, scenario, 1.1).act(observation)[0, Action.ABATE] == pytest.approx(share(price))


def test_only_periods_with_a_side_penalty_are_changed():
    law = with_side_multiple(load_scenario("tps"), 0.5).regime.penalty
    assert {year: rule.side_multiple for year, rule in law.items()} == {
        **dict.fromkeys(("2019", "2020", "2021", "2022"), 0.5), "2023": 0.0, "2024": 0.0,
    }  # fmt: skip
    assert own_multiples(load_scenario("pilot_tianjin")) == (2.5,)


def test_a_share_has_an_interval_at_its_ends():
    # 200 of 200: 1 / (1 + 1.96^2 / 200)
    assert wilson(200, 200) == pytest.approx({"mean": 1.0, "low": 200 / 203.8415, "high": 1.0}, rel=1e-5)
    assert wilson(50, 100)["low"] == pytest.approx(0.4038, abs=1e-4)


def test_the_page_is_of_the_scenarios_that_ship_and_has_the_form_that_the_command_writes():
    text = WRITTEN.read_text(encoding="utf-8")
    empty = page([], [], Run())
    frame = [part.strip("\n") for part in empty.split("| " + " | ".join(HEADS) + " |\n" + "|---" * len(HEADS) + "|\n")]
    assert text.startswith(frame[0]) and text.endswith(frame[1] + "\n")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    found = [(row[0], float(row[1].replace("\\*", ""))) for row in rows]
    expected = [
        (name, multiple)
        for name, changes in WITHOUT_A_REAL_FINE.items()
        for multiple in sorted({*MULTIPLES, *own_multiples(load_scenario(name, changes))})
    ]
    assert found == expected
    for name, changes in WITHOUT_A_REAL_FINE.items():  # otherwise the page tells of another law: write it again
        assert f"{name} {digest_with_market(load_scenario(name, changes))}" in text
    assert f"({WRITTEN.name})" in (ROOT / "docs/README.md").read_text(encoding="utf-8")


def test_the_command_prints_a_table_and_refuses_what_it_cannot_do(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert compliance.main(["jvets", "--multiples", "0", "--episodes", "10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("scenario") and sum(line.startswith("jvets") for line in lines) == 1
    for arguments, error in (
        (["kest"], "did you mean 'kets'"),
        (["kets"], "kets: its law has no side penalty"),
        (["jvets", "--episodes", "3"], "--episodes: 3, allowed: 10 to 100000"),
        (["jvets", "--multiples", "-1"], "--multiples: [-1.0], allowed: 0 to 100"),
        (["jvets", "market.prise=3"], "override market.prise: unknown key; did you mean 'price'?"),
        (["jvets", "saitama", "regime.banking.2006.limit=none"], "saitama: override regime.banking.2006.limit: "),
    ):
        assert compliance.main(arguments) == 2
        assert error in capsys.readouterr().err


def test_changes_are_played_and_the_page_says_what_was_run(capsys, tmp_path):
    out = tmp_path / "mine.page"
    words = [
        "jvets",
        "--episodes",
        "10",
        "regime.penalty.2006.side_multiple=2",
        "--out",
        str(out),
        "--multiples",
        "0.5",
    ]
    assert compliance.main(words) == 0
    assert capsys.readouterr().out == f"{out}\n"
    text = out.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ")[1] for line in text.splitlines() if line.startswith("| jvets")]
    assert rows == ["0.5", "1.1 \\*", "2 \\*"]  # the change is the law's own now
    told = " ".join(text.split())
    assert (
        "a run of `jvets` with `regime.penalty.2006.side_multiple=2`, at the side multiples 0.5 and the law's" in told
    )
    assert "The table plays 10 paths, and the best rule was searched on 10." in told
    command = (
        "python -m nea_env.policies.compliance jvets regime.penalty.2006.side_multiple=2 --multiples 0.5 --episodes 10"
        f" --out {out}"
    )
    assert f"Written by `{command}`: run it again" in text and f"```\n{command}\n```" in text
    for claim in ("2,000", "takes about a minute", "How to read it", "docs/compliance.md", "of Tianjin and Shanghai"):
        assert claim not in text


def test_only_the_projects_own_run_is_its_page():
    assert Run().whole and Run(out=Path("elsewhere")).whole
    for other in (Run(("tps",)), Run(overrides=("market.price=3",)), Run(multiples=(0.0,)), Run(episodes=10)):
        assert not other.whole
    assert Run(episodes=5_000).searched == 1_000
    assert Run().command == "python -m nea_env.policies.compliance --out docs/compliance.md"
