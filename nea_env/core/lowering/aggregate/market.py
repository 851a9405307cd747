"""From a scenario's law to the market whose equilibrium is solved.

Policy in, price out: supply, carrying over, borrowing, offsets, penalty, auctions and interventions come from the
regime, so an override of any of them moves the price. What is simplified: free units and credits come evenly over
the months of emission (the bank is units less emissions to date, so only the balance at a period's end counts), and
prices that the law takes from a mean of the market are taken of its price at the start, grown at the discount rate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.shocks import shock_chain
from nea_env.core.lowering.aggregate import output
from nea_env.core.lowering.aggregate.calendar import Span, solved_months, spans
from nea_env.core.lowering.aggregate.limits import choke_price
from nea_env.core.lowering.aggregate.months import MONTH_FLOWS, PRICES, SETTLED, fill
from nea_env.core.lowering.aggregate.supply import HALF, has_low_trigger
from nea_env.scenario import Abatement, Aggregate, Link, Market, Regime, Scenario

BANKS, SHOCKS = 121, 5
MOST_BANKED = 1.5
"""Largest bank of the grid, in years of emissions, where carrying over has no limit."""
HALVINGS = 60


def problem(scenario: Scenario, *, banks: int = BANKS, shocks: int = SHOCKS, together: bool = True) -> Problem:
    """The scenario's own market, from its first month to some years after its last period.

    Args:
        scenario: law, market and dates; its firm does not count.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.
        together: whether periods with one deadline are settled together; else each as it ends.

    Raises:
        ValueError: the market has no aggregate, or one that its law needs more of.
    """
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    flows = market_flows(scenario.regime, scenario.market, scenario.start, months, together=together)
    return market_problems([flows], banks=banks, shocks=shocks)[0]


def partner_problem(
    link: Link, scenario: Scenario, *, banks: int = BANKS, shocks: int = SHOCKS, together: bool = True
) -> Problem:
    """A partner's market in the calendar months of the home market's problem, in its own money and units; as `problem`.

    Raises:
        ValueError: the link has no regime, or its market no aggregate.
    """
    if link.regime is None:
        raise ValueError(f"links.{link.name}.regime: needed for an equilibrium of both systems")
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    flows = market_flows(link.regime, link.market, scenario.start, months, together=together)
    return market_problems([flows], banks=banks, shocks=shocks)[0]


def market_problem(
    regime: Regime,
    market: Market,
    start: str,
    months: int,
    *,
    banks: int = BANKS,
    shocks: int = SHOCKS,
    together: bool = True,
) -> Problem:
    """A market under a law that is known, from ``start`` on; as `market_flows` and `market_problems`."""
    flows = market_flows(regime, market, start, months, together=together)
    return market_problems([flows], banks=banks, shocks=shocks)[0]


class MarketFlows(NamedTuple):
    """A market under one law by month.

    Attributes:
        market: with an aggregate.
        columns: (T,) each, the fields of `Problem` that go by month, by name.
        periods: that the months fall into; those with one deadline as one.
    """

    market: Market
    columns: dict[str, Array]
    periods: tuple[Span, ...]

    @property
    def aggregate(self) -> Aggregate:
        """The market's."""
        assert self.market.aggregate is not None
        return self.market.aggregate


def market_flows(regime: Regime, market: Market, start: str, months: int, *, together: bool = True) -> MarketFlows:
    """What a law brings to a market, month by month.

    Args:
        regime: the law; after its last period, and before its first, the nearest one's rules hold.
        market: with an aggregate.
        start: first month, "YYYY-MM".
        months: number of months, T.
        together: as for `problem`.

    Raises:
        ValueError: see ``problem``.
    """
    aggregate = market.aggregate
    if aggregate is None:
        raise ValueError(f"market.aggregate: {market.name} has none, and an equilibrium needs one")
    if regime.carbon_tax:
        raise ValueError(
            f"regime.carbon_tax: every firm of {regime.name} would pay it, but an equilibrium has none; allowed: none"
        )
    if aggregate.buy_back > 0.0 and not any(map(has_low_trigger, regime.stabilisation.values())):
        raise ValueError(f"market.aggregate.buy_back: {regime.name} has no low trigger to buy back at; allowed: 0")
    periods = spans(regime, start, months)
    columns = {name: np.zeros(months) for name in (*MONTH_FLOWS, *PRICES, *SETTLED)}
    for span in periods:
        fill(columns, regime, market, aggregate, start, span)
    due = _due_together(columns, periods) if together else periods
    if market.collar is not None:
        _collar(columns, market)
    return MarketFlows(market, columns, due)


