import numpy as np
import pytest

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.library import load_scenario
from nea_env.policies.linear_rule import CONSTANT, LinearRule
from nea_env.policies.play import costs, play
from nea_env.policies.replaced import REPLACEMENTS, Replaced
from nea_env.policies.rules import JustInTime

SEEDS = np.arange(40)


def observation(n=1, **values):
    table = np.zeros((n, Observation.size), np.float32)
    for name, value in values.items():
        table[:, OBS_INDEX[name]] = value
    return table


def test_each_action_is_the_weighted_sum_of_the_columns_named():
    rule = LinearRule({"offset": {"log_offset_ratio": -2.0, CONSTANT: -0.1}, "trade": {"gap": 0.5}})
    action = rule.act(observation(log_offset_ratio=-0.3, gap=0.4))[0]
    expected = np.zeros(Action.size)
    expected[Action.OFFSET], expected[Action.TRADE] = 0.5, 0.2
    assert action == pytest.approx(expected) and action.dtype == np.float32


def test_actions_are_cut_off():
    rule = LinearRule({"offset": {CONSTANT: 7.0}, "bank": {"gap": -9.0}})
    action = rule.act(observation(gap=0.5))[0]
    assert (action[Action.OFFSET], action[Action.BANK]) == (1.0, -1.0)


@pytest.mark.parametrize("name", ["kets_phase2", "linked_kets", "tms"])
def test_without_weights_of_its_own_it_is_just_in_time(name):
    scenario = load_scenario(name)
    assert np.array_equal(costs(LinearRule(), scenario, SEEDS), costs(JustInTime(), scenario, SEEDS))


def test_a_column_left_out_has_no_weight():
    short, full = {"trade": {"gap": 0.3}}, {"trade": {name: 0.3 * (name == "gap") for name in OBS_INDEX}}
    seen = np.random.default_rng(0).uniform(-1, 1, (5, Observation.size)).astype(np.float32)
    assert np.allclose(LinearRule(short).act(seen), LinearRule(full).act(seen), atol=1e-7)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"trad": {}}, "no action is called trad; did you mean 'trade'"),
        ({"trade": {"log_prize": 1.0}}, "trade: the observation has no column log_prize; did you mean 'log_price'"),
        ({"trade": {"gap": float("nan")}}, "trade.gap: nan: expected a finite number"),
        ({"trade": {"gap": True}}, "trade.gap: True: expected a finite number"),
        ({"trade": 1.0}, "trade: 1.0: expected a weight for each column"),
        (5, "weights: 5: expected a group of weights for each action"),
    ],
)
def test_a_damaged_weight_is_one_line(weights, message):
    with pytest.raises(ValueError) as refused:
        LinearRule(weights)
    assert message in str(refused.value).replace("'trad'", "trad").replace("'log_prize'", "log_prize")
    assert "\n" not in str(refused.value)


OWN = {
    "trade": {CONSTANT: -0.9}, "abate": {CONSTANT: 0.7}, "offset": {CONSTANT: 0.6}, "borrow": {CONSTANT: -0.5},
    "bank": {CONSTANT: -0.4}, "foreign": {CONSTANT: 0.3}, "output": {CONSTANT: 0.2}, "invest": {CONSTANT: 0.1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("lever", "action", "value"),
    [
        ("trade timing", "trade", 0.25), ("abatement", "abate", 0.5), ("all abatement", "abate", 0.0),
        ("offsets", "offset", 0.0), ("borrowing less", "borrow", 0.0), ("all borrowing", "borrow", -1.0),
        ("banking less", "bank", 0.0), ("foreign units", "foreign", 0.0), ("output", "output", 0.0),
        ("investment", "invest", 0.0),
    ],
)  # fmt: skip
def test_a_lever_is_replaced_and_no_other(lever, action, value):
    seen = observation(even_trade=0.25, abate_at_price=0.5)
    own, replaced = LinearRule(OWN).act(seen)[0], Replaced(LinearRule(OWN), REPLACEMENTS[lever].change).act(seen)[0]
    expected = own.copy()
    expected[Action.index[action]] = value
    assert replaced == pytest.approx(expected)
    assert own[Action.index[action]] != pytest.approx(value)


def squashed(value):
    return value / (1 + abs(value))


@pytest.mark.parametrize(
    ("gap", "left", "borrowed", "trade"),
    [
        (0.03, 2, 0.0, 0.5),  # 0.03 of a year short, 0.02 a month: of two months, the last can do 0.02
        (0.03, 1, 0.0, 1.0),
        (0.01, 1, 0.0, 0.5),
        (0.01, 3, 0.0, -0.9),  # time enough: the rule's own
        (-0.01, 1, 0.0, -0.5),  # no more is sold than there is too much
        (0.03, 1, 0.02, 0.5),  # what may be borrowed need not be bought
    ],
)
def test_the_gap_is_closed_while_there_is_time(gap, left, borrowed, trade):
    even = float(np.clip(gap / (left * 0.02), -1, 1))
    seen = observation(
        gap=squashed(10 * gap), even_trade=even, volume_limit=squashed(0.02), market_open=1.0, borrow_right=borrowed,
        to_deadline=(left - 1) / 24,
    )  # fmt: skip
    action = Replaced(LinearRule(OWN), REPLACEMENTS["duty unmet"].change).act(seen)[0]
    assert action[Action.TRADE] == pytest.approx(trade, abs=1e-4)


def test_a_rule_that_never_buys_meets_its_duty_once_the_gap_is_closed():
    scenario = load_scenario("tokyo")
    lazy = LinearRule({"abate": {"abate_at_price": 1.0}})
    forced = Replaced(lazy, REPLACEMENTS["duty unmet"].change)
    annual = scenario.firm.annual_emissions
    unmet = [float(play(rule, scenario, SEEDS).totals["penalised"].mean()) / annual for rule in (lazy, forced)]
    assert unmet[0] > 0.1 and unmet[1] < 0.01 * unmet[0]
