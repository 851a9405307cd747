"""Figures of the shipped links, typed in by hand from exchange rates, price statistics and the terms of real links."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from nea_env.library import load_link, load_scenario, names, provenance, scenarios
from nea_env.scenario import add_months, months_between

LINKED = tuple(name for name in scenarios() if name.startswith("linked_"))
OPEN_FROM_THE_START = ("tokyo_saitama",)
FIRST = ("linked_kets", "linked_kets_full", "linked_kets_phase4", "linked_tps", "linked_tokyo")
MADE = ("tokyo_saitama", "tokyo_saitama_traded")
"""The one link that exists, as the law has it and as it trades."""


def ratio(link, price: float) -> float:
    """Price of the partner's units that count as one home tonne over the home price, at the start."""
    rate = 1.0 if link.fx is None else link.fx.rate
    return link.market.price * rate * link.units / price


# --- exchange rates ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("link", "money", "rate", "volatility"),
    [
        ("kets_tps", "CNY", 170.9, 0.052),  # KRW per CNY in 2020
        ("kets_gx_ets", "JPY", 9.38, 0.069),  # KRW per JPY in the first half of 2026
        ("tps_kets", "KRW", 1 / 191.9, 0.052),  # 2022
        ("tokyo_kets", "KRW", 1 / 9.34, 0.069),  # 2015
        ("kets_eu", "EUR", 1131 / 0.9012, 0.07),  # 2015, by way of the dollar
        ("gx_ets_tps", "CNY", 23.04, 0.067),  # JPY per CNY in the first half of 2026
        ("gx_ets_tps_quota", "CNY", 23.04, 0.067),
        ("gx_ets_kets", "KRW", 1 / 9.38, 0.069),
        ("gx_ets_kets_quota", "KRW", 1 / 9.38, 0.069),
        ("tokyo_beijing", "CNY", 19.26, 0.067),  # 2015
    ],
)
def test_exchange_rates_of_the_start(link, money, rate, volatility):
    found = load_link(link).fx
    assert found.currency == money
    assert found.rate == pytest.approx(rate, rel=2e-3)
    assert found.volatility == volatility


def test_rates_of_2026_agree_with_one_another():
    # KRW per CNY over KRW per JPY is JPY per CNY: 23.04 in the first half of 2026
    first, second = load_scenario("linked_kets_phase4").links
    assert first.fx.rate / second.fx.rate == pytest.approx(23.04, rel=1e-3)


def test_two_rates_against_the_won_move_together_as_their_dollar_rates_do():
    won, yen, yuan = 6.4, 7.3, 3.9  # % a year
    yen_won, yen_yuan, won_yuan = 0.50 * yen * won, 0.41 * yen * yuan, 0.57 * won * yuan
    together = won**2 - yen_won - won_yuan + yen_yuan
    apart = math.sqrt((won**2 + yuan**2 - 2 * won_yuan) * (won**2 + yen**2 - 2 * yen_won))
    assert load_link("kets_gx_ets").fx_correlation_with_first == pytest.approx(together / apart, abs=0.005)


@pytest.mark.parametrize("link", ["gx_ets_kets", "gx_ets_kets_quota"])
def test_two_rates_against_the_yen_move_together_as_their_dollar_rates_do(link):
    won, yen, yuan = 6.4, 7.3, 3.9  # % a year
    yen_won, yen_yuan, won_yuan = 0.50 * yen * won, 0.41 * yen * yuan, 0.57 * won * yuan
    together = yen**2 - yen_won - yen_yuan + won_yuan
    apart = math.sqrt((yen**2 + yuan**2 - 2 * yen_yuan) * (yen**2 + won**2 - 2 * yen_won))
    assert load_link(link).fx_correlation_with_first == pytest.approx(together / apart, abs=0.005)


def test_partners_in_the_same_money_have_no_rate():
    same = ("tokyo_saitama", "tokyo_saitama_traded", "tokyo_gx_ets", "beijing_tianjin")
    assert all(load_link(name).fx is None for name in same)


# --- two prices that are not linked -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in names("link") if name not in OPEN_FROM_THE_START])
def test_before_a_link_the_ratio_goes_its_measured_way(name):
    # KAU over CEA in JPY, July 2021 to December 2025: AR(1) 0.976 a month, innovations of 0.145
    link = load_link(name)
    assert (link.persistence, link.wander) == (0.976, 0.145)
    spread = link.wander / math.sqrt(1 - link.persistence**2)
    assert spread == pytest.approx(0.66, abs=0.01)  # the measured sd of the log ratio


