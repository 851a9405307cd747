"""The menus of the discrete form: small, named, decoded with the month's suggestions, masked by what choices need."""

import copy
import pickle
from itertools import product

import gymnasium as gym
import numpy as np
import pytest

from nea_env.core import layout
from nea_env.envs.menu import MENU, Choice, Menu, menu_of
from nea_env.envs.spaces import action_space
from nea_env.library import load_scenario
from nea_env.scenario import ScenarioError


class Suggesting:
    """Firms that all get the same suggestions."""

    def __init__(self, n, even, at_price, target):
        self.even, self.target = np.tile([even, at_price], (n, 1)), np.full(n, target)

    def suggestions(self):
        return self.even

    def target_trade(self):
        return self.target


def test_the_menu_is_small_named_and_unique():
    names = tuple(MENU)
    assert len(names) == len(set(names)) == len(MENU) == action_space("discrete").n == 38 <= 60
    assert MENU[0] == "hold, none" and MENU[:2] == names[:2] and MENU == names
    assert {"even, at price", "even, at price, invest, offsets", "sell, none, invest"} <= set(names)
    assert {"even, at price, borrow none", "even, at price, bank none"} <= set(names)
    assert MENU[MENU.just_in_time] == "even, at price"


def test_choices_decode_to_what_they_say():
    firms = Suggesting(len(MENU), -0.25, 0.75, 0.5)
    actions = MENU.decode(np.arange(len(MENU)), firms)
    assert actions.dtype == np.float32
    trades = {"hold": 0.0, "even": -0.25, "sell": -1.0, "buy": 1.0}
    for name, action in zip(MENU, actions, strict=True):
        trade, abate, *extras = name.split(", ")
        expected = np.zeros(8)
        expected[layout.Action.TRADE] = trades[trade]
        expected[layout.Action.ABATE] = 0.75 if abate == "at price" else 0.0
        expected[layout.Action.INVEST] = "invest" in extras
        expected[layout.Action.OFFSET] = "offsets" in extras
        expected[layout.Action.BORROW] = -("borrow none" in extras)
        expected[layout.Action.BANK] = -("bank none" in extras)
        expected[layout.Action.FOREIGN] = float("foreign buy" in extras) - ("foreign sell" in extras)
        expected[layout.Action.OUTPUT] = 0.2 * (("output more" in extras) - ("output less" in extras))
        assert action.tolist() == expected.astype(np.float32).tolist(), name
    singles = [MENU.decode_one(number, firms) for number in range(len(MENU))]
    np.testing.assert_array_equal(np.concatenate(singles), actions)


def test_a_choice_is_open_when_all_it_needs_is_open():
    masks = np.array(list(product([False, True], repeat=8)))
    found = MENU.mask(masks)
    assert found.shape == (256, len(MENU)) and found[:, 0].all()
    for mask, choices in zip(masks, found, strict=True):
        for choice, is_open in zip(MENU.choices, choices, strict=True):
            trade, abate, *extras = choice.name.split(", ")
            expected = (mask[layout.Action.TRADE] or trade == "hold") and (mask[layout.Action.ABATE] or abate == "none")
            for extra in extras:
                needed = {"invest": "invest", "offsets": "offset"}.get(extra, extra.split()[0])
                expected = expected and mask[[field.name for field in layout.ACTIONS].index(needed)]
            assert is_open == expected, (choice.name, mask)


def test_masks_are_found_for_more_actions_than_a_byte_has_bits(monkeypatch):
    choices = [Choice("none", (), "", False, frozenset(needs)) for needs in ([], [1], [8], [1, 8, 16], [2])]
    monkeypatch.setattr(layout.Action, "size", 17)
    menu = Menu(choices)
    masks = np.zeros((5, 17), bool)
    masks[[1, 2, 3, 3, 3, 4, 4], [1, 8, 1, 8, 16, 1, 16]] = True
    expected = [[choice.needs <= set(np.flatnonzero(mask)) for choice in choices] for mask in masks]
    assert menu.mask(masks).tolist() == expected


# --- a scenario's own menu ---------------------------------------------------------------------------------


def test_a_scenario_brings_its_own_menu():
    scenario = load_scenario("tps_exact")
    menu = menu_of(scenario)
    assert menu[:3] == ("idle", "trade target", "trade 1") and menu[-1] == "trade -1, abate 1"
    assert 6 <= len(menu) == len(scenario.menu) <= 10
    assert menu[menu.just_in_time] == "trade target"
    actions = menu.decode(np.arange(len(menu)), Suggesting(len(menu), 0.1, 0.5, 0.25))
    np.testing.assert_array_equal(actions[:, layout.Action.TRADE], np.float32([0, 0.25, 1, -1, 0, 0.25, 1, -1]))
    np.testing.assert_array_equal(actions[:, layout.Action.ABATE], np.float32([0, 0, 0, 0, 1, 1, 1, 1]))
    np.testing.assert_array_equal(menu.decode_one(5, Suggesting(1, 0.1, 0.5, 0.25)), actions[5:6])
    shut = np.ones((1, 8), bool)
    shut[0, layout.Action.TRADE] = False
    assert menu.mask(shut)[0].tolist() == [True, False, False, False, True, False, False, False]
    assert menu_of(load_scenario("tps")) is MENU


def test_menus_can_be_copied_and_pickled():
    menu = menu_of(load_scenario("kets_exact"))
    for other in (copy.deepcopy(menu), pickle.loads(pickle.dumps(menu))):
        assert other == menu and hash(other) == hash(menu)
        np.testing.assert_array_equal(other.mask(np.ones((1, 8), bool)), menu.mask(np.ones((1, 8), bool)))


def test_rows_that_choose_by_number_have_one_menu():
    mixed = {"num_envs": 4, "scenario": ["kets", "kets_exact"]}
    with pytest.raises(ValueError, match=r"kets and kets_exact have different menus .* expected action_form='box'"):
        gym.make_vec("nea_env:nea/KETSDiscrete-v0", **mixed)
    assert gym.make_vec("nea_env:nea/KETS-v0", **mixed).num_envs == 4


@pytest.mark.parametrize(
    ("menu", "why"),
    [
        ([{"trade": 1}], "no entry does nothing: expected one that is {}"),
        ([{}, {"trade": 1}, {"trade": 1.0}], "entry 2 (trade 1) is listed twice: expected each joint action once"),
        ([{}, {"trade": 2}], "2"),
        ([{}, {"trade": "most"}], "expected a number from -1 to 1, even or target"),
    ],
)
def test_a_menu_that_cannot_be_played_is_refused(menu, why):
    with pytest.raises(ScenarioError) as error:
        load_scenario("kets_exact", {"menu": menu})
    assert why in str(error.value) and "menu" in str(error.value)
