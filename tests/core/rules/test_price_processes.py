"""The processes of the price: no change of any month pays a trader, and a year moves as much as the market says.

Expectations are taken over the kernels themselves: Gauss-Hermite quadrature over the normal (exact to 1e-13
here), and the kernels' own intervals of the uniform. Simulated figures are held to four standard errors.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from nea_env.core.lowering.process_parameters import (
    CODES,
    PARAMETERS,
    bootstrap_table,
    lattice,
    lattice_odds,
    process_parameters,
)
from nea_env.core.rules.price_processes import (
    bootstrap_change,
    gbm_change,
    jump_change,
    jump_count,
    lattice_log_price,
    lattice_step,
    regime_change,
    regime_start,
    reversion_change,
)
from nea_env.scenario.market import Market, PriceProcess

GROWTH = 0.05 / 12
YEARS = 20_000
Z, WEIGHT = np.polynomial.hermite_e.hermegauss(60)
WEIGHT = WEIGHT / math.sqrt(2 * math.pi)
SECTIONS = {
    "jumps": {"rate": 10.9, "share": 0.8},
    "turbulence": {"ratio": 2.5, "begins": 0.05, "ends": 1 / 12},
    "bootstrap": {"changes": [0.24, -0.10, 0.05, 0.02, -0.44, 0.61]},
    "reversion": {"rate": 1.5, "level": 60},
}
FAIR = ("gbm", "lattice", "jumps", "two_regimes", "bootstrap")


def market(process, volatility=0.30, **sections):
    shape = {"name": "m", "title": "m", "currency": "KRW", "price": 100, "discount_rate": 0.05}
    return Market.model_validate(shape | SECTIONS | {"law": process, "volatility": volatility} | sections)


def changes(process, u, z, volatility=0.30):
    """Log changes (years, months) of a process from uniforms and normals of that shape, one uniform a year ahead."""
    m = market(process, volatility)
    c, table = process_parameters(m), bootstrap_table(m)
    state = [regime_start(c["wild_share"], x) if process == "two_regimes" else c["start"] for x in u[:, 0]]
    log_price = np.full(len(u), math.log(m.price))
    found = np.zeros(z.shape)
    for month in range(z.shape[1]):
        for i in range(len(u)):
            change, state[i] = one(process, c, table, log_price[i], state[i], u[i, month + 1], z[i, month])
            found[i, month] = change
            log_price[i] += change
    return found


def one(process, c, table, log_price, state, u, z):
    match process:
        case "gbm":
            return gbm_change(c["process_drift"], c["process_sd"], z), state
        case "lattice":
            place = lattice_step(state, c["states"], c["up_chance"], u)
            before, after = (
                lattice_log_price(0.0, age, c["growth"], at, c["states"], c["log_step"])
                for age, at in ((0, state), (1, place))
            )
            return after - before, place
        case "jumps":
            return jump_change(c["process_drift"], c["diffusion_sd"], c["jump_chance"], c["jump_sd"], u, z), state
        case "two_regimes":
            sds = c["calm_sd"], c["wild_sd"]
            return regime_change(state, c["growth"], *sds, c["begins"], c["ends"], u, z)
        case "bootstrap":
            return bootstrap_change(table, c["entries"], u), state
    return reversion_change(log_price, c["log_level"], c["pull"], c["process_sd"], z), state


def over_normals(kernel):
    """E[exp(kernel(z))] over a standard normal."""
    return math.fsum(w * math.exp(kernel(z)) for z, w in zip(Z, WEIGHT, strict=True))


def poisson(mean, n):
    return math.exp(n * math.log(mean) - mean - math.lgamma(n + 1))


@pytest.fixture(scope="module", params=FAIR)
def year(request):
    draws = np.random.default_rng(20240711)
    u, z = draws.random((YEARS, 13)), draws.standard_normal((YEARS, 12))
    return request.param, changes(request.param, u, z)


def test_every_process_of_the_schema_has_a_code_of_its_own():
    assert CODES == {name: code for code, name in enumerate(get_args(PriceProcess))}
    for process in (*FAIR, "log_ou"):
        assert process_parameters(market(process))["process"] == CODES[process]
        assert tuple(process_parameters(market(process))) == PARAMETERS


@pytest.mark.parametrize(("volatility", "states"), [(0.05, 3), (0.30, 61), (0.60, 101), (2.0, 21)])
def test_the_discounted_lattice_price_is_a_martingale_on_every_node(volatility, states):
    nodes, chances = lattice(market("lattice", volatility, lattice={"states": states}))
    assert nodes.shape == (states,) and nodes[states // 2] == pytest.approx(100, rel=1e-12)
    assert np.all(chances >= 0) and chances.sum(axis=1) == pytest.approx(1, abs=1e-15)
    assert np.max(np.abs(chances @ nodes - nodes) / nodes) < 1e-10
    assert chances[0, 0] == chances[-1, -1] == 1.0


def test_the_kernel_walks_the_lattice_as_the_matrix_says():
    m = market("lattice", lattice={"states": 5})
    c, (nodes, chances) = process_parameters(m), lattice(m)
    assert (c["start"], c["states"]) == (2.0, 5.0)
    for i in range(5):
        hit = np.zeros(5)
        for low, high in pairwise((0.0, 1.0 - c["up_chance"], 1.0)):
            place = lattice_step(float(i), 5.0, c["up_chance"], (low + high) / 2)
            price = math.exp(lattice_log_price(math.log(100), 7, GROWTH, place, 5.0, c["log_step"]))
            assert nodes[int(place)] == pytest.approx(price * math.exp(-7 * GROWTH), rel=1e-12)
            hit[int(place)] += high - low
        assert hit == pytest.approx(chances[i], abs=1e-15)
    assert lattice_step(4.0, 5.0, 0.5, 0.1) == 4.0 and lattice_step(0.0, 5.0, 0.5, 0.1) == 0.0


def test_a_month_of_gbm_grows_at_the_discount_rate_in_expectation():
    c = process_parameters(market("gbm"))
    assert over_normals(lambda z: gbm_change(c["process_drift"], c["process_sd"], z)) == pytest.approx(
        math.exp(GROWTH), abs=1e-12
    )


@pytest.mark.parametrize(("rate", "share"), [(10.9, 0.8), (0.6, 0.4), (60, 0.99)])
def test_a_month_of_jumps_grows_at_the_discount_rate_in_expectation(rate, share):
    c = process_parameters(market("jumps", jumps={"rate": rate, "share": share}))
    mean = rate / 12
    below, total = 0.0, []
    for n in range(26):  # later ones are rarer than 1e-10, and their exp(n jump_sd**2 / 2) below 1.1
        chance = poisson(mean, n)
        u = below + chance / 2
        below += chance
        if chance > 1e-14:
            assert jump_count(mean, u) == n
            numbers = c["process_drift"], c["diffusion_sd"], c["jump_chance"], c["jump_sd"], u
            total.append(chance * over_normals(lambda z, numbers=numbers: jump_change(*numbers, z)))
    assert math.fsum(total) / below == pytest.approx(math.exp(GROWTH), abs=1e-11 if rate == 60 else 1e-12)


def test_jumps_carry_their_share_of_the_variance():
    c = process_parameters(market("jumps", jumps={"rate": 12, "share": 0.5}))
    assert c["jump_chance"] == 1.0
    assert (c["jump_sd"], c["diffusion_sd"]) == pytest.approx((0.0612372, 0.0612372), abs=1e-7)  # 0.3 / root of 24
    assert c["process_drift"] == pytest.approx(GROWTH - 0.001875 - 0.001876759, abs=1e-9)  # exp(0.001875) - 1


def test_a_month_of_either_regime_grows_at_the_discount_rate_in_expectation():
    c = process_parameters(market("two_regimes"))
    assert c["wild_sd"] == pytest.approx(2.5 * c["calm_sd"], rel=1e-14)
    for wild in (0.0, 1.0):
        mean = over_normals(
            lambda z, wild=wild: regime_change(wild, GROWTH, c["calm_sd"], c["wild_sd"], 0.05, 1 / 12, 0.5, z)[0]
        )
        assert mean == pytest.approx(math.exp(GROWTH), abs=1e-12)


def test_the_regime_moves_after_the_month_by_its_chances():
    after = lambda wild, u: regime_change(wild, 0.0, 0.1, 0.2, 0.05, 0.25, u, 1.0)  # noqa: E731
    assert [after(0.0, u)[1] for u in (0.049, 0.051)] == [1.0, 0.0]
    assert [after(1.0, u)[1] for u in (0.249, 0.251)] == [0.0, 1.0]
    assert after(0.0, 0.049)[0] == pytest.approx(0.095) and after(1.0, 0.249)[0] == pytest.approx(0.18)
    assert [regime_start(0.375, u) for u in (0.374, 0.376)] == [1.0, 0.0]
    assert process_parameters(market("two_regimes"))["wild_share"] == pytest.approx(0.375)  # 0.05 / (0.05 + 0.08333)


def test_the_bootstrap_grows_at_the_discount_rate_in_expectation():
    m = market("bootstrap")
    table, entries = bootstrap_table(m), process_parameters(m)["entries"]
    assert entries == 6.0
    drawn = [bootstrap_change(table, entries, (i + 0.5) / 6) for i in range(6)]
    assert drawn == table.tolist()
    assert np.exp(drawn).mean() == pytest.approx(math.exp(GROWTH), abs=1e-12)
    assert np.std(drawn) * math.sqrt(12) == pytest.approx(0.30, abs=1e-12)
    ends = [bootstrap_change(table, entries, u) for u in (1e-10, 1 - 1e-10)]
    assert ends == [table[0], table[5]]


def test_a_bootstrap_of_two_equal_moves_is_known_by_hand():
    found = bootstrap_table(market("bootstrap", bootstrap={"changes": [3, 3, -1, -1]}))
    by_hand = [-0.0866025 - 0.0037453, -0.0866025 - 0.0037453, 0.0866025 - 0.0037453, 0.0866025 - 0.0037453]
    assert found == pytest.approx(np.array(by_hand) + GROWTH, abs=1e-7)  # log cosh 0.0866025 = 0.0037453


def test_simulated_prices_are_martingales(year):
    process, moves = year
    for months in (1, 12):
        gain = np.exp(moves[:, :months].sum(axis=1) - months * GROWTH) - 1
        assert abs(gain.mean()) < 4 * gain.std() / math.sqrt(YEARS), f"{process}, {months} months"


def test_a_simulated_year_has_the_market_s_volatility(year):
    process, moves = year
    total = moves.sum(axis=1)
    spread = (total - total.mean()) ** 2
    error = spread.std() / math.sqrt(YEARS) / (2 * 0.30)
    assert abs(math.sqrt(spread.mean()) - 0.30) < 4 * error, process
    assert error < 0.004


@pytest.mark.parametrize("volatility", [0.05, 0.30, 0.60, 1.2])
def test_a_year_has_the_market_s_variance_in_closed_form(volatility):
    target = volatility**2
    c = process_parameters(market("jumps", volatility))
    assert 12 * (c["diffusion_sd"] ** 2 + c["jump_chance"] * c["jump_sd"] ** 2) == pytest.approx(target, rel=1e-12)
    c = process_parameters(market("lattice", volatility))
    up = c["up_chance"]
    assert 12 * 4 * up * (1 - up) * c["log_step"] ** 2 == pytest.approx(target, rel=1e-12)
    assert process_parameters(market("two_regimes", volatility))["wild_sd"] > volatility / math.sqrt(12)
    assert year_variance(process_parameters(market("two_regimes", volatility))) == pytest.approx(target, rel=1e-12)


def year_variance(c):
    """Of 12 months of two regimes, month by month from each regime's chance, mean and second moment of the sum."""
    variance = np.array([c["calm_sd"] ** 2, c["wild_sd"] ** 2])
    drift = -variance / 2
    moves = np.array([[1 - c["begins"], c["begins"]], [c["ends"], 1 - c["ends"]]])
    chance = np.array([1 - c["wild_share"], c["wild_share"]])
    first = second = np.zeros(2)  # of the sum so far, times the chance of being in the regime
    for _ in range(12):
        second = (second + 2 * first * drift + chance * (drift**2 + variance)) @ moves
        first = (first + chance * drift) @ moves
        chance = chance @ moves
    return second.sum() - first.sum() ** 2


