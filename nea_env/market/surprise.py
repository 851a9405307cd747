"""What a law that nobody expected does to a market's price in the month of the news, wherever the market may stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.library import load_scenario
from nea_env.market.believed import believed, table_of
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


def surprise(scenario: Scenario, month: str, law: Mapping[str, Any]) -> Surprise:
    """A law announced to a market that gave it no chance.

    Args:
        scenario: law, market and dates as the market expects them up to the month.
        month: of the news, "YYYY-MM".
        law: what changes then, by dotted path, as in ``market.beliefs``.

    Raises:
        ScenarioError: a change is refused.
        ValueError: the month is not played, or the market has no aggregate; or a period waits for the news.
    """
    laws = [{"chance": 0.0, "played": 1.0, "overrides": dict(law)}, {"chance": 1.0, "played": 0.0}]
    told = {"market.law": "equilibrium", "market.beliefs": {"announcements": [{"month": month, "laws": laws}]}}
    market = believed(load_scenario(scenario, told))
    when = months_between(scenario.start, month)
    place = market.place(when)
    first, second = market.chains[0], market.chains[place]
    if when in first.waits or second.settled is not None:
        raise ValueError(f"{month}: a period waits for this news; allowed: a surprise about periods still to come")
    before = table_of(first, "running", len(first.landing))
    return Surprise(market.masses[0][-1], before, table_of(second, "running", 0))
