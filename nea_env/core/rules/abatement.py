"""Operational abatement and investment in abatement technology."""

from __future__ import annotations

from nea_env.core.elementary import expm1, log1p
from nea_env.core.jit import jit

LEAST_LEFT = 1e-6
"""Share of a technology's potential below which it counts as built: what is left is rounding."""


@jit(inline=True)
def abatement_cost(share, scale, steepness, per_steepness):
    """Cost per tonne of unabated emissions of abating ``share``: the integral of the marginal cost.

    Marginal cost = scale * (exp(steepness * share) - 1), money per t; ``per_steepness`` is 1 / steepness.
    """
    return scale * (expm1(steepness * share) * per_steepness - share)


@jit(inline=True)
def share_at_price(price, per_scale, per_share):
    """Share whose marginal cost equals the price, as a part of what is possible: MAC = P (Montgomery 1972).

    ``per_scale`` is 1 / scale, ``per_share`` 1 / (steepness * largest share), 0 where nothing is possible.
    """
    return min(log1p(price * per_scale) * per_share, 1.0)


@jit(inline=True)
def capacity_started(budget, potential, in_place, building):
    """Capacity of one technology started from what is left of the month's budget, t a month."""
    left = potential - in_place - building
    return max(0.0, min(budget, left)) if left > LEAST_LEFT * potential else 0.0


@jit(inline=True)
def book_value(capacity, aged, capex, life_discount):
    """Value left in capacity: capex times the annuity of the life left over the annuity of a whole life.

    ``aged`` is the sum of capacity * d**-age, so (capacity - d**life * aged) / (1 - d**life) is exact for
    any mix of ages.
    """
    return capex * (capacity - life_discount * aged) / (1.0 - life_discount)


@jit(inline=True)
def invest_value(price, saving_months, running_cost, residual):
    """Saving to the end of production plus residual value over capex, less one, at a martingale price.

    All per unit of capex: ``saving_months`` of production after the lead time, whose discounted expected
    price is today's price; the discounted ``running_cost``; the discounted ``residual`` value.
    """
    return price * saving_months - running_cost + residual - 1.0


@jit(inline=True)
def arrival(month, lead):
    """First month in which capacity started in ``month`` works: its lead time, rounded up to a quarter's start."""
    return -(-(month + lead) // 3) * 3
