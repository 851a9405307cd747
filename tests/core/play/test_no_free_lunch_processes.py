"""No price process pays whoever only trades: over 100,000 paths, to four standard errors.

``test_no_free_lunch.py`` has gbm and the front's gap at length; here are the other processes of the default
set, the collar, and the two processes that do pay, which say so. Links are in ``test_no_free_lunch_links.py``.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.lowering.process_parameters import lattice
from nea_env.scenario import Scenario, months_between
from tests.core.partners import mean_and_error, played
from tests.core.play.test_no_free_lunch import DEADLINES, ERRORS, LOT, PATHS, trader, vintage

PROCESSES = {
    "gbm": {},
    "lattice": {"lattice": {"states": 61}},
    "jumps": {"jumps": {"rate": 10.9, "share": 0.8}},
    "two_regimes": {"turbulence": {"ratio": 2.5, "begins": 0.05, "ends": 1 / 12}},
    "bootstrap": {"bootstrap": {"changes": [0.24, -0.10, 0.05, 0.02, -0.44, 0.61]}},
    "collared": {"collar": {"floor": 60.0, "ceiling": 180.0}, "gap": {}},
}
START, MONTHS = "2015-12", 24  # to the second deadline
MONTHLY = math.exp(-0.03 / 12)


def priced(process: str, **frictions) -> Scenario:
    """The trader of ``test_no_free_lunch`` under another price process: no duty, no allocation and no carry right."""
    plain = trader(START, 0.30, **frictions)
    market = plain.market.model_dump() | {"law": process} | PROCESSES[process]
    return Scenario.model_validate(plain.model_dump() | {"market": market})


@pytest.fixture(scope="module", params=PROCESSES)
def run(request):
    """Price process, prices (MONTHS, PATHS) and the discounted profit (PATHS,) of trading at random."""
    return request.param, *played(priced(request.param), PATHS, MONTHS, ("long_price", "front_price"), lot=LOT)


@pytest.mark.parametrize("number", range(2))
def test_each_vintage_keeps_its_discounted_mean_to_its_own_deadline(run, number):
    process, seen, _ = run
    price = vintage(number, seen["long_price"], seen["front_price"], due())
    for month in range(1, len(price)):
        mean, error = mean_and_error(MONTHLY**month * price[month])
        assert abs(mean - 100.0) < ERRORS * error, f"{process}, month {month}: {mean} (error {error:.2g})"
        assert error > 1e-3, "nothing was at stake"


@pytest.mark.parametrize("number", range(2))
def test_no_sign_seen_before_a_month_tells_what_it_brings(run, number):
    """Gains of whoever holds a vintage only while a sign is seen, summed over its life."""
    process, seen, _ = run
    price = vintage(number, seen["long_price"], seen["front_price"], due())
    moved = np.diff(np.log(price), axis=0, prepend=math.log(100.0))
    signs = {"high": price > 100.0, "after a rise": moved > 0.0, "after a large move": abs(moved) > 0.15}
    signs["at a discount"] = price < 0.99 * seen["long_price"][: len(price)]
    present = MONTHLY ** np.arange(len(price))[:, None] * price
    for sign, holds in signs.items():
        mean, error = mean_and_error((holds[:-1] * np.diff(present, axis=0)).sum(axis=0))
        assert abs(mean) <= ERRORS * error, f"{process}, {sign}: {mean:.3g} (error {error:.2g})"


def test_trading_at_random_earns_nothing(run):
    _, _, profit = run
    mean, error = mean_and_error(profit)
    assert error > 1e-4, "nothing was at stake"
    assert abs(mean) < ERRORS * error


def due() -> list[int]:
    return [months_between(START, deadline) for deadline in DEADLINES]


@pytest.mark.parametrize("process", PROCESSES)
def test_trading_at_random_costs_the_frictions_where_there_are_any(process):
    _, free = played(priced(process), 3_000, MONTHS, lot=LOT)
    _, costly = played(priced(process, spread=0.02, impact=0.02), 3_000, MONTHS, lot=LOT)
    assert (costly <= free + 1e-9).all()
    assert (free - costly).mean() > 0.02
    mean, error = mean_and_error(costly)
    assert mean < ERRORS * error


def test_the_processes_move_as_much_and_in_another_shape():
    """The same volatility under every process but the collar's, which sets its own."""
    found = {process: played(priced(process), 5_000, MONTHS, ("long_price",))[0]["long_price"] for process in PROCESSES}
    moves = {process: np.diff(np.log(price), axis=0).ravel() for process, price in found.items()}
    for process, move in moves.items():
        if process != "collared":
            assert move.std() * 12**0.5 == pytest.approx(0.30, abs=0.012), process
    kurtosis = {process: ((move - move.mean()) ** 4).mean() / move.var() ** 2 for process, move in moves.items()}
    assert kurtosis["gbm"] == pytest.approx(3.0, abs=0.1)
    assert kurtosis["lattice"] == pytest.approx(1.0, abs=0.1)
    assert kurtosis["jumps"] > 3.5
    assert kurtosis["two_regimes"] > 3.5
    assert found["collared"].min() > 60.0


