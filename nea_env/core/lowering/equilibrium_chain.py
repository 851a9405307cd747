"""The equilibrium price process as the kernels read it: the market solved once, its chain laid out flat."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.lowering.aggregate.link import is_joint
from nea_env.core.lowering.aggregate.solved import solved_market, solved_pair, solved_tree
from nea_env.core.lowering.chain_cache import FlatChain, cached
from nea_env.core.lowering.law_tree import LawTree
from nea_env.core.lowering.periods import Period, next_deadline
from nea_env.core.parameters import Month, Record, Static
from nea_env.scenario import Scenario, months_between

COLUMNS = (
    Static.GRID_BANKS, Static.GRID_PARTNER_BANKS, Static.GRID_SHOCKS, Static.GRID_LOW, Static.GRID_STEP,
    Static.GRID_NODE, Static.GRID_PARTNER_NODE, Static.GRID_SHOCK,
)  # fmt: skip
"""Columns of `Static` that place the chain."""


def fill_equilibrium(
    monthly: np.ndarray, static: np.ndarray, chain: FlatChain, law: int, periods: tuple[Period, ...]
) -> np.ndarray:
    """Fill the columns of a scenario that read a chain, and return its table, (G,).

    The layout: the cumulative chances of the shocks (Z, Z), then for each month and each law that may be known in it a
    record for each place of the chain, (B1, B2, Z, Record.size), where B2 is 1 without a partner. What a month needs
    of a place is stored together, since places far apart in memory are what costs time.

    Args:
        monthly: (T + 1, Month.size), T the scenario's own length in months.
        static: (Static.size,).
        chain: of the scenario.
        law: which of the laws that the chain knows.
        periods: of that law.
    """
    static[list(COLUMNS)] = chain.head
    monthly[:, Month.CHAIN] = chain.places[law]
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


def _alone(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_market(scenario)
    records = _chain_records(chain, range(months + 1))
    return _laid_out(_head(chain.problem), chain.problem.chances, [records], [[0] * (months + 1)])


def _under_tree(scenario: Scenario, tree: LawTree, months: int) -> FlatChain:
    chains = solved_tree(scenario, tree)
    spans = [range(min(s.first, months + 1), min(s.last, months + 1)) for s in tree.states]
    records = [_chain_records(chain, span) for chain, span in zip(chains, spans, strict=True)]
    state_in = [[next(s for s in law.states if t in spans[s]) for t in range(months + 1)] for law in tree.laws]
    first = chains[0].problem
    return _laid_out(_head(first), first.chances, records, state_in, [span.start for span in spans])


def _head(market: Problem) -> tuple[float, ...]:
    banks = market.banks
    step = banks[1] - banks[0]
    start = (market.start_bank - banks[0]) / step
    return len(banks), 1, len(market.shocks), banks[0], step, start, 0, market.start_shock


def _chain_records(chain: Chain, months: range) -> NDArray[np.float64]:
    """Records of some months of a chain of one market, (months, B, 1, Z, Record.size)."""
    fields = {
        Record.RUNNING: chain.running,
        Record.WORTH: chain.worth,
        Record.AFTER: chain.after,
        Record.LANDING: chain.landing,
        Record.LAPSE: chain.lapse,
    }
    ends = chain.problem.year_end[chain.first : chain.first + len(chain.outcome)]
    fields[Record.OUTCOME] = _where_ended(chain.outcome, ends)
    return _records({field: table[:, :, None, :] for field, table in fields.items()}, months, chain.first)


def _both(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_pair(scenario)
    banks, others = chain.home_banks, chain.partner_banks
    node, other_node, shock = chain.start
    head = len(banks), len(others), len(chain.chances), banks[0], banks[1] - banks[0], node, other_node, shock
    fields = {
        Record.RUNNING: chain.home_running,
        Record.WORTH: chain.home_worth,
        Record.AFTER: chain.home_after,
        Record.PARTNER_RUNNING: chain.partner_running,
        Record.PARTNER_WORTH: chain.partner_worth,
        Record.LANDING: chain.home_landing,
        Record.OUTCOME: _where_ended(chain.home_outcome, chain.home.year_end),
        Record.PARTNER_LANDING: chain.partner_landing,
        Record.PARTNER_OUTCOME: _where_ended(chain.partner_outcome, chain.partner.year_end),
        Record.LAPSE: chain.home_lapse,
    }
    return _laid_out(head, chain.chances, [_records(fields, range(months + 1))], [[0] * (months + 1)])


def _records(fields: dict[int, NDArray[np.float64]], months: range, first: int = 0) -> NDArray[np.float64]:
    """Tables (T or T + 1, B1, B2, Z) that begin in month ``first``, side by side: (months, B1, B2, Z, Record.size)."""
    records = np.zeros((len(months), *fields[Record.RUNNING].shape[1:], Record.size))
    for field, table in fields.items():
        part = table[months.start - first : months.stop - first]
        records[: len(part), ..., field] = part
    return records


def _laid_out(
    head: Iterable[float],
    chances: NDArray[np.float64],
    records: list[NDArray[np.float64]],
    state_in: list[list[int]],
    begins: list[int] | None = None,
) -> FlatChain:
    """The chances and the records of each state of the law one after the other, and where each month's begin.

    Args:
        head: columns of `Static` that place the chain.
        chances: (Z, Z) of the shocks.
        records: of each state of the law, (months, B1, B2, Z, Record.size).
        state_in: for each law that is played, the state that is known in each month.
        begins: the month of the first records of each state; None: 0.
    """
    first = begins or [0] * len(records)
    at = np.cumsum([chances.size, *(each.size for each in records)])
    a_month = int(np.prod(records[0].shape[1:]))
    places = [[at[s] + (t - first[s]) * a_month for t, s in enumerate(states)] for states in state_in]
    flat = np.concatenate([np.cumsum(chances, axis=1).ravel(), *(each.ravel() for each in records)])
    return FlatChain(np.array(head, np.float64), flat, np.array(places, np.int64))


def _where_ended(outcome: NDArray[np.int8], year_end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outcomes (T, ...) in the months that end a period, -1 in the others."""
    ends = np.asarray(year_end).reshape(-1, *[1] * (outcome.ndim - 1)) > 0.0
    return np.where(ends, outcome, -1).astype(np.float64)
