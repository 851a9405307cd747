"""A fourth country's law, written by the steps of "Add a regime": files beside each other, loaded, shown, played.

Freedonia and its money are made up. Nothing of it ships, and no code knows it.
"""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import nea_env
from nea_env.library import accepts, load_regime, unsourced
from nea_env.library.__main__ import main
from tests.core.walk import Walk

REGIME = """name: freedonia
title: Freedonian emissions trading, first phase
currency: FRD
sources:
  act: Climate Act of Freedonia, Articles 3-19
  decree: Allocation decree of Freedonia, annexes I and II
  notice: Notice of the Carbon Office of Freedonia, 14 December 2031

year_starts: {value: 1, source: act}
market_opens: {value: 2030-01, source: act}

phases:
  source: act
  one: {first: 2030, last: 2033, leakage_tests: [{trade_intensity: 0.3}, {cost_intensity: 0.05, trade_intensity: 0.1}]}

calendar:
  source: act
  2030: {allocated: 2030-01, announced: 2029-12, verified: 2031-04, deadline: 2031-06}
  2031: {allocated: 2031-01, announced: 2029-12, verified: 2032-04, deadline: 2032-06}
  2032: {allocated: 2032-01, announced: 2029-12, verified: 2033-04, deadline: 2033-06}
  2033: {allocated: 2033-01, announced: 2029-12, verified: 2034-04, deadline: 2034-06}

allocation:  # base emissions for most; steel mills by benchmark
  source: decree
  2030: &first
    method: grandfathering
    correction_factor: 0.95
    auction_share: {power: 0.5, "": 0.1}
    classes:
      mill:
        method: historical_benchmarking
        benchmark: {mill: 1.8}
        correction_factor: 0.98
        auction_share: {"": 0.1}
        cancellation: [{ratio: 0.5, share: 1}]
  2031: *first
  2032: &second
    method: grandfathering
    correction_factor: 0.9
    auction_share: {power: 0.5, "": 0.2}
    classes:
      mill:
        method: historical_benchmarking
        benchmark: {mill: 1.7}
        correction_factor: 0.98
        auction_share: {"": 0.2}
  2033: *second

banking:
  2030: {limit: net_sales, net_sales_multiple: 2, small_holder_tonnes: {firm: 5000}, source: act}
  2031: {limit: net_sales, net_sales_multiple: 1, announced: 2031-12, source: notice}
  2032: {limit: net_sales, net_sales_multiple: 1, source: notice}
  2033: {limit: unlimited, status: assumed, note: nothing was said of the next phase}

borrowing:
  source: act
  2030: {limit: share_of_duty, share: 0.1}
  2031: {limit: share_of_duty, share: 0.1}
  2032: {limit: share_of_duty, share: 0.1}
  2033: {limit: none}

offsets:
  source: act
  2030: &peat {peat: {limit_share: 0.05, limit_base: duty}}
  2031: *peat
  2032: *peat
  2033: *peat

penalty:
  source: act
  2030: &fine {multiple: 3, mean_months: 12}
  2031: *fine
  2032: *fine
  2033: *fine

auctions:  # the front vintage, every quarter, to firms that are short
  source: act
  2030: {months: [2030-03, 2030-09, 2031-03], volume: 200000, bid_share: 0.15, reserve_multiple: 0.8, short_only: true}
  2031: {months: [2031-09, 2032-03], volume: 200000, bid_share: 0.15, reserve_multiple: 0.8, short_only: true}
  2032: {months: [2032-09, 2033-03], volume: 200000, bid_share: 0.15, reserve_multiple: 0.8, short_only: true}
  2033: {months: [2033-09, 2034-03], volume: 200000, bid_share: 0.15, reserve_multiple: 0.8, short_only: true}

ranges:
  - path: banking.2031.net_sales_multiple
    low: 1
    high: 3
    announced: 2031-12
    source: notice
    status: assumed
    note: the office named the bounds in the summer before
"""

FIRM = """name: mill
title: Freedonian steel mill
sector: steel
unit_class: mill
output_unit: t steel
status: assumed
note: a mill of round figures, a few per cent short
output: 100000
emission_intensity: 1.9
trade_intensity: 0.2
cost_intensity: 0.01
abatement: {scale: 40, steepness: 15, max_share: 0.06}
technologies:
  - {name: hot_charging, potential_share: 0.06, capex: 400, opex: 15, lead_months: 9, life_years: 20}
  - {name: charcoal, potential_share: 0.1, capex: 150, opex: 50, lead_months: 12, life_years: 20}
output_shock: {volatility: 0.02, persistence: 0.9}
"""