def test_lattice_odds_are_known_by_hand():
    step, up = lattice_odds(0.0866025)  # s = sd cosh(s / 2), about sd (1 + sd**2 / 8)
    assert step == pytest.approx(0.0866839, abs=1e-7) and up == pytest.approx(0.4783426, abs=1e-7)
    assert lattice_odds(0.0) == (0.0, 0.5)


def test_log_ou_settles_around_its_level():
    c = process_parameters(market("log_ou", 0.45))
    assert c["process_sd"] ** 2 / (1 - (1 - c["pull"]) ** 2) == pytest.approx(0.0675, abs=1e-12)  # 0.45**2 / (2 x 1.5)
    assert reversion_change(math.log(60), c["log_level"], c["pull"], c["process_sd"], 0.0) == pytest.approx(
        0, abs=1e-15
    )
    draws = np.random.default_rng(3)
    n = 4000
    logs = math.log(100) + changes("log_ou", draws.random((n, 37)), draws.standard_normal((n, 36)), 0.45).sum(axis=1)
    left = math.log(100 / 60) * math.exp(-4.5)  # three years at 1.5 a year
    variance = 0.0675 * (1 - math.exp(-9))
    assert abs(logs.mean() - math.log(60) - left) < 4 * math.sqrt(variance / n)
    assert abs(logs.var() - variance) < 4 * variance * math.sqrt(2 / n)


