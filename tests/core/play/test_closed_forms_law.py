"""Closed forms that the law's own rules bring about: fines, the deficit cap, carry-over for net sales, borrowing.

The market is put where a theorem wants it by setting the front's ratio to the long price in the deadline's month.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.scenario import Abatement, BankingRule, BorrowingRule, PenaltyRule
from nea_env.solvers.closed_form.abatement import ExponentialMarginalCost, abatement_under_deficit_cap
from nea_env.solvers.closed_form.banking import borrowing_at_no_interest, carry_over_for_net_sales
from nea_env.solvers.closed_form.penalty import gap_worth_a_lump_sum, reservation_price
from tests.core import scenarios as made
from tests.core.walk import Walk

LAST = "2016-05"  # the month before the deadline of 2015's units


# --- B16: when default is cheaper -------------------------------------------------------------------------
def comply_or_default(penalty: PenaltyRule, gap: float, *, years=1, paths=1, **market):
    """Discounted cost (paths,) of buying the gap in the deadline's month, and of letting it be; and both walks."""
    law = made.regime(2015, 2014 + years, penalty=penalty)
    firm = made.firm(base=1_000_000.0, path={"2015": 1 + gap / 1e6})
    walks = []
    for bought in (gap + 0.5, 0.0):
        walk = Walk(made.scenario(law, firm, made.market(**({"price": 48.0} | market))), paths).through(LAST)
        walks.append(walk.play(tonnes=bought).to_end(trade="even"))
    return walks[0].present, walks[1].present, walks


@pytest.mark.parametrize(("gap", "defaults"), [(500.0, False), (620.0, False), (630.0, True), (10_000.0, True)])
def test_b16_lump_sum_default_iff_the_gap_is_worth_more_than_the_fine(gap, defaults):
    assert (gap > gap_worth_a_lump_sum(48.0, 30_000.0)) == defaults  # 625 t
    comply, default, walks = comply_or_default(PenaltyRule(lump_sum=30_000.0), gap)
    assert (default < comply)[0] == defaults
    assert default[0] == pytest.approx(30_000.0)
    assert walks[1].total["penalised"][0] == pytest.approx(gap, abs=0.5)


@pytest.mark.parametrize("gap", [500.0, 10_000.0, 200_000.0])
@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_b16_deduction_makes_the_fine_the_price_of_a_loan(gap, rate):
    # never at a martingale price, and it costs just the fine
    assert gap < gap_worth_a_lump_sum(48.0, 30_000.0, deducted=48.0) == math.inf
    comply, default, walks = comply_or_default(PenaltyRule(lump_sum=30_000.0, deducted=1.0), gap, years=2, rate=rate)
    paid = 30_000.0 * math.exp(-rate * 17 / 12)
    assert (default - comply)[0] == pytest.approx(paid, abs=0.5 * 48)  # half a tonne more was bought than lacked
    assert walks[1].total["deducted"][0] == pytest.approx(gap, abs=0.5)


def test_b16_three_times_the_mean_is_worth_a_default_only_above_it():
    penalty = PenaltyRule(multiple=3.0, mean_months=12, mean_until="2015-12")
    comply, default, walks = comply_or_default(penalty, 10_000.0, paths=4_000, price=100.0, volatility=1.5)
    fined = walks[1].total["penalty_cost"] / walks[1].total["penalised"]  # the strike
    price = walks[0].flows["allowance_cost"] / walks[0].flows["bought"]
    cheaper = default < comply
    np.testing.assert_array_equal(cheaper, price > reservation_price(fined) * (1 + 1e-4))
    assert 0 < cheaper.mean() < 0.2, "the test needs paths on either side"


# --- B17: the deficit cap ------------------------------------------------------------------------------------
SCALE, STEEPNESS, MOST = 20.0, 18.3, 0.15


UNIT = ExponentialMarginalCost(SCALE, STEEPNESS, 1.0, MOST)


