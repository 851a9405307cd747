"""A firm that knows that it moves the price, among others that do not: linear marginal costs, one period."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import pair, positive


class Dominant(NamedTuple):
    """Tonnes that the dominant firm sells, negative where it buys; the price; and that of a market of price takers."""

    sold: float
    price: float
    competitive_price: float


def dominant_firm(slopes: ArrayLike, cuts: ArrayLike) -> Dominant:
    """A dominant seller holds units back and a dominant buyer buys too few; the price is right only if it trades none.

    It sells until its marginal revenue, the price less what its sale takes off all that it sells, is its marginal
    cost: (c' R' - c R) / (2 c' + c) in place of (c' R' - c R) / (c' + c), where a prime is the others'. So, unlike
    among price takers, who is given the units decides what abatement costs in all.

    Args:
        slopes: of the marginal costs c of the firm and c' of the others together, money/t for each tonne (2,).
        cuts: emissions less allocation of each, R and R', t (2,).

    Returns:
        Sales and prices.

    Raises:
        ValueError: units are so many that one of the two would abate nothing.

    References:
        Hahn 1984, Quarterly Journal of Economics.
    """
    own, others = (float(value) for value in positive("slopes", pair("slopes", slopes)))
    cut, rest = (float(value) for value in pair("cuts", cuts))
    gap = others * rest - own * cut
    sold, even = gap / (2.0 * others + own), gap / (others + own)
    if not np.all(np.array([rest - sold, cut + sold, cut + rest]) >= 0.0):
        raise ValueError(f"cuts: {cut:g} and {rest:g}, allowed: cuts that leave both something to abate")
    return Dominant(sold, others * (rest - sold), others * (rest - even))
