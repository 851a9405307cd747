"""The volume limits never make compliance impossible: just in time complies on 99.9 % of paths, everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env import load_scenario, scenarios
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

PATHS = 2_000


def failures(scenario, ahead: float) -> np.ndarray:
    """Which paths (n,) end a deadline with a tonne missing when ``ahead`` of the even trade is made."""
    batch = Batch(scenario, PATHS, threads=1)
    batch.reset(np.arange(1_000_000, 1_000_000 + PATHS))
    missed = np.zeros(PATHS, bool)
    for _ in range(int(batch.horizon[0])):
        actions = np.zeros((PATHS, Action.size), np.float32)
        actions[:, [Action.TRADE, Action.ABATE]] = batch.suggestions()
        actions[:, Action.TRADE] *= ahead
        batch.step(actions)
        missed |= batch.flows()["penalised"] > 0.0
    return missed


@pytest.mark.parametrize("name", scenarios())
def test_just_in_time_complies(name):
    assert failures(load_scenario(name), 1.0).mean() <= 0.001


OTHER_READINGS = {  # of a law in doubt: what its regime's notes say can be played as well
    "pilot_chongqing": {"regime.sell_limit_counts": "all_sales"},
    "pilot_hubei": {f"regime.offsets.{year}.ccer.limit_base": "allocation" for year in range(2014, 2020)},
}


@pytest.mark.parametrize("name", OTHER_READINGS)
def test_so_it_does_under_the_other_reading_of_a_law_in_doubt(name):
    assert failures(load_scenario(name, OTHER_READINGS[name]), 1.0).mean() <= 0.001


def test_a_firm_that_never_trades_does_not():
    assert failures(load_scenario("kets"), 0.0).mean() > 0.9
