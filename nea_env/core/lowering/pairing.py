"""Which values of numbers in doubt come together, where several are announced at once.

All combinations would be too many laws to solve. Each number takes as many values as there are branches, in an order
of its own; the orders are those under which the numbers are nearest to independent in their second and third
moments, the ones that move a price first. Four values can make two numbers independent, two values never can.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Array = NDArray[np.float64]

NODES = {
    1: (0.0,),
    2: (-math.sqrt(1 / 3), math.sqrt(1 / 3)),
    3: (-math.sqrt(1 / 2), 0.0, math.sqrt(1 / 2)),
    4: (-0.7946544723, -0.1875924741, 0.1875924741, 0.7946544723),
    5: (-0.8324974870, -0.3745414096, 0.0, 0.3745414096, 0.8324974870),
}
"""Chebyshev's quadrature on -1 to 1, whose nodes weigh the same: exact for polynomials up to the number of nodes."""
FEWEST, PAIRED = 2, 4
"""Values of a number by default: where it is announced alone, and the fewest with which a pair can be independent."""
UNITS, RULES, UNCOUNTED = 1.0, 0.3, 0.02
"""How much a number counts: of units, of rules for their use, and of what the market is not counted by."""
STARTS = 20
TOGETHER = 1e-6
"""Of equals those are taken whose numbers move together: a plan is mostly tight or loose as a whole."""
TIE = 9  # digits to which scores are compared, so that rounding does not choose


def weight_of(path: str, unit_class: str) -> float:
    """How much a number of the law counts among those announced with it, for a market counted as one class."""
    mechanism, *keys = path.split(".")
    if mechanism != "allocation":
        return RULES
    by_class = len(keys) > 2 and keys[1] in ("classes", "benchmark", "balance", "reduction_factor")
    return UNCOUNTED if by_class and keys[2] != unit_class else UNITS


def values_each(counted: Sequence[int], most: int) -> list[int]:
    """How many values the numbers of each announcement take, by default.

    Args:
        counted: by announcement, how many of its numbers the market is counted by.
        most: how many laws all of them may make; with two values each they may make more.

    Returns:
        At least two; four where several numbers come together, those with most first, as long as the laws allow it;
        and then as many as they allow for all.
    """
    values = [FEWEST] * len(counted)
    for place in sorted(range(len(counted)), key=lambda place: -counted[place]):
        if counted[place] > 1 and math.prod(values) // FEWEST * PAIRED <= most:
            values[place] = PAIRED
    for count in NODES:
        more = [max(value, count) for value in values]
        if math.prod(more) <= most:
            values = more
    return values


def paired(values: int, weights: Sequence[float], generator: np.random.Generator) -> Places:
    """(M, values) places among the nodes that each of M numbers takes from branch to branch.

    Each number in turn takes the best of all orders, given the others', until none has a better one; of ``STARTS``
    such ends the best is taken.

    Args:
        values: of each number, as many as branches.
        weights: (M,) of the numbers.
        generator: draws where to start.
    """
    count, orders = len(weights), np.array(list(itertools.permutations(range(values))))
    if values == 3:  # any other order makes the sum lopsided, which moves a price more than its variance does
        orders = orders[[0, -1]]
    nodes = np.asarray(NODES[values])
    unit = nodes / max(math.sqrt(float((nodes**2).mean())), 1e-12)
    shares = np.asarray(weights) / math.sqrt(float((np.asarray(weights) ** 2).sum()))
    best, found = math.inf, np.tile(np.arange(values), (count, 1))
    for _ in range(STARTS):
        drawn = (generator.permutation(values) for _ in range(count - 1))
        if len(orders) <= 2:
            drawn = (orders[generator.integers(len(orders))] for _ in range(count - 1))
        tried = np.array([np.arange(values), *drawn])
        reached = _improved(tried, orders, unit, shares)
        if reached < best:
            best, found = reached, tried
    return found


def _improved(places: Places, orders: Places, unit: Array, shares: Array) -> float:
    """Improve orders (M, values) in place until no number alone has a better one; the score they come to."""
    score = _score(unit[places], shares)
    while True:
        before = score
        for number in range(1, len(places)):
            tried = np.repeat(places[None], len(orders), axis=0)
            tried[:, number] = orders
            scores = _score(unit[tried], shares)
            if scores.min() < score:
                score, places[number] = scores.min(), orders[int(scores.argmin())]
        if score == before:
            return float(score)


def _score(taken: Array, shares: Array) -> Array:
    """(...) how far numbers (..., M, values) are from independent: squares of what their moments are off.

    Of the covariances of pairs, of the variance of the sum, and of the third moments E[x^2 y] of pairs.
    """
    weighted = shares[:, None] * taken
    pairs = weighted @ np.swapaxes(weighted, -1, -2) / taken.shape[-1]
    thirds = weighted**2 @ np.swapaxes(weighted, -1, -2) / taken.shape[-1]
    apart = 1.0 - np.eye(len(shares))
    pairs, thirds = pairs * apart, thirds * apart
    total = pairs.sum(axis=(-1, -2))
    score = (pairs**2).sum(axis=(-1, -2)) + total**2 + (thirds**2).sum(axis=(-1, -2)) - TOGETHER * total
    return np.asarray(np.round(score, TIE))
