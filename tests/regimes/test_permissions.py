"""More permission never costs a fixed rule anything: wider carry-over, borrowing or credit limits, a closer spread.

Two laws meet the same draws and the same trades in tonnes, and every path is compared, not the mean. Where more
permission lets a rule trade less, it does so in the same month, or the fine that it spares is compared with the
price paid. Exceptions, each with its reason:
- a small-holder limit is a cliff: carrying more over it means carrying nothing (KAU18-19; the last test);
- auctions and reserve sales for short firms open less to a firm that is less short (Hubei, Shenzhen, Korea): what
  they save is half the spread, so there is no spread where holdings differ between the laws.
The deduction for KAU17 is none: a tonne carried beyond the base is worth nothing, but costs nothing either.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nea_env.library import load_scenario, scenarios
from nea_env.scenario import Scenario, add_months
from tests.core.walk import Walk

PATHS = 200
NO_SPREAD = {"market.frictions.spread": 0.0, "market.frictions.impact": 0.0}
DEEP = {**NO_SPREAD, "market.frictions.volume_share": 2.0}
MORE = ("kets_steel", "kets_phase4", "tps_steel_efficient")  # a long firm, a late phase, a surplus at the base


def one_of_each() -> tuple[str, ...]:
    """A scenario for every shipped regime: of its own name where there is one."""
    chosen: dict[str, str] = {}
    for name in scenarios():
        regime = load_scenario(name).regime.name
        if regime not in chosen or name == regime:
            chosen[regime] = name
    return (*chosen.values(), *MORE)


CASES = one_of_each()
TRADABLE = tuple(name for name in CASES if load_scenario(name).regime.market_opens is not None)


def tolerance(walk: Walk) -> np.ndarray:
    return 1e-9 * walk.batch.exposure


def every(scenario: Scenario, path: str, value) -> dict:
    """One override for every period played."""
    return {path.format(year): value for year in scenario.periods}


def follow(scenario: Scenario, trades: list, abated: list) -> Walk:
    """Play tonnes and abatement month by month; the trades must come out as asked."""
    walk = Walk(scenario, PATHS)
    for tonnes, share in zip(trades, abated, strict=True):
        walk.play(abate=share, **({} if tonnes is None else {"tonnes": tonnes}))
        if tonnes is not None:
            played = walk.flows["bought"] - walk.flows["sold"]
            np.testing.assert_allclose(played, tonnes, rtol=1e-6, atol=1e-6 * scenario.firm.annual_emissions)
    assert walk.ended
    return walk


def cautious(scenario: Scenario) -> tuple[list, list]:
    """Trades and abatement of a firm that buys its gap and a little more, and sells a tenth of a surplus."""
    walk, trades, abated = Walk(scenario, PATHS), [], []
    while not walk.ended:
        market, suggested = walk.batch.market(), walk.batch.suggestions()
        volume, even = market["volume_limit"], suggested[:, 0]
        wanted = even * (volume + market["auction_room"]) + 0.005 * scenario.firm.annual_emissions
        tonnes = np.where(even >= 0.0, np.minimum(wanted, 0.99 * volume), 0.1 * even * volume)
        tonnes = np.maximum(tonnes, -walk.column("front"))
        trades.append(tonnes if volume[0] > 0.0 else None)
        abated.append(1.0 if volume.max() == 0.0 else suggested[:, 1])
        walk.play(abate=abated[-1], **({} if trades[-1] is None else {"tonnes": tonnes}))
        trades[-1] = None if trades[-1] is None else walk.flows["bought"] - walk.flows["sold"]
    return trades, abated


# --- carry-over ------------------------------------------------------------------------------------------
BINDS = {"kets", "kets_steel", "pilot_hubei", "saitama", "tms", "tps", "tps_steel_efficient"}
"""Where the law's own limit costs such a firm something; Tokyo's is Saitama's, but its tower uses up all it carries."""


@pytest.mark.parametrize("name", CASES)
def test_a_wider_carry_over_costs_nothing(name):
    shipped = load_scenario(name)
    free = NO_SPREAD if name in TRADABLE else {}
    free = free | {"market.gap": shipped.market.model_dump(mode="json")["gap"]}  # at the same prices under each law
    wider = {"limit": "unlimited"}
    ladder = [every(shipped, "regime.banking.{}", {"limit": "none"}), {}, every(shipped, "regime.banking.{}", wider)]
    laws = [load_scenario(name, free | step) for step in ladder]
    plan = cautious(laws[0])
    walks = [follow(law, *plan) for law in laws]
    for stricter, looser in pairwise(walks):
        assert (looser.present <= stricter.present + tolerance(looser)).all()
    none, own, unlimited = (walk.present.mean() for walk in walks)
    assert unlimited < none - 1e-4 * walks[0].batch.exposure[0], "nothing was ever left to carry"
    assert unlimited < own - 1e-6 * walks[0].batch.exposure[0] or name not in BINDS