def capped(emissions: float, grid: np.ndarray) -> Walk:
    """A is 1 Mt; duty is at most A + 0.2 E. One row for each share abated all year."""
    law = made.regime(2015, 2015, allocation=made.benchmarked(1.0 / (emissions / 1e6), deficit_cap=0.2, pre_share=0.7))
    curve = Abatement(scale=SCALE, steepness=STEEPNESS, max_share=MOST)
    walk = Walk(made.scenario(law, made.firm(output=emissions, abatement=curve), made.market(100.0)), len(grid))
    walk.through("2015-12", abate=grid / MOST).through(LAST)
    return walk.play(tonnes=np.maximum(walk.column("owed") - walk.column("front"), 0.0))


def local_minima(cost: np.ndarray, grid: np.ndarray) -> list[float]:
    inner = (cost[1:-1] < cost[:-2]) & (cost[1:-1] <= cost[2:])
    return [float(share) for share in grid[1:-1][inner]]


@pytest.mark.parametrize("emissions", [1.27e6, 1.3e6, 1.36e6])
def test_b17_two_local_optima_with_targets_p_and_a_fifth_of_p(emissions):
    grid = np.linspace(0.0, MOST, 601)
    walk = capped(emissions, grid)
    assert walk.total["penalised"].max() == 0
    left = emissions * (1 - grid)
    duty = np.minimum(left, 1e6 + 0.2 * left)
    np.testing.assert_allclose(walk.present, 100.0 * (duty - 1e6) + emissions * UNIT.cost(grid), rtol=1e-5, atol=200)
    low, high = (float(UNIT.abatement(target)) for target in (0.2 * 100.0, 100.0))
    kink = 1 - 1.25e6 / emissions  # E = A / 0.8
    expected = [share for share in (low, high) if (share < kink) == (share == low)]
    assert local_minima(walk.present, grid) == pytest.approx(expected, abs=MOST / 600)


def test_b17_the_better_branch_depends_on_the_deficit():
    grid = np.linspace(0.0, MOST, 301)
    best = [float(grid[np.argmin(capped(emissions, grid).present)]) for emissions in (1.27e6, 1.8e6)]
    curves = {e: ExponentialMarginalCost(SCALE, STEEPNESS, e, MOST) for e in (1.27, 1.8)}
    expected = [abatement_under_deficit_cap(100.0, e, 1.0, 0.2, curve).abatement / e for e, curve in curves.items()]
    assert best == pytest.approx(expected, abs=MOST / 300)
    assert expected == pytest.approx([math.log(6.0) / STEEPNESS, math.log(2.0) / STEEPNESS])  # MAC = 100, and 20


# --- B18: carry-over for net sales ---------------------------------------------------------------------------
def sold_at_the_deadline(surplus: float, multiple: float, base: float, today: float, later: float, sales: np.ndarray):
    """Value (rows,) of a surplus of which ``sales`` is sold at ``today``; what may be carried is worth ``later``."""
    law = made.regime(2015, 2015, banking=BankingRule(limit="net_sales", net_sales_multiple=multiple, base_tonnes=base))
    walk = Walk(made.scenario(law, made.firm(base=1e6 + surplus), made.market(later, volume_share=2.0)), len(sales))
    return -walk.through(LAST).overwrite("front_ratio", today / later).play(tonnes=-sales).present


CASES = [  # multiple, base t, P, P^f, value of a surplus tonne: KETS five- and onefold, China
    (5.0, 0.0, 10.0, 16.0, 15.0),
    (1.0, 0.0, 10.0, 16.0, 13.0),
    (1.5, 10_000.0, 60.0, 80.0, 72.0),
]


