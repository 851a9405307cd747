"""A whole market month by month: what comes in and what is emitted, and how each period is settled."""

from __future__ import annotations

import numpy as np

from nea_env.core.equilibrium.problem import Array
from nea_env.core.lowering.aggregate import limits, output
from nea_env.core.lowering.aggregate import supply as units
from nea_env.core.lowering.aggregate.calendar import Span
from nea_env.scenario import Aggregate, Market, PenaltyRule, Phase, Regime, months_between

MONTH_FLOWS = "emissions supply auctioned offsets released bought_back response following".split()
PRICES = "reserve_price offset_price release_price buy_back_price output_slope".split()
SETTLED = ("year_end wait carry_multiple carry_base unlimited deficit borrowing shortage_price lapse_price").split()


def reference(market: Market, month: int) -> float:
    """The price that the law's multiples are taken of, in a month counted from the start, money/t."""
    return float(market.price * np.exp(market.discount_rate * month / 12.0))


def mean_reference(rule: PenaltyRule, market: Market, start: str, span: Span) -> float:
    """The mean of that price over the months that a penalty's multiple is taken of, money/t."""
    last = span.deadline if rule.mean_until is None else months_between(start, rule.mean_until) + span.later
    months = range(last - rule.mean_months + 1, last + 1)
    if len(months) == 1:
        return reference(market, last)
    first = int(start[5:]) - 1
    weights = [market.turnover[(first + month) % 12] if rule.volume_weighted else 1.0 for month in months]
    total = sum(weights) or 1.0
    return sum(weight * reference(market, month) for weight, month in zip(weights, months, strict=True)) / total


def baseline(regime: Regime, aggregate: Aggregate, year: int) -> float:
    """Emissions of a compliance year without a carbon price, in shares of ``aggregate.emissions``."""
    return aggregate.baseline(year, int(min(regime.calendar)))


def fill(
    columns: dict[str, Array], regime: Regime, market: Market, aggregate: Aggregate, start: str, span: Span
) -> None:
    """Write one period into the columns of the months, (T,) each.

    Args:
        columns: (T,) each, ``MONTH_FLOWS``, ``PRICES`` and ``SETTLED`` of an equilibrium's problem, by name.
        regime: the law.
        market: prices.
        aggregate: the market's.
        start: first month, "YYYY-MM".
        span: the period.
    """
    months = range(max(span.first, 0), min(span.last + 1, len(columns["supply"])))
    rule, committee = regime.allocation[span.law].of_class(aggregate.unit_class), regime.stabilisation.get(span.law)
    share, credits = units.allocation_share(rule, aggregate), regime.offsets.get(span.law, {})
    high, low = units.released(committee, aggregate), units.bought_back(committee, aggregate)
    allocated = sold = emitted = 0.0
    for month in months:
        year, price = span.year + (month - span.first) // 12, reference(market, month)
        emissions = baseline(regime, aggregate, year) * output.baseline_output(aggregate, year)
        supply = share * aggregate.issued(year) * output.given_for_output(aggregate, rule, year)
        given, auctioned = units.allocated(regime, span.law, aggregate, supply)
        free, above = units.held_back(given + units.forgiven(rule, aggregate), auctioned, committee)
        offsets = units.offset_share(credits, aggregate, supply, emissions)
        met = emissions * (1.0 - units.net_share(rule))  # by units that follow them
        response = aggregate.supply_response
        following = given - met if units.follows_output(rule) else 0.0
        flows = (emissions - met, free - met, above.amount, offsets, high.amount, low.amount, response, following)
        for name, value in zip(MONTH_FLOWS, flows, strict=True):
            columns[name][month] = value / 12.0
        credit_price = (aggregate.offset_ratio or 0.0) * price / units.mean_multiplier(credits)
        thresholds = (above.threshold(price), credit_price, high.threshold(price), low.threshold(price))
        for name, value in zip(PRICES, (*thresholds, output.slope(aggregate, year)), strict=True):
            columns[name][month] = value
        allocated += supply / 12.0
        sold += auctioned.amount / 12.0
        emitted += emissions / 12.0
    if span.last < len(columns["supply"]):
        _settle(columns, regime, market, aggregate, start, span, allocated, sold, emitted)


def _settle(
    columns: dict[str, Array],
    regime: Regime,
    market: Market,
    aggregate: Aggregate,
    start: str,
    span: Span,
    allocated: float,
    sold: float,
    emitted: float,
) -> None:
    """Write what holds at the period's end; the last three are the period's own, in shares."""
    rule = regime.allocation[span.law].of_class(aggregate.unit_class)
    gap = limits.deficit(aggregate, span.years, sold, units.forgiven(rule, aggregate) * span.years)
    banking = regime.banking[span.law]
    allocation = mean_allocation(regime, aggregate, span) if banking.base_share > 0.0 else 0.0
    carry = limits.carry(banking, aggregate, span.years, counted_years(regime, start, span), allocation)
    if banking.limit == "next_period_only":
        carry = _own_credits(regime, aggregate, span, allocated - emitted)
    borrowing = [regime.borrowing[law] for law in sorted(regime.borrowing) if law <= span.law]
    if span.law not in regime.borrowing:
        borrowing = []
    penalty = regime.penalty[span.law]
    mean = mean_reference(penalty, market, start, span)
    settled = (
        1.0,
        max(span.deadline - span.last, 0),
        carry.multiple,
        carry.base,
        carry.unlimited,
        gap,
        limits.borrowing(borrowing, aggregate, emitted, gap),
        limits.shortage_price(penalty, aggregate, span.years, reference(market, span.deadline), mean),
        0.0,
    )
    for name, value in zip(SETTLED, settled, strict=True):
        columns[name][span.last] = value


def _own_credits(regime: Regime, aggregate: Aggregate, span: Span, excess: float) -> limits.Carry:
    """Carry-over of credits that live for one more period: the period's own excess; older ones lapse.

    One number holds old and own credits together, so the own excess is that of the baseline emissions, which is
    exact in expectation where no abatement is induced. Nothing older can lapse at the end of the first period.
    """
    if span.law == min(regime.calendar) and span.later == 0 and aggregate.initial_bank == 0.0:
        return limits.Carry(0.0, 0.0, True)
    return limits.Carry(0.0, max(excess, 0.0), False)


def mean_allocation(regime: Regime, aggregate: Aggregate, span: Span) -> float:
    """Free units a year, on average over the phase that a period belongs to, or over the period itself."""
    phase = _phase(regime, span)
    laws = [law for law in regime.calendar if phase and int(phase.first) <= int(law) <= int(phase.last)]
    years = free = 0.0
    for law in laws or [span.law]:
        rule = regime.allocation[law].of_class(aggregate.unit_class)
        share = units.allocation_share(rule, aggregate)
        for year in range(int(law), int(law) + regime.calendar[law].years):
            issued = share * aggregate.issued(year) * output.given_for_output(aggregate, rule, year)
            free += units.allocated(regime, law, aggregate, issued).free
            years += 1.0
    return free / years


def _phase(regime: Regime, span: Span) -> Phase | None:
    return next((p for p in regime.phases.values() if int(p.first) <= int(span.law) <= int(p.last)), None)


def counted_years(regime: Regime, start: str, span: Span) -> float:
    """Years of net sales that the banking rule of a period counts."""
    since = regime.banking[span.law].net_sales_since
    if since == "vintage":
        return span.years
    if since == "phase":
        phase = _phase(regime, span)
        return span.years + (int(span.law) - int(phase.first) if phase else 0)
    return (span.deadline + 1 - (months_between(start, since) + span.later)) / 12.0
