"""Production, emissions and operational abatement, alone and in the simulator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.rules.abatement import abatement_cost, share_at_price
from nea_env.scenario import Abatement, OutputShock
from tests.core import scenarios as made
from tests.core.walk import Walk

CHINA = (67.0, 18.3)  # MAC(R) = 67 (exp(18.3 R) - 1) CNY/t


def test_marginal_cost_curve_of_a_coal_plant():
    # about 100 CNY/t at 5 % and 350 at 10 %
    assert 67 * (math.exp(18.3 * 0.05) - 1) == pytest.approx(100, rel=0.01)
    assert 67 * (math.exp(18.3 * 0.10) - 1) == pytest.approx(350, rel=0.01)
    scale, steepness = CHINA
    reciprocals = 1.0 / scale, 1.0 / (steepness * 0.10)
    assert share_at_price(100.3, *reciprocals) == pytest.approx(0.5, abs=0.001)
    assert share_at_price(350.7, *reciprocals) == pytest.approx(1.0, abs=0.001)
    assert share_at_price(900.0, *reciprocals) == 1.0
    assert share_at_price(0.0, *reciprocals) == 0.0
    assert share_at_price(100.0, 1.0 / scale, 0.0) == 0.0


@pytest.mark.parametrize("share", [0.01, 0.05, 0.15])
def test_cost_is_the_integral_of_the_marginal_cost(share):
    steps = (np.arange(100_000) + 0.5) / 100_000 * share
    integral = float(np.mean(67 * (np.exp(18.3 * steps) - 1))) * share
    assert abatement_cost(share, *CHINA, 1.0 / CHINA[1]) == pytest.approx(integral, rel=1e-8)
    assert abatement_cost(0.0, *CHINA, 1.0 / CHINA[1]) == 0


def test_a_month_of_abatement():
    curve = Abatement(scale=67.0, steepness=18.3, max_share=0.10)
    firm = made.firm(output=1_200_000.0, intensity=0.9, abatement=curve)
    walk = Walk(made.scenario(made.regime(2015, 2015), firm), 4).play(abate=np.array([-1.0, 0.0, 0.5, 1.0]))
    unabated = 90_000.0  # 100,000 units a month x 0.9
    assert walk.flows["output"] == pytest.approx(100_000)
    assert walk.flows["abated"] == pytest.approx(unabated * np.array([0, 0, 0.05, 0.10]))
    assert walk.flows["emitted"] == pytest.approx(unabated * np.array([1, 1, 0.95, 0.90]))
    by_hand = [67 * ((math.exp(18.3 * r) - 1) / 18.3 - r) * unabated for r in (0, 0, 0.05, 0.10)]
    assert walk.flows["abatement_cost"] == pytest.approx(by_hand)
    walk.play()
    assert walk.flows["emitted"] == pytest.approx(unabated)  # reversible


def test_output_follows_the_years_and_stops_in_run_off():
    walk = Walk(made.scenario(made.regime(2015, 2016), made.firm(path={"2015": 0.5, "2016": 1.25})))
    walk.through("2015-12")
    assert walk.total["emitted"][0] == pytest.approx(500_000)
    walk.through("2016-12")
    assert walk.total["emitted"][0] == pytest.approx(500_000 + 1_250_000)
    walk.to_end(abate=1.0)
    assert walk.total["emitted"][0] == pytest.approx(1_750_000)


def test_a_start_in_midyear_finds_the_year_half_emitted():
    walk = Walk(made.scenario(made.regime(2015, 2015), made.firm(path={"2015": 0.6}), start="2015-09"))
    assert walk["accrued"] == pytest.approx(0.6 * 8 / 12 * 1e6)  # at the year's own output
    walk.through("2015-12")
    assert walk["closed"] == pytest.approx(600_000)


def test_shocks_leave_mean_output_at_the_baseline():
    shock = OutputShock(volatility=0.10, persistence=0.8)
    scenario = made.scenario(made.regime(2015, 2016), made.firm(shock=shock))
    walk = Walk(scenario, 20_000)
    outputs = []
    while walk.date <= "2016-12":
        outputs.append(walk.play().flows["output"] * 12 / 1e6)
    outputs = np.array(outputs)
    assert (outputs[0] == pytest.approx(1.0)) and outputs[1].std() > 0.09
    error = outputs.std(axis=1) / 20_000**0.5
    assert (abs(outputs.mean(axis=1) - 1.0) <= 4 * error + 1e-12).all()
    logs = np.log(outputs[-1])
    assert logs.std() == pytest.approx(0.10 / math.sqrt(1 - 0.8**2), rel=0.03)  # stationary by then
    assert np.corrcoef(np.log(outputs[-2]), logs)[0, 1] == pytest.approx(0.8, abs=0.02)


def test_emissions_move_with_output():
    shock = OutputShock(volatility=0.10, persistence=0.8)
    walk = Walk(made.scenario(made.regime(2015, 2015), made.firm(intensity=0.8, shock=shock)), 100).play().play()
    assert walk.flows["output"].std() > 0
    assert walk.flows["emitted"] == pytest.approx(0.8 * walk.flows["output"])
