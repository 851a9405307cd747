"""Fines: the most that a unit is worth, the option not to buy, and the choice to default."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, positive, share
from nea_env.solvers.closed_form.normal import chance_below, quantile


def reservation_price(fine: ArrayLike, made_good: ArrayLike = 0.0, detection: ArrayLike = 1.0) -> Array:
    """A firm buys while the price is below what a missing tonne costs, by the chance that it is found.

    Args:
        fine: for a missing tonne, money/t.
        made_good: expected price of a unit that is to be handed in later, discounted, money/t; 0 where the fine is all.
        detection: chance that the miss is found.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Stranlund and Dhanda 1999, Journal of Environmental Economics and Management; the fine as a ceiling: Jacoby and
        Ellerman 2004, Energy Policy.
    """
    whole = not_negative("fine", fine) + not_negative("made_good", made_good)
    return share("detection", detection) * whole


def call_option(price: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, rate: ArrayLike) -> Array:
    """The right to buy a unit at a fixed price on one day, of a unit that pays nothing until then.

    Args:
        price: today, money/t.
        strike: money/t then.
        volatility: by the square root of a year.
        years: until then, more than 0.
        rate: by year.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Black and Scholes 1973, Journal of Political Economy.
    """
    now, left = positive("price", price), positive("years", years)
    spread = positive("volatility", volatility) * np.sqrt(left)
    present = positive("strike", strike) * np.exp(-finite("rate", rate) * left)
    above = np.log(now / present) / spread + spread / 2.0
    return now * chance_below(above) - present * chance_below(above - spread)


def cost_of_a_missing_unit(
    price: ArrayLike, fine: ArrayLike, volatility: ArrayLike, years: ArrayLike, rate: ArrayLike
) -> Array:
    """Who waits for the deadline pays the price or the fine, whichever is less: the price less a call at the fine.

    So waiting beats buying at once, even at a martingale price, where a fine settles the duty.

    Args:
        price: today, money/t.
        fine: for a tonne missing at the deadline, which then need not be handed in, money/t.
        volatility: by the square root of a year.
        years: to the deadline, more than 0.
        rate: by year.

    Returns:
        Money/t, discounted to today, of the arguments' common shape.

    References:
        Black and Scholes 1973, Journal of Political Economy; Chesney and Taschini 2012, Applied Mathematical Finance.
    """
    return finite("price", price) - call_option(price, fine, volatility, years, rate)


def holding_before_emissions_are_known(
    mean: ArrayLike, sd: ArrayLike, price: ArrayLike, fine: ArrayLike, leftover: ArrayLike = 0.0, discount: float = 1.0
) -> Array:
    """Where trade ends before emissions are known: the chance to have enough is (F - P / d) / (F - leftover).

    Args:
        mean: of normal emissions, t.
        sd: theirs, t.
        price: of a unit while there is trade, money/t.
        fine: F, for a missing tonne, money/t.
        leftover: what a unit too many is worth in the end, money/t, less than the price in the money of that day.
        discount: factor d between the two days.

    Returns:
        Units to hold, t, of the arguments' common shape; none at all (minus infinity) where the fine is less than the
        price.

    Raises:
        ValueError: a leftover is worth what a unit costs or more, so that no holding is enough.

    References:
        Arrow, Harris and Marschak 1951, Econometrica.
    """
    later = positive("price", price) / positive("discount", discount)
    kept = not_negative("leftover", leftover)
    if np.any(kept >= later):
        raise ValueError(f"leftover: {kept.flat[0]:g}, allowed: less than a unit costs, {later.flat[0]:g}")
    amount = not_negative("fine", fine)
    enough = (amount - later) / np.maximum(amount - kept, np.finfo(float).tiny)
    holds = enough > 0.0
    z = quantile(np.where(holds, enough, 0.5))
    return np.where(holds, finite("mean", mean) + positive("sd", sd) * z, -np.inf)[()]


def gap_worth_a_lump_sum(price: ArrayLike, fine: ArrayLike, deducted: ArrayLike = 0.0) -> Array:
    """A fine that is the same for any gap is cheaper than units from a gap of F / (P - what deduction costs) on.

    Where the missing units are taken from the next allocation, the fine is the price of a loan.

    Args:
        price: at the deadline, money/t.
        fine: F, whatever is missing, money.
        deducted: expected later price of the units deducted for a missing tonne, discounted, money/t; 0: none are.

    Returns:
        Tonnes missing above which a firm defaults; infinity where it never does.

    References:
        Follows from the fine; Stranlund, Chavez and Field 2002, Policy Studies Journal, on enforcement.
    """
    saved = positive("price", price) - not_negative("deducted", deducted)
    amount = not_negative("fine", fine)
    return np.where(saved > 0.0, amount / np.where(saved > 0.0, saved, 1.0), np.inf)[()]
