"""No price under a tree of laws pays a trader: through announcements, periods' ends and settlements, on every scenario.

Every shipped scenario with a market of its own is told a law: the fine of one vintage doubles and none of it may be
carried over, or nothing changes. That is told a month before the deadline, after the year has ended, so the period
waits for the news and its price is the mean over the two.

Where no limit binds, a price is the discounted mean of what a unit is worth a month on. At a period's end a limit may
bind, and then no such mean holds: nobody can carry, or borrow, one unit more. What holds there is complementarity,
which no trader can profit from either: no unit is missing while one costs less than the fine, and none lapses while it
is worth more than the floor. Where some lapse, who carries gains (price + m x worth of a carried unit) / (1 + m).
A bank off the grid counts as the nearest end, so units cannot be counted in the places that land there; prices can.
"""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.equilibrium.month import MarketMonth, bank_before_settlement, carry_limit
from nea_env.core.equilibrium.solve import Stretch
from nea_env.core.lowering import equilibrium_chain
from nea_env.core.lowering.aggregate.link import is_joint
from nea_env.core.lowering.chain_cache import fingerprint
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import LAPSED, PARTS, SHORT, WITHIN, Record
from nea_env.library import ScenarioError, load_scenario
from nea_env.scenario import Scenario, add_months
from tests.contract.scope import SCENARIOS
from tests.core.equilibrium.law_table import LawTable, Leaf, between

EXACT = 1e-9  # of the dearest price of the month
SOLVED = {"market.law": "equilibrium"}
RANDOMISED = ("tps_randomised", pytest.param("kets_randomised", marks=pytest.mark.slow))  # 64 laws, and 256
NO_MARKET = dict.fromkeys(("jvets", "jvets_intensity", "tms", "tms_randomised"), "equilibrium needs market.aggregate")
NO_EQUILIBRIUM = NO_MARKET | {
    "tokyo_carbon_tax": "regime.carbon_tax: every firm of tokyo would pay it",
    "linked_kets_eu": "links.0.regime: missing: under market.law=equilibrium a link of type exchange_rate needs",
    "linked_trilateral": "links.1.type: quota: the equilibrium is that of home and the first partner",
}
"""Scenarios that have no equilibrium price, with or without a tree, and why."""
OTHERWISE = {
    "linked_kets_eu": {"links.0.correlation": 0.0},
    "linked_kets_full": {"links.0.weight": 0.0},
    "tps_randomised": {"policy.mode": "historical"},
    "kets_randomised": {"policy.mode": "historical"},
}
"""What a scenario needs beside the equilibrium. The randomised ones have a tree of their own as well: see below."""
JOINT = (
    "linked_beijing",
    "linked_gx_ets",
    "linked_kets",
    "linked_kets_full",
    "linked_kets_phase4",
    "linked_kets_quota",
    "linked_tokyo",
    "linked_tokyo_beijing",
    "linked_tokyo_gx_ets",
    "linked_tokyo_saitama",
    "linked_tps",
    "linked_tps_border_fee",
)
"""Scenarios that are solved together with their first partner, which know their law from the start."""
ALONE = tuple(name for name in SCENARIOS if name not in (*NO_EQUILIBRIUM, *JOINT))


