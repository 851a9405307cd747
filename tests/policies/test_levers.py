"""Taking a lever away leaves a scenario that can be played, in which the lever's action is never open."""

import numpy as np
import pytest

from nea_env import load_scenario, price_paths, scenarios
from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.policies import levers
from nea_env.policies.lever_rule import SEARCH, LeverRule, Parameters
from nea_env.policies.levers import LEVERS
from nea_env.policies.marking import marked_costs
from nea_env.policies.play import play

ACTION = {
    "abatement": "abate",
    "investment": "invest",
    "offsets": "offset",
    "borrowing": "borrow",
    "banking": "bank",
    "links": "foreign",
}


@pytest.mark.parametrize("lever", LEVERS)
@pytest.mark.parametrize("name", [name for name in scenarios() if "randomised" not in name])
def test_every_scenario_plays_without_it(name, lever):
    scenario = load_scenario(name)
    batch = Batch(scenario.model_copy(update=LEVERS[lever](scenario)), 2, threads=1)
    opened = np.zeros(8, bool)
    for _ in range(int(batch.horizon[0])):
        mask = batch.action_mask()
        idle = mask.sum(axis=1) == 1  # where nothing is open, idle abatement stands in
        mask[idle, Action.ABATE] = False
        opened |= mask.any(axis=0)
        batch.step(np.zeros((2, 8), np.float32))
    assert opened.any() or name.startswith("tms")
    assert not opened[Action.index[ACTION[lever]]]


def test_names_in_its_report_are_told_as_they_are():
    scenario = load_scenario("kets", {"firm.technologies.0.name": "[/] [red]kiln"})
    scenario = scenario.model_copy(update={"name": "[/] mine [draft]"})
    outcome = play(LeverRule(Parameters()), scenario, np.arange(3))
    worth = {"banking": {"mean": 1.0, "low": 0.5, "high": 1.5}, "trade timing": {"mean": 0.1, "low": 0.0, "high": 0.2}}
    lines = levers.report(scenario, Parameters(), outcome, worth, 100)
    assert lines[0].startswith(
        f"[/] mine [draft], firm.technologies.0.name=[/] [red]kiln: 3 episodes, cost {outcome.cost_pct.mean():.2f} %"
    )
    share = f"{100 * levers.used(outcome, scenario)['banking'].mean():.0f}"
    assert any(line.split() == ["banking", "1.00", "0.50", "to", "1.50", share, "%"] for line in lines)
    assert any(line.startswith("  [/] [red]kiln") for line in lines)


def test_a_lever_is_worth_what_the_best_rule_loses_without_it(monkeypatch, capsys):
    monkeypatch.setattr(levers, "SEARCH_EPISODES", 20)
    monkeypatch.setattr(levers, "EPISODES", 30)
    monkeypatch.setattr(levers, "SEARCH", {name: SEARCH[name] for name in ("kappa", "hold")})
    scenario = load_scenario("kets_phase2")
    best, full, worth = levers.measure(scenario)
    seeds = np.arange(levers.SEARCH_SEED, levers.SEARCH_SEED + 20)
    rivals = [marked_costs(LeverRule(Parameters(kappa=kappa)), scenario, seeds).mean() for kappa in SEARCH["kappa"]]
    assert marked_costs(LeverRule(best), scenario, seeds).mean() <= min(rivals)
    assert "links" not in worth and worth["banking"]["mean"] > worth["banking"]["low"]
    assert worth["trade timing"]["mean"] == 0.0 or best.hold > 0.0
    monkeypatch.setattr(levers, "measure", lambda scenario: (best, full, worth))
    assert levers.main(["kets_phase2"]) == 0
    assert f"best of the family: Parameters(kappa={best.kappa}" in " ".join(capsys.readouterr().out.split())


def test_an_unknown_scenario_is_one_line(capsys):
    assert levers.main(["kest"]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'kets'" in error and error.count("\n") == 1


def test_changes_reach_the_scenarios_and_the_heading(monkeypatch, capsys):
    played = []

    def measured(scenario):
        played.append((scenario.name, scenario.market.price))
        outcome = play(LeverRule(Parameters()), scenario, np.arange(2))
        return Parameters(), outcome, {"banking": {"mean": 1.0, "low": 0.5, "high": 1.5}}

    monkeypatch.setattr(levers, "measure", measured)
    assert levers.main(["kets_phase2", "market.price=30000", "kets"]) == 0
    assert played == [("kets_phase2", 30000), ("kets", 30000)]
    out = capsys.readouterr().out
    assert "kets_phase2, market.price=30000: 2 episodes" in out and "kets, market.price=30000: 2 episodes" in out
    assert levers.main(["kets", "tps", "market.currency=KRW"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tps: override market.currency: ") and error.count("\n") == 1


@pytest.mark.parametrize("lever", ["banking", "borrowing"])
def test_a_lever_is_taken_from_the_firm_and_not_from_its_market(lever):
    base = load_scenario("kets", ["market.law=equilibrium"])
    without = base.model_copy(update=LEVERS[lever](base))
    assert without.regime == base.regime
    assert getattr(without.played.regime, lever) != getattr(base.regime, lever)
    paths = [price_paths(one, 2, progress=False).values for one in (base, without)]
    np.testing.assert_array_equal(*paths)
