"""The fitted rule on observations typed in by hand."""

import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.policies.fitted_rule import CREDITS, FEATURES, INVEST, KEEP, LEND, FittedRule
from nea_env.policies.threshold_rule import ThresholdRule, Thresholds

PLAIN = Thresholds(premium_0=0.2, premium_left=0.0, credit=-0.1, credit_wait=0.0, hold=0.0, lend=0.0)


def squashed(value):
    return value / (1.0 + abs(value))


def table(n=1, **values):
    seen = np.zeros((n, Observation.size), np.float32)
    for name, value in values.items():
        seen[:, OBS_INDEX[name]] = value
    return seen


def does(action, seen, weights, **margins):
    return float(FittedRule(PLAIN, weights, margins).act(seen)[0, Action.index[action]])


def test_without_weights_it_is_the_rule_of_thresholds():
    random = np.random.default_rng(0).uniform(-1, 1, (500, Observation.size)).astype(np.float32)
    assert np.array_equal(FittedRule(PLAIN).act(random), ThresholdRule(PLAIN).act(random))


@pytest.mark.parametrize(
    ("value", "worth", "margin", "builds"),
    [
        (0.3, -0.1, 0.0, 1), (0.3, 0.1, 0.0, 0), (0.1, -0.1, 0.0, 1), (0.1, 0.1, 0.0, 0),
        (0.3, 0.1, 0.2, 1), (0.1, -0.1, 0.2, 0),  # as the threshold says: the correction saves less than the margin
        (0.5, 0.1, 0.0, 1), (-0.1, -0.1, 0.0, 0),  # so far from the threshold of 0.2 nothing is corrected
    ],
)  # fmt: skip
def test_it_builds_where_that_is_worth_it(value, worth, margin, builds):
    weights = {INVEST: {"potential*next_0": worth / 3.0}}  # all of three technologies' potential is left
    assert does("invest", table(invest_value_0=value), weights, invest=margin) == builds


def test_what_credits_are_worth_grows_with_what_can_be_bought_and_the_price():
    seen = table(2, offset_room=[squashed(0.5), squashed(1.5)], log_price=[0.0, np.log(2.0)], log_offset_ratio=-0.2)
    rule = FittedRule(PLAIN, {CREDITS: {"credit_room*one": 0.1, "credit_room*log_offset_ratio": 0.2}})
    assert rule.worth(seen, CREDITS)[0] == pytest.approx([0.5 * 0.06, 1.5 * 2.0 * 0.06], rel=1e-5)
    assert rule.act(seen)[:, Action.OFFSET].tolist() == [0.0, 0.0]  # the thresholds would buy
    none_left = table(log_offset_ratio=-0.2)
    assert does("offset", none_left, {CREDITS: {"credit_room*one": 0.1}}) == 1.0  # of nothing


SURPLUS = dict(  # 0.3 of a year, all of which may be carried over; three months of 0.15
    gap=squashed(-3.0), even_trade=-1 / 1.5, volume_limit=squashed(0.15), to_deadline=2 / 24, market_open=1.0,
    borrow_right=0.15,
)  # fmt: skip


@pytest.mark.parametrize(
    ("keep", "lend", "trade"), [(0.1, 0.1, -2 / 3), (-0.1, 0.1, 0.0), (-0.1, -0.2, -1.0), (0.0, 0.0, -2 / 3)]
)
def test_it_takes_the_cheapest_way_to_trade(keep, lend, trade):
    weights = {KEEP: {"price*one": keep}, LEND: {"price*one": lend}}
    assert does("trade", table(**SURPLUS), weights) == pytest.approx(trade, abs=1e-6)
    assert does("trade", table(**SURPLUS), weights, keep=9.0) == pytest.approx(-2 / 3)
    assert does("trade", table(**SURPLUS | {"market_open": 0.0}), weights) == pytest.approx(-2 / 3)


@pytest.mark.parametrize(
    ("weights", "margins", "message"),
    [
        ({"inwest": {}}, {}, "no lever is called 'inwest'; did you mean 'invest'"),
        ({}, {"x": 0.0}, "no lever is called 'x'"),
        ({INVEST: {"price*one": 1.0}}, {}, r"no feature is called 'price\*one'"),
        ({INVEST: 3}, {}, "expected a weight for each feature"),
        ({INVEST: {FEATURES[INVEST][0]: float("nan")}}, {}, "expected a finite number"),
        ({}, {INVEST: True}, "expected a finite number"),
        ([], {INVEST: [1]}, "expected a finite number"),
        ("a", {}, "expected groups by lever"),
    ],
)
def test_weights_of_another_form_are_refused(weights, margins, message):
    with pytest.raises(ValueError, match=message):
        FittedRule(PLAIN, weights, margins)
