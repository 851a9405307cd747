"""Bounds of the state's columns: every state that firms come to keeps to them, and one that does not is refused."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import nea_env
from nea_env.core.batch import Batch
from nea_env.core.layout import FLOWS, QUEUE, STATE, WORLD, Action, State
from nea_env.library import load_scenario

ROWS = 48
OTHER_MARKETS = [{"market.law": process} for process in ("lattice", "jumps", "two_regimes", "log_ou")]
OTHER_MARKETS += [{"market.frictions.permanent_impact": 0.5}]
EVERY = [(name, {}) for name in nea_env.scenarios()] + [("kets", changes) for changes in OTHER_MARKETS]
EVERY += [("pilot_chongqing", {"market.law": "equilibrium"})]

WITHOUT_BOUNDS = {
    "_state": {
        "log_price", "log_offset_ratio", "news", "quote_error", "log_output",
        "net_sales", "long_sales", "reference_sum",
    },
    "_world": {"pressure", *(f"{name}_{k}" for name in ("log_foreign", "log_fx", "place") for k in (0, 1))},
    "_flows": {"allowance_cost", "foreign_cost", "operating_cost", "closing_cost", "cost"},
}  # fmt: skip
TABLES = {"_state": STATE, "_world": WORLD, "_flows": FLOWS}


def random_firms(generator):
    """Actions (ROWS, A) month by month: even draws, one end or the other, firms with habits, and stubborn ones."""
    habits = generator.uniform(-1, 1, (ROWS, Action.size))
    kind = (np.arange(ROWS) % 4)[:, None]
    while True:
        drawn = generator.uniform(-1, 1, habits.shape)
        chosen = [drawn, np.sign(drawn), habits + 0.3 * drawn, np.sign(habits)]
        yield np.choose(kind, chosen).astype(np.float32)


def played(name, changes, months):
    """A batch of random firms in every month of its episodes, and of some of the next ones."""
    batch = Batch(load_scenario(name, changes), ROWS, threads=1)
    batch.reset(np.arange(ROWS))
    firms = random_firms(np.random.default_rng(1))
    for _ in range(months):
        batch.step(next(firms), autoreset=True)
        yield batch


@pytest.mark.parametrize(
    ("name", "changes"), EVERY, ids=lambda value: value if isinstance(value, str) else str(value or "as shipped")
)
def test_no_state_that_firms_come_to_is_refused(name, changes):
    months = int(Batch(load_scenario(name, changes), 1).horizon[0]) + 24
    for batch in played(name, changes, months):
        batch.check_state(batch.get_state())


def outside():
    """Every column that has bounds, with numbers beyond them and the words for what is allowed."""
    for array, table in TABLES.items():
        for index, field in enumerate(table):
            if field.low > -np.inf:
                yield array, index, field.name, field.low - 0.5, f"{field.low:g} "
            if field.high < np.inf:
                yield array, index, field.name, field.high + 1.0, f"to {field.high:g}"
            if field.whole:
                yield array, index, field.name, 0.5, "whole number"


@pytest.fixture(scope="module")
def linked():
    *_, batch = played("linked_kets", {}, 30)
    return batch


@pytest.mark.parametrize(("array", "index", "name", "value", "allowed"), list(outside()))
def test_a_number_out_of_its_range_is_refused(array, index, name, value, allowed, linked):
    before, state = linked.get_state(), linked.get_state()
    state[array][7, index] = value
    with pytest.raises(ValueError, match="saved state: ") as caught:
        linked.set_state(state)
    for word in (f"{array} {name} is {value} in row 7: expected", allowed):
        assert word in str(caught.value)
    for key, values in linked.get_state().items():
        assert np.array_equal(values, before[key])


@pytest.mark.parametrize("value", [1e16, -1e300])
@pytest.mark.parametrize("name", ["log_price", "log_output", "log_offset_ratio", "quote_error"])
def test_logs_stay_where_their_exponentials_are_finite(name, value, linked):
    state = copy.deepcopy(linked.get_state())
    state["_state"][1, [field.name for field in STATE].index(name)] = value
    bound = 50 if name == "log_output" else 300
    with pytest.raises(ValueError, match=rf"_state {name} is .* in row 1: expected -{bound} to {bound}"):
        linked.set_state(state)


@pytest.mark.parametrize("name", ["front", "debt", "net_sales", "offset_buyable", "closed_0"])
def test_no_number_is_too_large_to_go_on_from(name):
    linked = Batch(load_scenario("linked_kets"), 2, threads=1)
    linked.reset([1, 2])
    state = linked.get_state()
    state["_state"][:, [field.name for field in STATE].index(name)] = 1e30
    linked.set_state(state)
    for _ in range(int(linked.horizon[0])):
        observation, reward, _ = linked.step(np.full((linked.n, Action.size), 0.3, np.float32))
        assert np.isfinite(observation).all() and np.isfinite(reward).all()
    state["_state"][0, [field.name for field in STATE].index(name)] = 1e31
    with pytest.raises(ValueError, match=rf"_state {name} is 1e\+31 in row 0: expected (0|-1e\+30) to 1e\+30"):
        linked.set_state(state)


def test_no_price_is_too_small_to_go_on_from(linked):
    least, batch = copy.deepcopy(linked.get_state()), copy.deepcopy(linked)
    least["_state"][:, [State.PRICE, State.FRONT_RATIO]] = [STATE[State.PRICE].low, STATE[State.FRONT_RATIO].low]
    least["_state"][:, State.AUCTION_ROOM] = least["_state"][:, State.AUCTION_PRICE] = 1.0
    batch.set_state(least)
    assert np.isfinite(batch.observe()).all()
    observation, reward, _ = batch.step(np.full((batch.n, Action.size), 0.3, np.float32))
    assert np.isfinite(observation).all() and np.isfinite(reward).all()


def test_the_columns_without_bounds_are_those_that_can_be_anything():
    for array, table in TABLES.items():
        free = {field.name for field in table if field.low == -np.inf and field.high == np.inf and not field.whole}
        assert free == WITHOUT_BOUNDS[array]


@pytest.mark.parametrize(
    ("array", "place", "value", "words"),
    [
        ("_state", (4, State.PRICE), 0.0, ("_state price is 0.0 in row 4", "1e-131 to 1e+30")),
        ("_state", (3, State.FRONT_RATIO), 0.0, ("_state front_ratio is 0.0 in row 3", "1e-131 to 1e+30")),
        (
            "_state",
            (4, State.BUILDING + 1),
            1.0,
            ("sum of _queue for technology 1", "row 4", "_state building_1, 1,"),
        ),
        ("_queue", (5, QUEUE + 2), 1e9, ("sum of _queue for technology 1 is 1", "in row 5", "_state building_1, ")),
        ("_queue", (5, QUEUE + 2), 3e38, ("sum of _queue for technology 1 is 3", "in row 5")),
        ("_state", (4, State.CAPACITY), 1e9, ("capacity_0 + building_0 is ", "in row 4", "the technology's potential")),
        ("_queue", (5, 3), -1.0, ("the least of _queue is -1.0 in row 5", "0 or more")),
        ("_history", (6, 2), -20.0, ("the least of _history is -20.0 in row 6", "0 or more")),
    ],
)
def test_capacity_construction_and_past_prices_have_bounds_too(array, place, value, words, linked):
    state = copy.deepcopy(linked.get_state())
    state[array][place] = value
    with pytest.raises(ValueError, match="saved state: ") as caught:
        linked.set_state(state)
    for word in words:
        assert word in str(caught.value)


def test_a_place_off_the_lattice_of_prices_is_refused():
    *_, batch = played("kets", {"market.law": "lattice", "market.lattice.states": 9}, 3)
    state = batch.get_state()
    state["_world"][2, [field.name for field in WORLD].index("node")] = 9.0
    with pytest.raises(ValueError, match=r"_world node is 9.0 in row 2: expected a place on the grid"):
        batch.set_state(state)
