"""The price of a whole market in small: with a bank that may run out, a fine, and a supply that answers the bank."""

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
from nea_env.solvers.closed_form.normal import chance_below


class StockOut(NamedTuple):
    """Two periods of a market: today's price, the bank that is carried, t, and the mean of the next price, money/t."""

    price: float
    bank: float
    next_price: float


def price_with_a_bank_that_may_run_out(
    required: float, later: ArrayLike, odds: ArrayLike, discount: float, slope: float = 1.0
) -> StockOut:
    """Today's price is the discounted mean of the next where a bank is carried, and above it where none is.

    P = max(d E[P next], marginal cost with nothing carried): units can wait, but not come from the future.

    Args:
        required: to be abated today, t.
        later: to be abated in the next and last period, t (K,), of which one comes true.
        odds: chance of each (K,).
        discount: factor between the two.
        slope: of the market's marginal cost, money/t for each tonne.

    Returns:
        Price, bank and mean of the next price, which is never below 0.

    References:
        Deaton and Laroque 1992, Review of Economic Studies; Schennach 2000, Journal of Environmental Economics and
        Management.
    """
    needs, weights = vector("later", later), chances("odds", odds)
    if needs.shape != weights.shape:
        raise ValueError(f"odds: {weights.size} numbers, allowed: as many as there are of later, {needs.size}")
    now, steep, factor = (
        float(finite("required", required)),
        float(positive("slope", slope)),
        factor_of("discount", discount),
    )
    order = np.argsort(-needs)
    needs, weights = needs[order], weights[order]
    bank = max(-now, 0.0)  # a surplus is carried, for nothing else is to be done with it
    for short in range(1, needs.size + 1):  # states in which the next price is above 0
        weight = factor * weights[:short].sum()
        found = (factor * weights[:short] @ needs[:short] - now) / (1.0 + weight)
        beyond = needs[short] if short < needs.size else -np.inf
        if beyond <= found < needs[short - 1]:
            bank = max(bank, float(found))
            break
    following = float(weights @ np.maximum(needs - bank, 0.0)) * steep
    return StockOut(max(steep * (now + bank), 0.0), bank, following)


def price_of_a_fine(
    fine: ArrayLike, expected: ArrayLike, cap: ArrayLike, sd: ArrayLike, years: ArrayLike, rate: ArrayLike,
    carried: ArrayLike = 0.0,
) -> Array:  # fmt: skip
    """With one deadline and no bank, a unit is worth the discounted fine times the chance that units are too few.

    Where units left are carried and missing ones must be made good, what a unit is worth afterwards comes on top, short
    or not.

    Args:
        fine: for a missing tonne, money/t.
        expected: emissions by the deadline, as expected today, t.
        cap: units, t.
        sd: of the news on emissions, t by the square root of a year.
        years: to the deadline, more than 0.
        rate: by year.
        carried: expected price after the deadline, of that day's money/t; 0 where units lapse and the fine is all.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Chesney and Taschini 2012, Applied Mathematical Finance; Carmona, Fehr, Hinz and Porchet 2010, SIAM Review;
        Hitzemann and Uhrig-Homburg 2018, Journal of Financial and Quantitative Analysis.
    """
    left = positive("years", years)
    spread = positive("sd", sd) * np.sqrt(left)
    short = chance_below((finite("expected", expected) - finite("cap", cap)) / spread)
    later = not_negative("fine", fine) * short + not_negative("carried", carried)
    return np.exp(-finite("rate", rate) * left) * later


def price_variance_with_a_responsive_supply(
    news: ArrayLike, slope: ArrayLike, response: ArrayLike, periods: int
) -> Array:
    """Supply that answers the bank by a share d a period lies between a fixed quantity and a fixed price.

    A share of 0 fixes the quantity. The price falls by ``slope`` with each unit banked, so after n periods of news its
    variance is slope² s² times the sum of (1 - d)^2k, k < n.

    Args:
        news: s, sd of emissions in a period, t.
        slope: money/t for each tonne.
        response: d, from 0 to 1.
        periods: n.

    Returns:
        (money/t)², of the arguments' common shape.

    References:
        Kollenberg and Taschini 2016, Journal of Environmental Economics and Management, whose rule this is in discrete
        periods with a price that is a line in the bank.
    """
    answer = np.asarray(response, float)
    if not np.all((answer >= 0.0) & (answer <= 1.0)):
        raise ValueError(f"response: {answer.flat[0]:g}, allowed: 0 to 1")
    kept = (1.0 - answer)[..., None] ** (2 * np.arange(count("periods", periods)))
    return (not_negative("news", news) * finite("slope", slope)) ** 2 * kept.sum(axis=-1)
