"""The search of thresholds finds what is known to be there, and nothing where timing is worth nothing."""

from dataclasses import replace

import numpy as np
import pytest

from nea_env.library import load_scenario
from nea_env.policies import threshold_search
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.rules import JustInTime
from nea_env.policies.threshold_rule import NAMES, ThresholdRule, Thresholds
from nea_env.scenario import Scenario

SEEDS = np.arange(1_000_000, 1_001_000)
FREE = {
    "market.gap": {}, "market.frictions.spread": 0.0, "market.frictions.impact": 0.0, "firm.technologies": [],
    "regime.banking.*.limit": "unlimited",
}  # fmt: skip
"""Korea 2018-2020 without investment, where units can be kept without limit and trades cost nothing."""


def scenario(**changes) -> Scenario:
    return load_scenario("kets_phase2", FREE | changes)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in (("GENERATIONS", 12), ("POPULATION", 24), ("CHOICE_EPISODES", 300)):
        monkeypatch.setattr(threshold_search, name, value)


def saved(thresholds: Thresholds, played: Scenario) -> dict[str, float]:
    rule = ThresholdRule(thresholds)
    return interval(marked_costs(JustInTime(), played, SEEDS) - marked_costs(rule, played, SEEDS))


def test_no_timing_of_trades_pays_at_a_martingale_price_without_limits():
    """Rubin 1996: where units can be kept and the price is a martingale, a tonne is worth the same held or sold."""
    played = scenario(**{"market.offset": None})
    found = threshold_search.search(played, 60)
    as_found = saved(replace(found, abate=1.0), played)
    assert abs(as_found["mean"]) < 0.02
    for member in (Thresholds(hold=1.0, hold_below=9.0), Thresholds(lend=1.0, lend_above=-9.0)):
        gain = saved(replace(member, credit=-9.0), played)
        assert gain["low"] - 0.02 < 0.0 < gain["high"] + 0.02


def test_credits_at_half_the_price_are_bought():
    half = {"market.volatility": 0.0, "market.offset.ratio": 0.5, "market.offset.level": 0.5, "market.offset.sd": 0.0}
    played = scenario(**half)
    found = threshold_search.search(played, 60)
    all_of_them = saved(Thresholds(credit=9.0), played)["mean"]
    assert saved(found, played)["mean"] > 0.95 * all_of_them > 2.0


def test_only_thresholds_that_can_matter_are_searched():
    assert set(NAMES) == set(threshold_search.START)
    plain = set(threshold_search.searched(scenario(**{"market.offset": None})))
    assert plain == {"hold", "hold_below", "lend", "lend_above", "abate"}
    assert set(threshold_search.searched(load_scenario("linked_kets"))) == set(NAMES)


def test_the_search_is_the_same_each_time_and_uses_training_seeds():
    first, again = (threshold_search.search(scenario(), 48) for _ in range(2))
    assert first == again
    played = 40 * threshold_search.MOST_EPISODES + 1_000
    assert threshold_search.FIRST_SEED + played < 1_000_000
