"""The prices of a lattice, month by month: where they can be, and with what chances they move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nea_env.core.parameters import Month, Quote, Static
from nea_env.core.placed import Placed
from nea_env.core.rng import GAP, PRICE, draw, uniform

Floats = NDArray[np.float64]
SEEDS_TRIED = 1_000_000


@dataclass(frozen=True)
class Chain:
    """Prices of every month and how they move.

    Attributes:
        quotes: for each month (P, Quote.size), the prices that are possible.
        moves: for each month but the last (P, P'), chances of the prices of the next.
    """

    quotes: tuple[Floats, ...]
    moves: tuple[Floats, ...]


def chain(placed: Placed) -> Chain:
    """The chain of (price, state of the front's discount) as the core moves it.

    Each branch of a month is one draw of the core's own news: a seed whose draw falls into the branch is played
    from every price of the month before.
    """
    start = placed.start().rows
    quotes, moves = [start.quotes()], []
    for month in range(placed.horizon - 1):
        odds, seeds = _branches(placed, month + 1)
        here = quotes[-1]
        rows = start.take(np.zeros(len(here) * len(odds), np.int64)).at(here.repeat(len(odds), axis=0))
        idle = np.zeros((len(rows.books), 8), np.float32)
        found = placed.step(month, rows, idle, np.tile(seeds, len(here))).rows.quotes()
        places = found[:, [Quote.NODE, Quote.NEWS]]
        _, first, inverse = np.unique(places, axis=0, return_index=True, return_inverse=True)
        following = found[first]
        if not (found == following[inverse.ravel()]).all():
            raise ValueError("two paths to one node and state of the gap have different prices")
        chances = np.zeros((len(here), len(first)))
        np.add.at(chances, (np.arange(len(here)).repeat(len(odds)), inverse.ravel()), np.tile(odds, len(here)))
        quotes.append(following)
        moves.append(chances)
    return Chain(tuple(quotes), tuple(moves))


def _branches(placed: Placed, month: int) -> tuple[Floats, NDArray[np.int64]]:
    """Chances of a month's branches, price down or up x gap at discount, at premium or open, and a seed for each."""
    row, up = placed.monthly[month], float(placed.static[Static.UP_CHANCE])
    price = np.array([1.0 - up]) if row[Month.PRICE_MOVES] > 0.0 else np.zeros(0)
    gap, chance = np.zeros(0), float(row[Month.GAP_CHANCE])
    if row[Month.GAP_DOWN] > 0.0:
        gap = np.array([chance * row[Month.GAP_UP] / (row[Month.GAP_DOWN] + row[Month.GAP_UP]), chance])
    odds = np.outer(*(np.diff([0.0, *bounds, 1.0]) for bounds in (price, gap))).ravel()
    seeds = np.full(odds.size, -1)
    for seed in range(SEEDS_TRIED):
        words = draw(seed, 0, month, 0)
        place = np.searchsorted(price, uniform(words[PRICE]), side="right") * (gap.size + 1)
        place += np.searchsorted(gap, uniform(words[GAP]), side="right")
        if seeds[place] < 0:
            seeds[place] = seed
            if (seeds >= 0).all():
                return odds, seeds
    raise ValueError(f"month {month}: a branch with the chance {odds[seeds < 0].min():.2g} was not drawn")
