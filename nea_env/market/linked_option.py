"""When a price taker builds in one of two markets whose link may be cut: optimal stopping on their joint chain.

As in ``option``, for projects without a lead: the firm knows both banks, both shocks and whether the link is whole;
after a cut it goes on in its own market. Everything is linear in the chance of each place, so shares and means are
exact but for the grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.market.believed import Array, Lottery, about, steps
from nea_env.market.option import Project, Stopping, check_project, present_cost, tail_months

Shape = tuple[int, ...]


class Market:
    """One market as its firms see it by month: prices at each place, and where the places lead.

    Attributes:
        prices: (T + 1, ..., Z) of the running vintage.
        discount: by month.
        start: (..., Z) chances of the places at the start.
    """

    def __init__(self, chain: Chain | LinkedChain, side: int = 0) -> None:
        """Of a market alone, or of one of two that are linked: 0 is home."""
        self.chain = chain
        if isinstance(chain, Chain):
            self.prices, self.discount = chain.running, chain.problem.discount
            self.start = np.zeros(self.prices.shape[1:])
            self.start[:, chain.problem.start_shock] = chain.start_chances
        else:
            self.prices = (chain.home_running, chain.partner_running)[side]
            self.discount = (chain.home, chain.partner)[side].discount
            self.start = np.zeros(self.prices.shape[1:])
            x, y, state = chain.start
            own = about(np.array(x), len(chain.home_banks) - 1)
            other = about(np.array(y), len(chain.partner_banks) - 1)
            for i, share in own:
                for j, weight in other:
                    self.start[i, j, state] += share * weight

    @property
    def months(self) -> int:
        """That are solved, T."""
        return len(self.prices) - 1

    def step(self, at: int) -> Lottery:
        """Where a month leads."""
        chain = self.chain
        if isinstance(chain, Chain):
            return steps(chain, at)
        shape = self.prices.shape[1:]
        own, other = (
            about(np.broadcast_to(landing[at], shape), count - 1)
            for landing, count in zip((chain.home_landing, chain.partner_landing), shape[:2], strict=True)
        )
        targets = [
            (((i * shape[1] + j) * shape[2] + np.arange(shape[2])).ravel(), (share * weight).ravel())
            for i, share in own
            for j, weight in other
        ]
        return Lottery(targets, shape, shape, chain.chances)


class Cut(NamedTuple):
    """What may end a link.

    Attributes:
        chances: (T + 1,) that a link still whole is cut as the month begins.
        market: that goes on alone.
        states: how many shocks either market has.
        side: which of the two it is, 0 for home.
    """

    chances: Array
    market: Market
    states: tuple[int, int]
    side: int

    def at_pairs(self, values: Array, shape: Shape) -> Array:
        """(B1, B2, Z, K) at every pair of banks and shocks, of the market's own values (B, Z, K)."""
        own = values[:, None, :, None] if self.side == 0 else values[None, :, None, :]
        return np.broadcast_to(own, (*shape[:2], *self.states, values.shape[-1])).reshape(*shape, -1)

    def own(self, mass: Array) -> Array:
        """(B, Z, K) chances of the market's own places, of those of pairs (B1, B2, Z, K)."""
        pairs = mass.reshape(*mass.shape[:2], *self.states, -1)
        return np.asarray(pairs.sum(axis=(1, 3) if self.side == 0 else (0, 2)))


class Backward(NamedTuple):
    """Worths by place, and where it is best to build.

    Attributes:
        known: (T + 1) by month, (..., 2 + K): of a twelfth of all prices to come, of the last price, of the option.
        builds: by month in which it can be built, (..., K).
        gain: (..., K) what building in the first month earns.
    """

    known: list[Array]
    builds: list[NDArray[np.bool_]]
    gain: Array


def stopping(chain: Chain | LinkedChain, project: Project, capex: Array, last: int, side: int = 0) -> Stopping:
    """The best use of the option from the start on, in a market alone or in one of two that are linked.

    Args:
        chain: of a market whose law is known, or of two with a bank each.
        project: without a lead.
        capex: (K,) money per (t a year), in the market's own money.
        last: the first month in which it can't be built any more.
        side: which of two markets, 0 for home.

    Raises:
        ValueError: the project has a lead, its life ends within the months solved, or they end before ``last``.
    """
    market, cut, after = Market(chain, side), None, None
    if project.lead:
        raise ValueError(f"lead: {project.lead} months; allowed: 0")
    check_project(project, market.months, last)
    if isinstance(chain, LinkedChain) and chain.alone is not None:
        chances = np.append(chain.terms.chances_of_a_cut(), 0.0)
        states = len(chain.home.shocks), len(chain.partner.shocks)
        cut = Cut(chances, Market(chain.alone[side]), states, side)
        after = _backward(cut.market, project, capex, last)
    found = _backward(market, project, capex, last, cut, after)
    mass = market.start[..., None]
    worth, at_once = ((mass * values).reshape(-1, len(capex)).sum(axis=0) for values in _at_start(found))
    return Stopping(worth, at_once, _built(market, found, cut, after, last))


def _at_start(found: Backward) -> tuple[Array, Array]:
    return found.known[0][..., 2:], np.maximum(found.gain, 0.0)


def _backward(
    market: Market, project: Project, capex: Array, last: int, cut: Cut | None = None, after: Backward | None = None
) -> Backward:
    shape, discount, running_cost = market.prices.shape[1:], market.discount, present_cost(project, market.discount)
    ends = market.prices[-1][..., None]
    known = [np.concatenate([np.zeros_like(ends), ends, np.zeros((*shape, len(capex)))], axis=-1)]
    builds: list[NDArray[np.bool_]] = []
    gain = np.zeros((*shape, len(capex)))
    keep = cut is None  # of a link only the first month is asked for
    for at in reversed(range(market.months)):
        ahead = known[-1]
        if cut is not None and after is not None and cut.chances[at + 1] > 0.0:
            chance = cut.chances[at + 1]
            ahead = (1.0 - chance) * ahead + chance * cut.at_pairs(after.known[at + 1], shape)
        onward = discount * market.step(at).expected(ahead)
        onward[..., 0] += market.prices[at] / 12.0
        if at < last:
            tail = tail_months(project, at, market.months, discount)
            building = onward[..., 0] + onward[..., 1] * tail / 12.0 - running_cost
            gain = building[..., None] - capex
            builds.append(gain >= onward[..., 2:])
            onward[..., 2:] = np.maximum(gain, onward[..., 2:])
        known = [*known, onward] if keep else [onward]
    return Backward(known[::-1], builds[::-1], gain)


def _built(market: Market, found: Backward, cut: Cut | None, after: Backward | None, last: int) -> Array:
    """(last + 1, K) share built by the start of each month: chances pushed forward over those who still wait."""
    costs = found.gain.shape[-1]
    built = np.zeros((last + 1, costs))
    wait = np.broadcast_to(market.start[..., None], found.gain.shape)
    alone = None if cut is None else np.zeros((*cut.market.prices.shape[1:], costs))
    for at in range(last):
        done = np.where(found.builds[at], wait, 0.0)
        built[at + 1] = done.reshape(-1, costs).sum(axis=0)
        wait = market.step(at).pushed(wait - done)
        if cut is not None and after is not None and alone is not None:
            done = np.where(after.builds[at], alone, 0.0)
            built[at + 1] += done.reshape(-1, costs).sum(axis=0)
            chance = cut.chances[at + 1]
            alone = cut.market.step(at).pushed(alone - done) + chance * cut.own(wait)
            wait = (1.0 - chance) * wait
    return np.cumsum(built, axis=0)