MARKET = """name: fau
title: Freedonian allowances
currency: FRD
sources: {act: "Climate Act of Freedonia, Article 17 (floor and ceiling)"}
price: {value: 50, status: assumed, note: no trade yet}
discount_rate: {value: 0.03, status: assumed, note: near bond yields}
volatility: {value: 0.2, status: assumed, note: the collar rules it}
law: collared
collar: {floor: 30, ceiling: 90, resolved: {value: 0.9, status: assumed, note: little left to learn}, source: act}
offset:
  status: assumed
  note: no price seen
  type: peat
  ratio: 0.9
  level: 0.95
  sd: 0.1
  half_life: 0.5
frictions:
  status: assumed
  note: a third of a yearly gap of a quarter each month
  spread: 0.02
  volume_share: 0.1
  season_multiple: 3
"""

SCENARIO = """name: freedonia
title: Freedonian steel mill, 2030-2033
status: assumed
note: the whole of the first phase
start: 2030-01
first: 2030
last: 2033
regime: regime.yaml
firm: firm.yaml
market: market.yaml
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("regime", REGIME), ("firm", FIRM), ("market", MARKET), ("scenario", SCENARIO)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def path(folder: Path) -> str:
    return str(folder / "scenario.yaml")


def test_it_loads_by_its_path(path):
    scenario = nea_env.load_scenario(path)
    assert scenario.periods == ("2030", "2031", "2032", "2033")
    assert scenario.end == "2034-06"
    assert scenario.regime.allocation["2030"].of_class("mill").method == "historical_benchmarking"
    assert scenario.market.collar.ceiling == 90


@pytest.mark.parametrize("kind", ["regime", "firm", "market", "scenario"])
def test_no_number_is_without_a_source(folder, kind):
    assert unsourced(kind, folder / f"{kind}.yaml") == []


def test_it_can_be_shown_compared_and_asked_for_its_credits(folder, capsys):
    law = folder / "regime.yaml"
    assert main(["show", str(law)]) == 0
    shown = capsys.readouterr().out
    assert "2030-2031" in shown
    assert "!\n" not in shown
    assert main(["diff", str(law), "kets"]) == 0
    assert "FRD" in capsys.readouterr().out
    assert [(row.type, row.limit_share) for row in accepts(load_regime(law))] == [("peat", 0.05)] * 4


def test_a_mistake_in_it_is_named_with_file_and_line(folder, path):
    text = REGIME.replace("net_sales_multiple: 2", "net_sales_multiplier: 2")
    (folder / "regime.yaml").write_text(text, encoding="utf-8")
    line = 1 + text.splitlines().index(next(row for row in text.splitlines() if "multiplier" in row))
    with pytest.raises(nea_env.ScenarioError, match=rf"regime\.yaml line {line}: .*did you mean 'net_sales_multiple'"):
        nea_env.load_scenario(path)


@pytest.mark.parametrize("mode", ["historical", "randomised"])
def test_just_in_time_complies_to_the_end_and_the_books_balance(path, mode):
    scenario = nea_env.load_scenario(path, {"policy.mode": mode})
    walk = Walk(scenario, 2_000).to_end(trade="even", abate="at_price")  # a Walk checks every month's identities
    assert walk.month == 54
    assert walk.total["surrendered"].min() > 0
    assert walk.total["auctioned"].min() > 0
    assert np.mean(walk.total["penalised"] > 0.0) <= 0.001


def test_a_mill_that_never_trades_is_fined(path):
    walk = Walk(nea_env.load_scenario(path), 200).to_end()
    assert np.mean(walk.total["penalised"] > 0.0) > 0.9


def test_the_first_allocation_is_the_benchmark_on_base_output_less_the_auctioned_tenth(path):
    walk = Walk(nea_env.load_scenario(path))
    # 1.8 t per t of steel x 100,000 t x 0.98, a tenth of it sold: neither leakage test is met (trade 0.2, cost 0.01)
    assert walk["front"] == pytest.approx(1.8 * 100_000 * 0.98 * 0.9)


def test_gymnasium_makes_an_environment_of_it(path):
    env = gym.make("nea/KETS-v0", scenario=path)
    observation, _ = env.reset(seed=1)
    assert observation in env.observation_space
    months = 0
    ended = False
    while not ended:
        observation, reward, ended, truncated, _ = env.step(env.action_space.sample())
        assert np.isfinite(reward) and observation in env.observation_space
        assert not truncated
        months += 1
    assert months == 54
