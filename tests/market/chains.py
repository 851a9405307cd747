"""Solved markets made by hand: prices that a test names, on one bank that never moves."""

from __future__ import annotations

import numpy as np

from nea_env import load_scenario
from nea_env.core.equilibrium.chain import Chain
from nea_env.core.lowering.law_tree import LawState, LawTree, PlayedLaw
from nea_env.market.believed import Believed
from tests.core.equilibrium.markets import market

SCENARIO = load_scenario("kets")


def chain_of(prices: np.ndarray, *, chances=None, start: int = 0, discount: float = 1.0, first: int = 0, months=None):
    """A chain whose running price in month t and state z is prices[t, z], (T + 1, Z), from month ``first`` on.

    Args:
        prices: money/t.
        chances: (Z, Z) of the states; None: each stays.
        start: state in which it begins.
        discount: by month.
        first: its first month.
        months: that are solved in all; None: those of the chain.
    """
    prices = np.asarray(prices, float)
    length, states = len(prices) - 1, prices.shape[1]
    problem = market(
        months or first + length, discount=discount, shocks=np.zeros(states), start_shock=start,
        chances=np.eye(states) if chances is None else chances, banks=np.array([-1.0, 0.0]),
    )  # fmt: skip
    table = np.repeat(prices[:, None, :], 2, axis=1)
    landing = np.ones((length, 2, states))
    return Chain(problem, table, table, table, landing, np.zeros(landing.shape, np.int8), 0 * table, first)


def alone(chain: Chain) -> Believed:
    """One law, known from the start."""
    state = LawState(SCENARIO, 0, chain.problem.months, (), -1)
    return Believed(LawTree((state,), (PlayedLaw(SCENARIO, 1.0, (0,), ()),)), (chain,))


def then(root: Chain, *branches: tuple[float, Chain]) -> Believed:
    """A law that becomes one of others, each with its chance, in the month in which they begin."""
    month, months = branches[0][1].first, root.problem.months
    after = tuple((place, chance) for place, (chance, _) in enumerate(branches, start=1))
    states = [LawState(SCENARIO, 0, month, after, -1)]
    states += [LawState(SCENARIO, month, months, (), 0) for _ in branches]
    laws = tuple(PlayedLaw(SCENARIO, chance, (0, place), ()) for place, chance in after)
    return Believed(LawTree(tuple(states), laws), (root, *(chain for _, chain in branches)))
