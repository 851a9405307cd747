"""Linked markets: one period, linear marginal costs, and cuts that each system must make.

The first of two systems imports. Its fee on imports is a share of its own price, as the environments have it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, pair, positive, vector
from nea_env.solvers.closed_form.normal import chance_below


class FullLink(NamedTuple):
    """One market of N systems.

    Attributes:
        price: money/t.
        imports: t (N,); negative where a system exports.
        gains: money saved by each system, trade included (N,).
    """

    price: float
    imports: Array
    gains: Array


def full_link(slopes: ArrayLike, cuts: ArrayLike) -> FullLink:
    """Linked systems have the price at which their cuts add up to what all of them must cut, and each of them gains.

    Its gain is the triangle of its trade and the change of its price; of two systems, the one with the steeper marginal
    cost gains more.

    Args:
        slopes: of the marginal costs, money/t for each tonne (N,).
        cuts: that each would have to make alone, t (N,).

    Returns:
        Price, imports and gains.

    Raises:
        ValueError: the shapes differ.

    References:
        Ellerman and Decaux 1998, MIT Joint Program Report 40.
    """
    steep, needed = positive("slopes", vector("slopes", slopes)), vector("cuts", cuts)
    if steep.shape != needed.shape:
        raise ValueError(f"cuts: {needed.size} numbers, allowed: as many as there are slopes, {steep.size}")
    price = max(float(needed.sum() / (1.0 / steep).sum()), 0.0)
    imports = needed - price / steep
    return FullLink(
        price, imports, steep * np.maximum(needed, 0.0) ** 2 / 2.0 - price**2 / (2 * steep) - price * imports
    )


class RestrictedLink(NamedTuple):
    """Two systems of which the first imports.

    Attributes:
        prices: money/t (2,).
        imports: units of the second that the first hands in, t.
        wedge: what one more unit of the quota would save, money/t; 0 where it does not bind.
        gain: money saved by both together, whoever of them has the quota's rent or the fee.
        emissions: change of all emissions, t, where a foreign unit does not cover one tonne.
    """

    prices: Array
    imports: float
    wedge: float
    gain: float
    emissions: float


def restricted_link(
    slopes: ArrayLike, cuts: ArrayLike, quota: float = np.inf, fee: float = 0.0, exchange: float = 1.0
) -> RestrictedLink:
    """A quota, a fee or an exchange rate leaves two prices: units are imported until x P1 (1 - fee) is P2.

    A quota that binds leaves the rest of the gap as a wedge. A foreign unit covers x tonnes, so emissions change by
    x - 1 for each unit traded.

    Args:
        slopes: of the marginal costs at home and abroad (2,).
        cuts: that each would have to make alone, t (2,).
        quota: units that may be imported, t.
        fee: on imports, share of the home price, from 0 to 1.
        exchange: x, tonnes at home that a foreign unit covers.

    Returns:
        Prices, imports, wedge, gain and change of emissions, which the gain does not value.

    References:
        Quemin and de Perthuis 2019, Environmental and Resource Economics.
    """
    home, abroad = (float(value) for value in positive("slopes", pair("slopes", slopes)))
    first, second = (float(value) for value in not_negative("cuts", pair("cuts", cuts)))
    most, rate = float(not_negative("quota", quota)), float(positive("exchange", exchange))
    if not 0.0 <= fee <= 1.0:
        raise ValueError(f"fee: {fee:g}, allowed: 0 to 1")
    net = rate * (1.0 - fee)
    free = (net * home * first - abroad * second) / (abroad + net * rate * home)
    imports = min(max(free, 0.0), most)
    prices = np.array([home * (first - rate * imports), abroad * (second + imports)])
    before = home * first**2 + abroad * second**2
    gain = (before - prices[0] ** 2 / home - prices[1] ** 2 / abroad) / 2.0
    wedge = max(net * prices[0] - prices[1], 0.0) if imports == most else 0.0
    return RestrictedLink(prices, imports, float(wedge), float(gain), (rate - 1.0) * imports)


def value_of_a_quota(home_price: ArrayLike, foreign_cost: ArrayLike, quota: ArrayLike) -> Array:
    """A price taker uses its whole quota of foreign units where these cost less, fees included, and none of it else.

    Args:
        home_price: money/t.
        foreign_cost: of a unit with all that its use costs, money/t.
        quota: units that it may use, t.

    Returns:
        Money saved, of the arguments' common shape.

    References:
        Follows from the limit: the cost is linear in the units.
    """
    saved = finite("home_price", home_price) - finite("foreign_cost", foreign_cost)
    return not_negative("quota", quota) * np.maximum(saved, 0.0)


def value_of_the_cheaper_unit(
    first: ArrayLike, second: ArrayLike, sd: ArrayLike, other_sd: ArrayLike, correlation: ArrayLike, years: ArrayLike
) -> Array:
    """The right to hand in the second unit in place of the first is worth what the right to swap the two is.

    Both are geometric Brownian motions whose discounted prices are martingales.

    Args:
        first: price of the unit that is due, money/t.
        second: price of the one that may replace it, money/t.
        sd: volatility of the first, by the square root of a year.
        other_sd: volatility of the second.
        correlation: of their changes, from -1 to 1.
        years: until one is handed in, more than 0.

    Returns:
        Money/t today, of the arguments' common shape.

    Raises:
        ValueError: the two move as one, and there is nothing to choose.

    References:
        Margrabe 1978, Journal of Finance.
    """
    together = np.asarray(correlation, float)
    if not np.all(np.abs(together) <= 1.0):
        raise ValueError(f"correlation: {together.flat[0]:g}, allowed: -1 to 1")
    one, other = not_negative("sd", sd), not_negative("other_sd", other_sd)
    variance = one**2 + other**2 - 2.0 * together * one * other
    if not np.all(variance > 0.0):
        raise ValueError("sd: the two units move as one, allowed: prices whose ratio changes")
    spread = np.sqrt(variance * positive("years", years))
    due, other_unit = positive("first", first), positive("second", second)
    above = np.log(due / other_unit) / spread + spread / 2.0
    return due * chance_below(above) - other_unit * chance_below(above - spread)
