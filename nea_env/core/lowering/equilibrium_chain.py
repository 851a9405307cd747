"""The equilibrium price process as the kernels read it: the market solved once, its chain laid out flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.equilibrium.solve import Stretch
from nea_env.core.equilibrium.waiting import SettledMonth
from nea_env.core.lowering.aggregate.announced import stretches
from nea_env.core.lowering.aggregate.link import is_joint
from nea_env.core.lowering.aggregate.solved import solved_market, solved_pair, solved_tree
from nea_env.core.lowering.chain_cache import FlatChain, cached
from nea_env.core.lowering.law_tree import LawTree
from nea_env.core.lowering.periods import Period, next_deadline
from nea_env.core.parameters import Month, Record, Static
from nea_env.scenario import Scenario, months_between

COLUMNS = (
    Static.GRID_BANKS, Static.GRID_PARTNER_BANKS, Static.GRID_SHOCKS, Static.GRID_LOW, Static.GRID_STEP,
    Static.GRID_NODE, Static.GRID_PARTNER_NODE, Static.GRID_SHOCK, Static.GRID_ALONE,
)  # fmt: skip
"""Columns of `Static` that place the chain."""
MONTHLY = (
    Month.CHAIN, Month.CHAIN_SECOND, Month.CHAIN_SETTLES, Month.WAITS, Month.SECOND_LOW, Month.SECOND_STEP,
)  # fmt: skip
"""Columns of `Month` that do."""


def fill_equilibrium(
    monthly: np.ndarray, static: np.ndarray, chain: FlatChain, law: int, periods: tuple[Period, ...]
) -> np.ndarray:
    """Fill the columns of a scenario that read a chain, and return its table, (G,).

    The layout: the cumulative chances of the shocks (Z, Z), then for each month and each law that may be known in it a
    record for each place of the chain, (B1, B2, Z, Record.size), where B2 is 1 without a partner unless a period waits.
    What a month needs of a place is stored together, since places far apart in memory are what costs time. Where a link
    may be cut by chance, records of both markets alone follow, (T + 1, B1 + B2, Z, Record.size), home's first.

    Args:
        monthly: (T + 1, Month.size), T the scenario's own length in months.
        static: (Static.size,).
        chain: of the scenario.
        law: which of the laws that the chain knows.
        periods: of that law.
    """
    static[list(COLUMNS)] = chain.head
    monthly[:, MONTHLY] = chain.months[law]
    for t in range(len(monthly)):
        due = next_deadline(periods, t)
        if due is not None:
            last = [p for p in periods if p.deadline == due][-1]
            monthly[t, Month.FRONT_RUNNING] = float(t <= last.end)
    return chain.chain


def chain_of(scenario: Scenario, tree: LawTree | None = None) -> FlatChain:
    """The scenario's market, or both linked ones, solved; from the cache where it was solved before.

    Args:
        scenario: with an equilibrium price.
        tree: of its laws, where they are not known from the start.

    Raises:
        ValueError: the market cannot be solved, see ``aggregate``; or a partner is solved with it under a tree.
    """
    months = months_between(scenario.start, scenario.end) + 1
    if tree is None:
        return cached(scenario, lambda: (_both if is_joint(scenario) else _alone)(scenario, months))
    if is_joint(scenario):
        raise ValueError(
            "market.beliefs: an equilibrium of two linked systems knows its law from the start; allowed: none, with"
            " policy.mode: historical, or a partner without market.aggregate"
        )
    return cached(scenario, lambda: _under_tree(scenario, tree, months))


MOST_PLACES = 8_000_000
"""Of a tree: 0.7 GB of records, which the cache on disk can still keep."""


class _MonthOf(NamedTuple):
    """What a month of a law reads: numbers of blocks of records, -1 for none, and the grid of a second bank."""

    records: int
    second: int = 1
    settles: int = -1
    waits: bool = False
    low: float = 0.0
    step: float = 0.0


def _alone(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_market(scenario)
    blocks = [_records_of(chain, month) for month in range(months + 1)]
    return _laid_out(_head(chain.problem), chain.problem.chances, blocks, [[_MonthOf(t) for t in range(months + 1)]])


def _under_tree(scenario: Scenario, tree: LawTree, months: int) -> FlatChain:
    laws = stretches(scenario, tree)
    _refuse_too_large(laws, months)
    chains = solved_tree(scenario.name, laws)
    blocks: list[NDArray[np.float64]] = []
    month_of: dict[tuple[int, int], _MonthOf] = {}
    for s, (law, chain) in enumerate(zip(laws, chains, strict=True)):
        for t in range(law.first, min(law.last, months + 1)):
            month_of[s, t] = _MonthOf(len(blocks))
            blocks.append(_records_of(chain, t))
            if law.waits_in(t) and law.beside is not None:
                low, step = float(law.beside.low[t]), float(law.beside.step[t])
                month_of[s, t] = _MonthOf(len(blocks) - 1, law.beside.nodes, -1, True, low, step)
            elif t == law.first and chain.settled is not None:
                month_of[s, t] = _MonthOf(len(blocks) - 1, settles=len(blocks))
                blocks.append(_settlement_of(chain.settled))
    seconds = max(each.second for each in month_of.values())
    played = [
        [next(month_of[s, t] for s in law.states if (s, t) in month_of) for t in range(months + 1)] for law in tree.laws
    ]
    return _laid_out(_head(laws[0].problem, seconds), laws[0].problem.chances, blocks, played)


def _refuse_too_large(laws: Sequence[Stretch], months: int) -> None:
    places = 0
    for law in laws:
        waiting = sum(law.waits_in(t) for t in range(law.first, min(law.last, months + 1)))
        seconds = 1 if law.beside is None else law.beside.nodes
        alone = min(law.last, months + 1) - law.first - waiting
        places += (alone + waiting * seconds) * len(law.problem.banks) * len(law.problem.shocks)
    if places > MOST_PLACES:
        raise ValueError(
            f"market.beliefs: a tree of {len(laws):,} states of the law has {places:,} places (months of each state x"
            f" banks x shocks); allowed: at most {MOST_PLACES:,} (fewer announcements or market.beliefs.outcomes)"
        )


def _head(market: Problem, seconds: int = 1) -> tuple[float, ...]:
    banks = market.banks
    step = banks[1] - banks[0]
    return (
        len(banks), seconds, len(market.shocks), banks[0], step, (market.start_bank - banks[0]) / step, 0,
        market.start_shock,
    )  # fmt: skip


def _records_of(chain: Chain, month: int) -> NDArray[np.float64]:
    """Records of a month of a chain of one market, (B, M, Z, Record.size); M is 1 unless a period waits."""
    if month in chain.waiting:
        waiting = chain.waiting[month]
        opening = waiting.opening
        closed = np.arange(len(chain.problem.banks), dtype=np.float64)[:, None, None]
        return _side_by_side(
            {
                Record.RUNNING: opening.running,
                Record.WORTH: opening.worth,
                Record.AFTER: opening.after,
                Record.FRONT: opening.front,
                Record.LAPSE: opening.lapse,
                Record.LANDING: np.broadcast_to(closed, opening.running.shape),
                Record.PARTNER_LANDING: waiting.landing,
                Record.OUTCOME: np.full(opening.running.shape, -1.0),
            }
        )
    here = month - chain.first
    fields = {
        Record.RUNNING: chain.running[here],
        Record.WORTH: chain.worth[here],
        Record.AFTER: chain.after[here],
        Record.LAPSE: chain.lapse[here],
    }
    if here < len(chain.landing):
        ends = chain.problem.year_end[month] > 0.0 and month + 1 not in chain.waits
        fields[Record.LANDING] = chain.landing[here]
        fields[Record.OUTCOME] = chain.outcome[here] if ends else np.full(chain.outcome[here].shape, -1.0)
        if month + 1 in chain.waits:
            fields[Record.PARTNER_LANDING] = np.full(chain.landing[here].shape, float(chain.second_banks // 2))
    return _side_by_side({field: table[:, None, :] for field, table in fields.items()})


def _settlement_of(settled: SettledMonth) -> NDArray[np.float64]:
    """Records of a settlement, (PARTS, B, M, Z, Record.size)."""
    return _side_by_side(
        {Record.FRONT: settled.front, Record.LANDING: settled.landing, Record.OUTCOME: settled.outcome}
    )


def _both(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_pair(scenario)
    banks, others = chain.home_banks, chain.partner_banks
    node, other_node, shock = chain.start
    fields = {
        Record.RUNNING: chain.home_running,
        Record.WORTH: chain.home_worth,
        Record.AFTER: chain.home_after,
        Record.PARTNER_RUNNING: chain.partner_running,
        Record.PARTNER_WORTH: chain.partner_worth,
        Record.LANDING: chain.home_landing,
        Record.OUTCOME: _where_ended(chain.home_outcome, chain.home),
        Record.PARTNER_LANDING: chain.partner_landing,
        Record.PARTNER_OUTCOME: _where_ended(chain.partner_outcome, chain.partner),
        Record.LAPSE: chain.home_lapse,
    }
    head = len(banks), len(others), len(chain.chances), banks[0], banks[1] - banks[0], node, other_node, shock
    blocks = [
        _side_by_side({field: table[t] for field, table in fields.items() if t < len(table)}) for t in range(months + 1)
    ]
    alone = None if chain.alone is None else _after_a_cut(chain, months)
    return _laid_out(head, chain.chances, blocks, [[_MonthOf(t, len(others)) for t in range(months + 1)]], alone)


def _after_a_cut(chain: LinkedChain, months: int) -> NDArray[np.float64]:
    """(months + 1, B1 + B2, Z, Record.size): home alone by its bank, then the partner, at every pair of shocks."""
    assert chain.alone is not None
    home, partner = chain.alone
    of_home, of_partner = np.divmod(np.arange(len(chain.chances)), len(partner.problem.shocks))
    own = {
        Record.RUNNING: home.running,
        Record.WORTH: home.worth,
        Record.AFTER: home.after,
        Record.LANDING: home.landing,
        Record.OUTCOME: _where_ended(home.outcome, home.problem),
        Record.LAPSE: home.lapse,
    }
    other = {
        Record.PARTNER_RUNNING: partner.running,
        Record.PARTNER_WORTH: partner.worth,
        Record.PARTNER_LANDING: partner.landing,
        Record.PARTNER_OUTCOME: _where_ended(partner.outcome, partner.problem),
    }
    return np.stack(
        [
            np.concatenate(
                [
                    _side_by_side({field: table[t][:, states] for field, table in fields.items() if t < len(table)})
                    for fields, states in ((own, of_home), (other, of_partner))
                ]
            )
            for t in range(months + 1)
        ]
    )


def _where_ended(outcome: NDArray[np.int8], market: Problem) -> NDArray[np.float64]:
    """Outcomes (T, ...) in the months that end a period, -1 in the others."""
    ends = np.asarray(market.year_end).reshape(-1, *[1] * (outcome.ndim - 1)) > 0.0
    return np.where(ends, outcome, -1).astype(np.float64)


def _side_by_side(fields: Mapping[int, NDArray[Any] | None]) -> NDArray[np.float64]:
    """Tables (...) as records (..., Record.size); fields that are not given are zero."""
    tables = {field: table for field, table in fields.items() if table is not None}
    records = np.zeros((*next(iter(tables.values())).shape, Record.size))
    for field, table in tables.items():
        records[..., field] = table
    return records


def _laid_out(
    head: Iterable[float],
    chances: NDArray[np.float64],
    blocks: list[NDArray[np.float64]],
    played: list[list[_MonthOf]],
    alone: NDArray[np.float64] | None = None,
) -> FlatChain:
    """The chances and the blocks of records one after the other, and what each month of each law reads.

    Args:
        head: columns of `Static` that place the chain.
        chances: (Z, Z) of the shocks.
        blocks: of records.
        played: for each law that is played, what each month reads.
        alone: records of both markets after a cut; None: there can be none.
    """
    at = np.cumsum([chances.size, *(block.size for block in blocks)])
    months = [
        [
            (at[m.records], m.second, at[m.settles] if m.settles >= 0 else 0, m.waits, m.low, m.step)
            for m in law
        ]
        for law in played
    ]  # fmt: skip
    flat = np.concatenate([np.cumsum(chances, axis=1).ravel(), *(block.ravel() for block in blocks)])
    first_alone = 0 if alone is None else len(flat)
    flat = flat if alone is None else np.concatenate([flat, alone.ravel()])
    return FlatChain(np.array([*head, first_alone], np.float64), flat, np.array(months, np.float64))
