"""The bank: what a firm holds beyond its duty, with free allocation counted over the months that it is for.

Holdings jump by a year's allocation when one is booked and fall by a year's duty at a deadline, which says nothing
about saving. Here every free unit counts in equal parts in the months of its compliance period, whenever it is
booked, so that what moves the bank is trade, abatement, and what lapses or is taken back. Known in hindsight: an
allocation that is announced late counts from the first month of its period.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.events import events
from nea_env.core.lowering.periods import BOOKED, Period, booked_at_start, deadlines, free_units, periods_of, rank
from nea_env.core.parameters import ALLOCATE, VERIFY, Event
from nea_env.scenario import Scenario

Floats = NDArray[np.float64]
HELD = ("front", "next", "offsets", "foreign")
DUTY = ("accrued", "closed", "owed", "debt")


def position(accounts: Mapping[str, Floats]) -> Floats:
    """Units and credits held less emissions not settled yet and debt, t, by ``layout.ACCOUNTS``."""
    held, duty = (np.sum([accounts[name] for name in names], axis=0) for names in (HELD, DUTY))
    return np.asarray(held - duty)


def allocation_and_bank(
    scenario: Scenario, opening: Mapping[str, Floats], accounts: Mapping[str, Floats], flows: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    """Free allocation of each month, t, and the bank at its end, t.

    The bank is `position`, plus what was allocated for the months up to now and is not booked yet, less what is
    booked for months to come. Emissions that never become a duty (Tokyo's cap, a deficit cap) count as allocated;
    interim credits, which the duty grows by, do not.

    Args:
        scenario: what was played.
        opening: (n,) accounts before the first month.
        accounts: (n, T) at the end of each month.
        flows: (n, T) of each month.

    Returns:
        Two arrays (n, T).
    """
    periods = periods_of(scenario)
    granted = flows["issued"] - flows["credits_issued"] + flows["forgiven"]
    n, months = granted.shape
    by_period = np.zeros((len(periods), n, months))  # t granted for each period, by the month it is booked in
    for month, shares in _shares(scenario, periods):
        for period, share in shares.items():
            by_period[period, :, month] += share * granted[:, month]
    start = _booked_before(periods, opening)
    earned_share = np.array([_earned(period, months) for period in periods])  # (periods, T + 1), 0th: at the start
    total = by_period.sum(axis=2) + start
    earned = np.einsum("pn,pt->nt", total, earned_share)
    unmatched = granted - by_period.sum(axis=0)  # rounding at a deadline: of no period, and as it comes
    booked = np.cumsum(by_period.sum(axis=0), axis=1) + start.sum(axis=0)[:, None]
    bank = position(accounts) + earned[:, 1:] - booked
    return np.diff(earned, axis=1) + unmatched, bank


def _shares(scenario: Scenario, periods: tuple[Period, ...]) -> list[tuple[int, dict[int, float]]]:
    """By month in which units are booked or verified, which periods they are for.

    Where a month books for several, each gets as much as the law is expected to give it then.
    """
    due: dict[int, dict[int, float]] = {}
    for row, month in zip(*events(scenario), strict=True):
        if row[Event.KIND] in (ALLOCATE, VERIFY):
            period = next((p for p in periods if _is_of(row, int(month), p, periods)), None)
            if period is not None:
                of = due.setdefault(int(month), {})
                of[period.index] = of.get(period.index, 0.0) + _expected(row, period, scenario)
    least = 1e-9 * scenario.firm.annual_emissions  # a period that is alone in its month gets all, whatever it expects
    return [
        (t, {p: (x + least) / (sum(of.values()) + least * len(of)) for p, x in of.items()}) for t, of in due.items()
    ]


def _is_of(row: Floats, month: int, period: Period, periods: tuple[Period, ...]) -> bool:
    """Whether a booking or verification is a period's: of those that take turns in its slot, the one due then."""
    if int(row[Event.SLOT]) != period.slot:
        return False
    if row[Event.KIND] == VERIFY:
        return month == period.verified
    place = rank(periods, period)
    rolled = deadlines(periods)[place - 2] if place >= 2 else None  # before that it is not the vintage after front
    booked = None if period.allocated is None else max(period.allocated, 0)
    return month in (booked, period.completed, rolled)


def _expected(row: Floats, period: Period, scenario: Scenario) -> float:
    """Units that one booking or verification is expected to bring, t."""
    if period.rule.method == "baseline":
        return period.cap
    if period.rule.method in BOOKED:
        return float(row[Event.AMOUNT]) if row[Event.KIND] == ALLOCATE else 0.0
    in_advance = period.rule.pre_share if period.allocated is not None else 0.0
    return free_units(period, scenario.firm) * (in_advance if row[Event.KIND] == ALLOCATE else 1.0 - in_advance)


def _booked_before(periods: tuple[Period, ...], opening: Mapping[str, Floats]) -> Floats:
    """(periods, n) t in hand at the start, by the period they are for."""
    booked = np.zeros((len(periods), len(opening["front"])))
    for place, account in enumerate(("front", "next")):
        due = [p for p in periods if booked_at_start(periods, p) and rank(periods, p) == place]
        whole = sum(p.first_booking(0) for p in due)
        for period in due:
            booked[period.index] = opening[account] * (period.first_booking(0) / whole if whole else 0.0)
    return booked


def _earned(period: Period, months: int) -> Floats:
    """(months + 1,) share of a period's months that have passed: at the start, then at the end of each month."""
    length = period.end - period.first + 1
    passed = np.arange(months + 1) - period.first
    return np.clip(passed / length, 0.0, 1.0)
