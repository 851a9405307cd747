"""A state goes back only into a batch that it belongs to, whole and in range; a refusal changes nothing."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import WORLD, State, World
from nea_env.library import load_scenario
from tests.asserts import assert_same

N = 4


def begun(scenario, n=N, **kwargs):
    batch = Batch(scenario, n, threads=1, **kwargs)
    batch.reset(np.arange(n))
    for month in range(5):
        batch.step(np.full((n, 8), 0.1 * month, np.float32))
    return batch


@pytest.fixture(scope="module")
def kets():
    return load_scenario("kets")


def spoilt(name, value, row=2):
    """What changes one entry of a saved state."""

    def spoil(state):
        state[name] = state[name].copy()
        state[name][row] = value

    return spoil


def replaced(name, made):
    def spoil(state):
        state[name] = made(state[name])

    return spoil


def with_state(column, value):
    def spoil(state):
        state["_state"][2, column] = value

    return spoil


BAD = {
    "output beyond all numbers": (with_state(State.LOG_OUTPUT, 90.0), "log_output is 90.0 in row 2"),
    "more carried once than held": (with_state(State.OLD, 1e12), "_state old is 1000000000000.0 in row 2: expected at"),
    "more auctioned than held": (with_state(State.AUCTIONED, 1e12), "_state auctioned is 1000000000000.0 in row 2"),
    "more traded than held": (with_state(State.TRADED, 1e12), "_state traded is 1000000000000.0 in row 2"),
    "month before the start": (spoilt("_months", -1), "_months is -1"),
    "month after the end": (spoilt("_months", 500), "_months is 500 in row 2"),
    "at the end, yet not ended": (spoilt("_months", 140), "_months is 140 in row 2"),
    "negative seed": (spoilt("seeds", -3), "seeds is -3"),
    "negative episode": (spoilt("episodes", -1), "episodes is -1"),
    "last number of an episode": (spoilt("episodes", 2**63 - 1), f"episodes is {2**63 - 1} in row 2: expected 0 to"),
    "too large a number of an episode": (spoilt("episodes", 2**62), f"episodes is {2**62} in row 2"),
    "NaN in the books": (spoilt("_state", np.nan), "_state holds NaN"),
    "infinite flow": (spoilt("_flows", np.inf), "_flows holds NaN or infinity"),
    "law of no scenario": (spoilt("_pick", 1), "_pick is 1 in row 2"),
    "law before the first": (spoilt("_pick", -1), "_pick is -1"),
    "other dtype": (replaced("_state", lambda a: a.astype(np.float32)), "_state is an array of float32"),
    "integers as floats": (replaced("_months", lambda a: a.astype(float)), "_months is an array of float64"),
    "other shape": (replaced("_queue", lambda a: a[:, :-1]), "_queue is an array"),
    "other size": (replaced("seeds", lambda a: a[:-1]), "seeds is an array"),
    "no array": (replaced("_ended", lambda a: a.tolist()), "_ended is list"),
    "objects": (replaced("_ended", lambda a: a.astype(object)), "_ended is an array of object"),
    "missing": (lambda state: state.pop("_history"), "_history is missing"),
    "unknown": (lambda state: state.update(extra=np.zeros(N)), "'extra' is not known"),
    "no fingerprint": (lambda state: state.pop("fingerprint"), "fingerprint is missing"),
    "other fingerprint": (replaced("fingerprint", lambda a: np.array("0" * 64)), "another scenario"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_impossible_state_is_refused_and_nothing_changes(case, kets):
    spoil, message = BAD[case]
    batch = begun(kets)
    before = batch.get_state()
    state = begun(kets).get_state()
    spoil(state)
    with pytest.raises(ValueError, match="saved state") as caught:
        batch.set_state(state)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert_same(batch.get_state(), before)


@pytest.mark.parametrize("bad", [None, 3, [], "state", [("seeds", 1)]], ids=repr)
def test_what_is_no_state_is_refused(bad, kets):
    with pytest.raises(ValueError, match=r"saved state is .* expected a dict"):
        begun(kets).set_state(bad)


def test_a_state_of_another_scenario_of_the_same_shape_is_refused(kets):
    batch = begun(kets)
    dearer = load_scenario("kets", {"market.price": 2.0 * kets.market.price})
    for other in (begun(dearer), begun([kets, dearer], scenario_of=[0, 0, 1, 1]), begun(kets, N + 1)):
        with pytest.raises(ValueError, match="another scenario, another number of rows"):
            batch.set_state(other.get_state())
        with pytest.raises(ValueError, match="another scenario, another number of rows"):
            other.set_state(batch.get_state())
    swapped = begun([kets, dearer], scenario_of=[1, 1, 0, 0])
    with pytest.raises(ValueError, match="another scenario"):
        swapped.set_state(begun([kets, dearer], scenario_of=[0, 0, 1, 1]).get_state())


def test_a_state_of_an_equal_scenario_is_taken(kets):
    again = load_scenario("kets").model_copy(deep=True)
    batch = begun(kets)
    other = Batch(again, N, threads=1)
    other.set_state(batch.get_state())
    assert_same(other.get_state(), batch.get_state())


@pytest.mark.parametrize(
    ("column", "value"), [(World.NODE, 1e6), (World.NODE, -1.0), (World.NODE, 0.5), (World.SHOCK, 99.0)]
)
def test_a_place_off_the_grid_of_an_equilibrium_is_refused(column, value):
    batch = begun(load_scenario("pilot_chongqing", {"market.law": "equilibrium"}))
    state = batch.get_state()
    batch.set_state(state)
    state["_world"][1, column] = value
    with pytest.raises(ValueError, match=f"_world {WORLD[column].name} is {value} in row 1"):
        batch.set_state(state)


def test_drawn_laws_stay_within_their_scenario(kets):
    drawn = load_scenario("kets_randomised", {"policy.draws": 4})
    batch = begun([drawn, kets], scenario_of=[0, 0, 0, 1])
    state = batch.get_state()
    batch.set_state(state)
    state["_pick"][0] = 4  # the other scenario's law
    with pytest.raises(ValueError, match="_pick is 4 in row 0"):
        batch.set_state(state)


def test_a_saved_state_shares_nothing_with_its_batch(kets):
    batch = begun(kets)
    state, before = batch.get_state(), batch.get_state()
    for values in state.values():
        values[...] = np.zeros((), values.dtype)
    assert_same(batch.get_state(), before)


def test_episodes_that_a_state_may_have_can_be_counted_on_from(kets):
    batch = begun(kets)
    state = batch.get_state()
    state["episodes"][:] = 2**62 - 1
    batch.set_state(state)
    batch.reset()
    assert batch.episodes.tolist() == [2**62] * N


@pytest.mark.parametrize(
    ("seed", "episode", "message"),
    [(1, 2**63 - 1, f"episodes is {2**63 - 1}"), (1, -1, "episodes is -1"), (-5, 3, "seeds is -5")],
)
def test_a_key_that_cannot_be_counted_on_from_is_refused(seed, episode, message, kets):
    batch = begun(kets)
    before = batch.get_state()
    rows = np.array([False, True, False, False])
    with pytest.raises(ValueError, match=f"new key: {message} in row 0"):
        batch.rekey(rows, np.full(N, seed), np.full(N, episode))
    assert_same(batch.get_state(), before)
    batch.rekey(~rows, np.array([1, seed, 1, 1]), np.array([1, episode, 1, 1]))  # what is not taken may be anything


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_has_its_own_books(duplicate, kets):
    batch = begun(kets)
    before = batch.get_state()
    duplicate(batch).step(np.ones((N, 8), np.float32))
    assert_same(batch.get_state(), before)
