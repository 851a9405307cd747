"""The spaces mirror the field tables; the menu is small, named and masked by what it needs."""

import copy
from itertools import product

import numpy as np
import pytest
from gymnasium.vector.utils import batch_space

from nea_env.core import layout
from nea_env.envs import spaces
from nea_env.envs.actions import decode_choice, decode_discrete
from nea_env.envs.spaces import CHOICES, action_space, batched, menu, menu_mask, observation_space


def test_boxes_have_the_tables_bounds():
    actions, observations = action_space("box"), observation_space("box", False)
    assert actions.shape == (8,) and observations.shape == (len(layout.OBSERVATION),)
    assert actions.dtype == observations.dtype == np.float32
    assert (actions.low == -1).all() and (actions.high == 1).all()
    assert observations.low.tolist() == [field.low for field in layout.OBSERVATION]
    assert observations.high.tolist() == [field.high for field in layout.OBSERVATION]


def test_the_menu_is_small_named_and_unique():
    names = menu()
    assert len(names) == len(set(names)) == action_space("discrete").n == 38 <= 60
    assert names[0] == "hold, none"
    assert {"even, at price", "even, at price, invest, offsets", "sell, none, invest"} <= set(names)
    assert {"even, at price, borrow none", "even, at price, bank none"} <= set(names)


def test_choices_decode_to_what_they_say():
    names = menu()
    numbers = np.arange(len(names))
    suggestions = np.stack([np.full(len(names), -0.25), np.full(len(names), 0.75)], axis=1)
    actions = decode_discrete(numbers, suggestions)
    assert actions.dtype == np.float32
    trades = {"hold": 0.0, "even": -0.25, "sell": -1.0, "buy": 1.0}
    for name, action in zip(names, actions, strict=True):
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
    singles = [decode_choice(number, suggestions[:1]) for number in range(len(names))]
    np.testing.assert_array_equal(np.concatenate(singles), actions)


def test_a_choice_is_open_when_all_it_needs_is_open():
    masks = np.array(list(product([False, True], repeat=8)))
    found = menu_mask(masks)
    assert found.shape == (256, len(CHOICES)) and found[:, 0].all()
    for mask, choices in zip(masks, found, strict=True):
        for choice, is_open in zip(CHOICES, choices, strict=True):
            trade, abate, *extras = choice.name.split(", ")
            expected = (mask[layout.Action.TRADE] or trade == "hold") and (mask[layout.Action.ABATE] or abate == "none")
            for extra in extras:
                needed = {"invest": "invest", "offsets": "offset"}.get(extra, extra.split()[0])
                expected = expected and mask[[field.name for field in layout.ACTIONS].index(needed)]
            assert is_open == expected, (choice.name, mask)


def test_masks_are_found_for_more_actions_than_a_byte_has_bits(monkeypatch):
    choices = [spaces.Choice("none", (), False, False, frozenset(needs)) for needs in ([], [1], [8], [1, 8, 16], [2])]
    monkeypatch.setattr(spaces, "CHOICES", choices)
    monkeypatch.setattr(layout.Action, "size", 17)
    monkeypatch.setattr(spaces, "_MASKS", spaces._mask_table())
    masks = np.zeros((5, 17), bool)
    masks[[1, 2, 3, 3, 3, 4, 4], [1, 8, 1, 8, 16, 1, 16]] = True
    expected = [[choice.needs <= set(np.flatnonzero(mask)) for choice in choices] for mask in masks]
    assert menu_mask(masks).tolist() == expected


@pytest.mark.parametrize("form", ["box", "discrete"])
@pytest.mark.parametrize("observe_mask", [False, True])
def test_batched_spaces_are_gymnasiums_with_shared_bounds(form, observe_mask):
    for space in (action_space(form), observation_space(form, observe_mask)):
        whole = batched(space, 5)
        assert whole == batch_space(space, 5)
        whole.seed(0)
        assert whole.sample() in whole
        assert copy.deepcopy(whole) == whole
    assert batched(observation_space("box", False), 1000).low.strides[0] == 0
