"""What units a law lets come to a whole market, in shares of its baseline emissions a year.

Pure functions of the regime's rules and the market's aggregate: free allocation, auctions, interventions, credits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from nea_env.core.rules.allocation import beyond_emissions, net_duty
from nea_env.scenario import Aggregate, AllocationRule, OffsetRule, Regime, StabilisationRule
from nea_env.scenario.aggregate import of_year as of_year

HALF = 0.5
"""Share of the firms, and of the emissions, on either side: 283 of 522 Korean firms had a surplus in 2015."""


class Sales(NamedTuple):
    """Units a year that come above a price: money/t plus a multiple of the reference price. 0 and 0: at any price."""

    amount: float
    price: float = 0.0
    multiple: float = 0.0

    def threshold(self, reference: float) -> float:
        """That price, money/t."""
        return self.price + self.multiple * reference


NOTHING = Sales(0.0)


def allocation_share(rule: AllocationRule, aggregate: Aggregate) -> float:
    """The law's own number: units per tonne of baseline emissions (a cap's share of them under a baseline).

    Raises:
        ValueError: a benchmark or balance without the class's value or the system's intensity.
    """
    if rule.method == "grandfathering":
        return float(rule.correction_factor or 1.0)
    if rule.method == "verified_emissions":
        return 1.0
    table = {"benchmark_band": rule.balance, "baseline": rule.reduction_factor}.get(rule.method, rule.benchmark)
    if aggregate.unit_class not in table:
        raise ValueError(f"market.aggregate.unit_class: {aggregate.unit_class!r} is none of {', '.join(table)}")
    value = table[aggregate.unit_class]
    if rule.method == "baseline":
        return 1.0 - value
    if aggregate.intensity is None:
        raise ValueError(f"market.aggregate.intensity: {rule.method} needs the system's, t per unit of output")
    if rule.method == "benchmark_band":
        return 1.0 + float(beyond_emissions(aggregate.intensity, 1.0, value, rule.band, rule.band_share))
    return value * (rule.correction_factor or 1.0) / aggregate.intensity


def follows_output(rule: AllocationRule) -> bool:
    """Whether a year's free units are given for the output of that year, be it by way of its emissions."""
    return rule.method in ("benchmarking", "benchmark_band", "verified_emissions")


def net_share(rule: AllocationRule) -> float:
    """Part of one more tonne emitted that is not met by more units: units that follow own emissions meet the rest.

    Under a band it is that of an industry at its balance.
    """
    if rule.method == "benchmark_band":
        return float(net_duty(1.0, rule.band, rule.band_share))
    return 0.0 if rule.method == "verified_emissions" else 1.0


def forgiven(rule: AllocationRule, aggregate: Aggregate) -> float:
    """Part of the short firms' gap that their deficit cap leaves unpaid, a year."""
    if rule.deficit_cap is None:
        return 0.0
    return max(aggregate.gross_deficit - rule.deficit_cap * HALF, 0.0)


class Allocated(NamedTuple):
    """What becomes of a year's allocation: units given free, and units sold by auction."""

    free: float
    sold: Sales


def allocated(regime: Regime, law: str, aggregate: Aggregate, supply: float) -> Allocated:
    """What becomes of a year's allocation: what is not free comes to the market as far as it is put up for auction.

    Where the law names a share to be sold and lists its auctions, the market gets what is on offer at them. Of the
    share, what is not on offer stays with the state; where more than the share is on offer, the rest of the
    allocation that is given free is smaller by as much, since the cap stays what it is. Where the law names
    a share alone, all of the share is sold; where it lists auctions alone, their volumes come on top.

    Args:
        regime: the law.
        law: compliance period whose rules hold.
        aggregate: the market.
        supply: the year's allocation, free and sold.
    """
    rule, auction = regime.allocation[law].of_class(aggregate.unit_class), regime.auctions.get(law)
    share = auction_share(rule, aggregate)
    if not regime.auctions:
        return Allocated(supply * (1.0 - share), Sales(share * supply))
    if auction is None:
        return Allocated(supply * (1.0 - share), NOTHING)
    offered = auction.offered / regime.calendar[law].years / aggregate.emissions
    sold = Sales(offered, auction.mean_reserve_price, auction.mean_reserve_multiple)
    return Allocated(max(supply - max(share * supply, offered), 0.0) if rule.auction_share else supply, sold)


def auction_share(rule: AllocationRule, aggregate: Aggregate) -> float:
    """Share of the allocation that is not free."""
    return rule.auction_share.get(aggregate.sector, rule.auction_share.get("", 0.0)) * (1.0 - aggregate.exempt)


def acting(rule: StabilisationRule) -> float:
    """Chance that the committee acts at least once in a year in which a trigger is met."""
    return 1.0 - (1.0 - rule.acts) ** 12


def released(rule: StabilisationRule | None, aggregate: Aggregate) -> Sales:
    """Units of the reserve released a year above the high trigger."""
    if rule is None or (rule.high_price is None and rule.high_multiple is None):
        return NOTHING
    return Sales(aggregate.reserve * acting(rule), rule.high_price or 0.0, rule.high_multiple or 0.0)


def has_low_trigger(rule: StabilisationRule | None) -> bool:
    """Whether a price is named below which the committee may step in."""
    return rule is not None and (rule.low_price is not None or rule.low_multiple is not None)


def bought_back(rule: StabilisationRule | None, aggregate: Aggregate) -> Sales:
    """Units bought back a year below the low trigger: those of the firms, whatever is auctioned besides."""
    if rule is None or not has_low_trigger(rule):
        return NOTHING
    return Sales(aggregate.buy_back * acting(rule), rule.low_price or 0.0, rule.low_multiple or 0.0)


def held_back(free: float, sold: Sales, rule: StabilisationRule | None) -> tuple[float, Sales]:
    """Units a year that come at any price, and those that come above one.

    Auctions without a reserve price are held back below the low trigger, as often as the committee acts.

    Args:
        free: free units a year.
        sold: units auctioned a year.
        rule: the intervention's rule, if any.
    """
    if sold.amount > 0.0 and sold.price + sold.multiple > 0.0:
        return free, sold
    if rule is None or not has_low_trigger(rule):
        return free + sold.amount, NOTHING
    held = sold.amount * acting(rule)
    return free + sold.amount - held, Sales(held, rule.low_price or 0.0, rule.low_multiple or 0.0)


def mean_multiplier(rules: Mapping[str, OffsetRule]) -> float:
    """Tonnes that a credit counts for: the types that the law takes are supplied alike."""
    return sum(rule.multiplier for rule in rules.values()) / len(rules) if rules else 1.0


def offset_share(rules: Mapping[str, OffsetRule], aggregate: Aggregate, supply: float, emissions: float) -> float:
    """Tonnes a year that offset credits count for, of those on offer: types share one limit, the widest of them.

    Args:
        rules: the types of credit.
        aggregate: the market.
        supply: units (or cap) a year.
        emissions: baseline emissions a year: the duty.
    """
    if aggregate.offset_ratio is None or not rules:
        return 0.0
    base = {"duty": emissions, "allocation": supply, "required_reduction": max(emissions - supply, 0.0)}
    limits = [rule.limit_share * base.get(rule.limit_base, math.inf) for rule in rules.values()]
    free = any(rule.limit_base == "none" for rule in rules.values())
    on_offer = aggregate.offset_supply * mean_multiplier(rules)
    return on_offer if free else min(max(limits), on_offer)
