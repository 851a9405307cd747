"""When units are kept, sold or borrowed: banking at a given price, on one's own, and under a law's limits.

Discount factors are by period, more than 0 and at most 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import (
    Array,
    chances,
    count,
    factor_of,
    finite,
    not_negative,
    positive,
    vector,
)


def value_of_free_banking(
    prices: ArrayLike, transition: ArrayLike, discount: float, room: float, periods: int
) -> Array:
    """Where trade is free, the bank is full while the price is expected to beat interest, and else empty.

    H_t(p) = room x max(d E[p'] - p, 0) + d E[H_{t+1}(p')]. Nothing if the discounted price is a martingale; units held
    at the start are worth their price on top, and so is any allocation when it comes.

    Args:
        prices: (S,) of the states of a Markov chain, money/t.
        transition: (S, S) chances from a row's state to a column's.
        discount: factor by period.
        room: units that the bank holds at most, t.
        periods: in which units can be held; what is left after the last is sold.

    Returns:
        (S,) value by state in the first period, money.

    Raises:
        ValueError: the shapes do not fit.

    References:
        Secomandi 2010, Management Science, of a store without a limit on injection.
    """
    levels, chain, factor = vector("prices", prices), chances("transition", transition), factor_of("discount", discount)
    if chain.shape != (levels.size, levels.size):
        raise ValueError(f"transition: shape {chain.shape}, allowed: {(levels.size, levels.size)}")
    gain = float(not_negative("room", room)) * np.maximum(factor * chain @ levels - levels, 0.0)
    worth = np.zeros(levels.size)
    for _ in range(count("periods", periods)):
        worth = gain + factor * chain @ worth
    return worth


class Plan(NamedTuple):
    """Abatement of least cost, by period.

    Attributes:
        price: marginal cost, money/t (T,).
        abatement: tonnes (T,).
        bank: units kept at each period's end, t (T,); negative where they are borrowed.
        cost: discounted to the first period, money.
    """

    price: Array
    abatement: Array
    bank: Array
    cost: float


def least_cost_plan(required: ArrayLike, slope: ArrayLike, discount: float, borrowing: bool = False) -> Plan:
    """With certainty, the marginal cost grows at the rate of interest as long as a bank is held.

    It grows more slowly, or falls, only where units would be borrowed and may not be. So periods are pooled, each pool
    with one present marginal cost, until that nowhere rises from one pool to the next.

    Args:
        required: emissions before abatement less allocation, t (T,); negative where there is too much.
        slope: of the marginal cost, money/t for each tonne abated; a number or (T,).
        discount: factor by period, 1 / (1 + r).
        borrowing: whether units may be borrowed from later periods.

    Returns:
        Marginal cost, abatement, bank and cost.

    References:
        Hotelling 1931, Journal of Political Economy; Rubin 1996, Journal of Environmental Economics and Management;
        Cronshaw and Kruse 1996, Journal of Regulatory Economics.
    """
    needs, factor = vector("required", required), factor_of("discount", discount)
    steep = np.broadcast_to(positive("slope", slope), needs.shape)
    interest = factor ** -np.arange(needs.size)
    capacity = interest / steep  # tonnes abated for each unit of present marginal cost
    pools: list[tuple[float, float, int]] = []  # tonnes needed, capacity, periods
    for need, able in zip(needs, capacity, strict=True):
        pools.append((float(need), float(able), 1))
        while len(pools) > 1 and (borrowing or pools[-1][0] / pools[-1][1] >= pools[-2][0] / pools[-2][1]):
            need_of, able_of, periods = pools.pop()
            pools[-1] = (pools[-1][0] + need_of, pools[-1][1] + able_of, pools[-1][2] + periods)
    present = np.concatenate([np.full(periods, max(need / able, 0.0)) for need, able, periods in pools])
    abated = present * capacity
    cost = float((interest**-1 * steep * abated**2 / 2.0).sum())
    return Plan(present * interest, abated, np.cumsum(abated - needs), cost)


def shadow_price_of_borrowing(required: ArrayLike, slope: ArrayLike, discount: float) -> Array:
    """A unit that might be borrowed saves the marginal cost today less that of the period in which it is due.

    Args:
        required: t (T,), as in `least_cost_plan`.
        slope: a number or (T,).
        discount: factor by period.

    Returns:
        (T - 1,) money/t in the money of each period: what a unit borrowed for one period saves; 0 with a bank.

    References:
        Rubin 1996, Journal of Environmental Economics and Management.
    """
    price = least_cost_plan(required, slope, discount).price
    return np.maximum(price[:-1] - factor_of("discount", discount) * price[1:], 0.0)


def value_of_a_leftover(price: ArrayLike, carried: ArrayLike) -> Array:
    """What is left at the end is sold or carried, whichever brings more; an end that says neither is no problem at all.

    Args:
        price: of a unit in the last period, money/t.
        carried: what a unit is worth afterwards, today's money/t; 0 where it lapses.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        The transversality condition; Rubin 1996, Journal of Environmental Economics and Management.
    """
    return np.maximum(finite("price", price), finite("carried", carried))


class CarryOver(NamedTuple):
    """A surplus under a limit on what is carried: tonnes sold and carried, and what one more is worth, money/t."""

    sold: Array
    carried: Array
    worth: Array


def carry_over_for_net_sales(
    surplus: ArrayLike, price: ArrayLike, later_price: ArrayLike, multiple: ArrayLike, base: ArrayLike = 0.0
) -> CarryOver:
    """Where what is carried may be m times what is sold, a unit of surplus is worth (P + m P later) / (1 + m).

    That is what abatement aims at too. The firm sells just so much that the rest may be carried; where waiting earns
    nothing it sells all.

    Args:
        surplus: units beyond the duty, t.
        price: today, P, money/t.
        later_price: expected when the units carried are used, discounted, money/t.
        multiple: m, tonnes that may be carried for each tonne sold, net.
        base: tonnes that may be carried in any case.

    Returns:
        Tonnes and the marginal worth, of the arguments' common shape.

    References:
        Follows from the limit (Korea's carry-over rules; China's plan for 2023-2024): a linear programme and its dual.
    """
    extra, free = not_negative("surplus", surplus), not_negative("base", base)
    now, later, m = (
        not_negative("price", price),
        not_negative("later_price", later_price),
        positive("multiple", multiple),
    )
    waits = later > now
    sold = np.where(waits, np.maximum(extra - free, 0.0) / (1.0 + m), extra)
    worth = np.where(waits, np.where(extra > free, (now + m * later) / (1.0 + m), later), now)
    return CarryOver(sold[()], extra - sold, worth[()])


class Borrowed(NamedTuple):
    """Units borrowed, t, and what one more tonne of the limit would save, money/t."""

    tonnes: Array
    shadow_price: Array


def borrowing_at_no_interest(price: ArrayLike, later_price: ArrayLike, limit: ArrayLike) -> Borrowed:
    """Units that are paid back one for one are borrowed to the limit where they will be cheaper, and not at all else.

    If the discounted price is a martingale, it makes no difference.

    Args:
        price: today, money/t.
        later_price: expected when they are paid back, discounted, money/t.
        limit: t.

    Returns:
        Tonnes and the shadow price, of the arguments' common shape.

    References:
        Follows from the limit: the cost is linear in what is borrowed.
    """
    saved = np.maximum(finite("price", price) - finite("later_price", later_price), 0.0)
    return Borrowed(np.where(saved > 0.0, not_negative("limit", limit), 0.0)[()], saved)
