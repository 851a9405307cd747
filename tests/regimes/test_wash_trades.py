"""Buying and selling the same tonnes within one vintage leaves what is carried over, and what lapses, as it was.

Hubei is the exception by its own law: units traded once may be carried, so a wash trade makes the right. A sale before
a deadline that is bought back after it is no wash trade: it buys another vintage.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.library import load_scenario, scenarios
from nea_env.scenario import add_months
from tests.core.walk import Walk

PATHS = 100
FREE = {
    "market.frictions.spread": 0.0, "market.frictions.impact": 0.0, "market.frictions.volume_share": 3.0,
    "market.frictions.season_multiple": 1.0,
}  # fmt: skip
EXCEPTIONS = {"pilot_hubei"}
MORE = ("kets_steel", "kets_phase4", "tps_class1_efficient", "tps_steel_efficient", "tokyo_factory")  # with a surplus


def one_of_each() -> tuple[str, ...]:
    """A scenario for every regime with units to trade, of its own name where there is one."""
    chosen: dict[str, str] = {}
    for name in scenarios():
        regime = load_scenario(name).regime
        if regime.market_opens is not None and (regime.name not in chosen or name == regime.name):
            chosen[regime.name] = name
    return (*chosen.values(), *MORE)


class Firm:
    """Buys its gap and two per cent of a year's emissions, sells a fiftieth of a surplus, never abates.

    Attributes:
        carried, lapsed: tonnes after each deadline (deadlines, PATHS).
        washed: tonnes sold and bought back in all, (PATHS,).
    """

    def __init__(self, name: str, first: int = 0, back: float = 1.0) -> None:
        """``first`` -1 sells in the month before each deadline and buys ``back`` of it in its month, 1 the reverse."""
        scenario = load_scenario(name, FREE)
        due = {scenario.regime.calendar[year].deadline for year in scenario.periods}
        self.year = scenario.firm.annual_emissions
        once = any(rule.limit == "next_period_only" for rule in scenario.regime.banking.values())
        carried, lapsed, self.washed = [], [], np.zeros(PATHS)
        plain, walk = Walk(scenario, PATHS), Walk(scenario, PATHS)
        washing = np.zeros(PATHS)
        while not walk.ended:
            own = self._trade(plain)
            plain.play(tonnes=own) if own is not None else plain.play()
            done = plain.flows["bought"] - plain.flows["sold"]
            if add_months(walk.date, 1) in due and own is not None:
                held = walk.column("front") + done  # where units are carried once, all of it: the old ones too
                washing = first * np.minimum((2.0 if once else 0.05) * self.year, np.maximum(held, 0.0))
                self.washed += np.abs(washing)
                done = done + washing
            elif walk.date in due:
                done = done - back * washing
            ends = walk.date in due
            walk.play(tonnes=done) if own is not None else walk.play()
            np.testing.assert_allclose(walk.flows["bought"] - walk.flows["sold"], done, atol=1e-6 * self.year)
            if ends:
                carried.append(walk.column("front"))
                lapsed.append(walk.flows["lapsed"])
                washing = np.zeros(PATHS)
        self.carried, self.lapsed = np.array(carried), np.array(lapsed)

    def _trade(self, walk: Walk) -> np.ndarray | None:
        market, even = walk.batch.market(), walk.batch.suggestions()[:, 0]
        volume = market["volume_limit"]
        if volume[0] == 0.0:
            return None
        buys = np.minimum(even * (volume + market["auction_room"]) + 0.02 * self.year, 0.9 * volume)
        return np.maximum(np.where(even >= 0.0, buys, 0.02 * even * volume), -walk.column("front"))


@pytest.mark.parametrize("first", [1, -1], ids=["bought_then_sold", "sold_then_bought"])
@pytest.mark.parametrize("name", [name for name in one_of_each() if name not in EXCEPTIONS])
def test_a_wash_trade_leaves_the_limit_as_it_was(name, first):
    plain, washed = Firm(name), Firm(name, first)
    assert (washed.washed > 0.04 * plain.year).mean() > 0.9
    np.testing.assert_allclose(washed.carried, plain.carried, atol=4e-6 * plain.year)
    np.testing.assert_allclose(washed.lapsed, plain.lapsed, atol=4e-6 * plain.year)


@pytest.mark.parametrize("first", [1, -1], ids=["bought_then_sold", "sold_then_bought"])
def test_in_hubei_it_makes_the_right(first):
    plain, washed = Firm("pilot_hubei"), Firm("pilot_hubei", first)
    more = washed.carried[0] - plain.carried[0]
    assert (more > 0.01 * plain.year).mean() > 0.8  # the rest had nothing left that was never traded
    np.testing.assert_allclose(plain.lapsed[0] - washed.lapsed[0], more, atol=4e-6 * plain.year)
    ahead = (washed.carried - plain.carried).mean(axis=1)
    assert (np.diff(ahead) > 0.02 * plain.year).all()  # and what was carried stays carriable


@pytest.mark.parametrize(
    "name",
    ["kets", "kets_steel", "tps", "tps_class1_efficient", "tps_steel_efficient", "tokyo", "tokyo_factory", "saitama"],
)
def test_the_limits_bind_where_they_are_tested(name):
    assert (Firm(name).lapsed.sum(axis=0) > 0.0).mean() > 0.2


@pytest.mark.parametrize("name", ["kets_steel", "tps_class1_efficient", "tps_heat"])
def test_what_is_sold_for_good_does_widen_a_net_sales_limit(name):
    plain, sold = Firm(name), Firm(name, -1, back=0.0)
    less = plain.lapsed.sum(axis=0) - sold.lapsed.sum(axis=0)
    assert (less > 0.05 * plain.year).all()  # more than the twentieth that was sold
