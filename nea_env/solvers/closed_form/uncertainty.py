"""What random prices cost and bring a firm that abates at the price.

Prices are a geometric Brownian motion whose discounted value is a martingale; the marginal cost of abatement is a line,
without a limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, positive, vector


def expected_compliance_cost(
    price: float, shortfalls: ArrayLike, years: ArrayLike, slope: float, rate: float, volatility: float,
    bank: float = 0.0,
) -> float:  # fmt: skip
    """At a martingale price every way to bank costs the same: today's price, less what abatement saves.

    P (sum of shortfalls - bank) - P² / 2c x sum of exp((r + s²) t). Whoever gains by timing has found a mistake in the
    market.

    Args:
        price: P today, money/t.
        shortfalls: emissions before abatement less allocation, t (T,).
        years: at which they are due (T,).
        slope: c, of the marginal cost.
        rate: r, of discount and of the price's growth, by year.
        volatility: s, by the square root of a year.
        bank: units held today, t.

    Returns:
        Money, discounted to today.

    Raises:
        ValueError: shortfalls and years differ in number.

    References:
        Samuelson 1965, Industrial Management Review; Seifert, Uhrig-Homburg and Wagner 2008, Journal of Environmental
        Economics and Management.
    """
    missing, due = vector("shortfalls", shortfalls), vector("years", years)
    if missing.shape != due.shape:
        raise ValueError(f"shortfalls: {missing.size} numbers, allowed: as many as there are years, {due.size}")
    start, steep, held = positive("price", price), positive("slope", slope), finite("bank", bank)
    growth = np.exp((finite("rate", rate) + not_negative("volatility", volatility) ** 2) * not_negative("years", due))
    return float(start * (missing.sum() - held) - start**2 / (2.0 * steep) * growth.sum())


def gain_from_volatility(price: float, years: ArrayLike, slope: float, rate: float, volatility: float) -> float:
    """Risk is worth something to a firm that can answer it: what it saves is convex in the price.

    P² / 2c x sum of exp(r t) (exp(s² t) - 1), compared with a price that grows at r for certain.

    Args:
        price: P today, money/t.
        years: at which it abates (T,).
        slope: c, of the marginal cost.
        rate: r, by year.
        volatility: s, by the square root of a year.

    Returns:
        Money, discounted to today.

    References:
        Oi 1961, Econometrica.
    """
    due = not_negative("years", vector("years", years))
    more = np.exp(finite("rate", rate) * due) * np.expm1(not_negative("volatility", volatility) ** 2 * due)
    return float(positive("price", price) ** 2 / (2.0 * positive("slope", slope)) * more.sum())


def gain_from_reacting(variance: ArrayLike, slope: ArrayLike) -> Array:
    """A firm that abates at the price as it comes, and not at its mean, saves var / 2c.

    Args:
        variance: of the price, (money/t)².
        slope: c, of the marginal cost.

    Returns:
        Money, of the arguments' common shape.

    References:
        Oi 1961, Econometrica; Weitzman 1974, Review of Economic Studies.
    """
    return not_negative("variance", variance) / (2.0 * positive("slope", slope))


def advantage_of_prices(variance: ArrayLike, cost_slope: ArrayLike, benefit_slope: ArrayLike) -> Array:
    """A price beats a quantity by var (C'' - B'') / 2 C''²: where costs are steep and benefits flat.

    Args:
        variance: of the intercept of the marginal cost, (money/t)².
        cost_slope: C'', of the marginal cost of abatement.
        benefit_slope: B'', by which the marginal benefit falls, 0 or more.

    Returns:
        Money, of the arguments' common shape; negative where the quantity is better.

    References:
        Weitzman 1974, Review of Economic Studies.
    """
    steep = positive("cost_slope", cost_slope)
    return not_negative("variance", variance) * (steep - not_negative("benefit_slope", benefit_slope)) / (2 * steep**2)
