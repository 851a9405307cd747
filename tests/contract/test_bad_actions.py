"""A bad action is one ValueError and changes nothing, in both faces and both forms."""

import numpy as np
import pytest

from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.envs.menu import MENU
from tests.asserts import assert_rejected_unharmed, assert_same

K = len(MENU)
SCENARIOS = ("kets", "linked_tokyo")  # without links, and with two that are open from the start


def spoilt(value, dtype=float):
    action = np.zeros(8, dtype)
    action[3] = value
    return action


BAD_BOX = [
    spoilt(np.nan), spoilt(np.inf), spoilt(-np.inf), spoilt(np.nan, np.float32), spoilt(np.inf, np.float32),
    np.zeros(7), np.zeros(9), np.zeros((1, 8)), np.float32(0), 0, None, "abate", [0.0] * 7, [[0.0], 1.0],
    np.zeros(8, complex), np.zeros(8, bool), np.array([None] * 8),
]  # fmt: skip
BAD_ROW = [action for action in BAD_BOX if isinstance(action, np.ndarray) and action.shape == (8,)]
BAD_BATCH = [np.zeros(8), np.zeros((2, 8)), np.zeros((4, 8)), np.zeros((3, 7)), np.zeros((8, 3)), None]
BAD_CHOICES = [[0, 1, K], [0, -1, 2], [0, 1], [0.0, 1.0, 2.0], 1, [[0, 1, 2]], [0, None, 1]]
BAD_CHOICE = [-1, K, 10**12, 1.5, np.float64(1), np.nan, np.array([1]), [0], None, "hold", True]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("action", BAD_BOX, ids=repr)
def test_single_box(action, scenario):
    env = FirmEnv(scenario)
    env.reset(seed=0)
    assert_rejected_unharmed(env, action, np.full(8, 0.4))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("action", BAD_CHOICE, ids=repr)
def test_single_discrete(action, scenario):
    env = FirmEnv(scenario, "discrete")
    env.reset(seed=0)
    assert_rejected_unharmed(env, action, 3)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("action", BAD_ROW, ids=repr)
def test_vector_box(action, row, scenario):
    env = FirmVectorEnv(3, scenario)
    env.reset(seed=0)
    actions = np.zeros((3, 8), np.asarray(action).dtype)
    actions[row] = action
    assert_rejected_unharmed(env, actions, np.full((3, 8), 0.4))


@pytest.mark.parametrize("actions", BAD_BATCH)
def test_vector_box_shapes(actions):
    env = FirmVectorEnv(3, "kets")
    env.reset(seed=0)
    assert_rejected_unharmed(env, actions, np.full((3, 8), 0.4))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("actions", BAD_CHOICES, ids=repr)
def test_vector_discrete(actions, scenario):
    env = FirmVectorEnv(3, scenario, "discrete")
    env.reset(seed=0)
    assert_rejected_unharmed(env, actions, np.array([1, 2, 3]))


@pytest.mark.parametrize("scale", [1.0, 3.0, 1e30, 1e300])
def test_finite_actions_are_cast_and_clipped(scale):
    env, twin = FirmEnv("kets"), FirmEnv("kets")
    env.reset(seed=0)
    twin.reset(seed=0)
    wild = scale * np.array([1, -1, 1, 0.5, -0.25, 0, 1, -1])
    tame = np.clip(wild, -1, 1).astype(np.float32)
    assert_same(env.step(wild), twin.step(tame))
    assert_same(env.step(wild.tolist()), twin.step(tame))
    if scale < 1e38:
        assert_same(env.step(wild.astype(np.float32)), twin.step(tame))
    vector = FirmVectorEnv(2, "kets")
    vector.reset(seed=0)
    wide = vector.step(np.stack([wild, wild]))
    vector.reset(seed=0)
    assert_same(vector.step(np.stack([tame, tame])), wide)


def test_the_caller_keeps_its_array():
    env, vector = FirmEnv("kets"), FirmVectorEnv(2, "kets")
    env.reset(seed=0)
    vector.reset(seed=0)
    one, two = np.full(8, 2.0, np.float32), np.full((2, 8), 2.0, np.float32)
    env.step(one)
    vector.step(two)
    assert (one == 2.0).all() and (two == 2.0).all()
