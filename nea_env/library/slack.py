"""Changes of a rule that does not bind: the equilibrium knows it, and nothing that the market gets or may do changes.

What binds depends on the market's figures (``market.aggregate``), so this is asked of two laws, not of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from nea_env.scenario import Aggregate, BorrowingRule, Market, OffsetRule, Regime, months_between

WIDEST = 4.0
"""Largest gap of a firm over ``gross_deficit``: half of the firms have gaps, evenly up to twice their mean."""

ALL = "the market carries over all there is: nothing older can lapse, or short firms may keep what they buy"
NOTHING = "the market has nothing to carry over: nothing may be, or it emits more than its cap"


def slack(path: str, before: Regime, after: Regime, market: Market, start: str, *, together: bool = True) -> str:
    """Why a changed rule moves nothing although prices answer to it; nothing where it does, or may.

    Args:
        path: of the rule in the regime, with the year of its period.
        before: the law.
        after: and as it is changed.
        market: whose price it is.
        start: the scenario's first month.
        together: whether periods with one deadline are settled as one.
    """
    section, law, *keys = (*path.split("."), "")
    aggregate = market.aggregate
    if aggregate is None or law not in before.calendar or law not in after.calendar:
        return ""
    if together and section in ("banking", "penalty") and (later := _settled_with(law, after)):
        return f"{law} is settled together with {later}, whose rule holds"
    if section == "banking":
        why = _carried(law, before, aggregate)
        return why if why == _carried(law, after, aggregate) else ""
    if section == "borrowing" and law in before.borrowing and law in after.borrowing:
        return _borrowing(law, keys[0], before, after, aggregate)
    if section == "offsets":
        return _offsets(law, before, after, aggregate)
    if section == "penalty" and keys[0] == "cap":
        return _cap(law, before, after, market, start)
    if section == "auctions" and law in before.auctions and law in after.auctions:
        one, other = before.auctions[law], after.auctions[law]
        if keys[0] in ("months", "terms") and _sums(one) == _sums(other):
            return "as much is on offer in all, and units auctioned come evenly over their year"
    if section == "allocation":
        return _allocation(law, path.split("."), before, after, aggregate)
    return ""


def _sums(auction: object) -> tuple[float, ...]:
    return tuple(getattr(auction, name) for name in ("offered", "mean_reserve_price", "mean_reserve_multiple"))


def _settled_with(law: str, regime: Regime) -> str:
    """The last period that has the deadline of an earlier one."""
    deadline = regime.calendar[law].deadline
    last = max(year for year, rule in regime.calendar.items() if rule.deadline == deadline)
    return last if last > law else ""


def _carried(law: str, regime: Regime, aggregate: Aggregate) -> str:
    """Why all units left over, or none, are carried over by the market; nothing where some are."""
    rule, first = regime.banking[law], law == min(regime.calendar) and aggregate.initial_bank == 0.0
    if rule.limit == "unlimited" or (rule.limit == "net_sales" and rule.deficit_firm_exempt):
        return ALL
    if rule.limit == "next_period_only" and first:
        return ALL
    return (
        NOTHING if rule.limit == "none" or (rule.limit == "next_period_only" and _short(law, regime, aggregate)) else ""
    )


def _short(law: str, regime: Regime, aggregate: Aggregate) -> bool:
    """Whether the market's emissions lie above its cap in a period of credits below a baseline."""
    rule = regime.allocation[law].of_class(aggregate.unit_class)
    cut = rule.reduction_factor.get(aggregate.unit_class, 0.0)
    years = range(int(law), int(law) + regime.calendar[law].years)
    first = int(min(regime.calendar))
    excess = sum((1.0 - cut) * aggregate.issued(year) - aggregate.baseline(year, first) for year in years)
    return rule.method == "baseline" and excess <= 0.0


def _borrowing(law: str, key: str, before: Regime, after: Regime, aggregate: Aggregate) -> str:
    rules = before.borrowing[law], after.borrowing[law]
    if all(rule.limit == "none" for rule in rules):
        return "nothing may be borrowed"
    earlier = max((year for year in after.borrowing if year < law), default="")
    if key == "share" and all(rule.limit == "decaying" for rule in rules):
        if earlier and after.borrowing[earlier].limit in ("share_of_duty", "decaying"):
            return f"a decaying limit starts from that of {earlier}"
    if all(rule.limit == "gap_test" and _no_gap_as_large(rule, aggregate) for rule in rules):
        most = WIDEST * aggregate.gross_deficit
        return f"no firm has so large a gap: short firms lack up to {most:.0%} of their duty"
    return ""


def _no_gap_as_large(rule: BorrowingRule, aggregate: Aggregate) -> bool:
    return rule.gap_threshold >= WIDEST * aggregate.gross_deficit


def _offsets(law: str, before: Regime, after: Regime, aggregate: Aggregate) -> str:
    rules = before.offsets.get(law, {}), after.offsets.get(law, {})
    counted = [sum(rule.multiplier for rule in types.values()) / max(len(types), 1) for types in rules]
    duty = aggregate.baseline(int(law), int(min(after.calendar)))
    if counted[0] != counted[1] or not all(_takes_all(types, duty, counted[0], aggregate) for types in rules):
        return ""
    return "as many credits as are on offer (market.aggregate.offset_supply) are used already"


def _takes_all(types: Mapping[str, OffsetRule], duty: float, counted: float, aggregate: Aggregate) -> bool:
    """Whether the widest limit takes all credits on offer; limits of other bases than the duty are not looked at."""
    shares = [rule.limit_share for rule in types.values() if rule.limit_base == "duty"]
    free = any(rule.limit_base == "none" for rule in types.values())
    return bool(types) and (free or max(shares, default=0.0) * duty >= aggregate.offset_supply * counted)


def _cap(law: str, before: Regime, after: Regime, market: Market, start: str) -> str:
    """Whether the fine, of the price at the start grown to the deadline, stays below its cap under both laws."""
    months = months_between(start, after.calendar[law].deadline)
    price = market.price * math.exp(market.discount_rate * months / 12.0)
    rules = before.penalty[law], after.penalty[law]
    if all(rule.cap is None or rule.cap >= max(rule.multiple * price, rule.price) for rule in rules):
        return "at the price at the start, grown at the discount rate, the fine stays below its cap"
    return ""


def _allocation(law: str, keys: list[str], before: Regime, after: Regime, aggregate: Aggregate) -> str:
    rules = [regime.allocation[law].of_class(aggregate.unit_class) for regime in (before, after)]
    mean = WIDEST / 2.0 * aggregate.gross_deficit
    if keys[-1] == "deficit_cap" and all(rule.deficit_cap is None or rule.deficit_cap >= mean for rule in rules):
        return f"short firms lack {mean:.0%} of their duty on average, within the cap"
    if "auction_share" in keys and law in before.auctions and before.auctions[law] == after.auctions.get(law):
        offered = before.auctions[law].offered / before.calendar[law].years / aggregate.emissions
        if all(
            rule.method == "grandfathering" and offered >= _to_be_sold(rule.auction_share, aggregate) * issued
            for rule, issued in ((rule, _issued(rule.correction_factor, law, aggregate)) for rule in rules)
        ):
            return "more than that share is on offer at the auctions, whose volumes are sold"
    return ""


def _to_be_sold(shares: Mapping[str, float], aggregate: Aggregate) -> float:
    return shares.get(aggregate.sector, shares.get("", 0.0)) * (1.0 - aggregate.exempt)


def _issued(factor: float | None, law: str, aggregate: Aggregate) -> float:
    return (factor or 1.0) * aggregate.issued(int(law))
