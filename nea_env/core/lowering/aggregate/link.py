"""The link between two markets that are solved together, as the solver takes it."""

from __future__ import annotations

import numpy as np

from nea_env.core.equilibrium.problem import Problem
from nea_env.core.equilibrium.terms import ONE_PRICE, Terms
from nea_env.scenario import Scenario, months_between


def is_joint(scenario: Scenario) -> bool:
    """Whether the equilibrium is that of the home market and its first partner: the partner's law is given as well."""
    if not scenario.links:
        return False
    link = scenario.links[0]
    solvable = link.regime is not None and link.market.aggregate is not None and link.type != "none"
    return scenario.market.law == "equilibrium" and solvable


def in_pool(scenario: Scenario) -> int:
    """Partners whose market is one with the home market, links 0 and on: two where both links are full ones."""
    if not is_joint(scenario) or scenario.links[0].type not in ONE_PRICE:
        return 0
    return 2 if len(scenario.links) > 1 and scenario.links[1].type in ONE_PRICE else 1


def link_terms(scenario: Scenario, home: Problem, index: int = 0) -> Terms:
    """The terms of a link, in the months of the home problem.

    Args:
        scenario: whose link it is.
        home: the home market.
        index: 0, or 1 for the second link of a pool.

    Raises:
        ValueError: the link opens by chance, which an equilibrium of both systems does not foresee.
    """
    link = scenario.links[index]
    if link.start_chance is not None:
        raise ValueError(
            f"links.{index}.start_chance: an equilibrium of both systems opens on a known date; allowed: none"
        )
    assert link.market.aggregate is not None and scenario.market.aggregate is not None
    months = np.arange(home.months)
    starts = months_between(scenario.start, link.starts) if link.starts else 0
    ends = months_between(scenario.start, link.ends) if link.ends else home.months
    may_end = link.end_chance is not None
    quota = np.full(home.months, np.inf)
    if link.quota is not None:
        first = 0
        for month in np.flatnonzero(home.year_end).tolist():
            quota[month] = link.quota * home.emissions[first : month + 1].sum()
            first = month + 1
    return Terms(
        type=link.type,
        quota=quota,
        open=(starts <= months) & (may_end | (months < ends)),
        end_chance=None if link.end_chance is None else np.where(months >= ends, link.end_chance, 0.0),
        units=link.units,
        fee=link.fee,
        rate=link.fx.rate if link.fx else 1.0,
        scale=link.market.aggregate.emissions / scenario.market.aggregate.emissions,
        two_way=link.two_way,
        correlation=link.correlation,
    )


def check_deadlines(scenario: Scenario, home: Problem, partner: Problem, terms: Terms) -> None:
    """Whether a foreign unit is one and the same from its purchase to the deadline that it counts at.

    Raises:
        ValueError: it is not: prices could part, the unit lasts, or periods end in different months.
    """
    if terms.one_price:
        return
    if scenario.links[0].quota is None:
        raise ValueError(
            f"links.0.type: {terms.type} without a quota: between a period's end and its deadline nothing would hold"
            " its price to the home price in an equilibrium of both; allowed: full, exchange_rate, discount, or a quota"
        )
    if scenario.links[0].bankable:
        raise ValueError("links.0.bankable: units of a partner that is solved as well do not last; allowed: false")
    if not np.array_equal(home.year_end > 0, partner.year_end > 0):
        raise ValueError(
            f"links.0.type: {terms.type}: periods of {scenario.regime.name} and {scenario.links[0].name} end in"
            " different months, so an equilibrium of both needs one price; allowed: full, exchange_rate, discount"
        )
