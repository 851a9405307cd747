"""A scenario's own menu: the core rounds what is asked for to the nearest entry; suggestions, arrivals, book values."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.library import load_scenario

ENTRIES = [{}, {"trade": 1}, {"trade": -0.5}, {"invest": 1}, {"trade": "target"}]


def played(menu, action, months=0, **changes):
    """A firm before and after a month in which it asks for an action."""
    batch = Batch(load_scenario("kets_exact", {"menu": menu} | changes), 1)
    batch.reset(np.zeros(1, int))
    for _ in range(months):
        batch.step(np.zeros((1, 8), np.float32))
    asked = np.zeros((1, 8), np.float32)
    for name, value in action.items():
        asked[0, Action.index[name]] = value
    _, reward, _ = batch.step(asked)
    return {name: float(values[0]) for name, values in batch.flows().items()} | {"reward": float(reward[0])}


@pytest.mark.parametrize(
    ("action", "bought", "sold", "invested"),
    [
        ({"trade": 0.8}, 12_000, 0, 0),
        ({"trade": 0.4}, 0, 0, 0),  # nearer to nothing than to 1
        ({"trade": -0.3}, 0, 6_000, 0),
        ({"trade": -1.0}, 0, 6_000, 0),
        ({"invest": 0.6}, 0, 0, 4_000),
        ({"invest": 0.6, "trade": 0.9}, 12_000, 0, 0),
        ({"abate": 1.0, "bank": -1.0}, 0, 0, 0),  # as far from every entry: the first of the nearest
    ],
)
def test_what_is_asked_for_becomes_the_nearest_entry(action, bought, sold, invested):
    found = played(ENTRIES[:4], action)
    assert (found["bought"], found["sold"], found["invested"]) == pytest.approx((bought, sold, invested))


def test_what_an_action_cannot_do_counts_for_nothing():
    """Abatement of -1 is none, as is borrowing of +1 all that is permitted: neither is away from an entry without."""
    assert played(ENTRIES[:4], {"abate": -1, "borrow": 1, "bank": 1, "trade": 0.6})["bought"] == 12_000


def test_the_target_closes_the_shortfall_in_whole_lots():
    """In September 2019 120,000 t are owed, 114,084 t held: 5,916 t short, three lots of 2,000."""
    found = played(ENTRIES, {"trade": 0.24}, months=20)
    assert found["bought"] == 6_000 and found["penalised"] == 0 and found["surrendered"] == 120_000


def test_without_a_menu_nothing_is_rounded():
    assert played([], {"trade": 0.4}, **{"market.frictions.lot": 0})["bought"] == pytest.approx(4_800)


# --- what the observation adds -------------------------------------------------------------------------------


def seen(batch, name):
    return float(batch.observe()[0, OBS_INDEX[name]])


def test_capacity_is_seen_to_come_and_then_to_be_worth_something():
    """Built in January 2018 with three months to go: on line in April, two years and a half before the end, of 20."""
    batch = Batch(load_scenario("kets_exact"), 1)
    batch.reset(np.zeros(1, int))
    assert seen(batch, "to_arrival") == 0.0 and seen(batch, "book_value_0") == 0.0
    assert batch.action_mask()[0, Action.INVEST]
    action = np.zeros((1, 8), np.float32)
    action[0, Action.INVEST] = 1.0
    batch.step(action)
    assert seen(batch, "to_arrival") == pytest.approx(2 / 24) and seen(batch, "building_0") == 1.0
    assert not batch.action_mask()[0, Action.INVEST], "all is built"
    batch.step(0 * action)
    assert seen(batch, "to_arrival") == pytest.approx(1 / 24)
    batch.step(0 * action)
    assert seen(batch, "to_arrival") == 0.0 and seen(batch, "capacity_0") == 1.0
    growth, age, life = np.exp(0.03 / 12), 33 - 3, 240
    left = (1 - growth ** (age - life)) / (1 - growth**-life)
    assert seen(batch, "book_value_0") == pytest.approx(left, rel=1e-6)


def test_the_sales_shown_are_those_that_the_next_deadline_counts():
    """China counts from January 2024 over both years: what was sold in 2024 still shows in 2025."""
    batch = Batch(load_scenario("tps_exact", {"menu": [], "regime.allocation.2024.benchmark.I": 2.0}), 1)
    batch.reset(np.zeros(1, int))
    for month in range(24):
        action = np.zeros((1, 8), np.float32)
        action[0, Action.TRADE] = -0.5 if month == 17 else 0.0
        batch.step(action)
        if month == 20:
            sold = float(batch.memory("long_sales")[0])
            assert sold > 0
            assert seen(batch, "net_sales") == pytest.approx(10 * sold / 26_400 / (1 + 10 * sold / 26_400), rel=1e-5)
