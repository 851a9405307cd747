"""What a law that nobody expected does to a market's price, where the market solved is one that expected another.

An equilibrium knows its law from the first month. A surprise is spliced from two: the market stands where the first
leads, which believes the law of before, and from the month of the news on prices are those of the second. A scenario
whose own chain holds the announcement as an event needs no splice: compare its prices a month apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import problem
from nea_env.policies.market_compliance import chances
from nea_env.scenario import Scenario, months_between


class Surprise(NamedTuple):
    """The market in the month of the news, at every bank (B) and shock (Z) where it may stand.

    Attributes:
        chances: (B, Z) probability of standing there.
        before: (B, Z) price of the running vintage under the law that was believed, money/t.
        after: (B, Z) the same under the law announced.
    """

    chances: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Change of the mean price, a ratio less one."""
        return float(np.sum(self.chances * self.after) / np.sum(self.chances * self.before) - 1.0)

    def quantiles(self, *shares: float) -> list[float]:
        """Quantiles of the change over the places where the market may stand; none where there was no price."""
        priced = self.before > 1e-6 * np.sum(self.chances * self.before)
        change = np.divide(self.after, self.before, out=np.ones_like(self.before), where=priced) - 1.0
        order = np.argsort(change, axis=None, kind="stable")
        upto = np.cumsum(self.chances.ravel()[order])
        found = np.searchsorted(upto, np.asarray(shares) * upto[-1])
        return [float(change.ravel()[order][min(place, len(order) - 1)]) for place in found]


def surprise(believed: Scenario, announced: Scenario, month: str) -> Surprise:
    """A law announced to a market that believed in another.

    Args:
        believed: law, market and dates as the market expects them up to the month.
        announced: as it learns in the month that they are.
        month: of the news, "YYYY-MM".

    Raises:
        ValueError: the month lies outside what is solved, or a market has no aggregate.
    """
    first, second = (solve(problem(scenario)) for scenario in (believed, announced))
    when = months_between(believed.start, month)
    if not 0 <= when < min(first.problem.months, second.problem.months):
        raise ValueError(f"{month}: not a month that is solved, {believed.start} and {first.problem.months} on")
    after = [
        np.interp(first.problem.banks, second.problem.banks, second.running[when, :, state])
        for state in range(len(first.problem.shocks))
    ]
    return Surprise(chances(first)[when], first.running[when], np.stack(after, axis=1))
