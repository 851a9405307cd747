"""How many firms comply in the equilibrium, against what is reported; what the side multiples are set by."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import problem
from nea_env.policies.market_compliance import (
    calibrated_multiple,
    chances,
    reported_firms,
    settled,
    with_side_multiple,
)

# Tianjin: more than 98 % of five pilots' firms, 111 of 112, then all for seven years. Shanghai: all but 1 % of 2014.
REPORTED = {
    "pilot_tianjin": (0.98, 111 / 112, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "pilot_shanghai": (1.0, 0.99, 1.0, 1.0, 1.0, 1.0, 1.0),
}
MULTIPLE = {"pilot_tianjin": 2.5, "pilot_shanghai": 3.1}
LAST = {"pilot_tianjin": "2021", "pilot_shanghai": "2019"}  # whose report was counted, as the law's own note says


@pytest.mark.parametrize("name", REPORTED)
def test_the_side_multiple_is_the_least_at_which_as_many_firms_comply_as_reported(name):
    scenario = load_scenario(name)
    counted = {year: told for year, told in scenario.regime.compliance.items() if year <= LAST[name]}
    scenario = scenario.model_copy(update={"regime": scenario.regime.model_copy(update={"compliance": counted})})
    assert list(reported_firms(scenario.regime).values()) == pytest.approx(REPORTED[name], abs=2e-4)
    assert {rule.side_multiple for rule in scenario.regime.penalty.values()} == {MULTIPLE[name]}
    assert calibrated_multiple(scenario) == MULTIPLE[name]


@pytest.mark.parametrize("name", REPORTED)
def test_the_shipped_market_complies_as_reported(name):
    scenario, wanted = load_scenario(name), np.mean(REPORTED[name])
    firms = [period.firms for period in settled(scenario).values()]
    assert np.mean(firms[: len(REPORTED[name])]) == pytest.approx(wanted, abs=5e-4)
    before = [period.firms for period in settled(with_side_multiple(scenario, 1.1)).values()]
    assert wanted - 0.2 < np.mean(before[: len(REPORTED[name])]) < wanted - 0.03


def test_units_missing_say_how_many_firms_do_not_comply():
    # Whatever is missing, the half with a surplus complies.
    for period in settled(load_scenario("saitama")).values():
        assert 0.5 <= period.firms <= 1.0 and 0.0 <= period.short <= 1.0 + 1e-9 and period.missing >= 0.0
    tps = settled(load_scenario("tps"))
    first = [tps[year].missing for year in ("2019", "2020")]
    assert np.mean(first) < 0.005  # reported: 99.5 % of the duty of 2019 and 2020


def test_chances_are_probabilities_of_the_chain():
    chain = solve(problem(load_scenario("pilot_tianjin"), banks=41, shocks=3))
    found = chances(chain)
    assert found.sum(axis=(1, 2)) == pytest.approx(1.0)
    rate = chain.problem.discount ** np.arange(12)  # the discounted price is a martingale before a period ends
    means = np.einsum("tbz,tbz->t", found[:12], chain.running[:12])
    assert rate * means == pytest.approx(means[0])


def test_nothing_reported_is_an_error():
    with pytest.raises(ValueError, match="saitama has no report"):
        calibrated_multiple(load_scenario("saitama"))
    with pytest.raises(ValueError, match=r"none up to 1\.2 gives the share reported, 0\.99"):
        calibrated_multiple(load_scenario("pilot_tianjin"), most=12)
