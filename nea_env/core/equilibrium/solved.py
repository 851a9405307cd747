"""The equilibrium of a scenario: of its own market, or of that and its first partner's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from nea_env.core.equilibrium.aggregate import partner_problem, problem
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.problem import Chain, Problem
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import LinkedChain, Terms
from nea_env.scenario import Scenario, months_between

BAR_AFTER = 2.0  # seconds
PAIR_BANKS, PAIR_SHOCKS = 49, 3
"""Nodes of each bank and each shock where two systems are solved together."""

Solved = TypeVar("Solved", Chain, LinkedChain)


def is_joint(scenario: Scenario) -> bool:
    """Whether the equilibrium is that of the home market and its first partner: the partner's law is given as well."""
    if not scenario.links:
        return False
    link = scenario.links[0]
    solvable = link.regime is not None and link.market.aggregate is not None and link.type != "none"
    return scenario.market.law == "equilibrium" and solvable


def solved_market(scenario: Scenario) -> Chain:
    """The equilibrium of a scenario's own market.

    A progress bar shows on stderr where solving takes longer than two seconds and stderr is a terminal.

    Raises:
        ValueError: see ``aggregate.problem`` and ``solve.solve``.
    """
    market = problem(scenario)
    return _with_bar(scenario.name, lambda bar: solve(market, bar))


def solved_pair(scenario: Scenario) -> LinkedChain:
    """The equilibrium of a scenario's market and that of its first partner; as ``solved_market``."""
    link = scenario.links[0]
    home = problem(scenario, banks=PAIR_BANKS, shocks=PAIR_SHOCKS)
    partner = partner_problem(link, scenario, banks=PAIR_BANKS, shocks=PAIR_SHOCKS)
    terms = link_terms(scenario, home)
    _check_deadlines(scenario, home, partner, terms)
    return _with_bar(f"{scenario.name} and {link.name}", lambda bar: solve_linked(home, partner, terms, bar))


def link_terms(scenario: Scenario, home: Problem) -> Terms:
    """The terms of the first link, in the months of the home problem.

    Raises:
        ValueError: the link opens or breaks by chance, which an equilibrium of both systems cannot foresee.
    """
    link = scenario.links[0]
    for name in ("start_chance", "end_chance"):
        if getattr(link, name) is not None:
            raise ValueError(f"links.0.{name}: an equilibrium of both systems needs known dates; allowed: none")
    assert link.market.aggregate is not None and scenario.market.aggregate is not None
    months = np.arange(home.months)
    starts = months_between(scenario.start, link.starts) if link.starts else 0
    ends = months_between(scenario.start, link.ends) if link.ends else home.months
    quota = np.full(home.months, np.inf)
    if link.quota is not None:
        first = 0
        for month in np.flatnonzero(home.year_end).tolist():
            quota[month] = link.quota * home.emissions[first : month + 1].sum()
            first = month + 1
    return Terms(
        type=link.type,
        quota=quota,
        open=(starts <= months) & (months < ends),
        units=link.units,
        fee=link.fee,
        rate=link.fx.rate if link.fx else 1.0,
        scale=link.market.aggregate.emissions / scenario.market.aggregate.emissions,
        two_way=link.two_way,
        correlation=link.correlation,
    )


def _check_deadlines(scenario: Scenario, home: Problem, partner: Problem, terms: Terms) -> None:
    """A foreign unit must be one and the same from its purchase to the deadline that it counts at."""
    if terms.one_price:
        return
    if scenario.links[0].quota is None:
        raise ValueError(
            f"links.0.type: {terms.type} without a quota: between a period's end and its deadline nothing would hold"
            " its price to the home price in an equilibrium of both; allowed: full, exchange_rate, discount, or a quota"
        )
    if scenario.links[0].bankable:
        raise ValueError("links.0.bankable: units of a partner that is solved as well do not last; allowed: false")
    if not np.array_equal(home.year_end > 0, partner.year_end > 0):
        raise ValueError(
            f"links.0.type: {terms.type}: periods of {scenario.regime.name} and {scenario.links[0].name} end in"
            " different months, so an equilibrium of both needs one price; allowed: full, exchange_rate, discount"
        )


def _with_bar(name: str, work: Callable[[Callable[[float], None]], Solved]) -> Solved:
    """Run ``work`` with a report of the share done, shown as a bar when it takes long."""
    with tqdm(total=100, desc=f"equilibrium of {name}", unit="%", delay=BAR_AFTER, disable=None, leave=False) as bar:
        return work(lambda share: bar.update(int(100.0 * share) - bar.n))
