"""What a law lets a whole market carry over and borrow, and what a missing unit costs, in shares of its emissions.

Pure functions of the regime's rules and the market's aggregate. ``reference`` is the price that the law's
multiples are taken of, money/t: the market's price at the start, grown at the discount rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def borrowing(rules: Sequence[BorrowingRule], aggregate: Aggregate, emissions: float, gap: float) -> float:
    """Units that may be borrowed at a period's end.

    Args:
        rules: of the periods up to this one, in order; none where nothing is said of it.
        aggregate: the market.
        emissions: of the period: the duty.
        gap: of the short firms, for a rule that tests it.
    """
    if not rules or rules[-1].limit == "none":
        return 0.0
    if rules[-1].limit == "gap_test":
        return rules[-1].gap_share * gap * gaps_beyond(rules[-1].gap_threshold, aggregate)
    return steady_share(rules) * emissions


def gaps_beyond(threshold: float, aggregate: Aggregate) -> float:
    """Part of all gaps that lies with firms whose own gap is at least so large, a share of their duty.

    Gaps of the short firms are spread evenly, from none to twice their mean.
    """
    widest = 2.0 * aggregate.gross_deficit / HALF
    return max(1.0 - (threshold / widest) ** 2, 0.0) if widest > 0.0 else 0.0


def steady_share(rules: Sequence[BorrowingRule]) -> float:
    """Share of the duty that the last of the rules lets firms borrow which borrow as much every year.

    A decaying limit falls by a part of what was borrowed, and stands at its start in the last period without decay. A
    loan b that is renewed each year fits as long as b is at most start - b x the sum of the parts since.
    """
    since: list[BorrowingRule] = []
    for rule in reversed(rules):
        if rule.limit in ("share_of_duty", "decaying"):
            since.insert(0, rule)
        if rule.limit != "decaying":
            break
    return since[0].share / (1.0 + sum(rule.decay for rule in since[1:]))


def shortage_price(
    rule: PenaltyRule, aggregate: Aggregate, years: float, reference: float, mean: float | None = None
) -> float:
    """What a missing tonne costs at the deadline, money/t, at most the cost of the last tonne that can be abated.

    Fine, side penalties, and units deducted from the next allocation at the reference price. A sum by the firm is
    spread over what a short firm lacks.

    Args:
        rule: the penalty.
        aggregate: the market.
        years: length of the period.
        reference: at the deadline, money/t.
        mean: over the months that the fine's multiple is taken of, money/t; None: as at the deadline.
    """
    missing, lump_sum, most = 1.0, 0.0, math.inf
    if rule.lump_sum > 0.0 or rule.max_total is not None:
        gap = aggregate.gross_deficit * years * aggregate.emissions / (HALF * per_firm(aggregate, "penalty"))
        if gap > 0.0:
            missing, lump_sum, most = gap, rule.lump_sum, rule.max_total or math.inf
    strike = strike_price(reference if mean is None else mean, rule.multiple, rule.cap or math.inf, rule.price)
    cost = penalty_cost(missing, strike, lump_sum, most, rule.side_multiple, reference)
    return min(float(cost) / missing + rule.deducted * reference, choke_price(aggregate))


def choke_price(aggregate: Aggregate) -> float:
    """Marginal cost of the last tonne that can be abated, money/t."""
    abatement = aggregate.abatement
    return abatement.scale * math.expm1(abatement.steepness * abatement.max_share)
