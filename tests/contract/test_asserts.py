"""Each assertion of tests/asserts.py is fed something deliberately broken, and must fail."""

import copy

import gymnasium
import numpy as np
import pytest

from nea_env.core import layout
from nea_env.envs.firm import FirmEnv
from tests import asserts
from tests.contract.plans import adversarial_actions
from tests.contract.scope import SCENARIOS, batch

NAME = SCENARIOS[0]
TONNES = (*asserts.LEDGER_IN, *asserts.LEDGER_OUT, *asserts.DUTY_IN, *asserts.DUTY_OUT)


@pytest.fixture(scope="module")
def month():
    """Accounts before, accounts after and flows of a month in which much happens: the last."""
    firms = batch(NAME, 24)
    rng = np.random.default_rng(0)
    for number in range(int(firms.horizon[0])):
        before = firms.accounts()
        firms.step(adversarial_actions(firms, number, rng))
    return before, firms.accounts(), firms.flows()


def test_the_untouched_month_passes(month):
    asserts.assert_identities(*month)
    asserts.assert_physical(*month[1:])


@pytest.mark.parametrize("name", sorted({*TONNES, *asserts.MONEY, "cost"}))
def test_identities_catch_a_flow_off_by_a_millionth(month, name):
    before, after, flows = copy.deepcopy(month)
    flows[name][5] += 1e-6 * max(1.0, np.abs([values[5] for values in flows.values()]).max())
    with pytest.raises(AssertionError, match="row 5"):
        asserts.assert_identities(before, after, flows)


@pytest.mark.parametrize("name", [name for name in layout.ACCOUNTS if name != "debt"])
def test_identities_catch_a_leaking_account(month, name):
    before, after, flows = copy.deepcopy(month)
    after[name][3] += 1e-2
    before[name][3] += 0.0
    scale = max(values[3] for values in before.values())
    after[name][3] += 1e-7 * scale
    with pytest.raises(AssertionError, match="row 3"):
        asserts.assert_identities(before, after, flows)


@pytest.mark.parametrize(("value", "what"), [(-1.0, "negative"), (np.nan, "finite")])
def test_physical_catches_negative_and_nan(month, value, what):
    _, after, flows = copy.deepcopy(month)
    flows["bought"][0] = value
    with pytest.raises(AssertionError, match=f"bought is .*{what}"):
        asserts.assert_physical(after, flows)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -1e9])
def test_observation_bounds_catch(value):
    observation = batch(NAME, 2).observe()
    asserts.assert_observed_in_bounds(observation)
    observation[1, 0] = value
    with pytest.raises(AssertionError, match="progress"):
        asserts.assert_observed_in_bounds(observation)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1.0}, {"b": 1.0}),
        ([1, 2], [1]),
        (1, 1.0),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros(2), np.array([0.0, 5e-324])),
        (np.array([None, np.zeros(1)], object), np.array([None, np.ones(1)], object)),
    ],
)
def test_same_catches(first, second):
    asserts.assert_same(first, copy.deepcopy(first))
    with pytest.raises(AssertionError):
        asserts.assert_same(first, second)


class Forgetful(FirmEnv):
    """Lets bad actions through after having changed."""

    def step(self, action):
        if not np.isfinite(action).all():
            self.batch.step(np.ones((1, 8), np.float32))
            raise ValueError("action is not finite, but too late")
        return super().step(action)


class Drifting(FirmEnv):
    """Draws a little from outside the seed."""

    def step(self, action):
        observation, reward, *rest = super().step(action)
        return observation, reward + 1e-12 * np.random.default_rng().random(), *rest


class Lenient(FirmEnv):
    """Takes NaN for zero."""

    def step(self, action):
        return super().step(np.nan_to_num(action))


def test_refusal_catches_a_late_and_a_missing_check():
    bad, good = np.full(8, np.nan, np.float32), np.zeros(8, np.float32)
    for broken in (Forgetful(NAME), Lenient(NAME)):
        broken.reset(seed=0)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            asserts.assert_rejected_unharmed(broken, bad, good)


def test_equal_steps_catches_drift():
    sound, broken = FirmEnv(NAME), Drifting(NAME)
    for env in (sound, broken):
        env.reset(seed=0)
    with pytest.raises(AssertionError, match="step 0"):
        asserts.assert_equal_steps(sound, broken, [sound.action_space.sample()])


class Boastful:
    """A batch whose mask claims that an action which matters does not."""

    def __init__(self, inner, action):
        self.inner, self.action = inner, action

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def action_mask(self):
        mask = self.inner.action_mask()
        mask[:, self.action] = False
        return mask


@pytest.mark.parametrize("action", [layout.Action.ABATE, layout.Action.INVEST])
def test_honest_mask_catches_a_live_action_under_a_mask(action):
    rng = np.random.default_rng(1)
    actions = np.full((12, 8), 0.5, np.float32)
    asserts.assert_mask_is_honest(batch(NAME, 12), actions, rng)
    with pytest.raises(AssertionError, match="masked action matters"):
        asserts.assert_mask_is_honest(Boastful(batch(NAME, 12), action), actions, rng)


def test_honest_mask_catches_an_empty_mask():
    class Silent(Boastful):
        def action_mask(self):
            return np.zeros((2, 8), bool)

    with pytest.raises(AssertionError, match="no action"):
        asserts.assert_mask_is_honest(Silent(batch(NAME, 2), 0), np.zeros((2, 8), np.float32), np.random.default_rng(0))


def test_gymnasium_checker_would_notice_a_reused_observation():
    class Reusing(FirmEnv):
        def step(self, action):
            observation, *rest = super().step(action)
            self.kept = getattr(self, "kept", observation)
            self.kept[:] = observation
            return self.kept, *rest

    env = Reusing(NAME)
    env.spec = gymnasium.spec("nea/KETS-v0")
    from gymnasium.utils.env_checker import check_returned_data_not_reused

    with pytest.raises(AssertionError, match="share an object"):
        check_returned_data_not_reused(env)
