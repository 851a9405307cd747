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
from nea_env.core.lowering.aggregate.announced import SECOND_BANKS, stretches
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS
from nea_env.core.lowering.law_tree import LawTree, law_tree
from nea_env.scenario import Scenario

Array = NDArray[np.float64]
Places = NDArray[np.int64]
Shape = tuple[int, ...]
LEAST_SHOWN = 1e-6
"""Of the market's price at the start: logs of lower prices are taken of this."""


class Lottery:
    """Where each place of a chain may lead, with what chance; places are flat in tables of banks and shocks.

    Attributes:
        targets: pairs of (N,) places that N places may lead to, and the chance of each.
        before, after: shapes of the tables that it leads from and to, shocks last.
        chances: (Z, Z) of the shocks that follow; None: none do.
    """

    def __init__(
        self, targets: list[tuple[Places, Array]], before: Shape, after: Shape, chances: Array | None = None
    ) -> None:
        """As the attributes have it."""
        self.targets, self.before, self.after, self.chances = targets, before, after, chances

    def expected(self, values: Array) -> Array:
        """(..., Z, K) mean, by the place before, of values by that after; not discounted."""
        mixed = values if self.chances is None else self.chances @ values
        mixed = mixed.reshape(-1, values.shape[-1])
        mean = sum(share[:, None] * mixed[places] for places, share in self.targets)
        return np.asarray(mean).reshape(*self.before, -1)

    def pushed(self, mass: Array) -> Array:
        """(..., Z, K) chances of the places after, of those before."""
        count = mass.shape[-1]
        flat, columns = mass.reshape(-1, count), np.arange(count)
        landed = np.zeros(int(np.prod(self.after)) * count)
        for places, share in self.targets:
            np.add.at(landed, (places[:, None] * count + columns).ravel(), (share[:, None] * flat).ravel())
        landed = landed.reshape(*self.after, count)
        return landed if self.chances is None else self.chances.T @ landed


def about(place: Array, last: int) -> list[tuple[Places, Array]]:
    """The nodes below and above each place, and how near it is to each."""
    below = np.minimum(place.astype(np.int64), last - 1)
    return [(below, 1.0 - (place - below)), (below + 1, place - below)]


