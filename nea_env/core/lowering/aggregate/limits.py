"""What a law lets a whole market carry over and borrow, and what a missing unit costs, in shares of its emissions.

Pure functions of the regime's rules and the market's aggregate. ``reference`` is the price that the law's
multiples are taken of, money/t: the market's price at the start, grown at the discount rate.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from nea_env.core.lowering.aggregate.supply import HALF
from nea_env.core.rules.penalty import penalty_cost, strike_price
from nea_env.scenario import Aggregate, BankingRule, BorrowingRule, PenaltyRule


class Carry(NamedTuple):
    """What the firms may carry over at a period's end: ``multiple`` x net sales + ``base``, or all."""

    multiple: float
    base: float
    unlimited: bool


def per_firm(aggregate: Aggregate, what: str) -> float:
    """Number of firms, where the law counts by the firm.

    Raises:
        ValueError: the aggregate does not say.
    """
    if aggregate.firms is None:
        raise ValueError(f"market.aggregate.firms: needed, since {what} counts by the firm")
    return aggregate.firms


def deficit(aggregate: Aggregate, years: float, auctioned: float, unpaid: float) -> float:
    """What short firms buy from others in a period: their gap, less what they get at auction or are let off."""
    return max(aggregate.gross_deficit - auctioned - unpaid, 0.0) * years


def carry(rule: BankingRule, aggregate: Aggregate, years: float, counted: float, allocation: float) -> Carry:
    """The firms' carry-over limit.

    Args:
        rule: the banking rule of the vintage.
        aggregate: the market.
        years: length of the period.
        counted: years of net sales that the rule counts.
        allocation: free units a year, on average over the phase, for a base that is a share of them.

    A rule under which short firms carry whatever they buy limits no one: the surplus is sold to them. A
    deduction of the excess from the next vintage takes it away in all but name. Small holders: half of the long
    firms, each with half of what the rule lets them hold, on average; what is bought does not count.
    """
    if rule.limit == "unlimited" or (rule.limit == "net_sales" and rule.deficit_firm_exempt):
        return Carry(0.0, 0.0, True)
    if rule.limit == "none":
        return Carry(0.0, 0.0, False)
    if rule.limit == "traded_units":
        return Carry(0.0, aggregate.traded * years, False)
    base = open_room(rule, aggregate, allocation)
    small = rule.small_holder_tonnes.get("firm", 0.0)
    if small > 0.0:
        base += HALF * HALF * per_firm(aggregate, "small_holder_tonnes") * HALF * small / aggregate.emissions
    multiple = rule.net_sales_multiple * counted / years / rule.net_sales_years if rule.limit == "net_sales" else 0.0
    return Carry(multiple, base, False)


def open_room(rule: BankingRule, aggregate: Aggregate, allocation: float) -> float:
    """What every firm, long or short, may carry over whatever it sold: a share of its units and so many tonnes.

    Nothing but holding the units is asked of a firm. While the room of one is not used, its units are worth the next
    vintage, so whoever has more than fits sells to whoever has room left, short firms with them: the price
    falls below the next one only when all of it is full. What is sold into the short half's room is a net sale
    of the long half besides, where the limit counts these.
    """
    room = rule.base_share * allocation
    if rule.base_tonnes > 0.0:
        room += per_firm(aggregate, "base_tonnes") * rule.base_tonnes / aggregate.emissions
    by_sale = rule.net_sales_multiple / rule.net_sales_years if rule.limit == "net_sales" else 0.0
    return room * (1.0 + HALF * by_sale)


def borrowing(rule: BorrowingRule | None, aggregate: Aggregate, emissions: float, gap: float) -> float:
    """Units that may be borrowed at a period's end.

    Args:
        rule: the borrowing rule, if any. A decaying limit is at its start.
        aggregate: the market.
        emissions: of the period: the duty.
        gap: of the short firms, for a rule that tests it.
    """
    if rule is None or rule.limit == "none":
        return 0.0
    if rule.limit == "gap_test":
        return rule.gap_share * gap if aggregate.gross_deficit / HALF >= rule.gap_threshold else 0.0
    return rule.share * emissions


def shortage_price(rule: PenaltyRule, aggregate: Aggregate, years: float, reference: float) -> float:
    """What a missing tonne costs at the deadline, money/t, at most the cost of the last tonne that can be abated.

    Fine, side penalties, and units deducted from the next allocation at the reference price. A sum by the firm is
    spread over what a short firm lacks.
    """
    missing, lump_sum, most = 1.0, 0.0, math.inf
    if rule.lump_sum > 0.0 or rule.max_total is not None:
        gap = aggregate.gross_deficit * years * aggregate.emissions / (HALF * per_firm(aggregate, "penalty"))
        if gap > 0.0:
            missing, lump_sum, most = gap, rule.lump_sum, rule.max_total or math.inf
    strike = strike_price(reference, rule.multiple, rule.cap or math.inf, rule.price)
    cost = penalty_cost(missing, strike, lump_sum, most, rule.side_multiple, reference)
    return min(float(cost) / missing + rule.deducted * reference, choke_price(aggregate))


def choke_price(aggregate: Aggregate) -> float:
    """Marginal cost of the last tonne that can be abated, money/t."""
    abatement = aggregate.abatement
    return abatement.scale * math.expm1(abatement.steepness * abatement.max_share)
