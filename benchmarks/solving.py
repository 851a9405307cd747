"""Places of a market's chain that are solved in a second, and how long a market takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import nea_env
from benchmarks.timing import Line
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.reach import fitted
from nea_env.core.equilibrium.solve import solve, solve_tree
from nea_env.core.lowering.aggregate.announced import stretches
from nea_env.core.lowering.aggregate.link import link_terms
from nea_env.core.lowering.aggregate.market import partner_problem, problem
from nea_env.core.lowering.aggregate.solved import OUTLINE, PAIR_BANKS, PAIR_SHOCKS
from nea_env.core.lowering.law_tree import law_tree


def lines(rounds: int) -> list[Line]:
    """One market, a pair, and a tree of laws; the best of so many rounds, compiled before."""
    return [_alone(rounds), _tree(rounds), _pair(rounds)]


def _alone(rounds: int) -> Line:
    market = problem(nea_env.load_scenario("kets"))
    return _line(
        "kets", market.months * len(market.banks) * len(market.shocks), "<= 5 s", rounds, lambda: solve(market)
    )


def _tree(rounds: int) -> Line:
    scenario = nea_env.load_scenario("tps_randomised", ["market.law=equilibrium"])
    laws = stretches(scenario, law_tree(scenario))
    market, places = laws[0].problem, 0
    for law in laws:
        for month in range(law.first, law.last):
            second = law.beside.nodes if law.beside is not None and law.waits_in(month) else 1
            places += len(market.banks) * len(market.shocks) * second
    return _line(f"a tree of {len(laws)} states of the law", places, "<= 30 s", rounds, lambda: solve_tree(laws))


def _pair(rounds: int) -> Line:
    scenario = nea_env.load_scenario("linked_kets", ["market.law=equilibrium"])
    wide = problem(scenario, banks=OUTLINE, shocks=PAIR_SHOCKS, together=False)
    other = partner_problem(scenario.links[0], scenario, banks=OUTLINE, shocks=PAIR_SHOCKS, together=False)
    terms = link_terms(scenario, wide)
    home, partner = fitted(wide, other, terms, PAIR_BANKS)
    places = home.months * len(home.banks) * len(partner.banks) * PAIR_SHOCKS**2
    return _line("a pair with a quota", places, "<= 15 s", rounds, lambda: solve_linked(home, partner, terms))


def _line(what: str, places: int, target: str, rounds: int, work: Callable[[], object]) -> Line:
    """Places a second, and the seconds that all of them take."""
    work()
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return Line(f"equilibrium of {what}, places a second", f"{places / best:,.0f}", "", f"{best:.2f} s", target)
