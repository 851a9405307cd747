"""What each state of a tree of laws brings to the market: the months before it as they were, and what catches up."""

from __future__ import annotations

import numpy as np

from nea_env.core.equilibrium.problem import Array
from nea_env.core.equilibrium.solve import Stretch
from nea_env.core.lowering.aggregate.calendar import Span, solved_months
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS, MarketFlows, market_flows, market_problems
from nea_env.core.lowering.law_tree import LawTree
from nea_env.scenario import Scenario


def stretches(scenario: Scenario, tree: LawTree, *, banks: int = BANKS, shocks: int = SHOCKS) -> tuple[Stretch, ...]:
    """The market under each state of the law, in the months in which it holds.

    Args:
        scenario: of the tree.
        tree: of its laws.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.

    Raises:
        ValueError: see ``market.problem``; or a law changes what all have to share.
    """
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    known = [market_flows(s.scenario.regime, s.scenario.market, scenario.start, months) for s in tree.states]
    come: list[MarketFlows] = []
    for state, flows in zip(tree.states, known, strict=True):
        if state.before < 0:
            come.append(flows)
            continue
        columns = {
            name: np.concatenate([come[state.before].columns[name][: state.first], column[state.first :]])
            for name, column in flows.columns.items()
        }
        columns["supply"][state.first] += caught_up(known[state.before], flows, state.first)
        come.append(flows._replace(columns=columns))
    problems = market_problems(come, banks=banks, shocks=shocks)
    return tuple(
        Stretch(problem, state.first, state.last, state.branches)
        for problem, state in zip(problems, tree.states, strict=True)
    )


def caught_up(before: MarketFlows, after: MarketFlows, month: int) -> float:
    """Units that an announcement adds at once: what the periods not yet due would have had from it to date, units.

    Args:
        before: as the law was known.
        after: as it is known now.
        month: of the announcement.
    """
    return float(sum(_free(after.columns, span, month) - _free(before.columns, span, month) for span in after.periods))


def _free(columns: dict[str, Array], span: Span, month: int) -> float:
    """Free units less emissions of a period before a month, in a period whose deadline is not over then."""
    if span.deadline < month:
        return 0.0
    months = slice(max(span.first, 0), min(span.last + 1, month))
    return float((columns["supply"][months] - columns["emissions"][months]).sum()) if months.start < month else 0.0
