"""A firm of another size is the same firm: costs in % of exposure move only where the law counts in tonnes or money."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.play import play

WITHOUT_THRESHOLDS = ["regime.banking.*.small_holder_tonnes={}", "regime.banking.*.base_tonnes=0", "regime.auctions={}"]
SEEDS = np.arange(1_000_000, 1_000_200)


@pytest.mark.filterwarnings("ignore:.*tuned")
@pytest.mark.parametrize("name", ["tps", "tokyo", "kets_steel", "linked_kets_quota", "pilot_tianjin"])
def test_size_leaves_relative_costs_as_they_are(name):
    base = load_scenario(name, WITHOUT_THRESHOLDS if "kets" in name else ())
    small = play(make_rule("invest_at_trigger", base), base, SEEDS)
    scenario = load_scenario(base, {"firm.scale": 7.5})
    large = play(make_rule("invest_at_trigger", base), scenario, SEEDS)
    np.testing.assert_allclose(large.cost_pct, small.cost_pct, rtol=1e-6, atol=1e-6)
    for flow in ("bought", "surrendered", "emitted", "invested"):
        if flow in small.totals:
            np.testing.assert_allclose(large.totals[flow], 7.5 * small.totals[flow], rtol=1e-5, atol=1.0)


def test_all_that_is_extensive_grows():
    firm = load_scenario("kets_steel", {"firm.scale": 2}).firm
    assert (firm.annual_output, firm.annual_emissions, firm.base_year_emissions) == (1_000_000, 2_000_000, 2_300_000)
    assert load_scenario("tps", {"firm.scale": 3}).firm.base_year_emissions == pytest.approx(
        3 * load_scenario("tps").firm.base_year_emissions
    )
