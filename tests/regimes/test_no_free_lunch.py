"""No free lunch in the markets that ship: prices are discounted martingales, a trader without a duty earns nothing.

A credit is no martingale, but it can't be sold either; what its price does beside the long price is known in closed
form, and is all it does.

The statistics are over 20,000 paths of one fixed seed range; a bound is four standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.library import load_scenario, scenarios
from nea_env.scenario import OffsetSeries, add_months, months_between
from tests.core.play.test_no_free_lunch import ERRORS, buy_and_hold, contrarian, mean_and_error, profit

pytestmark = [
    pytest.mark.slow,  # tens of thousands of paths of every market
    pytest.mark.filterwarnings("ignore::nea_env.scenario.ScenarioWarning"),  # the firm is made to vanish
]

PATHS = 20_000


def shipped() -> tuple[str, ...]:
    """One scenario of each regime whose price moves, and the phase in which Korea's vintages have gaps."""
    found = {"kets_phase2": "kets_phase2"}
    for name in scenarios():
        scenario = load_scenario(name)
        moves = scenario.market.volatility > 0.0 or scenario.market.collar is not None
        if moves and scenario.policy.mode == "historical":
            found.setdefault(scenario.regime.name, name)
    return tuple(found.values())


def ratio_growth(series: OffsetSeries, market: dict[str, np.ndarray]) -> np.ndarray:
    """What a month is expected to make of the ratio of the offset to the long price, given the ratio, (paths,).

    exp(mean + variance / 2) of a step that keeps 0.5 ** (1 / 12 / half-life) of the log's distance from its level.
    """
    kept = 0.5 ** (1.0 / 12.0 / series.half_life)
    distance = np.log(market["offset_price"] / market["long_price"] / series.median)
    return np.exp((kept - 1.0) * distance + 0.5 * series.sd**2 * (1.0 - kept**2))


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_price_is_a_discounted_martingale_month_by_month(name):
    scenario = load_scenario(name)
    batch = Batch(scenario, PATHS, threads=1)
    batch.reset(np.arange(PATHS))
    due = {scenario.regime.calendar[year].deadline for year in scenario.periods}
    start, tested = batch.market()["long_price"], 0
    opens = months_between(scenario.start, scenario.regime.market_opens)
    for month in range(min(72, int(batch.horizon[0]) - 1)):
        market = batch.market()
        gap = market["front_price"] / market["long_price"] - 1
        batch.step(np.zeros((PATHS, Action.size), np.float32))
        later = batch.market()
        states = {
            "always": np.ones(PATHS, bool),
            "at a discount": gap < -0.01,
            "at a premium": gap > 0.01,
            "above the reference price": market["long_price"] > scenario.market.price,
            "at a trigger": batch.memory("trigger_run") != 0.0,
        }
        settles = add_months(scenario.start, month) in due  # after it the front is another vintage
        for price in ("long_price", "offset_price", *(() if settles else ("front_price",))):
            if price == "offset_price" and scenario.market.offset is None:
                continue
            expected = ratio_growth(scenario.market.offset, market) if price == "offset_price" and month >= opens else 1
            gain = batch.discount * later[price] / market[price] / expected - 1
            for state, holds in states.items():
                if np.count_nonzero(holds) < 100:
                    continue
                mean, error = mean_and_error(gain[holds])
                tested += error > 1e-9
                assert abs(mean) <= ERRORS * error + 1e-9, f"month {month}, {price} {state}: {mean:.3g} ({error:.2g})"
    assert tested > 100
    mean, error = mean_and_error(batch.discount ** (month + 1) * later["long_price"] / start - 1)
    assert abs(mean) < ERRORS * error


@pytest.mark.parametrize("rule", [buy_and_hold, contrarian])
@pytest.mark.parametrize("name", ["gx_ets", "kets_phase2", "pilot_beijing", "pilot_hubei", "tokyo_p2"])
def test_a_trader_without_a_duty_earns_nothing_in_a_shipped_market(name, rule):
    regime = load_scenario(name).regime
    after = [str(int(regime.years[-1]) + 1)] if regime.year_starts > 1 else []  # in which the last fiscal year ends
    free = {f"market.frictions.{cost}": 0.0 for cost in ("spread", "impact")}
    idle = {"firm.output_path": dict.fromkeys([*regime.years, *after], 1e-9), "firm.base_emissions": 1e-9}
    mean, error = mean_and_error(profit(load_scenario(name, free | idle), rule, PATHS))
    assert error > 1e-4, "nothing was at stake"
    assert abs(mean) < ERRORS * error