def _due_together(columns: dict[str, Array], periods: tuple[Span, ...]) -> tuple[Span, ...]:
    """The periods, those with one deadline as one: only the last of them ends in a settlement.

    What short firms lack and what may be borrowed adds up; how much may be carried over is the last one's own rule.
    """
    due: list[Span] = []
    for span in periods:
        if due and due[-1].deadline == span.deadline:
            early = due.pop()
            if 0 <= early.last and span.last < len(columns["year_end"]):
                for name in ("deficit", "borrowing"):
                    columns[name][span.last] += columns[name][early.last]
            if 0 <= early.last < len(columns["year_end"]):
                for name in SETTLED:
                    columns[name][early.last] = 0.0
            span = dataclasses.replace(span, first=early.first)
        due.append(span)
    return tuple(due)


def market_problems(flows: Sequence[MarketFlows], *, banks: int = BANKS, shocks: int = SHOCKS) -> list[Problem]:
    """Problems of one market under several laws, on one grid of banks that holds those of each.

    After the last month the price is the one that would clear one further period without news.

    Args:
        flows: of each law.
        banks: nodes of the grid of banks.
        shocks: nodes of the chain of shocks.

    Raises:
        ValueError: the laws do not agree on the start: a bank, the news of emissions, or the rate of discount.
    """
    first = flows[0]
    for name in ("initial_bank", "shock", "emissions"):
        if any(getattr(each.aggregate, name) != getattr(first.aggregate, name) for each in flows):
            raise ValueError(f"market.aggregate.{name}: differs between the laws of one tree; allowed: one for all")
    levels, chances = shock_chain(first.aggregate.shock.persistence, first.aggregate.shock.volatility, shocks)
    ranges = [_range(each.columns, each.aggregate, levels, each.market.price) for each in flows]
    grid = _grid(min(least for least, _ in ranges), max(most for _, most in ranges), banks)
    return [_assembled(each, grid, levels, chances) for each in flows]


def _assembled(flows: MarketFlows, grid: Array, levels: Array, chances: Array) -> Problem:
    market, columns, aggregate = flows.market, flows.columns, flows.aggregate
    months, further = len(columns["supply"]), 12.0 * flows.periods[-1].years
    return Problem(
        **columns,
        discount=float(np.exp(-market.discount_rate / 12.0)),
        offset_spread=aggregate.offset_spread,
        brokers=aggregate.brokers,
        scale=aggregate.abatement.scale,
        steepness=aggregate.abatement.steepness,
        max_share=aggregate.abatement.max_share,
        surplus_share=HALF,
        least_output=output.least(aggregate),
        shocks=levels,
        chances=chances,
        banks=grid,
        start_bank=aggregate.initial_bank,
        start_shock=len(levels) // 2,
        terminal=_within(market, months, _clearing(columns, aggregate, grid, levels, further)),
    )


def _within(market: Market, months: int, price: Array) -> Array:
    """A price after so many months, inside the collar where there is one."""
    if market.collar is None:
        return price
    growth = np.exp(market.discount_rate * months / 12.0)
    return np.clip(price, market.collar.floor * growth, market.collar.ceiling * growth)


def _collar(columns: dict[str, Array], market: Market) -> None:
    """A floor at which as much is bought back, and a ceiling at which as much is sold, as is wanted.

    The state bids for a month's emissions at the floor, and offers as much at the ceiling; what cannot be carried
    over goes to it at the floor.
    """
    assert market.collar is not None
    months = np.arange(len(columns["supply"]))
    floor, ceiling = (
        bound * np.exp(market.discount_rate * months / 12.0) for bound in (market.collar.floor, market.collar.ceiling)
    )
    columns["supply"] += columns["auctioned"] - columns["emissions"]
    columns["auctioned"][:] = columns["released"][:] = columns["emissions"]
    columns["reserve_price"][:], columns["release_price"][:] = floor, ceiling
    columns["bought_back"][:] = 0.0  # the floor's bid stands in for it
    columns["lapse_price"][:] = floor * np.exp(market.discount_rate * columns["wait"] / 12.0)


