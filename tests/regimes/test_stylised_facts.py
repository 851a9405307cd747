"""What the report saw in the region's markets comes out of the equilibrium of their laws, as signs.

The report: Asia Society Policy Institute, Northeast Asia and the Next Generation of Carbon Market Cooperation
(2017); places are its sections.
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.aggregate.scale import start_price
from nea_env.core.lowering.aggregate.solved import PAIR_BANKS
from nea_env.market.quota import CHINA, KOREA, NO_LENDING, Priced, calibrated, linked
from nea_env.policies.market_compliance import chances as distribution
from tests.core.equilibrium.linked_paths import wedge

BANKS, SHOCKS = 41, 3


@cache
def solved(scenario: str, overrides: str) -> Chain:
    return solve(problem(load_scenario(scenario, json.loads(overrides)), banks=BANKS, shocks=SHOCKS))


def under(scenario: str, **overrides: object) -> Chain:
    """A market under its law with changes; keys have ``__`` for dots."""
    return solved(scenario, json.dumps({key.replace("__", "."): value for key, value in overrides.items()}))


def mean(chain: Chain, table: np.ndarray, month: int) -> float:
    return float(np.sum(distribution(chain)[month] * table[month]))


def bank(chain: Chain, month: int) -> float:
    return float(np.sum(distribution(chain)[month] * chain.problem.banks[:, None]))


# Section 2.2, The pilots: "Chongqing's inactivity was due to abundant allowance allocation"; Appendix A: USD 0.23


def test_generous_allocation_brings_the_price_near_zero():
    given = (1.00, 1.04, 1.08, 1.12)  # over the law's number, 0.958 of the base years
    late = {"start": "2016-01", "first": "2016", "market__price": 1.5, "market__aggregate__abatement__scale": 12}
    markets = [under("pilot_chongqing", **late, market__aggregate__allocation={"2016": x}) for x in given]
    prices = [start_price(market) for market in markets]
    assert prices == sorted(prices, reverse=True)
    miss = under("pilot_chongqing", **late).problem.shortage_price.max()
    assert prices[0] > 0.5 * miss
    assert prices[-1] < 0.05 * miss


def test_there_is_no_trade_when_no_firm_lacks_units():
    wanted = [
        problem(load_scenario("pilot_chongqing", {"market.aggregate.gross_deficit": gap}), banks=21, shocks=3).deficit
        for gap in (0.06, 0.03, 0.0)
    ]  # what short firms buy of long ones for a period; what is bought to carry over is no final demand
    assert wanted[0].sum() > wanted[1].sum() > 0.0
    assert wanted[2].sum() == 0.0


# Section 4.2, KETS: "excessive banking by companies in anticipation that free allowances will decrease", then
# "restrictions on banking that penalize entities for excessive carryover" (April 2017)


def test_korean_firms_bank_early_since_allocation_will_fall_and_carrying_is_free():
    shipped = under("kets")
    # without the tightening: the factor of phase I and its allocation, all along
    loose = {f"regime__allocation__{year}__correction_factor": 1.05 for year in range(2019, 2031)}
    # under a rule of the later kind from the start: a tenth of net sales
    strict = {
        f"regime__banking__{year}__{key}": value
        for year in (2015, 2016)
        for key, value in (("limit", "net_sales"), ("net_sales_multiple", 0.1))
    }
    for others in (loose, strict):
        assert bank(shipped, 24) > 2 * bank(under("kets", **others), 24)  # at the end of 2016
    assert bank(shipped, 24) > bank(shipped, 12) > 0.0


@pytest.mark.parametrize("month", [60, 66, 71])  # 2020, its end included
def test_a_tighter_carry_over_rule_means_more_lapses_and_a_front_discount(month):
    lapses, discounts = [], []
    for multiple in (3.0, 1.0, 0.5, 0.0):  # of the year's net sales
        count = {"regime__banking__2020__net_sales_since": "vintage", "regime__banking__2020__net_sales_years": 1}
        chain = under("kets", regime__banking__2020__net_sales_multiple=multiple, **count)
        lapses.append(mean(chain, chain.lapse, month))
        discounts.append(1.0 - mean(chain, chain.running, month) / mean(chain, chain.after, month))
    assert lapses == sorted(lapses)
    assert discounts == sorted(discounts)
    assert lapses[0] < 0.01 < lapses[1]
    assert discounts[-1] > 0.0 > discounts[0]


@pytest.mark.parametrize("month", [66, 71])
def test_a_front_discount_is_a_chance_of_lapsing(month):
    chain = under("kets")
    lapse, front, after = chain.lapse[month], chain.running[month], chain.after[month]
    assert (front >= after * (1.0 - 1e-9))[lapse == 0.0].all()
    assert (front < after)[lapse > 0.5].all()
    assert (lapse == 0.0).any()
    assert (lapse > 0.5).any()


# Section 3.2, Tokyo: "the average transaction price for credits fell from JPY10,000/ton in 2011 to JPY1,500/ton in
# 2016 due to lack of demand"; more than 90 per cent of facilities exceeded their targets


def test_the_tokyo_price_falls_where_emissions_fall_below_the_cap():
    chain = under("tokyo")
    chances = distribution(chain)[72]  # April 2016
    by_shock = (chances * chain.running[72]).sum(axis=0) / chances.sum(axis=0)
    assert by_shock[0] < start_price(chain) < by_shock[-1]
    assert (np.diff(by_shock) > 0.0).all()
    came = {"2010": 0.87, "2011": 0.78, "2014": 0.75}  # 13, 22 and 25 % below the base years
    known = under("tokyo", market__aggregate__path=came)
    assert start_price(known) < 0.1 * start_price(chain)


# Section 4.3, links: market linkages "could increase Korea's real GDP while significantly decreasing average abatement
# costs", Korea "as a net buyer". Prices: USD 1.93 = CNY 12.7 in Guangdong, the largest pilot (Appendix A); KRW 21,416,
# the mean of 2017; JPY 1,500, Tokyo's survey of 2016 (section 3.2). 2025: means of KRW 9,394 and CNY 72.0 (ICAP).

MARKETS = {
    "Korea 2017": KOREA,
    "Japan 2017": Priced("tokyo", 1500.0, "2017-01", {}, 16.4e6),
    "China 2017": CHINA,
    "Korea 2025": Priced("kets", 9394.0, "2025-01", NO_LENDING, 545e6),
    "China 2025": Priced("tps", 72.0, "2025-01", {"market.aggregate.path": {"2019": 1.0}}, 4.5e9),
}


def full(home: str, rate: float) -> LinkedChain:
    """Home and China of the same year in a full link; ``rate`` in home money per CNY."""
    months = 72
    own, china = MARKETS[home], MARKETS[f"China {home[-4:]}"]
    terms = Terms(
        type="full", quota=np.full(months, np.inf), open=np.ones(months, bool), rate=rate, scale=china.size / own.size
    )
    return solve_linked(*(calibrated(each, months, BANKS) for each in (own, china)), terms)


def at_start(chain: LinkedChain, table: np.ndarray) -> float:
    """Value of a (T + 1, B1, B2, Z) table at the start."""
    first, second, state = chain.start
    columns = [np.interp(second, np.arange(table.shape[2]), row) for row in table[0, :, :, state]]
    return float(np.interp(first, np.arange(table.shape[1]), columns))


@pytest.mark.parametrize(
    ("home", "rate", "cheaper"),
    [("Korea 2017", 167.2, True), ("Japan 2017", 16.60, True), ("Korea 2025", 197.8, False)],
)
def test_a_full_link_moves_both_prices_to_one_between_them_and_the_order_turned_by_2025(home, rate, cheaper):
    chain = full(home, rate)
    alone, china = start_price(solve(chain.home)), start_price(solve(chain.partner)) * rate
    common = at_start(chain, chain.home_running)
    assert common == pytest.approx(rate * at_start(chain, chain.partner_running))
    low, high = sorted((alone, china))
    assert low < common < high
    assert (common < alone) is cheaper  # home pays less in 2017, more in 2025
    if home == "Japan 2017":  # a three-hundredth of China's size: it takes the price
        assert abs(common - china) < 0.05 * china


def test_a_quota_leaves_a_wedge_that_closes_as_the_quota_widens():
    """Section 4.3: "quantity limits on how many foreign credits are accepted", the most common restriction."""
    chains = [linked(quota, nodes=29) for quota in (0.0, 0.01, 0.03, 0.10)]
    wedges = [at_start(chain, wedge(chain)) for chain in chains]
    homes = [at_start(chain, chain.home_running) for chain in chains]
    assert wedges == sorted(wedges, reverse=True)
    assert homes == sorted(homes, reverse=True)
    assert wedges[0] > 0.5 * homes[0]
    assert wedges[-1] < 0.1 * wedges[0]
    assert at_start(chains[1], chains[1].partner_running) > at_start(chains[0], chains[0].partner_running)
    assert wedges == pytest.approx([19_410.0, 14_590.0, 6_160.0, 0.0], rel=0.06, abs=10.0)  # on 97 nodes a bank


@pytest.mark.slow
@pytest.mark.parametrize(("quota", "error"), [(0.0, 0.002), (0.01, 0.008), (0.03, 0.008), (0.05, 0.018)])
def test_the_wedge_errs_by_less_than_two_per_cent_on_the_nodes_that_an_episode_has(quota, error):
    """KRW/t by share of a year's emissions, against 1.7 times the nodes a bank: 19,523, 14,439, 6,043, 1,772."""
    wedges = []
    for nodes in (PAIR_BANKS, 97):
        chain = linked(quota, nodes=nodes)
        wedges.append(at_start(chain, wedge(chain)))
    assert wedges[0] == pytest.approx(wedges[1], rel=error)
