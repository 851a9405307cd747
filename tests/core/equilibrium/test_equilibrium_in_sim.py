"""With an equilibrium price the batch draws the solved chain: its prices, its moves, its martingales, its policy.

The chain itself is judged in ``test_equilibrium.py``; bounds here are four standard errors of the paths drawn.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.equilibrium.solve import solve
from nea_env.core.layout import OBS_INDEX, Action, World
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.parameters import LAPSED, SHORT, WITHIN
from nea_env.library import load_scenario
from nea_env.policies.market_compliance import chances as distribution
from nea_env.scenario import Scenario, add_months, months_between
from tests.core.partners import mean_and_error

ERRORS = 4.0
LEAST = 1e-6  # of the price at the start: a vintage worth nothing still has a log
KETS = {"start": "2020-01", "first": "2020", "last": "2022"}
SHORT_OF_UNITS = KETS | {f"regime.allocation.{year}.correction_factor": 0.85 for year in range(2020, 2026)}
LONG_OF_UNITS = KETS | {f"regime.allocation.{year}.correction_factor": 0.97 for year in range(2020, 2026)}
CASES = {
    "kets": ("kets", KETS, 60_000),
    "kets, long": ("kets", LONG_OF_UNITS, 20_000),
    "kets, short": ("kets", SHORT_OF_UNITS, 20_000),
    "gx_ets": ("gx_ets", {"last": "2028"}, 20_000),
    "chongqing": ("pilot_chongqing", {}, 20_000),
}


def scenario(name: str, **changes) -> Scenario:
    return load_scenario(name, {"market.law": "equilibrium"} | changes)


class Run:
    """A whole episode of a scenario and the chain it is drawn from.

    Attributes:
        long, front, bank: (months, n) as the market shows them.
        node, shock, split: (months, n) places in the chain; whether the front cannot become the running vintage.
    """

    def __init__(self, name: str, changes: dict, n: int, months: int | None = None) -> None:
        self.scenario = scenario(name, **changes)
        self.problem = problem(self.scenario)
        self.chain = solve(self.problem)
        batch = Batch(self.scenario, n, threads=1)
        batch.reset(np.arange(n))
        rows: dict[str, list] = {"long": [], "front": [], "bank": [], "seen": [], "node": [], "shock": [], "split": []}
        actions = np.zeros((n, Action.size), np.float32)
        observation = batch.observe()
        for month in range(int(batch.horizon[0]) if months is None else months):
            market, world = batch.market(), batch.get_state()["_world"]
            for key, values in (
                ("long", market["long_price"]),
                ("front", market["front_price"]),
                ("bank", market["aggregate_bank"]),
                ("seen", observation[:, OBS_INDEX["aggregate_bank"]]),
                ("node", world[:, World.NODE].astype(int)),
                ("shock", world[:, World.SHOCK].astype(int)),
                ("split", world[:, World.SPLIT] > 0.0),
            ):
                rows[key].append(values)
            actions[:, 0] = 0.5 * (-1) ** month  # what a firm does moves no price
            observation, _, _ = batch.step(actions)
        for key, values in rows.items():
            setattr(self, key, np.array(values))
        self.discount = batch.discount

    def vintages(self) -> list[tuple[int, int, int]]:
        """By vintage: the months in which it becomes next or the episode starts, becomes front, and is due."""
        vintages, calendar, before = [], self.scenario.regime.calendar, [-1, -1]
        for year in self.scenario.periods:
            due = months_between(self.scenario.start, calendar[year].deadline)
            if due != before[-1]:
                vintages.append((before[-2] + 1, before[-1] + 1, due))
                before.append(due)
        return vintages

    def running(self, month: int) -> bool:
        """Whether emissions of the front vintage's period still accrue."""
        date, calendar = add_months(self.scenario.start, month), self.scenario.regime.calendar
        year = max(year for year in calendar if calendar[year].deadline == next_deadline(self.scenario, date))
        opens = self.scenario.regime.year_starts
        return date < f"{int(year) + calendar[year].years}-{opens:02d}"


def next_deadline(played: Scenario, date: str) -> str:
    """The first deadline of the periods played that is not over."""
    due = [played.regime.calendar[year].deadline for year in played.periods]
    return min(deadline for deadline in due if deadline >= date)


@cache
def episode(case: str) -> Run:
    return Run(*CASES[case])


@pytest.fixture(params=CASES)
def run(request) -> Run:
    return episode(request.param)