@pytest.mark.parametrize("process", [*FAIR, "log_ou"])
def test_without_volatility_the_price_follows_its_drift(process):
    moves = changes(process, np.full((1, 4), 0.3), np.ones((1, 3)), 0.0)
    if process == "log_ou":
        assert math.log(100) + moves.sum() == pytest.approx(math.log(60) + math.log(100 / 60) * math.exp(-0.375))
    else:
        assert moves == pytest.approx(GROWTH, abs=1e-15)


def test_a_process_without_a_code_is_refused():
    unknown = market("gbm").model_copy(update={"law": "heston"})
    with pytest.raises(ValueError, match=r"^market.law: heston: no kernel plays this price process; allowed: gbm, "):
        process_parameters(unknown)


def test_processes_that_cannot_be_say_so():
    with pytest.raises(ValueError, match=r"bootstrap.changes: all are equal"):
        bootstrap_table(market("bootstrap", bootstrap={"changes": [0.1] * 4}))
    with pytest.raises(ValueError, match=r"jumps: 0.1 a year with a share of 0.9 have a sd of 1.8, at most 1"):
        process_parameters(market("jumps", 0.6, jumps={"rate": 0.1, "share": 0.9}))
    with pytest.raises(ValueError, match=r"volatility: 4.85 is more than a lattice"):
        lattice_odds(1.4)


def test_another_process_has_no_table():
    assert bootstrap_table(market("gbm")).shape == (0,)


def test_the_count_of_jumps_ends_whatever_the_uniform():
    assert jump_count(5.0, 2.0) == 40
    assert jump_count(0.0, 1.0) == 0
