"""The spaces mirror the field tables and the menus."""

import copy

import numpy as np
import pytest
from gymnasium.vector.utils import batch_space

from nea_env.core import layout
from nea_env.envs.spaces import action_space, batched, observation_space


def test_boxes_have_the_tables_bounds():
    actions, observations = action_space("box"), observation_space("box", False)
    assert actions.shape == (8,) and observations.shape == (len(layout.OBSERVATION),)
    assert actions.dtype == observations.dtype == np.float32
    assert (actions.low == -1).all() and (actions.high == 1).all()
    assert observations.low.tolist() == [field.low for field in layout.OBSERVATION]
    assert observations.high.tolist() == [field.high for field in layout.OBSERVATION]


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
