"""Closed forms of a frictionless firm, on plain price arrays and on arrays from `nea_env.price_paths`.

No regime and no simulator: a toy firm that trades at the prices in the array. Banking and timing are judged in
expectation, so a martingale must pay nothing and a mean-reverting price must pay what the chain says.
"""

from __future__ import annotations

import numpy as np
import pytest

import nea_env
from nea_env.scenario import Bootstrap, Jumps, Reversion, Turbulence
from nea_env.solvers.closed_form.banking import value_of_free_banking
from nea_env.solvers.closed_form.execution import cost_of_even_purchases
from nea_env.solvers.closed_form.uncertainty import expected_compliance_cost, gain_from_volatility
from tests.core import scenarios as made

RATE, VOLATILITY, START = 0.05, 0.3, 60.0
YEARS = np.arange(5)
SHORTFALL, SLOPE, BANK = 10.0, 4.0, 20.0  # a year; marginal cost SLOPE x abatement; bank at the start
PATHS = 60_000  # of the environments; plain arrays are cheap
PLAIN = 400_000


def geometric(rate: float, volatility: float, dt: float, steps: int, n: int, seed: int) -> np.ndarray:
    """(n, steps) prices from START on whose discounted values are martingales."""
    z = np.random.default_rng(seed).standard_normal((n, steps - 1))
    logs = np.cumsum((rate - volatility**2 / 2) * dt + volatility * dt**0.5 * z, axis=1)
    return START * np.exp(np.pad(logs, ((0, 0), (1, 0))))


def yearly_paths(volatility: float, n: int) -> np.ndarray:
    """(n, 5) yearly long prices of a GBM scenario with frictions off."""
    where = made.market(START, rate=RATE, volatility=volatility)
    return nea_env.price_paths(made.scenario(made.regime(2015, 2019), where=where), n)["long_price"][:, 12 * YEARS]


def cost(prices: np.ndarray, bank: np.ndarray | None = None) -> np.ndarray:
    """(n,) discounted cost of a firm short of SHORTFALL a year that abates until its marginal cost is the price.

    ``bank`` (n, 5): units held after each year's trade, none after the last; default: all sold at once.
    """
    held = np.zeros_like(prices) if bank is None else bank
    assert (held[:, -1] == 0).all() and (held >= 0).all()
    abated = prices / SLOPE
    before = np.hstack([np.full((len(prices), 1), BANK), held[:, :-1]])
    bought = SHORTFALL - abated + held - before
    return ((prices * bought + SLOPE * abated**2 / 2) * np.exp(-RATE * YEARS)).sum(axis=1)


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / len(values) ** 0.5)


# --- B3: the exact optimum of banking at a Markov price -------------------------------------------------
STATES, MONTHS, ROOM = 31, 36, 50.0


