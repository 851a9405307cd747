"""Prices that come out of the laws: shipped markets start at the price that was seen, and policy moves it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.aggregate.scale import calibrated_scale, start_price, with_scale
from nea_env.policies.market_compliance import chances

SHIPPED = {
    "kets": 10506, "tps": 48, "tps_steel": 62.36, "tokyo": 10000, "saitama": 10000, "gx_ets": 3000,
    "pilot_beijing": 53.01, "pilot_fujian": 35, "pilot_guangdong": 62.32, "pilot_hubei": 24.34,
    "pilot_shanghai": 36.13, "pilot_shenzhen": 67.67, "pilot_tianjin": 31.28,
}  # fmt: skip


def price(scenario: str, overrides: dict | None = None) -> float:
    """Start price on a small grid."""
    return start_price(solve(problem(load_scenario(scenario, overrides or {}), banks=41, shocks=3)))


@pytest.mark.parametrize(("scenario", "seen"), SHIPPED.items())
def test_shipped_markets_start_at_their_price(scenario, seen):
    chain = solve(problem(load_scenario(scenario)))
    assert start_price(chain) == pytest.approx(seen, rel=0.01)
    assert chain.running.min() >= 0.0
    assert chain.running.max() <= max(chain.problem.shortage_price.max(), chain.problem.terminal.max()) * (1 + 1e-12)


@pytest.mark.parametrize(("scenario", "ratio"), [("pilot_hubei", 0.5), ("kets", 0.8)])
def test_fewer_months_end_on_one_price_where_credits_come_at_many(scenario, ratio):
    step, line = {"market.aggregate.offset_spread": 0.005}, {}

    def standing(overrides):
        chain = solve(problem(load_scenario(scenario, overrides)))
        market, found = chain.problem, chances(chain)[:-1]
        on = np.abs(chain.running[:-1] / market.offset_price[:, None, None] - 1) < 0.0051
        return float((found * on).sum(axis=(1, 2))[: market.months - 60].mean())

    assert standing(line) < ratio * standing(step)


def test_more_credits_lower_a_price_that_starts_among_them_by_more_than_on_a_step():
    twice = {"market.aggregate.offset_supply": 0.012}

    def falls(spread):
        own = {"market.aggregate.offset_spread": spread}
        return 1 - price("kets", own | twice) / price("kets", own)

    assert falls(0.215) > 1.02 * falls(0.005)


def test_after_the_last_month_credits_meet_abatement_too():
    """A further year of 2019's flows in Hubei: 0.01 credits between 0.255 and 1.745 of their middle price."""
    market = problem(load_scenario("pilot_hubei"), shocks=1)
    price = market.terminal[:, 0]
    among = (price > 0.255 * market.offset_price[-1]) & (price < 1.745 * market.offset_price[-1])
    among &= price < market.shortage_price[market.year_end > 0][-1]
    assert among.sum() > 10
    credits = 0.01 * (price / market.offset_price[-1] - 0.255) / 1.49
    supply, emissions = market.supply[-1] + market.auctioned[-1], market.emissions[-1]
    abated = np.log1p(price / market.scale) / market.steepness
    left = market.banks + 12 * (supply - emissions * (1 - abated)) + credits
    assert left[among] == pytest.approx(0.0, abs=1e-9)


def test_the_scale_is_found_again():
    scenario = load_scenario("pilot_fujian")
    scale = calibrated_scale(with_scale(scenario, 5.0), banks=41, shocks=3)
    again = start_price(solve(problem(with_scale(scenario, scale), banks=41, shocks=3)))
    assert again == pytest.approx(35, rel=1e-3)
    late = {"start": "2016-01", "first": "2016", "market.price": 1.5}
    with pytest.raises(ValueError, match=r"none gives 1\.5"):
        calibrated_scale(load_scenario("pilot_chongqing", late), banks=21, shocks=3)


@pytest.mark.parametrize(
    ("scenario", "overrides", "sign"),
    [
        ("kets", {"regime.allocation.2016.correction_factor": 0.9}, 1),
        ("kets", {"regime.allocation.2020.correction_factor": 0.95}, -1),
        ("kets", {"regime.banking.2017.limit": "unlimited"}, 1),  # units that would lapse are kept
        ("kets", {"regime.borrowing.2015.share": 0.0, "regime.borrowing.2016.share": 0.0}, 1),
        ("kets", {"regime.penalty.2017.multiple": 1.0, "regime.penalty.2020.multiple": 1.0}, -1),
        ("kets", {"market.aggregate.offset_supply": 0.05}, -1),
        ("kets", {"market.aggregate.path.2018": 1.05}, -1),
        ("tps", {"regime.allocation.2021.benchmark.I": 0.85}, -1),
        ("tps", {"regime.offsets.2019.ccer.limit_share": 0.0}, 1),
        ("tokyo", {"regime.allocation.2010.reduction_factor.I-1": 0.04}, -1),
        ("tokyo", {"regime.allocation.2015.reduction_factor.I-1": 0.10}, -1),
        ("pilot_beijing", {"regime.penalty.2019.multiple": 1.0}, -1),
        ("pilot_beijing", {"market.aggregate.buy_back": 0.0}, -1),
        ("pilot_shenzhen", {"market.aggregate.buy_back": 0.0}, -1),
        ("pilot_hubei", {"regime.penalty.2016.deducted": 0.0}, -1),
        ("gx_ets", {"market.collar.ceiling": 3500}, -1),
        ("gx_ets", {"market.collar.floor": 2500}, 1),
    ],
)
def test_policy_moves_the_price(scenario, overrides, sign):
    assert sign * (price(scenario, overrides) - price(scenario)) > 0.002 * price(scenario)


def test_the_limit_of_april_2017_lowers_that_vintage_alone():
    """Seen: from 26,500 in February to 20,800 and more, a fifth. Long firms' room alone would give more than half."""
    free = {f"regime.banking.{year}.limit": "unlimited" for year in range(2017, 2023)}
    believed, ruled = (
        problem(load_scenario("kets", free | change), banks=61, shocks=3)
        for change in ({}, {"regime.banking.2017.limit": "deducted_above_base"})
    )
    long_alone = replace(ruled, carry_base=0.5 * ruled.carry_base)
    before, *after = (solve(months) for months in (believed, ruled, long_alone))
    april = chances(before)[27]  # where a market that expected to carry all of it stands by then

    def worth(chain, prices):
        return sum(
            april[:, state] @ np.interp(believed.banks, chain.problem.banks, prices[27, :, state]) for state in range(3)
        )

    falls = [worth(chain, chain.running) / worth(before, before.running) - 1 for chain in after]
    assert -0.30 < falls[0] < -0.10
    assert falls[1] < -0.40
    assert abs(worth(after[0], after[0].after) / worth(before, before.after) - 1) < 0.04


def test_a_market_is_solved_in_less_than_ten_seconds():
    months = problem(load_scenario("kets"))
    began = time.perf_counter()
    solve(months)
    assert time.perf_counter() - began < 10.0
