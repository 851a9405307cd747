"""Prices of credits beside those of allowances, typed from exchanges and reports, and what the markets make of them."""

from __future__ import annotations

import math
import statistics

import pytest

from nea_env.library import names
from nea_env.market.calibration import load_market, with_credits

KOREA = (  # credit and allowance, KRW, on days on which both traded
    (10_100, 10_100),  # KCU15 and KAU15, 6 April 2015
    (18_500, 21_000),  # KOC and KAU15, 23 May 2016
    (39_500, 38_100),  # KOC and KAU19, 30 December 2019
    (9_500, 9_700),  # i-KOC23-28 and KAU24, 18 December 2024
    (9_800, 9_350),  # the same, 23 December
    (11_850, 8_980),  # KOC and KAU24, 27 March 2025
    (9_800, 8_880),  # i-KOC23-28 and KAU24, 2 April 2025
)
CHINA = (  # CCER and allowance, CNY
    (19, 23.98),  # Guangdong, March 2015
    (8.10, 14.91),  # Guangdong, asked in April 2017
    (5, 13.54),  # Guangdong, bid in September 2017
    (20, 40),  # national, 2021
    (70.76, 62.36),  # national, 2025
)
JAPAN = ((3_278, 3_000), (3_060, 3_000), (0.75 * 6_600, 3_000))  # renewable J-Credits, over the middle of the band
FROM_CCER = (
    "cea", "cea_2025", "pilot_beijing", "pilot_fujian", "pilot_guangdong", "pilot_hubei", "pilot_shanghai",
    "pilot_shenzhen",
)  # fmt: skip
TO_2017 = math.log(0.79) + 10 / 25 * math.log(0.54 / 0.79)  # from March 2015 to April 2017: January 2016


def logs(pairs) -> list[float]:
    """Of the ratios; China's quotes bear two digits."""
    ratios = (credit / allowance for credit, allowance in pairs)
    return [math.log(round(ratio, 2) if pairs is CHINA else ratio) for ratio in ratios]


@pytest.mark.parametrize(
    ("name", "pairs", "half"),  # of the last digit
    [("kau", KOREA, 5e-4), ("gx_allowance", JAPAN, 5e-4), *((name, CHINA, 5e-3) for name in FROM_CCER)],
)
def test_level_and_spread_are_those_of_the_prices_paid(name, pairs, half):
    series = load_market(name).offset
    assert series.level == pytest.approx(math.exp(statistics.mean(logs(pairs))), abs=half)
    assert series.sd == pytest.approx(statistics.stdev(logs(pairs)), abs=half)


def test_credits_come_to_the_whole_market_over_prices_with_the_spread_of_those_paid():
    """Evenly within so much of the middle, both ways: a uniform law's half-width is the root of 3 times its sd."""
    half = {
        "kau": 0.215, "gx_allowance": 0.45, "tokyo_credit": 0.17, "saitama_credit": 0.17, "pilot_chongqing": 0.745,
        "pilot_tianjin": 0.745, **dict.fromkeys(FROM_CCER, 0.745),
    }  # fmt: skip
    sd = {"kau": 0.124, "gx_allowance": 0.26, "tokyo_credit": 0.1, "saitama_credit": 0.1}
    for name, spread in half.items():
        assert load_market(name).aggregate.offset_spread == spread
        assert spread == pytest.approx(math.sqrt(3) * sd.get(name, 0.43), abs=5e-3)


def test_where_the_ratio_starts():
    assert load_market("kau").offset.ratio == 10_100 / 10_100
    assert load_market("cea").offset.ratio == 20 / 40
    assert load_market("cea_2025").offset.ratio == pytest.approx(70.76 / 62.36, abs=5e-4)
    assert load_market("pilot_guangdong").offset.ratio == pytest.approx(math.exp(TO_2017), abs=5e-3)
    assert load_market("gx_allowance").offset.ratio == pytest.approx(0.75 * 6_600 / 3_000)


@pytest.mark.parametrize("name", with_credits())
def test_nine_tenths_of_the_time_a_credit_costs_less_than_two_allowances(name):
    series = load_market(name).offset
    high = series.median * math.exp(1.645 * series.sd)
    assert high < 2.0 if name != "jpa" else high < 2.7  # CERs had other buyers than Japan's volunteers
    assert series.half_life == 1.0


def test_every_market_whose_regime_takes_credits_sells_them():
    assert set(names("market")) - set(with_credits()) == {"eua", "tms"}
