"""Credits, output and updated allocations on the laws that ship: B20 to B22.

Frictions are off. Where the price is random the same draws meet every choice and each path is compared.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.library import load_scenario
from nea_env.scenario import add_months
from tests.core.walk import Walk

QUIET = {
    "market.frictions.spread": 0.0, "market.frictions.impact": 0.0, "market.frictions.volume_share": 1.0,
    "market.frictions.season_multiple": 1.0, "firm.output_shock.volatility": 0.0, "market.gap": {},
}  # fmt: skip
BEFORE = {"pilot_beijing": {"start": "2016-01", "first": "2016", "market.price": 50.0}}  # the years that are not played
STILL = {"market.volatility": 0.0, "regime.stabilisation": {}}

# --- B20: credits ----------------------------------------------------------------------------------------------
CREDITS = {  # one period: its year, its deadline, the tonnes of credits that count, price at the start
    "kets": ("2015", "2016-06", 0.10 * 1_000_000, 10_506.0),  # a tenth of the duty
    "pilot_beijing": ("2016", "2017-06", 0.025 * 0.955 * 200_000, 50.0),  # a fortieth of the allocation
    "tokyo_p2": ("2015", "2022-01", 0.17 * 10_000 * 5 / 3, 4_500.0),  # a third of the required reduction
}


def close(walk: Walk, deadline: str, shares: np.ndarray) -> Walk:
    """Buys a share of the credits that count in the month of settlement, and what is missing in units."""
    walk.through(add_months(deadline, -1))
    credits = shares * walk.column("offset_buyable")
    return walk.play(offset=shares, tonnes=walk.column("owed") - credits - walk.column("front"))


@pytest.mark.parametrize("name", CREDITS)
def test_b20_credits_are_worth_the_whole_limit_or_nothing_path_by_path(name):
    year, deadline, room, _ = CREDITS[name]
    paths, shares = 300, np.linspace(0.0, 1.0, 6)
    law = QUIET | BEFORE.get(name, {}) | {"last": year, "market.offset.ratio": 1.0}
    law |= {"market.offset.level": 1.0}
    rows = np.tile(shares, paths)
    walk = Walk(load_scenario(name, law), len(rows), np.repeat(np.arange(paths), len(shares)))
    walk.through(add_months(deadline, -1))
    np.testing.assert_allclose(walk.column("offset_buyable"), room, rtol=1e-9)
    market = walk.batch.market()
    gain = ((market["front_price"] - market["offset_price"]) * walk.batch.discount**walk.month).reshape(paths, -1)
    close(walk, deadline, rows)
    assert walk.ended and walk.total["penalised"].max() == 0
    cost = walk.present.reshape(paths, -1)
    saved = cost[:, :1] - cost
    np.testing.assert_allclose(saved, room * shares * gain, rtol=1e-3, atol=1e-5 * room * CREDITS[name][3])
    cheaper = gain[:, 0] > 0.0
    assert 0.1 < cheaper.mean() < 0.9, "the ratio must cross one"
    np.testing.assert_array_equal(shares[np.argmin(cost, axis=1)], cheaper.astype(float))
    shadow = saved.max(axis=1) / room
    np.testing.assert_allclose(shadow, np.maximum(gain[:, 0], 0.0), rtol=1e-3, atol=1e-5 * CREDITS[name][3])


@pytest.mark.parametrize(
    ("name", "worth"),
    [("kets", 0.90 + 0.10 * 0.5), ("pilot_beijing", 1.0), ("tokyo_p2", 1.0)],  # of the price, with credits at half
)
def test_b20_a_tonne_abated_is_worth_less_where_the_limit_follows_the_duty(name, worth):
    year, deadline, _, price = CREDITS[name]
    law = QUIET | BEFORE.get(name, {}) | STILL | {"last": year, "market.offset.ratio": 0.5}
    law |= {"market.offset.level": 0.5, "market.offset.sd": 0.0}
    worths = []
    for abate in (0.0, 0.5):
        walk, spent = Walk(load_scenario(name, law)), 0.0
        while walk.date <= f"{year}-12":
            month = walk.month
            walk.play(abate=abate)
            spent += walk.batch.discount**month * walk.flows["abatement_cost"][0]
        worths.append((close(walk, deadline, np.ones(1)).present[0] - spent, walk.total["emitted"][0]))
    (cost, emitted), (lower, less) = worths
    assert less < 0.999 * emitted
    assert (cost - lower) / (emitted - less) == pytest.approx(worth * price, rel=1e-4)


# --- B21: output under a benchmark and under a fixed allocation ----------------------------------------------------
INTENSITY, PRICE, FLEXIBILITY = 0.88, 48.0, 0.3
STEP = 0.0005  # of baseline output
FLAT = QUIET | STILL | {"market.discount_rate": 0.0, "firm.own_use": 0.05}
BENCHMARKS = {  # class I, t per MWh of net supply; from 2023 of gross, of which the unit uses 5 %
    "2019": 0.877, "2020": 0.877, "2021": 0.8218, "2022": 0.8177, "2023": 0.7950 / 0.95, "2024": 0.7910 / 0.95,
}  # fmt: skip


def best_output(year: str, grid: np.ndarray, law: dict, name: str = "tps_output") -> float:
    """The output of one year, relative to baseline and constant in it, that costs least; all else at baseline."""
    walk = Walk(load_scenario(name, law), len(grid))
    due = {walk.scenario.regime.calendar[y].deadline for y in walk.scenario.periods}
    while not walk.ended:
        actions = {"output": (grid - 1.0) / FLEXIBILITY} if walk.date.startswith(year) else {}
        if walk.date in due:
            actions["tonnes"] = walk.column("owed") - walk.column("front")
        walk.play(**actions)
    assert walk.total["penalised"].max() == 0 and walk.total["lapsed"].max() < 1.0
    return float(grid[np.argmin(walk.present)])


@pytest.mark.parametrize("year", BENCHMARKS)
def test_b21_a_benchmark_taxes_output_at_the_price_of_the_excess_over_it_alone(year):
    excess = PRICE * (INTENSITY - BENCHMARKS[year])
    optimum = 1.0 - excess / 100.0  # margin_slope 100
    assert 0.95 < optimum < 1.0
    found = best_output(year, np.arange(0.95, 1.05, STEP), FLAT)
    assert found == pytest.approx(optimum, abs=0.51 * STEP)


def test_b21_an_efficient_unit_produces_more_than_without_a_carbon_price():
    law = FLAT | {"firm.emission_intensity": 0.78}
    assert best_output("2020", np.arange(0.95, 1.10, STEP), law) == pytest.approx(
        1.0 + PRICE * (0.877 - 0.78) / 100.0, abs=0.51 * STEP
    )


FIXED = {"method": "grandfathering", "correction_factor": 0.95}


@pytest.mark.parametrize(("slope", "optimum"), [(100.0, 0.70), (400.0, 1.0 - 48.0 * 0.88 / 400.0)])
def test_b21_the_same_unit_on_past_emissions_contracts_by_the_price_of_all_it_emits(slope, optimum):
    # at a slope of 100 by more than it can: 0.3; at 400 by 10.6 %, where the benchmark of 2021 leaves 0.7 %
    law = FLAT | {f"regime.allocation.{year}": FIXED for year in BENCHMARKS}
    law |= {"regime.calendar.2023.allocated": "2023-01", "regime.ranges": [], "firm.output_choice.margin_slope": slope}
    assert best_output("2021", np.arange(0.70, 1.0, STEP), law) == pytest.approx(optimum, abs=0.51 * STEP)
    benchmarked = FLAT | {"firm.output_choice.margin_slope": slope}
    excess = PRICE * (INTENSITY - BENCHMARKS["2021"]) / slope
    found = best_output("2021", np.arange(0.70, 1.0, STEP), benchmarked)
    assert found == pytest.approx(1.0 - excess, abs=0.51 * STEP)


# --- B22: allocations that follow what was verified last -------------------------------------------------------------
KOREAN_FACTOR = 0.97 * 0.8887  # KAU20: 3 % is sold, not given


def at_a_constant_price(law: dict, abate: float) -> tuple[Walk, float]:
    """KETS phase II with a price held at 20,000; abates in 2018 alone. The walk and what the abatement cost."""
    walk, spent = Walk(load_scenario("kets_phase2", QUIET | STILL | law)), 0.0
    while not walk.ended:
        month = walk.month
        walk.overwrite("log_price", math.log(20_000.0)).overwrite("price", 20_000.0)
        if walk.date in ("2019-09", "2020-09", "2021-08"):
            walk.play(tonnes=walk.column("owed") - walk.column("front"))
        else:
            walk.play(abate=abate if walk.date < "2019-01" else 0.0)
        spent += walk.batch.discount**month * walk.flows["abatement_cost"][0]
    assert walk.total["penalised"][0] == 0
    return walk, spent


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_b22_a_tonne_abated_in_2018_costs_as_much_of_kau20_as_it_is_updated(share):
    # KAU20 becomes a holding in September 2019, when 2018 is verified, and serves 23 months after KAU18
    law = {"regime.allocation.2020.update_share": share}
    (idle, _), (abating, spent) = (at_a_constant_price(law, abate) for abate in (0.0, 0.5))
    less = idle.total["emitted"][0] - abating.total["emitted"][0]
    assert less > 10_000
    assert idle.total["issued"][0] - abating.total["issued"][0] == pytest.approx(share * KOREAN_FACTOR * less, rel=1e-6)
    month = math.exp(-0.03 / 12)
    worth = 20_000 * month**20 * (1 - share * KOREAN_FACTOR * month**23)
    assert (idle.present[0] - (abating.present[0] - spent)) / less == pytest.approx(worth, rel=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_b22_updated_output_is_subsidised_by_the_units_it_earns_later(share):
    # clinker: 2021's output sets KAU23, 0.86 x 0.953 x share a tonne; all free, at a constant 23,000 without interest
    law = QUIET | STILL | {"market.discount_rate": 0.0, "market.price": 23_000.0, "last": "2023"}
    law |= {
        "firm.output_choice": {"flexibility": FLEXIBILITY, "margin_slope": 200_000.0},
        "regime.allocation.2023.classes.clinker.update_share": share,
    }
    tax = 23_000.0 * (0.88 - share * 0.86 * 0.953)
    found = best_output("2021", np.arange(0.88, 1.02, STEP), law, "kets_cement")
    assert found == pytest.approx(1.0 - tax / 200_000.0, abs=0.51 * STEP)
