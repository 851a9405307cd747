"""Two linked markets: exact martingales, imports that fit the wedge, one pool, links that open and break."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.pool import merged
from nea_env.core.equilibrium.shocks import shock_chain
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.parameters import WITHIN
from tests.core.equilibrium.linked_paths import simulate_linked, wedge
from tests.core.equilibrium.markets import anything, falling_terminal, last_of_years, market, ordinary

TINY = 1e-9  # money/t, below which a price counts as nothing
EVEN = 1e-9  # relative, of two prices between which trade is even
KINDS = {
    "quota": {"quota": 0.05},
    "two-way quota": {"type": "quota", "quota": 0.03, "two_way": True},
    "no limit": {"type": "quota", "two_way": True},
    "border_fee": {"fee": 0.1},
    "one_way": {"units": 1.2},
    "quota with a fee": {"type": "quota", "quota": 0.05, "fee": 0.1, "units": 0.9, "rate": 0.5, "scale": 2.0},
    "opens": {"type": "full", "opens": 10},
    "full": {"correlation": -0.5},
    "exchange_rate": {"units": 1.3, "rate": 0.1, "scale": 0.7},
}


def link(months: int, kind: str, opens: int = 0, breaks: int = 10_000, **changes) -> Terms:
    """Terms of a kind above, open from a month to another."""
    known = {"type": kind, "quota": np.inf} | KINDS.get(kind, {}) | changes
    opens = known.pop("opens", opens)
    month = np.arange(months)
    quota = np.full(months, known.pop("quota"))
    return Terms(quota=quota, open=(month >= opens) & (month < breaks), **known)


def coarse(problem, nodes=13, low=-0.6, high=1.0, states=2):
    """The same market on few nodes."""
    shocks, chances = shock_chain(0.9, 0.03, states)
    banks = np.linspace(low, high, nodes)
    terminal = falling_terminal(banks, states, 80.0, -0.3, 0.5)
    return dataclasses.replace(
        problem, banks=banks, shocks=shocks, chances=chances, start_shock=states // 2, terminal=terminal
    )


def two(seed: int, years: int = 2):
    """Two random markets, dear and cheap."""
    home, partner = coarse(anything(seed, years)), coarse(anything(seed + 50, years))
    return home, dataclasses.replace(partner, scale=10.0, discount=home.discount)


def of_landing(chain, values):
    """(T, B1, B2, Z) mean over where a month leads of values (T + 1, B1, B2, Z) one month on."""
    onward = values[1:] @ chain.chances.T
    mean = np.zeros_like(onward)
    month, _, _, state = np.indices(onward.shape)
    for up in (np.floor, np.ceil):
        for out in (np.floor, np.ceil):
            x, y = up(chain.home_landing).astype(int), out(chain.partner_landing).astype(int)
            weight = _weight(chain.home_landing, up) * _weight(chain.partner_landing, out)
            mean += weight * onward[month, x, y, state]
    return mean


def _weight(landing, rounding):
    share = landing - np.floor(landing)
    return share if rounding is np.ceil else 1.0 - share


def sides(chain):
    """(problem, running, worth, after, outcome) of home and of the partner."""
    yield chain.home, chain.home_running, chain.home_worth, chain.home_after, chain.home_outcome
    yield chain.partner, chain.partner_running, chain.partner_worth, chain.partner_after, chain.partner_outcome


def at_start(chain, values):
    x, y, state = chain.start
    assert (x, y) == pytest.approx((round(x), round(y)), abs=1e-9)
    return values[0, round(x), round(y), state]


def furthest(values, expected):
    return np.max(np.abs(values - expected) / np.maximum(expected, TINY))


# --- exactness ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_both_prices_are_exact_martingales_wherever_no_limit_binds(kind, seed):
    home, partner = two(seed)
    chain = solve_linked(home, partner, link(home.months, kind))
    for problem, running, worth, after, outcome in sides(chain):
        ends = problem.year_end[:, None, None, None] > 0
        free = outcome == WITHIN
        if len(chain.partner_banks) > 1:  # a pool ends a period where either system does
            assert free[~np.broadcast_to(ends, free.shape)].all()
        expected = problem.discount * of_landing(chain, running)
        carried = np.where(ends, problem.discount * of_landing(chain, worth), expected)
        assert furthest(carried[free], running[:-1][free]) < 1e-10
        onward = np.where(ends, expected, problem.discount * of_landing(chain, after))
        assert furthest(onward, after[:-1]) < 1e-10


@pytest.mark.parametrize("seed", range(4))
def test_without_imports_each_market_has_the_price_it_has_alone(seed):
    home, partner = two(seed)
    chain = solve_linked(home, partner, link(home.months, "quota", quota=0.0))
    alone, other = solve(home), solve(partner)
    states = np.arange(4)
    for name in ("running", "worth", "after", "lapse", "landing", "outcome"):
        own = getattr(alone, name)[:, :, None, states // 2]
        its = getattr(other, name)[:, None, :, states % 2]
        assert np.abs(getattr(chain, f"home_{name}") - own).max() < 1e-8
        assert np.abs(getattr(chain, f"partner_{name}") - its).max() < 1e-8


def test_paths_keep_the_discounted_mean_of_both_prices_of_the_next_vintage():
    home, partner = (coarse(ordinary(2, year_end=last_of_years(2), supply=s), 17) for s in (0.99 / 12, 1.03 / 12))
    chain = solve_linked(home, partner, link(24, "quota"))
    paths = simulate_linked(chain, 100_000, seed=4)
    for after, running in ((paths.home_after, paths.home_running), (paths.partner_after, paths.partner_running)):
        worth = running[:, 12] * home.discount**12  # the next vintage is the running one when the first year is over
        error = worth.std() / np.sqrt(len(worth))
        assert error < 0.01 * after[0, 0]
        assert abs(worth.mean() - after[0, 0]) < 4 * error


# --- imports fit the wedge ----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_imports_stop_where_they_no_longer_pay_or_at_the_quota(kind, seed):
    home, partner = two(seed)
    terms = link(home.months, kind)
    chain = solve_linked(home, partner, terms)
    trades = terms.trades(home)
    assert trades.any()
    assert not chain.imports[~trades].any()
    price, imports = chain.home_running[:-1][trades], chain.imports[trades]
    close = EVEN * (1.0 + price)
    gap = wedge(chain)[:-1][trades]
    gain = gap - terms.fee * price  # of one more unit of imports
    loss = gap + terms.fee * price  # of one unit fewer, where that means an export
    quota = terms.limits()[trades][:, None, None, None]
    assert (imports <= quota).all()
    assert (gain[imports < quota - 1e-12] <= close[imports < quota - 1e-12]).all()
    assert (gain[imports > 0] >= -close[imports > 0]).all()
    assert (np.abs(gain)[(imports > 0) & (imports < quota)] <= close[(imports > 0) & (imports < quota)]).all()
    if terms.exports:
        assert (loss >= -close).all()
        assert (np.abs(loss)[imports < 0] <= close[imports < 0]).all()
    else:
        assert (imports >= 0.0).all()


def test_imports_count_at_the_home_deadline_also_where_the_partners_is_another():
    home, partner = two(3)
    partner = dataclasses.replace(partner, year_end=np.roll(partner.year_end, 3))
    chain = solve_linked(home, partner, link(24, "quota"))
    crossed = np.abs(chain.imports).max(axis=(1, 2, 3))
    assert np.flatnonzero(crossed).tolist() == [11, 23]
    gap, imports = wedge(chain)[:-1][[11, 23]], chain.imports[[11, 23]]
    inner = (imports > 0) & (imports < 0.05)
    assert inner.sum() > 20
    assert np.abs(gap[inner]).max() < 1e-7
    assert (gap[imports == 0.05] >= 0.0).all()
    assert (gap[imports < 0.05] <= 1e-7).all()


def test_imports_move_both_banks():
    home, partner = two(2)
    terms = link(home.months, "quota", quota=0.1, units=1.25, scale=2.0)
    chain = solve_linked(home, partner, terms)
    month = int(np.flatnonzero(terms.trades(home))[0])
    states = np.arange(4)

    def carried(problem, price, banks, state):
        factor = np.exp(problem.shocks[state])
        abated = np.minimum(np.log1p(price / problem.scale) / problem.steepness, problem.max_share)
        supply = problem.supply[month] - problem.response[month] * banks - problem.bought_back[month]
        thresholds = {"auctioned": "reserve", "offsets": "offset", "released": "release", "bought_back": "buy_back"}
        for units, least in thresholds.items():
            spread = problem.offset_spread if units == "offsets" else 0.005
            share = np.clip((price / getattr(problem, f"{least}_price")[month] - 1 + spread) / (2 * spread), 0, 1)
            supply = supply + getattr(problem, units)[month] * share
        return banks + supply - problem.emissions[month] * factor * (1 - abated)

    own = carried(home, chain.home_running[month], home.banks[:, None, None], states // 2)
    its = carried(partner, chain.partner_running[month], partner.banks[None, :, None], states % 2)
    crossed = chain.imports[month]
    assert (crossed > 0.01).sum() > 50
    for banks, moved, landing, outcome in (
        (home.banks, own + crossed, chain.home_landing, chain.home_outcome),
        (partner.banks, its - crossed * 1.25 / 2.0, chain.partner_landing, chain.partner_outcome),
    ):
        free = (outcome[month] == WITHIN) & (moved > banks[0]) & (moved < banks[-1])
        assert free.sum() > 50
        landed = banks[0] + landing[month] * (banks[1] - banks[0])
        assert np.abs(landed - moved)[free].max() < 1e-9


@pytest.fixture(scope="module")
def quotas():
    """Start prices of a short and a long market under wider and wider quotas; what turns out dear can be sold back."""
    home = coarse(ordinary(2, supply=0.93 / 12), 33)
    partner = coarse(ordinary(2, supply=1.03 / 12, scale=10.0), 33)
    prices = {}
    for quota in (0.0, 0.01, 0.02, 0.04, 0.08, 1.0):
        chain = solve_linked(home, partner, link(24, "quota", quota=quota, two_way=True))
        prices[quota] = [at_start(chain, values) for values in (chain.home_running, chain.partner_running)]
    return prices


def test_the_wedge_closes_as_the_quota_widens(quotas):
    wedges = [home - partner for home, partner in quotas.values()]
    assert wedges[0] > 20.0
    assert (np.diff(wedges) < 0.0).all()
    assert abs(wedges[-1]) < 1e-6


def test_imports_lower_the_home_price_and_raise_the_partners(quotas):
    home, partner = np.array(list(quotas.values())).T
    assert (np.diff(home) < 0.0).all()
    assert (np.diff(partner) > 0.0).all()


# --- one pool -----------------------------------------------------------------------------------------
def smooth(nodes: int, **fields):
    """Eight quarters of a market on a grid that has the start as a node."""
    banks = np.linspace(-0.75, 1.25, nodes)
    known = {
        "discount": 0.99,
        "emissions": 0.25,
        "supply": np.r_[[0.26] * 4, [0.24] * 4],
        "year_end": np.tile([0, 0, 0, 1.0], 2),
        "unlimited": 1.0,
        "borrowing": 0.5,
        "shortage_price": 100.0,
        "scale": 20.0,
        "steepness": 18.3,
        "max_share": 0.15,
        "shocks": np.array([-0.06, 0.06]),
        "chances": np.array([[0.9, 0.1], [0.1, 0.9]]),
        "banks": banks,
        "terminal": falling_terminal(banks, 2, 80.0, -0.6, 1.0),
    } | fields
    return market(8, **known)


def test_a_quota_without_limit_both_ways_is_a_full_link():
    # where no limit is near: the joint solution on 33 x 33 nodes is within 0.02 % of the pool's
    home, partner = smooth(33), smooth(33, scale=10.0, supply=0.27)
    joint, pool = (solve_linked(home, partner, link(8, kind)) for kind in ("no limit", "full"))
    assert at_start(joint, joint.home_running) == pytest.approx(at_start(pool, pool.home_running), rel=2e-4)
    assert at_start(joint, wedge(joint)) == pytest.approx(0.0, abs=1e-6)


def test_near_a_penalty_joint_and_pool_come_closer_with_the_grid():
    # a shortage smears over a step of the grid: 11 % apart on 33 x 33 nodes, 6 % on 65 x 65 (and 2 % on 129 x 129)
    apart = []
    for nodes in (33, 65):
        tight = {"unlimited": 0.0, "carry_multiple": 2.0, "deficit": 0.1, "borrowing": 0.0, "start_shock": 1}
        home = smooth(nodes, supply=np.r_[[0.26] * 4, [0.22] * 4], **tight)
        partner = smooth(nodes, scale=10.0, supply=0.25, **tight)
        joint, pool = (solve_linked(home, partner, link(8, kind)) for kind in ("no limit", "full"))
        apart.append(abs(at_start(joint, joint.home_running) / at_start(pool, pool.home_running) - 1.0))
    assert apart[1] < 0.07
    assert apart[1] < 0.65 * apart[0]


def test_the_common_price_lies_between_the_two_apart():
    home, partner = smooth(33, supply=0.24), smooth(33, scale=10.0, supply=0.27)
    apart, pool = (solve_linked(home, partner, link(8, kind)) for kind in ("none", "full"))
    common = at_start(pool, pool.home_running)
    assert at_start(apart, apart.home_running) > 1.1 * common
    assert at_start(apart, apart.partner_running) < common / 1.1


def test_the_prices_of_a_pool_differ_by_units_and_money_that_pays_interest():
    home, partner = smooth(33, discount=0.99), smooth(33, discount=0.98)
    chain = solve_linked(home, partner, link(8, "exchange_rate", units=1.25, rate=0.2, scale=1.0))
    ratio = chain.home_running[:, 20, 0, 0] / chain.partner_running[:, 20, 0, 0]
    assert ratio[0] == pytest.approx(0.25, rel=1e-12)
    assert ratio[4] == pytest.approx(0.25 * (98 / 99) ** 4, rel=1e-12)


def test_a_pool_adds_up_limits_where_both_periods_end_and_lends_what_is_not_due_where_one_does():
    home = smooth(33, unlimited=0.0, carry_base=0.1, borrowing=0.02, shortage_price=90.0, wait=0.0)
    partner = smooth(33, unlimited=0.0, carry_base=0.2, year_end=np.r_[0, 1.0, 0, 0, 0, 0, 0, 1.0], borrowing=0.0)
    pool = merged(home, [(partner, link(8, "full", scale=0.5))])
    assert pool.year_end.tolist() == [0, 1, 0, 1, 0, 0, 0, 1]
    assert pool.unlimited.tolist() == [0, 1, 0, 1, 0, 0, 0, 0]
    assert pool.carry_base[7] == pytest.approx(0.1 + 0.5 * 0.2)
    assert pool.borrowing[1] == pytest.approx(0.5)  # two quarters that home owes at the end of its year
    assert pool.borrowing[3] == pytest.approx(0.02 + 0.5 * 0.5)  # two of the partner's since its deadline
    assert pool.borrowing[7] == pytest.approx(0.02)
    assert pool.shortage_price[[1, 3, 7]].tolist() == [100.0, 90.0, 90.0]


def test_two_demands_for_a_last_bank_add_up():
    # home pays 80 - 40 (b + 0.75), the partner 60 - 20 (b + 0.75): at 40 they hold 0.25 and 0.25
    banks = np.linspace(-0.75, 1.25, 5)
    home = smooth(5, terminal=np.tile((80 - 40 * (banks + 0.75))[:, None], (1, 2)))
    partner = smooth(5, terminal=np.tile((60 - 20 * (banks + 0.75))[:, None], (1, 2)))
    pool = merged(home, [(partner, link(8, "full"))])
    assert np.interp(0.5, pool.banks, pool.terminal[:, 0]) == pytest.approx(40.0, abs=1e-9)


# --- links that open and break ------------------------------------------------------------------------
def test_a_link_to_come_is_in_the_price_before_it_opens():
    home, partner = coarse(ordinary(2, supply=0.93 / 12), 17), coarse(ordinary(2, supply=1.03 / 12), 17)
    apart, later, now = (solve_linked(home, partner, link(24, "full", opens=opens)) for opens in (24, 18, 1))
    prices = [at_start(chain, chain.home_running) for chain in (apart, later, now)]
    assert prices[0] > 1.05 * prices[1] > 1.05 * prices[2]
    month = 18
    reached = np.abs(wedge(later)[month]).max()
    assert reached < 1e-6
    assert np.abs(wedge(apart)[month]).max() > 10.0


def test_after_a_link_breaks_each_market_has_the_price_it_has_alone():
    home, partner = two(5)
    chain = solve_linked(home, partner, link(24, "full", breaks=15))
    alone = solve(home)
    after = np.abs(chain.home_running[15:, :, :, 0] - alone.running[15:, :, None, 0])
    assert after.max() < 1e-8
    assert np.abs(chain.home_running[11, :, :, 0] - alone.running[11, :, None, 0]).max() > 1.0


# --- shocks, terms, time ------------------------------------------------------------------------------
@pytest.mark.parametrize("correlation", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_correlated_shocks_keep_the_law_of_each(correlation):
    home, partner = coarse(ordinary(1), states=3), coarse(ordinary(1), states=2)
    chances = link(12, "full", correlation=correlation).chances(home, partner).reshape(3, 2, 3, 2)
    assert chances.min() >= 0.0
    assert np.abs(chances.sum(axis=3) - home.chances[:, None, :]).max() < 1e-14
    assert np.abs(chances.sum(axis=2) - partner.chances[None, :, :]).max() < 1e-14


def test_shocks_that_move_in_step_never_part():
    market_ = coarse(ordinary(1), states=3)
    chances = link(12, "full", correlation=1.0).chances(market_, market_).reshape(3, 3, 3, 3)
    together = np.einsum("iikk->ik", chances)
    assert np.abs(together - market_.chances).max() < 1e-14


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"type": "partial"}, "type: 'partial' is none of"),
        ({"quota": -0.1}, "quota: negative"),
        ({"quota": np.nan}, "quota: negative, or not a number"),
        ({"fee": 1.0}, "fee: 1 is not a share"),
        ({"rate": 0.0}, "rate: 0 is not positive"),
        ({"correlation": 1.5}, "correlation: 1.5"),
        ({"type": "one_way", "two_way": True}, "two_way: a link of type one_way is not"),
    ],
)
def test_bad_terms_give_one_clear_error(changes, words):
    with pytest.raises(ValueError, match=words):
        link(12, "quota", **changes)


def test_markets_of_different_length_are_refused():
    with pytest.raises(ValueError, match="months: home 12, partner 24, link 12"):
        solve_linked(coarse(ordinary(1)), coarse(ordinary(2)), link(12, "quota"))


def test_twelve_years_on_25_by_25_banks_and_3_by_3_shocks_take_less_than_a_minute():
    home, partner = (coarse(ordinary(12, supply=s), 25, states=3) for s in (0.95 / 12, 1.0 / 12))
    done = []
    solve_linked(coarse(home), coarse(partner), link(144, "quota"))  # compiled
    began = time.perf_counter()
    solve_linked(home, partner, link(144, "quota", quota=0.05), progress=done.append)
    assert time.perf_counter() - began < 60.0
    assert done[-1] == 1.0
    assert (np.diff(done) >= 0.0).all()
