"""A firm is the same bit for bit alone, in a small batch, in a large one, and whatever its place."""

import numpy as np
import pytest

from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from tests.asserts import assert_same
from tests.contract.plans import months
from tests.contract.scope import MAIN, SCENARIOS, batch, scenario

ROWS = (0, 7, 500, 999)


@pytest.mark.parametrize("name", SCENARIOS)
def test_rows_of_a_thousand_are_firms_alone(name):
    many = batch(name, 1000, seed=40)
    alone = {row: batch(name, 1, seed=40 + row) for row in ROWS}
    for actions in months(many, 3):
        played = many.step(actions)
        flows = many.flows()
        for row, one in alone.items():
            found = one.step(actions[row : row + 1])
            assert_same(tuple(part[0] for part in found), tuple(part[row] for part in played), f"row {row}")
            for key, values in one.flows().items():
                assert values[0] == flows[key][row], (row, key)


@pytest.mark.parametrize("name", MAIN)
def test_the_single_environment_is_a_row_of_three(name):
    single = FirmEnv(scenario(name))
    vector = FirmVectorEnv(3, scenario(name), autoreset_mode="Disabled")
    observation, _ = vector.reset(seed=11)
    first, _ = single.reset(seed=13)
    np.testing.assert_array_equal(first, observation[2])
    for actions in months(vector.batch, 5):
        observation, reward, terminated, _, info = vector.step(actions)
        one, gained, over, _, told = single.step(actions[2])
        np.testing.assert_array_equal(one, observation[2])
        assert (gained, over) == (reward[2], terminated[2])
        np.testing.assert_array_equal(told["action_mask"], info["action_mask"][2])
        assert single.accounts() == {key: values[2] for key, values in vector.accounts().items()}
        assert single.flows() == {key: values[2] for key, values in vector.flows().items()}
    assert over


@pytest.mark.parametrize("name", MAIN)
def test_the_parallel_kernel_is_the_serial_one(name):
    serial, parallel = batch(name, 1500, threads=1), batch(name, 1500, threads=2)
    for actions in months(serial, 8):
        assert_same(parallel.step(actions), serial.step(actions))
    assert_same(parallel.get_state(), serial.get_state())
