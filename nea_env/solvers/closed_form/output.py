"""What a price taker makes: the carbon cost of a unit of product, less what its allocation gives back.

The marginal cost of the product is a line, ``cost + cost_slope q``, and its price is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.abatement import value_of_allocation
from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, positive


def carbon_cost_of_output(
    permit_price: ArrayLike, intensity: ArrayLike, benchmark: ArrayLike = 0.0, earned: ArrayLike | None = None
) -> Array:
    """A unit of product pays P for its emissions and gets back what its benchmark earns: P (e - b) if at once.

    Args:
        permit_price: P, money/t.
        intensity: e, t for each unit.
        benchmark: b, units of allocation that a unit of product earns; 0 where allocation is fixed.
        earned: what such a unit of allocation is worth today, money/t; P where it is given at once. Where it
            comes later, `value_of_allocation` has it.

    Returns:
        Money for each unit of product, of the arguments' common shape.

    References:
        Fischer 2001, Resources for the Future Discussion Paper 01-22; Böhringer and Lange 2005, European Economic
        Review.
    """
    price = finite("permit_price", permit_price)
    worth = price if earned is None else finite("earned", earned)
    return price * not_negative("intensity", intensity) - not_negative("benchmark", benchmark) * worth


def output_at_carbon_cost(
    product_price: ArrayLike, carbon_cost: ArrayLike, cost: ArrayLike, cost_slope: ArrayLike
) -> Array:
    """Output at which the price of the product covers its marginal cost and its carbon cost.

    Under a tradable performance standard that is P (e - b): a tax on emissions with a subsidy on output, so a firm
    cleaner than its benchmark makes more than without a carbon price. Under cap and trade it is P e.

    Args:
        product_price: money for each unit.
        carbon_cost: of a unit, as `carbon_cost_of_output` has it.
        cost: marginal cost of the first unit.
        cost_slope: what each unit adds to it, more than 0.

    Returns:
        Units of product, of the arguments' common shape; 0 where none pays.

    References:
        Fischer 2001, Resources for the Future Discussion Paper 01-22; Goulder, Long, Lu and Morgenstern 2022, Journal
        of Environmental Economics and Management; Pizer and Zhang 2018, AEA Papers and Proceedings.
    """
    margin = finite("product_price", product_price) - finite("carbon_cost", carbon_cost) - finite("cost", cost)
    return np.maximum(margin / positive("cost_slope", cost_slope), 0.0)


def output_with_updating(
    product_price: ArrayLike, permit_price: ArrayLike, intensity: ArrayLike, benchmark: ArrayLike,
    later_price: ArrayLike, years: ArrayLike, rate: ArrayLike, cost: ArrayLike, cost_slope: ArrayLike,
) -> Array:  # fmt: skip
    """Where output earns allocation some years later, the subsidy is the benchmark at the discounted later price.

    Args:
        product_price: money for each unit.
        permit_price: today, money/t.
        intensity: t for each unit.
        benchmark: units of later allocation that a unit of product earns.
        later_price: expected price when they are given, money/t.
        years: until then.
        rate: of discount, by year.
        cost: marginal cost of the first unit.
        cost_slope: what each unit adds to it.

    Returns:
        Units of product, of the arguments' common shape.

    References:
        Böhringer and Lange 2005, European Economic Review.
    """
    earned = value_of_allocation(later_price, years, rate)
    burden = carbon_cost_of_output(permit_price, intensity, benchmark, earned)
    return output_at_carbon_cost(product_price, burden, cost, cost_slope)
