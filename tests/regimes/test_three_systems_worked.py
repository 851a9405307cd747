"""One Japanese megatonne with China's and Korea's units at hand: prices, quotas and the order of surrender, by hand.

Prices of the first half of 2026 that stand still: home 3,000 JPY; China 62.36 CNY x 23.04 = 1,436.77 JPY; Korea
20,000 KRW x 0.1066 = 2,132 JPY. Either partner's units cover a tenth of the year's emissions, as do J-Credits.
"""

from __future__ import annotations

import pytest

from nea_env.core.layout import World
from nea_env.library import load_link, load_regime, load_scenario
from nea_env.scenario import Link, OffsetSeries, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

MT, MONTH = 1_000_000.0, 10_000_000.0  # a month takes ten years' emissions: no volume limit bites
TOO_MANY = (130_000, 120_000)  # t, of China and of Korea


def tonnes(value: float):
    """To a tonne: actions are float32, and the firm emits a million."""
    return pytest.approx(value, abs=1.0)


def still(name: str, price: float | None = None, **terms) -> Link:
    """A shipped link without news: its market, its rate and the time before it opens stand still."""
    link = load_link(name)
    quiet = {"volatility": 0.0, "discount_rate": 0.0} | ({"price": price} if price else {})
    assert link.fx is not None
    changes = {
        "market": link.market.model_copy(update=quiet),
        "fx": link.fx.model_copy(update={"volatility": 0.0}),
        "wander": 0.0,
        "spread": 0.0,
    }
    return link.model_copy(update=changes | terms)


def japan(*links: Link, last: int = 2026) -> Scenario:
    """The shipped law; a firm that emits its base year's megatonne; J-Credits at 1,620 JPY."""
    market = made.market(3_000.0, offset=OffsetSeries(type="j_credit", ratio=0.54)).model_copy(
        update={"currency": "JPY"}
    )
    return made.scenario(
        load_regime("gx_ets"), made.firm(base=MT), market, start="2026-04", first="2026", last=str(last), links=links
    )


def three(last: int = 2026, **terms) -> Walk:
    """October 2027, all three markets open: a megatonne is owed for fiscal 2026, and 983,000 units will be booked."""
    walk = Walk(japan(still("gx_ets_tps", **terms), still("gx_ets_kets"), last=last)).through("2027-09")
    assert walk["owed"] == tonnes(MT)
    return walk


def held(walk: Walk) -> list[float]:
    return list(walk.batch.get_state()["_world"][0, World.HELD : World.HELD + 2])


def given(walk: Walk, *amounts: float) -> Walk:
    state = walk.batch.get_state()
    state["_world"][0, World.HELD : World.HELD + 2] = amounts
    walk.batch.set_state(state)
    return walk.overwrite("foreign", sum(amounts))


def test_what_the_three_cost():
    market = three().batch.market()
    assert market["long_price"][0] == pytest.approx(3_000)
    assert market["foreign_price_0"][0] == pytest.approx(1_436.7744)
    assert market["foreign_price_1"][0] == pytest.approx(2_132)


def test_nothing_is_bought_abroad_before_the_markets_of_all_three_are_open():
    walk = Walk(japan(still("gx_ets_tps"), still("gx_ets_kets"))).through("2027-09", foreign=1.0)
    assert walk.total["foreign_bought"][0] == 0.0


def test_a_purchase_goes_to_china_up_to_its_quota_and_then_to_korea():
    walk = three().play(foreign=60_000 / MONTH)
    assert held(walk) == [tonnes(60_000), 0.0]
    assert walk.flows["foreign_cost"][0] == pytest.approx(60_000 * 1_436.7744, rel=1e-4)
    walk.play(foreign=90_000 / MONTH)  # China has 40,000 t of its quota left
    assert held(walk) == [tonnes(100_000), tonnes(50_000)]
    assert walk.flows["foreign_cost"][0] == pytest.approx(40_000 * 1_436.7744 + 50_000 * 2_132, rel=1e-4)
    walk.play(foreign=1.0)  # and Korea 50,000 t
    assert held(walk) == [tonnes(100_000), tonnes(100_000)]
    assert walk.flows["foreign_bought"][0] == tonnes(50_000)


def test_the_dearer_partner_is_left_alone_where_the_home_unit_is_cheaper():
    """Korea at 30,000 KRW = 3,198 JPY, above the home price of 3,000: the purchase stops with China's quota."""
    walk = Walk(japan(still("gx_ets_tps"), still("gx_ets_kets", price=30_000.0))).through("2027-09")
    walk.play(foreign=150_000 / MONTH)
    assert held(walk) == [tonnes(100_000), 0.0]


