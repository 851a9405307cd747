"""The price of credits over the allowance's: pulled towards a level, by closed forms typed in here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env import ScenarioError, load_scenario, price_paths
from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.core.lowering.process_parameters import offset_parameters
from nea_env.core.rules.price_processes import reversion_change
from nea_env.scenario import OffsetRule, OffsetSeries
from tests.core import scenarios as made

ERRORS = 4.0
CREDIT = {"type": "c", "ratio": 0.5, "level": 0.62, "sd": 0.43, "half_life": 0.5}


def log_ratios(paths: int = 3, months: int | None = None, **series) -> np.ndarray:
    """Log of the offset over the long price, (months + 1, paths), as played."""
    scenario = made.scenario(
        made.regime(2015, 2016, offsets={"c": OffsetRule(limit_share=0.1, limit_base="duty")}),
        where=made.market(volatility=0.3, offset=OffsetSeries(**series)),
    )
    batch = Batch(scenario, paths, threads=1)
    batch.reset(np.arange(paths))
    seen = [batch.memory("log_offset_ratio").copy()]
    for _ in range(int(batch.horizon[0]) - 1 if months is None else months):
        batch.step(np.zeros((paths, Action.size), np.float32))
        seen.append(batch.memory("log_offset_ratio").copy())
    return np.array(seen)


def test_the_rule_keeps_mean_and_variance_of_the_long_run():
    n, c = 100_000, offset_parameters(OffsetSeries(**CREDIT))
    generator = np.random.default_rng(3)
    log = math.log(0.62) + 0.43 * generator.standard_normal(n)
    step = np.frompyfunc(reversion_change, 5, 1)
    for _ in range(6):
        log = log + step(log, c["offset_level"], c["offset_pull"], c["offset_sd"], generator.standard_normal(n)).astype(
            float
        )
    assert log.mean() == pytest.approx(math.log(0.62), abs=ERRORS * 0.43 / n**0.5)
    assert log.var() == pytest.approx(0.43**2, abs=ERRORS * 0.43**2 * (2 / n) ** 0.5)


def test_from_its_start_the_ratio_spreads_as_an_autoregression_does():
    n = 20_000
    log, kept = log_ratios(n, **CREDIT), 0.5 ** (1 / 6)  # a month, at half a year
    for month in (1, 6, 18):
        mean = math.log(0.62) + kept**month * math.log(0.5 / 0.62)
        variance = 0.43**2 * (1 - kept ** (2 * month))
        assert log[month].mean() == pytest.approx(mean, abs=ERRORS * (variance / n) ** 0.5)
        assert log[month].var() == pytest.approx(variance, abs=ERRORS * variance * (2 / n) ** 0.5)
    lagged = np.corrcoef(log[12], log[18])[0, 1]
    later = 0.5 * ((1 - kept**24) / (1 - kept**36)) ** 0.5  # the spread still grows
    assert lagged == pytest.approx(later, abs=ERRORS / n**0.5)


@pytest.mark.parametrize(("half_life", "months"), [(0.5, 6), (1.0, 12)])
def test_after_a_half_life_half_the_distance_is_gone(half_life, months):
    log = log_ratios(type="c", ratio=4.0, level=1.0, half_life=half_life)
    assert log[months] == pytest.approx(0.5 * math.log(4.0), rel=1e-12)
    assert (np.diff(log[:, 0]) < 0).all()


@pytest.mark.parametrize("level", [None, 0.9])
def test_without_a_spread_a_ratio_at_its_level_stays_to_the_bit(level):
    assert (log_ratios(type="c", ratio=0.9, level=level) == math.log(0.9)).all()


def test_one_firm_sees_what_it_sees_among_many():
    many = log_ratios(70, months=12, **CREDIT)
    np.testing.assert_array_equal(many[:, :1], log_ratios(1, months=12, **CREDIT))
    assert np.ptp(many[-1]) > 0.5


def test_the_ratio_waits_for_the_market_to_open():
    paths = price_paths("tps", 50)
    ratio, opens = paths["offset_price"] / paths["long_price"], paths.months.index("2021-07")
    np.testing.assert_allclose(ratio[:, : opens + 1], 0.5, rtol=1e-12)
    assert np.ptp(ratio[:, opens + 1]) > 0.1


def test_korean_credits_of_2026_cost_about_what_an_allowance_does():
    paths = price_paths("kets", 10_000)
    log = np.log(paths["offset_price"] / paths["long_price"])[:, -1]
    low, high = np.quantile(log, (0.05, 0.95))
    error = ERRORS * 0.124 * 2.11 / 100  # of a quantile: sd / density x root of (0.05 x 0.95 / n)
    assert low == pytest.approx(math.log(1.045) - 1.645 * 0.124, abs=error)
    assert high == pytest.approx(math.log(1.045) + 1.645 * 0.124, abs=error)
    assert np.exp(log).max() < 2
    assert 0.60 < (log > 0).mean() < 0.68  # 64 % of the time a firm with a duty leaves them


def test_another_vintage_is_a_step_that_dies_out():
    """Under the equilibrium process a credit costs what it did when the long price changes; its ratio then returns."""
    quiet = {"market.offset.ratio": 1.0, "market.offset.level": 1.0, "market.offset.sd": 0.0}
    paths = price_paths(load_scenario("kets_phase2", quiet | {"market.law": "equilibrium"}), 200)
    log = np.log(paths["offset_price"] / paths["long_price"])
    kept, steps = 0.5 ** (1 / 12), log[:, 1:] - 0.5 ** (1 / 12) * log[:, :-1]
    steps[np.abs(steps) < 1e-9] = 0.0
    stepped = (steps != 0.0).any(axis=0)
    assert 1 <= stepped.sum() < 12, "a few months in which the vintage changes"
    last = np.flatnonzero(stepped)[-1] + 1
    months = np.arange(log.shape[1] - last)
    np.testing.assert_allclose(log[:, last:], kept**months * log[:, last, None], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("volatility", 0.25, "unknown key; allowed: type, ratio, level, sd, half_life"),
        ("level", 0, "0: input should be greater than 0"),
        ("sd", -0.1, "-0.1: input should be greater than or equal to 0"),
        ("half_life", 0, "0: input should be greater than 0"),
        ("half_life", "long", "'long': expected a number"),
    ],
)
def test_a_bad_value_is_one_clear_line(key, value, message):
    with pytest.raises(ScenarioError) as error:
        load_scenario("kets", {f"market.offset.{key}": value})
    assert str(error.value) == f"override market.offset.{key}: {message}"


def test_an_old_file_is_told_the_new_keys(tmp_path):
    (tmp_path / "market.yaml").write_text("""\
name: mine
title: Mine
currency: KRW
price: 100
discount_rate: 0.03
volatility: 0.3
offset: {type: kcu, ratio: 1.0, volatility: 0.25}
""")
    (tmp_path / "scenario.yaml").write_text("""\
name: mine
title: Mine
start: 2018-01
first: 2018
last: 2018
regime: kets
firm: kets_generator
market: market.yaml
""")
    with pytest.raises(ScenarioError) as error:
        load_scenario(tmp_path / "scenario.yaml")
    message = str(error.value)
    assert "market.yaml line 7" in message and "\n" not in message
    assert message.endswith(
        "offset: volatility: the ratio is pulled towards its level and moves by its sd (of its log in the long run) and"
        " half_life (years); allowed: type, ratio, level, sd, half_life"
    )
