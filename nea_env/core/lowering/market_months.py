"""The market's columns of `Month`: when it is open, how much it holds, where the price may go, what is auctioned."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from nea_env.core.lowering.events import table_of
from nea_env.core.lowering.outlook import Outlook
from nea_env.core.lowering.periods import BOOKED, Period, booked_at_start, deadlines, free_units, next_deadline
from nea_env.core.parameters import AUCTION, NEVER, TRIGGERS, Event, Month
from nea_env.scenario import Scenario, months_between

GAP_MONTHS = 12  # news about the front's discount comes in the last year before its deadline


def opening(scenario: Scenario, horizon: int) -> int:
    """Month in which the market opens; after the end where it never does."""
    opens = scenario.regime.market_opens
    return horizon + 1 if opens is None else months_between(scenario.start, opens)


def fill_market(monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]) -> None:
    """Opening, volume, limits on sales and holdings, and the bounds that the price keeps to."""
    frictions, firm, regime = scenario.market.frictions, scenario.firm, scenario.regime
    opens = opening(scenario, len(monthly) - 1)
    last = deadlines(periods)[-1]
    for t in range(len(monthly)):
        due = next_deadline(periods, t)
        row = monthly[t]
        row[Month.OPEN] = float(opens <= t <= last)
        row[Month.PRICE_MOVES] = float(t > opens)
        season = frictions.season_multiple if due is not None and due - t < 3 else 1.0
        row[Month.VOLUME_LIMIT] = row[Month.OPEN] * frictions.volume_share * season * firm.annual_emissions
        row[Month.PER_VOLUME] = 1.0 / row[Month.VOLUME_LIMIT] if row[Month.VOLUME_LIMIT] > 0.0 else 0.0
        row[Month.SELL_LIMIT] = row[Month.HOLD_MAX] = NEVER
        if due is not None:
            settled = [p for p in periods if p.deadline == due]
            front = sum(free_units(period, firm) for period in settled)
            row[[Month.SELL_LIMIT, Month.HOLD_MIN]] = _limit_on_sales(scenario, periods, settled, t)
            holding = regime.holding.get(settled[-1].year)
            if holding is not None and holding.active:
                row[Month.HOLD_MIN] = max(row[Month.HOLD_MIN], holding.min_share * front)
                row[Month.HOLD_MAX] = NEVER if holding.max_share is None else holding.max_share * front
        row[Month.TO_DEADLINE] = -1.0 if due is None else due - t
        row[[Month.DEADLINE_EVENT, Month.AUCTION_EVENT, Month.TRIGGER_EVENT]] = -1.0
        row[[Month.HIGH_PRICE, Month.TRIGGER_MONTHS]] = NEVER
    if scenario.market.law == "collared":
        _fill_collar(monthly, scenario, opens)
    elif scenario.market.law != "replay":
        _fill_gap(monthly, scenario, periods)


def _limit_on_sales(
    scenario: Scenario, periods: tuple[Period, ...], settled: list[Period], t: int
) -> tuple[float, float]:
    """Front units that may be sold from one allocation to the next, and those that sales must leave, t.

    Where free units alone count, the rest of them must stay: what was bought or carried over can then be sold on top.
    Where all sales count, the counter restarts with each allocation, so the limit is a share of that one alone.
    """
    regime, firm = scenario.regime, scenario.firm
    if regime.sell_limit_share is None:
        return NEVER, 0.0
    came = {p.year: -1 if booked_at_start(periods, p) else max(_booked(p), 0) for p in settled}
    in_hand = [p for p in settled if came[p.year] < t]
    if regime.sell_limit_counts == "free_units":
        kept = 1.0 - regime.sell_limit_share
        return NEVER, kept * sum(_share_booked(p, t) * free_units(p, firm) for p in in_hand)
    last = max(came[p.year] for p in in_hand) if in_hand else min(came.values())
    return regime.sell_limit_share * sum(free_units(p, firm) for p in settled if came[p.year] == last), 0.0


def _share_booked(period: Period, t: int) -> float:
    """What a period's booking so far holds of its free units."""
    return period.rule.pre_share if period.rule.method not in BOOKED and t <= period.verified else 1.0


def _booked(period: Period) -> int:
    """Month in which a period's free units are booked, the advance where there is one."""
    advance = period.allocated is not None and (period.rule.method in BOOKED or period.rule.pre_share > 0.0)
    return period.allocated if period.allocated is not None and advance else period.verified


def _fill_collar(monthly: np.ndarray, scenario: Scenario, opens: int) -> None:
    """Floor and ceiling grow at the discount rate; the news about the place between them comes evenly."""
    market, collar = scenario.market, scenario.market.collar
    assert collar is not None
    opens = max(0, opens)  # no news before the scenario's own start
    last = len(monthly) - 1
    growth = math.exp(market.discount_rate / 12.0)
    place = (market.price - collar.floor) / (collar.ceiling - collar.floor)
    for t in range(len(monthly)):
        row, moves = monthly[t], max(0, t - opens)
        known = collar.resolved * moves / max(1, last - opens)
        scale = growth ** (t - opens)  # the bounds are those of the opening, in that month's money
        row[Month.GAP_DOWN], row[Month.GAP_UP] = collar.floor * scale, collar.ceiling * scale
        row[Month.GAP_OFFSET] = NormalDist().inv_cdf(place)
        row[Month.GAP_INVERSE_SPREAD] = 1.0 / math.sqrt(1.0 - known)
        row[Month.GAP_SD] = math.sqrt(collar.resolved / max(1, last - opens)) if moves else 0.0