# --- prices of the chain -----------------------------------------------------------------------------
def test_prices_are_the_chain_s_at_the_node_and_the_shock_of_the_month(run):
    """While a period runs, front is its vintage and long the one after; then front is what its end has made of it."""
    chain, least = run.chain, LEAST * run.scenario.market.price
    ended = np.full(run.node.shape[1], WITHIN)
    settled = np.zeros(run.node.shape[1])
    for month in range(len(run.long)):
        at = (month, run.node[month], run.shock[month])
        now, after, worth = (np.maximum(each[at], least) for each in (chain.running, chain.after, chain.worth))
        if month and run.problem.year_end[month - 1] > 0.0:
            before = (month - 1, run.node[month - 1], run.shock[month - 1])
            ended, settled = chain.outcome[before], chain.running[before]
        settled = settled / run.discount  # what was short or must lapse is certain: it grows at the discount rate
        if run.running(month):
            long, front = after, now
        else:
            long, front = now, np.where(ended == WITHIN, worth, np.maximum(settled, least))
            np.testing.assert_array_equal(run.split[month], ended != WITHIN)
        np.testing.assert_allclose(run.long[month], long, rtol=1e-12, err_msg=f"long, month {month}")
        np.testing.assert_allclose(run.front[month], front, rtol=1e-12, err_msg=f"front, month {month}")


def ends(run: Run) -> list[tuple[int, np.ndarray]]:
    """The months after the ends of periods that are played, and how each path's period ended."""
    months = [m for m in range(len(run.node) - 1) if run.problem.year_end[m] > 0.0 and not run.running(m + 1)]
    return [(m + 1, run.chain.outcome[m, run.node[m], run.shock[m]]) for m in months]


@pytest.mark.parametrize(("case", "how"), [("kets", WITHIN), ("kets, long", LAPSED), ("kets, short", SHORT)])
def test_every_way_in_which_a_year_can_end_is_drawn(case, how):
    assert max((outcome == how).mean() for _, outcome in ends(episode(case))) > 0.05


@pytest.mark.parametrize(("case", "how", "sign"), [("kets, long", LAPSED, -1), ("kets, short", SHORT, 1)])
def test_a_front_that_must_lapse_is_cheaper_than_the_next_vintage_and_one_that_is_short_is_dearer(case, how, sign):
    run, parted = episode(case), False
    for month, outcome in ends(run):
        hit = outcome == how
        if hit.mean() > 0.05:
            mean, error = mean_and_error((run.front[month] - run.long[month])[hit])
            # firms pay for missing units rather than part with some for less than the next year's: both are worth it
            as_dear = how == SHORT and abs(mean) < LEAST * run.scenario.market.price
            assert as_dear or sign * mean > 5 * error
            parted |= not as_dear
        ratio = (run.front[month] / run.long[month])[outcome == WITHIN]
        assert ratio.min() > 1.0 - 1e-12  # it adds to the net sales of whoever carries it; one that is bought does not
    assert parted


def test_the_cheapest_and_the_dearest_front_are_what_the_law_says():
    """A unit that must lapse is worth nothing at the deadline, a missing one 100,000 KRW or three times the price."""
    run = episode("kets")
    lapsed = [run.front[month][outcome == LAPSED].min() for month, outcome in ends(run) if (outcome == LAPSED).any()]
    assert min(lapsed) < 1e-3 * run.scenario.market.price
    assert run.problem.shortage_price.max() <= 100_000.0


def test_the_bank_goes_to_a_node_beside_where_the_month_lands_and_there_on_average(run):
    total = np.zeros(run.node.shape[1])
    for month in range(1, len(run.node)):
        landing = run.chain.landing[month - 1, run.node[month - 1], run.shock[month - 1]]
        beside = run.node[month] - landing
        assert np.abs(beside).max() < 1.0
        total += beside
    mean, error = mean_and_error(total)
    assert abs(mean) < ERRORS * error
    step = run.problem.banks[1] - run.problem.banks[0]
    np.testing.assert_allclose(run.bank, run.problem.banks[0] + step * run.node, atol=1e-12)
    np.testing.assert_allclose(run.seen, run.bank / (1.0 + np.abs(run.bank)), atol=1e-6)


def test_shocks_move_by_their_chances(run):
    """Four standard errors, and three more where what is expected is too rare to be normal."""
    states = len(run.problem.shocks)
    before, after = run.shock[:-1].ravel(), run.shock[1:].ravel()
    for start in range(states):
        counts = np.bincount(after[before == start], minlength=states)
        expected = counts.sum() * run.problem.chances[start]
        spread = np.sqrt(expected * (1.0 - run.problem.chances[start]))
        assert (np.abs(counts - expected) <= ERRORS * spread + 3.0).all()


def test_means_of_prices_are_those_of_the_chain_s_own_distribution(run):
    chances = distribution(run.chain)
    for month in (6, 18, 30, 41):
        if run.running(month):
            for drawn, values in ((run.front, run.chain.running), (run.long, run.chain.after)):
                mean, error = mean_and_error(drawn[month])
                expected = float((chances[month] * values[month]).sum())
                assert abs(mean - expected) < ERRORS * error + 1e-6 * run.scenario.market.price


