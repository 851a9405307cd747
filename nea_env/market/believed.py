"""A market that foresees laws to come, solved, and how likely each of its places is: exact means, without any paths.

Means over the chain of banks and shocks are sums over its places, so nothing here has a sampling error; what is left
is that of the grid, which a finer one shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.solve import solve_tree
from nea_env.core.lowering.aggregate.announced import stretches
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS
from nea_env.core.lowering.law_tree import LawTree, law_tree
from nea_env.policies.market_compliance import chances
from nea_env.scenario import Scenario

Array = NDArray[np.float64]
LEAST_SHOWN = 1e-6
"""Of the market's price at the start: logs of lower prices are taken of this."""


class Steps:
    """Where a month of a chain leads from each bank and shock, as places in a flat table of both (B x Z)."""

    def __init__(self, chain: Chain, month: int) -> None:
        """The month counts from the chain's own first one."""
        banks, shocks = chain.landing[month].shape
        below = np.minimum(chain.landing[month].astype(np.int64), banks - 2)
        self.below = (below * shocks + np.arange(shocks)).ravel()
        self.share = (chain.landing[month] - below).reshape(-1, 1)
        self.above, self.chances, self.shape = self.below + shocks, chain.problem.chances, (banks, shocks)

    def expected(self, values: Array) -> Array:
        """(B, Z, K) mean, by today's place, of values (B, Z, K) by that of next month; not discounted."""
        mixed = (self.chances @ values).reshape(len(self.below), -1)
        return ((1.0 - self.share) * mixed[self.below] + self.share * mixed[self.above]).reshape(*self.shape, -1)

    def pushed(self, mass: Array) -> Array:
        """(B, Z, K) chances of next month's places, of (B, Z, K) those of today's."""
        count = mass.shape[-1]
        flat, columns = mass.reshape(len(self.below), count), np.arange(count)
        landed = np.zeros(flat.size)
        for places, share in ((self.below, 1.0 - self.share), (self.above, self.share)):
            np.add.at(landed, (places[:, None] * count + columns).ravel(), (share * flat).ravel())
        return self.chances.T @ landed.reshape(*self.shape, count)


@dataclass(frozen=True)
class Believed:
    """A solved market under a tree of laws.

    Attributes:
        tree: of the laws; N states.
        chains: (N,) of the market under each state, in the months in which it is the last that was announced.
    """

    tree: LawTree
    chains: tuple[Chain, ...]

    @cached_property
    def following(self) -> tuple[dict[int, float], ...]:
        """(N,) by state: the states that are played after it, and in what share of the episodes that come to it."""
        reached, both = [0.0] * len(self.chains), [dict[int, float]() for _ in self.chains]
        for law in self.tree.laws:
            for place, after in zip(law.states, [*law.states[1:], -1], strict=True):
                reached[place] += law.frequency
                if after >= 0:
                    both[place][after] = both[place].get(after, 0.0) + law.frequency
        return tuple(
            {after: share / whole for after, share in each.items()} for each, whole in zip(both, reached, strict=True)
        )

    @cached_property
    def masses(self) -> tuple[Array, ...]:
        """(N,) by state, (months + 1, B, Z): the probability that episodes are in it, by bank and shock."""
        shape = self.chains[0].running.shape[1:]
        start: list[Array | None] = [None, *(np.zeros(shape) for _ in self.chains[1:])]
        found = []
        for place, chain in enumerate(self.chains):
            mass = chances(chain, start[place])
            for after, share in self.following[place].items():
                arrives = start[after]
                assert arrives is not None  # only the first state has no other before it
                arrives += share * mass[-1]
            found.append(mass)
        return tuple(found)

    def place(self, month: int, law: int = 0) -> int:
        """The state of one of the laws played in a month; in the month of an announcement that after it."""
        return [place for place in self.tree.laws[law].states if self.tree.states[place].first <= month][-1]

    def mean(self, name: str, month: int, law: int = 0, *, before: bool = False) -> float:
        """Mean of a chain's table under one of the laws played.

        Args:
            name: of a table of `Chain`, such as "running"; or "bank", in units.
            month: from the start.
            law: which of those played.
            before: in the month of an announcement, what the market thought just before it.
        """
        place = self.place(month - 1 if before else month, law)
        chain, at = self.chains[place], month - self.tree.states[place].first
        mass = self.masses[place][at]
        values = chain.problem.banks[:, None] if name == "bank" else getattr(chain, name)[at]
        return float((mass * values).sum() / mass.sum())

    def mean_over_laws(self, name: str, month: int) -> float:
        """Mean of a chain's table over all laws that are played, as `mean`."""
        frequency = [law.frequency for law in self.tree.laws]
        means = [self.mean(name, month, law) for law in range(len(frequency))]
        return float(np.dot(frequency, means) / sum(frequency))

    def sd_ahead(self, month: int, ahead: int, law: int = 0) -> float:
        """Standard deviation of the log running price some months ahead, as a month's places see it.

        It is the root of the mean variance, over the places of that month, while one law holds.

        Args:
            month: in which the forecast is made.
            ahead: months until the price.
            law: which of those played; no announcement may come before the price.
        """
        place = self.place(month, law)
        chain, first = self.chains[place], self.tree.states[place].first
        if month + ahead > self.tree.states[place].last:
            raise ValueError(f"ahead: an announcement comes before month {month + ahead}; allowed: none")
        least = LEAST_SHOWN * self.tree.states[place].scenario.market.price
        logs = np.log(np.maximum(chain.running[month + ahead - first], least))
        moments = np.stack([logs, logs**2], axis=-1)
        for back in reversed(range(month - first, month + ahead - first)):
            moments = Steps(chain, back).expected(moments)
        mass = self.masses[place][month - first]
        variance = (mass * (moments[..., 1] - moments[..., 0] ** 2)).sum() / mass.sum()
        return math.sqrt(max(float(variance), 0.0))


def believed(scenario: Scenario, *, banks: int = BANKS, shocks: int = SHOCKS) -> Believed:
    """The equilibrium of a scenario's market under its tree of laws.

    Args:
        scenario: with an equilibrium price, and with ``market.beliefs`` or a randomised law.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.

    Raises:
        ValueError: see `law_tree`, `stretches` and `solve_tree`.
    """
    tree = law_tree(scenario)
    return Believed(tree, solve_tree(stretches(scenario, tree, banks=banks, shocks=shocks)))
