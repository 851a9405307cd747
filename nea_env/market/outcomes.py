"""What the equilibrium of a whole market comes to by year: output, emissions, price, cost and implicit subsidy.

Means over the solved chain's own distribution, so without sampling error.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.market import BANKS, problem
from nea_env.core.lowering.aggregate.output import answer
from nea_env.policies.market_compliance import chances
from nea_env.scenario import Scenario, add_months

Array = NDArray[np.float64]


class Flows(NamedTuple):
    """Expected flows of a market by month, (T,) each; units are shares of baseline emissions a year.

    Attributes:
        price: of the running vintage, money/t.
        output: relative to the baseline, where units cost nothing.
        before: emissions of that output without abatement, units.
        emitted: what is left of them, units.
        given: free units and those sold at any price, units.
        bank: at the end of the month, units.
        abating: cost of abatement, units x money/t.
        lost: surplus lost on output that differs from its baseline, units x money/t; 0 where output is fixed.
        subsidy: what the units are worth that follow output, units x money/t.
    """

    price: Array
    output: Array
    before: Array
    emitted: Array
    given: Array
    bank: Array
    abating: Array
    lost: Array
    subsidy: Array


def flows(chain: Chain) -> Flows:
    """Expected flows of one solved market, over its own distribution.

    Firms with a surplus answer to what a unit is worth to them, the others to its price. Demand is linear, so the
    surplus lost is a triangle: (1 - output)^2 / (2 x output slope). Credits, fines and what reserves sell or
    buy are payments, and not counted as costs.
    """
    market, found = chain.problem, chances(chain)

    def by_month(name: str) -> Array:
        return np.asarray(getattr(market, name), np.float64)[:, None, None]

    def mean(values: Array) -> Array:
        return np.asarray((found[:-1] * values).sum(axis=(1, 2)))

    price, worth = chain.running[:-1], chain.worth[:-1]
    emissions, following = by_month("emissions") * np.exp(market.shocks), by_month("following")
    fall = by_month("output_slope")
    groups = ((1.0 - market.surplus_share, price), (market.surplus_share, worth))
    summed = "output before emitted given abating lost subsidy".split()
    totals = dict.fromkeys(summed, np.zeros(market.months))
    for share, own in groups:
        output, abated, abating = answer(own, emissions, following, fall, market)
        lost = np.divide((1.0 - output) ** 2, 2.0 * fall, out=np.zeros_like(output), where=fall > 0.0)
        parts = {
            "output": output,
            "before": output * emissions,
            "emitted": output * emissions * (1.0 - abated),
            "given": by_month("supply") + (output - 1.0) * following,
            "abating": output * emissions * abating,
            "lost": lost,
            "subsidy": own * following * output,
        }
        totals = {name: total + share * mean(parts[name]) for name, total in totals.items()}
    bank = np.einsum("tbz,b->t", found[1:], market.banks)
    return Flows(price=mean(price), bank=bank, **totals)


class Year(NamedTuple):
    """A market in a compliance year, in expectation.

    Attributes:
        year: its name.
        price: mean of its months, money/t.
        output: relative to the baseline, where units cost nothing.
        abated: share of the emissions of that output.
        emissions: t.
        given: free units, and those sold at any price, t.
        bank: at its end, t.
        abating: cost of abatement, money.
        lost: surplus lost on output that differs from its baseline, money.
        subsidy: implicit, of output: worth of the units that follow it, money.
    """

    year: int
    price: float
    output: float
    abated: float
    emissions: float
    given: float
    bank: float
    abating: float
    lost: float
    subsidy: float

    @property
    def cost(self) -> float:
        """Of abatement and of the output lost, money."""
        return self.abating + self.lost


def outcomes(scenario: Scenario, *, banks: int = BANKS) -> tuple[Year, ...]:
    """The equilibrium of a scenario's own market in each compliance year that is played.

    Args:
        scenario: law, market and dates; its firm does not count.
        banks: nodes of the grid of banks.

    Raises:
        ValueError: the market has no aggregate, or one that its law needs more of.
    """
    aggregate = scenario.market.aggregate
    chain = solve(problem(scenario, banks=banks))
    assert aggregate is not None
    found, tonnes = flows(chain), aggregate.emissions
    named = np.array([_year(scenario, month) for month in range(chain.problem.months)])
    last = int(scenario.last) + scenario.regime.calendar[scenario.last].years - 1
    years = []
    for year in range(max(int(scenario.first), named[0]), last + 1):
        own = named == year
        before, emitted = found.before[own].sum(), found.emitted[own].sum()
        years.append(
            Year(
                year=year,
                price=float(found.price[own].mean()),
                output=float(found.output[own].mean()),
                abated=float(1.0 - emitted / before) if before > 0.0 else 0.0,
                emissions=float(tonnes * emitted),
                given=float(tonnes * found.given[own].sum()),
                bank=float(tonnes * found.bank[own][-1]),
                abating=float(tonnes * found.abating[own].sum()),
                lost=float(tonnes * found.lost[own].sum()),
                subsidy=float(tonnes * found.subsidy[own].sum()),
            )
        )
    return tuple(years)


def _year(scenario: Scenario, month: int) -> int:
    """Compliance year of a month counted from the start."""
    date = add_months(scenario.start, month)
    return int(date[:4]) - (int(date[5:]) < scenario.regime.year_starts)
