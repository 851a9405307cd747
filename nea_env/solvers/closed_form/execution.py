"""How a deficit is bought where each purchase moves the price: quadratic costs, exact in any number of steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, count, finite, not_negative, positive


def cost_of_even_purchases(
    price: ArrayLike, deficit: ArrayLike, impact: ArrayLike, steps: int, news: ArrayLike = 0.0
) -> Array:
    """At a martingale price with an impact of k q² / 2, a deficit is bought evenly: D / N at each step.

    The cost is P D + k D² / 2N, and k s² / 2 (N - j) more for news of sd s that comes after trade j, which is spread
    over the N - j steps left.

    Args:
        price: P today, money/t.
        deficit: D, t, as it is expected today.
        impact: k, money/t for each tonne bought in a step.
        steps: N, of trade.
        news: s, sd of what is learnt of the deficit after each trade but the last, t.

    Returns:
        Expected money, of the arguments' common shape.

    References:
        Almgren and Chriss 2001, Journal of Risk.
    """
    number, steep = count("steps", steps), not_negative("impact", impact)
    missing = finite("deficit", deficit)
    harmonic = (1.0 / np.arange(1, number)).sum()
    spread = not_negative("news", news) ** 2 * harmonic
    return finite("price", price) * missing + steep / 2.0 * (missing**2 / number + spread)


class Executed(NamedTuple):
    """Expected cost, money, and what is bought and abated in the first step, t."""

    cost: float
    purchase: float
    abatement: float


def quadratic_compliance(
    price: float, steps: int, impact: float, slope: float, terminal: float,
    growth: float = 0.0, news: float = 0.0, price_news: float = 0.0, deficit: float = 0.0,
) -> Executed:  # fmt: skip
    """Purchases, abatement and a last bill that are all quadratic: the best policy is linear, and its cost exact.

    A step costs P q + k q² / 2 + c a² / 2. The deficit grows by ``growth`` and news, less q and a; the price is a
    martingale with news of its own; the last deficit costs f X² / 2. Nothing is discounted. The recursion is
    Riccati's: what a tonne of deficit costs at the margin, a line in deficit and price, is the marginal cost of
    both ways to close it.

    Args:
        price: P today, money/t.
        steps: in which the firm acts.
        impact: k, money/t for each tonne bought.
        slope: c, money/t for each tonne abated.
        terminal: f, money/t for each tonne missing, or too many, in the end.
        growth: of the deficit in a step, t.
        news: its sd, t.
        price_news: sd of the price's change in a step, money/t, independent of the other news.
        deficit: today, t.

    Returns:
        Expected cost and the first actions; a negative purchase is a sale.

    References:
        Bertsekas 2017, Dynamic Programming and Optimal Control.
    """
    p, x, drift = (float(finite(*it)) for it in (("price", price), ("deficit", deficit), ("growth", growth)))
    k, c, f = (float(positive(*it)) for it in (("impact", impact), ("slope", slope), ("terminal", terminal)))
    w, z = float(not_negative("news", news)), float(not_negative("price_news", price_news))
    give = 1.0 / k + 1.0 / c  # tonnes closed for each unit of marginal cost
    # expected cost to go: xx X² / 2 + xp X P + pp P² / 2 + x1 X + p1 P + one
    xx, xp, pp, x1, p1, one = f, 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(count("steps", steps)):
        held = 1.0 + xx * give
        xx_, xp_, x1_ = xx / held, (xx / k + xp) / held, (xx * drift + x1) / held
        left = drift - give * x1_  # of the deficit after the step, from none at a price of 0
        one += give * x1_**2 / 2.0 + xx * left**2 / 2.0 + x1 * left + xx * w**2 / 2.0 + pp * z**2 / 2.0
        pp += (xp_ - 1.0) / k + xp * (1.0 / k - give * xp_)
        p1 += x1_ / k + xp * left
        xx, xp, x1 = xx_, xp_, x1_
    marginal = xx * x + xp * p + x1
    cost = xx * x**2 / 2.0 + xp * x * p + pp * p**2 / 2.0 + x1 * x + p1 * p + one
    return Executed(cost, (marginal - p) / k, marginal / c)