def _fill_gap(monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]) -> None:
    """The front's discount or premium: its bounds, the news of each month, and how much of the news is out."""
    previous = 0  # no news before the start, nor while an older vintage is front
    for due in deadlines(periods):
        start = max(due - GAP_MONTHS, previous)
        previous = due
        gap = scenario.market.gap.get([p.year for p in periods if p.deadline == due][-1])
        if gap is None or gap.down == 0.0:
            continue
        for t in range(start + 1, due + 1):
            row = monthly[t]
            known = gap.resolved * (t - start) / (due - start)
            row[Month.GAP_DOWN], row[Month.GAP_UP] = gap.down, gap.up
            row[Month.GAP_OFFSET] = NormalDist().inv_cdf(gap.down / (gap.down + gap.up))
            row[Month.GAP_INVERSE_SPREAD] = 1.0 / math.sqrt(1.0 - known)
            row[Month.GAP_SD] = math.sqrt(gap.resolved / (due - start))
            before = gap.resolved * (t - 1 - start) / (due - start)
            row[Month.GAP_CHANCE] = (known - before) / (1.0 - before)


def fill_auctions(
    monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...], table: np.ndarray
) -> np.ndarray:
    """The months of auctions; their terms are rows added to the table, which is returned.

    Raises:
        ValueError: an auction is listed under a year whose vintage is not front in its month.
    """
    last = deadlines(periods)[-1]
    for year, rule in scenario.regime.auctions.items():
        if year not in scenario.periods:
            continue
        for month in rule.months:
            t = months_between(scenario.start, month)
            if not 0 <= t <= last:
                continue
            front = [p for p in periods if p.deadline == next_deadline(periods, t)]
            if year not in [p.year for p in front]:
                raise ValueError(
                    f"regime.auctions.{year}.months: the front vintage of {month} is {front[-1].year}:"
                    " list the month there"
                )
            if monthly[t, Month.AUCTION_EVENT] >= 0.0:
                raise ValueError(f"regime.auctions: {month} is listed twice")
            monthly[t, Month.AUCTION_EVENT] = len(table)
            table = np.vstack([table, table_of([(0, AUCTION, _auction(scenario, year, month))])])
    return table


def _auction(scenario: Scenario, year: str, month: str) -> dict[int, float]:
    """Columns of one auction."""
    rule, most = scenario.regime.auctions[year].in_month(month), NEVER
    if rule.emission_share is not None:
        most = rule.emission_share * scenario.firm.annual_emissions
    return {
        Event.AMOUNT: min(rule.bid_share * rule.volume, most) * rule.filled_share,
        Event.DISCOUNT: rule.discount,
        Event.FEE: rule.fee,
        Event.RESERVE_PRICE: rule.reserve_price,
        Event.RESERVE_MULTIPLE: rule.reserve_multiple,
        Event.MEAN_MONTHS: rule.reserve_months,
        Event.RESERVE_CAP: NEVER if rule.reserve_cap is None else rule.reserve_cap,
        Event.SHORT_SHARE: rule.short_share if rule.short_only else 0.0,
        Event.OWN_USE: float(rule.own_use),
        Event.AUCTIONED_BANKABLE: float(scenario.regime.banking[year].auctioned_bankable),
    }


def fill_triggers(monthly: np.ndarray, outlook: Outlook, table: np.ndarray) -> np.ndarray:
    """The months in which a committee may act; the triggers are rows added to the table, which is returned.

    A multiple of a mean price is a trigger only once the months of the mean have passed, and nothing moves
    before the market does.
    """
    periods, scenario = outlook.periods, outlook.scenario
    opens = opening(scenario, len(monthly) - 1)
    previous = -1
    for due in deadlines(periods):
        year = [p.year for p in periods if p.deadline == due][-1]
        first, previous = previous + 1, due
        rule = scenario.regime.stabilisation.get(year)
        if rule is None or rule.acts == 0.0 or scenario.market.law == "replay":  # what was done is on record
            continue
        months = slice(max(first, opens + 1), due + 1)
        block = monthly[months]
        block[:, Month.TRIGGER_EVENT] = len(table)
        block[:, Month.TRIGGER_MONTHS] = rule.trigger_months
        block[:, Month.HIGH_PRICE] = NEVER if rule.high_price is None else rule.high_price
        block[:, Month.LOW_PRICE] = rule.low_price or 0.0
        full = monthly[max(months.start, rule.reference_months) : due + 1]
        if rule.high_multiple is not None:
            full[:, Month.HIGH_PRICE] = 0.0
            full[:, Month.HIGH_PER_SUM] = rule.high_multiple / rule.reference_months
        if rule.low_multiple is not None:
            full[:, Month.LOW_PER_SUM] = rule.low_multiple / rule.reference_months
        values = {
            Event.ACTS: rule.acts,
            Event.PRICE_MOVE: rule.price_move,
            Event.SALE_SHARE: rule.reserve_sale_share,
        }
        table = np.vstack([table, table_of([(0, TRIGGERS, values)])])
    return table