# --- what a trader can earn --------------------------------------------------------------------------
def test_each_vintage_keeps_its_discounted_mean_to_its_own_deadline(run):
    for begins, fronts, due in run.vintages():
        begins = max(begins, 0)
        price = np.concatenate([run.long[begins:fronts], run.front[max(begins, fronts) : due + 1]])
        present = run.discount ** np.arange(len(price))[:, None] * price
        for month in range(1, len(price)):
            mean, error = mean_and_error(present[month] - present[0])
            assert abs(mean) <= ERRORS * error + 1e-5 * run.scenario.market.price, f"due {due}, month {begins + month}"


def test_no_sign_tells_what_a_vintage_brings(run):
    for begins, fronts, due in run.vintages():
        begins = max(begins, 0)
        price = np.concatenate([run.long[begins:fronts], run.front[max(begins, fronts) : due + 1]])
        bank, shock = run.bank[begins : due + 1], run.shock[begins : due + 1]
        present = np.diff(run.discount ** np.arange(len(price))[:, None] * price, axis=0)
        signs = {"large bank": bank > bank.mean(), "high emissions": shock > 2}
        signs["rise"] = np.diff(price, axis=0, prepend=price[:1]) > 0.0
        for sign, holds in signs.items():
            mean, error = mean_and_error((holds[:-1] * present).sum(axis=0))
            assert abs(mean) <= ERRORS * error + 1e-5 * run.scenario.market.price, f"due {due}, {sign}"


def test_prices_lie_between_nothing_and_what_a_missing_unit_costs(run):
    most = max(run.problem.shortage_price.max(), run.problem.terminal.max())
    for price in (run.long, run.front):
        assert price.min() > 0.0
        assert price.max() <= most * (1.0 + 1e-12)


# --- policy moves the price --------------------------------------------------------------------------
YEARS = range(2020, 2026)
# What is carried more once it is twice net sales hardly moves the price: a unit carried then is worth nearly its price.
POLICIES = {  # overrides, and the sign of what they do to the mean price of the running vintage in September 2021
    "more free units": ({f"regime.allocation.{y}.correction_factor": 1.0 for y in YEARS}, -1),
    "fewer free units": ({f"regime.allocation.{y}.correction_factor": 0.85 for y in YEARS}, 1),
    "nothing carried on net sales": ({f"regime.banking.{y}.net_sales_multiple": 0.0 for y in YEARS}, -1),
    "less carried on net sales": ({f"regime.banking.{y}.net_sales_multiple": 1.0 for y in YEARS}, -1),
    "a penalty of the price itself": ({f"regime.penalty.{y}.multiple": 1.0 for y in YEARS}, -1),
    "no offsets": (
        {f"regime.offsets.{y}.{kind}.limit_share": 0.0 for y in YEARS for kind in ("kcu", "i_kcu")}, 1
    ),
    "twice as much not free, and no more on offer": ({f"regime.allocation.{y}.auction_share.": 0.2 for y in YEARS}, 1),
    "more on offer at auctions": ({f"regime.auctions.{y}.volume": 4e6 for y in YEARS}, -1),
}  # fmt: skip


@cache
def prices_of(changes: tuple) -> np.ndarray:
    """(4,000,) price of the running vintage in September 2021, the month after the deadline of the one before."""
    return Run("kets", KETS | dict(changes), 4_000, months=21).front[20]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_change_of_the_law_moves_the_price_the_way_it_should(policy):
    changes, sign = POLICIES[policy]
    mean, error = mean_and_error(prices_of(tuple(changes.items())) - prices_of(()))
    assert sign * mean > 10 * error
    assert sign * mean > 0.03 * 17_478  # the price at the start


@pytest.mark.parametrize(("share", "sign"), [(0.0, 1), (0.30, -1)])
def test_the_right_to_borrow_eases_a_short_year(share, sign):
    tight = {f"regime.allocation.{y}.correction_factor": 0.85 for y in YEARS}
    usual = prices_of(tuple(tight.items()))
    other = prices_of(tuple((tight | {f"regime.borrowing.{y}.share": share for y in YEARS}).items()))
    mean, error = mean_and_error(other - usual)
    assert sign * mean > 5 * error


def test_the_firm_s_own_trades_do_not():
    quiet, busy = (Batch(scenario("kets", **KETS), 50, threads=1) for _ in range(2))
    for batch in (quiet, busy):
        batch.reset(np.arange(50))
    for month in range(24):
        assert (quiet.market()["long_price"] == busy.market()["long_price"]).all()
        quiet.step(np.zeros((50, Action.size), np.float32))
        busy.step(np.full((50, Action.size), (-1.0) ** month, np.float32))
