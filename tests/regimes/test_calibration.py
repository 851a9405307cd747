"""What the price processes of each market were set to, typed in from the statistics, and that their samples agree.

The sample is one fixed seed per market and process; among 270 figures the farthest should lie about three standard
errors away, so the bound here is 3.5.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nea_env.core.lowering.process_parameters import bootstrap_table, process_parameters
from nea_env.library import load_scenario, names, scenarios
from nea_env.market import calibration
from nea_env.market.calibration import SAMPLED_PROCESSES, calibrated, load_market, table, under, write
from nea_env.market.moments import kurtosis, moments

pytestmark = pytest.mark.slow  # tens of thousands of paths of every market

PAGE = Path(__file__).parents[2] / "docs/calibration.md"
DAYS = {  # moves beyond five robust sd: a year, their sd; sd of all days a year
    "cea": (7.0, 0.12, 0.44),
    "cea_2025": (7.0, 0.12, 0.44),
    "kau": (10.9, 0.092, 0.39),
    "eua": (0.6, 0.25, 0.46),
    "pilot_beijing": (0.8, 0.35, 1.03),
    "pilot_guangdong": (2.4, 0.28, 0.75),
    "pilot_hubei": (10.3, 0.20, 0.76),
    "pilot_shanghai": (3.6, 0.21, 0.65),
    "pilot_tianjin": (2.2, 0.11, 0.34),
}
SPELLS = {  # volatility of the wild spell, of the calm one, share of wild months
    "kau": (0.63, 0.304, 3 / 11),
    "cea": (0.526, 0.263, 2.5 / 4.5),
    "eua": (0.50, 0.26, 0.5),
    "pilot_hubei": (0.39, 0.19, 0.5),
    "pilot_shanghai": (0.539, 0.22, 0.5),
}
PULLS = {  # AR(1) coefficient of monthly log prices
    "cea": 0.924,
    "kau": 0.964,
    "eua": 0.996,
    "pilot_beijing": 0.890,
    "pilot_guangdong": 0.971,
    "pilot_hubei": 0.966,
    "pilot_shanghai": 0.991,
    "pilot_tianjin": 0.889,
}


def test_every_market_with_a_price_of_its_own_is_calibrated():
    assert set(names("market")) - set(calibrated()) == {"gx_allowance", "tms"}
    assert len(calibrated()) >= 15


@pytest.mark.parametrize("name", calibrated())
def test_samples_have_the_moments_of_the_parameters(name):
    for process in SAMPLED_PROCESSES:
        for moment in table()[name, process]:
            assert moment.misses < 3.5, f"{process}: {moment}"


def test_about_one_figure_in_twenty_lies_beyond_two_standard_errors():
    misses = np.array([moment.misses for row in table().values() for moment in row])
    expected = 0.0455 * len(misses)
    assert abs(np.count_nonzero(misses > 2) - expected) < 3 * math.sqrt(expected)


@pytest.mark.parametrize(("process", "name"), [("gbm", "sd"), ("jumps", "jumps"), ("jumps", "kurtosis")])
def test_a_sample_of_other_parameters_is_caught(process, name):
    market = under("kau", process)
    shifted = market.model_copy(
        update={"volatility": 0.35}
        | ({"jumps": market.jumps.model_copy(update={"rate": 8.0})} if process == "jumps" else {})
    )
    drawn = {moment.name: moment for moment in moments(shifted, [1])}[name]
    meant = {moment.name: moment for moment in moments(market, [1])}[name]
    assert abs(drawn.sample - meant.target) > 4 * drawn.error


@pytest.mark.parametrize("name", DAYS)
def test_jumps_are_those_of_the_daily_series(name):
    rate, sd, whole = DAYS[name]
    jumps = load_market(name).jumps
    assert jumps.rate == rate
    assert jumps.share == pytest.approx(rate * sd**2 / whole**2, abs=0.006)


@pytest.mark.parametrize("name", SPELLS)
def test_wild_spells_are_those_of_the_yearly_volatilities(name):
    wild, calm, share = SPELLS[name]
    c = process_parameters(under(name, "two_regimes"))
    assert c["wild_sd"] / c["calm_sd"] == pytest.approx(wild / calm, rel=0.02)
    assert c["wild_share"] == pytest.approx(share, abs=0.005)
    assert 1 / c["ends"] == pytest.approx(12, abs=0.1)  # months of a spell


@pytest.mark.parametrize("name", PULLS)
def test_the_pull_is_that_of_the_monthly_autoregression(name):
    assert process_parameters(under(name, "log_ou"))["pull"] == pytest.approx(1 - PULLS[name], abs=0.002)


def test_the_monthly_tails_are_known_by_hand():
    assert kurtosis(under("kau", "jumps")) == pytest.approx(1.229, abs=1e-3)  # 3 x 0.61**2 / (10.9 / 12)
    assert kurtosis(under("tokyo_credit", "jumps")) == pytest.approx(9.0, abs=1e-9)  # 3 x 0.5**2 x 12
    assert kurtosis(under("tokyo_credit", "bootstrap")) == pytest.approx(0.905, abs=1e-3)  # 10 x 164.125 / 20.5**2 - 3


def test_the_shocks_of_china_are_those_of_its_yearly_means():
    changes = load_market("cea").bootstrap.changes
    means = (42.85, 55.30, 68.15, 95.96, 62.36)
    assert changes[:4] == pytest.approx(np.diff(np.log(means)), abs=0.006)
    assert np.argmin(changes) == 3  # the fall of 2025
    table = bootstrap_table(under("cea", "bootstrap"))
    assert (np.diff(table) >= 0.0).all()  # a higher draw is a higher change


def test_every_market_runs_every_process_that_pays_no_trader_by_an_override():
    tried = set()
    for scenario in map(load_scenario, scenarios()):
        if scenario.market.name in tried or scenario.market.name not in calibrated():
            continue
        tried.add(scenario.market.name)
        for process in ("gbm", "lattice", "jumps", "two_regimes", "bootstrap"):
            if process == "lattice" and any(link.weight > 0.0 for link in scenario.links):
                continue  # a lattice price cannot jump to a common one
            market = load_scenario(scenario, {"market.law": process}).market
            assert market.is_martingale
            assert len(bootstrap_table(market)) == process_parameters(market)["entries"]
    assert len(tried) >= 12


def test_the_page_is_up_to_date():
    assert write(PAGE, check=True), "run: python -m nea_env.market calibration"


def test_a_page_that_differs_is_found_and_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(calibration, "page", lambda: "the page\n")
    target = tmp_path / "docs/calibration.md"
    assert not write(target, check=True) and not target.exists()
    assert write(target) and target.read_text() == "the page\n" and write(target, check=True)
    target.write_text("an older page\n")
    assert not write(target, check=True)