def rouwenhorst(persistence: float, sd: float, states: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes about zero and transition of the chain with an AR(1)'s moments (Rouwenhorst 1995)."""
    p = (1 + persistence) / 2
    chain = np.array([[p, 1 - p], [1 - p, p]])
    for size in range(3, states + 1):
        grown = np.zeros((size, size))
        grown[:-1, :-1] += p * chain
        grown[:-1, 1:] += (1 - p) * chain
        grown[1:, :-1] += (1 - p) * chain
        grown[1:, 1:] += p * chain
        grown[1:-1] /= 2
        chain = grown
    edge = sd * (states - 1) ** 0.5
    return np.linspace(-edge, edge, states), chain


@pytest.fixture(scope="module")
def reverting() -> tuple[np.ndarray, np.ndarray, float]:
    """Prices, monthly transition and discount factor of the log-OU chain: 1.5 a year, 0.45, about 60."""
    nodes, chain = rouwenhorst(np.exp(-1.5 / 12), 0.45 / (2 * 1.5) ** 0.5, STATES)
    return START * np.exp(nodes), chain, np.exp(-RATE / 12)


def test_b3_full_or_empty_bank(reverting):
    worth = value_of_free_banking(*reverting, ROOM, MONTHS)
    assert worth[STATES // 2] == pytest.approx(1002.5069, abs=5e-5)


def test_b3_no_path_of_banks_on_a_grid_does_better(reverting):
    prices, chain, discount = reverting
    banks = np.linspace(0, ROOM, 11)
    now = prices[:, None] * banks
    value = now  # what is left is sold at the end
    for _ in range(MONTHS):
        value = now + (discount * chain @ value - now).max(axis=1, keepdims=True)
    np.testing.assert_allclose(value[:, 0], value_of_free_banking(*reverting, ROOM, MONTHS), rtol=1e-11)
    gain = value[STATES // 2] - value[STATES // 2, 0]
    np.testing.assert_allclose(gain, START * banks, atol=1e-9)  # a unit held is worth its price, no more


PERSISTENCE, NEWS = np.exp(-1.5 / 12), 0.45 * ((1 - np.exp(-2 * 1.5 / 12)) / (2 * 1.5)) ** 0.5


def expected_gains(logs: np.ndarray) -> np.ndarray:
    """What a unit held for a month is expected to gain, of log prices over the level, were prices continuous."""
    return START * (np.exp(-RATE / 12 + PERSISTENCE * logs + NEWS**2 / 2) - np.exp(logs))


def test_b3_on_paths_holding_when_a_gain_is_expected_earns_the_formula():
    """The continuous log-OU; the chain's 1002.5069 has the same moments and lies within 2 % of it."""
    nodes = np.linspace(-9, 9, 20_001)
    weights = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    spread = [NEWS * ((1 - PERSISTENCE ** (2 * t)) / (1 - PERSISTENCE**2)) ** 0.5 for t in range(MONTHS)]
    terms = [np.exp(-RATE / 12 * t) * weights @ np.maximum(expected_gains(spread[t] * nodes), 0) for t in range(MONTHS)]
    formula = ROOM * sum(terms)
    assert formula == pytest.approx(1002.5069, rel=0.02)
    where = made.market(START, rate=RATE, volatility=0.45)
    where = where.model_copy(update={"law": "log_ou", "reversion": Reversion(rate=1.5, level=START)})
    prices = nea_env.price_paths(made.scenario(made.regime(2015, 2017), where=where), PATHS)["long_price"]
    mean, error = mean_and_error(timing_gain(prices[:, : MONTHS + 1], expected_gains(np.log(prices / START)) > 0))
    assert mean == pytest.approx(formula, abs=4 * error)
    assert error < 0.005 * formula


def timing_gain(prices: np.ndarray, hold: np.ndarray) -> np.ndarray:
    """(n,) discounted gain of holding ROOM units over each month that ``hold`` says at its start."""
    months = prices.shape[1] - 1
    worth = prices * np.exp(-RATE / 12 * np.arange(months + 1))
    return ROOM * (np.diff(worth, axis=1) * hold[:, :months]).sum(axis=1)


PROCESSES = {
    "gbm": {},
    "lattice": {},
    "jumps": {"jumps": Jumps(rate=7, share=0.5)},
    "two_regimes": {"turbulence": Turbulence(ratio=2, begins=0.08, ends=0.08)},
    "bootstrap": {"bootstrap": Bootstrap(changes=(-0.4, -0.1, 0.0, 0.1, 0.2))},
}


@pytest.mark.parametrize("process", PROCESSES)
def test_b3_is_worth_nothing_under_a_process_of_the_default_set(process):
    where = made.market(START, rate=RATE, volatility=0.45).model_copy(update={"law": process} | PROCESSES[process])
    prices = nea_env.price_paths(made.scenario(made.regime(2015, 2017), where=where), PATHS // 3)["long_price"]
    prices = prices[:, : MONTHS + 1]
    assert np.log(prices[:, 12] / prices[:, 0]).std() == pytest.approx(0.45, abs=0.02)
    fallen = np.diff(prices, axis=1, prepend=prices[:, :1]) < 0
    for hold in (expected_gains(np.log(prices / START)) > 0, fallen, ~fallen):
        mean, error = mean_and_error(timing_gain(prices, hold))
        assert abs(mean) < 4 * error


# --- B4: a martingale leaves nothing to time -------------------------------------------------------------
FIRM = {"price": START, "years": YEARS, "slope": SLOPE, "rate": RATE}
B4 = expected_compliance_cost(shortfalls=[SHORTFALL] * 5, bank=BANK, volatility=VOLATILITY, **FIRM)  # -1235.717
B5 = gain_from_volatility(volatility=VOLATILITY, **FIRM)  # 542.861


def banks(prices: np.ndarray) -> dict[str, np.ndarray]:
    """Ways to hold a bank: sell at once, keep to the end, buy when the price has fallen, buy when it has risen."""
    keep = np.full_like(prices, BANK)
    change = np.diff(prices, axis=1, prepend=prices[:, :1])
    found = {"keep": keep, "fallen": 50.0 * (change < 0), "risen": 50.0 * (change > 0)}
    for bank in found.values():
        bank[:, -1] = 0.0
    return found


@pytest.fixture(scope="module", params=["plain arrays", "price_paths"])
def martingale(request) -> np.ndarray:
    """(n, 5) yearly prices at volatility 0.3, drawn here or taken from the environments."""
    if request.param == "plain arrays":
        return geometric(RATE, VOLATILITY, 1.0, 5, PLAIN, seed=4)
    return yearly_paths(VOLATILITY, PATHS)


def test_b4_expected_cost(martingale):
    mean, error = mean_and_error(cost(martingale))
    assert error < (4.0 if len(martingale) == PLAIN else 10.0)
    assert mean == pytest.approx(B4, abs=4 * error)


@pytest.mark.parametrize("way", ["keep", "fallen", "risen"])
def test_b4_every_bank_costs_the_same(martingale, way):
    mean, error = mean_and_error(cost(martingale, banks(martingale)[way]) - cost(martingale))
    assert 0 < error < 0.02 * -B4
    assert abs(mean) < 4 * error


def test_b4_has_the_power_to_see_a_drift(martingale):
    """One per cent a year too much, and keeping the bank pays."""
    drifting = martingale * np.exp(0.01 * YEARS)
    mean, error = mean_and_error(cost(drifting, banks(drifting)["keep"]) - cost(drifting))
    assert mean < -6 * error


# --- B5: risk is worth something to a firm that can answer it ----------------------------------------------
def test_b5_without_risk():
    certain = geometric(RATE, 0.0, 1.0, 5, 1, seed=5)
    assert cost(certain)[0] == pytest.approx(B4 + B5, rel=1e-12)  # -692.856
    np.testing.assert_allclose(yearly_paths(0.0, 2), np.repeat(certain, 2, axis=0), rtol=1e-12)


def test_b5_gain_from_volatility(martingale):
    mean, error = mean_and_error(B4 + B5 - cost(martingale))
    assert mean == pytest.approx(B5, abs=4 * error)


# --- B12: a deficit bought under quadratic impact (Almgren and Chriss 2001) ---------------------------------
STEPS, DEFICIT, IMPACT = 12, 120.0, 0.5


@pytest.fixture(scope="module", params=["plain arrays", "price_paths"])
def monthly(request) -> np.ndarray:
    """(n, 12) monthly prices, undiscounted martingales."""
    if request.param == "plain arrays":
        return geometric(0.0, VOLATILITY, 1 / 12, STEPS, PLAIN, seed=12)
    where = made.market(START, rate=0.0, volatility=VOLATILITY)
    return nea_env.price_paths(made.scenario(made.regime(2015, 2015), where=where), PATHS)["long_price"][:, :STEPS]


def execute(prices: np.ndarray, news: float, even: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """(n,) cost and (n,) impact's part of it: even purchases of what is expected to be missing, or half of it a month.

    ``news``: sd of what is learnt of the deficit after each trade but the last.
    """
    draws = np.random.default_rng(120).standard_normal((len(prices), STEPS))
    missing, impact, bill = np.full(len(prices), DEFICIT), np.zeros(len(prices)), np.zeros(len(prices))
    for step in range(STEPS):
        left = STEPS - step
        bought = missing / (left if even or left == 1 else 2.0)
        bill += prices[:, step] * bought
        impact += IMPACT * bought**2 / 2
        missing = missing - bought + (news * draws[:, step] if left > 1 else 0.0)
    assert abs(missing).max() < 1e-9
    return bill + impact, impact


@pytest.mark.parametrize(("news", "expected"), [(0.0, 7500.0), (4.0, 7512.079)])
def test_b12_recursion_and_formula(news, expected):
    slope, fixed = IMPACT / 2, 0.0  # V(missing) = START missing + slope missing^2 + fixed, with one step left
    for _ in range(STEPS - 1):
        fixed += slope * news**2
        slope = slope * (IMPACT / 2) / (slope + IMPACT / 2)
    assert START * DEFICIT + slope * DEFICIT**2 + fixed == pytest.approx(expected, abs=1e-3)
    assert cost_of_even_purchases(START, DEFICIT, IMPACT, STEPS, news) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("news", "expected"), [(0.0, 7500.0), (4.0, 7512.079)])
def test_b12_even_execution(monthly, news, expected):
    total, impact = execute(monthly, news)
    mean, error = mean_and_error(total)
    assert mean == pytest.approx(expected, abs=4 * error)
    mean, error = mean_and_error(impact)  # the price is a martingale: all that is to be saved
    assert mean == pytest.approx(expected - START * DEFICIT, abs=4 * error + 5e-4)
    assert error < 0.3


def test_b12_haste_costs_more(monthly):
    mean, error = mean_and_error(execute(monthly, 4.0, even=False)[0] - execute(monthly, 4.0)[0])
    assert mean > 4 * error