def test_the_cycle_credits_then_foreign_units_then_home_units():
    walk = three(last=2027).play(foreign=1.0, offset=1.0)
    assert (walk["offsets"], walk["foreign"]) == (tonnes(100_000), tonnes(200_000))
    assert (walk["front"], walk["next"]) == (tonnes(983_000), tonnes(966_000))
    walk.through("2027-12").play()
    assert walk.flows["surrendered"][0] == tonnes(MT)
    assert (walk["offsets"], walk["foreign"]) == (0.0, 0.0)
    # 100,000 credits, 200,000 units from abroad, so 700,000 of the 983,000; 283,000 go into 2027
    assert walk["front"] == tonnes(283_000 + 966_000)
    assert (walk.total["penalised"][0], walk.flows["lapsed"][0]) == (0.0, 0.0)
    paid = 100_000 * 1_620 + 100_000 * 1_436.7744 + 100_000 * 2_132
    assert walk.total["cost"][0] == pytest.approx(paid, rel=1e-4)


def test_units_beyond_either_quota_do_not_count_and_lapse():
    """30,000 and 20,000 t too many: one partner's quota does not serve the other's units."""
    walk = given(three(last=2027).through("2027-12"), *TOO_MANY).play()
    assert walk.flows["lapsed"][0] == tonnes(30_000 + 20_000)
    assert walk["front"] == tonnes(983_000 - 800_000 + 966_000)
    assert walk["foreign"] == 0.0


def test_an_unused_quota_of_one_does_not_widen_the_others():
    walk = given(three(last=2027).through("2027-12"), TOO_MANY[0], 0.0).play()
    assert walk.flows["lapsed"][0] == tonnes(30_000)
    assert walk["front"] == tonnes(983_000 - 900_000 + 966_000)


@pytest.mark.parametrize(
    ("china_keeps", "left", "lapsed"),
    [
        (False, [0.0, 0.0], 200_000),  # China's 600,000, Korea's 400,000: 200,000 of Korea's lapse
        (True, [200_000, 0.0], 0),  # Korea's 600,000 first, as they would lapse; 400,000 of China's, and the rest stays
    ],
)
def test_units_that_cannot_be_kept_go_first(china_keeps, left, lapsed):
    links = still("gx_ets_tps", quota=0.9, bankable=china_keeps), still("gx_ets_kets", quota=0.9)
    walk = given(Walk(japan(*links, last=2027)).through("2027-12"), 600_000, 600_000).play()
    assert walk.flows["surrendered"][0] == tonnes(MT)
    assert walk.flows["lapsed"][0] == tonnes(lapsed)
    assert held(walk) == [tonnes(tonne) for tonne in left]
    assert walk["front"] == tonnes(983_000 + 966_000)  # no home unit was needed


def test_the_books_in_yen_of_the_cheapest_and_of_the_plainest_way():
    """17,000 t are missing. At home they cost 51.0 million JPY; with China's units 24.4, and 83,000 t to spare."""
    home = three().play(tonnes=17_000).to_end()
    assert home.total["cost"][0] == pytest.approx(51_000_000, rel=1e-3)
    abroad = three().play(foreign=17_000 / MONTH).to_end()
    assert abroad.total["cost"][0] == pytest.approx(17_000 * 1_436.7744, rel=1e-3)
    assert home.total["penalised"][0] == abroad.total["penalised"][0] == 0.0


def test_linked_trilateral_a_gap_is_closed_from_both_partners_in_the_month_of_the_deadline():
    """Under the shipped quotas of 11 % a firm that owes 1,250,000 t lacks 267,000; each partner may cover 137,500.

    All of the cheaper partner's quota is bought and 129,500 t of the other's, at the prices shown that month: under a
    quota they move with the wedge. 50,000 t more would stop at the quotas, and only 8,000 of them are left.
    """
    assert [link.name for link in load_scenario("linked_trilateral").links] == ["gx_ets_tps_quota", "gx_ets_kets_quota"]
    links = still("gx_ets_tps_quota"), still("gx_ets_kets_quota")
    assert [link.quota for link in links] == [0.11, 0.11]
    firm = made.firm(output=1_250_000.0, intensity=1.0, base=MT)
    walk = Walk(japan(*links, last=2027).model_copy(update={"firm": firm})).through("2027-12")
    assert (walk["owed"], walk["front"]) == (tonnes(1_250_000), tonnes(983_000))
    prices = [float(walk.batch.market()[f"foreign_price_{k}"][0]) for k in (0, 1)]
    assert prices[0] < prices[1] < 3_000  # China's, then Korea's, then a home unit
    walk.play(foreign=267_000 / 12_500_000)
    assert walk.flows["foreign_bought"][0] == tonnes(267_000)
    assert walk.flows["surrendered"][0] == tonnes(1_250_000)
    assert (walk.flows["penalised"][0], walk.flows["lapsed"][0]) == (0, tonnes(0))
    assert walk["front"] == tonnes(966_000)  # of 2027; that of 2026 is used up
    assert walk.total["cost"][0] == pytest.approx(137_500 * prices[0] + 129_500 * prices[1], rel=1e-5)
    more = Walk(japan(*links, last=2027).model_copy(update={"firm": firm})).through("2027-12")
    more.play(foreign=317_000 / 12_500_000)
    assert more.flows["foreign_bought"][0] == tonnes(275_000)
    assert more["front"] == tonnes(966_000 + 8_000)
