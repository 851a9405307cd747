"""The strongest known rule of a scenario is told from what was recorded."""

import pytest

from nea_env.library import load_scenario, scenarios
from nea_env.policies import fitted, searched, stored, tuned
from nea_env.policies.by_name import RULES, told
from nea_env.policies.strongest import recorded, strongest


def test_the_cheapest_of_all_files_is_the_strongest(monkeypatch):
    kets = load_scenario("kets")
    gains = {"tuned_rule": -3.0, "lever_rule": -4.0}
    entry = {f"{rule}_vs_just_in_time_pct": {"mean": gain} for rule, gain in gains.items()}
    monkeypatch.setattr(tuned, "look_up", lambda scenario: stored.Entry(entry, True))
    monkeypatch.setattr(
        searched, "read", lambda: {"kets": {"digest": kets.digest, searched.MARKED_GAIN: {"mean": -1.0}}}
    )
    monkeypatch.setattr(fitted, "read", lambda: {})
    assert recorded(kets) == gains | {"just_in_time": 0.0, "searched_rule": -1.0}
    assert strongest(kets) == "lever_rule"
    monkeypatch.setattr(fitted, "read", lambda: {"kets": {"digest": kets.digest, fitted.GAIN: {"mean": -4.5}}})
    assert strongest(kets) == "fitted_rule"
    monkeypatch.setattr(tuned, "look_up", lambda scenario: stored.Entry(entry, False))
    assert set(recorded(kets)) == {"just_in_time", "searched_rule", "fitted_rule"}  # of this content alone


def test_corrections_count_from_the_thresholds_that_they_correct(monkeypatch):
    kets = load_scenario("kets")
    gains = {"digest": kets.digest, fitted.GAIN: {"mean": -3.9}, fitted.CORRECTED: {"mean": -0.05}}
    thresholds = {"threshold_rule_vs_just_in_time_pct": {"mean": -4.0}}
    monkeypatch.setattr(tuned, "look_up", lambda scenario: stored.Entry(thresholds, True))
    monkeypatch.setattr(fitted, "read", lambda: {"kets": gains})
    assert recorded(kets)["fitted_rule"] == pytest.approx(-4.05) and strongest(kets) == "fitted_rule"


def test_of_a_changed_scenario_nothing_is_recorded():
    changed = load_scenario("kets", {"market.price": 12_345})
    assert recorded(changed) == {"just_in_time": 0.0} and strongest(changed) == "just_in_time"


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo"])
def test_a_table_says_which_is_the_strongest(name):
    scenario = load_scenario(name)
    best = strongest(scenario)
    assert best in ("threshold_rule", "fitted_rule")
    assert told(best, scenario).endswith("; the strongest known here")
    assert "strongest" not in told("just_in_time", scenario)


def test_every_shipped_scenario_has_one():
    assert {strongest(load_scenario(name)) for name in scenarios()} <= set(RULES)