@pytest.mark.parametrize("name", ["kets", "kets_steel", "kets_phase4", "tps", "tps_class1_efficient"])
def test_twice_the_net_sales_multiple_costs_nothing(name):
    shipped = load_scenario(name)
    limited = [y for y in shipped.periods if shipped.regime.banking[y].limit == "net_sales"]
    level = {f"regime.banking.{y}.small_holder_tonnes": {} for y in limited}  # without the cliff
    twice = {
        f"regime.banking.{y}.net_sales_multiple": 2.0 * shipped.regime.banking[y].net_sales_multiple for y in limited
    }
    laws = [load_scenario(name, NO_SPREAD | level | more) for more in ({}, twice)]
    plan = cautious(laws[0])
    once, doubled = (follow(law, *plan) for law in laws)
    assert (doubled.present <= once.present + tolerance(once)).all()
    sells = name in ("kets_steel", "tps_class1_efficient")  # a net buyer's multiple is a multiple of nothing
    assert (doubled.present < once.present - 1e-6 * once.batch.exposure).any() == sells


# --- the spread --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TRADABLE)
def test_a_closer_spread_costs_nothing(name):
    shipped = load_scenario(name)
    plan = cautious(shipped)
    assert min(shipped.market.frictions.spread, shipped.market.frictions.impact) > 0.0
    ladder = ({}, {"market.frictions.spread": 0.0}, NO_SPREAD)
    walks = [follow(load_scenario(name, step), *plan) for step in ladder]
    for wider, closer in pairwise(walks):
        assert (closer.present < wider.present).all()


# --- offset credits ------------------------------------------------------------------------------------------
def settle(scenario: Scenario) -> Walk:
    """Sells half of its units a month before settlement; then buys credits where they are cheaper, and units."""
    walk = Walk(scenario, PATHS)
    due = {scenario.regime.calendar[year].deadline for year in scenario.periods}
    while not walk.ended:
        if walk.date not in due:
            walk.play(**({"tonnes": -0.5 * walk.column("front")} if add_months(walk.date, 1) in due else {}))
            continue
        market, buyable = walk.batch.market(), walk.column("offset_buyable")
        gap = np.maximum(walk.column("owed") - walk.column("offsets") - walk.column("front"), 0.0)
        cheaper = market["offset_price"] < market["front_price"]
        credits = np.where(cheaper, np.minimum(gap, buyable), 0.0)
        share = np.divide(credits, buyable, out=np.zeros(PATHS), where=buyable > 0.0)
        walk.play(offset=share, tonnes=gap - credits)
    return walk


CREDITS = tuple(name for name in TRADABLE if load_scenario(name).market.offset is not None)
NO_LIMIT = {"jvets", "saitama"}
LIMITED = {
    "gx_ets", "kets", "kets_phase4", "kets_steel", "pilot_beijing", "pilot_chongqing", "pilot_fujian",
    "pilot_guangdong", "pilot_hubei", "pilot_shanghai", "pilot_shenzhen", "pilot_tianjin", "tokyo", "tps",
    "tps_aluminium", "tps_steel_efficient",
}  # fmt: skip


@pytest.mark.parametrize("name", CREDITS)
def test_a_wider_credit_limit_costs_nothing(name):
    shipped = load_scenario(name)
    credit = shipped.market.offset.type
    base = DEEP | every(shipped, "regime.banking.{}", {"limit": "unlimited"})
    path = f"regime.offsets.{{}}.{credit}.limit_share"
    rules = {y: shipped.regime.offsets[y][credit] for y in shipped.periods if y in shipped.regime.offsets}
    closed = {f"regime.offsets.{y}.{credit}": {"limit_share": 0.0, "limit_base": "duty"} for y in rules}
    half_as_much_again = {path.format(y): 1.5 * rule.limit_share for y, rule in rules.items()}
    walks = [settle(load_scenario(name, base | step)) for step in (closed, {}, half_as_much_again)]
    for stricter, looser in pairwise(walks):
        assert (looser.present <= stricter.present + tolerance(stricter)).all()
    none, own, more = (walk.present.mean() / walks[0].batch.exposure[0] for walk in walks)
    assert own < none - 1e-6 or name not in LIMITED | NO_LIMIT
    assert more < own - 1e-6 or name not in LIMITED