@pytest.mark.parametrize("name", names("link"))
def test_east_asian_prices_do_not_move_together(name):
    # measured: KAU with CEA -0.04 in own money and -0.01 in JPY, KAU with EUA -0.04
    assert load_link(name).correlation in ((-0.04,) if name == "kets_eu" else (0.0,))


@pytest.mark.parametrize(
    ("scenario", "index", "start"),
    [
        ("linked_kets", 0, 0.357),  # 48 CNY x 170.9 / 23,000 KRW
        ("linked_kets_phase4", 0, 0.674),  # 62.36 CNY x 216.1 / 20,000 KRW
        ("linked_kets_phase4", 1, 1.407),  # 3,000 JPY x 9.38 / 20,000 KRW
        ("linked_tps", 0, 1.508),  # 16,000 KRW / 191.9 / 55.30 CNY
        ("linked_tokyo", 0, 1.0),
        ("linked_tokyo", 1, 0.250),  # 10,506 KRW / 9.34 / 4,500 JPY
        ("linked_gx_ets", 0, 0.479),  # 62.36 CNY x 23.04 / 3,000 JPY
        ("linked_gx_ets", 1, 0.711),  # 20,000 KRW x 0.1066 / 3,000 JPY
        ("linked_trilateral", 0, 0.479),
        ("linked_trilateral", 1, 0.711),
        ("linked_tokyo_beijing", 0, 0.214),  # 50 CNY x 19.26 / 4,500 JPY
        ("linked_beijing", 0, 0.166),  # 8.3 / 50 CNY; 1.27 / 7.59 USD on 1 September 2017
        ("linked_tokyo_saitama", 0, 0.240),  # 144 / 600 JPY in 2024
        ("linked_tokyo_gx_ets", 0, 1.0),  # 3,000 / 0.8 / 3,750 JPY
    ],
)
def test_price_ratios_of_the_start(scenario, index, start):
    found = load_scenario(scenario)
    assert ratio(found.links[index], found.market.price) == pytest.approx(start, abs=0.001)


def test_a_rate_of_exchange_near_par_of_the_prices():
    # 1.25 x 6.60 EUR x 1,255 KRW = 10,354 KRW beside KAU at 10,506
    assert ratio(load_link("kets_eu"), load_scenario("kets").market.price) == pytest.approx(0.9855, abs=0.001)


def test_the_wedge_under_a_quota_starts_within_its_bounds():
    link = load_link("kets_tps_quota")
    low, high = link.bounds
    assert low == pytest.approx(1 / 4.04, abs=0.005) and high == 1.0  # November 2021
    assert low < ratio(link, load_scenario("linked_kets").market.price) < high


@pytest.mark.parametrize(
    ("scenario", "index"), [("linked_trilateral", 0), ("linked_trilateral", 1), ("linked_beijing", 0)]
)
def test_a_wedge_starts_within_its_bounds_and_par_is_in_reach(scenario, index):
    found = load_scenario(scenario)
    low, high = found.links[index].bounds
    assert low < ratio(found.links[index], found.market.price) < high == 1.0


# --- Saitama: what the law says and what is on record -----------------------------------------------------------
def test_saitama_is_shipped_as_the_law_has_it_and_as_it_trades():
    law, traded = load_link("tokyo_saitama"), load_link("tokyo_saitama_traded")
    assert (law.type, law.quota, law.bounds) == ("full", None, (1.0, 1.0))  # no limit, so one price
    assert (traded.type, traded.two_way, traded.bankable) == ("quota", True, True)
    at_par, apart = load_scenario("linked_tokyo"), load_scenario("linked_tokyo_saitama")
    assert ratio(at_par.links[0], at_par.market.price) == pytest.approx(1.0)
    assert (apart.market.price, apart.links[0].market.price) == (600, 144)  # JPY, means of 2024
    assert 1 / ratio(apart.links[0], apart.market.price) == pytest.approx(4.17, abs=0.01)
    assert traded.bounds[0] < 144 / 600 < 1.0


