"""The regressions find what trying a lever costs, and only what saves is kept."""

from dataclasses import replace

import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.library import load_scenario
from nea_env.policies import fitted, fitted_search
from nea_env.policies.fitted_rule import CREDITS, FEATURES, INVEST, KEEP, FittedRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.rules import JustInTime
from nea_env.policies.threshold_rule import ThresholdRule, Thresholds

SCENARIO = load_scenario("kets_phase2")
SEEDS = np.arange(100_000, 100_400)


@pytest.fixture
def small(monkeypatch):
    for name, value in (("PAIRS", 4_000), ("AT_ONCE", 2_000), ("ACCEPTANCE", 1_000)):
        monkeypatch.setattr(fitted_search, name, value)


def test_a_lever_is_tried_once_and_then_the_rule_goes_on():
    rule, n = FittedRule(), 6
    tried = fitted_search.Tried(JustInTime(), rule, INVEST, np.full(n, 3), np.array([0, 1] * 3), 60)
    seen = np.zeros((n, Observation.size), np.float32)
    value, hurdle = OBS_INDEX["invest_value_0"], 0.4
    builds = []
    for month in range(6):
        seen[:, OBS_INDEX["progress"]] = month / 60
        seen[:, value] = -1.0 if month < 4 else hurdle  # far from the threshold until month 4
        builds.append(tried.act(seen)[:, Action.INVEST].tolist())
        assert tried.done.all() == (month >= 4)
    assert builds[4] == [0.0, 1.0] * 3
    assert builds[5] == rule.act(seen)[:, Action.INVEST].tolist()
    assert (tried.seen[:, value] == np.float32(hurdle)).all()


def test_a_mode_of_trades_lasts_until_the_deadline():
    tried = fitted_search.Tried(JustInTime(), FittedRule(), KEEP, np.zeros(3, int), np.arange(3), 60)
    seen = np.zeros((3, Observation.size), np.float32)
    for name, value in (("gap", -0.75), ("even_trade", -0.5), ("volume_limit", 0.2), ("market_open", 1.0)):
        seen[:, OBS_INDEX[name]] = value
    sales = []
    for month, left in enumerate((2, 1, 0, 11)):
        seen[:, OBS_INDEX["progress"]], seen[:, OBS_INDEX["to_deadline"]] = month / 60, left / 24
        sales.append(tried.act(seen)[:, Action.TRADE].tolist())
    assert sales[:3] == [[-0.5, 0.0, -0.5]] * 3 and sales[3] == [-0.5] * 3


def test_options_differ_by_what_they_cost_alone():
    """Credits for 10 % of a year's duty at half the price save 5 % of a year, of three: 1.7 % of exposure."""
    half = {
        "market.volatility": 0.0, "market.gap": {}, "market.offset.ratio": 0.5, "market.offset.level": 0.5,
        "market.offset.sd": 0.0, "firm.technologies": [],
    }  # fmt: skip
    rule = FittedRule(Thresholds(credit=-0.8, credit_wait=0.0))  # below -log 2, so they are only bought when tried
    found = fitted_search.sample(rule, CREDITS, load_scenario("kets_phase2", half), SEEDS, np.random.default_rng(0))
    assert len(found.seen) > 300 and found.costs.shape == (len(found.seen), 2)
    added = found.costs[:, 1] - found.costs[:, 0]
    weights = fitted_search.regressed(rule, CREDITS, found.seen, added)
    worth = FittedRule(rule.thresholds, {CREDITS: weights}).worth(found.seen, CREDITS)[0]
    assert -2.0 < np.median(added) < -1.2 and np.corrcoef(worth, added)[0, 1] > 0.85


def test_a_regression_finds_weights_that_are_known():
    random = np.random.default_rng(0)
    seen = random.uniform(0.0, 0.5, (3_000, Observation.size)).astype(np.float32)
    known = {name: 0.0 for name in FEATURES[INVEST]} | {"potential*log_price": 0.4, "potential*next_0*excess": -0.3}
    rule = FittedRule(Thresholds(), {INVEST: known})
    found = fitted_search.regressed(rule, INVEST, seen, rule.worth(seen, INVEST)[0])
    close = FittedRule(Thresholds(), {INVEST: found}).worth(seen, INVEST) - rule.worth(seen, INVEST)
    assert np.abs(close).std() < 0.1 * rule.worth(seen, INVEST).std()


@pytest.mark.slow
def test_a_threshold_that_is_too_high_is_corrected_and_one_without_use_is_not(small):
    thresholds = Thresholds(premium_0=0.45, premium_1=0.45, premium_2=0.45, credit=-9.0)
    rule = fitted_search.improve(thresholds, load_scenario("kets"), rounds=1)
    assert INVEST in rule.weights and CREDITS not in rule.weights
    fresh = np.arange(300_000, 301_500)
    plain, own = (marked_costs(one, load_scenario("kets"), fresh) for one in (ThresholdRule(thresholds), rule))
    assert interval(own - plain)["high"] < -0.1


def test_where_nothing_can_be_gained_nothing_is_corrected(small):
    """Rubin 1996: at a martingale price without limits no timing of trades pays."""
    free = {
        "market.gap": {}, "market.frictions.spread": 0.0, "market.frictions.impact": 0.0, "firm.technologies": [],
        "regime.banking.*.limit": "unlimited", "market.offset": None,
    }  # fmt: skip
    rule = fitted_search.improve(Thresholds(), load_scenario("kets_phase2", free), rounds=1)
    assert rule.weights == {}


def test_what_is_found_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "fitted.yaml"
    monkeypatch.setattr(fitted, "FITTED", path)
    weights, margins = {INVEST: {FEATURES[INVEST][0]: 0.25}}, {INVEST: 0.01, KEEP: 0.02}
    rule = FittedRule(replace(Thresholds(), premium_0=0.3), weights, margins)
    assert not fitted.is_current(SCENARIO)
    assert fitted.record(SCENARIO, {fitted.RULE: fitted.parts_of(rule)}) == "kets_phase2"
    again = FittedRule(**fitted.fitted_parts(SCENARIO))
    assert fitted.is_current(SCENARIO)
    assert (again.thresholds, again.weights, again.margins) == (rule.thresholds, weights, {INVEST: 0.01})


@pytest.mark.parametrize("arguments", [[], ["kest"]])
def test_bad_arguments_are_one_line(arguments, capsys):
    assert fitted_search.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
