"""What each state of a tree of laws brings to the market, and the periods that wait for news of their law.

Before an announcement the months go as they did; with it the running period catches up the units that it would have
had. A period that has ended waits for the last announcement that changes what it holds or how it is settled. Where a
second period would end meanwhile, the first is settled when it ends, under the mean of what may be announced.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from nea_env.core.equilibrium.month import MarketMonth, table
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.solve import Stretch
from nea_env.core.equilibrium.waiting import Beside, Settlement
from nea_env.core.lowering.aggregate.calendar import Span, solved_months
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS, MarketFlows, market_flows, market_problems
from nea_env.core.lowering.aggregate.months import SETTLED
from nea_env.core.lowering.law_tree import LawState, LawTree
from nea_env.scenario import Scenario

SECOND_BANKS = 21
"""Nodes of the running bank beside one that waits; an odd number. What is left of the error: docs/errors.md."""


def stretches(
    scenario: Scenario, tree: LawTree, *, banks: int = BANKS, shocks: int = SHOCKS, second_banks: int = SECOND_BANKS
) -> tuple[Stretch, ...]:
    """The market under each state of the law, in the months in which it holds.

    Args:
        scenario: of the tree.
        tree: of its laws.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.
        second_banks: nodes of the running bank beside a period that waits; an odd number.

    Raises:
        ValueError: see ``market.problem``; or a law changes what all have to share.
    """
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    known = [market_flows(s.scenario.regime, s.scenario.market, scenario.start, months) for s in tree.states]
    ends = settled_in(tree.states, known)
    come: list[MarketFlows] = []
    owed: list[float] = []  # to the period that waits when the state begins
    for state, flows in zip(tree.states, known, strict=True):
        if state.before < 0:
            come.append(flows)
            owed.append(0.0)
            continue
        columns = {
            name: np.concatenate([come[state.before].columns[name][: state.first], column[state.first :]])
            for name, column in flows.columns.items()
        }
        waits = [span for span in flows.periods if span.last in ends and span.last < state.first <= ends[span.last]]
        others = [span for span in flows.periods if span not in waits]
        columns["supply"][state.first] += caught_up(known[state.before], flows, others, state.first)
        for span in waits:  # it has ended, but how it is settled is what the news may be about
            for name in SETTLED:
                columns[name][span.last] = flows.columns[name][span.last]
        earlier = owed[state.before] if waits and tree.states[state.before].first > waits[0].last else 0.0
        owed.append(earlier + caught_up(known[state.before], flows, waits, state.first))
        come.append(flows._replace(columns=columns))
    problems = market_problems(come, banks=banks, shocks=shocks)
    waiting = frozenset(month for end, settled in ends.items() for month in range(end + 1, settled + 1))
    beside = _beside(problems, ends, second_banks) if ends else None
    settled = {month: end for end, month in ends.items()}
    return tuple(
        Stretch(
            problem, state.first, state.last, state.branches, waiting,
            _settlement(problem, settled[state.first], state.first, more)
            if state.first in settled and state.last > state.first else None,
            beside,
        )
        for problem, state, more in zip(problems, tree.states, owed, strict=True)
    )  # fmt: skip


def settled_in(states: Sequence[LawState], known: Sequence[MarketFlows]) -> dict[int, int]:
    """The last month of each period that waits, and the month of the announcement that it waits for."""
    found: dict[int, int] = {}
    for state, flows in zip(states, known, strict=True):
        if state.before < 0:
            continue
        before = known[state.before]
        for span in flows.periods:
            if not span.last < state.first <= span.deadline or span.last < 0:
                continue
            same = all(flows.columns[name][span.last] == before.columns[name][span.last] for name in SETTLED)
            if not same or caught_up(before, flows, [span], state.first) != 0.0:
                found[span.last] = max(found.get(span.last, 0), state.first)
    ends = sorted(found)
    every = [span.last for span in known[0].periods]
    for end, following in itertools.pairwise(every):
        if end in ends and found[end] > following:
            del found[end]
    return found


def caught_up(before: MarketFlows, after: MarketFlows, spans: Sequence[Span], month: int) -> float:
    """Units that an announcement adds at once: what periods not yet due would have had from it to date.

    Args:
        before: as the law was known.
        after: as it is known now.
        spans: the periods; those whose deadline is over get nothing.
        month: of the announcement.
    """
    return float(sum(_free(after.columns, span, month) - _free(before.columns, span, month) for span in spans))


def _free(columns: dict[str, Array], span: Span, month: int) -> float:
    """Free units less emissions of a period before a month, in a period whose deadline is not over then."""
    if span.deadline < month:
        return 0.0
    months = slice(max(span.first, 0), min(span.last + 1, month))
    return float((columns["supply"][months] - columns["emissions"][months]).sum()) if months.start < month else 0.0


def _settlement(problem: Problem, end: int, month: int, added: float) -> Settlement:
    """Of a period that ended in month ``end``, at the start of another; its prices were discounted to its end."""
    row = table(problem)[end].copy()
    for column in (MarketMonth.MISSING, MarketMonth.LAPSING):
        row[column] *= problem.discount ** (end - month)
    return Settlement(row, added)


def _beside(problems: Sequence[Problem], ends: dict[int, int], nodes: int) -> Beside:
    """Grids of the running bank: all that can have come in since the other period ended, whatever the law and the news.

    The least is without abatement under the highest shock, the most with all abatement and credits under the lowest.
    """
    first = problems[0]
    low, high = np.full(first.months + 1, -1e-3), np.full(first.months + 1, 1e-3)
    least = np.min([p.supply - p.bought_back - p.emissions * np.exp(p.shocks[-1]) for p in problems], axis=0)
    most = np.max(
        [
            p.supply + p.auctioned + p.offsets + p.released - p.emissions * np.exp(p.shocks[0]) * (1.0 - p.max_share)
            for p in problems
        ],
        axis=0,
    )
    for end, settled in ends.items():
        for month in range(end + 1, settled):
            low[month + 1], high[month + 1] = low[month] + least[month], high[month] + most[month]
    return Beside(low, (high - low) / (nodes - 1), nodes)
