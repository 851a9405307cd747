"""How many firms comply in the equilibrium of a whole market: what a side penalty can be set by.

A market that is short settles at the price of a missing tonne, at which its firms buy or leave their units missing
alike. A firm that does not comply is taken to leave the whole of its gap, so the units missing say how many
firms do not; side penalties are valued at the least multiple of the price at which as many comply as are reported.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.core.equilibrium.month import bank_before_settlement, table
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.calendar import spans
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.aggregate.scale import calibrated_scale, with_scale
from nea_env.core.lowering.aggregate.supply import HALF
from nea_env.core.parameters import SHORT
from nea_env.scenario import Regime, Scenario


class Settled(NamedTuple):
    """How one compliance period ends in the equilibrium, in expectation.

    Attributes:
        short: probability that units are missing.
        missing: units missing, share of a year's baseline emissions.
        firms: share of the firms that comply.
    """

    short: float
    missing: float
    firms: float


def chances(chain: Chain) -> NDArray[np.float64]:
    """(T + 1, B, Z) probability of each bank and shock at the start of each month, under a law that is known."""
    market, shape = chain.problem, chain.running.shape
    found, states = np.zeros(shape), np.arange(shape[2])
    found[0, :, market.start_shock] = chain.start_chances
    for month in range(len(chain.landing)):
        below = np.minimum(chain.landing[month].astype(np.int64), shape[1] - 2)
        share = chain.landing[month] - below
        landed = np.zeros(shape[1:])
        np.add.at(landed, (below, states), found[month] * (1.0 - share))
        np.add.at(landed, (below + 1, states), found[month] * share)
        found[month + 1] = landed @ market.chances
    return found


def settled(scenario: Scenario) -> dict[str, Settled]:
    """How each compliance period of the regime ends in the equilibrium of the scenario's market, by its first year.

    Raises:
        ValueError: the market has no aggregate, or one that its law needs more of.
    """
    chain = solve(problem(scenario))
    market, rows, found = chain.problem, table(chain.problem), chances(chain)
    step = market.banks[1] - market.banks[0]
    periods = {}
    for span in spans(scenario.regime, scenario.start, market.months):
        if span.later != 0 or span.last >= market.months:
            continue
        month, short, missing = span.last, 0.0, 0.0
        for bank, state in zip(*np.nonzero((chain.outcome[month] == SHORT) & (found[month] > 0.0)), strict=True):
            left = bank_before_settlement(
                market.banks[bank], market.emissions[month] * np.exp(market.shocks[state]),
                chain.running[month, bank, state], chain.worth[month, bank, state], rows[month],
            )  # fmt: skip
            lacking = market.banks[0] + step * chain.landing[month, bank, state] - left
            if lacking > 1e-9:
                short += found[month, bank, state]
                missing += found[month, bank, state] * lacking
        gap = market.deficit[month]
        firms = 1.0 - HALF * min(missing / gap, 1.0) if gap > 0.0 else 1.0
        periods[span.law] = Settled(float(short), float(missing), float(firms))
    return periods


def with_side_multiple(scenario: Scenario, multiple: float) -> Scenario:
    """The scenario with side penalties at so many times the front price in every period that has any now."""
    penalty = {
        year: rule.model_copy(update={"side_multiple": multiple}) if rule.side_multiple > 0.0 else rule
        for year, rule in scenario.regime.penalty.items()
    }
    return scenario.model_copy(update={"regime": scenario.regime.model_copy(update={"penalty": penalty})})


def reported_firms(regime: Regime) -> dict[str, float]:
    """Share of the firms that complied, as reported, by compliance period."""
    return {year: told.firms for year, told in regime.compliance.items() if told.firms is not None}


def calibrated_multiple(scenario: Scenario, most: int = 100) -> float:
    """Least side multiple, in tenths, at which as many firms comply as reported, on average over the periods reported.

    Abatement costs are set anew for each multiple, so that the market starts at its price.

    Args:
        scenario: with an aggregate, and a regime that has reports of the firms that complied.
        most: largest multiple tried, in tenths.

    Raises:
        ValueError: nothing is reported, or no multiple tried gives it.
    """
    reported = reported_firms(scenario.regime)
    if not reported:
        raise ValueError(f"regime.compliance: {scenario.regime.name} has no report of the firms that complied")
    wanted = float(np.mean(list(reported.values())))

    def complies(tenths: int) -> bool:
        changed = with_side_multiple(scenario, tenths / 10.0)
        try:
            changed = with_scale(changed, calibrated_scale(changed))
        except ValueError:  # a miss is too cheap for the price to be what it is
            return False
        ended = settled(changed)
        return float(np.mean([ended[year].firms for year in reported])) >= wanted

    low, high = 0, most
    if not complies(high):
        raise ValueError(f"side_multiple: none up to {most / 10.0:g} gives the share reported, {wanted:.4f}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if complies(middle) else (middle, high)
    return high / 10.0