def _range(columns: dict[str, Array], aggregate: Aggregate, levels: Array, price: float) -> tuple[float, float]:
    """The largest shortfall of a period and the largest bank, under lasting shocks.

    Low: the highest shock and no abatement, with what was missing paid for at every period's end. High: the lowest
    shock without abatement, or with what the price at the start induces, of output too, up to what all years ahead can
    lack; at most ``MOST_BANKED``.
    """
    abatement, emissions = aggregate.abatement, columns["emissions"]
    induced = min(np.log1p(price / abatement.scale) / abatement.steepness, abatement.max_share)
    supply = columns["supply"] + columns["auctioned"]
    down = supply - emissions * np.exp(levels[-1])
    idle = supply - emissions * np.exp(levels[0])
    eager = idle + columns["offsets"] + induced * emissions * np.exp(levels[0])
    if output.answers(aggregate):
        low_emissions, prices = emissions * np.exp(levels[0]), np.full(len(supply), price)
        taken = output.taken(prices, low_emissions, columns["following"], columns["output_slope"], aggregate)
        eager = idle + columns["offsets"] + low_emissions - taken
    needed = np.zeros(len(supply) + 1)
    needed[-1] = max(-12.0 * down[-1], 0.0)
    for month in reversed(range(len(supply))):
        needed[month] = max(needed[month + 1] - down[month], 0.0)
    limit = columns["carry_multiple"] * columns["deficit"] + (1.0 + columns["carry_multiple"]) * aggregate.brokers
    limit += columns["carry_base"]
    low = high = least = most = aggregate.initial_bank
    for month in range(len(supply)):
        low = low + down[month]
        high = max(high + idle[month], min(high + eager[month], needed[month + 1]))
        least, most = min(least, low), max(most, high)
        if columns["year_end"][month] > 0.0:
            low = min(max(low, -columns["borrowing"][month]), 0.0)
            high = max(high, 0.0) if columns["unlimited"][month] > 0.0 else min(max(high, 0.0), limit[month])
    return least, max(min(most, MOST_BANKED), aggregate.initial_bank)


def _grid(least: float, most: float, banks: int) -> Array:
    """(B,) even banks from a shortfall to a surplus.

    No wider than need be, it keeps the steps small compared with the flows; it has a node at nothing, to which a market
    returns that was short.
    """
    step = max(most - least, 1e-3) / (banks - 5)
    first = int(np.floor(least / step)) - 1
    return np.asarray(step * np.arange(first, first + banks), np.float64)


def _clearing(columns: dict[str, Array], aggregate: Aggregate, grid: Array, levels: Array, months: float) -> Array:
    """(B, Z) price that clears ``months`` further months at the last month's flows, without news and discounting."""
    demand = np.maximum(months * columns["emissions"][-1], 1e-9) * np.exp(levels)[None, :]
    units = grid[:, None] + months * (columns["supply"][-1] + columns["auctioned"][-1])
    credits, middle = months * columns["offsets"][-1], columns["offset_price"][-1]

    def clearing(held: Array) -> Array:
        if output.answers(aggregate):
            following, fall = columns["following"][-1], columns["output_slope"][-1]
            return output.clearing_price(held / months, demand / months, following, fall, aggregate)
        return _marginal_cost(1.0 - held / demand, aggregate.abatement)

    price = clearing(units)
    if credits > 0.0:
        low, high = np.zeros(price.shape), np.full(price.shape, choke_price(aggregate))
        for _ in range(HALVINGS):  # at the same points for every bank: the price does not rise with it
            price = 0.5 * (low + high)
            share = np.clip(0.5 + 0.5 * (price / middle - 1.0) / aggregate.offset_spread, 0.0, 1.0)
            dear = price < clearing(units + credits * share)
            low, high = np.where(dear, price, low), np.where(dear, high, price)
    ends = np.flatnonzero(columns["year_end"])
    most = columns["shortage_price"][ends[-1]] if len(ends) else choke_price(aggregate)
    return np.minimum(price, most)


def _marginal_cost(share: Array, abatement: Abatement) -> Array:
    return abatement.scale * np.expm1(abatement.steepness * np.clip(share, 0.0, abatement.max_share))
