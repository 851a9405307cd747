"""The equilibrium of a scenario: of its own market, or of that and its first partner's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tqdm import tqdm

from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.pool import solve_pool
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.equilibrium.reach import fitted
from nea_env.core.equilibrium.solve import Stretch, solve, solve_tree
from nea_env.core.equilibrium.terms import ONE_PRICE
from nea_env.core.lowering.aggregate.link import check_deadlines, in_pool, link_terms
from nea_env.core.lowering.aggregate.market import partner_problem, problem
from nea_env.scenario import Scenario

BAR_AFTER = 2.0  # seconds
POOL_BANKS, PAIR_SHOCKS = 49, 3
"""Nodes of each bank, before they are one, and of each shock where two systems are solved together."""
PAIR_BANKS, OUTLINE = 57, 401
"""Nodes of each bank, as a geometric mean, where two are solved for, and of the grids that these are cut from."""

Solved = TypeVar("Solved")


def solved_market(scenario: Scenario) -> Chain:
    """The equilibrium of a scenario's own market.

    A progress bar shows on stderr where solving takes longer than two seconds and stderr is a terminal.

    Raises:
        ValueError: see ``market.problem`` and ``equilibrium.solve``.
    """
    market = problem(scenario)
    return _with_bar(scenario.name, lambda bar: solve(market, bar))


def solved_tree(name: str, laws: Sequence[Stretch]) -> tuple[Chain, ...]:
    """The equilibrium under each state of the law (``announced.stretches``); as ``solved_market``.

    Raises:
        ValueError: see ``equilibrium.solve``.
    """
    return _with_bar(name, lambda bar: solve_tree(laws, bar))


def solved_pair(scenario: Scenario) -> LinkedChain:
    """The equilibrium of a scenario's market and that of its first partner, or both in a pool; as ``solved_market``.

    Raises:
        ValueError: see ``market.partner_problem``, ``link`` and ``equilibrium.linked``.
    """
    link = scenario.links[0]
    one = link.type in ONE_PRICE  # two prices meet in a settlement of both: China's years end one by one, as others do

    def both(banks: int) -> tuple[Problem, Problem]:
        own = problem(scenario, banks=banks, shocks=PAIR_SHOCKS, together=one)
        return own, partner_problem(link, scenario, banks=banks, shocks=PAIR_SHOCKS, together=one)

    home, partner = both(POOL_BANKS)
    terms = link_terms(scenario, home)
    check_deadlines(scenario, home, partner, terms)
    if in_pool(scenario) > 1:
        other = scenario.links[1]
        second = partner_problem(other, scenario, banks=POOL_BANKS, shocks=PAIR_SHOCKS)
        partners = [(partner, terms), (second, link_terms(scenario, home, 1))]
        name = f"{scenario.name}, {link.name} and {other.name}"
        return _with_bar(name, lambda bar: solve_pool(home, partners, bar))
    if not terms.is_pool:
        home, partner = fitted(*both(OUTLINE), terms, PAIR_BANKS)
    return _with_bar(f"{scenario.name} and {link.name}", lambda bar: solve_linked(home, partner, terms, bar))


def _with_bar(name: str, work: Callable[[Callable[[float], None]], Solved]) -> Solved:
    """Run ``work`` with a report of the share done, shown as a bar when it takes long."""
    with tqdm(total=100, desc=f"equilibrium of {name}", unit="%", delay=BAR_AFTER, disable=None, leave=False) as bar:
        return work(lambda share: bar.update(int(100.0 * share) - bar.n))