@pytest.mark.parametrize("states", [5, 61])
def test_prices_of_the_lattice_stay_on_its_nodes(states):
    plain = priced("lattice")
    where = plain.market.model_dump() | {"lattice": {"states": states}}
    scenario = Scenario.model_validate(plain.model_dump() | {"market": where})
    nodes, _ = lattice(scenario.market)
    price = played(scenario, 2_000, MONTHS, ("long_price",))[0]["long_price"]
    present = price * MONTHLY ** np.arange(MONTHS)[:, None]
    place = np.abs(present[:, :, None] / nodes - 1.0).argmin(axis=2)
    assert np.abs(present / nodes[place] - 1.0).max() < 1e-12
    step, ended = np.diff(place, axis=0), (place[:-1] == 0) | (place[:-1] == states - 1)
    assert (np.abs(step[~ended]) == 1).all()  # one node up or down a month,
    assert (step[ended] == 0).all()  # and none from either end
    assert (ended[-1].mean() > 0.9) == (states == 5)


# --- processes that pay ----------------------------------------------------------------------------
def buy_low(batch):
    """Buys below the level that prices return to, sells above it."""
    return np.where(batch.market()["long_price"] < 100.0, LOT, -1.0)


def buy_what_will_rise(batch):
    """Knows at what price trade will settle once it is not stale."""
    true = np.exp(batch.memory("log_price"))
    return np.where(true > batch.market()["long_price"] * 1.0001, LOT, -1.0)


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        ({"law": "log_ou", "reversion": {"rate": 3.0, "level": 100.0}, "gap": {}}, buy_low),
        ({"stale": 0.3, "gap": {}}, buy_what_will_rise),
    ],
    ids=["log_ou", "stale"],
)
def test_marked_processes_pay_who_buys_low_and_sells_high(terms, rule):
    fair = priced("gbm")
    paying = Scenario.model_validate(fair.model_dump() | {"market": fair.market.model_dump() | terms})
    assert not paying.market.is_martingale
    _, profit = played(paying, 20_000, MONTHS, lot=LOT, rule=rule)
    mean, error = mean_and_error(profit)
    assert mean > 5 * error
    assert mean > 0.1  # of a lot, in two years


def test_and_the_same_rule_earns_nothing_under_a_fair_process():
    _, profit = played(priced("gbm"), 50_000, MONTHS, lot=LOT, rule=buy_low)
    mean, error = mean_and_error(profit)
    assert 1e-4 < error
    assert abs(mean) < ERRORS * error


@pytest.mark.parametrize("process", PROCESSES)
def test_no_process_of_the_default_set_is_marked(process):
    assert priced(process).market.is_martingale
