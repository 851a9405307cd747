"""The rule of thresholds on observations typed in by hand, and its triggers beside those in closed form."""

import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.policies.threshold_rule import NAMES, ThresholdRule, Thresholds, as_numbers

OFF = dict(premium_left=0.0, premium_curve=0.0, credit_wait=0.0, hold=0.0, lend=0.0, credit=-9.0)


def squashed(value):
    return value / (1.0 + abs(value))


def acted(values, n=1, **thresholds):
    """What a rule without other thresholds does, (n, 8), where the observation shows these values."""
    table = np.zeros((n, Observation.size), np.float32)
    for name, value in values.items():
        table[:, OBS_INDEX[name]] = value
    return ThresholdRule(**{**OFF, **thresholds}).act(table)


def does(action, values, **thresholds):
    return float(acted(values, **thresholds)[0, Action.index[action]])


SHORT = {  # 0.3 of a year short, 0.1 a month, three months
    "gap": squashed(3.0), "even_trade": 1.0 / 1.5, "volume_limit": squashed(0.15), "to_deadline": 2 / 24,
    "market_open": 1.0,
}  # fmt: skip
LONG = SHORT | {"gap": squashed(-3.0), "even_trade": -1.0 / 1.5, "target_trade": -1.0}


def test_without_thresholds_it_is_just_in_time():
    actions = acted(SHORT | {"abate_at_price": 0.4, "invest_value_0": 0.1}, premium_0=0.2)
    assert np.allclose(actions[0], [2 / 3, 0.4, 0, 0, 0, 0, 0, 0], atol=1e-6)


def test_the_premium_falls_with_the_time_left():
    premium = {"premium_0": 0.1, "premium_left": 0.2, "premium_curve": 0.4}
    for progress, hurdle in ((0.0, 0.7), (0.5, 0.3), (1.0, 0.1)):
        for excess in (-0.01, 0.01):
            seen = {"progress": progress, "invest_value_0": hurdle + excess}
            assert does("invest", seen, **premium) == (excess > 0.0)


def test_each_technology_has_its_own_premium():
    full = {"capacity_0": 0.6, "building_0": 0.4, "invest_value_0": 3.0, "invest_value_1": 0.5}
    assert does("invest", full, premium_1=0.4) == 1.0 and does("invest", full, premium_1=0.6) == 0.0
    done = {f"capacity_{k}": 1.0 for k in range(3)}
    assert does("invest", done, premium_0=-1.0, premium_1=-1.0, premium_2=-1.0) == 0.0


@pytest.mark.parametrize(("months", "ceiling"), [(0, -0.1), (12, -0.3), (18, -0.4), (24, -0.5), (60, -0.5)])
def test_what_a_credit_may_cost_rises_towards_the_deadline(months, ceiling):
    seen = {"to_deadline": months / 24, "front_gap": np.expm1(0.05)}  # it stands in for the front, dear by 5 %
    bought = [
        does("offset", seen | {"log_offset_ratio": 0.05 + ceiling + excess}, credit=-0.1, credit_wait=0.2)
        for excess in (-0.01, 0.01)
    ]
    assert bought == [1.0, 0.0]


def test_it_keeps_what_may_be_carried_while_the_front_is_cheap():
    may = LONG | {"target_trade": 0.0, "front_gap": -0.1}
    assert does("trade", may, hold=1.0) == 0.0
    assert does("trade", may, hold=0.5) == pytest.approx(-1 / 3)
    assert does("trade", may | {"front_gap": 0.01}, hold=1.0, hold_below=0.0) == pytest.approx(-2 / 3)
    part = may | {"target_trade": -1.0}  # 0.15 of the surplus of 0.3 must go: half of the even trade
    assert does("trade", part, hold=1.0) == pytest.approx(-1 / 3)


def test_it_leaves_what_may_be_borrowed_while_the_front_is_dear():
    dear = SHORT | {"front_gap": 0.1, "borrow_right": 0.15}
    assert does("trade", dear, lend=1.0) == pytest.approx(1 / 3)  # 0.3 - 0.15 in three months of 0.15
    assert does("trade", dear, lend=1.0, lend_above=0.2) == pytest.approx(2 / 3)
    assert does("trade", dear | {"borrow_right": 0.6}, lend=1.0) == pytest.approx(
        -2 / 3
    )  # and sells what it can do without
    assert does("trade", dear | {"market_open": 0.0}, lend=1.0) == pytest.approx(2 / 3)


def test_rows_can_have_their_own_thresholds():
    actions = acted({"invest_value_0": 0.3}, n=3, premium_0=np.array([0.2, 0.4, 0.3]))
    assert actions[:, Action.INVEST].tolist() == [1.0, 0.0, 1.0]


def test_thresholds_go_by_name():
    assert as_numbers(Thresholds(hold=1)) == {name: getattr(Thresholds(hold=1.0), name) for name in NAMES}
    with pytest.raises(TypeError, match="premium_3"):
        ThresholdRule(premium_3=0.1)
