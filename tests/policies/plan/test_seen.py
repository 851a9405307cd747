"""A firm tells its books from its observations as the core keeps them."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import SLOTS, TECHS, State
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import Event, Month
from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.plan.books import books_of
from nea_env.policies.plan.seen import Seen, unsquashed

SHOWN = ("front", "next", "offsets", "accrued", "owed", "debt", "net_sales", "price", "strike", "old")


def test_unsquashed_is_the_inverse():
    for y in (-3.0, -0.2, 0.0, 0.7, 12.0):
        assert unsquashed(y / (1.0 + abs(y))) == pytest.approx(y)


@pytest.mark.parametrize("name", ["kets", "tps"])  # prices in Tokyo are quotes
def test_books_are_those_of_the_core(name):
    scenario = load_scenario(name)
    tables, batch, rule = lowered(scenario).tables[0], Batch(scenario, 1), make_rule("lever_rule", scenario)
    observation = batch.reset(np.array([3]))
    seen, year = Seen(tables), scenario.firm.annual_emissions
    for t in range(tables.horizon):
        books, (true,) = seen.books(t, observation[0].astype(float)), books_of(batch)
        event = int(tables.monthly[t, Month.DEADLINE_EVENT])
        counts_long = event >= 0 and tables.events[event, Event.BANK_LONG_SALES] > 0.0
        for column in SHOWN:
            place = State.LONG_SALES if column == "net_sales" and counts_long else State.index[column]
            assert books.state[place] == pytest.approx(true.state[place], rel=1e-4, abs=1e-4 * year), (t, column)
        for place in (State.CAPACITY + k for k in range(TECHS)):
            assert books.state[place] == pytest.approx(true.state[place], rel=1e-4, abs=1.0)
        assert np.abs(books.queue - true.queue).max() < 1.0
        for k in range(SLOTS):
            for column in (State.CLOSED_OUTPUT, State.PREALLOCATED):
                assert books.state[column + k] == pytest.approx(true.state[column + k], rel=1e-3, abs=1e-3 * year)
            assert books.state[State.CLOSED + k] == pytest.approx(true.state[State.CLOSED + k], rel=0.03, abs=1.0)
        observation, _, _ = batch.step(rule.act(observation))