# --- terms, and the links they are taken from ------------------------------------------------------------------------
def test_quotas_are_those_of_real_links():
    quotas = {name: load_link(name).quota for name in names("link") if load_link(name).quota is not None}
    assert quotas == {
        "kets_tps": 0.05,  # Korea: half of the 10 % of phase II, 5 % in all in phase III
        "kets_tps_quota": 0.11,  # EU and CDM over phase II
        "kets_gx_ets": 0.10,  # GX-ETS: J-Credit and JCM
        "tps_kets": 0.10,
        "tokyo_kets": 0.10,
        "gx_ets_tps": 0.10,
        "gx_ets_kets": 0.10,
        "gx_ets_tps_quota": 0.11,
        "gx_ets_kets_quota": 0.11,
        "tokyo_beijing": 0.06,  # 1/3 x 0.17 of the base, at emissions of 0.93 of it
        "beijing_tianjin": 0.05,  # Beijing: offsets up to 5 % of the allocation
        "tokyo_saitama_traded": 0.05,  # none in law; what can be found
    }
    assert quotas["tokyo_beijing"] == pytest.approx(0.17 / 3 / 0.93, abs=0.005)


def test_tokyo_and_saitama_are_fully_linked():
    link = load_link("tokyo_saitama")
    assert (link.type, link.two_way, link.bankable, link.starts) == ("full", True, True, "2012-04")
    assert link.bounds == (1.0, 1.0) and link.units == 1.0


def test_imports_alone_cannot_be_sold_back():
    one_way = [load_link(name) for name in names("link") if load_link(name).type == "one_way"]
    assert one_way and not any(link.two_way for link in one_way) and all(link.free_price for link in one_way)


def test_units_behind_an_import_discount_of_a_fifth():
    # a foreign unit counts for 0.8 t, so a home tonne takes 1.25
    assert load_link("tokyo_gx_ets").units == pytest.approx(1.25)


def test_a_border_fee_keeps_the_price_within_it():
    assert load_link("tps_kets_border_fee").bounds == pytest.approx((0.85, 1.15))


def test_a_merged_market_is_mostly_chinas():
    # 5.2 Gt in China's power sector (2023), 587.9 Mt in Korea's system (2019)
    assert load_link("kets_tps_full").weight == pytest.approx(5200 / (5200 + 587.9), abs=0.005)


# --- dates -------------------------------------------------------------------------------------------------------
def test_links_open_with_the_younger_market():
    opens = {name: load_link(name).starts for name in names("link")}
    assert opens["kets_tps"] == opens["kets_tps_quota"] == "2021-07"  # CEA, first trade on 16 July 2021
    japan = [name for name in opens if "gx_ets" in name]
    assert len(japan) == 6 and {opens[name] for name in japan} == {"2027-10"}  # GX-ETS, autumn of fiscal 2027


def test_links_of_cities_open_in_the_years_the_report_names():
    # "Pilot linked subnational markets", for 2018-2020
    assert all("2018-01" <= load_link(name).starts <= "2020-12" for name in ("tokyo_beijing", "beijing_tianjin"))


def test_random_dates_have_mean_waits_of_one_and_two_years():
    full, quota = load_link("kets_tps_full"), load_link("kets_tps_quota")
    assert (full.starts, quota.ends) == ("2024-01", "2024-01")
    assert 1 / full.start_chance == pytest.approx(12, abs=1) and 1 / quota.end_chance == pytest.approx(24, abs=2)


@pytest.mark.parametrize("name", LINKED)
def test_every_link_opens_at_least_a_year_before_the_end(name):
    scenario = load_scenario(name)
    for link in scenario.links:
        assert (link.starts or scenario.start) <= add_months(scenario.end, -12)


# --- worth a thought ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "index"), [(name, i) for name in FIRST for i, link in enumerate(load_scenario(name).links) if link.quota]
)
def test_either_country_can_be_the_cheaper_one_at_the_end(name, index):
    """Log-normal ratio, a martingale: the chance that the partner's units are the cheaper ones is neither 0 nor 1."""
    scenario = load_scenario(name)
    link, home = scenario.links[index], scenario.market
    spread = math.sqrt(home.volatility**2 + link.market.volatility**2 + link.fx.volatility**2)
    spread *= math.sqrt(months_between(scenario.start, scenario.end) / 12)
    cheaper = NormalDist().cdf((0.5 * spread**2 - math.log(ratio(link, home.price))) / spread)
    assert 0.05 < cheaper < 0.97
    assert link.quota <= 0.10  # at most this share of the duty gains from it


def test_no_link_that_was_never_made_claims_a_source_for_its_terms():
    for name in names("link"):
        if name not in MADE:
            found = provenance("link", name)
            terms = {"quota", "starts", "ends", "fee", "discount", "exchange_rate", "two_way", "bankable"}
            assert {found[path].status for path in terms & set(found)} == {"assumed"}, name
