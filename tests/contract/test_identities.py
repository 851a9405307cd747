"""Ledger, duty and cash add up, and observations stay finite and in bounds, whatever the actions."""

import numpy as np
import pytest

from tests.asserts import assert_identities, assert_observed_in_bounds, assert_physical
from tests.contract.plans import PLANS, months
from tests.contract.scope import SCENARIOS, batch, scenario


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("seed", [0, 1_000_000])
def test_every_month_of_whole_episodes(name, seed):
    firms = batch(name, 10 * PLANS, seed)
    scale = firms.reward_scale
    assert_observed_in_bounds(firms.observe())
    before = firms.accounts()
    for actions in months(firms, seed):
        observation, reward, terminated = firms.step(actions)
        after, flows = firms.accounts(), firms.flows()
        assert_identities(before, after, flows)
        assert_physical(after, flows)
        assert_observed_in_bounds(observation)
        np.testing.assert_allclose(reward * scale, -flows["cost"], rtol=1e-12)
        before = after
    assert terminated.all()
    assert before["accrued"].max() == before["closed"].max() == 0.0, "emissions were never verified"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_row_about_to_begin_plays_no_month(name):
    firms = batch(name, PLANS)
    for actions in months(firms, 0):
        *_, terminated = firms.step(actions)
    assert terminated.all()
    observation, reward, terminated = firms.step(actions, autoreset=True)
    assert not reward.any() and not terminated.any()
    assert not any(values.any() for values in firms.flows().values())
    assert (firms.episodes == 1).all()
    firms.step(actions)
    firms.reset(firms.seeds, np.arange(PLANS) > 0)
    assert all(values[0] for key, values in firms.flows().items() if key == "emitted")
    assert not any(values[1:].any() for values in firms.flows().values())
    firms.reset(firms.seeds)
    if not scenario(name).market.quote_noise and scenario(name).policy.mode == "historical":
        np.testing.assert_array_equal(observation, firms.observe())  # the first observation knows no draw yet