# --- borrowing -----------------------------------------------------------------------------------------------
def short_by(share: float, deadline: str, scenario: Scenario) -> Walk:
    """Sells in the month of its first deadline until ``share`` of its duty is missing, and borrows all it may."""
    walk = Walk(scenario, PATHS).through(add_months(deadline, -1))
    return walk.play(tonnes=(1.0 - share) * walk.column("owed") - walk.column("front"))


def settle_the_rest(walk: Walk) -> Walk:
    due = {walk.scenario.regime.calendar[year].deadline for year in walk.scenario.periods}
    while not walk.ended:
        gap = walk.column("owed") - walk.column("front")
        walk.play(**({"tonnes": gap} if walk.date in due else {}))
    return walk


@pytest.mark.parametrize(
    ("name", "deadline", "share", "missing"),
    [
        ("kets", "2016-06", 0.20, 0.30),
        ("kets_phase2", "2019-09", 0.15, 0.20),
        ("kets_phase4", "2027-08", 0.15, 0.25),
    ],
)
def test_five_points_more_borrowing_spare_fines_for_a_purchase(name, deadline, share, missing):
    first = load_scenario(name).first
    walks = []
    for permitted in (share, share + 0.05):
        walk = short_by(missing, deadline, load_scenario(name, DEEP | {f"regime.borrowing.{first}.share": permitted}))
        np.testing.assert_allclose(walk.flows["borrowed"], permitted / (1 - missing) * walk.flows["surrendered"])
        if not walks:
            borrowed, strike = walk.flows["borrowed"], walk.flows["penalty_cost"] / walk.flows["penalised"]
        extra = walk.flows["borrowed"] - borrowed
        price, month = walk.batch.market()["front_price"], walk.month
        walks.append(settle_the_rest(walk.play(tonnes=extra)))
    strict, wide = walks
    discount = wide.batch.discount
    saved = extra * discount ** (month - 1) * (strike - discount * price)
    np.testing.assert_allclose(strict.present - wide.present, saved, rtol=1e-4)
    cheaper = wide.present < strict.present
    np.testing.assert_array_equal(cheaper, discount * price < strike)
    assert cheaper.mean() > 0.99  # a fine of three times last year's mean is rarely the cheaper way out


@pytest.mark.parametrize("change", [{"gap_share": 0.55}, {"gap_threshold": 0.05}])
def test_chinas_gap_test_eased_spares_the_side_penalty(change):
    # a missing tonne of 2021-22 comes off the next allocation as a borrowed one does, and costs 1.1 x its price
    eased = {f"regime.borrowing.{year}.{key}": value for year in (2021, 2022) for key, value in change.items()}
    walks = []
    for step in ({}, eased):
        walk = Walk(load_scenario("tps_class2", DEEP | step), PATHS).through("2021-11")
        walk.play(tonnes=walk.column("owed") - walk.column("front")).through("2023-11")
        price, month = walk.batch.market()["front_price"], walk.month
        walks.append(walk.play())
        assert (walk.flows["borrowed"] > 0).all() and (walk.flows["penalised"] > 0).all()
    extra = walks[1].flows["borrowed"] - walks[0].flows["borrowed"]
    strict, wide = (settle_the_rest(walk) for walk in walks)
    assert (extra > 1_000).all()
    saved = extra * 1.1 * price * wide.batch.discount**month
    np.testing.assert_allclose(strict.present - wide.present, saved, rtol=1e-4)


# --- an exception by law ---------------------------------------------------------------------------------------
def test_a_small_holder_who_carries_more_falls_over_the_cliff():
    # 30,000 t left at each deadline, none sold: below 50,000 t all is carried, above it twice the net sales, nothing
    ended = []
    for rule in ("none", "unlimited"):
        law = DEEP | {"regime.banking.2018": {"limit": rule}, "last": "2019", "firm.output_shock.volatility": 0.0}
        walk = Walk(load_scenario("kets_phase2", law))
        for deadline in ("2019-09", "2020-09"):
            walk.through(add_months(deadline, -1))
            held = 30_000 * (rule == "unlimited" and deadline == "2020-09")
            walk.play(tonnes=walk.column("owed") - walk.column("front") + 30_000 + held)
        ended.append(walk)
    strict, loose = ended
    assert (strict["front"], loose["front"]) == (pytest.approx(30_000, abs=1), 0)
    assert loose.present[0] > strict.present[0]
