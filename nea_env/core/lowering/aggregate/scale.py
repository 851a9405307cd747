"""The scale of abatement costs at which a law gives the price that was seen: how the shipped aggregates were set."""

from __future__ import annotations

import math
from collections.abc import Callable

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS, problem
from nea_env.scenario import Scenario

TRIES = 40
DECADES = 4
"""The scale is sought within so many powers of ten about the price."""


def start_price(chain: Chain) -> float:
    """Price of the running vintage at the start, money/t: the mean over the lottery between the two nearest banks."""
    return float(chain.start_chances @ chain.running[0, :, chain.problem.start_shock])


def with_scale(scenario: Scenario, scale: float) -> Scenario:
    """The same scenario at another scale of its market's abatement costs, money/t."""
    aggregate = scenario.market.aggregate
    if aggregate is None:
        raise ValueError(f"market.aggregate: {scenario.market.name} has none, and an equilibrium needs one")
    abatement = aggregate.abatement.model_copy(update={"scale": scale})
    aggregate = aggregate.model_copy(update={"abatement": abatement})
    return scenario.model_copy(update={"market": scenario.market.model_copy(update={"aggregate": aggregate})})


def calibrated_scale(scenario: Scenario, *, banks: int = BANKS, shocks: int = SHOCKS, tolerance: float = 1e-3) -> float:
    """Scale of abatement costs at which the equilibrium starts at ``market.price``, money/t.

    Args:
        scenario: with a market that has an aggregate.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.
        tolerance: relative error of the price at which to stop.

    Raises:
        ValueError: see ``scale_for``.
    """
    return scale_for(
        scenario.market.price,
        lambda scale: problem(with_scale(scenario, scale), banks=banks, shocks=shocks),
        tolerance=tolerance,
    )


def scale_for(price: float, build: Callable[[float], Problem], *, tolerance: float = 1e-3) -> float:
    """Scale at which a market starts at a price: the dearer abatement is, the dearer are units.

    Args:
        price: at the start, money/t.
        build: the market at a scale.
        tolerance: relative error of the price at which to stop.

    Raises:
        ValueError: no scale within four powers of ten gives that price: units are too many, or a miss is too cheap.
    """
    low, high = (math.log(price) + sign * DECADES * math.log(10.0) for sign in (-1.0, 1.0))
    for _ in range(TRIES):
        middle = 0.5 * (low + high)
        reached = start_price(solve(build(math.exp(middle))))
        if abs(reached - price) <= tolerance * price:
            return math.exp(middle)
        low, high = (middle, high) if reached < price else (low, middle)
    raise ValueError(f"market.aggregate.abatement.scale: none gives {price:g}; the last tried gives {reached:.6g}")