def steps(chain: Chain, at: int) -> Lottery:
    """Where a month of a chain leads, counted from the chain's own first one."""
    month, problem = chain.first + at, chain.problem
    banks, shocks, seconds = len(problem.banks), len(problem.shocks), chain.second_banks
    state = np.arange(shocks)
    if month in chain.waiting:
        shape = (banks, seconds, shocks)
        node = np.arange(banks)[:, None, None]
        found = about(chain.waiting[month].landing, seconds - 1)
        targets = [((node * seconds + place) * shocks + state, share) for place, share in found]
        return _flat(targets, shape, shape, problem.chances)
    found = about(chain.landing[at], banks - 1)
    if month + 1 in chain.waits:
        targets = [((place * seconds + seconds // 2) * shocks + state, share) for place, share in found]
        return _flat(targets, (banks, shocks), (banks, seconds, shocks), problem.chances)
    targets = [(place * shocks + state, share) for place, share in found]
    return _flat(targets, (banks, shocks), (banks, shocks), problem.chances)


def settlement(chain: Chain) -> Lottery | None:
    """Where the settlement at the start of a chain leads, of a period that waited; None: none did."""
    if chain.settled is None:
        return None
    landing, shocks = chain.settled.landing, len(chain.problem.shocks)
    targets = [
        (place * shocks + np.arange(shocks), share / len(landing))
        for part in landing
        for place, share in about(part, len(chain.problem.banks) - 1)
    ]
    return _flat(targets, landing.shape[1:], (landing.shape[1], shocks), None)


def _flat(targets: list[tuple[Places, Array]], before: Shape, after: Shape, chances: Array | None) -> Lottery:
    return Lottery([(places.ravel(), share.ravel()) for places, share in targets], before, after, chances)


def table_of(chain: Chain, name: str, at: int) -> Array:
    """A table of a month of a chain, of (banks, shocks), or (banks, running banks, shocks) where a period waits.

    Args:
        chain: of a market.
        name: of a table of `Chain`, of one of `Opening`, or "bank", in units.
        at: months from the chain's first; their number: what holds in the month after, whatever law follows.
    """
    if at == len(chain.landing) and name != "bank" and chain.ends is not None:
        found: Array = getattr(chain.ends, name)
        return found
    waiting = chain.waiting.get(chain.first + at)
    if name == "bank":
        second = np.zeros(1) if waiting is None else waiting.second
        return (
            (chain.problem.banks[:, None] + second)[..., None] if waiting is not None else chain.problem.banks[:, None]
        )
    values: Array = getattr(chain, name)[at] if waiting is None else getattr(waiting.opening, name)
    return values


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
    def masses(self) -> tuple[list[Array], ...]:
        """(N,) by state, and (months + 1) by month: the probability that episodes are in it, by banks and shock.

        The last is of the month in which another law is announced, before a period that waited for it is settled.
        """
        start: list[Array | None] = [None] * len(self.chains)
        found = []
        for place, chain in enumerate(self.chains):
            mass = start[place]
            if mass is None:
                seconds = (chain.second_banks,) if chain.first in chain.waits else ()
                mass = np.zeros((len(chain.problem.banks), *seconds, len(chain.problem.shocks)))
                if place == 0:
                    mass[:, chain.problem.start_shock] = chain.start_chances
            settles = settlement(chain)
            if settles is not None:
                mass = settles.pushed(mass[..., None])[..., 0]
            months = [mass]
            for at in range(len(chain.landing)):
                months.append(steps(chain, at).pushed(months[-1][..., None])[..., 0])
            for after, share in self.following[place].items():
                arrives = start[after]
                start[after] = share * months[-1] if arrives is None else arrives + share * months[-1]
            found.append(months)
        return tuple(found)

    def place(self, month: int, law: int = 0) -> int:
        """The state of one of the laws played in a month; in the month of an announcement that after it."""
        return [place for place in self.tree.laws[law].states if self.tree.states[place].first <= month][-1]

    def mean(self, name: str, month: int, law: int = 0, *, before: bool = False) -> float:
        """Mean of a chain's table under one of the laws played.

        Args:
            name: of a table, as `table_of` has it.
            month: from the start.
            law: which of those played.
            before: in the month of an announcement, what the market thought just before it.
        """
        place = self.place(month - 1 if before else month, law)
        chain, at = self.chains[place], month - self.tree.states[place].first
        mass = self.masses[place][at]
        return float((mass * table_of(chain, name, at)).sum() / mass.sum())

    def price_of_closed(self, month: int, law: int = 0, *, before: bool = False) -> float:
        """Mean price of a period that waited for an announcement in that month: before it, or as it is then settled."""
        if before:
            return self.mean("front", month, law, before=True)
        place = self.place(month - 1, law)
        mass, settled = self.masses[place][-1], self.chains[self.place(month, law)].settled
        assert settled is not None
        assert settled.opening.front is not None
        return float((mass * settled.opening.front).sum() / mass.sum())

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
        logs = np.log(np.maximum(table_of(chain, "running", month + ahead - first), least))
        moments = np.stack([logs, logs**2], axis=-1)
        for back in reversed(range(month - first, month + ahead - first)):
            moments = steps(chain, back).expected(moments)
        mass = self.masses[place][month - first]
        variance = (mass * (moments[..., 1] - moments[..., 0] ** 2)).sum() / mass.sum()
        return math.sqrt(max(float(variance), 0.0))


def believed(
    scenario: Scenario, *, banks: int = BANKS, shocks: int = SHOCKS, second_banks: int = SECOND_BANKS
) -> Believed:
    """The equilibrium of a scenario's market under its tree of laws.

    Args:
        scenario: with an equilibrium price, and with ``market.beliefs`` or a randomised law.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.
        second_banks: nodes of the running bank beside a period that waits; an odd number.

    Raises:
        ValueError: see `law_tree`, `stretches` and `solve_tree`.
    """
    tree = law_tree(scenario)
    return Believed(tree, solve_tree(stretches(scenario, tree, banks=banks, shocks=shocks, second_banks=second_banks)))
