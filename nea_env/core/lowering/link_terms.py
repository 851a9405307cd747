"""The terms of a scenario's links as numbers."""

from __future__ import annotations

import math

from nea_env.core.equilibrium.terms import ONE_PRICE
from nea_env.core.lowering.aggregate.link import in_pool, is_joint
from nea_env.core.parameters import (
    LINK_BANDED,
    LINK_COLLARED,
    LINK_FREE,
    LINK_NOT_TRADABLE,
    LINK_POOLED,
    LINK_SOLVED,
    LINK_TIED,
    NEVER,
    Static,
)
from nea_env.scenario import Link, Scenario, months_between

LEAST_SHOWN = 1e-6  # of a reference price: less is shown as this much
RESOLVED = 0.9  # share of the news about a bounded ratio that is out by the end of the link
MONTH = 1.0 / 12.0


def link_columns(scenario: Scenario, horizon: int) -> dict[int, float]:
    """Columns of `Static` for every partner of a scenario: values by column."""
    values: dict[int, float] = {Static.LINKS: len(scenario.links)}
    for k, link in enumerate(scenario.links):
        values |= {column + k: value for column, value in _terms(scenario, link, horizon).items()}
    if scenario.links:
        partner = scenario.links[0].market
        values[Static.PARTNER_LEAST] = LEAST_SHOWN * partner.price
    if len(scenario.links) > 1:
        values[Static.LINK_ROTATION] = scenario.links[1].correlation_with_first
        values[Static.FX_ROTATION] = scenario.links[1].fx_correlation_with_first
    return values


def kind_of(scenario: Scenario, link: Link) -> int:
    """How the foreign price moves while the link is open."""
    if (link is scenario.links[0] and is_joint(scenario)) or in_pool(scenario) > 1:
        return LINK_POOLED if link.type in ONE_PRICE else LINK_SOLVED
    if link.type == "none":
        return LINK_NOT_TRADABLE
    if link.free_price:
        return LINK_COLLARED if link.market.collar is not None else LINK_FREE
    low, high = link.bounds
    return LINK_BANDED if low < high else LINK_TIED


def _terms(scenario: Scenario, link: Link, horizon: int) -> dict[int, float]:
    home, partner, fx = scenario.market, link.market, link.fx
    starts = _month(scenario, link.starts, 0.0)
    ends = _month(scenario, link.ends, NEVER)
    months = max(1.0, min(ends, float(horizon - 1)) - max(0.0, starts))
    low, high = link.bounds
    kind = kind_of(scenario, link)
    if kind == LINK_COLLARED:  # its price goes on whether the link is open or not
        assert partner.collar is not None
        low, high, months = partner.collar.floor, partner.collar.ceiling, max(1.0, horizon - 1.0)
    rate, fx_volatility = (fx.rate, fx.volatility) if fx else (1.0, 0.0)
    growth = partner.discount_rate if fx else home.discount_rate  # of the partner's price in its own money
    if kind in (LINK_SOLVED, LINK_POOLED):  # the equilibrium is that of a known rate
        fx_volatility = 0.0
    ratio = partner.price * rate * link.units / home.price
    if kind in (LINK_TIED, LINK_BANDED) and starts <= 0.0 and link.start_chance is None:
        ratio = min(max(ratio, low), high)
    return {
        Static.LINK_KIND: kind,
        Static.LINK_FEE: link.fee,
        Static.LINK_SPREAD: link.spread,
        Static.LINK_QUOTA: NEVER if link.quota is None else link.quota,
        Static.LINK_TWO_WAY: float(link.two_way),
        Static.LINK_BANKABLE: float(link.bankable),
        Static.LINK_LOW: low,
        Static.LINK_HIGH: high,
        Static.LINK_NEWS_SD: math.sqrt(RESOLVED / months),
        Static.LINK_NEWS_FROM: 0.0 if kind == LINK_COLLARED else starts,
        Static.LINK_MONTHS: months,
        Static.LINK_GROWTH: math.exp(MONTH * growth),
        Static.LINK_STARTS: starts,
        Static.LINK_START_CHANCE: link.start_chance or 0.0,
        Static.LINK_ENDS: ends,
        Static.LINK_END_CHANCE: link.end_chance or 0.0,
        Static.LINK_WEIGHT: link.weight if kind == LINK_TIED else 0.0,
        Static.LINK_LOG_RATIO: math.log(ratio),
        Static.LINK_PERSISTENCE: link.persistence,
        Static.LINK_INNOVATION_SD: link.wander,
        # in its own money the partner's price grows at its own discount rate; the rate makes up the difference
        Static.LINK_DRIFT: MONTH * (growth - 0.5 * partner.volatility**2),
        Static.LINK_SD: partner.volatility * math.sqrt(MONTH),
        Static.LINK_CORRELATION: link.correlation,
        Static.LINK_UNITS: link.units,
        Static.FX_DRIFT: MONTH * (home.discount_rate - growth - 0.5 * fx_volatility**2),
        Static.FX_SD: fx_volatility * math.sqrt(MONTH),
        Static.START_LOG_FX: math.log(rate),
    }


def _month(scenario: Scenario, month: str | None, otherwise: float) -> float:
    return otherwise if month is None else float(months_between(scenario.start, month))
