"""A seed fixes the whole episode, and the episodes after it."""

import gymnasium
import pytest

from tests.asserts import assert_equal_steps, assert_same
from tests.contract.scope import IDS, SCENARIOS


def pair(name, scenario):
    return [gymnasium.make(name, scenario=scenario).unwrapped for _ in range(2)]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", ["nea/KETS-v0", "nea/KETSDiscrete-v0"])
def test_whole_episodes(name, scenario):
    first, second = pair(name, scenario)
    first.action_space.seed(3)
    actions = [first.action_space.sample() for _ in range(int(first.batch.horizon[0]))]
    for episode in range(2):  # the second goes on without a seed
        seed = 17 if episode == 0 else None
        assert_same(first.reset(seed=seed), second.reset(seed=seed))
        assert_equal_steps(first, second, actions)


@pytest.mark.parametrize("name", IDS)
def test_another_seed_is_another_episode(name):
    first, second = (gymnasium.make(name).unwrapped for _ in range(2))
    first.reset(seed=1)
    second.reset(seed=2)
    action = first.action_space.sample()
    with pytest.raises(AssertionError):
        assert_equal_steps(first, second, [action] * 40)
