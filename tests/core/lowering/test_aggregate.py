"""A whole market under its law: supply, limits and prices typed in from the law, and prices that answer to it."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate import limits
from nea_env.core.lowering.aggregate import supply as units
from nea_env.core.lowering.aggregate.calendar import solved_months, spans
from nea_env.core.lowering.aggregate.market import market_problem, partner_problem, problem
from nea_env.scenario import (
    Aggregate,
    BankingRule,
    BorrowingRule,
    Exchange,
    Link,
    OffsetRule,
    PenaltyRule,
    StabilisationRule,
)


def made(**changes) -> Aggregate:
    """A market of 100 Mt and 200 firms: each short firm lacks 0.1 x 100 Mt / 100 = 100 kt a year."""
    known = {
        "emissions": 1e8,
        "firms": 200,
        "gross_deficit": 0.1,
        "abatement": {"scale": 1000.0, "steepness": 10.0, "max_share": 0.4},
    }
    return Aggregate.model_validate(known | changes)


# Supply


def test_korean_units_are_the_final_caps():
    months = problem(load_scenario("kets"), banks=21, shocks=3)
    # 540.1, 560.7 and 585.5 Mt of 545 Mt; 563.2 Mt for 2019, of which 0.03 x 0.39 is not free and more is on offer
    total = months.supply + months.auctioned
    for year, cap in ((0, 540.1), (1, 560.7), (2, 585.5), (4, 563.2)):
        assert total[12 * year : 12 * year + 12].sum() == pytest.approx(cap / 545, rel=2e-4)
    assert months.reserve_price[72] == pytest.approx(0.6 * 10506 * np.exp(0.03 * 6), rel=1e-12)


def test_korean_units_that_are_not_free_come_as_far_as_they_are_on_offer():
    months = problem(load_scenario("kets"), banks=21, shocks=3)
    # Mt: the cap, what is not free of it (0.03, 0.10 and 0.15, of which 61 % is exempt), and the auctions' volumes
    for year, cap, paid, offered in (
        (2018, 593.5, 593.5 * 0.0117, 3 * 0.55 + 1.59 + 1.0 + 0.55),  # 6.94 and 4.79
        (2019, 563.2, 563.2 * 0.0117, 3 * 0.55 + 2 * 0.65 + 0.75 + 0.8 + 1.0 + 1.4685 + 0.679),  # 6.59 and 7.65
        (2021, 589.3, 589.3 * 0.039, 2.7498 + 2.15 + 2.318 + 2.3792 + 4 * 1.0 + 2 * 2.5),  # 22.98 and 18.60
        (2022, 589.3, 589.3 * 0.039, 2.375 + 2.661 + 2 * 2.3 + 4 * 1.0),  # 13.64
        (2023, 589.3, 589.3 * 0.039, 3 * 3.07 + 1.5 + 0.45 + 2 * 0.2 + 0.1 + 0.2),  # 11.86
        (2024, 567.1, 567.1 * 0.039, 2 * 3.5 + 2 * 5.0 + 1.25 + 2 * 1.0),  # 22.12 and 20.25
        (2026, 509.5, 509.5 * 0.0585, 12 * 2.0),  # 29.81 and 24
        (2030, 485.7, 485.7 * 0.0585, 12 * 5.8),  # 28.41 and 69.6
    ):
        year_of = slice(12 * (year - 2015), 12 * (year - 2014))
        free = cap - max(paid, offered)
        assert (months.supply + months.auctioned)[year_of].sum() == pytest.approx((free + offered) / 545, rel=2e-4)
        # held back below the low trigger as often as the committee acts in a year, from 2026 on by more of a rule
        often = 1 - (0.75 if year < 2026 else 0.5) ** 12
        assert months.auctioned[year_of].sum() == pytest.approx(offered * often / 545)


def test_auctions_sell_the_share_where_no_volume_is_known_and_come_on_top_where_no_share_is():
    kets = load_scenario("kets", {"regime.auctions": {}})
    months = problem(kets, banks=21, shocks=3)
    assert 12 * months.auctioned[72] == pytest.approx(589.3 / 545 * 0.039 * (1 - 0.75**12), rel=1e-3)
    assert 12 * (months.supply[72] + months.auctioned[72]) == pytest.approx(589.3 / 545, rel=2e-4)
    on_top = units.allocated(load_scenario("pilot_shenzhen").regime, "2013", made(emissions=31.45e6), 0.9)
    assert on_top == (0.9, (pytest.approx(0.2 / 31.45), 35.43, 0.0))  # 200,000 t
    # Guangdong put up 7 Mt for 2014, of a twentieth, and nothing for 2017: what is not free stays where it is
    guangdong, market = load_scenario("pilot_guangdong").regime, made(emissions=4e8, unit_class="power", sector="power")
    assert units.allocated(guangdong, "2014", market, 1.0)[0] == pytest.approx(0.95)
    assert units.allocated(guangdong, "2014", market, 1.0).sold.amount == pytest.approx(7 / 400)
    assert units.allocated(guangdong, "2017", market, 1.0) == (pytest.approx(0.95), units.NOTHING)


def test_chinese_units_are_the_benchmark_over_the_intensity():
    months = problem(load_scenario("tps"), banks=21, shocks=3)
    assert 12 * months.supply[0] == pytest.approx(0.877 / 0.865)
    assert 12 * months.supply[24] == pytest.approx(0.8218 / 0.865)
    assert 12 * months.supply[60] == pytest.approx(0.7910 * 1.0526 / 0.865)
    assert months.auctioned.sum() == 0.0


def test_units_that_follow_own_emissions_leave_only_the_band_to_the_market():
    months = problem(load_scenario("tps_steel"), banks=21, shocks=3)
    assert months.emissions[0] == months.supply[0] == 0.0  # 2024: units as verified, whatever is emitted
    # 2025: two per cent above the balance of a band of 20 % and 3 %; a tonne more or less moves 0.15 units
    assert 12 * months.emissions[12] == pytest.approx(0.15)
    assert 12 * (months.supply[12] - months.emissions[12]) == pytest.approx(-0.03 * 0.02 / 0.20)


def test_a_tokyo_period_is_five_fiscal_years_and_is_settled_a_year_and_a_half_later():
    months = problem(load_scenario("tokyo"), banks=21, shocks=3)
    assert np.flatnonzero(months.year_end).tolist() == [59, 119, 179, 239]  # March 2015, 2020, 2025, 2030
    assert months.wait[[59, 119, 179]].tolist() == [18, 22, 18]  # September 2016, January 2022, September 2026
    for month, cap in ((0, 0.92), (60, 0.83), (120, 0.73), (180, 0.50)):
        assert 12 * months.supply[month] == pytest.approx(cap)


def test_rules_hold_on_beyond_the_calendar_and_before_it():
    regime = load_scenario("tps").regime  # compliance years 2019 to 2024
    periods = spans(regime, "2015-01", 180)
    assert [span.law for span in periods] == ["2019"] * 5 + ["2020", "2021", "2022", "2023"] + ["2024"] * 6
    assert [span.year for span in periods] == list(range(2015, 2030))
    assert periods[0].deadline == 35  # December 2017, as December 2021 for 2019
    assert periods[-1].deadline == 191  # December 2030, as December 2025 for 2024
    assert solved_months(load_scenario("kets").regime, "2015-01", "2025") == 192  # to the end of 2030


# Carrying over and borrowing


def test_korean_carry_over_limits():
    months = problem(load_scenario("kets"), banks=21, shocks=3)
    ends = np.arange(11, 192, 12)
    free = dict(zip(range(2015, 2031), months.unlimited[ends], strict=True))
    assert [year for year, is_free in free.items() if is_free] == [2015, 2016, *range(2023, 2031)]
    multiples = dict(zip(range(2015, 2031), months.carry_multiple[ends], strict=True))
    assert [multiples[year] for year in range(2017, 2023)] == [0, 3, 2, 1, 2, 2]  # KAU20: three years' sales over 3
    base = dict(zip(range(2015, 2031), months.carry_base[ends], strict=True))
    # KAU17: a tenth of the mean of 540.1, 560.7 and 585.5 Mt, and 20,000 t at each of 525 firms
    assert base[2017] == pytest.approx((0.10 * 562.1 + 525 * 0.02) / 545, rel=1e-4)
    # KAU18: a quarter of 525 firms hold half of 75,000 t
    assert base[2018] == pytest.approx(131.25 * 37500 / 545e6)


def test_chinese_limit_counts_two_years_of_net_sales_and_ten_thousand_tonnes_a_firm():
    months = problem(load_scenario("tps"), banks=21, shocks=3)
    assert list(np.flatnonzero(months.year_end[:72])) == [23, 47, 59, 71]  # 2019-20 and 2021-22 have one deadline each
    assert months.unlimited[[23, 47, 59]].all()
    assert months.carry_multiple[71] == pytest.approx(1.5 * 2)
    # 21.62 Mt at 2,162 firms; half of it is sold into, and each tonne sold lets 1.5 more be carried
    assert months.carry_base[71] == pytest.approx(21.62e6 * (1 + 0.5 * 1.5) / 4.5e9)
    assert months.carry_multiple[83] == pytest.approx(1.5 * 2)  # the window moves on with the year


def test_long_and_short_firms_have_the_same_room():
    # 200 firms of 100 Mt: a tenth of what all are given, and 20,000 t at each, whoever holds the units in the end
    kau17 = BankingRule(limit="deducted_above_base", base_share=0.10, base_tonnes=20000)
    assert limits.open_room(kau17, made(), 0.9) == pytest.approx(0.09 + 4e6 / 1e8)
    assert limits.carry(kau17, made(), 1, 1, 0.9) == (0.0, pytest.approx(0.13), False)
    # by net sales: 2 Mt, of which short firms buy 1 Mt, and 1.5 x that may be carried by those who sold it
    china = BankingRule(limit="net_sales", net_sales_multiple=1.5, base_tonnes=10000)
    assert limits.open_room(china, made(), 0.9) == pytest.approx(0.02 + 1.5 * 0.01)
    # small holders: a quarter of the firms, each with half of 75,000 t; buyers are not counted in
    small = BankingRule(limit="net_sales", net_sales_multiple=3, small_holder_tonnes={"firm": 75000})
    assert limits.carry(small, made(), 1, 1, 0.9) == (3.0, pytest.approx(50 * 37500 / 1e8), False)


def test_what_other_banking_rules_let_through():
    assert limits.carry(BankingRule(limit="none"), made(), 1, 1, 1.0) == (0.0, 0.0, False)
    assert limits.carry(BankingRule(limit="traded_units"), made(traded=0.05), 1, 1, 1.0) == (0.0, 0.05, False)
    assert problem(load_scenario("pilot_hubei"), banks=21, shocks=3).carry_base[11] == 0.05
    exempt = BankingRule(limit="net_sales", net_sales_multiple=3, deficit_firm_exempt=True)
    assert limits.carry(exempt, made(), 1, 1, 1.0).unlimited


def test_old_tokyo_credits_lapse_and_the_own_excess_is_carried():
    easy = {
        "market.aggregate.path": {"2010": 0.80},
        "market.aggregate.growth": 0.0,
        "regime.allocation.2020.reduction_factor.I-1": 0.30,
    }
    months = problem(load_scenario("tokyo", easy), banks=21, shocks=3)
    assert months.unlimited[59] == 1.0  # nothing older can be left over
    assert months.unlimited[119] == months.unlimited[179] == 0.0
    assert months.carry_base[119] == pytest.approx(5 * (0.83 - 0.80))
    assert months.carry_base[179] == 0.0  # cap 0.70 below emissions: no excess


def test_borrowing_limits():
    months = problem(load_scenario("kets"), banks=21, shocks=3)
    assert months.borrowing[11] == pytest.approx(0.20)
    assert months.borrowing[23] == pytest.approx(0.20 * 1.02)  # KAU16 was surrendered before the 15 % of August 2017
    assert months.borrowing[35] == 0.0  # last year of a phase
    # as much every year: b = 0.15 - 0.5 b in the second year of a phase, 0.15 - 0.5 b - 0.5 b in the third
    steady = {2018: 0.15, 2019: 0.15 / 1.5, 2021: 0.15, 2022: 0.15 / 1.5, 2023: 0.15 / 2.0, 2024: 0.15 / 2.5}
    for year, share in steady.items():
        months_of = slice(12 * (year - 2015), 12 * (year - 2014))
        assert months.borrowing[months_of][-1] == pytest.approx(share * months.emissions[months_of].sum())
    first = BorrowingRule(limit="decaying", share=0.15, decay=0.5)  # with nothing before it, or a year without
    assert limits.steady_share([first]) == limits.steady_share([BorrowingRule(), first]) == 0.15
    test = BorrowingRule(limit="gap_test", gap_threshold=0.10, gap_share=0.5)
    # gaps from none to 16 % of the duty, 8 % on average: of their sum 1 - (10 / 16)^2 lies with those of 10 % or more
    assert limits.borrowing([test], made(gross_deficit=0.04), 1.0, 0.04) == pytest.approx(0.5 * 0.04 * 0.609375)
    assert limits.borrowing([test], made(gross_deficit=0.025), 1.0, 0.025) == 0.0  # up to 10 %


# Penalty, offsets, interventions


def test_a_missing_tonne_costs_the_fine_up_to_its_cap_or_the_last_tonne_that_can_be_abated():
    korea, dear = PenaltyRule(multiple=3, cap=100000), {"scale": 1e6, "steepness": 10, "max_share": 0.4}
    assert limits.shortage_price(korea, made(abatement=dear), 1, 20000) == 60000
    assert limits.shortage_price(korea, made(abatement=dear), 1, 40000) == 1e5
    assert limits.shortage_price(korea, made(), 1, 40000) == pytest.approx(1000 * (np.exp(4.0) - 1))
    hubei = PenaltyRule(multiple=1, max_total=150000, deducted=2)
    assert limits.shortage_price(hubei, made(), 1, 12.0) == pytest.approx(150000 / 100000 + 2 * 12)
    china = PenaltyRule(lump_sum=30000, deducted=1, side_multiple=1.1)
    assert limits.shortage_price(china, made(), 1, 50.0) == pytest.approx(0.3 + 50 + 55)
    months = problem(load_scenario("kets"), banks=21, shocks=3)
    # 3 x the mean of 2015, of which a fifth is traded in June
    turnover = [0.6, 0.6, 0.8, 1.0, 1.5, 2.5, 1.0, 1.0, 0.8, 0.8, 0.8, 1.0]
    mean = 10506 * sum(weight * np.exp(0.03 * month / 12) for month, weight in enumerate(turnover)) / 12.4
    assert months.shortage_price[11] == pytest.approx(3 * mean)
    tokyo = problem(load_scenario("tokyo"), banks=21, shocks=3)  # 1.3 x September 2016, and 500,000 for 126 t x 5
    lump = 500000 / (5 * 0.02 * 16.4e6 / 650)
    assert tokyo.shortage_price[59] == pytest.approx(13000 * np.exp(0.03 * 77 / 12) + lump)


def test_offsets_count_up_to_the_limit_and_to_what_is_on_offer():
    scarce, plenty = made(offset_ratio=0.5, offset_supply=0.02), made(offset_ratio=0.5)
    duty = {"a": OffsetRule(limit_share=0.10, limit_base="duty"), "b": OffsetRule(limit_share=0.05, limit_base="duty")}
    assert units.offset_share(duty, scarce, 0.9, 1.0) == 0.02
    assert units.offset_share(duty, plenty, 0.9, 1.0) == 0.10
    third = {"a": OffsetRule(limit_share=1 / 3, limit_base="required_reduction")}
    assert units.offset_share(third, plenty, 0.7, 1.0) == pytest.approx(0.10)
    free = {"a": OffsetRule(limit_share=0, limit_base="none")}
    assert units.offset_share(free, scarce, 0.7, 1.0) == 0.02
    assert units.offset_share(duty, made(), 0.9, 1.0) == 0.0  # no price at which any is supplied
    # one of Tokyo's six types counts for 1.5: 6.5 / 6 a credit, on average, and a counted tonne costs as much less
    tokyo = problem(load_scenario("tokyo"), banks=21, shocks=3)
    assert 12 * tokyo.offsets[0] == pytest.approx(0.01 * 6.5 / 6)
    assert tokyo.offset_price[0] == pytest.approx(11000 * 6 / 6.5)


def test_interventions_release_and_hold_back_as_often_as_they_are_made():
    beijing = StabilisationRule(high_price=150, low_price=20, acts=0.25, price_move=0.1)
    market = made(reserve=0.05, buy_back=0.04)
    often = 1 - 0.75**12
    assert units.released(beijing, market) == pytest.approx((0.05 * often, 150, 0))
    assert units.bought_back(beijing, market) == pytest.approx((0.04 * often, 20, 0))
    assert units.held_back(1.0, units.NOTHING, beijing) == (1.0, (0.0, 20, 0))
    free, above = units.held_back(0.97, units.Sales(0.03), beijing)
    assert free == pytest.approx(1.0 - 0.03 * often)
    assert above == pytest.approx((0.03 * often, 20, 0))
    own = units.Sales(0.03, 16.0)
    assert units.held_back(0.97, own, beijing) == (0.97, own)  # auctions with a reserve price of their own
    assert units.bought_back(None, market) == units.bought_back(StabilisationRule(high_price=150), market) == (0, 0, 0)
    assert units.released(StabilisationRule(high_price=150), market).amount == 0.0


def test_units_are_bought_back_beside_auctions():
    shenzhen = problem(load_scenario("pilot_shenzhen"), banks=21, shocks=3)
    june = 5  # of 2013; a tenth of 31.45 Mt, as the committee acts in one month in ten, below half of the price
    assert 12 * shenzhen.bought_back[june] == pytest.approx(0.10 * (1 - 0.9**12))
    assert shenzhen.buy_back_price[june] == pytest.approx(0.5 * 67.67 * np.exp(0.05 * june / 12))
    assert 12 * shenzhen.auctioned[june] == pytest.approx(0.2 / 31.45)  # 200,000 t from 35.43 on
    assert shenzhen.reserve_price[june] == 35.43
    beijing = problem(load_scenario("pilot_beijing"), banks=21, shocks=3)
    assert 12 * beijing.bought_back[[0, 47]] == pytest.approx(0.05 * (1 - 0.75**12))  # without auctions, and with
    assert 12 * beijing.auctioned[47] == pytest.approx(0.5 / 47 * (1 - 0.75**12))  # 500,000 t in 2016, held back
    assert beijing.buy_back_price.tolist() == [20.0] * beijing.months
    none = problem(load_scenario("pilot_beijing", {"market.aggregate.buy_back": 0.0}), banks=21, shocks=3)
    assert none.supply == pytest.approx(beijing.supply)  # what is bought leaves by its own column
    floor = problem(load_scenario("gx_ets"), banks=21, shocks=3)
    assert floor.bought_back.sum() == 0.0


def test_short_firms_buy_less_from_others_where_they_buy_at_auction():
    plain = problem(load_scenario("kets"), banks=21, shocks=3)
    more = problem(load_scenario("kets", {"regime.auctions.2021.volume": 2e6}), banks=21, shocks=3)
    assert plain.deficit[83] == pytest.approx(0.10 - 18.597 / 545)  # Mt on offer
    assert more.deficit[83] == pytest.approx(0.10 - (18.597 + 4) / 545)  # a million more in four of the months


def test_a_deficit_cap_lets_short_firms_off():
    exempt = {"market.aggregate.unit_class": "IV", "market.aggregate.intensity": 0.392}
    months = problem(load_scenario("tps", exempt), banks=21, shocks=3)
    assert months.deficit[11] == 0.0  # gas units need cover no deficit
    assert 12 * months.supply[0] == pytest.approx(1.0 + 0.04)


def test_a_collar_buys_at_the_floor_and_sells_at_the_ceiling():
    months = problem(load_scenario("gx_ets"), banks=41, shocks=3)
    chain = solve(months)
    grown = np.exp(0.0296 * np.arange(months.months) / 12)
    assert months.release_price == pytest.approx(4300 * grown)
    assert months.reserve_price == pytest.approx(1700 * grown)
    # supply at a threshold comes within one per cent of it
    assert chain.running[0].max() <= 4300 * 1.005


# Linked partners


def test_a_partner_runs_in_the_home_markets_calendar_months():
    china, korea = load_scenario("tps"), load_scenario("kets")
    fx = Exchange(currency="CNY", rate=180)
    link = Link(name="china", title="China", market=china.market, regime=china.regime, fx=fx, type="full")
    home, partner = problem(korea, banks=21, shocks=3), partner_problem(link, korea, banks=21, shocks=3)
    assert partner.months == home.months == 192
    assert 12 * partner.supply[0] == pytest.approx(0.877 / 0.865)  # 2015: the first law's rules
    assert 12 * partner.supply[72] == pytest.approx(0.8218 / 0.865)  # January 2021
    assert partner.discount == pytest.approx(np.exp(-0.05 / 12))
    with pytest.raises(ValueError, match=r"links\.china\.regime"):
        partner_problem(link.model_copy(update={"regime": None}), korea)


# Errors


def test_errors_name_what_is_missing():
    kets, tps = load_scenario("kets"), load_scenario("tps")
    with pytest.raises(ValueError, match=r"market\.aggregate"):
        problem(load_scenario("tms"))
    with pytest.raises(ValueError, match=r"aggregate\.firms.*base_tonnes"):
        problem(load_scenario("kets", {"market.aggregate.firms": None}))
    with pytest.raises(ValueError, match=r"aggregate\.buy_back.*tps has no low trigger"):
        problem(load_scenario("tps", {"market.aggregate.buy_back": 0.05}))
    with pytest.raises(ValueError, match=r"regime\.carbon_tax: every firm"):
        problem(load_scenario("tokyo_carbon_tax"))
    with pytest.raises(ValueError, match=r"aggregate\.intensity"):
        problem(load_scenario("tps", {"market.aggregate.intensity": None}))
    with pytest.raises(ValueError, match=r"aggregate\.unit_class.*'V'"):
        problem(load_scenario("tps", {"market.aggregate.unit_class": "V"}))
    with pytest.raises(ValueError, match=r"calendar\.2017"):
        gone = {year: rule for year, rule in kets.regime.calendar.items() if year != "2016"}
        spans(kets.regime.model_copy(update={"calendar": gone}), "2015-01", 24)
    # a market need not end with a period
    assert market_problem(tps.regime, tps.market, "2021-01", 20, banks=21, shocks=3).months == 20