@pytest.mark.parametrize(("multiple", "base", "today", "later", "marginal"), CASES)
def test_b18_sell_to_be_allowed_to_carry(multiple, base, today, later, marginal):
    surplus = 300_000.0
    expected = carry_over_for_net_sales(surplus, today, later, multiple, base)
    assert expected.worth == pytest.approx(marginal)
    optimum = float(expected.sold)
    sales = np.sort(np.append(np.linspace(0.0, surplus, 301), optimum))
    value = sold_at_the_deadline(surplus, multiple, base, today, later, sales)
    assert sales[np.argmax(value)] == pytest.approx(optimum, abs=1.0)
    more = sold_at_the_deadline(
        surplus + 7_000, multiple, base, today, later, np.array([optimum + 7_000 / (1 + multiple)])
    )
    assert (more.max() - value.max()) / 7_000 == pytest.approx(marginal, rel=1e-4)


@pytest.mark.parametrize("later", [10.0, 8.0])
def test_b18_without_a_premium_on_waiting_all_is_sold(later):
    sales = np.linspace(0.0, 300_000.0, 301)
    value = sold_at_the_deadline(300_000.0, 5.0, 0.0, 10.0, later, sales)
    assert value[-1] == pytest.approx(value.max(), rel=1e-6)
    assert carry_over_for_net_sales(300_000.0, 10.0, later, 5.0).sold == 300_000.0
    assert value.max() == pytest.approx(3_000_000.0, rel=1e-6)


def test_b18_a_wash_trade_does_not_enlarge_the_limit():
    law = made.regime(2015, 2015, banking=BankingRule(limit="net_sales", net_sales_multiple=2.0))
    walk = Walk(made.scenario(law, made.firm(base=1.3e6)), 1).through("2016-03")
    walk.play(tonnes=100_000).play(tonnes=-100_000).play(tonnes=-50_000)
    assert walk.flows["lapsed"][0] == pytest.approx(150_000, abs=0.5)


# --- B19: borrowing ------------------------------------------------------------------------------------------
def borrowing(today: float, later: float, shares: np.ndarray) -> np.ndarray:
    """Cost (rows,) of a gap of 200 kt: ``shares`` of the limit, 150 kt, borrowed, the rest bought today."""
    law = made.regime(2015, 2016, borrowing={"2015": BorrowingRule(limit="share_of_duty", share=0.125)})
    firm = made.firm(base=1e6, path={"2015": 1.2, "2016": 1.0})
    walk = (
        Walk(made.scenario(law, firm, made.market(later)), len(shares))
        .through(LAST)
        .overwrite("front_ratio", today / later)
    )
    walk.play(tonnes=200_000 - shares * 150_000)
    assert walk.flows["borrowed"] == pytest.approx(shares * 150_000, abs=1.0)
    return walk.to_end(trade="even").present


@pytest.mark.parametrize("today", [80.0, 100.0, 125.0])
def test_b19_borrow_to_the_limit_iff_the_next_unit_is_cheaper(today):
    shares = np.linspace(0.0, 1.0, 11)
    cost = borrowing(today, 100.0, shares)
    np.testing.assert_allclose(cost, 200_000 * today + shares * 150_000 * (100.0 - today), rtol=1e-5)
    expected = borrowing_at_no_interest(today, 100.0, 150_000.0)
    assert cost[round(float(expected.tonnes) / 15_000)] == pytest.approx(cost.min(), rel=1e-6)
    assert (cost[0] - cost.min()) / 150_000 == pytest.approx(expected.shadow_price, abs=1e-2)


def test_b19_indifferent_at_a_martingale_price():
    law = made.regime(2015, 2016, borrowing={"2015": BorrowingRule(limit="share_of_duty", share=0.125)})
    firm = made.firm(base=1e6, path={"2015": 1.2, "2016": 1.0})
    scenario = made.scenario(law, firm, made.market(rate=0.05, volatility=0.3))
    costs = []
    for bought in (50_000.0, 200_000.0):
        walk = Walk(scenario, 20_000).through(LAST).play(tonnes=bought)
        assert walk.flows["borrowed"] == pytest.approx(200_000 - bought, abs=1.0)
        costs.append(walk.to_end(trade="even").present)
    saved = costs[1] - costs[0]
    assert saved.std() > 0
    assert abs(saved.mean()) < 4 * saved.std() / 20_000**0.5