def told(name: str, more: dict[str, object] | None = None, limit: bool = True) -> dict[str, object]:
    """Overrides that tell a scenario's middle vintage its law a month before the deadline."""
    own = SOLVED | (OTHERWISE.get(name, {}) if more is None else more)
    scenario = load_scenario(name, own)
    years = [year for year in sorted(scenario.regime.calendar) if scenario.first <= year <= scenario.last]
    year = years[len(years) // 2] if len(years) > 1 else years[0]
    fine = scenario.regime.penalty[year]
    key = next(key for key in ("price", "multiple", "side_multiple", "lump_sum") if getattr(fine, key, None))
    law: dict[str, object] = {f"regime.penalty.{year}.{key}": 2.0 * getattr(fine, key)}
    if limit:
        law[f"regime.banking.{year}.limit"] = "none" if scenario.regime.banking[year].limit != "none" else "unlimited"
    month = add_months(scenario.regime.calendar[year].deadline, -1)
    laws = [{"chance": 0.4}, {"chance": 0.6, "overrides": law}]
    return own | {"market.beliefs": {"announcements": [{"month": month, "laws": laws}]}}


@pytest.fixture
def unkept(monkeypatch):
    """Solve without the cache: forty trees of some 30 MB each would push out what other tests share."""
    monkeypatch.setattr(equilibrium_chain, "cached", lambda _, solve: solve())


def test_every_scenario_is_on_one_list():
    assert {*ALONE, *JOINT, *NO_EQUILIBRIUM} == set(SCENARIOS)
    assert len(ALONE) + len(JOINT) + len(NO_EQUILIBRIUM) == len(SCENARIOS) == 66


@pytest.mark.parametrize(("name", "words"), NO_EQUILIBRIUM.items())
def test_a_scenario_without_an_equilibrium_has_no_tree(name, words):
    with pytest.raises(ScenarioError) as error:
        lowered(load_scenario(name, SOLVED | OTHERWISE.get(name, {})))
    assert words in str(error.value)


@pytest.mark.parametrize("name", JOINT)
def test_systems_that_are_solved_together_know_their_law_from_the_start(name):
    scenario = load_scenario(name, told(name, limit=False))
    assert is_joint(scenario)
    with pytest.raises(ScenarioError, match=r"an equilibrium of two linked systems knows its law from the start"):
        lowered(scenario)


@pytest.mark.parametrize("name", RANDOMISED)
def test_drawn_laws_pay_no_trader(name):
    table, seen = paid_nobody(load_scenario(name, SOLVED))
    assert len(table.paths) == (256 if name == "kets_randomised" else 64)
    # The running price, also as a period ends, and that of one that waits; the last two into announcements as well.
    assert len({key for key in seen if key[0] in (Record.RUNNING, Record.FRONT)}) == 5


@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("name", ALONE)
def test_a_law_that_is_told_pays_no_trader(name):
    scenario = load_scenario(name, told(name))
    assert not is_joint(scenario)
    check_told(scenario)


@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("name", [*JOINT, "linked_kets_eu", "linked_trilateral"])
def test_a_law_that_is_told_pays_no_trader_without_the_links(name):
    check_told(load_scenario(name, told(name, {"links": []})))


@pytest.mark.usefixtures("unkept")
def test_a_period_ends_in_every_way():
    scenario = load_scenario("kets", told("kets"))
    seen = _once(fingerprint(scenario), scenario)
    assert {(kind, how) for kind in ("ends", "settled") for how in (WITHIN, LAPSED, SHORT)} <= seen


def check_told(scenario: Scenario) -> None:
    seen = _once(fingerprint(scenario), scenario)
    assert (Record.FRONT, Record.FRONT, True) in seen  # a period waits, and is told
    assert (Record.RUNNING, Record.RUNNING, True) in seen
    assert {("settled", LAPSED), ("settled", SHORT)} <= seen


_SEEN: dict[str, set] = {}


def _once(key: str, scenario: Scenario) -> set:
    """What a market showed: firms of one market share it."""
    if key not in _SEEN:
        table, _SEEN[key] = paid_nobody(scenario)
        fronts = [records[..., Record.FRONT].mean() for _, records, _, _ in table.settlements()]
        assert len(fronts) == 2
        assert abs(fronts[0] - fronts[1]) > 0.001 * max(fronts)  # the two laws are not alike
    return _SEEN[key]


def paid_nobody(scenario: Scenario) -> tuple[LawTable, set]:
    """Assert that prices at every place of every month are what the months after make them; and what there was."""
    table, seen = LawTable(scenario), set()
    for leaf in table.leaves():
        top = EXACT * max(leaf.now[..., Record.RUNNING].max(), leaf.now[..., Record.FRONT].max(), 1.0)
        free = leaf.now[..., Record.OUTCOME] < 0
        columns = [(Record.RUNNING, Record.FRONT if leaf.closes else Record.RUNNING)]
        columns += [] if leaf.closes else [(Record.WORTH, Record.WORTH)]
        columns += [(Record.FRONT, Record.FRONT)] if leaf.waits else []
        if free.all():
            for column, then in columns:
                gap = np.abs(table.onward(leaf, then) - leaf.now[..., column])
                assert gap.max() <= top, (leaf.month, column)
                seen.add((column, then, table.is_told(leaf)))
        else:
            assert not free.any()
            seen |= {("ends", int(how)) for how in np.unique(leaf.now[..., Record.OUTCOME])}
            _check_end(table, leaf, top)
    for settlement in table.settlements():
        seen |= {("settled", int(how)) for how in np.unique(settlement[1][..., Record.OUTCOME])}
        _check_settlement(table, *settlement)
    return table, seen


def _check_end(table: LawTable, leaf: Leaf, top: float) -> None:
    """A period that ends with a month, and whose law is known."""
    row, problem = table.row(leaf), leaf.state.problem
    price, worth, place, how = (
        leaf.now[:, 0, :, column] for column in (Record.RUNNING, Record.WORTH, Record.LANDING, Record.OUTCOME)
    )
    kept = table.onward(leaf, Record.WORTH)[:, 0]  # what a unit that is carried is worth
    carried = problem.banks[0] + (problem.banks[1] - problem.banks[0]) * place
    within, lapsed, short = how == WITHIN, how == LAPSED, how == SHORT
    assert np.abs(price - kept)[within].max(initial=0.0) <= top, leaf.month
    assert np.abs(worth - price)[~lapsed].max(initial=0.0) <= top
    multiple = row[MarketMonth.CARRY_MULTIPLE]
    assert np.abs(worth - (price + multiple * kept) / (1.0 + multiple))[lapsed].max(initial=0.0) <= top
    left = _left(leaf, row, price, worth) - carried  # more than is carried lapses; less is missing
    inside = (place > 0.0) & (place < table.banks - 1.0)  # a bank off the grid counts as its end
    assert np.abs(left)[within & inside].max(initial=0.0) <= EXACT
    missing, floor = row[MarketMonth.MISSING], np.minimum(row[MarketMonth.LAPSING], kept)
    assert (price <= missing + top).all()
    full = carried >= carry_limit(row) - EXACT
    assert (kept - price)[short & inside & ~full].max(
        initial=0.0
    ) <= top  # who may would rather sell a unit than keep it
    assert left[short].max(initial=0.0) <= EXACT
    assert np.abs(left)[short & inside & (price < missing - top)].max(initial=0.0) <= EXACT
    owes_all = carried <= -row[MarketMonth.BORROWING] + EXACT
    assert np.abs(kept - missing)[short & inside & ~owes_all & ~full].max(initial=0.0) <= top
    assert (price - kept)[lapsed].max(initial=0.0) <= top  # whoever may keep one gains by it
    assert (floor - price)[lapsed].max(initial=0.0) <= top
    assert (-left)[lapsed].max(initial=0.0) <= EXACT
    above = lapsed & inside & (price > floor + top)
    assert np.abs(left)[above].max(initial=0.0) <= EXACT
    assert np.abs(carried - carry_limit(row))[above].max(initial=0.0) <= EXACT


def _left(leaf: Leaf, row: np.ndarray, price: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """(B, Z) bank before the settlement."""
    problem = leaf.state.problem
    emissions = row[MarketMonth.EMISSIONS] * np.exp(problem.shocks)
    return np.array(
        [
            [bank_before_settlement(bank, emissions[z], price[x, z], worth[x, z], row) for z in range(len(emissions))]
            for x, bank in enumerate(problem.banks)
        ]
    )


def _check_settlement(table: LawTable, month: int, records: np.ndarray, now: np.ndarray, state: Stretch) -> None:
    """A period that ended earlier and is settled as a month begins: it has as many units as it has."""
    assert state.settlement is not None
    assert state.beside is not None
    row, beside = state.settlement.row, state.beside.grid(month)
    price, place, how = (records[..., column] for column in (Record.FRONT, Record.LANDING, Record.OUTCOME))
    parts = state.settlement.added + table.step * ((np.arange(PARTS) + 0.5) / PARTS - 0.5)
    closed = table.low + table.step * np.arange(table.banks)[:, None, None] + parts[:, None, None, None]
    carried = table.low + table.step * place - (beside.low + beside.step * np.arange(beside.nodes))[:, None]
    closed = np.broadcast_to(closed, carried.shape)
    kept = between(now[..., Record.WORTH], place)
    top = EXACT * max(kept.max(), price.max(), 1.0)
    inside = (place > 0.0) & (place < table.banks - 1.0)  # a bank off the grid counts as its end
    within, lapsed, short = how == WITHIN, how == LAPSED, how == SHORT
    assert np.abs(price - kept)[within].max(initial=0.0) <= top
    assert np.abs(carried - closed)[within & inside].max(initial=0.0) <= EXACT
    missing, multiple = row[MarketMonth.MISSING], row[MarketMonth.CARRY_MULTIPLE]
    assert np.abs(price - missing)[short].max(initial=0.0) <= top
    assert (closed - carried)[short & inside].max(initial=0.0) <= EXACT
    full = carried >= carry_limit(row) - EXACT
    assert (kept - missing)[short & inside & ~full].max(initial=0.0) <= top
    owes_all = short & inside & (kept < missing - top)
    assert np.abs(carried + row[MarketMonth.BORROWING])[owes_all].max(initial=0.0) <= EXACT
    limit = (multiple * (closed + row[MarketMonth.DEFICIT]) + row[MarketMonth.CARRY_BASE]) / (1.0 + multiple)
    limit += row[MarketMonth.BROKERS]
    assert np.abs(price - np.minimum(row[MarketMonth.LAPSING], kept))[lapsed].max(initial=0.0) <= top
    assert np.abs(carried - limit)[lapsed & inside].max(initial=0.0) <= EXACT
    assert (carried - closed)[lapsed & inside].max(initial=0.0) <= EXACT
