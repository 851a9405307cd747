"""How a whole market's output answers to the carbon price: what the solver needs of `OutputResponse`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.lowering.aggregate import supply as units
from nea_env.core.lowering.aggregate.limits import choke_price
from nea_env.scenario import Aggregate, AllocationRule

HALVINGS = 60  # of the range of prices that a bank is cleared in


def answers(aggregate: Aggregate) -> bool:
    """Whether output answers to the price at all."""
    return aggregate.output_response is not None and aggregate.output_response.elasticity > 0.0


def baseline_output(aggregate: Aggregate, year: int) -> float:
    """Output of a compliance year without a carbon price, relative to that of ``aggregate.emissions``."""
    response = aggregate.output_response
    return 1.0 if response is None else units.of_year(response.demand, year)


def given_for_output(aggregate: Aggregate, rule: AllocationRule, year: int) -> float:
    """What the units of a year are multiplied by: its baseline output where they follow output."""
    return baseline_output(aggregate, year) if units.follows_output(rule) else 1.0


def slope(aggregate: Aggregate, year: int) -> float:
    """Relative output lost for each share x money/t that the carbon of a month's baseline output costs.

    The elasticity over what that output is worth: its price over the tonnes that a unit of it emits, for a twelfth of
    a year's.
    """
    response, intensity = aggregate.output_response, aggregate.intensity
    if response is None or intensity is None:
        return 0.0
    return 12.0 * response.elasticity * intensity / (response.product_price * baseline_output(aggregate, year))


def least(aggregate: Aggregate) -> float:
    """Below which relative output does not fall."""
    return 0.0 if aggregate.output_response is None else aggregate.output_response.least


class Answer(NamedTuple):
    """What firms do at a worth of a unit, arrays alike.

    Attributes:
        output: relative to its baseline.
        abated: share of the emissions of that output.
        abating: what that costs for each tonne emitted before, money/t.
    """

    output: Array
    abated: Array
    abating: Array


def answer(worth: Array, emissions: Array, following: Array, fall: Array, firms: Aggregate | Problem) -> Answer:
    """What firms do, as the kernels of `equilibrium.month` have it.

    Args:
        worth: of a unit, money/t.
        emissions: of a month at baseline output before abatement, shock included, shares.
        following: what comes in proportion to output, shares.
        fall: as from ``slope``.
        firms: with their abatement and least output.
    """
    abatement = firms.abatement if isinstance(firms, Aggregate) else firms
    lowest = least(firms) if isinstance(firms, Aggregate) else firms.least_output
    share = np.minimum(np.log1p(worth / abatement.scale) / abatement.steepness, abatement.max_share)
    abating = abatement.scale * (np.expm1(abatement.steepness * share) / abatement.steepness - share)
    cost = emissions * (worth * (1.0 - share) + abating) - worth * following
    return Answer(np.maximum(1.0 - fall * cost, lowest), share, abating)


def taken(worth: Array, emissions: Array, following: Array, fall: Array, firms: Aggregate | Problem) -> Array:
    """Units that firms emit, less those that their output brings beyond its baseline's; arguments of ``answer``."""
    output, share, _ = answer(worth, emissions, following, fall, firms)
    return np.asarray(output * emissions * (1.0 - share) - (output - 1.0) * following)


def clearing_price(held: Array, emissions: Array, following: Array, fall: Array, aggregate: Aggregate) -> Array:
    """Price at which a month takes as many units as are held: nothing where fewer do, else at most the choke price.

    Args:
        held: units for the month, those included that come for its baseline output, shares.
        emissions: as in ``answer``.
        following: as in ``answer``.
        fall: as in ``answer``.
        aggregate: the market.
    """
    low = np.zeros(np.broadcast(held, emissions).shape)
    high = np.full_like(low, choke_price(aggregate))
    short = taken(low, emissions, following, fall, aggregate) > held
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        dearer = taken(middle, emissions, following, fall, aggregate) > held
        low, high = np.where(dearer, middle, low), np.where(dearer, high, middle)
    return np.where(short, high, 0.0)
